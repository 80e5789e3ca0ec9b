"""The engine and the plain page run on the arrays of another module, never mixing in NumPy's own.

`FarArray` behaves as an array on a device would: NumPy's functions are handed to it, it refuses to
become a NumPy array by itself, and it refuses to work with one.
"""

import sys
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
from numpy.lib.mixins import NDArrayOperatorsMixin

from pipelines.network import InvalidSetting, Member, Recipe, reference, train_networks


class FarArray(NDArrayOperatorsMixin):
    def __init__(self, data):
        self.data = data

    def __array__(self, *args, **kwargs):
        raise TypeError("a far array does not become a NumPy array by itself")

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **kwargs):
        result = getattr(ufunc, method)(
            *map(near, inputs), **({} if out is None else {"out": tuple(map(near, out))}), **kwargs
        )
        return far(result) if out is None else out[0]

    def __array_function__(self, func, types, args, kwargs):
        if func is np.asarray:
            return FarArray(np.asarray(*args, **kwargs))
        args = [[near(a) for a in arg] if isinstance(arg, list) else near(arg) for arg in args]
        out = kwargs.get("out")
        result = func(*args, **{k: near(v) for k, v in kwargs.items()})
        return out if out is not None else far(result)

    def __getitem__(self, key):
        return far(self.data[key if not isinstance(key, FarArray) else key.data])

    def __setitem__(self, key, value):
        self.data[key] = near(value)

    def __len__(self):
        return len(self.data)

    def __iter__(self):
        return (far(part) for part in self.data)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        value = getattr(self.data, name)
        if callable(value):
            return lambda *args, **kwargs: far(value(*args, **kwargs))
        return far(value)

    def get(self):
        return self.data


def near(value):
    if isinstance(value, np.ndarray) and value.ndim:
        raise TypeError("a far array does not work with NumPy's own")
    return value.data if isinstance(value, FarArray) else value


def far(value):
    return FarArray(value) if isinstance(value, np.ndarray) else value


@pytest.fixture
def far_module(monkeypatch):
    module = ModuleType("far_arrays")
    module.asarray = lambda values: FarArray(np.array(values))
    monkeypatch.setitem(sys.modules, "far_arrays", module)
    return "far_arrays"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"activation": "relu", "optimiser": "nesterov", "clip_norm": 0.1},
        {"activation": "sigmoid", "label_smoothing": 0.1, "schedule": "cosine"},
        {"activation": "mish", "periodic": 2, "optimiser": "adam"},
        {"loss": "squared", "activation": "gelu", "optimiser": "rmsprop"},
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_the_engine_runs_on_another_modules_arrays(changes, weighted, far_module, small_table):
    x, y = small_table()
    weights = np.linspace(0.5, 2, len(x)) if weighted else None
    recipe = Recipe(
        **{"activation": "silu", "batch_size": 16, "max_epochs": 3, "dtype": "float64", **changes}
    )
    members = [
        Member((7, 4), 0.01, 0.1, dropout=0.2, seed=1),
        Member((5, 6), 0.01, seed=2, rows=np.arange(25), validation_rows=np.arange(25, 40)),
    ]
    here = train_networks(x, y, members, recipe, weights=weights)
    there = train_networks(x, y, members, replace(recipe, array_module=far_module), weights=weights)
    for one, other in zip(here, there, strict=True):
        assert type(other.parameters) is np.ndarray
        assert (one.parameters == other.parameters).all()
        assert one.history[-1]["train_loss"] == other.history[-1]["train_loss"]


@pytest.mark.parametrize("activation", ["silu", "tanh", "relu"])
def test_the_plain_page_runs_on_another_modules_arrays(activation, small_table):
    x, y = small_table()
    recipe = Recipe(activation=activation, batch_size=16, max_epochs=3, dtype="float64")
    member = Member((7, 4), dropout=0.2, seed=1)
    here = reference.train(x, y, member, recipe)
    there = reference.train(FarArray(x), FarArray(y), member, recipe, asarray=FarArray)
    for name, value in here.items():
        np.testing.assert_array_equal(there[name].get(), value)


def test_a_module_that_is_not_there_is_named(small_table):
    with pytest.raises(InvalidSetting, match="no_such_module"):
        train_networks(*small_table(), [Member()], Recipe(array_module="no_such_module"))
