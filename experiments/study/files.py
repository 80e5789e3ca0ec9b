"""What a finished study leaves in its folder: folds, out-of-fold answers, curves, its origin."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.data import ContestData
from pipelines.models import FoldFit, PreparedFolds
from pipelines.tracking.surroundings import code_version, library_versions

Answers = NDArray[np.float64]


def write_out_of_fold(
    path: Path, data: ContestData, prepared: PreparedFolds, answers: Answers
) -> None:
    """Write out-of-fold answers: id, fold and one column per class or target."""
    names = [str(label) for label in data.contest.labels] or list(data.contest.targets)
    frame = pd.DataFrame(answers, columns=names)
    fold_of_row = np.zeros(prepared.rows, np.int64)
    for number, one in enumerate(prepared.folds, 1):
        fold_of_row[one.fold.valid] = number
    frame.insert(0, "fold", fold_of_row)
    if data.contest.id_column in data.tables.train:
        frame.insert(0, data.contest.id_column, data.tables.train[data.contest.id_column])
    write_parquet(path, frame)


def write_folds(path: Path, data: ContestData, prepared: PreparedFolds) -> None:
    """Write the folds: one line per fold and row of it, scored or learned from."""
    parts = [
        pd.DataFrame({"fold": number, "row": rows, "scored": scored})
        for number, one in enumerate(prepared.folds, 1)
        for rows, scored in ((one.fold.valid, True), (one.fold.train, False))
    ]
    table = pd.concat(parts, ignore_index=True)
    if data.contest.id_column in data.tables.train:
        ids = data.tables.train[data.contest.id_column].to_numpy()
        table.insert(2, data.contest.id_column, ids[table["row"].to_numpy()])
    write_parquet(path, table)


def curves_of(fits: Sequence[FoldFit]) -> pd.DataFrame:
    """Return the learning curves of one candidate: a row per fold and epoch, none without epochs.

    Columns: fold, epoch, train_loss, validation_loss.
    """
    columns = ["fold", "epoch", "train_loss", "validation_loss"]
    rows = [{"fold": number, **row} for number, fit in enumerate(fits, 1) for row in fit.history]
    return pd.DataFrame(rows).reindex(columns=columns)


def origin_of(data: ContestData) -> dict[str, Any]:
    """Return what a study was about, when and with what it was finished."""
    contest = data.contest
    return {
        "contest": {"slug": contest.slug, "title": contest.title},
        "id_column": contest.id_column,
        "time_column": contest.time_column,
        "digests": dict(data.tables.digests),
        "versions": {**library_versions(), **code_version()},
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def write_parquet(path: Path, frame: pd.DataFrame) -> None:
    """Write a parquet file in one step."""
    temporary = path.with_name(f".{path.name}")
    frame.to_parquet(temporary, index=False)
    temporary.replace(path)


def write_text(path: Path, text: str) -> None:
    """Write a text file in one step."""
    temporary = path.with_name(f".{path.name}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
