"""The network as a scikit-learn classifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils import column_or_1d, compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from pipelines.network.errors import InvalidSetting
from pipelines.network.estimator import Network
from pipelines.network.settings import Score
from pipelines.network.together import Callback

Numbers = NDArray[Any]


class NetworkClassifier(ClassifierMixin, Network):  # type: ignore[misc]
    """Feed-forward networks that name a class: binary, multiclass or multi-label.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int
        Nodes of each hidden layer.
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
    label_smoothing : float
        Share of each target spread over all classes.
    class_weight : dict, "balanced" or None
        Weight of each class.
    n_members : int
        Networks in the ensemble; their probabilities are averaged.
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
    classes_ : ndarray of shape (n_classes,)
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
    >>> from sklearn.datasets import load_iris
    >>> from pipelines.network import NetworkClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> network = NetworkClassifier(random_state=0).fit(X, y)
    >>> network.score(X, y) > 0.95
    True
    """

    _LEARNED: tuple[str, ...] = (*Network._LEARNED, "classes_", "multilabel_")

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (64, 32),
        *,
        activation: str = "silu",
        learning_rate: float = 1e-2,
        weight_decay: float | str = "auto",
        dropout: float | str = "auto",
        input_dropout: float = 0.0,
        label_smoothing: float = 0.0,
        class_weight: dict[Any, float] | str | None = None,
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
        self.activation = activation
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
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
        """Return the likeliest class of each row, shape (n_samples,).

        Multi-label: an indicator matrix of shape (n_samples, n_classes).
        """
        answers = self._answers(X)
        if self.multilabel_:
            return np.asarray(answers > 0.5, dtype=np.intp)
        if answers.shape[1] == 1 and len(self.classes_) == 2:
            return np.asarray(self.classes_[(answers[:, 0] > 0.5).astype(np.intp)])
        return np.asarray(self.classes_[answers.argmax(axis=1)])

    def predict_proba(self, X: Any) -> Numbers:
        """Return the probability of each class, shape (n_samples, n_classes)."""
        answers = self._answers(X)
        if answers.shape[1] == 1 and len(self.classes_) == 2 and not self.multilabel_:
            return np.hstack([1 - answers, answers])
        return answers

    def predict_log_proba(self, X: Any) -> Numbers:
        """Return the logarithm of `predict_proba`."""
        with np.errstate(divide="ignore"):  # the logarithm of a probability of zero
            return np.asarray(np.log(self.predict_proba(X)))

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Learn one epoch more from the rows given.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        y : array of shape (n_samples,)
        classes : array of shape (n_classes,), optional
            All classes there will be; needed in the first call unless `y` shows them all.
        sample_weight : array of shape (n_samples,), optional
        """
        first = not hasattr(self, "networks_")
        self._announced = np.unique(classes) if classes is not None else None
        try:
            self._partial_fit(X, y, sample_weight, first)
        finally:
            del self._announced
        return self

    def _check_targets(self, y: Any, first: bool) -> Numbers:
        check_classification_targets(y)
        multilabel = type_of_target(y) == "multilabel-indicator"
        if first:
            self.multilabel_ = multilabel
            self.classes_ = self._classes(y)
        if multilabel:
            return np.asarray(y, dtype=np.float64)
        y = column_or_1d(y, warn=True)
        index = np.searchsorted(self.classes_, y)
        index = np.minimum(index, len(self.classes_) - 1)
        if not (self.classes_[index] == y).all():
            known = ", ".join(map(str, self.classes_))
            unknown = ", ".join(map(str, np.setdiff1d(y, self.classes_)))
            raise InvalidSetting(f"y must hold classes seen in fit ({known}), but got {unknown}")
        if len(self.classes_) == 2:
            return np.asarray(index[:, None], dtype=np.float64)
        return np.asarray(np.eye(len(self.classes_))[index])

    def _classes(self, y: Any) -> Numbers:
        if self.multilabel_:
            return np.arange(np.shape(y)[1])
        announced = getattr(self, "_announced", None)
        return np.asarray(np.unique(column_or_1d(y)) if announced is None else announced)

    def _loss_name(self) -> str:
        binary = self.multilabel_ or len(self.classes_) == 2
        return "sigmoid_cross_entropy" if binary else "softmax_cross_entropy"

    def _balance(self, y: Any) -> Numbers | float:
        if self.class_weight is None or self.multilabel_:
            return 1.0
        y = column_or_1d(y)
        present = np.unique(y)
        weights = compute_class_weight(self.class_weight, classes=present, y=y)
        return np.asarray(weights[np.searchsorted(present, y)])

    def _ways_to_prepare(self) -> tuple[Any, ...]:
        weight = self.class_weight
        hashable = tuple(weight.items()) if isinstance(weight, dict) else weight
        return (*super()._ways_to_prepare(), hashable)

    def _recipe_of_kind(self) -> dict[str, Any]:
        return {"label_smoothing": self.label_smoothing}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
