"""What the tables of an experiment, a contest or a folder are like."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from competition.errors import did_you_mean
from experiments.data import (
    TEST,
    TRAIN,
    ContestData,
    DataPlace,
    bundle_in,
    contest_bundles,
    find_data,
    read_pair,
)
from experiments.definition.loading import find_experiment, load_experiment
from experiments.errors import MissingData, UnknownExperiment
from experiments.study.files import write_text
from pipelines.tables import TablePair, read_tables
from pipelines.tables.schema import Roles, SchemaReport, describe_tables, report_page

PAGE_FILE, VALUES_FILE = "schema.html", "schema.json"


@dataclass(frozen=True)
class Tables:
    """A pair of tables, what its columns are for, and what it is called."""

    title: str
    pair: TablePair
    roles: Roles

    def describe(self, seed: int = 0) -> SchemaReport:
        """Compare the training with the test table."""
        return describe_tables(self.pair, self.roles, seed)


def find_tables(
    what: str,
    home: Path,
    *,
    data_folder: Path | None = None,
    target: str | None = None,
    id_column: str | None = None,
) -> Tables:
    """Read the tables that a folder, an experiment or a contest's name stands for.

    Parameters
    ----------
    what : str
        A folder that holds ``train.csv``, an experiment (file or shipped name), or the slug of a
        contest in the home.
    home : pathlib.Path
    data_folder : pathlib.Path, optional
        A folder with the contest's files, in place of those in the home.
    target, id_column : str, optional
        For a folder that no contest describes.

    Raises
    ------
    ExperimentError, pipelines.errors.PipelineError, competition.errors.CompetitionError
        With one clear message.
    """
    folder = Path(what)
    if folder.is_dir():
        return _of_folder(folder, target, id_column)
    bundles = contest_bundles(home)
    if what in bundles and not folder.is_file():
        return _of_place(what, bundle_in(data_folder or bundles[what]))
    try:
        path = find_experiment(what)
    except UnknownExperiment as error:
        hint = did_you_mean(what, bundles)
        raise UnknownExperiment(f"{error}; no contest or folder {what!r} either{hint}") from None
    experiment = load_experiment(path)
    place = find_data(experiment, home, folder=data_folder, base=path.parent)
    return _of_place(experiment.name, place)


def _of_folder(folder: Path, target: str | None, id_column: str | None) -> Tables:
    holder = next((one for one in (folder, folder / "data") if (one / TRAIN).is_file()), None)
    if holder is None:
        raise MissingData(f"there is no {TRAIN} in {folder}")
    if target is None:
        return _of_place(folder.resolve().name, bundle_in(holder))
    test = holder / TEST
    pair = read_tables(
        holder / TRAIN,
        test if test.is_file() else None,
        targets=(target,),
        id_column=id_column,
    )
    if id_column is not None and id_column not in pair.train:
        hint = did_you_mean(id_column, [str(name) for name in pair.train])
        raise MissingData(f"{holder / TRAIN} has no column {id_column!r}{hint}")
    return Tables(folder.resolve().name, pair, Roles((target,), id_column))


def _of_place(title: str, place: DataPlace) -> Tables:
    contest = place.contest
    roles = Roles(
        contest.targets,
        contest.id_column,
        contest.group_column,
        contest.time_column,
        bool(contest.labels) or contest.predicts not in ("values", "distribution"),
    )
    return Tables(title, read_pair(place), roles)


def keep_schema(folder: Path, data: ContestData, seed: int) -> None:
    """Write the report on a study's tables into its folder, unless it lies there already."""
    page = folder / PAGE_FILE
    if page.exists():
        return
    contest = data.contest
    roles = Roles(
        contest.targets,
        contest.id_column,
        contest.group_column,
        contest.time_column,
        bool(data.target.classes),
    )
    report = describe_tables(data.tables, roles, seed)
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / VALUES_FILE, json.dumps(report.as_dict(), indent=1, allow_nan=False))
    write_text(page, report_page(report, contest.title))
