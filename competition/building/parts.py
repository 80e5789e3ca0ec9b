"""From the tables a host has to the three that a contest needs: train, test and solution."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from competition.building.sources import USAGE, USAGES, Source, check_ids, examples
from competition.building.splitting import SplitPlan, chosen_rows, times_of
from competition.errors import InvalidContest

GENERATED_ID = "id"
ID_NAME = re.compile(r"^id$|^Id$|ID$|[a-z]Id$|[_ .-][Ii]d$")
TRAIN_SPLIT, PUBLIC_SPLIT = 0, 1


@dataclass(frozen=True)
class Parts:
    """The tables of a contest, every cell as text.

    ``test`` holds no target; ``solution`` holds the id, the targets, ``Usage`` and whatever else
    the solution file held. ``notes`` say what was decided for lack of an option.
    """

    train: pd.DataFrame
    test: pd.DataFrame
    solution: pd.DataFrame
    id_column: str
    notes: tuple[str, ...] = ()


def assemble(
    train: Source,
    test: Source | None,
    solution: Source | None,
    targets: Sequence[str],
    id_column: str | None,
    plan: SplitPlan,
) -> Parts:
    """Make the three tables from one labelled table or from several.

    Raises
    ------
    InvalidContest
        A column is missing, ids are empty or stand twice, the tables do not fit together, a
        truth is missing.
    """
    _refuse_empty_plan(plan, targets)
    train.require([*targets, *_named_columns(plan)])
    given = [source for source in (train, test, solution) if source is not None]
    id_column, notes = _settled_id(given, id_column)
    if test is None and solution is None:
        parts = _from_one_table(train, targets, id_column, plan)
    else:
        parts = _from_several(train, test, solution, targets, id_column)
    parts = _with_usage(parts, targets, plan)
    return replace(parts, notes=(*notes, *parts.notes))


def _refuse_empty_plan(plan: SplitPlan, targets: Sequence[str]) -> None:
    problems = plan.problems()
    if not targets:
        problems.append("name at least one target column")
    if problems:
        raise InvalidContest(problems)


def _named_columns(plan: SplitPlan) -> list[str]:
    return [name for name in (plan.group_column, plan.time_column) if name is not None]


def _settled_id(given: Sequence[Source], wanted: str | None) -> tuple[str, list[str]]:
    """Find the id column, or name the one that is to be made."""
    if wanted is not None:
        for source in given:
            source.require([wanted])
            check_ids(source, wanted)
        return wanted, []
    found = [column for column in given[0].frame.columns if _identifies_all(given, column)]
    named = [column for column in found if ID_NAME.search(column)]
    if named or (len(given) > 1 and len(found) == 1):
        id_column = (named or found)[0]
        return id_column, [f"no id column was named: {id_column!r} identifies every row"]
    _refuse_taken_name(given)
    return GENERATED_ID, [f"no id column was named: {GENERATED_ID!r} was made, from 1 on"]


def _identifies_all(given: Sequence[Source], column: str) -> bool:
    return all(column in source.frame and _is_key(source.frame[column]) for source in given)


def _is_key(ids: pd.Series[str]) -> bool:
    return ids.is_unique and bool((ids != "").all())


def _refuse_taken_name(given: Sequence[Source]) -> None:
    for source in given:
        if GENERATED_ID in source.frame:
            check_ids(source, GENERATED_ID)
            raise InvalidContest(
                f"{source.name} has a column {GENERATED_ID!r} which another table lacks; "
                "name the id column that all of them share, or rename it"
            )


def _from_one_table(
    table: Source, targets: Sequence[str], id_column: str, plan: SplitPlan
) -> Parts:
    _refuse_missing_truth(table, targets)
    if len(table.frame) < 2:
        raise InvalidContest(f"{table.name} has only 1 row; a split needs at least 2")
    rng = np.random.default_rng([plan.seed, TRAIN_SPLIT])
    frame = _ordered(table.frame, plan, rng)
    is_test = chosen_rows(frame, targets, plan, plan.test_fraction, rng, latest=True)
    train = frame[~is_test].reset_index(drop=True)
    held_out = frame[is_test].reset_index(drop=True)
    if id_column not in frame:
        train.insert(0, id_column, _numbers(1, len(train)))
        held_out.insert(0, id_column, _numbers(len(train) + 1, len(held_out)))
    return Parts(
        train=train,
        test=held_out.drop(columns=list(targets)),
        solution=held_out[[id_column, *targets]],
        id_column=id_column,
    )


def _ordered(frame: pd.DataFrame, plan: SplitPlan, rng: np.random.Generator) -> pd.DataFrame:
    """Put the rows in an order that tells nothing about the truth: shuffled, or by time."""
    if plan.chosen_kind != "time" or plan.time_column not in frame:
        return frame.iloc[rng.permutation(len(frame))].reset_index(drop=True)
    order = np.argsort(times_of(frame[plan.time_column]).to_numpy(), kind="stable")
    return frame.iloc[order].reset_index(drop=True)


def _from_several(
    train: Source,
    test: Source | None,
    solution: Source | None,
    targets: Sequence[str],
    id_column: str,
) -> Parts:
    truth = _truth_source(test, solution, targets, id_column)
    _refuse_missing_truth(truth, targets)
    features = (test or truth).frame
    train_frame, truth_frame = train.frame, truth.frame
    if id_column not in truth_frame:
        _refuse_unequal(test, truth)
        train_frame = _numbered(train_frame, id_column, 1)
        features = _numbered(features, id_column, len(train_frame) + 1)
        truth_frame = _numbered(truth_frame, id_column, len(train_frame) + 1)
    elif test is not None and test is not truth:
        _refuse_other_ids(test, truth, id_column)
        truth_frame = _aligned(truth_frame, features[id_column], id_column)
    hidden = _hidden(features, test, solution, [id_column, *targets])
    return Parts(
        train=train_frame,
        test=features.drop(columns=hidden),
        solution=truth_frame,
        id_column=id_column,
    )


def _hidden(
    features: pd.DataFrame, test: Source | None, solution: Source | None, known: Sequence[str]
) -> list[str]:
    """Columns that participants must not see: truth, and all but the id of a bare solution."""
    id_column, *targets = known
    if test is None:
        return [column for column in features.columns if column != id_column]
    truth = targets if solution is not None else [*targets, USAGE]
    return [column for column in truth if column in features]


def _truth_source(
    test: Source | None, solution: Source | None, targets: Sequence[str], id_column: str
) -> Source:
    if solution is not None:
        solution.require(targets)
        return solution
    assert test is not None  # noqa: S101 - the caller has one of the two
    if not set(targets) <= set(test.frame.columns):
        raise InvalidContest(
            f"{test.name} lacks the target {', '.join(map(repr, targets))} and no solution table "
            "was given; give the solution, or one labelled table alone to be split"
        )
    kept = [column for column in (id_column, *targets, USAGE) if column in test.frame]
    return Source(test.name, test.frame[kept])


def _refuse_missing_truth(source: Source, targets: Sequence[str]) -> None:
    problems = []
    for target in targets:
        empty = source.frame.index[source.frame[target] == ""]
        if len(empty):
            problems.append(
                f"{source.name} lacks the truth in column {target!r} of {len(empty)} rows, the "
                f"first in row {empty[0] + 1}; fill it in or remove those rows"
            )
    if problems:
        raise InvalidContest(problems)


def _refuse_unequal(test: Source | None, truth: Source) -> None:
    if test is not None and len(test.frame) != len(truth.frame):
        raise InvalidContest(
            f"{test.name} has {len(test.frame)} rows but {truth.name} has {len(truth.frame)}; "
            "without an id column they must match row by row"
        )


def _numbered(frame: pd.DataFrame, id_column: str, first: int) -> pd.DataFrame:
    frame = frame.copy()
    frame.insert(0, id_column, _numbers(first, len(frame)))
    return frame


def _numbers(first: int, count: int) -> list[str]:
    return [str(number) for number in range(first, first + count)]


def _refuse_other_ids(test: Source, truth: Source, id_column: str) -> None:
    asked, known = test.frame[id_column], truth.frame[id_column]
    unanswered, unasked = asked[~asked.isin(known)], known[~known.isin(asked)]
    problems = []
    if len(unanswered):
        problems.append(
            f"{len(unanswered)} ids of {test.name} have no truth in {truth.name}: "
            f"{examples(unanswered)}"
        )
    if len(unasked):
        problems.append(
            f"{len(unasked)} ids of {truth.name} are not in {test.name}: {examples(unasked)}"
        )
    if problems:
        raise InvalidContest(problems)


def _aligned(truth: pd.DataFrame, ids: pd.Series[str], id_column: str) -> pd.DataFrame:
    return truth.set_index(id_column).reindex(list(ids)).reset_index()[list(truth.columns)]


def _with_usage(parts: Parts, targets: Sequence[str], plan: SplitPlan) -> Parts:
    """Say for every row of the solution which board scores it."""
    if USAGE in parts.solution:
        return replace(parts, solution=_normal_usage(parts.solution))
    plan, notes = _public_plan(parts.test, plan)
    rows = pd.concat([parts.test, parts.solution[list(targets)]], axis=1)
    rng = np.random.default_rng([plan.seed, PUBLIC_SPLIT])
    is_public = chosen_rows(rows, targets, plan, plan.public_fraction, rng, latest=False)
    solution = parts.solution.assign(**{USAGE: np.where(is_public, "Public", "Private")})
    return replace(parts, solution=solution, notes=(*parts.notes, *notes))


def _public_plan(test: pd.DataFrame, plan: SplitPlan) -> tuple[SplitPlan, list[str]]:
    """Fall back to a stratified public split where the test table lacks the plan's column."""
    column = {"grouped": plan.group_column, "time": plan.time_column}.get(plan.chosen_kind)
    if column is None or column in test:
        return plan, []
    note = f"the test table has no column {column!r}: public and private are split stratified"
    return replace(plan, kind="stratified"), [note]


def _normal_usage(solution: pd.DataFrame) -> pd.DataFrame:
    usage = solution[USAGE].str.strip().str.capitalize()
    odd = solution[USAGE][~usage.isin(USAGES)]
    if len(odd):
        raise InvalidContest(
            f"the solution's {USAGE} must be {', '.join(USAGES)}, but got {examples(odd)}"
        )
    if (usage == "Ignored").all():
        raise InvalidContest(f"the solution's {USAGE} is Ignored in every row; nothing is scored")
    return solution.assign(**{USAGE: usage})
