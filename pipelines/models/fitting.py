"""Fitting candidates on every fold, whatever the model."""

from collections.abc import Sequence
from typing import Any

from pipelines.models.baselines import BASELINES, fit_baselines
from pipelines.models.fits import Candidate, FoldFit, OnEpoch, by_features
from pipelines.models.network import NETWORK_PARAMETERS, fit_networks
from pipelines.models.prepared import PreparedFolds

NETWORK = "network"
MODELS = (NETWORK, *BASELINES)


def fit_candidates(
    model: str,
    candidates: Sequence[Candidate],
    prepared: PreparedFolds,
    on_epoch: OnEpoch | None = None,
    places: Sequence[int] | None = None,
) -> list[list[FoldFit]]:
    """Fit every candidate on every fold, or on some folds.

    Networks of equal depth on the same features train side by side, all folds of all candidates at
    once.

    Parameters
    ----------
    model : str
        A name in `MODELS`.
    candidates : sequence of Candidate
    prepared : PreparedFolds
    on_epoch : callable, optional
        Takes the epoch rows of the networks in training (``candidate``, ``fold``, ``epoch``,
        losses) and returns the candidates to be given up, or None.
    places : sequence of int, optional
        Numbers of the folds to fit on, counted from 0; all unless given.

    Returns
    -------
    list of list of FoldFit
        Per candidate, then per fold.
    """
    fits: dict[int, list[FoldFit]] = {}
    for label, numbers in by_features(candidates).items():
        own = [candidates[number] for number in numbers]
        told = None if on_epoch is None else _told(on_epoch, numbers)
        found = _fit_alike(model, own, prepared.by_recipe(label), told, places)
        fits |= dict(zip(numbers, found, strict=True))
    return [fits[number] for number in range(len(candidates))]


def _fit_alike(
    model: str,
    candidates: Sequence[Candidate],
    prepared: PreparedFolds,
    on_epoch: OnEpoch | None,
    places: Sequence[int] | None,
) -> list[list[FoldFit]]:
    """Fit candidates that learn from the same features."""
    if model == NETWORK:
        return fit_networks(candidates, prepared, on_epoch, places)
    return fit_baselines(model, candidates, prepared, places)


def _told(on_epoch: OnEpoch, numbers: Sequence[int]) -> OnEpoch:
    """Translate numbers of candidates among those of one recipe to those among all, and back."""

    def tell(rows: list[dict[str, Any]]) -> set[int]:
        given_up = on_epoch([{**row, "candidate": numbers[row["candidate"]]} for row in rows])
        return {numbers.index(number) for number in given_up or () if number in numbers}

    return tell


def model_parameters(model: str) -> tuple[str, ...]:
    """Return the names of the parameters that a model takes in an experiment file."""
    if model == NETWORK:
        return tuple(NETWORK_PARAMETERS)
    return BASELINES[model].parameters
