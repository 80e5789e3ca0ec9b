"""How much of the target one column alone tells, out of fold.

References
----------
Murphy (1973). A new vector partition of the probability score. Journal of Applied Meteorology 12,
doi:10.1175/1520-0450(1973)012<0595:ANVPOT>2.0.CO;2 (skill: the share of the squared error that is
saved; for values it is R squared).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeRegressor

from pipelines.tables.schema.coding import Numbers, as_numbers, as_words

FOLDS = 4
LEAST_ROWS = 40
MOST_CLASSES = 20
STANDARD_ERRORS = 4.0
LEAVES, MIN_LEAF, COARSE = 64, 3, 25


@dataclass(frozen=True)
class Skill:
    """Share of the target's squared error that a column saves out of fold, and its error."""

    gain: float
    error: float

    @property
    def is_real(self) -> bool:
        """Whether it is more than chance."""
        return self.gain > STANDARD_ERRORS * self.error


@dataclass(frozen=True)
class Question:
    """What each column is asked: the target of some rows, dealt into folds."""

    truth: Numbers
    fold_of: NDArray[np.int64]

    def skill_of(self, column: Numbers) -> Skill | None:
        """Cross-validate trees on one column; None where there is nothing to tell.

        A tree of large leaves follows a noisy column, one of small leaves a column that is the
        target in disguise; the better one counts.

        Parameters
        ----------
        column : ndarray, shape (n_rows,)
        """
        column = _of_tree_size(column)
        found = [self._skill_at(column, least) for least in (MIN_LEAF, len(column) // COARSE)]
        present = [skill for skill in found if skill is not None]
        return max(present, key=lambda skill: skill.gain) if present else None

    def _skill_at(self, column: Numbers, least: int) -> Skill | None:
        left = np.zeros(len(column))
        plain = np.zeros(len(column))
        for fold in range(FOLDS):
            inside, outside = self.fold_of == fold, self.fold_of != fold
            if not inside.any() or not outside.any():
                return None
            tree = DecisionTreeRegressor(
                max_leaf_nodes=LEAVES, min_samples_leaf=max(MIN_LEAF, least), random_state=0
            )
            said = tree.fit(column[outside, None], self.truth[outside]).predict(
                column[inside, None]
            )
            missed = self.truth[inside] - said.reshape(self.truth[inside].shape)
            left[inside] = (missed**2).sum(axis=1)
            centred = self.truth[inside] - self.truth[outside].mean(axis=0)
            plain[inside] = (centred**2).sum(axis=1)
        if not plain.mean():
            return None
        spread = np.std(plain - left) / np.sqrt(len(column)) / plain.mean()
        return Skill(float(1.0 - left.mean() / plain.mean()), float(spread))


def _of_tree_size(column: Numbers) -> Numbers:
    """Return numbers that trees, which hold 32-bit ones, can take; of larger ones the ranks."""
    known = np.isfinite(column)
    if not known.any() or np.abs(column[known]).max() <= np.finfo(np.float32).max:
        return column
    ranks = np.full(len(column), np.nan)
    ranks[known] = np.unique(column[known], return_inverse=True)[1]
    return ranks


def ask(
    target: "pd.Series[Any]",
    classes: bool,
    groups: "pd.Series[Any] | None",
    generator: np.random.Generator,
) -> Question | None:
    """Make a question of a target; rows of a group share a fold.

    Returns
    -------
    Question or None
        None where there are too few rows, or only one value.
    """
    if len(target) < LEAST_ROWS or target.nunique() < 2:
        return None
    truth = _one_hot(target) if classes else as_numbers(target)[:, None]
    if not np.isfinite(truth).all():
        return None
    if groups is None:
        return Question(truth, generator.permutation(len(target)) % FOLDS)
    codes, names = pd.factorize(groups)
    return Question(truth, (generator.permutation(len(names)) % FOLDS)[codes])


def _one_hot(target: "pd.Series[Any]") -> Numbers:
    """Return one column per class of the commonest ones."""
    codes = pd.factorize(as_words(target))[0]
    common = np.argsort(-np.bincount(codes), kind="stable")[:MOST_CLASSES]
    return np.asarray(codes[:, None] == common, dtype=np.float64)


def natural_places(ids: "pd.Series[Any]") -> Numbers:
    """Return ids as numbers in their natural order, where ``F9`` comes before ``F10``."""
    if pd.api.types.is_numeric_dtype(ids):
        return as_numbers(ids)
    words = ids.astype(str)
    keys = pd.DataFrame({"head": words.str.replace(r"\d+$", "", regex=True)})
    keys["tail"] = pd.to_numeric(words.str.extract(r"(\d+)$")[0], errors="coerce").fillna(-1.0)
    places = np.empty(len(words))
    places[np.lexsort((keys["tail"], pd.factorize(keys["head"], sort=True)[0]))] = np.arange(
        len(words)
    )
    return places
