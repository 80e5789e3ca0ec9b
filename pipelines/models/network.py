"""All folds of all candidates as members of stacked networks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.models.fits import Answers, Candidate, FoldFit, OnEpoch
from pipelines.models.prepared import PreparedFold, PreparedFolds
from pipelines.network import Member, Recipe, TrainedNetwork, predict, train_networks

NETWORK_PARAMETERS: Mapping[str, Any] = MappingProxyType(
    {
        "hidden_layer_sizes": (64, 32),
        "activation": "relu",
        "learning_rate": 0.005,
        "weight_decay": 0.001,
        "dropout": 0.0,
        "input_dropout": 0.0,
        "batch_size": 64,
        "max_epochs": 40,
        "optimiser": "adamw",
        "schedule": "one_cycle",
        "beta1": 0.9,
        "beta2": 0.95,
        "momentum": 0.9,
        "clip_norm": None,
        "label_smoothing": 0.0,
        "initialisation": "auto",
        "periodic": 0,
        "frequency_scale": 0.1,
        "loss": None,
    }
)
"""What an experiment may set of the network, and what stands there otherwise.

A decaying schedule and beta2 = 0.95 follow Holzmüller et al. (2024), arXiv:2407.04491.
"""

OF_A_MEMBER = ("learning_rate", "weight_decay", "dropout", "input_dropout")
DEFAULT_LOSSES = {True: "softmax_cross_entropy", False: "squared"}


@dataclass(frozen=True)
class FittedNetwork:
    """One trained network with the scale of the values it was taught.

    Attributes
    ----------
    trained : TrainedNetwork
    width : int
        Number of inputs; narrower features are filled up with columns of 0.
    offset, scale : ndarray, shape (n_outputs,), or None
        Answers are ``offset + scale * output``; None for classes.
    """

    trained: TrainedNetwork
    width: int
    offset: NDArray[np.float64] | None = None
    scale: NDArray[np.float64] | None = None

    def answers(self, features: NDArray[np.float64]) -> Answers:
        """Return class probabilities or values, shape (n_rows, n_outputs)."""
        said = np.asarray(predict([self.trained], widened(features, self.width)), np.float64)
        if self.offset is None or self.scale is None:
            return said
        return np.asarray(self.offset + self.scale * said)

    @property
    def size(self) -> int:
        """Number of weights and biases."""
        return len(self.trained.parameters)


def widened(features: NDArray[np.float64], width: int) -> NDArray[np.float32]:
    """Return the features as float32 with columns of 0 added up to `width`."""
    wide = np.zeros((len(features), width), np.float32)
    wide[:, : features.shape[1]] = features
    return wide


@dataclass(frozen=True)
class TallTable:
    """The rows of several folds below each other, so that members of one stack can share a table.

    Attributes
    ----------
    inputs : ndarray, shape (n_folds * n_rows, width)
    targets : ndarray, shape (n_folds * n_rows, n_outputs)
        One-hot classes, or values scaled by each fold's training rows.
    offsets, scales : list of ndarray or None
        Per fold.
    """

    inputs: NDArray[np.float32]
    targets: NDArray[np.float32]
    offsets: list[NDArray[np.float64] | None]
    scales: list[NDArray[np.float64] | None]


def stack_folds(prepared: PreparedFolds, places: Sequence[int] | None = None) -> TallTable:
    """Lay the rows of the folds numbered `places` below each other, each with its own features."""
    folds = [prepared.folds[place] for place in prepared.places(places)]
    width = max(fold.learned.shape[1] for fold in prepared.folds)
    inputs = np.zeros((len(folds) * prepared.rows, width), np.float32)
    targets, offsets, scales = [], [], []
    for number, fold in enumerate(folds):
        block = inputs[number * prepared.rows :][: prepared.rows]
        block[fold.fold.train] = widened(fold.learned, width)
        block[fold.fold.valid] = widened(fold.scored, width)
        taught, offset, scale = _taught(prepared, fold)
        targets.append(taught)
        offsets.append(offset)
        scales.append(scale)
    return TallTable(inputs, np.concatenate(targets).astype(np.float32), offsets, scales)


def _taught(
    prepared: PreparedFolds, fold: PreparedFold
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None, NDArray[np.float64] | None]:
    values = prepared.target.values
    if prepared.target.classes:
        return np.eye(prepared.target.classes)[values], None, None
    offset = values[fold.fold.train].mean(axis=0)
    spread = values[fold.fold.train].std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    return (values - offset) / scale, offset, scale


def fit_networks(
    candidates: Sequence[Candidate],
    prepared: PreparedFolds,
    on_epoch: OnEpoch | None = None,
    places: Sequence[int] | None = None,
) -> list[list[FoldFit]]:
    """Train every candidate on the folds numbered `places`; those of one recipe side by side."""
    taken = prepared.places(places)
    tall, size = stack_folds(prepared, taken), len(taken)
    fits: dict[int, list[FoldFit]] = {}
    for recipe, numbers in _by_recipe(candidates, bool(prepared.target.classes)):
        members = [
            _member(candidates[number], place, block * prepared.rows, prepared)
            for number in numbers
            for block, place in enumerate(taken)
        ]
        told = None if on_epoch is None else _told(on_epoch, numbers, taken)
        trained = train_networks(tall.inputs, tall.targets, members, recipe, on_epoch=told)
        for turn, number in enumerate(numbers):
            own = trained[turn * size : (turn + 1) * size]
            fits[number] = [
                _fit(one, prepared.folds[place], tall, block)
                for block, (place, one) in enumerate(zip(taken, own, strict=True))
            ]
    return [fits[number] for number in range(len(candidates))]


def _by_recipe(
    candidates: Sequence[Candidate], classes: bool
) -> Iterator[tuple[Recipe, list[int]]]:
    groups: dict[Recipe, list[int]] = {}
    for number, candidate in enumerate(candidates):
        groups.setdefault(recipe_of(candidate.parameters, classes), []).append(number)
    yield from groups.items()


def recipe_of(parameters: Mapping[str, Any], classes: bool) -> Recipe:
    """Return what a candidate's networks share with others in a stack.

    The rows they watch are the fold's scored ones, for their curves: an epoch or a rate chosen on
    them would flatter the cross-validated score.
    """
    values = {**NETWORK_PARAMETERS, **parameters}
    shared = {
        name: value
        for name, value in values.items()
        if name not in (*OF_A_MEMBER, "hidden_layer_sizes", "loss")
    }
    loss = values["loss"] or DEFAULT_LOSSES[classes]
    return Recipe(loss=loss, validation_decides=False, **shared)


def _member(candidate: Candidate, place: int, start: int, prepared: PreparedFolds) -> Member:
    """Return a candidate's network on a fold whose rows begin at `start` of the tall table."""
    values = {**NETWORK_PARAMETERS, **candidate.parameters}
    fold = prepared.folds[place].fold
    return Member(
        hidden=tuple(int(width) for width in values["hidden_layer_sizes"]),
        learning_rate=float(values["learning_rate"]),
        weight_decay=float(values["weight_decay"]),
        dropout=float(values["dropout"]),
        input_dropout=float(values["input_dropout"]),
        seed=np.random.SeedSequence([candidate.seed, place]),
        rows=(start + fold.train).astype(np.intp),
        validation_rows=(start + fold.valid).astype(np.intp),
    )


def _told(on_epoch: OnEpoch, numbers: list[int], places: Sequence[int]) -> Any:
    """Translate members of the stack to candidates and folds, and back."""
    of = [(number, place) for number in numbers for place in places]

    def tell(rows: list[dict[str, Any]]) -> set[int] | None:
        named = [
            {**row, "candidate": of[row["member"]][0], "fold": of[row["member"]][1]} for row in rows
        ]
        given_up = on_epoch(named) or set()
        return {row["member"] for row in named if row["candidate"] in given_up}

    return tell


def _fit(trained: TrainedNetwork, fold: PreparedFold, tall: TallTable, block: int) -> FoldFit:
    width = tall.inputs.shape[1]
    model = FittedNetwork(trained, width, tall.offsets[block], tall.scales[block])
    return FoldFit(
        scored=model.answers(fold.scored),
        test=None if fold.test is None else model.answers(fold.test),
        history=trained.history,
        seconds=sum(float(row["seconds"]) for row in trained.history),
        model=model,
        failure=None if trained.failure is None else str(trained.failure),
    )
