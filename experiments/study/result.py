"""What comes of an experiment, and how it reports on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Progress:
    """Where a study stands.

    Attributes
    ----------
    stage : str
        What is going on: reading, searching, finishing, recording.
    done, total : int
        Trials.
    best : float or None
        Best score so far.
    history : tuple of float
        Best score after each trial of this session.
    part : float
        Trials' worth of training that the batch in hand has had.
    per_minute : float or None
        Trials a minute.
    seconds_left : float or None
        Until the search is over, at this pace.
    study : str
        The study's name, by which workers from elsewhere join it; empty while it is not known.
    """

    stage: str
    done: int
    total: int
    best: float | None = None
    history: tuple[float, ...] = ()
    part: float = 0.0
    per_minute: float | None = None
    seconds_left: float | None = None
    study: str = ""


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class ModelScore:
    """A model's cross-validated score and its 95 % interval."""

    name: str
    score: float
    low: float
    high: float


@dataclass(frozen=True)
class FrontTrial:
    """A trial that no other beats in every objective.

    Attributes
    ----------
    number : int
    values : mapping
        Objective -> value: the score, and the number of weights as `size`.
    parameters : mapping
        Of the model.
    """

    number: int
    values: Mapping[str, float]
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class RecipeScore:
    """What a recipe of features is worth, by its best trial.

    Attributes
    ----------
    name : str
    trial : int
        Number of its best trial.
    trials : int
        How many trials took it.
    score : float
        Cross-validated score of that trial.
    worth : float
        How much better the experiment's own recipe scores: what this one lacks.
    worth_low, worth_high : float
        95 % interval of that difference, over resamples that both share.
    """

    name: str
    trial: int
    trials: int
    score: float
    worth: float
    worth_low: float
    worth_high: float


@dataclass(frozen=True)
class StudyResult:
    """A finished study.

    Attributes
    ----------
    experiment, study, contest : str
        The experiment's name, the study's, the contest's slug.
    metric : str
    greater_is_better : bool
    trials, new_trials : int
        Trials in the study, and those of this session; none where the budget was spent before.
    best_number : int
        Number of the best trial; with several objectives, of the best score on the front.
    best_score : float
        Mean of its folds' scores.
    best_parameters : mapping
    chosen : ModelScore
        The model that makes the submission.
    models : tuple of ModelScore
        The best trial, its seed ensemble, the greedy ensemble.
    run_id : str or None
        The study's MLflow run; None while it waits to be sent.
    predictions : pandas.DataFrame or None
        Id column and prediction columns in the metric's form; None without a test table.
    folder : pathlib.Path
        Where the study's files lie.
    seconds : float
    warning : str or None
        Why rows wait to be sent to MLflow.
    front : tuple of FrontTrial
        The Pareto front of a study with several objectives, the best score first; else empty.
    notes : tuple of str
        What else the user should know, such as workers that were lost.
    recipes : tuple of RecipeScore
        What each recipe is worth, where trials chose among several; else empty.
    """

    experiment: str
    study: str
    contest: str
    metric: str
    greater_is_better: bool
    trials: int
    new_trials: int
    best_number: int
    best_score: float
    best_parameters: Mapping[str, Any]
    chosen: ModelScore
    models: tuple[ModelScore, ...]
    run_id: str | None
    predictions: pd.DataFrame | None = field(repr=False)
    folder: Path
    seconds: float
    warning: str | None = None
    front: tuple[FrontTrial, ...] = ()
    notes: tuple[str, ...] = ()
    recipes: tuple[RecipeScore, ...] = ()

    @property
    def score(self) -> float:
        """Cross-validated score of the chosen model."""
        return self.chosen.score

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of that score."""
        return (self.chosen.low, self.chosen.high)

    @property
    def out_of_fold(self) -> Path:
        """Out-of-fold predictions of the chosen model (parquet)."""
        return self.folder / "out_of_fold.parquet"

    def as_dict(self) -> dict[str, Any]:
        """Return what a program may read of it; predictions stay in their file."""
        return {
            "experiment": self.experiment,
            "study": self.study,
            "contest": self.contest,
            "metric": self.metric,
            "greater_is_better": self.greater_is_better,
            "trials": self.trials,
            "new_trials": self.new_trials,
            "best_trial": self.best_number,
            "best_parameters": dict(self.best_parameters),
            "chosen": self.chosen.name,
            "score": self.score,
            "interval": list(self.interval),
            "models": [vars(model) for model in self.models],
            "run_id": self.run_id,
            "folder": str(self.folder),
            "seconds": self.seconds,
            "warning": self.warning,
            "notes": list(self.notes),
            "front": [vars(trial) for trial in self.front],
            "recipes": [vars(recipe) for recipe in self.recipes],
        }
