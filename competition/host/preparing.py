"""From what a host has uploaded to a contest that can be scored.

Kaggle's host commands send data and a solution, and choose targets and metric on a web page. Here
``contest-public.toml`` among the data says them; without it the solution's columns are the targets
and a metric that fits them is taken, unless the contest has one of its host's own. What is missing
is made: the sample submission, the ``Usage`` column, ``contest-public.toml`` itself.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pandas as pd

from competition.building import prepare_contest, refuse_unscorable
from competition.building.samples import sample_submission as made_sample
from competition.building.truth import infer_metric, settle_labels
from competition.definition import (
    PUBLIC_CONTEST_FILE,
    Contest,
    MetricChoice,
    contest_problems,
    dump_public_contest,
    load_contest,
)
from competition.errors import CompetitionError, InvalidContest
from competition.host.leaks import SAMPLE, TRAIN, refuse_solution_names, refuse_truth
from competition.store import (
    Store,
    change_contest,
    contest_record,
    get_contest,
    list_data_files,
    metric_file,
    solution_file,
)
from competition.tables import read_table, write_table

__all__ = ["Uploads", "setup_problem", "take_uploads", "uploads_of"]

TEST = "test.csv"
USAGE = "Usage"


@dataclass(frozen=True)
class Uploads:
    """What a host has uploaded: data files by name, and the solution, as digests.

    ``version`` is that of the contest when they were read.
    """

    data: Mapping[str, str]
    solution: str | None
    version: int


@dataclass(frozen=True)
class Prepared:
    """A contest that can be scored: its definition, further data files, and its solution."""

    contest: Contest
    data: Mapping[str, Path]
    solution: Path


def uploads_of(store: Store, slug: str) -> Uploads:
    """Return what a contest holds now."""
    held = contest_record(store, slug)
    data = {file.name: file.sha256 for file in list_data_files(store, slug)}
    solution = solution_file(store, slug).sha256 if held.has_solution else None
    return Uploads(data, solution, held.version)


def take_uploads(
    store: Store, slug: str, uploads: Uploads, *, actor: str, now: datetime, note: str
) -> None:
    """Let uploads become the contest's own: one change, or none.

    A contest that is not open yet takes also what cannot be scored so far, as a host brings one
    file after the other.

    Raises
    ------
    CompetitionError
        When the contest is open and something is missing or does not fit, or when the data are
        named like the solution; the contest stays as it was.
    """
    refuse_solution_names(uploads.data)
    before = get_contest(store, slug)
    with tempfile.TemporaryDirectory(prefix="ripe-") as folder:
        made = _prepared_or_draft(store, before, uploads, Path(folder))
        if made is not None:
            added = {name: store.files.put(path) for name, path in made.data.items()}
            solution = store.files.put(made.solution)
            uploads = replace(uploads, data={**uploads.data, **added}, solution=solution)
        held = uploads_of(store, slug)
        change_contest(
            store,
            slug,
            contest=None if made is None else made.contest,
            data=uploads.data if uploads.data != held.data else None,
            solution=uploads.solution,
            actor=actor,
            now=now,
            note=note,
            expected_version=uploads.version,
        )


def setup_problem(store: Store, slug: str) -> str | None:
    """Say what is in the way of scoring a contest; None when nothing is."""
    with tempfile.TemporaryDirectory(prefix="ripe-") as folder:
        try:
            uploads = uploads_of(store, slug)
            made = prepare(store, get_contest(store, slug), uploads, Path(folder))
            _refuse_unscorable(store, slug, uploads, made)
        except CompetitionError as error:
            return str(error)
    return None


def _refuse_unscorable(store: Store, slug: str, uploads: Uploads, made: Prepared) -> None:
    """Try what would be opened, as opening it will."""
    own = metric_file(store, slug)
    sample = made.data.get(SAMPLE) or store.files.path(uploads.data[SAMPLE])
    refuse_unscorable(made.contest, made.solution, sample, own.path if own else None)


def prepare(store: Store, contest: Contest, uploads: Uploads, folder: Path) -> Prepared:
    """Work out a contest from uploads, and write what was missing into a folder.

    Raises
    ------
    CompetitionError
        When something is missing or does not fit.
    """
    if uploads.solution is None:
        raise InvalidContest(f"{contest.slug} has no solution yet; upload one")
    with _own_names(folder):
        refuse_solution_names(uploads.data)
        present = {
            name: _named(store.files.path(digest), folder / "data" / name)
            for name, digest in uploads.data.items()
        }
        place = folder / "solution" / "solution.csv"
        solution = _named(store.files.path(uploads.solution), place)
        made = folder / "made"
        made.mkdir()
        draft = _draft(contest, present, solution)
        refuse_truth(draft, present, read_table(solution, all_text=True))
        if TRAIN in present:
            return _from_tables(draft, present, solution, made)
        return _from_solution(draft, present, solution, made)


def _prepared_or_draft(
    store: Store, contest: Contest, uploads: Uploads, folder: Path
) -> Prepared | None:
    """Return the prepared contest; None where a contest that is not open is not ready."""
    try:
        return prepare(store, contest, uploads, folder)
    except CompetitionError:
        if contest.launched_at is not None:
            raise
    return None


@contextmanager
def _own_names(folder: Path) -> Iterator[None]:
    """Let messages call files by the names that their host gave them."""
    try:
        yield
    except CompetitionError as error:
        said = str(error)
        for part in ("data", "solution", "made"):
            said = said.replace(f"{folder / part}/", "")
        if said == str(error):
            raise
        raise InvalidContest(said) from None


def _named(stored: Path, name: Path) -> Path:
    """Give stored content its name again: what a file is shows in its ending."""
    name.parent.mkdir(parents=True, exist_ok=True)
    name.symlink_to(stored.resolve())
    return name


def _draft(contest: Contest, data: Mapping[str, Path], solution: Path) -> Contest:
    """Return the contest with the id, targets and metric that the uploads name."""
    if PUBLIC_CONTEST_FILE in data:
        said = load_contest(data[PUBLIC_CONTEST_FILE])
        return replace(
            contest,
            metric=said.metric,
            targets=said.targets,
            id_column=said.id_column,
            labels=said.labels,
            group_column=said.group_column,
            time_column=said.time_column,
        )
    columns = list(read_table(solution, text_columns=()).columns)
    if contest.metric.file is not None and {contest.id_column, *contest.targets} <= set(columns):
        return contest  # nothing in tables would tell of a metric of the host's own
    id_column = _id_column(data, columns)
    targets = tuple(name for name in columns if name not in {id_column, USAGE})
    if not targets:
        raise InvalidContest(f"the solution needs a column beside {id_column!r} and {USAGE!r}")
    unnamed = MetricChoice("")
    return replace(contest, id_column=id_column, targets=targets, labels=(), metric=unnamed)


def _id_column(data: Mapping[str, Path], columns: list[str]) -> str:
    if SAMPLE not in data:
        return str(columns[0])
    first = str(read_table(data[SAMPLE]).columns[0])
    if first not in columns:
        raise InvalidContest(f"the solution lacks {first!r}, the first column of {SAMPLE}")
    return first


def _from_tables(draft: Contest, data: Mapping[str, Path], solution: Path, made: Path) -> Prepared:
    built = prepare_contest(
        slug=draft.slug,
        train=data[TRAIN],
        test=data.get(TEST),
        solution=solution,
        sample=data.get(SAMPLE),
        targets=draft.targets,
        id_column=draft.id_column,
        metric=draft.metric if draft.metric.name else None,
        labels=draft.labels or None,
    )
    contest = replace(draft, metric=built.contest.metric, labels=built.contest.labels)
    if SAMPLE not in data:
        write_table(built.sample, made / SAMPLE)
    return _written(contest, built.parts.solution, data, made)


def _from_solution(
    draft: Contest, data: Mapping[str, Path], solution: Path, made: Path
) -> Prepared:
    """Without a training table the truth alone says what the targets are."""
    frame = read_table(solution, text_columns=list(read_table(solution).columns))
    if USAGE not in frame:
        raise InvalidContest(f"the solution needs a column {USAGE!r}: Public, Private or Ignored")
    truth = {name: frame[name][frame[name] != ""] for name in draft.targets}
    metric = draft.metric if draft.metric.name else MetricChoice(infer_metric(truth))
    contest = replace(draft, metric=metric)
    contest = replace(contest, labels=settle_labels(truth, contest.predicts, draft.labels or None))
    if SAMPLE not in data:
        write_table(made_sample(contest, frame, frame[contest.id_column]), made / SAMPLE)
    return _written(contest, frame, data, made)


def _written(
    contest: Contest, solution: pd.DataFrame, data: Mapping[str, Path], made: Path
) -> Prepared:
    problems = contest_problems(contest)
    if problems:
        raise InvalidContest(problems)
    dump_public_contest(contest, made / PUBLIC_CONTEST_FILE)
    write_table(solution, made / "solution.csv")
    added = {PUBLIC_CONTEST_FILE: made / PUBLIC_CONTEST_FILE}
    if SAMPLE not in data:
        added[SAMPLE] = made / SAMPLE
    return Prepared(contest, added, made / "solution.csv")
