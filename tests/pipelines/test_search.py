"""Search spaces, studies in journals, and trials in batches."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import numpy as np
import pytest
from optuna.trial import FixedTrial, TrialState

from pipelines.errors import SearchProblem
from pipelines.search import Budget, StudyPlace, check_space, open_study, parse_space, suggest
from pipelines.search.heartbeat import is_alive, this_process
from pipelines.search.points import as_trial_parameters
from pipelines.search.pruning import FoldRungs
from pipelines.search.queue import TrialQueue
from pipelines.search.samplers import make_sampler
from pipelines.search.study import (
    ask_batch,
    counted_trials,
    fail_stale_trials,
)

SPACE = parse_space(
    {
        "layers": {"low": 1, "high": 3},
        "units": [8, 16],
        "learning_rate": {"low": 0.001, "high": 0.1, "log": True},
        "activation": ["relu", "tanh"],
    }
)
FIRST = {"layers": 1, "units_1": 16, "learning_rate": 0.01, "activation": "relu"}
QUEUE = TrialQueue((FIRST,))


@pytest.fixture
def place(tmp_path: Path) -> StudyPlace:
    return StudyPlace(tmp_path / "study.journal", "study")


def opened(place: StudyPlace, sampler: str = "tpe"):
    study = open_study(place, greater_is_better=True)
    study.sampler = make_sampler(sampler, SPACE, (0, len(study.trials)))
    return study


def test_layers_and_units_make_the_hidden_layers():
    values = suggest(FixedTrial({**FIRST, "layers": 2, "units_2": 8}), SPACE)
    assert values == {"hidden_layer_sizes": (16, 8), "learning_rate": 0.01, "activation": "relu"}


def test_fixed_values_and_trial_parameters_say_the_same():
    fixed = {"hidden_layer_sizes": [16], "learning_rate": 0.01, "activation": "relu", "dropout": 0}
    assert as_trial_parameters(fixed, SPACE) == FIRST


def test_a_fixed_value_outside_the_space_is_refused():
    with pytest.raises(SearchProblem, match=r"units_1 = 5 .* allows one of 8, 16"):
        as_trial_parameters({"hidden_layer_sizes": [5]}, SPACE)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ([], "at least one choice"),
        ("much", "must be a list of choices"),
        ({"low": 1}, "needs the numbers low and high"),
        ({"low": 0, "high": 1, "log": True}, "must begin above 0"),
        ({"low": 1, "high": 2, "lgo": True}, "has no 'lgo'"),
        ({"low": 1, "high": 2, "log": True, "step": 1}, "cannot be combined"),
    ],
)
def test_a_badly_written_dimension_is_named(limits, message):
    [problem] = check_space({"dropout": limits}, ["dropout"], "search.space")
    assert problem.startswith("search.space.dropout: ")
    assert message in problem


def test_the_first_trial_takes_the_defaults(place):
    study = opened(place)
    [first, second] = ask_batch(study, place, Budget(10), 2, QUEUE)
    assert suggest(first, SPACE)["hidden_layer_sizes"] == (16,)
    assert suggest(first, SPACE)["learning_rate"] == 0.01
    assert suggest(second, SPACE)["learning_rate"] != 0.01


def test_no_more_trials_are_asked_for_than_the_budget_leaves(place):
    study = opened(place)
    assert len(ask_batch(study, place, Budget(5), 4, QUEUE)) == 4
    assert len(ask_batch(study, place, Budget(5), 4, QUEUE)) == 1
    assert ask_batch(study, place, Budget(5), 4, QUEUE) == []


@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc", "cmaes"])
def test_going_on_never_repeats_the_first_trials(place, sampler):
    rates = []
    for _ in range(3):
        study = opened(place, sampler)
        for trial in ask_batch(study, place, Budget(100), 4, QUEUE):
            rates.append(suggest(trial, SPACE)["learning_rate"])
            study.tell(trial, rates[-1])
    assert len(set(rates)) == 12


def _ask_and_die(place: StudyPlace) -> None:
    study = opened(place)
    trial = ask_batch(study, place, Budget(10), 1, QUEUE)[0]
    suggest(trial, SPACE)


def test_a_dead_process_s_trial_is_failed_and_tried_once_more(place):
    child = multiprocessing.get_context("spawn").Process(target=_ask_and_die, args=(place,))
    child.start()
    child.join()
    study = opened(place)
    assert [trial.state for trial in study.trials] == [TrialState.FAIL, TrialState.WAITING]
    assert counted_trials(study) == []
    [again] = ask_batch(study, place, Budget(10), 1, QUEUE)
    assert again.user_attrs["retry_of"] == 0
    assert suggest(again, SPACE)["learning_rate"] == 0.01
    again.set_user_attr("owner", {**this_process(), "born": "0"})
    fail_stale_trials(study)
    assert [trial.state for trial in study.trials] == [TrialState.FAIL, TrialState.FAIL]


def test_a_running_process_s_trials_are_left_alone(place):
    study = opened(place)
    ask_batch(study, place, Budget(10), 1, QUEUE)
    assert fail_stale_trials(study) == []


def test_a_torn_last_line_is_cut(place):
    study = opened(place)
    ask_batch(study, place, Budget(10), 2, QUEUE)
    with place.journal.open("a") as stream:
        stream.write('{"op_code": 4, "wor')
    assert len(opened(place).trials) == 2
    assert len(ask_batch(opened(place), place, Budget(10), 1, QUEUE)) == 1


def test_a_process_is_told_from_a_later_one_of_the_same_number():
    assert is_alive(this_process())
    assert not is_alive({**this_process(), "born": "1"})
    assert not is_alive(None)
    assert is_alive({"host": "elsewhere", "pid": 1, "born": "1"})


def test_samplers_draw_the_same_from_the_same_seed(tmp_path):
    drawn = []
    for name in ("a", "b"):
        place = StudyPlace(tmp_path / f"{name}.journal", "study")
        study = opened(place)
        for trial in ask_batch(study, place, Budget(20), 12, QUEUE):
            values = suggest(trial, SPACE)
            study.tell(trial, -abs(np.log10(values["learning_rate"]) + 2))
        study.sampler = make_sampler("tpe", SPACE, (0, 12))
        drawn.append([suggest(t, SPACE) for t in ask_batch(study, place, Budget(20), 4, QUEUE)])
    assert drawn[0] == drawn[1]


def test_a_trial_that_was_taken_for_dead_goes_no_further_after_its_fold(place):
    study = open_study(place, greater_is_better=True)
    trial = study.ask()
    study.tell(trial.number, state=TrialState.FAIL)
    assert FoldRungs([trial]).hear(0, 0, 0.5)
