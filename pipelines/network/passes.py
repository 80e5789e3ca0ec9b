"""A batch through a stack of networks: the pass forward, the loss, the pass backward."""

from __future__ import annotations

import numpy as np

from pipelines.network.activations import Array
from pipelines.network.arrays import bring, take_out
from pipelines.network.layers import Dropout, build_layers
from pipelines.network.layout import Layout
from pipelines.network.losses import get_loss
from pipelines.network.settings import Recipe


class Table:
    """Inputs, a one, targets and row weights side by side: one look-up fetches a batch.

    Parameters
    ----------
    inputs : ndarray of shape (rows, inputs)
    targets : ndarray of shape (rows, outputs)
    weights : ndarray of shape (rows,) or None
        None: every row counts the same.
    dtype : str
        Type of the numbers in training.
    """

    def __init__(self, inputs: Array, targets: Array, weights: Array | None, dtype: str) -> None:
        self.inputs, self.outputs = inputs.shape[1], targets.shape[1]
        self.weighted = weights is not None
        self.targets = slice(self.inputs + 1, self.inputs + 1 + self.outputs)
        width = self.targets.stop + self.weighted
        self.values = np.empty_like(inputs, shape=(len(inputs), width), dtype=dtype, order="C")
        self.values[:, : self.inputs] = inputs
        self.values[:, self.inputs] = 1
        self.values[:, self.targets] = targets
        if weights is not None:
            self.values[:, -1] = weights

    def fetch(self, rows: Array, batch: Array) -> None:
        """Copy `rows` (members, rows) into `batch` (members, rows, columns)."""
        if isinstance(self.values, np.ndarray):
            np.take(self.values, rows, axis=0, out=batch, mode="clip")  # unchecked, so faster
        else:
            np.take(self.values, bring(rows, self.values), axis=0, out=batch)


class Pass:
    """The memory and the moves of one batch size through the stack.

    Parameters
    ----------
    table : Table
    layout, recipe : Layout, Recipe
        Of the stack.
    rows : int
        Rows a member in the batch.
    flat : ndarray of shape (members, parameters)
    gradient, dropouts
        See `layers.build_layers`; without a gradient the pass can only look.
    """

    def __init__(
        self,
        table: Table,
        layout: Layout,
        recipe: Recipe,
        rows: int,
        flat: Array,
        gradient: Array | None = None,
        dropouts: tuple[Array, Array] | None = None,
    ) -> None:
        members, width = len(flat), table.values.shape[1]
        self.table = table
        self.batch = np.empty_like(flat, shape=(members, rows, width))
        self.targets = self.batch[..., table.targets].transpose(2, 0, 1)
        self.weights = self.batch[..., -1] if table.weighted else None
        self.smoothing = recipe.label_smoothing if gradient is not None else 0.0
        self.loss = get_loss(recipe.loss, quantile=recipe.quantile)
        source = self.batch[..., : table.inputs + 1].swapaxes(1, 2)
        self.layers, self.last = build_layers(layout, recipe, source, flat, gradient, dropouts)
        self.dropouts = [layer for layer in self.layers if isinstance(layer, Dropout)]
        self.wanted = np.empty_like(self.last.z)  # a copy of the targets
        self.losses = np.empty_like(flat, shape=(members, rows))
        self.share = 1.0 / rows
        self.forget()

    def forget(self) -> None:
        """Start the sums of losses and weights anew."""
        self.sum = np.zeros_like(self.losses)  # of losses by weight, for each place in the batch
        self.weight = np.zeros_like(self.losses)
        self.plain = 0  # batches in which every row counted the same

    def forward(self, rows: Array) -> Array:
        """Send `rows` (members, rows) forward; return ``z`` (outputs, members, rows)."""
        self.table.fetch(rows, self.batch)
        for layer in self.layers:
            layer.forward()
        return self.last.z

    def learn(self, rows: Array, present: Array | None = None) -> None:
        """Send `rows` forward and the error backward; the gradient is then in its place.

        Parameters
        ----------
        rows : ndarray of shape (members, rows)
        present : ndarray of shape (members, rows) or None
            False where a member has run out of rows; None: all are there.
        """
        z = self.forward(rows)
        np.copyto(self.wanted, self.targets)
        if self.smoothing:
            self._smooth(self.wanted)
        self.loss.learn(z, self.wanted, self.losses)  # z becomes dL/dz of each row
        self._average(z, present)
        for layer in reversed(self.layers):
            layer.backward()

    def look(self, rows: Array) -> tuple[Array, Array]:
        """Return the answers (outputs, members, rows) and losses (members, rows), not learning."""
        z = self.forward(rows)
        return self.loss.predict(z), self.loss.row_losses(z, self.targets)

    def summed(self) -> tuple[Array, Array]:
        """Return each member's sum of losses and sum of weights since the last `forget`."""
        weights = take_out(self.weight.sum(axis=1, dtype="float64"))
        losses = take_out(self.sum.sum(axis=1, dtype="float64"))
        return losses, weights + self.plain * self.weight.shape[1]

    def _average(self, d: Array, present: Array | None) -> None:
        """Give each row its share of the mean, in `d`, and add up losses and weights."""
        if self.weights is None and present is None:
            np.multiply(d, self.share, out=d)
            np.add(self.sum, self.losses, out=self.sum)
            self.plain += 1
            return
        weights = 1 if self.weights is None else self.weights
        weights = weights if present is None else weights * bring(present, d)
        total = np.add.reduce(weights, axis=-1)[:, None]
        np.multiply(d, weights / np.maximum(total, 1e-30), out=d)
        np.add(self.sum, self.losses * weights, out=self.sum)
        np.add(self.weight, weights, out=self.weight)

    def _smooth(self, targets: Array) -> None:
        np.multiply(targets, 1 - self.smoothing, out=targets)
        np.add(targets, self.smoothing / len(targets), out=targets)
