"""A member of a stack trains to the weights it would reach alone."""

import numpy as np
import pytest

from pipelines.network import InvalidSetting, Member, Recipe, TrainingDiverged, train_networks


def table(rows=120, inputs=6, classes=3, seed=0):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(rows, inputs))
    y = np.eye(classes)[(x[:, :classes] + 0.3 * generator.normal(size=(rows, classes))).argmax(1)]
    return x, y


RECIPE = Recipe(batch_size=16, max_epochs=6, dtype="float64", patience=None)


def diverse_members(rows):
    return [
        Member((8, 5), seed=1),
        Member((3, 7), seed=2, learning_rate=0.02, weight_decay=0.1),
        Member((8, 5), seed=3, dropout=0.3, input_dropout=0.1, rows=np.arange(0, rows, 2)),
        Member((5, 5), seed=4, rows=np.arange(50), validation_rows=np.arange(50, rows)),
        Member((8, 2), seed=5, rows=np.arange(47, rows), validation_rows=np.arange(30)),
    ]


def assert_same(together, alone):
    assert together.sizes == alone.sizes
    np.testing.assert_allclose(together.parameters, alone.parameters, rtol=1e-10, atol=1e-12)
    for a, b in zip(together.history, alone.history, strict=True):
        for key in ("train_loss", "validation_loss"):
            assert (key in a) == (key in b)
            assert a.get(key, 0) == pytest.approx(b.get(key, 0), rel=1e-10)


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh", "mish", "softmax"])
@pytest.mark.parametrize("optimiser", ["adamw", "nesterov"])
def test_a_stacked_member_equals_the_same_network_trained_alone(activation, optimiser):
    from dataclasses import replace

    x, y = table()
    recipe = replace(RECIPE, activation=activation, optimiser=optimiser, schedule="one_cycle")
    members = diverse_members(len(x))
    together = train_networks(x, y, members, recipe)
    for member, network in zip(members, together, strict=True):
        assert_same(network, train_networks(x, y, [member], recipe)[0])


@pytest.mark.parametrize(
    "changes",
    [
        {"clip_norm": 0.05},
        {"label_smoothing": 0.1},
        {"periodic": 3},
        {"schedule": "on_plateau", "tolerance": 10.0},
        {"optimiser": "rmsprop", "periodic": 2, "activation": "sigmoid"},
    ],
)
def test_options_do_not_make_members_disturb_each_other(changes):
    from dataclasses import replace

    x, y = table()
    weights = np.random.default_rng(5).uniform(0, 2, len(x))
    recipe = replace(RECIPE, **changes)
    members = diverse_members(len(x))
    together = train_networks(x, y, members, recipe, weights=weights)
    for member, network in zip(members, together, strict=True):
        assert_same(network, train_networks(x, y, [member], recipe, weights=weights)[0])


def test_a_stopped_member_leaves_the_others_as_they_would_be():
    x, y = table()
    members = diverse_members(len(x))
    seen = []

    def stop_second(rows):
        seen.append([row["member"] for row in rows])
        return {1} if rows[0]["epoch"] == 2 else None

    pruned = train_networks(x, y, members, RECIPE, on_epoch=stop_second)
    whole = train_networks(x, y, members, RECIPE)
    assert pruned[1].stop_reason == "stopped"
    assert len(pruned[1].history) == 2
    assert 1 in seen[1] and 1 not in seen[2]
    for index in (0, 2, 3, 4):
        assert_same(pruned[index], whole[index])


def test_a_diverging_member_ends_alone_and_says_when_and_why():
    x, y = table()
    recipe = Recipe(loss="squared", optimiser="sgd", batch_size=16, max_epochs=20)
    members = [Member((8,), learning_rate=0.01), Member((8,), learning_rate=1e6)]
    good, bad = train_networks(x, y, members, recipe)
    assert good.failure is None and good.stop_reason == "max_epochs"
    assert bad.stop_reason == "diverged"
    assert isinstance(bad.failure, TrainingDiverged)
    assert "epoch 1" in str(bad.failure) and "learning rate" in str(bad.failure)


def test_early_stopping_restores_the_best_weights():
    x, y = table(rows=60)
    watch = np.arange(30, 60)
    member = Member((32, 16), learning_rate=0.05, rows=np.arange(30), validation_rows=watch)
    recipe = Recipe(batch_size=8, max_epochs=200, patience=10, dtype="float64")
    (network,) = train_networks(x, y, [member], recipe)
    losses = [row["validation_loss"] for row in network.history]
    assert network.stop_reason == "early_stopping"
    assert len(losses) < 200
    assert network.best_epoch == int(np.argmin(losses)) + 1
    z = __import__("pipelines.network", fromlist=["predict"]).predict([network], x[watch])
    assert -(y[watch] * np.log(z)).sum(axis=1).mean() == pytest.approx(min(losses))


def test_rows_that_only_look_on_change_nothing():
    x, y = table(rows=60)
    recipe = Recipe(
        batch_size=8, max_epochs=60, validation_decides=False, schedule="on_plateau", patience=20
    )
    rows, watch = np.arange(30), np.arange(30, 60)
    watched, alone = (
        train_networks(x, y, [Member((32, 16), learning_rate=0.05, rows=rows, **seen)], recipe)[0]
        for seen in ({"validation_rows": watch}, {})
    )
    losses = [row["validation_loss"] for row in watched.history]
    assert np.array_equal(watched.parameters, alone.parameters)
    assert watched.stop_reason == alone.stop_reason
    assert watched.best_epoch == len(losses) > 1 + int(np.argmin(losses))


def test_a_training_converges_by_tolerance_and_patience():
    x, y = table()
    recipe = Recipe(max_epochs=1000, tolerance=1e-3, patience=5)
    (network,) = train_networks(x, y, [Member((8,), learning_rate=0.02)], recipe)
    assert network.stop_reason == "converged"
    assert len(network.history) < 1000


def test_nothing_to_train_or_to_learn_from_is_refused():
    x, y = table()
    with pytest.raises(InvalidSetting, match="at least one member"):
        train_networks(x, y, [], RECIPE)
    with pytest.raises(InvalidSetting, match="at least one row"):
        train_networks(x, y, [Member(rows=np.array([], dtype=np.intp))], RECIPE)
