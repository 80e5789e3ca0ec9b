"""How weights follow their gradients: each optimiser, over all parameters of a stack at once.

Every array is (members, parameters). What changes from step to step (the learning rate, the
corrections of Adam) is worked out for a whole epoch by `plan`, one column a member, so that a step
is nothing but a few passes over the parameters.

References
----------
Polyak (1964), Some methods of speeding up the convergence of iteration methods,
doi:10.1016/0041-5553(64)90137-5. Sutskever and others (2013), On the importance of initialization
and momentum in deep learning. Tieleman and Hinton (2012), RMSprop, lecture 6.5. Kingma and Ba
(2015), Adam, arXiv:1412.6980. Loshchilov and Hutter (2019), Decoupled weight decay regularization,
arXiv:1711.05101.
"""
# ruff: noqa: D102  (the base class says what each method does)

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pipelines.network.activations import Array
from pipelines.network.arrays import bring, take_out
from pipelines.network.errors import choose
from pipelines.network.settings import Recipe

Columns = NDArray[np.float64]  # (steps, members, 1)


class Optimiser:
    """Moves the parameters of every member against its gradient.

    Parameters
    ----------
    recipe : Recipe
        Holds the optimiser's constants.
    parameters, gradient : ndarray of shape (members, parameters)
        What is moved, and where its derivatives are; the gradient is used up by each step.
    memories : list of ndarray of shape (members, parameters)
        What the optimiser remembers of earlier gradients, `slots` of them.
    weights : list of slice
        The parameters that weight decay acts on.
    weight_decay : ndarray of shape (members, 1)
    """

    name: ClassVar[str]
    slots: ClassVar[int] = 0
    decoupled: ClassVar[bool] = False  # decay shrinks the weights, not through the gradient

    def __init__(
        self,
        recipe: Recipe,
        parameters: Array,
        gradient: Array,
        memories: list[Array],
        weights: list[slice],
        weight_decay: Array,
    ) -> None:
        self.recipe = recipe
        self.parameters, self.gradient, self.memories = parameters, gradient, memories
        self.weights, self.weight_decay = weights, weight_decay
        self.decays = bool((weight_decay > 0).any())

    def plan(self, rates: Columns, steps: Columns) -> None:
        """Prepare an epoch.

        Parameters
        ----------
        rates : ndarray of shape (steps, members, 1)
            Learning rate of each step.
        steps : ndarray of shape (steps, members, 1)
            How many steps each member will have taken, this one included.
        """
        self.rates = self._columns(rates)
        self.shrink = self._columns(1 - rates * take_out(self.weight_decay))

    def step(self, k: int) -> None:
        """Take step `k` of the epoch."""
        if self.decays:
            self._decay(k)
        self.move(k, self.parameters, self.gradient)

    def move(self, k: int, parameters: Array, gradient: Array) -> None:
        """Move the parameters, in place."""
        raise NotImplementedError

    def _decay(self, k: int) -> None:
        for part in self.weights:
            weights = self.parameters[:, part]
            if self.decoupled:
                np.multiply(weights, self.shrink[k], out=weights)
            else:
                self.gradient[:, part] += self.weight_decay * weights

    def _columns(self, values: Columns) -> list[Array]:
        """Return a column (members, 1) for each step, of the parameters' type."""
        columns = values.astype(self.parameters.dtype)
        return [bring(column, self.parameters) for column in columns]


class SGD(Optimiser):
    """``w -= rate g``."""

    name = "sgd"

    def move(self, k: int, parameters: Array, gradient: Array) -> None:
        np.multiply(gradient, self.rates[k], out=gradient)
        np.subtract(parameters, gradient, out=parameters)


class Momentum(Optimiser):
    """``v = mu v + g``, ``w -= rate v``: a ball that rolls down."""

    name = "momentum"
    slots = 1

    def move(self, k: int, parameters: Array, gradient: Array) -> None:
        (velocity,) = self.memories
        np.multiply(velocity, self.recipe.momentum, out=velocity)
        np.add(velocity, gradient, out=velocity)
        np.multiply(velocity, self.rates[k], out=gradient)
        np.subtract(parameters, gradient, out=parameters)


class Nesterov(Optimiser):
    """``v = mu v + g``, ``w -= rate (g + mu v)``: momentum that looks one step ahead."""

    name = "nesterov"
    slots = 1

    def move(self, k: int, parameters: Array, gradient: Array) -> None:
        (velocity,) = self.memories
        np.multiply(velocity, self.recipe.momentum, out=velocity)
        np.add(velocity, gradient, out=velocity)
        np.add(gradient, self.recipe.momentum * velocity, out=gradient)
        np.multiply(gradient, self.rates[k], out=gradient)
        np.subtract(parameters, gradient, out=parameters)


class RMSprop(Optimiser):
    """``s = b s + (1 - b) g^2``, ``w -= rate g / (sqrt(s) + eps)``, with ``b`` = `beta2`."""

    name = "rmsprop"
    slots = 1

    def move(self, k: int, parameters: Array, gradient: Array) -> None:
        (square,) = self.memories
        np.multiply(square, self.recipe.beta2, out=square)
        np.add(square, (1 - self.recipe.beta2) * gradient * gradient, out=square)
        np.divide(gradient, np.sqrt(square) + self.recipe.epsilon, out=gradient)
        np.multiply(gradient, self.rates[k], out=gradient)
        np.subtract(parameters, gradient, out=parameters)


class Adam(Optimiser):
    """``w -= rate m / (sqrt(v) + eps)``, ``m`` and ``v`` the running means of ``g`` and ``g^2``.

    The textbook has ``m = b1 m + (1 - b1) g`` and ``v = b2 v + (1 - b2) g^2``, each divided by
    ``1 - b^t`` in step ``t``. Here the memories hold ``M = m / (1 - b1)`` and
    ``V = v / (1 - b2)``, which saves two passes; the constants move into `plan`:
    with ``r = sqrt((1 - b2) / (1 - b2^t))``, ``sqrt(v') = r sqrt(V)``, so that
    ``w -= rate (1 - b1) / ((1 - b1^t) r)  M / (sqrt(V) + eps / r)``.
    """

    name = "adam"
    slots = 2

    def plan(self, rates: Columns, steps: Columns) -> None:
        super().plan(rates, steps)
        b1, b2 = self.recipe.beta1, self.recipe.beta2
        r = np.sqrt((1 - b2) / (1 - b2**steps))
        self.lengths = self._columns(rates * (1 - b1) / ((1 - b1**steps) * r))
        self.floors = self._columns(self.recipe.epsilon / r)

    def move(self, k: int, parameters: Array, gradient: Array) -> None:
        mean, square = self.memories
        np.multiply(mean, self.recipe.beta1, out=mean)
        np.add(mean, gradient, out=mean)
        np.multiply(square, self.recipe.beta2, out=square)
        np.multiply(gradient, gradient, out=gradient)
        np.add(square, gradient, out=square)
        np.sqrt(square, out=gradient)
        np.add(gradient, self.floors[k], out=gradient)
        np.divide(mean, gradient, out=gradient)
        np.multiply(gradient, self.lengths[k], out=gradient)
        np.subtract(parameters, gradient, out=parameters)


class AdamW(Adam):
    """Adam with weight decay beside the gradient: ``w -= rate decay w``."""

    name = "adamw"
    decoupled = True


OPTIMISERS: dict[str, type[Optimiser]] = {
    kind.name: kind for kind in (SGD, Momentum, Nesterov, RMSprop, Adam, AdamW)
}


def get_optimiser(name: str, engine: str = "numpy") -> type[Optimiser]:
    """Return the optimiser called `name`, compiled if the engine is numba and there is such.

    Raises
    ------
    InvalidSetting
        When there is none of that name; the message lists the names there are.
    """
    kind: type[Optimiser] = choose("optimiser", name, OPTIMISERS)
    if engine != "numba":
        return kind
    from pipelines.network.kernels import COMPILED

    return COMPILED.get(name, kind)


def clip_gradient(gradient: Array, norm: float) -> None:
    """Shorten each member's gradient, (members, parameters), to `norm` at most, in place.

    References
    ----------
    Pascanu and others (2013), On the difficulty of training recurrent neural networks,
    arXiv:1211.5063, algorithm 1.
    """
    length = np.sqrt(np.einsum("mp,mp->m", gradient, gradient))[:, None]
    np.multiply(gradient, np.minimum(1, norm / np.maximum(length, 1e-30)), out=gradient)
