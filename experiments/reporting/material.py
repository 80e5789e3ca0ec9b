"""What a report is made of: the files that a study leaves in its folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import ValidationError

from competition.metrics import Metric
from experiments.definition.sections import Experiment
from experiments.errors import MissingReport
from experiments.reporting.history import TriedTrial, read_trials
from pipelines.models import PreparedFolds
from pipelines.models.champion import Champion
from pipelines.models.saving import Learned, Lesson, load_learned
from pipelines.models.scoring import Scorer

Answers = NDArray[np.float64]
ANSWERS_FOLDER = "answers"
BASELINES_FOLDER = "baselines"
CURVES_FILE = "curves.parquet"
CHAMPION = Path("model") / "champion"
EXPERIMENT = "experiment.json"
NEEDED = ("summary.json", EXPERIMENT, "out_of_fold.parquet", "model/champion/champion.json")


@dataclass(frozen=True)
class Material:
    """A finished study, read back.

    Attributes
    ----------
    folder : pathlib.Path
    experiment : Experiment
    summary : mapping
        What was written of the finished models: trial, parameters, chosen, scores, origin.
    learned : Learned
        The chosen model, with the rows, folds and features that it learned from.
    scorer : Scorer
    answers : mapping of str to ndarray, shape (n_rows, n_outputs)
        Out-of-fold answers by model; of an older study the chosen model's alone.
    table : pandas.DataFrame
        The chosen model's out-of-fold answers with the rows' ids, as they were written.
    curves : pandas.DataFrame or None
        Losses of the best trial by fold and epoch.
    trials : tuple of TriedTrial
    """

    folder: Path
    experiment: Experiment
    summary: Mapping[str, Any]
    learned: Learned = field(repr=False)
    scorer: Scorer = field(repr=False)
    answers: Mapping[str, Answers] = field(repr=False)
    table: pd.DataFrame = field(repr=False)
    curves: pd.DataFrame | None = field(repr=False)
    trials: tuple[TriedTrial, ...] = field(repr=False)

    @property
    def champion(self) -> Champion:
        """The chosen model."""
        return self.learned.champion

    @property
    def lesson(self) -> Lesson:
        """Rows, target, folds and recipe."""
        return self.learned.lesson

    @property
    def prepared(self) -> PreparedFolds:
        """The folds with their features."""
        return self.learned.prepared

    @property
    def metric(self) -> Metric:
        """The contest's metric."""
        return self.scorer.metric

    @property
    def chosen(self) -> str:
        """Name of the model that makes the submission."""
        return str(self.summary["chosen"])

    @property
    def said(self) -> Answers:
        """The chosen model's out-of-fold answers."""
        return self.answers[self.chosen]

    @property
    def labels(self) -> tuple[str, ...]:
        """The contest's labels as words; empty for values."""
        return tuple(map(str, self.champion.labels))

    @property
    def group_column(self) -> str | None:
        """The column that names the groups, where the rows have one."""
        name = self.lesson.setting.group_column
        return name if name in self.lesson.rows.columns else None

    @property
    def groups(self) -> NDArray[Any] | None:
        """Group of each row."""
        name = self.group_column
        return None if name is None else self.lesson.rows[name].to_numpy()

    @property
    def ids(self) -> NDArray[Any]:
        """Id of each row; its number where the training table has none."""
        first = str(self.table.columns[0])
        return np.arange(len(self.table)) if first == "fold" else self.table[first].to_numpy()

    @property
    def scored_rows(self) -> NDArray[np.int64]:
        """Rows that some fold scores."""
        return np.flatnonzero(np.isfinite(self.said).all(axis=1))

    @property
    def slug(self) -> str:
        """The contest's slug."""
        told = self.summary.get("contest", {}).get("slug")
        return str(told or self.experiment.contest or self.experiment.name)

    @property
    def title(self) -> str:
        """The contest's title."""
        return str(self.summary.get("contest", {}).get("title") or self.slug)


def read_material(folder: Path, learned: Learned | None = None) -> Material:
    """Read a finished study from its folder.

    Parameters
    ----------
    folder : pathlib.Path
    learned : Learned, optional
        The chosen model, where it is at hand; else it is read back.

    Raises
    ------
    MissingReport
        When the folder does not hold what a report is made of.
    """
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if missing:
        raise MissingReport(
            f"study {folder.name} has no report, and none can be made without "
            f"{', '.join(missing)}; finish it with 'ripe run'"
        )
    learned = learned or load_learned(folder / CHAMPION)
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    experiment = read_experiment(folder)
    table = pd.read_parquet(folder / "out_of_fold.parquet")
    champion = learned.champion
    return Material(
        folder=folder,
        experiment=experiment,
        summary=summary,
        learned=learned,
        scorer=Scorer.over(champion.metric, learned.lesson.target, champion.labels),
        answers=_answers(folder, table, summary["chosen"], learned.lesson.target.outputs),
        table=table,
        curves=_curves(folder),
        trials=read_trials(folder, experiment, champion.metric),
    )


def read_experiment(folder: Path) -> Experiment:
    """Read the experiment that a study was run with.

    Raises
    ------
    MissingReport
        When it says what this version of Ripe does not know.
    """
    text = (folder / EXPERIMENT).read_text(encoding="utf-8")
    try:
        return Experiment.model_validate_json(text)
    except ValidationError as error:
        raise MissingReport(
            f"{folder / EXPERIMENT} was written by another version of Ripe, and this one does not "
            f"understand it: {error.errors()[0]['msg']}"
        ) from None


def _answers(folder: Path, table: pd.DataFrame, chosen: str, outputs: int) -> dict[str, Answers]:
    kept = {path.stem: path for path in sorted((folder / ANSWERS_FOLDER).glob("*.parquet"))}
    found = {name: pd.read_parquet(path).to_numpy(np.float64) for name, path in kept.items()}
    return {chosen: table.iloc[:, -outputs:].to_numpy(np.float64), **found}


def _curves(folder: Path) -> pd.DataFrame | None:
    path = folder / CURVES_FILE
    if not path.is_file():
        return None
    table = pd.read_parquet(path)
    return table if len(table) else None
