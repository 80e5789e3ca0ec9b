"""Fitting candidates on every fold, whatever the model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.models.prepared import PreparedFolds

Answers = NDArray[np.float64]
EpochRow = Mapping[str, Any]
OnEpoch = Callable[[list[dict[str, Any]]], "set[int] | None"]


@dataclass(frozen=True)
class Candidate:
    """A model to be tried: its parameters and its seed."""

    parameters: Mapping[str, Any]
    seed: int = 0


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


def fit_candidates(
    model: str,
    candidates: Sequence[Candidate],
    prepared: PreparedFolds,
    on_epoch: OnEpoch | None = None,
) -> list[list[FoldFit]]:
    """Fit every candidate on every fold.

    Networks of equal depth train side by side, all folds of all candidates at once.

    Parameters
    ----------
    model : str
        A name in `MODELS`.
    candidates : sequence of Candidate
    prepared : PreparedFolds
    on_epoch : callable, optional
        Takes the epoch rows of the networks in training (``candidate``, ``fold``, ``epoch``,
        losses) and returns the candidates to be given up, or None.

    Returns
    -------
    list of list of FoldFit
        Per candidate, then per fold.
    """
    from pipelines.models.baselines import fit_baselines
    from pipelines.models.network import fit_networks

    if model == "network":
        return fit_networks(candidates, prepared, on_epoch)
    return fit_baselines(model, candidates, prepared)


def model_parameters(model: str) -> tuple[str, ...]:
    """Return the names of the parameters that a model takes in an experiment file."""
    from pipelines.models.baselines import BASELINES
    from pipelines.models.network import NETWORK_PARAMETERS

    if model == "network":
        return tuple(NETWORK_PARAMETERS)
    return BASELINES[model].parameters
