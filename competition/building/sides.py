"""Whether train and test, public and private, are truly apart: rows, groups, times."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pandas as pd

from competition.building.findings import Finding
from competition.building.material import Material
from competition.building.splitting import times_of
from competition.errors import InvalidContest

GROUP_NAME = re.compile(
    r"(^|[^a-z])(id|sample|subject|patient|user|customer|person|group|fruit|batch|session|site)s?"
    r"([^a-z]|$)",
    re.IGNORECASE,
)
FEWEST_GROUPS = 20
FEW_REPEATED, MOSTLY = 0.01, 0.8
"""Fewer repeated rows, or with other targets as often, are a coarse table's coincidence."""
SHARED = 0.5


def duplicate_findings(material: Material) -> Iterator[Finding]:
    """Look for test rows that stand among the training rows."""
    features = material.features
    if not features:
        return
    train = pd.util.hash_pandas_object(material.train[features], index=False)
    test = pd.util.hash_pandas_object(material.test[features], index=False)
    repeated = test.isin(train)
    if not repeated.any():
        return
    targets = list(material.contest.targets)
    looked_up = test[repeated].map(_usual_targets(train, _together(material.train[targets])))
    answered = int((looked_up == _together(material.test_truth()[targets])[repeated]).sum())
    count = int(repeated.sum())
    by_copying = answered > FEW_REPEATED * len(test) and answered >= MOSTLY * count
    yield Finding(
        "duplicates",
        "warning" if by_copying else "note",
        f"{count} of {len(test)} test rows stand among the training rows with the "
        f"same features; looking their {', '.join(targets)} up there is right for {answered} of "
        "them",
        "remove repeated rows before splitting, or split by a group that keeps them together",
    )


def _together(targets: pd.DataFrame) -> pd.Series[str]:
    """Write all targets of a row as one text."""
    return targets.agg("\x1f".join, axis=1) if targets.shape[1] > 1 else targets.iloc[:, 0]


def _usual_targets(features: pd.Series[int], targets: pd.Series[str]) -> pd.Series[str]:
    """Find the most frequent target of each kind of row."""
    counts = pd.DataFrame({"row": features, "target": targets}).value_counts()
    usual = counts.reset_index().drop_duplicates("row")
    return usual.set_index("row")["target"]


def group_findings(material: Material) -> Iterator[Finding]:
    """Look for groups on both sides, and for test rows earlier than training rows."""
    column = material.contest.group_column
    if column is None:
        yield from _likely_groups(material)
    elif column in material.test and column in material.train:
        yield from _group_findings(material, column)
    moment = material.contest.time_column
    if moment is not None and moment in material.test and moment in material.train:
        yield from _time_findings(material, moment)


def _group_findings(material: Material, column: str) -> Iterator[Finding]:
    both = set(material.train[column]) & set(material.test[column])
    if both:
        yield Finding(
            "groups",
            "error",
            f"{len(both)} groups of {column!r} are in both train and test, such as {min(both)!r}",
            "split again with --group, so that entries are scored on groups never seen",
        )
    usage = material.test_truth()["Usage"]
    groups = material.test[column]
    shared = set(groups[usage == "Public"]) & set(groups[usage == "Private"])
    if shared:
        yield Finding(
            "groups",
            "warning",
            f"{len(shared)} groups of {column!r} are on both boards, such as {min(shared)!r}",
            "split public and private by group too, else the private board repeats the public one",
        )


def _likely_groups(material: Material) -> Iterator[Finding]:
    """Name columns that look as if they tie rows together, and do so across the split."""
    for name in material.features:
        values = material.train[name]
        repeated = values.nunique() * 2 <= len(values)
        if not GROUP_NAME.search(name) or values.nunique() < FEWEST_GROUPS or not repeated:
            continue
        shared = material.test[name].isin(values).mean()
        if shared >= SHARED:
            yield Finding(
                "groups",
                "warning",
                f"the column {name!r} looks like a group of rows, and {shared:.0%} of the test "
                "rows have one that is in train",
                f"if rows of one {name} belong together, split again with --group",
            )


def _time_findings(material: Material, column: str) -> Iterator[Finding]:
    try:
        latest = times_of(material.train[column]).max()
        earlier = int((times_of(material.test[column]) <= latest).sum())
    except InvalidContest as error:
        yield Finding("time", "error", str(error), "mend the column, or name another")
        return
    if earlier:
        yield Finding(
            "time",
            "warning",
            f"{earlier} of {len(material.test)} test rows are no later than the last training row",
            "split again with --time, else entries look into the future",
        )
