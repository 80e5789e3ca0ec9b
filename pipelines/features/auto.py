"""The recipe that chooses by column type."""

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder

from pipelines.errors import RecipeProblem
from pipelines.features.derive import Derive, date_parts
from pipelines.features.encode import CrossFittedTargetEncoder, Frequencies, TruthValues, Words
from pipelines.features.scale import SmoothRobustScaler
from pipelines.tables.kinds import ColumnKind, kind_of

MOST_ONE_HOT_CATEGORIES = 24
RARE_SHARE = 0.01


def numeric_treatment() -> Pipeline:
    """Fill gaps with the median and mark them, then scale robustly with smooth clipping."""
    return make_pipeline(SimpleImputer(strategy="median", add_indicator=True), SmoothRobustScaler())


def one_hot_treatment(rare_share: float = RARE_SHARE, most: int | None = None) -> Pipeline:
    """One column per category; those rarer than a share of the rows go together."""
    encoder = OneHotEncoder(
        handle_unknown="infrequent_if_exist",
        min_frequency=rare_share,
        max_categories=most,
        sparse_output=False,
    )
    return make_pipeline(Words(), encoder)


class AutoFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Treat every column that is not yet a ready number, by its kind in the training rows.

    Numbers are imputed (with an indicator) and scaled; categories become one column each, or, when
    there are many, cross-fitted target means and frequencies; dates become their parts; truth
    values 0 and 1. Columns of names, empty columns and the group column are left out.

    Parameters
    ----------
    classes : bool
        Whether the target holds class numbers.
    group_column : str, optional
        Left out of the features; target means are cross-fitted by it.
    seed : int
    """

    def __init__(self, classes: bool, group_column: str | None = None, seed: int = 0) -> None:
        self.classes = classes
        self.group_column = group_column
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: NDArray[Any]) -> Self:
        """Choose and fit the treatment of each column."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: pd.DataFrame, y: NDArray[Any], **parameters: object) -> pd.DataFrame:
        """Choose and fit, and return the training rows as numbers."""
        self.n_features_in_ = X.shape[1]
        self.pipeline_ = self._pipeline(X)
        return self.pipeline_.fit_transform(X, y)  # type: ignore[no-any-return]

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return rows as numbers, shape (n_rows, n_features_out)."""
        return self.pipeline_.transform(X)  # type: ignore[no-any-return]

    def get_feature_names_out(self, input_features: object = None) -> Any:
        """Return the names of the columns that come out."""
        return self.pipeline_[-1].get_feature_names_out()

    def _pipeline(self, X: pd.DataFrame) -> Pipeline:
        kinds = {str(name): kind_of(X[name]) for name in X.columns if name != self.group_column}
        dates = [name for name, kind in kinds.items() if kind is ColumnKind.DATE]
        words = [name for name, kind in kinds.items() if kind is ColumnKind.CATEGORICAL]
        many = [name for name in words if X[name].nunique() > MOST_ONE_HOT_CATEGORIES]
        numbers = [name for name, kind in kinds.items() if kind is ColumnKind.NUMERIC]
        truths = [name for name, kind in kinds.items() if kind is ColumnKind.BOOLEAN]
        if not (dates or words or numbers or truths):
            raise RecipeProblem("features: no column is left to learn from")
        steps: list[Any] = [
            (f"date_parts_{name}", Derive("date_parts", date_parts, (name,), {"column": name}))
            for name in dates
        ]
        if many:
            copies = tuple(f"{name}_mean" for name in many)
            steps.append(("copies", Derive("auto", _copies, tuple(many), {"columns": many})))
            steps.append(
                (
                    "target_means",
                    CrossFittedTargetEncoder(
                        copies, self.classes, self.group_column, seed=self.seed
                    ),
                )
            )
        few = [name for name in words if name not in many]
        chosen = _TreatAll(tuple(few), tuple(many), tuple(truths), self._left_out(kinds, dates))
        return Pipeline([*steps, ("treat", chosen)])

    def _left_out(self, kinds: dict[str, ColumnKind], dates: list[str]) -> tuple[str, ...]:
        unused = [
            name for name, kind in kinds.items() if kind in (ColumnKind.TEXT, ColumnKind.EMPTY)
        ]
        return (*unused, *dates, *([self.group_column] if self.group_column else []))


def _copies(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    return frame[columns].add_suffix("_mean")


class _TreatAll(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """One `ColumnTransformer` over named columns; whatever else is there counts as numbers."""

    def __init__(
        self,
        few: tuple[str, ...],
        many: tuple[str, ...],
        truths: tuple[str, ...],
        left_out: tuple[str, ...],
    ) -> None:
        self.few = few
        self.many = many
        self.truths = truths
        self.left_out = left_out

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:
        named = {*self.few, *self.many, *self.truths, *self.left_out}
        numbers = [name for name in X.columns if name not in named]
        truths = make_pipeline(TruthValues(), SimpleImputer(strategy="most_frequent"))
        treatments = [
            ("numbers", numeric_treatment(), numbers),
            ("truths", truths, list(self.truths)),
            ("categories", one_hot_treatment(), list(self.few)),
            ("frequencies", make_pipeline(Frequencies(), SmoothRobustScaler()), list(self.many)),
        ]
        self.transformer_ = ColumnTransformer(
            [treatment for treatment in treatments if treatment[2]],
            verbose_feature_names_out=False,
        )
        self.transformer_.fit(X)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        values = np.asarray(self.transformer_.transform(X), dtype=np.float64)
        return pd.DataFrame(values, columns=self.get_feature_names_out(), index=X.index)

    def get_feature_names_out(self, input_features: object = None) -> Any:
        return self.transformer_.get_feature_names_out()
