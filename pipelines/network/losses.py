"""How wrong an output is: each loss, its value and its derivative side by side.

Every loss works on the last layer's weighted sums ``z`` and the targets ``y``, both of shape
(outputs, ..., rows): outputs lie along the first axis, because sums that run along long contiguous
rows are the fast ones. ``row_losses`` gives one number a row (the sum over outputs), ``gradient``
the ``dL/dz`` of each row, ``predict`` what the network says: a probability, a mean, a value.

Cross-entropies start from ``z`` and not from probabilities, so that a confident network cannot
take the logarithm of zero.
"""
# ruff: noqa: D102  (the base class says what each method does)

from __future__ import annotations

from typing import ClassVar

import numpy as np

from pipelines.network.activations import Array, softplus
from pipelines.network.errors import choose


class Loss:
    """A loss of the weighted sums ``z`` against the targets ``y``, shape (outputs, ..., rows)."""

    name: ClassVar[str]

    def predict(self, z: Array) -> Array:
        """Return the network's answer for the weighted sums ``z``."""
        return z

    def row_losses(self, z: Array, y: Array) -> Array:
        """Return the loss of each row, shape (..., rows)."""
        raise NotImplementedError

    def gradient(self, z: Array, y: Array) -> Array:
        """Return ``dL/dz`` of each row, shape (outputs, ..., rows)."""
        raise NotImplementedError

    def learn(self, z: Array, y: Array, losses: Array) -> None:
        """Write the row losses into `losses` and the gradient in the place of ``z``."""
        np.copyto(losses, self.row_losses(z, y))
        np.copyto(z, self.gradient(z, y))


class SoftmaxCrossEntropy(Loss):
    """Multiclass: ``L = -sum_k y_k log p_k`` with ``p = softmax(z)``, so ``dL/dz = p - y``.

    Targets are one column a class that sum to one: one-hot, or smoothed.
    """

    name = "softmax_cross_entropy"

    def predict(self, z: Array) -> Array:
        e = np.exp(z - z.real.max(axis=0))
        return e / e.sum(axis=0)

    def row_losses(self, z: Array, y: Array) -> Array:
        z = z - z.real.max(axis=0)
        return np.log(np.exp(z).sum(axis=0)) - (y * z).sum(axis=0)

    def gradient(self, z: Array, y: Array) -> Array:
        return self.predict(z) - y

    def learn(self, z: Array, y: Array, losses: Array) -> None:
        np.subtract(z, np.maximum.reduce(z, axis=0), out=z)
        np.add.reduce(y * z, axis=0, out=losses)
        np.exp(z, out=z)
        total = np.add.reduce(z, axis=0)
        np.divide(z, total, out=z)
        np.subtract(np.log(total), losses, out=losses)
        np.subtract(z, y, out=z)


class SigmoidCrossEntropy(Loss):
    """Binary and multi-label: ``L = -y log p - (1 - y) log(1 - p)``, ``p = sigmoid(z)``.

    ``L = softplus(z) - y z`` and ``dL/dz = p - y``, summed over the outputs of a row.
    """

    name = "sigmoid_cross_entropy"

    def predict(self, z: Array) -> Array:
        return 0.5 * np.tanh(0.5 * z) + 0.5

    def row_losses(self, z: Array, y: Array) -> Array:
        return (softplus(z) - y * z).sum(axis=0)

    def gradient(self, z: Array, y: Array) -> Array:
        return self.predict(z) - y


class Squared(Loss):
    """``L = (z - y)^2 / 2``: predicts the mean."""

    name = "squared"

    def row_losses(self, z: Array, y: Array) -> Array:
        return (0.5 * (z - y) ** 2).sum(axis=0)

    def gradient(self, z: Array, y: Array) -> Array:
        return z - y


class Absolute(Loss):
    """``L = |z - y|``: predicts the median."""

    name = "absolute"

    def row_losses(self, z: Array, y: Array) -> Array:
        error = z - y
        return np.where(error.real > 0, error, -error).sum(axis=0)

    def gradient(self, z: Array, y: Array) -> Array:
        return np.sign(z - y)


class Huber(Loss):
    """Squared within one unit of the target, absolute beyond: outliers pull no harder.

    References
    ----------
    Huber (1964), Robust estimation of a location parameter, doi:10.1214/aoms/1177703732.
    """

    name = "huber"
    delta = 1.0

    def row_losses(self, z: Array, y: Array) -> Array:
        error = z - y
        size = np.where(error.real > 0, error, -error)
        near = 0.5 * error * error
        far = self.delta * (size - 0.5 * self.delta)
        return np.where(size.real <= self.delta, near, far).sum(axis=0)

    def gradient(self, z: Array, y: Array) -> Array:
        return np.clip(z - y, -self.delta, self.delta)


class Poisson(Loss):
    """Counts: ``L = exp(z) - y z`` with the mean ``exp(z)``, so ``dL/dz = exp(z) - y``."""

    name = "poisson"

    def predict(self, z: Array) -> Array:
        return np.exp(z)

    def row_losses(self, z: Array, y: Array) -> Array:
        return (np.exp(z) - y * z).sum(axis=0)

    def gradient(self, z: Array, y: Array) -> Array:
        return np.exp(z) - y


class Pinball(Loss):
    """``L = q (y - z)`` below the target, ``(1 - q) (z - y)`` above: predicts the quantile ``q``.

    References
    ----------
    Koenker and Bassett (1978), Regression quantiles, doi:10.2307/1913643.
    """

    name = "pinball"

    def __init__(self, quantile: float = 0.5) -> None:
        self.quantile = quantile

    def row_losses(self, z: Array, y: Array) -> Array:
        error = z - y
        slope = np.where(error.real > 0, 1 - self.quantile, -self.quantile)
        return (slope * error).sum(axis=0)

    def gradient(self, z: Array, y: Array) -> Array:
        return np.where(z > y, 1 - self.quantile, -self.quantile).astype(z.dtype)


LOSSES: dict[str, type[Loss]] = {
    kind.name: kind
    for kind in (
        SoftmaxCrossEntropy,
        SigmoidCrossEntropy,
        Squared,
        Absolute,
        Huber,
        Poisson,
        Pinball,
    )
}


def get_loss(name: str, *, quantile: float = 0.5) -> Loss:
    """Return the loss called `name`; `quantile` is for the pinball loss alone.

    Raises
    ------
    InvalidSetting
        When there is none of that name; the message lists the names there are.
    """
    kind = choose("loss", name, LOSSES)
    loss: Loss = kind(quantile) if kind is Pinball else kind()
    return loss
