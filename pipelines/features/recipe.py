"""From the recipe of an experiment file to one scikit-learn pipeline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import Pipeline

from competition.errors import did_you_mean
from pipelines.errors import RecipeProblem
from pipelines.features.options import is_option, option_problems
from pipelines.features.signatures import StepParameter, step_parameters
from pipelines.features.steps import STEPS, Setting

AUTO = "auto"


@dataclass(frozen=True)
class Step:
    """One line of a recipe: the step's name and its parameters."""

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


def check_recipe(recipe: str | Sequence[Mapping[str, Any]], path: str = "features") -> list[str]:
    """List everything wrong with a recipe, each problem with its key path.

    Parameters
    ----------
    recipe : str or sequence of mapping
        ``"auto"``, or steps as an experiment file writes them.
    path : str
        Where the recipe stands in the file.

    Examples
    --------
    >>> check_recipe("auto")
    []
    >>> check_recipe([{"step": "scael"}])
    ["features[0].step: unknown step 'scael'; did you mean 'scale'?"]
    """
    if isinstance(recipe, str):
        return [] if recipe == AUTO else [f"{path}: must be 'auto' or a list, not {recipe!r}"]
    if not recipe:
        return [f"{path}: must hold at least one step"]
    return [
        problem
        for place, line in enumerate(recipe)
        for problem in _problems(f"{path}[{place}]", line)
    ]


def _problems(path: str, line: Mapping[str, Any]) -> list[str]:
    if "step" not in line:
        return [f'{path}: names no step; write step = "…" (one of {", ".join(STEPS)})']
    name = str(line["step"])
    if name not in STEPS:
        return [f"{path}.step: unknown step {name!r}{did_you_mean(name, STEPS)}"]
    allowed = step_parameters(name)
    given = [key for key in line if key != "step"]
    unknown = [
        f"{path}.{key}: step {name!r} takes no {key!r}{did_you_mean(key, allowed)}"
        for key in given
        if key not in allowed
    ]
    missing = [
        f"{path}.{key}: step {name!r} needs it"
        for key, parameter in allowed.items()
        if parameter.is_needed and key not in given
    ]
    wrong = [
        f"{path}.{key}: {text}"
        for key in given
        if key in allowed
        for text in _value_problems(allowed[key], line[key])
    ]
    return unknown + missing + wrong


def _value_problems(parameter: StepParameter, value: Any) -> list[str]:
    return option_problems(value) if is_option(value) else parameter.problems(value)


def parse_recipe(recipe: str | Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    """Turn the lines of an experiment file into steps.

    Raises
    ------
    RecipeProblem
        With every problem, one a line.
    """
    problems = check_recipe(recipe)
    if problems:
        raise RecipeProblem("\n".join(problems))
    if isinstance(recipe, str):
        return (Step(AUTO),)
    return tuple(
        Step(str(line["step"]), {key: value for key, value in line.items() if key != "step"})
        for line in recipe
    )


def build_features(recipe: Sequence[Step], setting: Setting) -> Pipeline:
    """Compose the steps into one pipeline from a frame to a matrix of numbers.

    Parameters
    ----------
    recipe : sequence of Step
    setting : Setting
        Kind of target, group column and seed.

    Returns
    -------
    sklearn.pipeline.Pipeline
        To be fitted on the training rows of one fold; `transform` gives float64, shape
        (n_rows, n_features), and `get_feature_names_out` the names.
    """
    steps = [
        (f"{place}_{step.name}", STEPS[step.name](setting, **step.parameters))
        for place, step in enumerate(recipe)
    ]
    return Pipeline([*steps, ("matrix", Matrix(setting.group_column))])


class Matrix(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """The last step: all columns but the group, as numbers without gaps.

    Parameters
    ----------
    group_column : str, optional
        Left out.
    """

    def __init__(self, group_column: str | None = None) -> None:
        self.group_column = group_column

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:
        """Check that every column has become a number."""
        self.names_ = [str(name) for name in X.columns if name != self.group_column]
        self.n_features_in_ = X.shape[1]
        numbers = set(X.select_dtypes(["number", "bool"]).columns)
        words = [name for name in self.names_ if name not in numbers]
        if words:
            raise RecipeProblem(
                f"features: column {words[0]!r} is not a number at the end of the recipe; "
                'encode it, drop it, or end the recipe with step = "auto"'
            )
        if not self.names_:
            raise RecipeProblem("features: the recipe leaves no column to learn from")
        return self

    def transform(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Return the matrix, shape (n_rows, n_features), C-contiguous."""
        matrix = np.ascontiguousarray(X[self.names_].to_numpy(dtype=np.float64))
        if not np.isfinite(matrix).all():
            gaps = np.flatnonzero(~np.isfinite(matrix).all(axis=0))
            raise RecipeProblem(
                f"features: column {self.names_[gaps[0]]!r} has missing or infinite values at the "
                'end of the recipe; add step = "impute" or end with step = "auto"'
            )
        return matrix

    def get_feature_names_out(self, input_features: object = None) -> Any:
        """Return the names of the matrix's columns."""
        return np.asarray(self.names_, dtype=object)
