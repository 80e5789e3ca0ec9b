"""Features computed once per fold, ready for any number of trials."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from pipelines.features import Step, build_features
from pipelines.features.steps import Setting
from pipelines.folds import Fold
from pipelines.models.feature_cache import FeatureCache, KeptFeatures
from pipelines.models.step_memory import Stage, StepMemory, stage_key

Matrix = NDArray[np.float64]
MOST_BYTES_IN_MEMORY = 512 * 1024**2


@dataclass(frozen=True)
class Target:
    """What is to be predicted.

    Attributes
    ----------
    values : ndarray, shape (n_rows,) of int or (n_rows, n_targets) of float
        Class numbers, or values.
    classes : int
        Number of classes; 0 for values.
    """

    values: NDArray[Any]
    classes: int = 0

    @property
    def outputs(self) -> int:
        """Number of columns that a model answers with: classes, or targets."""
        return self.classes or int(self.values.shape[1])

    @property
    def one_column(self) -> NDArray[Any]:
        """What transformers that look at the target are given, shape (n_rows,)."""
        return self.values if self.classes else np.asarray(self.values[:, 0])


@dataclass(frozen=True)
class PreparedFold:
    """One fold's features, fitted on its training rows alone.

    Attributes
    ----------
    fold : Fold
    learned, scored : ndarray, shapes (n_train, n_features) and (n_valid, n_features)
    test : ndarray, shape (n_test, n_features), or None
    names : tuple of str
        Names of the features.
    fitted : callable
        Returns the fitted pipeline; fits it where only its results were kept.
    """

    fold: Fold
    learned: Matrix
    scored: Matrix
    test: Matrix | None
    names: tuple[str, ...]
    fitted: Callable[[], Pipeline]

    @cached_property
    def pipeline(self) -> Pipeline:
        """The fitted pipeline, from raw rows to features."""
        return self.fitted()

    @property
    def size_bytes(self) -> int:
        """Memory that the features take."""
        test = 0 if self.test is None else self.test.nbytes
        return self.learned.nbytes + self.scored.nbytes + test


@dataclass(frozen=True)
class PreparedFolds:
    """All folds of a table, and its target.

    Attributes
    ----------
    folds : tuple of PreparedFold
    target : Target
    variants : callable, optional
        Prepares the same folds by another recipe, given by its label.
    """

    folds: tuple[PreparedFold, ...]
    target: Target
    variants: "Callable[[str], PreparedFolds] | None" = None

    def by_recipe(self, label: str) -> "PreparedFolds":
        """Return the folds prepared by the recipe of a label; the empty label means these."""
        return self if not label or self.variants is None else self.variants(label)

    @property
    def rows(self) -> int:
        """Number of training rows."""
        return len(self.target.values)

    def places(self, wanted: Sequence[int] | None = None) -> tuple[int, ...]:
        """Return the numbers of the wanted folds, counted from 0; of all unless given."""
        return tuple(range(len(self.folds)) if wanted is None else wanted)


class RecipesInMemory:
    """Folds by other recipes, prepared when first asked for, bounded in size.

    Parameters
    ----------
    prepare : callable
        Takes the label of a recipe.
    most_bytes : int
        When the features take more, those asked for longest ago go.
    """

    def __init__(
        self, prepare: Callable[[str], PreparedFolds], most_bytes: int = MOST_BYTES_IN_MEMORY
    ) -> None:
        self.prepare = prepare
        self.most_bytes = most_bytes
        self.kept: OrderedDict[str, PreparedFolds] = OrderedDict()

    def __call__(self, label: str) -> PreparedFolds:
        """Return the folds by the recipe of a label."""
        if label not in self.kept:
            self.kept[label] = self.prepare(label)
        self.kept.move_to_end(label)
        while len(self.kept) > 1 and self._size_bytes() > self.most_bytes:
            self.kept.popitem(last=False)
        return self.kept[label]

    def _size_bytes(self) -> int:
        return sum(one.size_bytes for folds in self.kept.values() for one in folds.folds)


def prepare_folds(
    recipe: Sequence[Step],
    setting: Setting,
    table: pd.DataFrame,
    target: Target,
    folds: Sequence[Fold],
    test: pd.DataFrame | None = None,
    cache: FeatureCache | None = None,
    memory: StepMemory | None = None,
) -> PreparedFolds:
    """Fit the recipe inside each fold.

    Parameters
    ----------
    recipe : sequence of Step
    setting : Setting
    table : pandas.DataFrame, shape (n_rows, n_columns)
        Feature columns, and the group column where there is one.
    target : Target
    folds : sequence of Fold
    test : pandas.DataFrame, shape (n_test, n_columns), optional
    cache : FeatureCache, optional
        Where features computed before are found, and new ones kept.
    memory : StepMemory, optional
        Holds fitted steps for recipes of the same lesson that begin alike.
    """
    prepared = []
    for number, fold in enumerate(folds):
        fit = partial(_fitted, recipe, setting, table, target, fold)
        key = None if cache is None else cache.key(recipe, setting, table, target, fold, test)
        kept = None if cache is None or key is None else cache.find(key)
        if kept is not None:
            prepared.append(PreparedFold(fold, *kept, fit))
            continue
        began = time.perf_counter()
        one = _prepare(recipe, setting, table, target, fold, number, test, memory)
        if cache is not None and key is not None:
            seconds = time.perf_counter() - began
            cache.keep(key, KeptFeatures(one.learned, one.scored, one.test, one.names), seconds)
        prepared.append(one)
    return PreparedFolds(tuple(prepared), target)


def _fitted(
    recipe: Sequence[Step], setting: Setting, table: pd.DataFrame, target: Target, fold: Fold
) -> Pipeline:
    with threadpool_limits(1):
        pipeline = build_features(recipe, setting)
        return pipeline.fit(table.iloc[fold.train], target.one_column[fold.train])


def _prepare(
    recipe: Sequence[Step],
    setting: Setting,
    table: pd.DataFrame,
    target: Target,
    fold: Fold,
    place: int,
    test: pd.DataFrame | None,
    memory: StepMemory | None,
) -> PreparedFold:
    stage = Stage(None, table.iloc[fold.train], table.iloc[fold.valid], test)
    fitted: list[tuple[str, Any]] = []
    for number, (name, step) in enumerate(build_features(recipe, setting).steps):
        key = stage_key(place, recipe[: number + 1], whole=number == len(recipe))
        known = None if memory is None else memory.find(key)
        stage = known or stage.through(step, target.one_column[fold.train])
        if memory is not None:
            memory.keep(key, stage)
        fitted.append((name, stage.step))
    pipeline = Pipeline(fitted)
    return PreparedFold(
        fold,
        stage.learned,
        stage.scored,
        stage.test,
        tuple(map(str, pipeline.get_feature_names_out())),
        lambda: pipeline,
    )
