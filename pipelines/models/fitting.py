"""Fitting candidates on every fold, whatever the model."""

from collections.abc import Sequence

from pipelines.models.baselines import BASELINES, fit_baselines
from pipelines.models.fits import Candidate, FoldFit, OnEpoch
from pipelines.models.network import NETWORK_PARAMETERS, fit_networks
from pipelines.models.prepared import PreparedFolds

NETWORK = "network"
MODELS = (NETWORK, *BASELINES)


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
    if model == NETWORK:
        return fit_networks(candidates, prepared, on_epoch)
    return fit_baselines(model, candidates, prepared)


def model_parameters(model: str) -> tuple[str, ...]:
    """Return the names of the parameters that a model takes in an experiment file."""
    if model == NETWORK:
        return tuple(NETWORK_PARAMETERS)
    return BASELINES[model].parameters
