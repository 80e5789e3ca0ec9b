"""Everything that a report tells, as plain values; both forms of the report are made of these."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from competition.errors import CompetitionError
from experiments.reporting.baselines import baseline_answers
from experiments.reporting.diagnosis import (
    WORST_VALUES,
    Confusion,
    Residuals,
    WorstRow,
    calibration_of,
    confusion_of,
    residuals_of,
    worst_rows,
)
from experiments.reporting.history import TriedTrial
from experiments.reporting.material import Answers, Material
from pipelines.folds.plan import choose_kind
from pipelines.models.calibration import Calibration
from pipelines.models.importance import Importances, permutation_importance

NOT_ROW_BY_ROW = frozenset({"aggregate", "python"})
"""Steps whose features of a row may depend on the rows beside it."""


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval; None where it cannot be had."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class ModelFacts:
    """A model's scores out of fold.

    Attributes
    ----------
    name : str
    is_baseline : bool
    score : Estimate
    folds : tuple of float or None
        Score of each fold; empty where its answers were not kept.
    behind : Estimate or None
        The chosen model's score minus this one's, over the same resamples of the rows.
    """

    name: str
    is_baseline: bool
    score: Estimate
    folds: tuple[float | None, ...]
    behind: Estimate | None


@dataclass(frozen=True)
class FoldFacts:
    """One fold: rows, groups, the target's make-up, the chosen model's score.

    Attributes
    ----------
    number, learned, scored : int
    groups : int or None
        Groups among the scored rows.
    target : tuple of float
        Class shares of the scored rows, or mean and standard deviation of each target.
    score : Estimate
    """

    number: int
    learned: int
    scored: int
    groups: int | None
    target: tuple[float, ...]
    score: Estimate


@dataclass(frozen=True)
class CurvePoint:
    """An epoch's mean loss over the folds, with the lowest and the highest fold's.

    Attributes
    ----------
    epoch, folds : int
    train, train_low, train_high : float
    validation, validation_low, validation_high : float or None
    """

    epoch: int
    folds: int
    train: float
    train_low: float
    train_high: float
    validation: float | None
    validation_low: float | None
    validation_high: float | None


@dataclass(frozen=True)
class ReportFacts:
    """A study in facts.

    Attributes
    ----------
    study, experiment, description, contest, title, model, chosen : str
    metric, metric_title : str
    greater_is_better : bool
    finished_at : str or None
        UTC, ISO 8601.
    seed : int
    rows, columns, features, groups : int
        Training rows, raw columns, features of the first fold, groups (0: none).
    group_column : str or None
    fold_kind : str
    labels, targets : tuple of str
    digests, versions : mapping of str to str
    best_trial : int
    parameters : mapping
        Of the best trial.
    models : tuple of ModelFacts
        The study's own, then baselines.
    folds : tuple of FoldFacts
    curves : tuple of CurvePoint
    confusion : Confusion or None
    residuals : tuple of Residuals
    calibration : Calibration or None
    importances : Importances
    worst_columns : tuple of str
    worst : tuple of WorstRow
    trials : tuple of TriedTrial
    """

    study: str
    experiment: str
    description: str
    contest: str
    title: str
    model: str
    chosen: str
    metric: str
    metric_title: str
    greater_is_better: bool
    finished_at: str | None
    seed: int
    rows: int
    columns: int
    features: int
    groups: int
    group_column: str | None
    fold_kind: str
    labels: tuple[str, ...]
    targets: tuple[str, ...]
    digests: Mapping[str, str]
    versions: Mapping[str, str]
    best_trial: int
    parameters: Mapping[str, Any]
    models: tuple[ModelFacts, ...]
    folds: tuple[FoldFacts, ...]
    curves: tuple[CurvePoint, ...]
    confusion: Confusion | None
    residuals: tuple[Residuals, ...]
    calibration: Calibration | None
    importances: Importances
    worst_columns: tuple[str, ...]
    worst: tuple[WorstRow, ...]
    trials: tuple[TriedTrial, ...]

    @property
    def score(self) -> Estimate:
        """The chosen model's score."""
        return next(one.score for one in self.models if one.name == self.chosen)

    def as_dict(self) -> dict[str, Any]:
        """Return the facts as plain data without NaN, which JSON has no word for."""
        return dict(_finite(asdict(self)))


def gather_facts(material: Material, baselines: Iterable[str]) -> ReportFacts:
    """Gather everything that the report of a study tells.

    Parameters
    ----------
    material : Material
    baselines : iterable of str
        Names of `pipelines.models.BASELINES` to compare with; fitted here unless they were before.
    """
    importances = importances_of(material)
    shown = tuple(one.column for one in importances.columns)
    metric, lesson = material.metric, material.lesson
    return ReportFacts(
        study=material.folder.name,
        experiment=material.experiment.name,
        description=material.experiment.description,
        contest=material.slug,
        title=material.title,
        model=material.experiment.model,
        chosen=material.chosen,
        metric=metric.name,
        metric_title=metric.title,
        greater_is_better=metric.greater_is_better,
        finished_at=material.summary.get("finished_at"),
        seed=material.experiment.seed,
        rows=len(lesson.rows),
        columns=len(raw_columns(material)),
        features=len(material.champion.folds[0].feature_names),
        groups=0 if material.groups is None else len(np.unique(material.groups)),
        group_column=material.group_column,
        fold_kind=fold_kind(material),
        labels=material.labels,
        targets=material.champion.targets,
        digests=dict(material.summary.get("digests", {})),
        versions=dict(material.summary.get("versions", {})),
        best_trial=int(material.summary["trial"]),
        parameters=dict(material.summary["parameters"]),
        models=models_of(material, baselines),
        folds=folds_of(material),
        curves=curves_of(material),
        confusion=confusion_of(material),
        residuals=residuals_of(material, material.experiment.seed),
        calibration=calibration_of(material),
        importances=importances,
        worst_columns=shown[:WORST_VALUES],
        worst=worst_rows(material, shown),
        trials=material.trials,
    )


def raw_columns(material: Material) -> list[str]:
    """Return the raw columns that features are made of, the group column left out."""
    group = material.group_column
    return [str(name) for name in material.lesson.rows.columns if name != group]


def importances_of(material: Material) -> Importances:
    """Measure what each raw column is worth to the chosen model."""
    return permutation_importance(
        material.champion.folds,
        material.lesson.folds,
        material.lesson.rows,
        raw_columns(material),
        material.scorer.score,
        greater_is_better=material.metric.greater_is_better,
        seed=material.experiment.seed,
        side_by_side=NOT_ROW_BY_ROW.isdisjoint(material.champion.steps),
    )


def fold_kind(material: Material) -> str:
    """Return the kind of the study's folds."""
    wish = material.experiment.validation.kind
    timed = material.summary.get("time_column") is not None
    return wish or choose_kind(
        classes=bool(material.labels), groups=material.groups is not None, time=timed
    )


def models_of(material: Material, baselines: Iterable[str]) -> tuple[ModelFacts, ...]:
    """Score the study's models and the baselines, fold by fold and against the chosen one."""
    own = [_own_model(material, name, told) for name, told in material.summary["scores"].items()]
    beside = [
        _baseline(material, name, answers)
        for name, answers in baseline_answers(material, baselines).items()
    ]
    return (*own, *beside)


def _own_model(material: Material, name: str, told: Mapping[str, float]) -> ModelFacts:
    answers = material.answers.get(name)
    score = Estimate(told["score"], told["low"], told["high"])
    if answers is None:
        return ModelFacts(name, False, score, (), None)
    behind = None if name == material.chosen else _behind(material, answers)
    return ModelFacts(name, False, score, _fold_scores(material, answers), behind)


def _baseline(material: Material, name: str, answers: Answers) -> ModelFacts:
    score = _estimate(material, answers, _answered(answers))
    folds = _fold_scores(material, answers)
    return ModelFacts(name, True, score, folds, _behind(material, answers))


def _answered(answers: Answers) -> NDArray[np.int64]:
    return np.flatnonzero(np.isfinite(answers).all(axis=1))


def _behind(material: Material, others: Answers) -> Estimate | None:
    rows = np.intersect1d(material.scored_rows, _answered(others))
    said = material.said[rows], others[rows]
    value = _score(material, said[0], rows), _score(material, said[1], rows)
    if value[0] is None or value[1] is None:
        return None
    seed = material.experiment.seed
    return Estimate(
        value[0] - value[1],
        *material.scorer.difference(*said, rows, material.groups, seed),
    )


def _score(material: Material, answers: Answers, rows: NDArray[np.int64]) -> float | None:
    try:
        return material.scorer.score(answers, rows)
    except CompetitionError:  # the rows do not allow the metric: one class only
        return None


def _estimate(material: Material, answers: Answers, rows: NDArray[np.int64]) -> Estimate:
    score = _score(material, answers[rows], rows)
    if score is None:
        return Estimate(None)
    seed = material.experiment.seed
    return Estimate(score, *material.scorer.interval(answers[rows], rows, material.groups, seed))


def _fold_scores(material: Material, answers: Answers) -> tuple[float | None, ...]:
    return tuple(
        _score(material, answers[fold.valid], fold.valid) for fold in material.lesson.folds
    )


def folds_of(material: Material) -> tuple[FoldFacts, ...]:
    """Describe the folds, and score the chosen model on each."""
    groups = material.groups
    return tuple(
        FoldFacts(
            number=number,
            learned=len(fold.train),
            scored=len(fold.valid),
            groups=None if groups is None else len(np.unique(groups[fold.valid])),
            target=_make_up(material, fold.valid),
            score=_estimate(material, material.said, fold.valid),
        )
        for number, fold in enumerate(material.lesson.folds, 1)
    )


def _make_up(material: Material, rows: NDArray[np.int64]) -> tuple[float, ...]:
    values = material.lesson.target.values[rows]
    if material.labels:
        counts = np.bincount(values, minlength=len(material.labels))
        return tuple((counts / len(rows)).tolist())
    pairs = zip(values.mean(axis=0).tolist(), values.std(axis=0).tolist(), strict=True)
    return tuple(number for pair in pairs for number in pair)


def curves_of(material: Material) -> tuple[CurvePoint, ...]:
    """Return the best trial's losses by epoch: mean, lowest and highest over the folds."""
    if material.curves is None:
        return ()
    return tuple(
        _curve_point(int(str(epoch)), rows["train_loss"], rows["validation_loss"])
        for epoch, rows in material.curves.groupby("epoch")
    )


def _curve_point(epoch: int, train: Any, validation: Any) -> CurvePoint:
    known = validation.dropna()
    watched = _mean_and_ends(known) if len(known) else (None, None, None)
    return CurvePoint(epoch, len(train), *_mean_and_ends(train), *watched)


def _mean_and_ends(losses: Any) -> tuple[float, float, float]:
    return float(losses.mean()), float(losses.min()), float(losses.max())


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
