"""From the data of an experiment to folds with their features fitted."""

from __future__ import annotations

from experiments.data import ContestData
from experiments.definition import Experiment
from pipelines.features import parse_recipe
from pipelines.features.steps import Setting
from pipelines.folds import Fold, FoldPlan, make_folds
from pipelines.models import PreparedFolds
from pipelines.models.saving import Lesson


def make_lesson(experiment: Experiment, data: ContestData) -> Lesson:
    """Return what an experiment's features and models are fitted on."""
    return Lesson(
        parse_recipe(experiment.features),
        Setting(bool(data.target.classes), data.contest.group_column, experiment.seed),
        data.tables.train[data.columns],
        data.target,
        tuple(_folds(experiment, data)),
    )


def prepare(lesson: Lesson, data: ContestData) -> PreparedFolds:
    """Fit the features inside each fold, and take the test rows through each."""
    test = data.tables.test
    return lesson.prepare(None if test is None else test.reindex(columns=data.columns))


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
