"""From the data of an experiment to folds with their features fitted."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from experiments.data import ContestData
from experiments.definition import Experiment
from experiments.recipes import label_of, recipe_of, starting_values
from pipelines.features.steps import Setting
from pipelines.folds import Fold, FoldPlan, make_folds
from pipelines.models import PreparedFolds
from pipelines.models.feature_cache import FeatureCache
from pipelines.models.saving import Lesson

CACHE_FOLDER = "cache/features"


def make_lesson(experiment: Experiment, data: ContestData) -> Lesson:
    """Return what an experiment's features and models are fitted on."""
    first = label_of(experiment, starting_values(experiment))
    return Lesson(
        recipe_of(experiment, first),
        Setting(bool(data.target.classes), data.contest.group_column, experiment.seed),
        data.tables.train[data.columns],
        data.target,
        tuple(_folds(experiment, data)),
        partial(recipe_of, experiment),
        first,
    )


def prepare(lesson: Lesson, data: ContestData, home: Path | None = None) -> PreparedFolds:
    """Fit the features inside each fold, and take the test rows through each.

    Parameters
    ----------
    lesson : Lesson
    data : ContestData
    home : pathlib.Path, optional
        Where features are kept for other studies and workers; nowhere unless given.
    """
    test = data.tables.test
    cache = None if home is None else FeatureCache(home / CACHE_FOLDER, data.tables.digest)
    return lesson.prepare(None if test is None else test.reindex(columns=data.columns), cache)


def _folds(experiment: Experiment, data: ContestData) -> list[Fold]:
    wish = experiment.validation
    column = wish.fold_column
    return make_folds(
        FoldPlan(wish.kind, wish.folds, wish.repeats, wish.seed),
        data.target.one_column,
        classes=bool(data.target.classes),
        groups=data.groups,
        order=data.order,
        numbers=None if column is None else data.tables.train[column].to_numpy(),
    )
