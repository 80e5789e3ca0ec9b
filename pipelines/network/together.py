"""Fit many estimators side by side: folds, candidates and seeds as one stack of networks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines.network.errors import InvalidSetting
from pipelines.network.settings import EpochRow, Member, OnEpoch, Recipe, TrainedNetwork
from pipelines.network.training import train_networks

if TYPE_CHECKING:
    from pipelines.network.estimator import Network

Callback = Callable[[list[EpochRow]], "Iterable[int] | None"]


@dataclass(frozen=True, eq=False)
class Job:
    """What one estimator asks to have trained: its rows, made ready, and its members.

    Attributes
    ----------
    inputs, targets : ndarray of shape (rows, inputs), (rows, outputs)
    weights : ndarray of shape (rows,)
    members : tuple of Member
        Whose rows index into `inputs`.
    recipe : Recipe
    """

    inputs: NDArray[Any]
    targets: NDArray[Any]
    weights: NDArray[Any]
    members: tuple[Member, ...]
    recipe: Recipe

    @property
    def kind(self) -> tuple[Recipe, int, int]:
        """What jobs must share to be trained in one go."""
        return self.recipe, self.inputs.shape[1], self.targets.shape[1]


def fit_together(
    estimators: Sequence[Network],
    tables: Sequence[tuple[Any, ...]],
    *,
    validation: Sequence[tuple[Any, ...] | None] | None = None,
    on_epoch: Callback | None = None,
    keep_diverged: bool = False,
) -> list[Network]:
    """Fit each estimator on its table, all side by side, each to what it would reach alone.

    ``fit_together([a, b], [(Xa, ya), (Xb, yb)])`` does as ``a.fit(Xa, ya)`` and
    ``b.fit(Xb, yb)``, to rounding, in the time of little more than one when the networks are
    small. Estimators that share batch size, activation, optimiser and the like share a stack;
    widths, learning rates, weight decay, dropout, seeds and rows may all differ. A table given
    several times (the same array) is prepared once.

    Parameters
    ----------
    estimators : sequence of NetworkClassifier or NetworkRegressor
        Fitted in place.
    tables : sequence of (X, y) or (X, y, sample_weight)
        One for each estimator; the same objects may serve many.
    validation : sequence of (X, y), or None
        Rows for each estimator to watch; None: as its `early_stopping` says.
    on_epoch : callable or None
        ``on_epoch(rows)`` is called after each epoch with plain history rows, each with the
        keys ``network`` (index into `estimators`), ``member``, ``epoch``, ``train_loss``,
        ``validation_loss`` (where rows are watched), ``learning_rate`` and ``seconds``; returns
        the indexes of estimators to stop, or None. The stopped keep their best weights so far.
    keep_diverged : bool
        Leave a diverged estimator unfitted with its ``failure_`` instead of raising it.

    Returns
    -------
    list
        The estimators given.

    Raises
    ------
    TrainingDiverged
        When a loss is no longer a number, unless `keep_diverged`.
    """
    watched = validation if validation is not None else [None] * len(estimators)
    if not len(estimators) == len(tables) == len(watched):
        raise InvalidSetting(
            f"estimators, tables and validation must be of one length, but got {len(estimators)}, "
            f"{len(tables)} and {len(watched)}"
        )
    prepared: dict[Any, Any] = {}
    jobs = [
        estimator._prepare(table, watch, prepared)
        for estimator, table, watch in zip(estimators, tables, watched, strict=True)
    ]
    trained = train_jobs(jobs, on_epoch)
    for estimator, job, networks in zip(estimators, jobs, trained, strict=True):
        estimator._adopt(job, networks, keep_diverged)
    return list(estimators)


def train_jobs(jobs: Sequence[Job], on_epoch: Callback | None = None) -> list[list[TrainedNetwork]]:
    """Train every job's members, jobs of a kind together; return each job's networks."""
    kinds: dict[tuple[Recipe, int, int], list[int]] = {}
    for index, job in enumerate(jobs):
        kinds.setdefault(job.kind, []).append(index)
    results: list[list[TrainedNetwork]] = [[] for _ in jobs]
    for indexes in kinds.values():
        _train_kind([jobs[i] for i in indexes], indexes, results, on_epoch)
    return results


def _train_kind(
    jobs: list[Job],
    indexes: list[int],
    results: list[list[TrainedNetwork]],
    on_epoch: Callback | None,
) -> None:
    inputs, targets, weights, starts = _one_table(jobs)
    members: list[Member] = []
    owners: list[tuple[int, int]] = []  # (network, member of the network), by member of the stack
    for index, job in zip(indexes, jobs, strict=True):
        start = starts[id(job.inputs), id(job.targets), id(job.weights)]
        for number, member in enumerate(job.members):
            members.append(_shifted(member, start, len(job.inputs)))
            owners.append((index, number))
    listen = None if on_epoch is None else _listener(on_epoch, owners)
    plain = bool((weights == weights[0]).all())
    networks = train_networks(
        inputs,
        targets,
        members,
        jobs[0].recipe,
        weights=None if plain else weights,
        on_epoch=listen,
    )
    for (index, _), network in zip(owners, networks, strict=True):
        results[index].append(network)


def _one_table(
    jobs: list[Job],
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], dict[tuple[int, int, int], int]]:
    """Put the jobs' tables under one another, each once; say where each starts."""
    starts: dict[tuple[int, int, int], int] = {}
    distinct: list[Job] = []
    rows = 0
    for job in jobs:
        key = (id(job.inputs), id(job.targets), id(job.weights))
        if key not in starts:
            starts[key] = rows
            distinct.append(job)
            rows += len(job.inputs)
    if len(distinct) == 1:
        return distinct[0].inputs, distinct[0].targets, distinct[0].weights, starts
    parts = [[getattr(job, name) for job in distinct] for name in ("inputs", "targets", "weights")]
    inputs, targets, weights = (np.concatenate(part) for part in parts)
    return inputs, targets, weights, starts


def _shifted(member: Member, start: int, count: int) -> Member:
    rows = np.arange(count) if member.rows is None else member.rows
    watched = member.validation_rows
    return replace(
        member, rows=rows + start, validation_rows=None if watched is None else watched + start
    )


def _listener(on_epoch: Callback, owners: list[tuple[int, int]]) -> OnEpoch:
    """Translate members of the stack into networks and their members, and back."""
    stopped: set[int] = set()

    def listen(rows: list[EpochRow]) -> set[int]:
        told = [
            {**row, "network": owners[row["member"]][0], "member": owners[row["member"]][1]}
            for row in rows
        ]
        stopped.update(on_epoch(told) or ())
        return {row["member"] for row in rows if owners[row["member"]][0] in stopped}

    return listen
