"""Everything that a report tells, as plain values; both forms of the report are made of these."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from experiments.reporting.curves import CurvePoint, curves_of
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
from experiments.reporting.estimates import Estimate
from experiments.reporting.folds import FoldFacts, fold_kind, folds_of
from experiments.reporting.history import TriedTrial
from experiments.reporting.material import Material
from experiments.reporting.models import ModelFacts, models_of
from pipelines.models.calibration import Calibration
from pipelines.models.importance import Importances, permutation_importance

NOT_ROW_BY_ROW = frozenset({"aggregate", "python"})
"""Steps whose features of a row may depend on the rows beside it."""


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


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
