"""The same arithmetic compiled by numba: an optional extra, for small networks above all.

Two kernels. `learn_epoch` runs a whole epoch of ReLU networks, member after member, without ever
coming back to Python; its matrix products are still BLAS. `adam_move` fuses the ten passes of Adam
into two loops, for all other networks. Both equal the NumPy engine to rounding: the tests hold
them to it.

numba's own exponential is slower than NumPy's, so that other activations gain from Adam alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from pipelines.network.activations import Array
from pipelines.network.batches import Batches
from pipelines.network.layout import Layout
from pipelines.network.optimisers import Adam, AdamW
from pipelines.network.passes import Table
from pipelines.network.settings import Member, Recipe

LOSS_CODES = {"softmax_cross_entropy": 0, "sigmoid_cross_entropy": 1, "squared": 2}


def covers(recipe: Recipe, members: list[Member], table: Table) -> bool:
    """Say whether a whole epoch of these members can run compiled."""
    return (
        recipe.activation == "relu"
        and recipe.loss in LOSS_CODES
        and recipe.optimiser in ("adam", "adamw")
        and recipe.clip_norm is None
        and not recipe.label_smoothing
        and not recipe.periodic
        and not table.weighted
        and all(not m.dropout and not m.input_dropout for m in members)
        and (recipe.optimiser == "adamw" or all(not m.weight_decay for m in members))
    )


class CompiledEpoch:
    """An epoch of a stack, compiled.

    Parameters
    ----------
    table : Table
    layout, recipe : Layout, Recipe
    batches : Batches
    mover : Adam
        Of all members: its plan and memories are used, its steps are not.
    """

    def __init__(
        self, table: Table, layout: Layout, recipe: Recipe, batches: Batches, mover: Any
    ) -> None:
        self.table, self.batches, self.mover = table, batches, mover
        self.sizes = np.array(layout.sizes)
        self.starts = np.array([part.start for part in layout.weights])
        self.loss = LOSS_CODES[recipe.loss]
        kind = mover.parameters.dtype.type
        self.betas = kind(recipe.beta1), kind(recipe.beta2)
        nodes = int(np.sum(self.sizes + 1))
        self.signals = np.ones_like(mover.parameters, shape=nodes * batches.size)
        self.errors = np.empty_like(self.signals, shape=2 * max(layout.sizes) * batches.size)

    def learn(self) -> Array:
        """Go through every batch of an epoch; return each member's mean loss."""
        mover = self.mover
        mean, square = mover.memories
        losses = np.zeros(len(mean))
        learn_epoch(
            mover.parameters,
            mover.gradient,
            mean,
            square,
            self.table.values,
            self.batches.order,
            self.batches.counts,
            self.batches.size,
            self.sizes,
            self.starts,
            np.ascontiguousarray(np.array(mover.lengths)[:, :, 0].T),
            np.ascontiguousarray(np.array(mover.floors)[:, :, 0].T),
            np.ascontiguousarray(np.array(mover.shrink)[:, :, 0].T),
            *self.betas,
            self.loss,
            self.signals,
            self.errors,
            losses,
        )
        return losses / self.batches.counts


class CompiledAdam(Adam):
    """Adam in two compiled loops."""

    def move(self, k: int, parameters: Array, gradient: Array) -> None:
        """Move the parameters, in place."""
        _adam_members(self, k, parameters, gradient)


class CompiledAdamW(AdamW):
    """AdamW in two compiled loops."""

    def move(self, k: int, parameters: Array, gradient: Array) -> None:
        """Move the parameters, in place."""
        _adam_members(self, k, parameters, gradient)


COMPILED: dict[str, type[Adam]] = {"adam": CompiledAdam, "adamw": CompiledAdamW}


def _adam_members(adam: Adam, k: int, parameters: Array, gradient: Array) -> None:
    mean, square = adam.memories
    beta1, beta2 = (parameters.dtype.type(b) for b in (adam.recipe.beta1, adam.recipe.beta2))
    lengths, floors = adam.lengths[k], adam.floors[k]
    for i in range(len(parameters)):
        adam_move(
            parameters[i],
            gradient[i],
            mean[i],
            square[i],
            lengths[i, 0],
            floors[i, 0],
            beta1,
            beta2,
        )


@njit(error_model="numpy", cache=True)
def adam_move(
    parameters: Any,
    gradient: Any,
    mean: Any,
    square: Any,
    length: Any,
    floor: Any,
    beta1: Any,
    beta2: Any,
) -> None:
    """Take one step of Adam; two loops, because one alone is not vectorised."""
    for i in range(len(parameters)):
        mean[i] = beta1 * mean[i] + gradient[i]
        square[i] = beta2 * square[i] + gradient[i] * gradient[i]
    for i in range(len(parameters)):
        parameters[i] -= length * mean[i] / (np.sqrt(square[i]) + floor)


@njit(error_model="numpy", cache=True)
def learn_epoch(
    flat: Any,
    gradients: Any,
    means: Any,
    squares: Any,
    table: Any,
    order: Any,
    counts: Any,
    size: Any,
    sizes: Any,
    starts: Any,
    lengths: Any,
    floors: Any,
    shrinks: Any,
    beta1: Any,
    beta2: Any,
    loss: Any,
    signals: Any,
    errors: Any,
    losses: Any,
) -> None:
    """Train every member one epoch; add up its rows' losses in `losses`."""
    for m in range(len(flat)):
        for step in range((counts[m] + size - 1) // size):
            rows = order[m, step * size : min((step + 1) * size, counts[m])]
            losses[m] += _learn(
                flat[m], gradients[m], table, rows, sizes, starts, loss, signals, errors
            )
            shrink = shrinks[m, step]
            if shrink != 1:
                for i in range(len(starts)):
                    for j in range(starts[i], starts[i] + sizes[i] * sizes[i + 1]):
                        flat[m, j] *= shrink
            adam_move(
                flat[m],
                gradients[m],
                means[m],
                squares[m],
                lengths[m, step],
                floors[m, step],
                beta1,
                beta2,
            )


@njit(error_model="numpy", cache=True)
def _learn(
    flat: Any,
    gradient: Any,
    table: Any,
    rows: Any,
    sizes: Any,
    starts: Any,
    loss: Any,
    signals: Any,
    errors: Any,
) -> Any:
    """Send a batch forward and its error backward; return the sum of its losses."""
    layers, count = len(sizes) - 1, len(rows)
    zero = flat.dtype.type(0)
    wanted = np.empty((sizes[layers], count), flat.dtype)
    inputs = signals[: count * (sizes[0] + 1)].reshape(count, sizes[0] + 1)
    for i in range(count):
        row = table[rows[i]]
        for j in range(sizes[0] + 1):
            inputs[i, j] = row[j]
        for k in range(sizes[layers]):
            wanted[k, i] = row[sizes[0] + 1 + k]
    place = inputs.size
    for i in range(layers):
        edges = flat[starts[i] : starts[i] + (sizes[i] + 1) * sizes[i + 1]]
        edges = edges.reshape(sizes[i] + 1, sizes[i + 1])
        z = signals[place : place + sizes[i + 1] * count].reshape(sizes[i + 1], count)
        if i == 0:
            np.dot(edges.T, inputs.T, z)
        else:
            below = signals[place - (sizes[i] + 1) * count : place].reshape(sizes[i] + 1, count)
            np.dot(edges.T, below, z)
        if i < layers - 1:
            above = signals[place : place + z.size]
            for j in range(z.size):
                above[j] = above[j] if above[j] > zero else zero
            signals[place + z.size : place + z.size + count] = 1
            place += z.size + count
    total = _loss(z, wanted, loss)
    _backward(flat, gradient, inputs, z, sizes, starts, signals, errors, place)
    return total


@njit(error_model="numpy", cache=True)
def _backward(
    flat: Any,
    gradient: Any,
    inputs: Any,
    dz: Any,
    sizes: Any,
    starts: Any,
    signals: Any,
    errors: Any,
    place: Any,
) -> None:
    """Fill the gradient from the output's ``dL/dz``."""
    count = dz.shape[1]
    half = errors.size // 2
    zero = flat.dtype.type(0)
    for i in range(len(sizes) - 2, -1, -1):
        stop = starts[i] + (sizes[i] + 1) * sizes[i + 1]
        d_edges = gradient[starts[i] : stop].reshape(sizes[i] + 1, sizes[i + 1])
        if i == 0:
            np.dot(inputs.T, dz.T, d_edges)
            break
        place -= (sizes[i] + 1) * count
        below = signals[place : place + (sizes[i] + 1) * count].reshape(sizes[i] + 1, count)
        np.dot(below, dz.T, d_edges)
        weights = flat[starts[i] : stop - sizes[i + 1]].reshape(sizes[i], sizes[i + 1])
        start = (i % 2) * half  # errors of neighbouring layers lie in the two halves
        down = errors[start : start + sizes[i] * count]
        np.dot(weights, dz, down.reshape(sizes[i], count))
        said = signals[place : place + down.size]
        for j in range(down.size):
            down[j] = down[j] if said[j] > zero else zero
        dz = down.reshape(sizes[i], count)


@njit(error_model="numpy", cache=True)
def _loss(z: Any, wanted: Any, loss: Any) -> Any:
    """Turn ``z`` (outputs, rows) into the mean's ``dL/dz``; return the sum of the rows' losses."""
    outputs, count = z.shape
    total = 0.0
    share, half = z.dtype.type(1 / count), z.dtype.type(0.5)
    if loss == 0:
        return _soft_max(z, wanted, share)
    for k in range(outputs):
        for i in range(count):
            value, target = z[k, i], wanted[k, i]
            if loss == 1:
                total += max(value, 0) + np.log1p(np.exp(-abs(value))) - target * value
                z[k, i] = (half * np.tanh(half * value) + half - target) * share
            else:
                total += half * (value - target) * (value - target)
                z[k, i] = (value - target) * share
    return total


@njit(error_model="numpy", cache=True)
def _soft_max(z: Any, wanted: Any, share: Any) -> Any:
    """Do `_loss` for the soft-max, one output after the other: long runs through memory."""
    outputs, count = z.shape
    highest, whole, picked = z[0].copy(), np.zeros_like(z[0]), np.zeros_like(z[0])
    for k in range(1, outputs):
        for i in range(count):
            highest[i] = z[k, i] if z[k, i] > highest[i] else highest[i]
    for k in range(outputs):
        for i in range(count):
            value = z[k, i] - highest[i]
            picked[i] += wanted[k, i] * value
            z[k, i] = np.exp(value)
            whole[i] += z[k, i]
    total = 0.0
    for i in range(count):
        total += np.log(whole[i]) - picked[i]
        whole[i] = share / whole[i]
    for k in range(outputs):
        for i in range(count):
            z[k, i] = z[k, i] * whole[i] - wanted[k, i] * share
    return total
