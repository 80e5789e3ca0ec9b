"""Keeping the columns that tell most of the target."""

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression
from sklearn.inspection import permutation_importance
from sklearn.model_selection import train_test_split

from pipelines.errors import RecipeProblem


class KeepBest(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Keep the `count` numeric columns that are worth most, judged on the training rows.

    Parameters
    ----------
    count : int
        Number of columns to keep.
    by : {"mutual_information", "permutation"}
        Mutual information with the target, or the loss in score of a gradient-boosted tree when
        a column of held-out training rows is shuffled.
    classes : bool
        Whether the target holds class numbers.
    group_column : str, optional
        Always kept for later steps, never counted.
    seed : int
    """

    def __init__(
        self, count: int, by: str, classes: bool, group_column: str | None = None, seed: int = 0
    ) -> None:
        self.count = count
        self.by = by
        self.classes = classes
        self.group_column = group_column
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: NDArray[Any]) -> Self:
        """Judge the columns."""
        judged = [name for name in X.columns if name != self.group_column]
        numbers = X[judged].select_dtypes("number")
        if numbers.shape[1] < len(judged) or numbers.isna().to_numpy().any():
            raise RecipeProblem(
                "feature step 'select' needs numbers without gaps; put it after 'auto' or "
                "after steps that impute and encode"
            )
        self.n_features_in_ = X.shape[1]
        self.worth_ = pd.Series(self._worth(numbers, y), index=judged)
        best = set(self.worth_.nlargest(self.count).index)
        self.kept_ = [name for name in X.columns if name in best or name == self.group_column]
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the kept columns."""
        return X[self.kept_]

    def get_feature_names_out(self, input_features: object = None) -> Any:
        """Return the names of the kept columns."""
        return np.asarray(self.kept_, dtype=object)

    def _worth(self, X: pd.DataFrame, y: NDArray[Any]) -> NDArray[np.float64]:
        if self.by == "mutual_information":
            measure = mutual_info_classif if self.classes else mutual_info_regression
            return np.asarray(measure(X.to_numpy(), y, random_state=self.seed))
        if self.by == "permutation":
            return self._permutation_worth(X, y)
        raise RecipeProblem(
            f"feature step 'select': by must be mutual_information or permutation, not {self.by!r}"
        )

    def _permutation_worth(self, X: pd.DataFrame, y: NDArray[Any]) -> NDArray[np.float64]:
        tree = HistGradientBoostingClassifier if self.classes else HistGradientBoostingRegressor
        learned, held, y_learned, y_held = train_test_split(
            X.to_numpy(), y, test_size=0.3, random_state=self.seed
        )
        model = tree(max_iter=60, random_state=self.seed).fit(learned, y_learned)
        result = permutation_importance(model, held, y_held, n_repeats=3, random_state=self.seed)
        return np.asarray(result.importances_mean)
