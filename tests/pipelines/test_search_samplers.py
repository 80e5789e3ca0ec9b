"""Samplers, grids, and the queue of what a study tries first."""

from __future__ import annotations

import importlib.util
import multiprocessing
from pathlib import Path

import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState

from pipelines.errors import SearchProblem
from pipelines.search import Budget, StudyPlace, open_study, parse_space, suggest
from pipelines.search.grid import grid_points, grid_problems, grid_size, grid_values
from pipelines.search.points import complete_point, start_problems
from pipelines.search.queue import TrialQueue
from pipelines.search.samplers import SAMPLERS, check_sampler, make_sampler, sampler_problems
from pipelines.search.study import REASON, ask_batch, count_asked, drop_own_trials

FINITE = parse_space(
    {
        "layers": {"low": 1, "high": 2},
        "units": [8, 16],
        "dropout": {"low": 0.0, "high": 0.2, "step": 0.1},
    }
)
MIXED = parse_space(
    {
        "layers": {"low": 1, "high": 3},
        "units": {"low": 4, "high": 16},
        "learning_rate": {"low": 0.001, "high": 0.1, "log": True},
        "weight_decay": {"low": 0.0001, "high": 0.1, "log": True},
        "batch_size": {"low": 16, "high": 64, "step": 16},
        "activation": ["relu", "tanh"],
    }
)
HAS_TORCH = importlib.util.find_spec("torch") is not None
USABLE = tuple(name for name in SAMPLERS if name != "gp" or HAS_TORCH)


@pytest.fixture
def place(tmp_path: Path) -> StudyPlace:
    return StudyPlace(tmp_path / "study.journal", "study")


def grid_queue(first=()) -> TrialQueue:
    return TrialQueue(tuple(first), tuple(grid_points(FINITE, 0)))


def drawn(place, sampler, space, queue, batches, size=4, budget=1000):
    """Points of a study that is opened anew for every batch, as its processes would."""
    points = []
    for _ in range(batches):
        study = open_study(place, greater_is_better=True)
        study.sampler = make_sampler(sampler, space, (0, count_asked(study)))
        trials = ask_batch(study, place, Budget(budget), size, queue)
        points += [suggest(trial, space) for trial in trials]
        for trial in trials:
            study.tell(trial, -abs(float(np.log10(trial.params.get("learning_rate", 1.0))) + 2))
    return points


@pytest.mark.parametrize("sampler", [name for name in USABLE if name != "grid"])
def test_every_sampler_draws_within_a_mixed_conditional_space(place, sampler, caplog):
    points = drawn(place, sampler, MIXED, TrialQueue(), batches=6)
    assert len(points) == 24
    for point in points:
        assert 1 <= len(point["hidden_layer_sizes"]) <= 3
        assert 0.001 <= point["learning_rate"] <= 0.1
        assert point["batch_size"] in (16, 32, 48, 64)
        assert point["activation"] in ("relu", "tanh")
    assert len({point["learning_rate"] for point in points}) > 20
    assert "WARNING" not in caplog.text


@pytest.mark.parametrize("sampler", USABLE)
def test_every_sampler_draws_the_same_from_the_same_seed(tmp_path, sampler):
    space = FINITE if sampler == "grid" else MIXED
    queue = grid_queue() if sampler == "grid" else TrialQueue()
    one, other = (
        drawn(StudyPlace(tmp_path / f"{name}.journal", "study"), sampler, space, queue, 4)
        for name in "ab"
    )
    assert one == other


def test_cma_es_comes_nearer_than_chance(place):
    """Hansen (2016), arXiv:1604.00772: the mean moves to the better half of each generation."""
    space = parse_space(
        {name: {"low": 0.0001, "high": 1.0, "log": True} for name in ("learning_rate", "dropout")}
    )
    points = drawn(place, "cmaes", space, TrialQueue(), batches=25)
    off = [abs(np.log10(point["learning_rate"]) + 2) for point in points]
    assert np.mean(off[-20:]) < 0.5 * np.mean(off[:20])


def test_a_sampler_whose_library_is_missing_names_the_extra(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SearchProblem, match=r"pip install 'ripeness\[gp\]'"):
        check_sampler("gp")
    check_sampler("tpe")


def test_an_unknown_sampler_is_refused():
    with pytest.raises(SearchProblem, match="tpe, random, qmc, grid, cmaes, gp, not 'luck'"):
        make_sampler("luck", FINITE, (0,))


def test_cma_es_is_refused_where_it_would_draw_at_random():
    space = parse_space({"learning_rate": {"low": 0.1, "high": 0.2}, "activation": ["relu"]})
    [problem] = sampler_problems("cmaes", space, 1, "search.sampler")
    assert problem.startswith("search.sampler: 'cmaes' moves in ranges of numbers")
    assert "but got 1" in problem
    assert sampler_problems("cmaes", MIXED, 1, "search.sampler") == []
    [problem] = sampler_problems("cmaes", MIXED, 2, "search.sampler")
    assert "one objective, but got 2" in problem


def test_a_grid_holds_every_point_once_and_no_width_of_a_layer_that_is_not_there():
    points = grid_points(FINITE, 0)
    assert len(points) == grid_size(FINITE) == 3 * (2 + 4)
    assert len({frozenset(point.items()) for point in points}) == 18
    assert all(("units_2" in point) == (point["layers"] == 2) for point in points)
    assert points == grid_points(FINITE, 0)
    assert points != grid_points(FINITE, 1)


def test_steps_are_the_decimal_numbers_that_the_file_means():
    space = parse_space({"dropout": {"low": 0.1, "high": 0.7, "step": 0.1}, "batch_size": [8]})
    assert grid_values(space["dropout"]) == (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)


def test_a_dimension_without_end_is_named_with_its_key_path():
    problems = grid_problems(MIXED, "search.space")
    assert [problem.split(":")[0] for problem in problems] == [
        "search.space.learning_rate",
        "search.space.weight_decay",
    ]
    assert "a list of values, or a range with a step" in problems[0]


def test_a_grid_too_large_to_be_tried_is_refused():
    many = parse_space({"layers": [6], "units": list(range(10))})
    assert grid_problems(many, "search.space") == [
        "search.space: at most 100000 grid points are allowed, but got 1000000"
    ]


def test_a_grid_is_tried_once_and_then_the_study_ends(place):
    points = drawn(place, "grid", FINITE, grid_queue(), batches=8)
    assert len(points) == 18
    assert len({tuple(sorted(point.items())) for point in points}) == 18
    study = open_study(place, greater_is_better=True)
    assert {trial.state for trial in study.trials} == {TrialState.COMPLETE}


def test_a_grid_begins_with_the_point_that_the_defaults_stand_for(place):
    first = {"layers": 2, "units_1": 16, "units_2": 8}
    points = drawn(place, "grid", FINITE, grid_queue([first]), batches=1)
    assert points[0]["hidden_layer_sizes"] == (16, 8)
    assert len(drawn(place, "grid", FINITE, grid_queue([first]), batches=8)) == 14


def test_a_grid_smaller_than_the_budget_is_no_error_and_a_smaller_budget_holds(place):
    assert len(drawn(place, "grid", FINITE, grid_queue(), batches=5, budget=10)) == 10


def test_a_point_whose_process_was_stopped_is_due_again_and_a_failed_one_is_not(place):
    study = open_study(place, greater_is_better=True)
    ask_batch(study, place, Budget(100), 3, grid_queue())
    drop_own_trials(study, place)
    [again, *_] = ask_batch(study, place, Budget(100), 3, grid_queue())
    assert suggest(again, FINITE) == suggest_point(grid_points(FINITE, 0)[0])
    again.set_user_attr(REASON, "it diverged")
    study.tell(again, state=TrialState.FAIL)
    later = ask_batch(study, place, Budget(100), 18, grid_queue())
    assert suggest(again, FINITE) not in [suggest(trial, FINITE) for trial in later]


def test_a_grid_is_spent_also_where_a_point_was_lost_as_often_as_it_is_tried(place):
    study = open_study(place, greater_is_better=True)
    queue = TrialQueue(grid=tuple(grid_points(FINITE, 0)[:1]))
    for _ in range(2):
        assert not queue.is_spent(study)
        assert ask_batch(study, place, Budget(100), 1, queue)
        drop_own_trials(study, place)
    assert queue.is_spent(study)
    assert not ask_batch(study, place, Budget(100), 1, queue)


def suggest_point(point):
    widths = tuple(point[f"units_{n}"] for n in range(1, point["layers"] + 1))
    return {"dropout": point["dropout"], "hidden_layer_sizes": widths}


def _try_grid(place: StudyPlace) -> None:
    study = open_study(place, greater_is_better=True)
    study.sampler = make_sampler("grid", FINITE, (0,))
    while trials := ask_batch(study, place, Budget(100), 1, grid_queue()):
        for trial in trials:
            suggest(trial, FINITE)
            study.tell(trial, 0.5)


def test_processes_share_a_grid_without_trying_a_point_twice(place):
    open_study(place, greater_is_better=True)
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_try_grid, args=(place,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    study = open_study(place, greater_is_better=True)
    points = [frozenset(trial.params.items()) for trial in study.trials]
    assert len(points) == len(set(points)) == 18


def test_first_points_are_tried_once_in_their_order_however_often_a_study_is_opened(place):
    queue = TrialQueue(({"learning_rate": 0.01}, {"learning_rate": 0.02}, {"activation": "tanh"}))
    points = drawn(place, "tpe", MIXED, queue, batches=3, size=2)
    assert [point["learning_rate"] for point in points[:2]] == [0.01, 0.02]
    assert points[2]["activation"] == "tanh"
    study = open_study(place, greater_is_better=True)
    given = [trial for trial in study.trials if "fixed_params" in trial.system_attrs]
    assert [trial.number for trial in given] == [0, 1, 2]


def test_a_point_takes_what_it_does_not_give_from_the_fixed_values_then_from_the_model():
    defaults = {"weight_decay": 0.001, "learning_rate": 5.0, "hidden_layer_sizes": (64, 32)}
    point = complete_point({"batch_size": 32}, {"activation": "tanh"}, defaults, MIXED)
    assert point == {"activation": "tanh", "batch_size": 32, "weight_decay": 0.001}
    shaped = complete_point({"hidden_layer_sizes": [4]}, {"hidden_layer_sizes": [8, 8]}, {}, MIXED)
    assert shaped == {"layers": 1, "units_1": 4}


@pytest.mark.parametrize(
    ("point", "problem"),
    [
        ({"droput": 0.1}, ".droput: does not vary in search.space; did you mean 'dropout'?"),
        ({"dropout": 0.15}, ".dropout: dropout = 0.15 lies outside search.space.dropout (0.0 to"),
        ({"hidden_layer_sizes": [8, 8, 8]}, ".hidden_layer_sizes: layers = 3 lies outside"),
        ({"hidden_layer_sizes": [9]}, ".hidden_layer_sizes: units_1 = 9 lies outside"),
        ({"hidden_layer_sizes": 8}, ".hidden_layer_sizes: must be a list of widths, not 8"),
        ({"units_1": 8}, ".units_1: give the hidden layers as hidden_layer_sizes = [32, 16]"),
    ],
)
def test_a_start_that_does_not_fit_the_space_is_named(point, problem):
    [told] = start_problems([{"dropout": 0.1}, point], FINITE, "search.start")
    assert told.startswith(f"search.start[1]{problem}")


def test_optuna_s_own_names_and_distributions_are_used(place):
    study = open_study(place, greater_is_better=True)
    [trial] = ask_batch(study, place, Budget(1), 1, grid_queue())
    suggest(trial, FINITE)
    kinds = study.trials[0].distributions
    assert set(kinds) >= {"layers", "units_1", "dropout"}
    assert isinstance(kinds["units_1"], CategoricalDistribution)
