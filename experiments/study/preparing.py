"""From the data of an experiment to folds with their features fitted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from competition.errors import did_you_mean
from experiments.data import ContestData
from experiments.definition.recipes import label_of, recipe_of, starting_labels, starting_values
from experiments.definition.sections import Experiment
from pipelines.errors import RecipeProblem, TableProblem
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
        starting_labels(experiment),
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
    rows = None if test is None else test.reindex(columns=data.columns)
    with _told_what_test_lacks(data):
        prepared = lesson.prepare(rows, cache)
        for label in lesson.labels:
            _prepare_now(prepared, label)
    return prepared


def _prepare_now(prepared: PreparedFolds, label: str) -> None:
    """Prepare the folds by a recipe before the search begins: a mistake in it is told at once."""
    try:
        prepared.by_recipe(label)
    except RecipeProblem as error:
        raise RecipeProblem(f"recipe {label.partition(' ')[0]!r}: {error}") from None


@contextmanager
def _told_what_test_lacks(data: ContestData) -> Iterator[None]:
    """Say of a column that no recipe can use when only the test table lacks it."""
    try:
        yield
    except RecipeProblem as error:
        lacking = [name for name in data.tables.left_out if f"no column {name!r}" in str(error)]
        if not lacking:
            raise
        raise RecipeProblem(
            f"{error}; the training table has it, the test table lacks it"
        ) from None


def _folds(experiment: Experiment, data: ContestData) -> list[Fold]:
    wish = experiment.validation
    column = wish.fold_column
    return make_folds(
        FoldPlan(wish.kind, wish.folds, wish.repeats, wish.seed),
        data.target.one_column,
        classes=bool(data.target.classes),
        groups=data.groups,
        order=data.order,
        numbers=None if column is None else _fold_numbers(data, column),
    )


def _fold_numbers(data: ContestData, column: str) -> NDArray[Any]:
    train = data.tables.train
    if column not in train:
        hint = did_you_mean(column, [str(name) for name in train])
        raise TableProblem(
            f"validation.fold_column: the training table has no column {column!r}{hint}"
        )
    return train[column].to_numpy()
