"""A contest folder, read for the linter."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from competition.building.folder import (
    DATA_FOLDER,
    SAMPLE_FILE,
    SOLUTION_FILE,
    TEST_FILE,
    TRAIN_FILE,
)
from competition.building.sources import USAGE, Source, check_ids
from competition.definition import Contest, load_contest
from competition.metrics.metric import NEEDS_LABELS
from competition.tables import read_table


@dataclass(frozen=True)
class Material:
    """A contest and its tables, every cell as text, indexed from 0."""

    folder: Path
    contest: Contest
    train: pd.DataFrame
    test: pd.DataFrame
    sample: pd.DataFrame
    solution: pd.DataFrame

    @property
    def solution_path(self) -> Path:
        """Where the solution lies."""
        return self.folder / SOLUTION_FILE

    @property
    def metric_path(self) -> Path | None:
        """Where the host's own metric lies, if there is one."""
        name = self.contest.metric.file
        return None if name is None else self.folder / name

    @property
    def has_classes(self) -> bool:
        """Whether the targets are labels."""
        return bool(self.contest.labels) and self.contest.predicts in NEEDS_LABELS

    @property
    def features(self) -> list[str]:
        """Columns that both train and test have, without the id."""
        hidden = {self.contest.id_column, *self.contest.targets}
        return [name for name in self.train.columns if name in self.test and name not in hidden]

    def rows_of(self, usage: str) -> pd.DataFrame:
        """Select the solution's rows of one board."""
        return pd.DataFrame(self.solution[self.solution[USAGE] == usage])

    def test_truth(self) -> pd.DataFrame:
        """Return the solution in the order of the test file."""
        order = pd.Index(self.solution[self.contest.id_column])
        places = order.get_indexer(pd.Index(self.test[self.contest.id_column]))
        aligned: pd.DataFrame = self.solution.iloc[np.maximum(places, 0)]
        return aligned.reset_index(drop=True)


def load_material(folder: Path) -> Material:
    """Read a contest folder.

    Raises
    ------
    InvalidContest
        The definition breaks a rule, a table lacks a column, or an id stands twice.
    UnreadableTable
        A file is missing or is no table.
    """
    contest = load_contest(folder)
    data = folder / DATA_FOLDER
    id_column, targets = contest.id_column, list(contest.targets)
    predictions = list(contest.prediction_columns)
    solution = _table(folder / SOLUTION_FILE, [id_column, *targets], id_column)
    if USAGE not in solution:
        solution[USAGE] = "Public"
    return Material(
        folder=folder,
        contest=contest,
        train=_table(data / TRAIN_FILE, targets, None),
        test=_table(data / TEST_FILE, [id_column], id_column),
        sample=_table(data / SAMPLE_FILE, [id_column, *predictions], id_column),
        solution=solution,
    )


def _table(path: Path, columns: list[str], id_column: str | None) -> pd.DataFrame:
    source = Source(path.name, read_table(path, all_text=True))
    source.require(columns)
    if id_column is not None:
        check_ids(source, id_column)
    return source.frame
