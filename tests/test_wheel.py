"""The wheel, installed elsewhere, carries everything that the command needs."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", folder, ROOT], check=True, capture_output=True)
    return next(folder.glob("ripeness-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """The wheel's content in a folder of its own."""
    folder = wheel.parent / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(params=["plain folders", "packages"])
def shadowing(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A working directory whose folders carry our packages' names."""
    for name in ("experiments", "submissions"):
        (tmp_path / name).mkdir()
        if request.param == "packages":
            (tmp_path / name / "__init__.py").write_text(
                "raise RuntimeError('the wrong package')\n"
            )
    return tmp_path


def ripe(installed: Path, cwd: Path, *arguments: str) -> str:
    """Run the installed command; the checkout is out of reach."""
    code = (
        "import sys, ripe; assert ripe.__file__.startswith(sys.argv.pop(1)), ripe.__file__; "
        "from ripe.cli import main; main()"
    )
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(cwd),
        "PYTHONPATH": str(installed),
        "PYTHONSAFEPATH": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", code, str(installed), "--home", str(cwd / "home"), *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_holds_templates_migrations_pages_and_experiment_files(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "competition", "experiments", "pipelines", "ripe", "submissions"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert set(tracked) <= names
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {
        "competition",
        "experiments",
        "pipelines",
        "ripe",
        "submissions",
    }


def test_it_makes_a_contest_and_runs_a_shipped_experiment_by_its_bare_name(
    installed: Path, shadowing: Path
) -> None:
    ripe(installed, shadowing, "contest", "new", "avocado-first-steps")
    ripe(installed, shadowing, "run", "avocado_first_steps", "--trials", "1", "--quiet")
    assert "avocado-first-steps" in ripe(installed, shadowing, "contest", "list")
    assert (shadowing / "home" / "mlflow.db").is_file()
