"""What a network is and how it learns: values, checked once, that the training reads.

A `Recipe` is what all members of a stack share, a `Member` is what each has of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.network.errors import InvalidSetting

Rows = NDArray[np.intp]
EpochRow = dict[str, Any]
OnEpoch = Callable[[list[EpochRow]], "list[int] | set[int] | None"]


@dataclass(frozen=True)
class Score:
    """A metric that decides when to stop: a function of targets and answers, and its direction.

    Attributes
    ----------
    function : callable
        ``function(targets, answers)``, both of shape (rows, outputs), returns a number.
    greater_is_better : bool
        Whether a higher number is the better one.
    """

    function: Callable[[NDArray[Any], NDArray[Any]], float]
    greater_is_better: bool


@dataclass(frozen=True)
class Recipe:
    """What the members of one stack share.

    Attributes
    ----------
    loss : str
        A name of `losses.LOSSES`.
    activation : str
        Of the hidden layers, a name of `activations.ACTIVATIONS`.
    initialisation : str
        auto, glorot, he or lecun.
    optimiser : str
        A name of `optimisers.OPTIMISERS`.
    schedule : str
        A name of `schedules.SCHEDULES`: how the learning rate moves over the training.
    batch_size, max_epochs : int
        Rows a step; passes over the training rows at most.
    patience : int or None
        Stop after this many epochs without an improvement above `tolerance`; None: never.
    tolerance : float
        What counts as an improvement of the watched loss.
    clip_norm : float or None
        Longest gradient of a member; a longer one is shortened to it.
    label_smoothing : float
        Share of each training target that is spread evenly over the classes.
    momentum, beta1, beta2, epsilon : float
        Of the optimisers.
    periodic : int
        Frequencies a feature of the periodic embedding; 0: none.
    frequency_scale : float
        Spread of the embedding's first frequencies.
    score : Score or None
        Watched on the validation rows instead of the loss.
    validation_decides : bool
        Whether validation rows decide when to stop and whose epoch's weights are kept. Otherwise
        they are looked at and no more: the training loss decides, and the last weights stay.
    engine : str
        "numpy", or "numba" for compiled kernels where they cover the recipe.
    array_module : str
        Whose arrays do the work: numpy, or a module that follows its protocols, such as cupy.
    """

    loss: str = "softmax_cross_entropy"
    quantile: float = 0.5
    activation: str = "relu"
    initialisation: str = "auto"
    optimiser: str = "adamw"
    schedule: str = "constant"
    batch_size: int = 256
    max_epochs: int = 200
    patience: int | None = None
    tolerance: float = 1e-4
    clip_norm: float | None = None
    label_smoothing: float = 0.0
    momentum: float = 0.9
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    periodic: int = 0
    frequency_scale: float = 0.1
    score: Score | None = None
    validation_decides: bool = True
    dtype: str = "float32"
    engine: str = "numpy"
    array_module: str = "numpy"

    def __post_init__(self) -> None:
        _require(self.batch_size >= 1, "batch_size >= 1", self.batch_size)
        _require(self.max_epochs >= 0, "max_epochs >= 0", self.max_epochs)
        _require(self.patience is None or self.patience >= 1, "patience >= 1", self.patience)
        _require(self.clip_norm is None or self.clip_norm > 0, "clip_norm > 0", self.clip_norm)
        _require(0 <= self.label_smoothing < 1, "0 <= label_smoothing < 1", self.label_smoothing)
        _require(0 <= self.beta1 < 1, "0 <= beta1 < 1", self.beta1)
        _require(0 <= self.beta2 < 1, "0 <= beta2 < 1", self.beta2)
        _require(0 <= self.momentum < 1, "0 <= momentum < 1", self.momentum)
        _require(0 < self.quantile < 1, "0 < quantile < 1", self.quantile)
        _require(self.dtype in ("float32", "float64"), "dtype float32 or float64", self.dtype)
        _require(self.engine in ("numpy", "numba"), "engine numpy or numba", self.engine)


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """The outcome of one member's training.

    Attributes
    ----------
    sizes : tuple of int
        Number of nodes of each layer, inputs and outputs included.
    recipe : Recipe
        How it was trained.
    parameters : ndarray of shape (parameters,)
        Every weight and bias, in the order of `layout.Layout`.
    history : tuple of dict
        One plain row an epoch.
    best_epoch : int
        The epoch whose weights these are, counted from 1.
    stop_reason : str
        max_epochs, converged, early_stopping, stopped (by a callback) or diverged.
    failure : TrainingDiverged or None
        Why the weights are not to be used.
    momenta : tuple of ndarray
        The optimiser's memory, one row as long as the parameters each.
    steps : int
        Steps taken so far: both let a later training go on where this one ended.
    """

    sizes: tuple[int, ...]
    recipe: Recipe
    parameters: NDArray[Any]
    history: tuple[EpochRow, ...] = ()
    best_epoch: int = 0
    stop_reason: str = "max_epochs"
    failure: Exception | None = None
    momenta: tuple[NDArray[Any], ...] = ()
    steps: int = 0


@dataclass(frozen=True, eq=False)
class Member:
    """What one network of a stack has of its own.

    Attributes
    ----------
    hidden : tuple of int
        Nodes of each hidden layer.
    learning_rate, weight_decay : float
        Step length, and the share of the weights given up a step (biases are spared).
    dropout, input_dropout : float
        Share of the hidden nodes, and of the inputs, silenced in each step.
    seed : int or SeedSequence
        Of the first weights, the order of rows, and the dropout.
    rows, validation_rows : ndarray of int or None
        Rows to learn from (None: all), and rows to watch.
    start : TrainedNetwork or None
        Weights and optimiser state to go on from.
    """

    hidden: tuple[int, ...] = (64, 32)
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    dropout: float = 0.0
    input_dropout: float = 0.0
    seed: int | np.random.SeedSequence = 0
    rows: Rows | None = None
    validation_rows: Rows | None = None
    start: TrainedNetwork | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        _require(all(w >= 1 for w in self.hidden), "every hidden layer >= 1 node", self.hidden)
        _require(self.learning_rate > 0, "learning_rate > 0", self.learning_rate)
        _require(self.weight_decay >= 0, "weight_decay >= 0", self.weight_decay)
        _require(0 <= self.dropout < 1, "0 <= dropout < 1", self.dropout)
        _require(0 <= self.input_dropout < 1, "0 <= input_dropout < 1", self.input_dropout)


def _require(holds: bool, rule: str, got: object) -> None:
    if not holds:
        raise InvalidSetting(f"{rule} must hold, but got {got!r}")
