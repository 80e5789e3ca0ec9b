"""From what a host has uploaded to a contest that can be scored.

Kaggle's host commands send data and a solution, and choose targets and metric on a web page. Here
``contest-public.toml`` among the data says them; without it the solution's columns are the targets
and a metric that fits them is taken. What is missing is made: the sample submission, the ``Usage``
column, ``contest-public.toml`` itself.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from competition.building import prepare_contest
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
from competition.errors import InvalidContest
from competition.store import (
    Store,
    change_contest,
    get_contest,
    list_data_files,
    solution_file,
)
from competition.tables import read_table, write_table

__all__ = ["Prepared", "prepare", "take_prepared"]

SAMPLE = "sample_submission.csv"
TRAIN = "train.csv"
TEST = "test.csv"
USAGE = "Usage"


@dataclass(frozen=True)
class Prepared:
    """A contest that can be scored: its definition, further data files, and its solution."""

    contest: Contest
    data: Mapping[str, Path]
    solution: Path


def take_prepared(store: Store, slug: str, *, actor: str, now: datetime) -> None:
    """Make a contest of what was uploaded.

    Raises
    ------
    CompetitionError
        When something is missing or does not fit; the contest stays as it was.
    """
    with tempfile.TemporaryDirectory(prefix="ripe-") as folder:
        made = prepare(store, slug, Path(folder))
        kept = {file.name: file.sha256 for file in list_data_files(store, slug)}
        added = {name: store.files.put(path) for name, path in made.data.items()}
        change_contest(
            store,
            slug,
            contest=made.contest,
            data={**kept, **added} if added.items() - kept.items() else None,
            solution=store.files.put(made.solution),
            actor=actor,
            now=now,
            note="prepared from uploads",
        )


def prepare(store: Store, slug: str, folder: Path) -> Prepared:
    """Work out a contest from what was uploaded, and write what was missing into a folder.

    Raises
    ------
    CompetitionError
        When something is missing or does not fit.
    """
    present = {
        file.name: _named(file.path, folder / file.name) for file in list_data_files(store, slug)
    }
    solution = _named(solution_file(store, slug).path, folder / "solution.csv")
    draft = _draft(get_contest(store, slug), present, solution)
    if TRAIN in present:
        return _from_tables(draft, present, solution, folder)
    return _from_solution(draft, present, solution, folder)


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


def _from_tables(
    draft: Contest, data: Mapping[str, Path], solution: Path, folder: Path
) -> Prepared:
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
        write_table(built.sample, folder / SAMPLE)
    return _written(contest, built.parts.solution, data, folder)


def _from_solution(
    draft: Contest, data: Mapping[str, Path], solution: Path, folder: Path
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
        write_table(made_sample(contest, frame, frame[contest.id_column]), folder / SAMPLE)
    return _written(contest, frame, data, folder)


def _written(
    contest: Contest, solution: object, data: Mapping[str, Path], folder: Path
) -> Prepared:
    problems = contest_problems(contest)
    if problems:
        raise InvalidContest(problems)
    made = folder / "made"
    made.mkdir()
    dump_public_contest(contest, made / PUBLIC_CONTEST_FILE)
    write_table(solution, made / "solution.csv")  # type: ignore[arg-type]
    added = {PUBLIC_CONTEST_FILE: made / PUBLIC_CONTEST_FILE}
    if SAMPLE not in data:
        added[SAMPLE] = folder / SAMPLE
    return Prepared(contest, added, made / "solution.csv")
