"""Codabench bundles: ``competition.yaml`` (version 2), pages, tasks with reference data.

Keys are those of Codabench's documentation ("Competition Bundle Structure",
https://docs.codabench.org). Taken over are contests whose participants send predictions as CSV;
the scoring program is not run, the metric of the leaderboard's first column scores instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from competition.building.foreign.bundle import Bundle, Tables
from competition.building.foreign.contest import ForeignContest, slug_of
from competition.building.foreign.yaml_files import moment_of, read_yaml
from competition.building.sources import USAGE
from competition.errors import InvalidContest, UnknownMetric
from competition.metrics import get_metric

CODABENCH_FILE = "competition.yaml"
KNOWN_KEYS = (
    "version",
    "title",
    "description",
    "pages",
    "terms",
    "tasks",
    "phases",
    "leaderboards",
    "registration_auto_approve",
)
KNOWN_PHASE_KEYS = (
    "index",
    "name",
    "description",
    "start",
    "end",
    "tasks",
    "public_data",
    "max_submissions_per_day",
)
KNOWN_TASK_KEYS = (
    "index",
    "name",
    "description",
    "reference_data",
    "input_data",
)
NOT_TAKEN = {
    "image": "logos have no counterpart",
    "docker_image": "metrics run in a child process, not in an image",
    "solutions": "example solutions are not taken over",
    "fact_sheet": "fact sheets have no counterpart",
    "queue": "entries wait in this host's own queue",
    "scoring_program": "its code is not run; the metric scores instead",
    "ingestion_program": "code is not run here; participants send predictions",
    "starting_kit": "starting kits are not taken over",
    "max_submissions": "a limit in all has no counterpart; the daily one holds",
    "execution_time_limit": "entries are files, nothing runs",
    "auto_migrate_to_this_phase": "an entry is scored on both boards at once",
    "enable_detailed_results": "detailed results have no counterpart",
    "submission_rule": "the best entry counts on the public board",
}


def read_codabench(folder: Path, scratch: Path) -> ForeignContest:
    """Read an unpacked Codabench bundle.

    Parameters
    ----------
    folder
        Where ``competition.yaml`` lies.
    scratch
        An empty folder, into which archives inside the bundle are unpacked; it must outlive
        the contest's extra files.

    Raises
    ------
    InvalidContest
        The bundle is of version 1, or holds no reference data that map.
    """
    config = read_yaml(folder / CODABENCH_FILE)
    if "tasks" not in config or not isinstance(config.get("phases"), list):
        raise InvalidContest(
            f"{CODABENCH_FILE} is of version 1, without tasks; upload and download it at Codabench "
            "to have it turned into version 2"
        )
    phases = sorted(config["phases"], key=lambda phase: phase.get("index", 0))
    tasks = {task.get("index"): task for task in config["tasks"]}
    bundle = Bundle(folder, scratch)
    truth, notes = _truth(bundle, phases, tasks)
    train, test, sample = _participants_tables(bundle, phases, tasks, truth)
    id_column, targets = _roles(train, truth, test)
    metric, metric_notes = _metric(config)
    return ForeignContest(
        slug=slug_of(str(config.get("title") or folder.name)),
        title=str(config.get("title") or folder.name),
        train=train,
        test=test,
        sample=sample,
        solution=truth,
        id_column=id_column,
        targets=targets,
        metric=metric,
        pages=_pages(folder, config),
        extra_files=_further_files(bundle, phases),
        settings=_settings(config, phases),
        unmapped=tuple(dict.fromkeys([*_unmapped(bundle, config, phases), *notes, *metric_notes])),
    )


def _truth(
    bundle: Bundle, phases: Sequence[Mapping[str, Any]], tasks: Mapping[Any, Mapping[str, Any]]
) -> tuple[pd.DataFrame, list[str]]:
    """Put the reference data of the phases together: the last is private, those before public."""
    named = list(dict.fromkeys(index for phase in phases for index in phase.get("tasks", [])))
    references = [
        _reference(bundle, tasks[index])
        for index in named
        if "reference_data" in tasks.get(index, {})
    ]
    if not references:
        raise InvalidContest("no task of the bundle has reference_data")
    if len(references) == 1:
        note = "one task: its rows are shared between a public and a private board here"
        return references[0], [note]
    *public, private = references
    known = pd.concat(public)
    if set(known.iloc[:, 0]) & set(private.iloc[:, 0]) or list(known) != list(private):
        return private, ["reference data of the phases before the last: they ask for the same rows"]
    usage = ["Public"] * len(known) + ["Private"] * len(private)
    return pd.concat([known, private], ignore_index=True).assign(**{USAGE: usage}), []


def _reference(bundle: Bundle, task: Mapping[str, Any]) -> pd.DataFrame:
    name = task["reference_data"]
    tables = bundle.tables(name)
    if len(tables) != 1 or len(next(iter(tables.values())).columns) < 2:
        held = ", ".join(bundle.files(name)) or "nothing"
        raise InvalidContest(
            f"the reference data {name!r} must be one CSV file with a header, an id column and "
            f"the truth, but hold {held}"
        )
    return next(iter(tables.values()))


def _participants_tables(
    bundle: Bundle,
    phases: Sequence[Mapping[str, Any]],
    tasks: Mapping[Any, Mapping[str, Any]],
    truth: pd.DataFrame,
) -> tuple[pd.DataFrame, pd.DataFrame | None, pd.DataFrame | None]:
    """Find the training table, the test table and a sample among the participants' files."""
    names = [phase.get("public_data") for phase in phases]
    names += [task.get("input_data") for task in tasks.values()]
    tables: Tables = {}
    for name in dict.fromkeys(name for name in names if isinstance(name, str)):
        tables |= bundle.tables(name)
    ids, answers = truth.columns[0], [name for name in truth.columns[1:] if name != USAGE]
    asked = set(truth[ids])
    train = test = sample = None
    for table in tables.values():
        labelled = set(answers) <= set(table.columns)
        if ids in table and set(table[ids]) >= asked:
            sample, test = (table, test) if labelled else (sample, table)
        elif labelled and train is None:
            train = table
    if train is None:
        raise InvalidContest(
            f"no file for participants has the columns {', '.join(answers)}; give training data in "
            "public_data"
        )
    return train, test, sample


def _further_files(bundle: Bundle, phases: Sequence[Mapping[str, Any]]) -> dict[str, Path]:
    """Find what participants download beside tables, such as images."""
    found: dict[str, Path] = {}
    for name in dict.fromkeys(phase.get("public_data") for phase in phases):
        if isinstance(name, str):
            found |= bundle.files(name)
    return {name: path for name, path in found.items() if path.suffix != ".csv"}


def _roles(
    train: pd.DataFrame, truth: pd.DataFrame, test: pd.DataFrame | None
) -> tuple[str, tuple[str, ...]]:
    id_column = str(truth.columns[0])
    targets = tuple(str(name) for name in truth.columns[1:] if name != USAGE)
    if id_column not in train:
        train.insert(0, id_column, [f"train-{row}" for row in range(1, len(train) + 1)])
    return id_column, targets


def _metric(config: Mapping[str, Any]) -> tuple[str | None, list[str]]:
    """Find the metric of the board's first column, and say what the other columns were."""
    boards = config.get("leaderboards") or []
    columns = sorted(
        (column for board in boards for column in board.get("columns", [])),
        key=lambda column: column.get("index", 0),
    )
    if not columns:
        return None, ["it has no leaderboard column to tell the metric"]
    notes = [
        f"leaderboard column {column.get('key')!r}: one metric ranks" for column in columns[1:]
    ]
    for name in (columns[0].get("key"), columns[0].get("title")):
        try:
            metric = get_metric(str(name))
        except UnknownMetric:
            continue
        wanted = columns[0].get("sorting", "desc") == "desc"
        if metric.greater_is_better != wanted:
            notes.append(f"sorting of {name!r}: {metric.name} knows its direction itself")
        return metric.name, notes
    key = columns[0].get("key")
    return None, [*notes, f"its score {key!r} is no metric known here; name one with --metric"]


def _pages(folder: Path, config: Mapping[str, Any]) -> dict[str, str]:
    named = [(page.get("title"), page.get("file")) for page in config.get("pages") or []]
    named.append(("rules", config.get("terms")))
    found = {}
    for title, name in named:
        place = (folder / str(name)).resolve()
        if name and place.is_file() and place.is_relative_to(folder.resolve()):
            found[slug_of(str(title)) or place.stem] = place.read_text(encoding="utf-8")
    return found


def _settings(config: Mapping[str, Any], phases: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    settings: dict[str, Any] = {"description": str(config.get("description") or "")}
    start = moment_of(phases[0].get("start"), "phases.start") if phases else None
    end = moment_of(phases[-1].get("end"), "phases.end") if phases else None
    daily = [phase.get("max_submissions_per_day") for phase in phases]
    daily = [limit for limit in daily if isinstance(limit, int) and limit > 0]
    optional = {"launched_at": start, "deadline": end, "max_daily_submissions": daily and daily[0]}
    return settings | {name: value for name, value in optional.items() if value}


def _unmapped(
    bundle: Bundle, config: Mapping[str, Any], phases: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    yield from _left_out(config, KNOWN_KEYS)
    if config.get("registration_auto_approve") is False:
        yield "registration_auto_approve: everyone with an account may enter"
    for phase in phases:
        yield from _left_out(phase, KNOWN_PHASE_KEYS)
    for task in config["tasks"]:
        yield from _left_out(task, KNOWN_TASK_KEYS)
    for board in config.get("leaderboards") or []:
        yield from _left_out(board, ("index", "title", "key", "columns"))
    yield from _hidden_files(bundle, config, phases)


def _hidden_files(
    bundle: Bundle, config: Mapping[str, Any], phases: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    """Name input data that only code was given: participants never download it."""
    public = {phase.get("public_data") for phase in phases}
    names = (task.get("input_data") for task in config["tasks"])
    for name in dict.fromkeys(name for name in names if isinstance(name, str)):
        hidden = [inner for inner in bundle.files(name) if not inner.endswith(".csv")]
        if hidden and name not in public:
            yield (
                f"input_data {name!r}: {len(hidden)} files, such as {hidden[0]}; copy what "
                "participants need into the contest's data folder"
            )


def _left_out(mapping: Mapping[str, Any], known: Sequence[str]) -> Iterator[str]:
    for key, value in mapping.items():
        if key not in known and value not in (None, [], {}, ""):
            yield f"{key}: {NOT_TAKEN.get(key, 'not known here')}"
