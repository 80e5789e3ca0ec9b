"""Steps that turn words into numbers, and groups into statistics."""

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold
from sklearn.preprocessing import TargetEncoder

from pipelines.features.columns import require_columns
from pipelines.tables.kinds import TRUTH_WORDS

MISSING_WORD = "(missing)"
AFFIRMATIONS = tuple(word for word in TRUTH_WORDS if word[0] in "ty")


class Words(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turn any column into words, a missing value into a word of its own."""

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:
        """Remember the columns."""
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with columns of words."""
        return pd.DataFrame(X.apply(_words))


def _words(column: "pd.Series[Any]") -> "pd.Series[str]":
    return column.astype(object).map(str).where(column.notna(), MISSING_WORD)


class TruthValues(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turn truth values and words such as yes and no into 1.0 and 0.0; missing stays missing."""

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:
        """Remember the columns."""
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with columns of 0.0, 1.0 and NaN."""
        return pd.DataFrame(X.apply(_truth_values))


def _truth_values(column: "pd.Series[Any]") -> "pd.Series[float]":
    words = column.astype(object).map(lambda value: str(value).lower())
    return words.isin(AFFIRMATIONS).astype(float).where(column.notna(), np.nan)


class Frequencies(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Replace each value by the share of training rows that carry it; an unseen value by 0."""

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:
        """Count the values of each column."""
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        self.shares_ = {
            str(name): _plain(X[name]).value_counts(normalize=True, dropna=False)
            for name in X.columns
        }
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with columns of shares in [0, 1]."""
        return pd.DataFrame(X.apply(self._share))

    def _share(self, column: "pd.Series[Any]") -> "pd.Series[float]":
        return _plain(column).map(self.shares_[str(column.name)]).astype(float).fillna(0.0)


def _plain(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return a category as its words."""
    return column.astype("str") if isinstance(column.dtype, pd.CategoricalDtype) else column


class CrossFittedTargetEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """scikit-learn's `TargetEncoder`, cross-fitted by group where there are groups.

    While training, a row's code comes from rows of other inner folds only, so that it never holds
    the row's own target; with a group column neither does it hold its group's.

    Parameters
    ----------
    columns : tuple of str
        Columns to encode.
    classes : bool
        Whether the target holds class numbers; else it holds values.
    group_column : str, optional
    folds : int
        Number of inner folds.
    seed : int
    """

    def __init__(
        self,
        columns: tuple[str, ...],
        classes: bool,
        group_column: str | None = None,
        folds: int = 5,
        seed: int = 0,
    ) -> None:
        self.columns = columns
        self.classes = classes
        self.group_column = group_column
        self.folds = folds
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: NDArray[Any]) -> Self:
        """Learn the codes from all rows given."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: pd.DataFrame, y: NDArray[Any], **parameters: object) -> pd.DataFrame:
        """Learn the codes, and return the training rows with cross-fitted ones."""
        self.n_features_in_ = X.shape[1]
        self.columns_ = self._present(X)
        self.encoder_ = TargetEncoder(target_type=self._target_type(y), cv=self._inner_splits(X, y))
        codes = self.encoder_.fit_transform(Words().fit_transform(X[self.columns_]), y)
        self.codes_ = [f"{name}_target" for name in self.encoder_.get_feature_names_out()]
        self.encoder_.cv = None
        return self._with_codes(X, codes)

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the rows with the encoded columns beside the others."""
        return self._with_codes(X, self.encoder_.transform(Words().fit_transform(X[self.columns_])))

    def get_feature_names_out(self, input_features: object = None) -> Any:
        """Return the names of the columns that come out."""
        return self.names_out_

    def _present(self, X: pd.DataFrame) -> list[str]:
        require_columns(X, self.columns, "target_encode")
        return list(self.columns)

    def _target_type(self, y: NDArray[Any]) -> str:
        if not self.classes:
            return "continuous"
        return "binary" if len(np.unique(y)) <= 2 else "multiclass"

    def _inner_splits(self, X: pd.DataFrame, y: NDArray[Any]) -> list[Any]:
        if self.group_column is not None and self.group_column in X.columns:
            grouped = StratifiedGroupKFold if self.classes else GroupKFold
            splitter = grouped(self.folds, shuffle=True, random_state=self.seed)
            return list(splitter.split(X, y, X[self.group_column]))
        plain = StratifiedKFold if self.classes else KFold
        return list(plain(self.folds, shuffle=True, random_state=self.seed).split(X, y))

    def _with_codes(self, X: pd.DataFrame, codes: NDArray[np.float64]) -> pd.DataFrame:
        new = pd.DataFrame(codes, columns=self.codes_, index=X.index)
        out = pd.concat([X.drop(columns=self.columns_), new], axis=1)
        self.names_out_ = np.asarray(out.columns, dtype=object)
        return out


class GroupStatistics(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Add statistics of a column within each group, and each row's distance from the mean.

    Groups seen in training keep what was learned there. A group that was not seen (in grouped
    folds every scored group is such) is described by its own rows in the table being transformed,
    whose targets are never used.

    Parameters
    ----------
    by : str
        The column that names the groups.
    columns : tuple of str
        Numeric columns to describe.
    statistics : tuple of str
        Names of pandas reductions, such as mean, std, min, max, median.
    """

    def __init__(
        self, by: str, columns: tuple[str, ...], statistics: tuple[str, ...] = ("mean", "std")
    ) -> None:
        self.by = by
        self.columns = columns
        self.statistics = statistics

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:
        """Learn the statistics of the training groups."""
        require_columns(X, (self.by, *self.columns), "aggregate")
        self.n_features_in_ = X.shape[1]
        self.known_ = self._statistics(X)
        self.names_out_ = np.asarray(self.transform(X.head(1)).columns, dtype=object)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with the statistics beside the old columns."""
        fresh = self._statistics(X[~X[self.by].isin(self.known_.index)])
        table = pd.concat([self.known_, fresh]) if len(fresh) else self.known_
        found = table.reindex(X[self.by]).set_axis(X.index, axis=0)
        for column in self.columns:
            if "mean" in self.statistics:
                found[f"{column}_from_{self.by}_mean"] = (
                    X[column] - found[self._name(column, "mean")]
                )
        return pd.concat([X, found], axis=1)

    def get_feature_names_out(self, input_features: object = None) -> Any:
        """Return the names of the columns that come out."""
        return self.names_out_

    def _name(self, column: str, statistic: str) -> str:
        return f"{column}_{statistic}_by_{self.by}"

    def _statistics(self, X: pd.DataFrame) -> pd.DataFrame:
        grouped = X.groupby(self.by)[list(self.columns)]
        table: Any = grouped.agg(list(self.statistics))
        table.columns = [self._name(column, statistic) for column, statistic in table.columns]
        return pd.DataFrame(table, dtype=float)
