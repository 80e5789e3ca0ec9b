"""The two models of the reference entries, on any table of numbers and categories."""

from collections.abc import Sequence

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler


def logistic_regression(features: pd.DataFrame) -> Pipeline:
    """Give an unfitted logistic regression: medians for gaps, standard scales, one-hot columns."""
    numbers, categories = _kinds(features)
    prepare = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
            ("categories", OneHotEncoder(handle_unknown="ignore"), categories),
        ]
    )
    return make_pipeline(prepare, LogisticRegression(max_iter=2000))


def boosted_trees(features: pd.DataFrame) -> Pipeline:
    """Give unfitted histogram gradient-boosted trees, which take gaps as they are."""
    numbers, categories = _kinds(features)
    encode = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    prepare = ColumnTransformer(
        [("numbers", "passthrough", numbers), ("categories", encode, categories)]
    )
    trees = HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=150, max_leaf_nodes=15, random_state=0
    )
    return make_pipeline(prepare, trees)


def _kinds(features: pd.DataFrame) -> tuple[Sequence[str], Sequence[str]]:
    numbers = list(features.select_dtypes("number").columns)
    return numbers, [column for column in features.columns if column not in numbers]
