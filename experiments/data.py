"""Finding the data of an experiment, and the contest they belong to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.definition import (
    CONTEST_FILE,
    PUBLIC_CONTEST_FILE,
    Contest,
    MetricChoice,
    load_contest,
)
from competition.errors import did_you_mean
from competition.metrics import Metric, get_metric
from competition.tables import read_table
from experiments.definition.sections import DataFiles, Experiment
from experiments.errors import MissingData
from pipelines.errors import TableProblem
from pipelines.models import Target
from pipelines.models.champion import prediction_frame
from pipelines.tables import TablePair, read_tables

TRAIN, TEST, SAMPLE = "train.csv", "test.csv", "sample_submission.csv"


@dataclass(frozen=True)
class DataPlace:
    """A contest and the files of its participants.

    Attributes
    ----------
    contest : Contest
    train : pathlib.Path
    test, sample : pathlib.Path or None
    said_in : str
        Where the columns are named: in the contest, or in the experiment's section ``data``.
    names_rows : bool
        Whether an id column is named there.
    """

    contest: Contest
    train: Path
    test: Path | None
    sample: Path | None
    said_in: str = "contest"
    names_rows: bool = True


@dataclass(frozen=True)
class ContestData:
    """Everything a study learns from, read.

    Attributes
    ----------
    place : DataPlace
    contest : Contest
        With its labels in order.
    metric : Metric
    tables : TablePair
    target : Target
    groups : ndarray, shape (n_rows,), or None
    order : ndarray, shape (n_rows,), or None
        Time of each row.
    """

    place: DataPlace
    contest: Contest
    metric: Metric
    tables: TablePair
    target: Target
    groups: NDArray[Any] | None
    order: NDArray[Any] | None

    @property
    def columns(self) -> list[str]:
        """Columns that features are made of: the group column last, where there is one."""
        group = self.contest.group_column
        return [*self.tables.features, *([group] if group else [])]


def find_data(
    experiment: Experiment, home: Path, *, folder: Path | None = None, base: Path | None = None
) -> DataPlace:
    """Find the data: an explicit folder, files of the experiment, or the contest in this home.

    Parameters
    ----------
    experiment : Experiment
    home : pathlib.Path
        Searched for ``data/SLUG`` (a downloaded bundle), then ``contests/SLUG/data``.
    folder : pathlib.Path, optional
        A folder with the contest's files, in place of the search.
    base : pathlib.Path, optional
        Folder that paths in the experiment file start from.

    Raises
    ------
    MissingData
        Says where the data were looked for, and how to get them.
    """
    if folder is not None and not folder.is_dir():
        raise MissingData(f"there is no folder {folder}")
    if experiment.data is not None:
        return _from_files(experiment.name, experiment.data, folder or base or Path())
    if folder is not None:
        return bundle_in(folder)
    slug = str(experiment.contest)
    bundles = contest_bundles(home)
    if slug in bundles:
        return bundle_in(bundles[slug])
    looked = " and ".join(str(place) for place in _bundle_places(home, slug))
    raise MissingData(
        f"the data of contest {slug!r} are not in {looked}{did_you_mean(slug, bundles)}; "
        f"get them with: ripe download {slug}"
    )


def contest_bundles(home: Path) -> dict[str, Path]:
    """Return the folders in a home that hold a contest's training table, by the contest's slug.

    A downloaded bundle comes before the folder that the contest was made in.
    """
    made = {one.parents[1].name: one.parent for one in home.glob(f"contests/*/data/{TRAIN}")}
    downloaded = {one.parent.name: one.parent for one in home.glob(f"data/*/{TRAIN}")}
    return made | downloaded


def _bundle_places(home: Path, slug: str) -> tuple[Path, Path]:
    return home / "data" / slug, home / "contests" / slug / "data"


def bundle_in(folder: Path) -> DataPlace:
    """Return the contest whose files for participants lie in a folder.

    Raises
    ------
    MissingData
        When the folder holds no training table, or nothing says which contest it belongs to.
    """
    if not (folder / TRAIN).is_file():
        raise MissingData(f"there is no {TRAIN} in {folder}")
    definition = folder / PUBLIC_CONTEST_FILE
    if not definition.is_file() and not (folder.parent / CONTEST_FILE).is_file():
        raise MissingData(
            f"{folder} has no {PUBLIC_CONTEST_FILE}, which names the target and the metric; "
            "describe your own tables in the section [data] of an experiment file"
        )
    contest = load_contest(definition if definition.is_file() else folder.parent)
    return DataPlace(contest, folder / TRAIN, _if_there(folder / TEST), _if_there(folder / SAMPLE))


def _if_there(path: Path) -> Path | None:
    return path if path.is_file() else None


def _from_files(name: str, files: DataFiles, base: Path) -> DataPlace:
    targets = (files.target,) if isinstance(files.target, str) else tuple(files.target)
    contest = Contest(
        slug=name.replace("_", "-").lower(),
        title=name,
        metric=MetricChoice(files.metric),
        targets=targets,
        id_column=files.id_column or "id",
        labels=tuple(files.labels),
        group_column=files.group_column,
        time_column=files.time_column,
    )
    train = _required(base / files.train)
    test = _required(base / files.test) if files.test else None
    return DataPlace(contest, train, test, None, "data", files.id_column is not None)


def _required(path: Path) -> Path:
    if not path.is_file():
        raise MissingData(f"there is no file {path}")
    return path


def _metric_of(contest: Contest) -> Metric:
    """Return the metric that trials are scored by."""
    if contest.metric.file is not None:
        raise MissingData(
            f"{contest.slug} is scored by {contest.metric.name}, a metric of its host's own that "
            "only the host can compute; to search by another one, describe the tables in the "
            "section [data] of an experiment file"
        )
    return get_metric(contest.metric.name, **contest.metric.parameters)


def read_data(place: DataPlace) -> ContestData:
    """Read the tables and encode the target.

    Raises
    ------
    pipelines.errors.TableProblem
        When the tables do not fit the contest.
    MissingData
        When the contest has a metric that only its host can compute.
    """
    contest = place.contest
    metric = _metric_of(contest)
    tables = read_pair(place)
    _require_columns(place, tables)
    if not contest.labels and metric.predicts not in ("values", "distribution"):
        contest = replace(contest, labels=_labels_of(tables.train[contest.targets[0]]))
    return ContestData(
        place,
        contest,
        metric,
        tables,
        _target(contest, tables.train),
        _column(tables.train, contest.group_column),
        _column(tables.train, contest.time_column),
    )


def read_pair(place: DataPlace) -> TablePair:
    """Read the training and the test table of a contest.

    Raises
    ------
    pipelines.errors.TableProblem
        When they do not fit the contest, or each other.
    """
    contest = place.contest
    return read_tables(
        place.train,
        place.test,
        targets=contest.targets,
        id_column=contest.id_column,
        group_column=contest.group_column,
        text_columns=contest.targets if contest.labels else (),
    )


def _require_columns(place: DataPlace, tables: TablePair) -> None:
    """Refuse tables without the columns that the contest, or the experiment, says they have."""
    contest = place.contest
    for role in ("group_column", "time_column"):
        name = getattr(contest, role)
        if name is not None and name not in tables.train:
            hint = did_you_mean(name, [str(column) for column in tables.train])
            raise TableProblem(
                f"{place.said_in}.{role}: the training table has no column {name!r}{hint}"
            )
    if place.names_rows and tables.test is not None and contest.id_column not in tables.test:
        raise TableProblem(
            f"the test table has no column {contest.id_column!r}, which names its rows; "
            f"it has: {', '.join(map(str, tables.test.columns))}"
        )


def _labels_of(column: pd.Series[Any]) -> tuple[Any, ...]:
    return tuple(np.unique(column.to_numpy()).tolist())


def _target(contest: Contest, train: pd.DataFrame) -> Target:
    if not contest.labels:
        return Target(_values(contest, train))
    if len(contest.targets) > 1:
        raise TableProblem("contests with several targets of classes cannot be learned yet")
    numbers = {_word(label): number for number, label in enumerate(contest.labels)}
    column = train[contest.targets[0]]
    codes = column.map(lambda value: numbers.get(_word(value), -1)).to_numpy(np.int64)
    if (codes < 0).any():
        stray = _plain(column[codes < 0].iloc[0])
        raise TableProblem(
            f"column {contest.targets[0]!r} holds {stray!r}, which is none of the labels: "
            f"{', '.join(map(str, contest.labels))}"
        )
    if len(np.unique(codes)) < 2:
        raise TableProblem(
            f"the target {contest.targets[0]!r} has one class only, {_plain(column.iloc[0])!r}; "
            "there is nothing to learn"
        )
    return Target(codes, len(contest.labels))


def _values(contest: Contest, train: pd.DataFrame) -> NDArray[np.float64]:
    for name in contest.targets:
        if not pd.api.types.is_numeric_dtype(train[name]):
            raise TableProblem(
                f"the target {name!r} must hold numbers for {contest.metric.name}, but holds "
                f"{_plain(train[name].iloc[0])!r}"
            )
        if train[name].nunique() < 2:
            raise TableProblem(
                f"the target {name!r} has one value only, {train[name].iloc[0]}; "
                "there is nothing to learn"
            )
    return train[list(contest.targets)].to_numpy(np.float64)


def _plain(value: Any) -> Any:
    """Return a value of numpy's as Python's own, which reads as it is written."""
    return value.item() if isinstance(value, np.generic) else value


def _word(label: Any) -> str:
    return str(label).lower() if isinstance(label, bool | np.bool_) else _unboxed(str(label))


def _unboxed(word: str) -> str:
    return word.lower() if word.lower() in ("true", "false") else word


def _column(train: pd.DataFrame, name: str | None) -> NDArray[Any] | None:
    return None if name is None or name not in train.columns else train[name].to_numpy()


def read_sample(place: DataPlace) -> pd.DataFrame | None:
    """Read the sample submission, None where there is none."""
    return None if place.sample is None else read_table(place.sample)


def as_predictions(data: ContestData, answers: NDArray[np.float64]) -> pd.DataFrame:
    """Lay predictions of the test rows out by id, in the form that the contest's metric scores.

    Parameters
    ----------
    data : ContestData
    answers : ndarray, shape (n_test, n_outputs)
        Class probabilities or values.

    Returns
    -------
    pandas.DataFrame
        The id column, then the contest's prediction columns.
    """
    test = data.tables.test
    assert test is not None  # noqa: S101 - answers exist only where there is a test table
    frame = prediction_frame(data.metric, answers, data.contest.targets, data.contest.labels)
    ids = test[data.contest.id_column] if data.contest.id_column in test else range(len(test))
    frame.insert(0, data.contest.id_column, np.asarray(ids))
    return frame
