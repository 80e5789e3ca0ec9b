"""Predictions become a submission file: the sample submission's columns, order, ids and kinds."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from competition.checks import SubmissionForm, check_submission, load_form
from competition.definition import Contest
from competition.files import replaced_file
from competition.tables import digest_file, read_table
from submissions.errors import ExportRefused
from submissions.spelling import (
    Values,
    kind_of_sample,
    spell_labels,
    spell_numbers,
    spell_text,
)

__all__ = [
    "SUFFIXES",
    "export_predictions",
    "export_submission",
    "read_as_text",
    "write_submission",
]

SUFFIXES = (".csv", ".csv.gz", ".zip")
LABELS = "labels"
TEXTS = frozenset({"ranking", "text", "mask"})


def export_predictions(
    predictions: pd.DataFrame, sample: pd.DataFrame, contest: Contest | None = None
) -> pd.DataFrame:
    """Turn predictions into the frame of a submission, every value spelled as text.

    Parameters
    ----------
    predictions : DataFrame
        The id column and the prediction columns of the sample, in any order of rows and columns.
    sample : DataFrame
        The sample submission, all of it text (`read_as_text`): ids are copied as they are
        written there, whole numbers stay whole, truth values keep the sample's spelling.
    contest : Contest, optional
        Says what the metric wants. Without it the sample alone decides: where it holds
        different whole numbers, a fraction is refused.

    Returns
    -------
    DataFrame of str
        Columns and rows in the sample's order.

    Raises
    ------
    ExportRefused
        With every problem: a missing column, ids that are missing, unknown or double, values
        that are no label, no number, missing or not finite.

    Examples
    --------
    >>> sample = pd.DataFrame({"id": ["7", "8"], "ripe": ["0", "1"]})
    >>> predictions = pd.DataFrame({"ripe": [1.0, 0.0], "id": [8, 7]})
    >>> export_predictions(predictions, sample).to_dict("list")
    {'id': ['7', '8'], 'ripe': ['0', '1']}
    """
    predictions = predictions.rename(columns=str)
    id_column = contest.id_column if contest else str(sample.columns[0])
    columns = [str(name) for name in sample.columns if name != id_column]
    problems = _column_problems(predictions, id_column, columns)
    if problems:
        raise ExportRefused(problems)
    keys = _keys(sample[id_column], predictions[id_column])
    problems = _id_problems(keys, predictions[id_column])
    if problems:
        raise ExportRefused(problems)
    aligned = predictions.set_index(id_column).loc[keys]
    texts: dict[str, list[str]] = {id_column: list(sample[id_column])}
    for name in columns:
        texts[name], faults = _spell(aligned[name], sample[name], contest)
        problems += faults
    if problems:
        raise ExportRefused(problems)
    return pd.DataFrame({name: texts[name] for name in sample.columns}, dtype=str)


def export_submission(
    predictions: pd.DataFrame, sample: Path, contest: Contest | None, destination: Path
) -> str:
    """Write predictions as a submission file that passes every check; return its SHA-256.

    Parameters
    ----------
    predictions : DataFrame
        The id column and the prediction columns of the sample.
    sample : Path
        The sample submission.
    contest : Contest, optional
        Says what the metric wants; without it the sample alone decides.
    destination : Path
        Ends in ``.csv``, ``.csv.gz`` or ``.zip``.

    Raises
    ------
    ExportRefused
        With every problem; nothing is written then.
    """
    frame = export_predictions(predictions, read_as_text(sample), contest)
    form = load_form(contest, sample) if contest else None
    return write_submission(frame, destination, form)


def write_submission(
    frame: pd.DataFrame, destination: str | Path, form: SubmissionForm | None = None
) -> str:
    """Write a submission file whole or not at all; return its SHA-256.

    The same frame gives the same bytes. ``.csv`` is plain, ``.csv.gz`` and ``.zip`` are packed.

    Raises
    ------
    ExportRefused
        When the name ends otherwise, or the written file would break a rule of `form`.
    """
    path = Path(destination)
    pack = _packing(path)
    text = frame.to_csv(index=False, lineterminator="\n").encode("utf-8")
    with replaced_file(path) as temporary:
        temporary.write_bytes(pack(text))
        problems = check_submission(temporary, form) if form else []
        if problems:
            raise ExportRefused([problem.message for problem in problems])
    return digest_file(path)


def read_as_text(path: str | Path) -> pd.DataFrame:
    """Read a CSV file with every cell as it is written.

    Raises
    ------
    UnreadableTable
        When it is no CSV file.
    """
    names = [str(name) for name in read_table(path).columns]
    return read_table(path, text_columns=names)


def _spell(values: Values, sample: Values, contest: Contest | None) -> tuple[list[str], list[str]]:
    predicts = contest.predicts if contest else None
    if predicts == LABELS:
        return spell_labels(values, contest.labels if contest else (), sample)
    if predicts in TEXTS:
        return spell_text(values, sample)
    if predicts is None and kind_of_sample(sample) in ("text", "boolean"):
        return spell_labels(values, (), sample)
    tells_classes = predicts is None and sample.nunique() > 1 and _is_whole(sample)
    return spell_numbers(values, sample, may_be_whole=not tells_classes)


def _is_whole(sample: Values) -> bool:
    return kind_of_sample(sample) == "integer"


def _column_problems(
    predictions: pd.DataFrame, id_column: str, columns: Sequence[str]
) -> list[str]:
    missing = [name for name in (id_column, *columns) if name not in predictions.columns]
    if not missing:
        return []
    got = ", ".join(str(name) for name in predictions.columns)
    return [f"the predictions lack the column {name!r}; they have: {got}" for name in missing]


def _keys(ids: Values, predicted: Values) -> list[Any]:
    """Ids of the sample in the type that the predictions give theirs."""
    if predicted.dtype.kind in "iuf":
        numbers = pd.to_numeric(ids, errors="coerce")
        return list(numbers)
    return list(ids)


def _id_problems(keys: Sequence[Any], predicted: Values) -> list[str]:
    known = set(predicted)
    wanted = set(keys)
    faults = (
        ("ids of the sample have no prediction", [key for key in keys if key not in known]),
        ("predictions have ids that the sample lacks", [i for i in predicted if i not in wanted]),
        ("ids are predicted twice", list(predicted[predicted.duplicated()])),
    )
    return [f"{len(ids)} {fault}, the first: {ids[0]!r}" for fault, ids in faults if ids]


def _packing(path: Path) -> Callable[[bytes], bytes]:
    if path.name.endswith(".csv"):
        return bytes
    if path.name.endswith(".csv.gz"):
        return lambda text: gzip.compress(text, mtime=0)
    if path.name.endswith(".zip"):
        return lambda text: _zipped(text, f"{path.name.removesuffix('.zip')}.csv")
    raise ExportRefused([f"{path.name} must end in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"])


def _zipped(text: bytes, name: str) -> bytes:
    packed = io.BytesIO()
    member = zipfile.ZipInfo(name.replace(".csv.csv", ".csv"), (1980, 1, 1, 0, 0, 0))
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, text, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
