"""Ways in which the truth shines through: ids, row order and single features."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.building.findings import Finding, Severity
from competition.building.material import Material
from competition.building.splitting import Rows

Numbers: TypeAlias = NDArray[np.float64]
Texts: TypeAlias = "pd.Series[str]"

MOST_ROWS = 20_000
FOLDS = 5
LEAVES = 64
MIN_LEAF = 3
LEAST_ROWS = 20
CLEAR_SKILL, FAINT_SKILL, SOLVED_SKILL = 0.2, 0.05, 0.95
STANDARD_ERRORS = 4.0
SEED = 20260102


@dataclass(frozen=True)
class Skill:
    """How much better one column predicts the target than no column does.

    ``gain`` is 0 for the best constant and 1 for the truth: of the accuracy for labels, of the
    squared error for numbers (so R squared). ``error`` is its standard error by chance.
    """

    gain: float
    error: float

    @property
    def is_real(self) -> bool:
        """Whether it is more than chance."""
        return self.gain > STANDARD_ERRORS * self.error


def leak_findings(material: Material) -> Iterator[Finding]:
    """Look for the truth in ids, in row order and in single features."""
    for target in material.contest.targets:
        train = material.train[material.train[target] != ""].reset_index(drop=True)
        test = material.test.assign(**{target: material.test_truth()[target]})
        if material.contest.time_column is None:
            yield from _id_findings(material, train, target)
            yield from _order_findings(material, test, "test", target)
            yield from _order_findings(material, train, "training", target)
        yield from _feature_findings(material, train, target)


def _id_findings(material: Material, train: pd.DataFrame, target: str) -> Iterator[Finding]:
    id_column = material.contest.id_column
    if id_column in train:
        skill = _skill(material, train, _natural_places(train[id_column]), target)
        yield from _leak("id_leak", skill, f"the id {id_column!r} of the training rows", target)


def _order_findings(
    material: Material, side: pd.DataFrame, name: str, target: str
) -> Iterator[Finding]:
    skill = _skill(material, side, np.arange(len(side), dtype=np.float64), target)
    yield from _leak("order_leak", skill, f"the place of a row in the {name} file", target)


def _leak(rule: str, skill: Skill | None, words: str, target: str) -> Iterator[Finding]:
    if skill is None or not skill.is_real or skill.gain < FAINT_SKILL:
        return
    severity: Severity = "error" if skill.gain >= CLEAR_SKILL else "warning"
    yield Finding(
        rule,
        severity,
        f"{words} alone tells {skill.gain:.0%} of what there is to know about {target!r}",
        "shuffle the rows and give new ids",
    )


def _feature_findings(material: Material, train: pd.DataFrame, target: str) -> Iterator[Finding]:
    for name in material.features:
        skill = _skill(material, train, _codes(train[name]), target)
        if skill is not None and skill.is_real and skill.gain >= SOLVED_SKILL:
            yield Finding(
                "feature_leak",
                "warning",
                f"the feature {name!r} alone tells {skill.gain:.0%} of what there is to know "
                f"about {target!r}",
                "if it would not be known at prediction time, remove it; if it would, the "
                "contest ranks nobody",
            )


def _skill(material: Material, side: pd.DataFrame, column: Numbers, target: str) -> Skill | None:
    """Cross-validate a small tree on one column, groups kept together."""
    rows = _sampled(len(column))
    if len(rows) < LEAST_ROWS:
        return None
    groups = _groups(material, side)
    fold_of = _folds(None if groups is None else groups.iloc[rows], len(rows))
    values, truth = column[rows][:, None], side[target].iloc[rows]
    if material.has_classes or not _are_numbers(truth):
        return _class_skill(values, truth, fold_of)
    return _number_skill(values, truth.to_numpy(dtype=np.float64), fold_of)


def _class_skill(values: Numbers, truth: Texts, fold_of: Rows) -> Skill | None:
    from sklearn.tree import DecisionTreeClassifier

    codes, classes = pd.factorize(truth)
    if len(classes) < 2 or len(classes) > len(truth) // 2:
        return None
    right = np.zeros(len(codes), dtype=bool)
    usual = np.zeros(len(codes), dtype=bool)
    for fold in range(FOLDS):
        inside, outside = fold_of == fold, fold_of != fold
        if not inside.any() or not outside.any():
            continue
        tree = DecisionTreeClassifier(max_leaf_nodes=LEAVES, min_samples_leaf=MIN_LEAF)
        tree.fit(values[outside], codes[outside])
        right[inside] = tree.predict(values[inside]) == codes[inside]
        usual[inside] = codes[inside] == np.bincount(codes[outside]).argmax()
    room = max(1.0 - usual.mean(), 1.0 / len(codes))
    spread = np.std(right.astype(float) - usual) / np.sqrt(len(codes))
    return Skill(float((right.mean() - usual.mean()) / room), float(spread / room))


def _number_skill(values: Numbers, truth: Numbers, fold_of: Rows) -> Skill | None:
    from sklearn.tree import DecisionTreeRegressor

    if np.ptp(truth) == 0:
        return None
    residual, plain = np.zeros(len(truth)), np.zeros(len(truth))
    for fold in range(FOLDS):
        inside, outside = fold_of == fold, fold_of != fold
        if not inside.any() or not outside.any():
            continue
        tree = DecisionTreeRegressor(max_leaf_nodes=LEAVES, min_samples_leaf=MIN_LEAF)
        tree.fit(values[outside], truth[outside])
        residual[inside] = (tree.predict(values[inside]) - truth[inside]) ** 2
        plain[inside] = (truth[outside].mean() - truth[inside]) ** 2
    spread = np.std(plain - residual) / np.sqrt(len(truth)) / plain.mean()
    return Skill(float(1.0 - residual.mean() / plain.mean()), float(spread))


def _sampled(count: int) -> Rows:
    if count <= MOST_ROWS:
        return np.arange(count)
    return np.sort(np.random.default_rng(SEED).permutation(count)[:MOST_ROWS])


def _folds(groups: Texts | None, count: int) -> Rows:
    """Give each row the number of its fold; rows of one group share theirs."""
    rng = np.random.default_rng(SEED)
    if groups is None:
        return rng.permutation(count) % FOLDS
    codes, names = pd.factorize(groups)
    return (rng.permutation(len(names)) % FOLDS)[codes]


def _groups(material: Material, side: pd.DataFrame) -> Texts | None:
    """Return the group of each row of train or test; None where rows stand alone."""
    column = material.contest.group_column
    return side[column] if column is not None and column in side else None


def _are_numbers(truth: Texts) -> bool:
    return bool(pd.to_numeric(truth, errors="coerce").notna().all())


def _codes(text: Texts) -> Numbers:
    """Cells as numbers; words by their place in the alphabet, empty cells as NaN."""
    filled = text != ""
    numbers = pd.to_numeric(text, errors="coerce")
    if numbers[filled].notna().all():
        return numbers.replace([np.inf, -np.inf], np.nan).to_numpy(dtype=np.float64)
    codes, _ = pd.factorize(text, sort=True)
    return np.where(filled, codes, np.nan)


def _natural_places(ids: Texts) -> Numbers:
    """Places of ids in their natural order, where 9 comes before 10."""
    keys = [[(part.isdigit(), part.zfill(20)) for part in re.split(r"(\d+)", one)] for one in ids]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    places = np.empty(len(keys))
    places[order] = np.arange(len(keys))
    return places
