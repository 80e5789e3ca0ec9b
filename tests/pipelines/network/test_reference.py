"""The stacked engine does what the page written to be read says."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.network import Member, Recipe, reference, train_networks
from pipelines.network.activations import ACTIVATIONS
from pipelines.network.layout import Layout
from pipelines.network.losses import LOSSES
from pipelines.network.optimisers import OPTIMISERS
from pipelines.network.schedules import SCHEDULES

RECIPE = Recipe(batch_size=16, max_epochs=4, dtype="float64")


def assert_agrees(x, y, member, recipe, weights=None):
    (network,) = train_networks(x, y, [member], recipe, weights=weights)
    layout = Layout(network.sizes, recipe.periodic)
    plain = reference.train(x, y, member, recipe, weights)
    for name, expected in plain.items():
        got = layout.view(network.parameters, name)
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_agrees_to_twelve_digits(activation, small_table):
    recipe = replace(RECIPE, activation=activation, optimiser="momentum")
    assert_agrees(*small_table(), Member((7, 4), learning_rate=0.05, seed=3), recipe)


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_agrees_to_twelve_digits(loss, small_table):
    recipe = replace(RECIPE, loss=loss, activation="tanh", optimiser="sgd", quantile=0.7)
    assert_agrees(*small_table(loss), Member((7, 4), learning_rate=0.05, seed=3), recipe)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_every_optimiser_agrees_to_twelve_digits(optimiser, weight_decay, small_table):
    recipe = replace(RECIPE, activation="tanh", optimiser=optimiser, epsilon=1e-4)
    assert_agrees(*small_table(), Member((7, 4), 0.01, weight_decay, seed=3), recipe)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule_agrees_to_twelve_digits(schedule, small_table):
    recipe = replace(RECIPE, activation="silu", schedule=schedule, epsilon=1e-4)
    assert_agrees(*small_table(), Member((6,), 0.01, seed=3), recipe)


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"clip_norm": 0.2}, Member((7, 4), 0.05)),
        ({"label_smoothing": 0.2}, Member((7, 4), 0.05)),
        ({"periodic": 3, "frequency_scale": 0.5}, Member((7, 4), 0.05)),
        ({}, Member((7, 4), 0.05, dropout=0.4, input_dropout=0.2, seed=9)),
        ({"periodic": 2}, Member((7, 4), 0.05, dropout=0.4, input_dropout=0.2, seed=9)),
        ({}, Member((), 0.05)),
        ({"periodic": 2}, Member((), 0.05, input_dropout=0.3)),
        ({"batch_size": 1000}, Member((7,), 0.05, rows=np.arange(3, 29))),
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_every_option_agrees_to_twelve_digits(changes, member, weighted, small_table):
    x, y = small_table()
    weights = np.random.default_rng(1).uniform(0.1, 2, len(x)) if weighted else None
    recipe = replace(RECIPE, activation="sigmoid", optimiser="momentum", **changes)
    assert_agrees(x, y, member, recipe, weights)
