"""The compiled kernels do what the NumPy engine does, to rounding."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.network import InvalidSetting, Member, NetworkClassifier, Recipe, train_networks

pytest.importorskip("numba", reason="the numba extra is not installed")

RECIPE = Recipe(batch_size=16, max_epochs=4, dtype="float64", epsilon=1e-4)
MEMBERS = [
    Member((7, 4), 0.01, 0.1, seed=1),
    Member((5, 6), 0.02, 0.0, seed=2, rows=np.arange(25)),
    Member((7, 4), 0.01, 0.1, seed=3, rows=np.arange(10, 40), validation_rows=np.arange(10)),
]


def assert_same_training(x, y, members, recipe, rtol=1e-10):
    plain = train_networks(x, y, members, recipe)
    compiled = train_networks(x, y, members, replace(recipe, engine="numba"))
    for one, other in zip(plain, compiled, strict=True):
        np.testing.assert_allclose(other.parameters, one.parameters, rtol=rtol, atol=1e-12)
        for a, b in zip(one.history, other.history, strict=True):
            assert b["train_loss"] == pytest.approx(a["train_loss"], rel=rtol)


@pytest.mark.parametrize("loss", ["softmax_cross_entropy", "sigmoid_cross_entropy", "squared"])
def test_a_compiled_epoch_equals_the_plain_one(loss, small_table):
    assert_same_training(*small_table(loss), MEMBERS, replace(RECIPE, loss=loss))


@pytest.mark.parametrize(
    "changes",
    [
        {"activation": "tanh"},
        {"optimiser": "adam"},
        {"clip_norm": 0.1},
        {"label_smoothing": 0.1},
        {"optimiser": "nesterov"},
    ],
)
def test_what_no_kernel_covers_is_left_to_numpy(changes, small_table):
    assert_same_training(*small_table(), MEMBERS, replace(RECIPE, **changes))


def test_a_network_without_hidden_layers_is_covered(small_table):
    assert_same_training(*small_table(), [Member((), 0.01, seed=1)], RECIPE)


def test_float32_agrees_to_rounding(small_table):
    recipe = replace(RECIPE, dtype="float32", epsilon=1e-3)
    x, y = small_table()
    plain = train_networks(x, y, MEMBERS, recipe)
    compiled = train_networks(x, y, MEMBERS, replace(recipe, engine="numba"))
    for one, other in zip(plain, compiled, strict=True):
        np.testing.assert_allclose(other.parameters, one.parameters, rtol=1e-3, atol=1e-4)


def test_an_estimator_takes_the_engine_by_name(small_table):
    x, y = small_table()
    labels = y.argmax(axis=1)
    settings = {"activation": "relu", "dropout": 0.0, "max_epochs": 3, "random_state": 0}
    plain = NetworkClassifier((4,), **settings).fit(x, labels)
    compiled = NetworkClassifier((4,), engine="numba", **settings).fit(x, labels)
    np.testing.assert_allclose(plain.predict_proba(x), compiled.predict_proba(x), rtol=1e-6)
    with pytest.raises(InvalidSetting, match="engine numpy or numba"):
        NetworkClassifier(engine="fortran").fit(x, labels)
