"""Look a contest over before it opens: everything a host would rather know today."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pandas as pd

from competition.building.findings import SEVERITIES, Finding, LintReport
from competition.building.folder import DATA_FOLDER, SAMPLE_FILE, TRAIN_FILE
from competition.building.leaks import leak_findings
from competition.building.material import Material, load_material
from competition.building.precision import precision_findings
from competition.building.probes import Prober
from competition.building.sides import duplicate_findings, group_findings
from competition.building.sources import examples
from competition.errors import InvalidContest, UnreadableTable
from competition.tables import read_table

STEPS = ("trial entries", "leaks", "repeated rows", "groups and times", "precision")
"""What takes its time."""


def lint_contest(
    folder: str | Path,
    *,
    now: datetime | None = None,
    progress: Callable[[str], None] | None = None,
) -> LintReport:
    """Try a contest out with made-up entries and look for leaks.

    Parameters
    ----------
    folder
        The contest's folder, with its solution.
    now
        When given, dates are held against it.
    progress
        Told what is looked at, before each of `STEPS`.

    Returns
    -------
    LintReport
        Findings, the gravest first. A contest whose files cannot be read at all has one.
    """
    try:
        material = load_material(Path(folder))
    except (InvalidContest, UnreadableTable) as error:
        finding = Finding("files", "error", str(error), "mend the folder and look again")
        return LintReport(Path(folder).name, (finding,))
    found = list(_table_findings(material))
    prober = Prober(material)
    looks = dict(zip(STEPS, _looks(material, prober), strict=True))
    if any(finding.rule == "ids" and finding.severity == "error" for finding in found):
        looks = {}
    for step, findings in looks.items():
        if progress is not None:
            progress(step)
        found += findings
    if now is not None:
        found += _date_findings(material, now)
    found.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    contest = material.contest
    decimals = contest.score_truncation_num_decimals
    return LintReport(contest.slug, tuple(found), prober.scores, decimals)


def _looks(material: Material, prober: Prober) -> Iterator[Iterator[Finding]]:
    """Yield what each of `STEPS` finds; nothing is looked at before it is asked for."""
    yield prober.findings()
    yield leak_findings(material)
    yield duplicate_findings(material)
    yield group_findings(material)
    yield precision_findings(material)


def _table_findings(material: Material) -> Iterator[Finding]:
    yield from _id_findings(material)
    yield from _column_findings(material)
    yield from _data_file_findings(material)
    if material.has_classes:
        yield from _label_findings(material)


def _id_findings(material: Material) -> Iterator[Finding]:
    id_column = material.contest.id_column
    asked = material.test[id_column]
    for name, frame in (("solution.csv", material.solution), (SAMPLE_FILE, material.sample)):
        other = frame[id_column]
        lacking, extra = asked[~asked.isin(other)], other[~other.isin(asked)]
        for odd, words in ((lacking, f"missing from {name}"), (extra, f"only in {name}")):
            if len(odd):
                yield Finding(
                    "ids",
                    "error",
                    f"{len(odd)} ids are {words}: {examples(odd)}",
                    "let test.csv, the sample submission and the solution name the same ids",
                )
    if id_column in material.train:
        both = asked[asked.isin(material.train[id_column])]
        if len(both):
            yield Finding(
                "ids",
                "note",
                f"{len(both)} ids of the test rows also stand in train.csv: {examples(both)}",
            )


def _column_findings(material: Material) -> Iterator[Finding]:
    contest, train, test = material.contest, material.train, material.test
    for target in contest.targets:
        if target in test:
            yield Finding(
                "columns",
                "error",
                f"test.csv holds the target {target!r}",
                "remove that column from test.csv",
            )
    unseen = [name for name in test if name not in train and name not in contest.targets]
    absent = [name for name in train if name not in test and name not in contest.targets]
    for names, words in ((unseen, "only in test.csv"), (absent, "only in train.csv")):
        if names := [name for name in names if name != contest.id_column]:
            yield Finding(
                "columns",
                "warning",
                f"columns {words}: {examples(pd.Series(names))}",
                "give both files the same features",
            )
    empty = [name for name in material.features if (train[name] == "").all()]
    if empty:
        yield Finding(
            "columns", "note", f"columns without any value in train.csv: {', '.join(empty)}"
        )


def _data_file_findings(material: Material) -> Iterator[Finding]:
    """Look into the other files for participants: none may answer for the test ids."""
    contest, data = material.contest, material.folder / DATA_FOLDER
    for path in sorted(data.rglob("*.csv*")):
        if path.name in (TRAIN_FILE, SAMPLE_FILE):
            continue
        try:
            frame = read_table(path, all_text=True)
        except UnreadableTable:
            continue
        wanted = [contest.id_column, *contest.targets]
        if set(wanted) <= set(frame.columns) and path.name != "test.csv":
            both = frame[wanted].merge(material.solution[wanted], on=wanted)
            if len(both):
                yield Finding(
                    "solution_in_data",
                    "error",
                    f"{path.relative_to(data)} tells the truth of {len(both)} test rows",
                    "take that file out of the data folder",
                )


def _label_findings(material: Material) -> Iterator[Finding]:
    labels = {str(label) for label in material.contest.labels}
    for target in material.contest.targets:
        sides = {
            "train.csv": set(material.train[target]),
            "the public rows": set(material.rows_of("Public")[target]),
            "the private rows": set(material.rows_of("Private")[target]),
        }
        known = {name: found for name, found in sides.items() if found}
        for name, found in known.items():
            if missing := sorted(labels - found):
                yield _missing_labels(target, name, missing)
        odd = sorted(set().union(*known.values()) - labels - {""})
        if odd:
            yield Finding(
                "labels",
                "error",
                f"{target!r} holds {', '.join(map(repr, odd))}, no labels of the contest",
                "add them to data.labels in contest.toml, or mend the tables",
            )


def _missing_labels(target: str, side: str, missing: list[str]) -> Finding:
    words = ", ".join(map(repr, missing))
    if side == "train.csv":
        return Finding(
            "labels",
            "warning",
            f"{side} has no row with {target!r} {words}: nothing can learn it",
            "split again so that every class can be learnt",
        )
    return Finding(
        "labels",
        "warning",
        f"{side} have no row with {target!r} {words}",
        "split again with another seed or a larger part, so that each board asks for every class",
    )


def _date_findings(material: Material, now: datetime) -> Iterator[Finding]:
    deadline = material.contest.deadline
    if deadline is None:
        yield Finding("dates", "note", "the contest has no deadline: it stays open")
    elif deadline <= now:
        yield Finding(
            "dates",
            "warning",
            f"the deadline {deadline:%Y-%m-%d %H:%M} UTC lies in the past",
            "entries are marked late; move the deadline in contest.toml",
        )
