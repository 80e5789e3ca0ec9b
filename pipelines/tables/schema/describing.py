"""From a pair of tables to a report."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from pipelines.tables.kinds import ColumnKind, kind_of
from pipelines.tables.reading import TablePair
from pipelines.tables.schema.adversarial import Telling, tell_apart
from pipelines.tables.schema.coding import as_numbers, as_words, coded
from pipelines.tables.schema.drift import compared
from pipelines.tables.schema.duplicates import find_duplicates
from pipelines.tables.schema.leaks import Skill, ask, natural_places
from pipelines.tables.schema.rules import Evidence, find
from pipelines.tables.schema.sampling import independent_rows, sampled_rows
from pipelines.tables.schema.values import ColumnFacts, Roles, SchemaReport, TargetFacts

MOST_ROWS_OF_DRIFT = 20_000
MOST_ROWS_OF_SHIFT = 3_000
MOST_CELLS_OF_SKILL, LEAST_ROWS_OF_SKILL, MOST_ROWS_OF_SKILL = 60_000, 1_000, 5_000
MOST_EXAMPLES = 5
COUNTED_KINDS = (ColumnKind.CATEGORICAL, ColumnKind.BOOLEAN)
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
FEW_VALUES = 20
THREADS = 1  # a few thousand rows gain nothing from more


def describe_tables(pair: TablePair, roles: Roles, seed: int = 0) -> SchemaReport:
    """Compare a training with a test table, column by column and as a whole.

    A few seconds at most: what is costly looks at a bounded number of rows, drawn by the seed.

    Parameters
    ----------
    pair : TablePair
    roles : Roles
    seed : int

    Returns
    -------
    SchemaReport
        The same for the same tables and seed.
    """
    with threadpool_limits(THREADS):
        return _described(pair, roles, seed)


def _described(pair: TablePair, roles: Roles, seed: int) -> SchemaReport:
    generator = np.random.default_rng(seed)
    train, test = pair.train, pair.test
    features = [name for name in pair.features if roles.of(name) == "feature"]
    columns = _columns(train, test, roles, generator)
    duplicates = find_duplicates(train, test, features, roles.targets[0], generator)
    telling = _telling(train, test, roles, columns, features, seed, generator)
    skills, id_skill, order_skill = _skills(train, roles, features, generator)
    facts = tuple(_told(one, telling, skills) for one in columns.values())
    targets = tuple(_target(train[name], roles) for name in roles.targets)
    shift = None if telling is None else telling.shift
    evidence = Evidence(
        roles, pair, facts, targets, shift, duplicates, skills, id_skill, order_skill
    )
    return SchemaReport(
        len(train),
        None if test is None else len(test),
        pair.digest,
        facts,
        targets,
        shift,
        duplicates,
        find(evidence),
    )


def _columns(
    train: pd.DataFrame, test: pd.DataFrame | None, roles: Roles, generator: np.random.Generator
) -> dict[str, ColumnFacts]:
    left = train.iloc[independent_rows(train, roles.group_column, MOST_ROWS_OF_DRIFT, generator)]
    right = test
    if test is not None:
        rows = independent_rows(test, roles.group_column, MOST_ROWS_OF_DRIFT, generator)
        right = test.iloc[rows]
    names = [str(name) for name in train.columns]
    shared = {name: _shared_facts(train, test, left, right, name, roles) for name in names}
    if test is None:
        return shared
    extra = [str(name) for name in test.columns if name not in names]
    return shared | {name: _extra_facts(test, name, roles) for name in extra}


def _shared_facts(
    train: pd.DataFrame,
    test: pd.DataFrame | None,
    left: pd.DataFrame,
    right: pd.DataFrame | None,
    name: str,
    roles: Roles,
) -> ColumnFacts:
    column, kind = train[name], kind_of(train[name])
    facts = ColumnFacts(
        name=name,
        role=roles.of(name),
        train_kind=kind.value,
        test_kind=None,
        train_missing=float(column.isna().mean()),
        distinct=int(column.nunique()),
        summary=_summary(column, kind),
    )
    other = None if right is None or name not in right else right[name]
    if facts.role != "id" and kind not in (ColumnKind.TEXT, ColumnKind.EMPTY):
        bars, drift = compared(left[name], other)
        facts = replace(facts, bars=bars, drift=drift)
    if test is None or name not in test:
        return facts
    return _with_test(facts, column, test[name], kind)


def _with_test(
    facts: ColumnFacts, train: "pd.Series[Any]", test: "pd.Series[Any]", kind: ColumnKind
) -> ColumnFacts:
    facts = replace(facts, test_kind=kind_of(test).value, test_missing=float(test.isna().mean()))
    if kind not in COUNTED_KINDS:
        return facts
    known = set(as_words(train.drop_duplicates()))
    counts = test.value_counts()
    words = as_words(pd.Series(counts.index))
    unseen = [
        (word, int(count)) for word, count in zip(words, counts, strict=True) if word not in known
    ]
    examples = tuple(word for word, count in unseen if count)[:MOST_EXAMPLES]
    return replace(
        facts, unseen=sum(count for _, count in unseen) / len(test), unseen_values=examples
    )


def _extra_facts(test: pd.DataFrame, name: str, roles: Roles) -> ColumnFacts:
    column, kind = test[name], kind_of(test[name])
    return ColumnFacts(
        name=name,
        role=roles.of(name),
        train_kind=None,
        test_kind=kind.value,
        test_missing=float(column.isna().mean()),
        distinct=int(column.nunique()),
        summary=_summary(column, kind),
    )


def _summary(column: "pd.Series[Any]", kind: ColumnKind) -> str:
    known = column.dropna()
    if kind is ColumnKind.EMPTY:
        return "no value"
    if kind is ColumnKind.DATE:
        return f"{_day(known.min())} … {_day(known.max())}"
    if kind is ColumnKind.NUMERIC:
        values = as_numbers(known)
        values = values[np.isfinite(values)]
        if not len(values):
            return "no finite value"
        low, middle, high = np.quantile(values, [0.0, 0.5, 1.0])
        return f"{low:.4g} … {high:.4g}, median {middle:.4g}"
    counts = known.value_counts()
    shown = [f"{value} {count / len(column):.0%}" for value, count in counts.head(3).items()]
    return ", ".join(shown) if kind is not ColumnKind.TEXT else f"such as {counts.index[0]}"


def _day(moment: pd.Timestamp) -> str:
    return str(moment.to_datetime64().astype("datetime64[D]"))  # of any year, unlike strftime


def _telling(
    train: pd.DataFrame,
    test: pd.DataFrame | None,
    roles: Roles,
    columns: Mapping[str, ColumnFacts],
    features: list[str],
    seed: int,
    generator: np.random.Generator,
) -> Telling | None:
    if test is None:
        return None
    usable = [name for name in features if _is_comparable(columns[name])]
    left = train.iloc[independent_rows(train, roles.group_column, MOST_ROWS_OF_SHIFT, generator)]
    right = test.iloc[independent_rows(test, roles.group_column, MOST_ROWS_OF_SHIFT, generator)]
    suspects = sorted(usable, key=lambda name: -_how_far(columns[name]))
    return tell_apart(left[usable], right[usable], suspects, seed)


def _is_comparable(facts: ColumnFacts) -> bool:
    """Leave out names: a text that stands once tells a side by nothing but itself."""
    return ColumnKind.TEXT not in (facts.train_kind, facts.test_kind)


def _how_far(facts: ColumnFacts) -> float:
    return facts.drift.psi if facts.drift is not None else 0.0


def _skills(
    train: pd.DataFrame, roles: Roles, features: list[str], generator: np.random.Generator
) -> tuple[dict[str, Skill], Skill | None, Skill | None]:
    """Return what single columns, the id and the place in the file tell of the first target."""
    most = np.clip(
        MOST_CELLS_OF_SKILL // max(1, len(features)), LEAST_ROWS_OF_SKILL, MOST_ROWS_OF_SKILL
    )
    rows = sampled_rows(len(train), int(most), generator)
    side = train.iloc[rows]
    target = side[roles.targets[0]]
    groups = side[roles.group_column] if roles.group_column in side.columns else None
    question = ask(target, has_classes(target, roles), groups, generator)
    if question is None:
        return {}, None, None
    skills = {name: question.skill_of(coded(side[name], None)[0]) for name in features}
    ids = side[roles.id_column] if roles.id_column in side.columns else None
    return (
        {name: skill for name, skill in skills.items() if skill is not None},
        None if ids is None else question.skill_of(natural_places(ids)),
        question.skill_of(rows.astype(np.float64)),
    )


def has_classes(target: "pd.Series[Any]", roles: Roles) -> bool:
    """Tell whether a target holds classes: as stated, else by its kind and number of values."""
    if roles.classes is not None:
        return roles.classes
    if kind_of(target) is not ColumnKind.NUMERIC:
        return True
    whole = pd.api.types.is_integer_dtype(target)
    return bool(whole and target.nunique() <= FEW_VALUES)


def _told(facts: ColumnFacts, telling: Telling | None, skills: Mapping[str, Skill]) -> ColumnFacts:
    importance = None if telling is None else telling.importances.get(facts.name)
    skill = skills.get(facts.name)
    return replace(facts, importance=importance, skill=None if skill is None else skill.gain)


def _target(column: "pd.Series[Any]", roles: Roles) -> TargetFacts:
    if has_classes(column, roles):
        counts = column.value_counts()
        named = tuple((str(label), int(count)) for label, count in counts.items())
        return TargetFacts(
            str(column.name), True, len(column), named, bars=compared(column, None)[0]
        )
    values = as_numbers(column)
    known = values[np.isfinite(values)]
    quantiles = tuple(
        (f"{share:.0%}", float(value))
        for share, value in zip(QUANTILES, np.quantile(known, QUANTILES), strict=True)
    )
    return TargetFacts(
        str(column.name),
        False,
        len(column),
        quantiles=quantiles,
        skewness=_skewness(known),
        bars=compared(column, None)[0],
    )


def _skewness(values: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    centred = values - values.mean()
    spread = float(np.sqrt((centred**2).mean()))
    return float((centred**3).mean() / spread**3) if spread else 0.0
