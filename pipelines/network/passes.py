"""A batch through a stack of networks: the pass forward, the loss, the pass backward."""

from __future__ import annotations

import numpy as np

from pipelines.network.activations import Array
from pipelines.network.layers import Dropout, build_layers
from pipelines.network.layout import Layout
from pipelines.network.losses import get_loss
from pipelines.network.settings import Recipe


class Table:
    """Inputs, targets and row weights side by side, so that one look-up fetches a batch.

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
        width = self.inputs + self.outputs + self.weighted
        self.values = np.empty_like(inputs, shape=(len(inputs), width), dtype=dtype, order="C")
        self.values[:, : self.inputs] = inputs
        self.values[:, self.inputs : self.inputs + self.outputs] = targets
        if weights is not None:
            self.values[:, -1] = weights

    def fetch(self, rows: Array, batch: Array) -> None:
        """Copy `rows` (members, rows) into `batch` (members, rows, columns)."""
        np.take(self.values, rows, axis=0, out=batch, mode="clip")


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
        members, inputs = len(flat), table.inputs
        width = table.values.shape[1]
        self.table = table
        self.batch = np.empty_like(flat, shape=(members, rows, width))
        self.targets = self.batch[..., inputs : inputs + table.outputs].swapaxes(-1, -2)
        self.weights = self.batch[..., -1] if table.weighted else None
        self.smoothing = recipe.label_smoothing if gradient is not None else 0.0
        self.loss = get_loss(recipe.loss, quantile=recipe.quantile)
        source = self.batch[..., :inputs]
        self.layers = build_layers(layout, recipe, source, flat, gradient, dropouts)
        self.dropouts = [layer for layer in self.layers if isinstance(layer, Dropout)]
        nothing_below = isinstance(self.layers[0], Dropout)  # no weights before the inputs
        self.learning = self.layers[:0:-1] if nothing_below else self.layers[::-1]
        self.losses = np.empty_like(flat, shape=(members, rows))

    def forward(self, rows: Array) -> Array:
        """Send `rows` (members, rows) forward; return ``z`` (members, outputs, rows)."""
        self.table.fetch(rows, self.batch)
        for layer in self.layers:
            layer.forward()
        return self.layers[-1].output

    def learn(self, rows: Array, present: Array | None = None) -> tuple[Array, Array | float]:
        """Send `rows` forward and the error backward; the gradient is then in its place.

        Parameters
        ----------
        rows : ndarray of shape (members, rows)
        present : ndarray of shape (members, rows) or None
            0 where a member has run out of rows, 1 elsewhere; None: all are there.

        Returns
        -------
        losses : ndarray of shape (members,)
            The sum of the rows' losses, by weight.
        weight : ndarray of shape (members,) or float
            The sum of the rows' weights.
        """
        z = self.forward(rows)
        d = self.loss.learn(z, self._smoothed(self.targets), self.losses)
        weights = self._weights(present)
        if weights is None:
            total: Array | float = float(rows.shape[1])
            np.multiply(d, 1.0 / total, out=d)  # the mean over the rows
        else:
            total = np.add.reduce(weights, axis=-1)
            np.multiply(self.losses, weights, out=self.losses)
            np.multiply(d, (weights / np.maximum(total, 1e-30)[:, None])[:, None], out=d)
        for layer in self.learning:
            d = layer.backward(d)
        return np.add.reduce(self.losses, axis=-1), total

    def look(self, rows: Array) -> tuple[Array, Array]:
        """Return the answers (members, outputs, rows) and losses (members, rows), not learning."""
        z = self.forward(rows)
        return self.loss.predict(z), self.loss.row_losses(z, self.targets)

    def _weights(self, present: Array | None) -> Array | None:
        if self.weights is None or present is None:
            return self.weights if present is None else present
        return self.weights * present

    def _smoothed(self, targets: Array) -> Array:
        if not self.smoothing:
            return targets
        return targets * (1 - self.smoothing) + self.smoothing / targets.shape[-2]
