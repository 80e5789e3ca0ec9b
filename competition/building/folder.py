"""A contest folder, built whole from tables or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from competition.building.pages import starting_pages
from competition.building.parts import Parts, assemble
from competition.building.samples import sample_submission
from competition.building.sources import USAGE, Source, Table, read_source
from competition.building.splitting import SplitPlan
from competition.building.truth import infer_metric, settle_labels, settle_metric, truth_of
from competition.definition import (
    CONTEST_FILE,
    PUBLIC_CONTEST_FILE,
    Contest,
    Label,
    MetricChoice,
    contest_problems,
    dump_contest,
    dump_public_contest,
)
from competition.errors import InvalidContest, UnknownMetric
from competition.files import new_folder
from competition.tables import write_table

DATA_FOLDER = "data"
TRAIN_FILE, TEST_FILE, SAMPLE_FILE = "train.csv", "test.csv", "sample_submission.csv"
SOLUTION_FILE = "solution.csv"
FEWEST_ROWS, FEW_TEST_ROWS = 6, 50


@dataclass(frozen=True)
class BuiltContest:
    """A contest, its tables as text, and what was decided for lack of an option."""

    contest: Contest
    parts: Parts
    sample: pd.DataFrame
    notes: tuple[str, ...]


def build_contest_folder(
    destination: Path,
    *,
    slug: str,
    train: Table,
    targets: Sequence[str],
    test: Table | None = None,
    solution: Table | None = None,
    sample: Table | None = None,
    id_column: str | None = None,
    metric: str | MetricChoice | None = None,
    beside: Sequence[str] = (),
    metric_source: Path | None = None,
    labels: Sequence[Label] | None = None,
    split: SplitPlan | None = None,
    title: str | None = None,
    pages: Mapping[str, str] | None = None,
    **settings: Any,
) -> Contest:
    """Build the folder of a contest from one labelled table or from several tables.

    Parameters
    ----------
    destination
        The folder to make; it appears whole or not at all.
    slug, title
        The contest's name in addresses and on pages.
    train, test, solution
        Files or frames. ``train`` alone is split into all three; ``test`` may itself hold the
        targets in place of a ``solution``, and a solution's own ``Usage`` column stands.
    sample
        The sample submission; made where it is not given.
    targets, id_column
        Columns; without an id column a column ``id`` is taken or made.
    metric
        A name, an alias or a whole choice; None takes one that fits the targets.
    beside
        Metrics shown beside it, where `metric` is no whole choice.
    metric_source
        The file of the host's own metric, copied into the folder as ``metric.py``.
    labels
        The classes in their order; found in the truth where they are not given.
    split
        How rows are shared out, and the seed.
    pages
        Markdown by page name, in place of the pages written from the definition.
    **settings
        Any other field of `Contest`: dates, limits, board.

    Returns
    -------
    Contest

    Raises
    ------
    UnreadableTable
        A file is no table.
    InvalidContest
        The tables or settings break one or more rules, or `destination` is taken.
    """
    built = prepare_contest(
        slug=slug,
        train=train,
        targets=targets,
        test=test,
        solution=solution,
        sample=sample,
        id_column=id_column,
        metric=metric,
        beside=beside,
        labels=labels,
        split=split,
        title=title,
        pages=pages,
        **settings,
    )
    return write_contest(built, destination, metric_source=metric_source)


def prepare_contest(
    *,
    slug: str,
    train: Table,
    targets: Sequence[str],
    test: Table | None = None,
    solution: Table | None = None,
    sample: Table | None = None,
    id_column: str | None = None,
    metric: str | MetricChoice | None = None,
    beside: Sequence[str] = (),
    labels: Sequence[Label] | None = None,
    split: SplitPlan | None = None,
    title: str | None = None,
    pages: Mapping[str, str] | None = None,
    **settings: Any,
) -> BuiltContest:
    """Do all of `build_contest_folder` but the writing, and say what was decided."""
    plan = split or SplitPlan()
    parts = assemble(
        read_source(train, "training"),
        _read_optional(test, "test"),
        _read_optional(solution, "solution"),
        list(dict.fromkeys(targets)),
        id_column,
        plan,
    )
    _refuse_few_rows(parts, is_split=test is None)
    choice, notes = _settled_metric(metric, beside, parts, targets)
    notes += _few_rows(parts)
    contest = Contest(
        slug=slug,
        title=title or slug.replace("-", " ").capitalize(),
        metric=choice,
        targets=tuple(targets),
        id_column=parts.id_column,
        group_column=plan.group_column,
        time_column=plan.time_column,
        public_fraction=_public_share(parts),
        seed=plan.seed,
        **settings,
    )
    contest = _with_labels(contest, parts, labels)
    shown = _sample(contest, parts, _read_optional(sample, "sample submission"))
    contest = replace(contest, pages=pages or starting_pages(contest, _files(parts, shown)))
    return BuiltContest(contest, _trimmed(parts, contest), shown, (*parts.notes, *notes))


def _refuse_few_rows(parts: Parts, *, is_split: bool) -> None:
    """Refuse a table that is too small to be shared out."""
    rows = len(parts.train) + len(parts.solution)
    if is_split and rows < FEWEST_ROWS:
        raise InvalidContest(
            f"the table has {rows} labelled row{'s' * (rows != 1)}, and a contest needs at least "
            f"{FEWEST_ROWS}: some to learn from, some for each of the two boards"
        )


def _few_rows(parts: Parts) -> list[str]:
    scored = int((parts.solution[USAGE] != "Ignored").sum())
    if scored >= FEW_TEST_ROWS:
        return []
    return [
        f"only {scored} test rows: chance will decide ranks; 'ripe contest check' says how much"
    ]


def _public_share(parts: Parts) -> float:
    """Return the share of the scored rows on the public board, as a solution's own Usage has it."""
    scored = parts.solution[USAGE][parts.solution[USAGE] != "Ignored"]
    return round(float((scored == "Public").mean()), 2)


def write_contest(
    built: BuiltContest,
    destination: Path,
    *,
    metric_source: Path | None = None,
    extra_files: Mapping[str, Path] | None = None,
) -> Contest:
    """Write a prepared contest into a new folder.

    Parameters
    ----------
    built
        What `prepare_contest` made.
    destination
        The folder to make.
    metric_source
        The host's own metric.
    extra_files
        Further files for participants, by their name in the data folder.

    Raises
    ------
    InvalidContest
        `destination` exists and is not empty.
    """
    contest = built.contest
    try:
        with new_folder(destination) as folder:
            dump_contest(contest, folder / CONTEST_FILE)
            dump_public_contest(contest, folder / DATA_FOLDER / PUBLIC_CONTEST_FILE)
            for name, frame in _files(built.parts, built.sample).items():
                write_table(frame, folder / DATA_FOLDER / name)
            write_table(built.parts.solution, folder / SOLUTION_FILE)
            if metric_source is not None and contest.metric.file is not None:
                shutil.copyfile(metric_source, folder / contest.metric.file)
            for name, source in (extra_files or {}).items():
                place = folder / DATA_FOLDER / name
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, place)
    except FileExistsError:
        raise InvalidContest(
            f"{destination} exists already; choose another name or remove that folder"
        ) from None
    return contest


def _read_optional(table: Table | None, role: str) -> Source | None:
    return None if table is None else read_source(table, role)


def _settled_metric(
    metric: str | MetricChoice | None, beside: Sequence[str], parts: Parts, targets: Sequence[str]
) -> tuple[MetricChoice, list[str]]:
    notes = []
    if metric is None:
        metric = infer_metric(truth_of(parts.train, parts.solution, targets))
        notes.append(f"no metric was named: {metric} fits the targets")
    choice = MetricChoice(metric, beside=tuple(beside)) if isinstance(metric, str) else metric
    try:
        return settle_metric(choice), notes
    except UnknownMetric as error:
        raise InvalidContest(str(error)) from None


def _with_labels(contest: Contest, parts: Parts, wanted: Sequence[Label] | None) -> Contest:
    """Settle the labels and hold the whole definition against its rules."""
    truth = truth_of(parts.train, parts.solution, contest.targets)
    contest = replace(contest, labels=settle_labels(truth, contest.predicts, wanted))
    problems = contest_problems(contest)
    if problems:
        raise InvalidContest(problems)
    return contest


def _sample(contest: Contest, parts: Parts, given: Source | None) -> pd.DataFrame:
    if given is None:
        return sample_submission(contest, parts.train, parts.test[contest.id_column])
    given.require([contest.id_column, *contest.prediction_columns])
    if set(given.frame[contest.id_column]) != set(parts.test[contest.id_column]):
        raise InvalidContest(f"the ids of {given.name} are not the ids of the test table")
    return given.frame


def _files(parts: Parts, sample: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {TRAIN_FILE: parts.train, TEST_FILE: parts.test, SAMPLE_FILE: sample}


def _trimmed(parts: Parts, contest: Contest) -> Parts:
    """Keep of the solution what is scored; a host's own metric may need all of it."""
    if contest.metric.file is not None:
        return parts
    columns = [contest.id_column, *contest.targets, USAGE]
    return replace(parts, solution=parts.solution[columns])
