"""Models behind one door: the network, and the baselines it has to beat."""

from pipelines.models.baselines import BASELINES
from pipelines.models.fits import Candidate, FoldFit
from pipelines.models.fitting import MODELS, NETWORK, fit_candidates, model_parameters
from pipelines.models.network import NETWORK_PARAMETERS
from pipelines.models.prepared import PreparedFolds, Target, prepare_folds

__all__ = [
    "BASELINES",
    "MODELS",
    "NETWORK",
    "NETWORK_PARAMETERS",
    "Candidate",
    "FoldFit",
    "PreparedFolds",
    "Target",
    "fit_candidates",
    "model_parameters",
    "prepare_folds",
]
