"""The package keeps its promises about what it exports and what its core needs."""

import doctest
import subprocess
import sys

import pytest

import pipelines.network


def test_every_exported_name_is_there():
    for name in pipelines.network.__all__:
        assert getattr(pipelines.network, name) is not None
    assert sorted(pipelines.network.__all__) == pipelines.network.__all__
    with pytest.raises(AttributeError, match="no attribute 'transformer'"):
        _ = pipelines.network.transformer


def test_the_core_needs_numpy_alone():
    program = (
        "import sys; import pipelines.network.training, pipelines.network.reference;"
        "print(sorted({m.split('.')[0] for m in sys.modules}"
        " & {'sklearn', 'scipy', 'pandas', 'numba', 'matplotlib', 'safetensors', 'torch'}))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["classifier", "regressor"])
def test_the_examples_in_the_docstrings_hold(name):
    module = __import__(f"pipelines.network.{name}", fromlist=["x"])
    failed, tried = doctest.testmod(module)
    assert tried and not failed
