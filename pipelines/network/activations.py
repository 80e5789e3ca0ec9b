"""What a node does with its weighted sum: each activation, its value and its derivative.

``value`` and ``derivative`` are the formulas, to be read, for arrays (rows, nodes). ``forward`` and
``backward`` do the same inside given memory, for the training loop and its arrays (members, nodes,
rows): most inherit the plain version, the common ones (sigmoid, tanh, ReLU) say it in fewer passes.
"""
# ruff: noqa: D102  (the base class says what each method does)

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from pipelines.network.errors import choose

Array = Any  # of NumPy, or of any module that follows its protocols (NEP 13, NEP 18)


class Activation:
    """One function of a node's weighted sum ``z``, with its derivative."""

    name: ClassVar[str]
    zero_stays_zero: ClassVar[bool] = True  # f(0) = 0: a padded node is silent by itself

    def value(self, z: Array) -> Array:
        """Return ``a = f(z)``."""
        raise NotImplementedError

    def derivative(self, z: Array, a: Array) -> Array:
        """Return ``f'(z)``, given ``z`` and ``a = f(z)``."""
        raise NotImplementedError

    def chain(self, d: Array, z: Array, a: Array) -> Array:
        """Return ``dL/dz`` from ``d = dL/da``, by the chain rule."""
        return d * self.derivative(z, a)

    def keep(self, z: Array) -> Array:
        """Return the memory that `forward` and `backward` share for arrays like ``z``."""
        return np.empty_like(z, order="C")

    def forward(self, z: Array, kept: Array) -> None:
        """Turn ``z`` into ``f(z)`` in place; keep what ``backward`` needs."""
        np.copyto(kept, z)
        np.copyto(z, self.value(kept))

    def backward(self, d: Array, a: Array, kept: Array) -> None:
        """Multiply ``d = dL/da`` by the derivative, in place: ``dL/dz``."""
        np.copyto(d, self.chain(d, kept, a))


class Identity(Activation):
    """``f(z) = z``."""

    name = "identity"

    def value(self, z: Array) -> Array:
        return z

    def derivative(self, z: Array, a: Array) -> Array:
        return np.ones_like(z)

    def forward(self, z: Array, kept: Array) -> None:
        """Leave ``z`` as it is."""

    def backward(self, d: Array, a: Array, kept: Array) -> None:
        """Leave ``d`` as it is."""


class Sigmoid(Activation):
    """``f(z) = 1 / (1 + exp(-z))``, written by tanh: faster, and it cannot overflow."""

    name = "sigmoid"
    zero_stays_zero = False

    def value(self, z: Array) -> Array:
        return 0.5 * np.tanh(0.5 * z) + 0.5

    def derivative(self, z: Array, a: Array) -> Array:
        return a * (1 - a)

    def forward(self, z: Array, kept: Array) -> None:
        np.multiply(z, 0.5, out=z)
        np.tanh(z, out=z)
        np.multiply(z, 0.5, out=z)
        np.add(z, 0.5, out=z)

    def backward(self, d: Array, a: Array, kept: Array) -> None:
        np.subtract(1, a, out=kept)
        np.multiply(kept, a, out=kept)
        np.multiply(d, kept, out=d)


class Tanh(Activation):
    """``f(z) = tanh(z)``."""

    name = "tanh"

    def value(self, z: Array) -> Array:
        return np.tanh(z)

    def derivative(self, z: Array, a: Array) -> Array:
        return 1 - a * a

    def forward(self, z: Array, kept: Array) -> None:
        np.tanh(z, out=z)

    def backward(self, d: Array, a: Array, kept: Array) -> None:
        np.multiply(a, a, out=kept)
        np.subtract(1, kept, out=kept)
        np.multiply(d, kept, out=d)


class ReLU(Activation):
    """``f(z) = max(z, 0)``."""

    name = "relu"

    def value(self, z: Array) -> Array:
        return np.maximum(z, 0)

    def derivative(self, z: Array, a: Array) -> Array:
        return (z.real > 0).astype(z.real.dtype)

    def keep(self, z: Array) -> Array:
        """Return zeros: NumPy compares two arrays four times as fast as an array and a number."""
        return np.zeros_like(z, order="C")

    def forward(self, z: Array, kept: Array) -> None:
        np.maximum(z, kept, out=z)

    def backward(self, d: Array, a: Array, kept: Array) -> None:
        np.multiply(d, np.greater(a, kept), out=d)


class LeakyReLU(Activation):
    """``f(z) = max(z, 0.01 z)``: a node below zero still learns a little."""

    name = "leaky_relu"
    slope = 0.01

    def value(self, z: Array) -> Array:
        return np.where(z.real > 0, z, self.slope * z)

    def derivative(self, z: Array, a: Array) -> Array:
        return np.where(z.real > 0, 1, self.slope).astype(z.real.dtype)


class GELU(Activation):
    """``f(z) = z/2 (1 + tanh(u))`` with ``u = sqrt(2/pi) (z + 0.044715 z^3)``.

    References
    ----------
    Hendrycks and Gimpel (2016), Gaussian error linear units, arXiv:1606.08415, section 2.
    """

    name = "gelu"
    scale = 0.7978845608028654  # sqrt(2 / pi)

    def value(self, z: Array) -> Array:
        return 0.5 * z * (1 + np.tanh(self.scale * (z + 0.044715 * z**3)))

    def derivative(self, z: Array, a: Array) -> Array:
        t = np.tanh(self.scale * (z + 0.044715 * z**3))
        du = self.scale * (1 + 3 * 0.044715 * z * z)
        return 0.5 * (1 + t) + 0.5 * z * (1 - t * t) * du


class SiLU(Activation):
    """``f(z) = z sigmoid(z)``."""

    name = "silu"

    def value(self, z: Array) -> Array:
        return z * (0.5 * np.tanh(0.5 * z) + 0.5)

    def derivative(self, z: Array, a: Array) -> Array:
        s = 0.5 * np.tanh(0.5 * z) + 0.5
        return s + a * (1 - s)

    def forward(self, z: Array, kept: Array) -> None:
        np.multiply(z, 0.5, out=kept)
        np.tanh(kept, out=kept)
        np.multiply(kept, 0.5, out=kept)
        np.add(kept, 0.5, out=kept)  # the sigmoid of z
        np.multiply(z, kept, out=z)

    def backward(self, d: Array, a: Array, kept: Array) -> None:
        np.multiply(kept, 1 - a, out=kept)
        np.add(kept, a, out=kept)  # s + a (1 - s)
        np.multiply(d, kept, out=d)


class SELU(Activation):
    """``f(z) = scale * z`` above zero, ``scale * alpha (exp(z) - 1)`` below.

    References
    ----------
    Klambauer and others (2017), Self-normalizing neural networks, arXiv:1706.02515, equation 2.
    """

    name = "selu"
    alpha = 1.6732632423543772
    scale = 1.0507009873554805

    def value(self, z: Array) -> Array:
        below = np.where(z.real > 0, 0, z)  # exp of a large z would overflow
        return self.scale * np.where(z.real > 0, z, self.alpha * np.expm1(below))

    def derivative(self, z: Array, a: Array) -> Array:
        return np.where(z.real > 0, self.scale, a + self.scale * self.alpha).astype(z.real.dtype)


class Mish(Activation):
    """``f(z) = z tanh(softplus(z))`` with ``softplus(z) = log(1 + exp(z))``.

    References
    ----------
    Misra (2019), Mish: a self regularized non-monotonic activation function, arXiv:1908.08681.
    """

    name = "mish"

    def value(self, z: Array) -> Array:
        return z * np.tanh(softplus(z))

    def derivative(self, z: Array, a: Array) -> Array:
        t = np.tanh(softplus(z))
        return t + z * (1 - t * t) * (0.5 * np.tanh(0.5 * z) + 0.5)


class Softmax(Activation):
    """``f(z)_i = exp(z_i) / sum_j exp(z_j)``: the nodes of a layer share a sum of one.

    Each node depends on every other of its layer, so the derivative is a matrix; its product with
    ``d`` is ``a (d - sum_j d_j a_j)``, which `backward` computes.
    """

    name = "softmax"
    zero_stays_zero = False

    def value(self, z: Array) -> Array:
        e = np.exp(z - z.real.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)

    def derivative(self, z: Array, a: Array) -> Array:
        """Return the matrices ``da_i/dz_j``, shape (..., nodes, nodes)."""
        return a[..., :, None] * (np.eye(a.shape[-1], dtype=a.dtype) - a[..., None, :])

    def chain(self, d: Array, z: Array, a: Array) -> Array:
        return np.einsum("...i,...ij->...j", d, self.derivative(z, a))

    def forward(self, z: Array, kept: Array) -> None:
        np.copyto(z, self.value(z.swapaxes(-1, -2)).swapaxes(-1, -2))

    def backward(self, d: Array, a: Array, kept: Array) -> None:
        np.multiply(d, a, out=kept)
        np.subtract(d, kept.sum(axis=-2, keepdims=True), out=d)
        np.multiply(d, a, out=d)


def softplus(z: Array) -> Array:
    """Return ``log(1 + exp(z))`` without overflow, for real and complex ``z``."""
    return np.maximum(z, 0) + np.log1p(np.exp(np.where(z.real > 0, -z, z)))


ACTIVATIONS: dict[str, type[Activation]] = {
    kind.name: kind
    for kind in (
        Identity,
        Sigmoid,
        Tanh,
        ReLU,
        LeakyReLU,
        GELU,
        SiLU,
        SELU,
        Mish,
        Softmax,
    )
}


def get_activation(name: str) -> Activation:
    """Return the activation called `name`.

    Raises
    ------
    InvalidSetting
        When there is none of that name; the message lists the names there are.
    """
    activation: Activation = choose("activation", name, ACTIVATIONS)()
    return activation
