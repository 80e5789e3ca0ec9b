"""What is fitted, and what comes of it, whatever the model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Answers = NDArray[np.float64]
EpochRow = Mapping[str, Any]
OnEpoch = Callable[[list[dict[str, Any]]], "set[int] | None"]


@dataclass(frozen=True)
class Candidate:
    """A model to be tried: its parameters, its seed, and the recipe of features it learns from.

    Attributes
    ----------
    parameters : mapping
    seed : int
    features : str
        Label of a recipe; empty for the one that the folds were prepared by.
    """

    parameters: Mapping[str, Any]
    seed: int = 0
    features: str = ""


def by_features(candidates: Sequence[Candidate]) -> dict[str, list[int]]:
    """Return the numbers of the candidates of each recipe, in the order of their appearance."""
    groups: dict[str, list[int]] = {}
    for number, candidate in enumerate(candidates):
        groups.setdefault(candidate.features, []).append(number)
    return groups


class FittedModel(Protocol):
    """What comes of fitting one candidate on one fold."""

    def answers(self, features: NDArray[np.float64]) -> Answers:
        """Return class probabilities or values, shape (n_rows, n_outputs)."""


@dataclass(frozen=True)
class FoldFit:
    """One candidate on one fold.

    Attributes
    ----------
    scored : ndarray, shape (n_valid, n_outputs)
        Class probabilities or values of the fold's scored rows.
    test : ndarray, shape (n_test, n_outputs), or None
    history : tuple of mapping
        One row per epoch; empty for models without epochs.
    seconds : float
    model : FittedModel
    failure : str or None
        Why the answers are not to be used.
    """

    scored: Answers
    test: Answers | None
    history: tuple[EpochRow, ...]
    seconds: float
    model: FittedModel
    failure: str | None = None
