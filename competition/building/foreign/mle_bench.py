"""MLE-bench folders: ``config.yaml``, ``description.md``, prepared public and private CSV files.

The layout is that of the MLE-bench repository (Chan et al. 2024, arXiv 2410.07095): answers and
sample submission are named in ``config.yaml`` relative to a data folder, as
``<id>/prepared/private/test.csv``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from competition.building.foreign.contest import ForeignContest, slug_of
from competition.building.foreign.yaml_files import read_yaml
from competition.errors import InvalidContest, UnknownMetric
from competition.metrics import get_metric
from competition.metrics.metric import PER_LABEL
from competition.tables import read_table

MLE_BENCH_FILE = "config.yaml"
KNOWN_KEYS = ("id", "name", "description", "dataset", "grader")
NOT_TAKEN = {
    "preparer": "its prepare function is not run; the prepared files are taken",
    "prizes": "prizes have no counterpart",
    "awards_medals": "medals follow the rules of this host",
}
NOT_TAKEN_FILES = {
    "grade.py": "its grading code is not run; the metric of the same name scores instead",
    "prepare.py": "its preparation is not run",
    "leaderboard.csv": "the board of the original contest is not taken over",
    "kernels.txt": "links to notebooks are not taken over",
    "checksums.yaml": "checksums of the original files are not checked",
    "description_obfuscated.md": "a second description is not taken over",
    "classes.py": "labels are taken from the data instead",
}


def read_mle_bench(folder: Path, data: Path | None = None) -> ForeignContest:
    """Read an MLE-bench folder; `data` is the data folder, when it is another one.

    Raises
    ------
    InvalidContest
        A file is missing, or the columns do not say what is to be predicted.
    UnreadableTable
        A file is no table.
    """
    config = read_yaml(folder / MLE_BENCH_FILE)
    name = str(config.get("id") or folder.name)
    dataset = config.get("dataset") or {}
    answers_path = _located(folder, data, name, dataset.get("answers"), "dataset.answers")
    sample_path = _located(
        folder, data, name, dataset.get("sample_submission"), "dataset.sample_submission"
    )
    public = sample_path.parent
    train_path, test_path = _public_table(public, "train"), _public_table(public, "test")
    if train_path is None:
        raise InvalidContest(f"{public} holds no train.csv; only contests on tables map")
    answers = read_table(answers_path, all_text=True)
    sample = read_table(sample_path, all_text=True)
    train = read_table(train_path, all_text=True)
    test = None if test_path is None else read_table(test_path, all_text=True)
    metric, unknown = _metric(config)
    truth = _truth(train, test, answers, sample, metric)
    used = [path for path in (sample_path, train_path, test_path) if path is not None]
    return ForeignContest(
        slug=slug_of(name),
        title=str(config.get("name") or name),
        train=train,
        test=test,
        sample=sample,
        metric=metric,
        pages=_pages(folder),
        extra_files=_further_files(public, used),
        unmapped=(*_unmapped(config, folder), *unknown),
        **truth,
    )


def _located(folder: Path, data: Path | None, name: str, relative: Any, key: str) -> Path:
    """Find a file that is named relative to a data folder which may have moved."""
    if not isinstance(relative, str):
        raise InvalidContest(f"{MLE_BENCH_FILE} names no {key}")
    inner = relative.removeprefix(f"{name}/")
    bases = [data, data and data / name, folder, folder.parent, folder / "data"]
    for base in (base for base in bases if base is not None):
        for form in (relative, inner, f"{relative}.gz", f"{relative}.zip"):
            if (base / form).is_file():
                return base / form
    raise InvalidContest(
        f"{key} of {MLE_BENCH_FILE} is not there: {relative}; prepare the contest, or name the "
        "folder of its data with --data"
    )


def _public_table(public: Path, stem: str) -> Path | None:
    for form in (f"{stem}.csv", f"{stem}.csv.gz", f"{stem}.csv.zip", f"{stem}.zip"):
        if (public / form).is_file():
            return public / form
    return None


def _metric(config: Mapping[str, Any]) -> tuple[str | None, list[str]]:
    name = (config.get("grader") or {}).get("name")
    if name is None:
        return None, ["it names no grader"]
    try:
        return get_metric(str(name)).name, []
    except UnknownMetric:
        return None, [f"its grader {name!r} is no metric known here; name one with --metric"]


def _truth(
    train: pd.DataFrame,
    test: pd.DataFrame | None,
    answers: pd.DataFrame,
    sample: pd.DataFrame,
    metric: str | None,
) -> dict[str, Any]:
    """Say what is predicted: ids, targets, labels, and the answers in that form."""
    id_column = next((name for name in sample.columns if name in answers.columns), None)
    if id_column is None:
        raise InvalidContest("the sample submission and the answers share no id column")
    predicted = [name for name in sample.columns if name != id_column]
    found = {"id_column": id_column}
    if metric is not None and get_metric(metric).predicts in PER_LABEL:
        target = _label_column(train, test, predicted)
        labels = _row_labels(answers, target, predicted)
        solution = answers[[id_column]].assign(**{target: labels})
        return {**found, "targets": (target,), "labels": tuple(predicted), "solution": solution}
    missing = [name for name in predicted if name not in answers or name not in train]
    if missing:
        raise InvalidContest(
            f"the columns {', '.join(map(repr, missing))} of the sample submission are not in both "
            "train.csv and the answers"
        )
    return {**found, "targets": tuple(predicted), "solution": answers[[id_column, *predicted]]}


def _label_column(train: pd.DataFrame, test: pd.DataFrame | None, labels: Sequence[str]) -> str:
    """Find the training column whose values are the columns of the sample submission."""
    hidden = [name for name in train.columns if test is None or name not in test]
    for name in hidden:
        if set(train[name]) <= set(labels):
            return name
    raise InvalidContest(
        "no column of train.csv holds the classes that the sample submission has columns for: "
        f"{', '.join(labels[:5])}"
    )


def _row_labels(answers: pd.DataFrame, target: str, labels: Sequence[str]) -> pd.Series[str]:
    if target in answers:
        return answers[target]
    lacking = [label for label in labels if label not in answers]
    if lacking:
        raise InvalidContest(f"the answers have neither {target!r} nor a column {lacking[0]!r}")
    return answers[list(labels)].astype("float64").idxmax(axis=1).astype("str")


def _pages(folder: Path) -> dict[str, str]:
    path = folder / "description.md"
    return {"overview": path.read_text(encoding="utf-8")} if path.is_file() else {}


def _further_files(public: Path, used: Sequence[Path]) -> dict[str, Path]:
    """Find everything else that participants get, such as images."""
    return {
        path.relative_to(public).as_posix(): path
        for path in sorted(public.rglob("*"))
        if path.is_file() and path not in used and path.name != "description.md"
    }


def _unmapped(config: Mapping[str, Any], folder: Path) -> Iterator[str]:
    for key, value in config.items():
        if key in NOT_TAKEN and value:
            yield f"{key}: {NOT_TAKEN[key]}"
        elif key == "competition_type" and value != "simple":
            yield f"competition_type: {value!r} is taken as a contest on tables"
        elif key not in (*KNOWN_KEYS, *NOT_TAKEN, "competition_type"):
            yield f"{key}: not known here"
    for name, reason in NOT_TAKEN_FILES.items():
        if (folder / name).is_file():
            yield f"{name}: {reason}"
    yield "one board: the answers are shared between a public and a private board here"
