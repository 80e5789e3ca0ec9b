"""What matters in a study, and its plots."""

from __future__ import annotations

import warnings

import optuna
import pytest

from pipelines.search.plotting import draw_plots, importances, write_plots

optuna.logging.set_verbosity(optuna.logging.WARNING)


def searched(trials: int, *, direction: str = "maximize") -> optuna.Study:
    """A study in which one parameter matters, one does not, and some are conditional."""
    study = optuna.create_study(direction=direction, sampler=optuna.samplers.RandomSampler(seed=0))
    sign = -1 if direction == "maximize" else 1

    def objective(trial: optuna.Trial) -> float:
        rate = trial.suggest_float("rate", 0, 1)
        trial.suggest_float("idle", 0, 1)
        trial.suggest_categorical("fixed", ["one"])
        for layer in range(trial.suggest_int("layers", 1, 3)):
            trial.suggest_int(f"units_{layer + 1}", 4, 32, log=True)
        return sign * (rate - 0.5) ** 2

    study.optimize(objective, n_trials=trials)
    return study


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_the_parameter_that_matters_comes_first_whatever_is_better(direction):
    found = importances(searched(60, direction=direction))
    assert next(iter(found)) == "rate"
    assert found["rate"] > 0.6
    assert sum(found.values()) == pytest.approx(1)
    assert "units_3" in found


@pytest.mark.parametrize("trials", range(8))
def test_few_trials_of_a_conditional_space_raise_no_warning(trials):
    study = searched(trials)
    importances(study)
    assert bool(draw_plots(study)) == (trials >= 2)


def test_equal_scores_and_an_empty_space_have_no_importances():
    equal = optuna.create_study()
    equal.optimize(lambda trial: trial.suggest_float("a", 0, 1) * 0.0, n_trials=8)
    assert importances(equal) == {}
    empty = optuna.create_study()
    empty.optimize(lambda trial: float(trial.number), n_trials=8)
    assert importances(empty) == {}
    assert [plot.title for plot in draw_plots(empty)] == ["History: score"]


def test_pruned_failed_and_infinite_trials_do_not_disturb():
    study = optuna.create_study()

    def objective(trial: optuna.Trial) -> float:
        value = trial.suggest_float("a", 0, 1)
        if trial.number % 3 == 0:
            raise optuna.TrialPruned
        return float("inf") if trial.number % 3 == 1 else value

    study.optimize(objective, n_trials=18)
    assert importances(study) == {"a": 1.0}
    assert draw_plots(study)


def test_several_objectives_have_a_front_and_a_history_each():
    study = optuna.create_study(directions=["maximize", "minimize"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study.set_metric_names(["score", "size"])
    study.optimize(
        lambda trial: (trial.suggest_float("a", 0, 1), trial.suggest_int("b", 1, 9)), n_trials=30
    )
    titles = [plot.title for plot in draw_plots(study)]
    assert titles[:3] == ["History: score", "History: size", "Pareto front"]
    assert next(iter(importances(study))) == "a"
    assert next(iter(importances(study, 1))) == "b"


def test_the_page_holds_everything_it_needs_and_the_script_once(tmp_path):
    path = write_plots(searched(6), tmp_path / "plots", "a <study>")
    assert path is not None
    text = path.read_text()
    assert text.count("plotly.js v") == 1
    assert "a &lt;study&gt;" in text
    assert '<meta name="viewport"' in text
    assert "<script src=" not in text
    assert write_plots(searched(1), tmp_path / "none", "nothing") is None
    assert not (tmp_path / "none").exists()
