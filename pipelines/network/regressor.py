"""The network as a scikit-learn regressor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin
from sklearn.utils import column_or_1d

from pipelines.network.errors import InvalidSetting
from pipelines.network.estimator import Network
from pipelines.network.settings import Score
from pipelines.network.together import Callback

Numbers = NDArray[Any]
REGRESSION_LOSSES = ("squared", "absolute", "huber", "poisson", "pinball")


class NetworkRegressor(RegressorMixin, Network):  # type: ignore[misc]
    """Feed-forward networks that predict one number or several.

    Targets are scaled inside, each output to mean zero and deviation one (counts, under the
    Poisson loss, to mean one).

    Parameters
    ----------
    hidden_layer_sizes : sequence of int
        Nodes of each hidden layer.
    loss : str
        squared, absolute, huber, poisson or pinball.
    quantile : float
        The quantile that the pinball loss predicts.
    activation : str
        What a hidden node does with its weighted sum: silu, relu, sigmoid, tanh, leaky_relu,
        gelu, selu, mish, softmax or identity.
    learning_rate : float
        Length of a step.
    weight_decay : float or "auto"
        Share of the weights given up in a step of rate one; auto: 600 divided by the rows, from
        0.03 to 1.5, since many rows speak for themselves.
    dropout : float or "auto"
        Share of hidden nodes silenced in each step; auto: 0.1, but none for tables of one batch.
    input_dropout : float
        Share of inputs silenced in each step.
    n_members : int
        Networks in the ensemble; their predictions are averaged.
    batch_size : int or "auto"
        Rows a step.
    max_epochs : int
        Passes over the rows at most.
    early_stopping : bool or "auto"
        Watch a share of the rows and keep the weights of the best epoch; auto: from 500 rows on.
    validation_fraction : float
        That share; each member watches another part.
    patience : int or None
        Epochs without an improvement above `tolerance` after which to stop; None: never.
    tolerance : float
        What counts as an improvement of the watched loss.
    score_to_watch : Score or None
        A metric watched on the validation rows instead of the loss.
    optimiser : str
        adamw, adam, rmsprop, nesterov, momentum or sgd.
    schedule : str
        constant, step, cosine, one_cycle or on_plateau.
    initialisation : str
        auto (by activation), glorot, he or lecun.
    clip_norm : float or None
        Longest gradient.
    momentum, beta1, beta2, epsilon : float
        Constants of the optimisers.
    scaling : str
        Of the inputs: standard, robust (median and quartiles, smoothly clipped) or none.
    embedding : str or None
        Of the numbers: periodic (learned waves), piecewise (bins of equal share) or None.
    n_frequencies, frequency_scale, n_bins : int, float, int
        Of the embeddings.
    warm_start : bool
        Let `fit` go on from the weights of the last.
    callbacks : callable, list of callable, or None
        Called with the history rows of each epoch; an answer of {0} stops the training.
    dtype : str
        Of the training: float32, float64, or auto: float32, but float64 for tables of one batch,
        where precision costs nothing.
    engine : str
        numpy, or numba for compiled kernels where they cover the settings.
    array_module : str
        Whose arrays do the training: numpy, or a module that follows its protocols, such as cupy.
    random_state : int, RandomState or None
        Of the first weights, the order of rows, the dropout and the watched rows.

    Attributes
    ----------
    networks_ : list of TrainedNetwork
        The members.
    history_ : list of dict
        One plain row a member and epoch: member, epoch, train_loss, validation_loss (where rows
        are watched), learning_rate, seconds.
    n_epochs_ : int
        Epochs of the member that trained longest.
    scaler_ : Scaler
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from pipelines.network import NetworkRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> network = NetworkRegressor(random_state=0).fit(X, y)
    >>> network.score(X, y) > 0.5
    True
    """

    _LEARNED: tuple[str, ...] = (*Network._LEARNED, "target_centre_", "target_spread_", "single_")
    _Y_NUMERIC = True

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (64, 32),
        *,
        loss: str = "squared",
        quantile: float = 0.5,
        activation: str = "silu",
        learning_rate: float = 1e-2,
        weight_decay: float | str = "auto",
        dropout: float | str = "auto",
        input_dropout: float = 0.0,
        n_members: int = 8,
        batch_size: int | str = "auto",
        max_epochs: int = 100,
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        patience: int | None = 20,
        tolerance: float = 1e-4,
        score_to_watch: Score | None = None,
        optimiser: str = "adamw",
        schedule: str = "one_cycle",
        initialisation: str = "auto",
        clip_norm: float | None = None,
        momentum: float = 0.9,
        beta1: float = 0.9,
        beta2: float = 0.99,
        epsilon: float = 1e-8,
        scaling: str = "standard",
        embedding: str | None = None,
        n_frequencies: int = 8,
        frequency_scale: float = 0.1,
        n_bins: int = 8,
        warm_start: bool = False,
        callbacks: Callback | Sequence[Callback] | None = None,
        dtype: str = "auto",
        engine: str = "numpy",
        array_module: str = "numpy",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.loss = loss
        self.quantile = quantile
        self.activation = activation
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.n_members = n_members
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.tolerance = tolerance
        self.score_to_watch = score_to_watch
        self.optimiser = optimiser
        self.schedule = schedule
        self.initialisation = initialisation
        self.clip_norm = clip_norm
        self.momentum = momentum
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.scaling = scaling
        self.embedding = embedding
        self.n_frequencies = n_frequencies
        self.frequency_scale = frequency_scale
        self.n_bins = n_bins
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.dtype = dtype
        self.engine = engine
        self.array_module = array_module
        self.random_state = random_state

    def predict(self, X: Any) -> Numbers:
        """Return the prediction for each row, shape (n_samples,) or (n_samples, n_outputs)."""
        answers = self._unscaled(self._answers(X))
        return np.asarray(answers[:, 0] if self.single_ else answers)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn one epoch more from the rows given; the first call fixes the scaling."""
        self._partial_fit(X, y, sample_weight, first=not hasattr(self, "networks_"))
        return self

    def _unscaled(self, answers: Numbers) -> Numbers:
        spread = self.target_spread_.astype(answers.dtype)
        return np.asarray(answers * spread + self.target_centre_.astype(answers.dtype))

    def _said(self, z: Numbers) -> Numbers:
        return self._unscaled(super()._said(z))

    def _check_targets(self, y: Any, first: bool) -> Numbers:
        y = np.asarray(y, dtype=np.float64)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if self.loss == "poisson" and (y < 0).any():
            raise InvalidSetting(
                f"counts must be 0 or more for the Poisson loss, but got {y.min()}"
            )
        if first:
            self.single_ = y.ndim == 1
        return np.asarray(y[:, None] if y.ndim == 1 else y)

    def _fit_targets(self, targets: Numbers, weights: Numbers) -> None:
        mean = np.average(targets, axis=0, weights=weights)
        if self.loss == "poisson":
            self.target_centre_, self.target_spread_ = np.zeros_like(mean), mean
        else:
            self.target_centre_ = mean
            self.target_spread_ = np.sqrt(
                np.average((targets - mean) ** 2, axis=0, weights=weights)
            )
        self.target_spread_ = np.where(self.target_spread_ > 0, self.target_spread_, 1.0)

    def _scale_targets(self, targets: Numbers) -> Numbers:
        return np.asarray((targets - self.target_centre_) / self.target_spread_)

    def _loss_name(self) -> str:
        if self.loss not in REGRESSION_LOSSES:
            known = ", ".join(REGRESSION_LOSSES)
            raise InvalidSetting(f"loss must be one of {known}, but got {self.loss!r}")
        return self.loss

    def _recipe_of_kind(self) -> dict[str, Any]:
        return {"quantile": self.quantile}

    def _ways_to_prepare(self) -> tuple[Any, ...]:
        return (*super()._ways_to_prepare(), self.loss == "poisson")
