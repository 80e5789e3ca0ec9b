"""The layers of a stack of networks, forward and backward, inside memory laid out once.

Axes, everywhere: (members, rows, nodes). A layer is wired to the array it reads (`source`) and
owns the array it writes (`output`); `forward` fills the one from the other. `backward` takes the
loss's derivative by the output, fills the derivatives by the layer's own weights, and returns the
derivative by the source.

The formulas are those of `reference`, where they can be read without the memory; here ``out=``
names the place of each result, because making new arrays costs more than the arithmetic.
"""
# ruff: noqa: D102  (`Layer` says what each method does)

from __future__ import annotations

from typing import Protocol

import numpy as np

from pipelines.network.activations import Activation, Array, get_activation
from pipelines.network.layout import Layout
from pipelines.network.settings import Recipe


class Layer(Protocol):
    """What a network is made of."""

    output: Array

    def forward(self) -> None:
        """Fill `output` from the source."""

    def backward(self, d: Array) -> Array:
        """Take ``dL/doutput``, return ``dL/dsource``; ``d`` may be overwritten."""


class Parameters:
    """The weights and biases of one layer, and where their derivatives go."""

    def __init__(self, layout: Layout, index: int, flat: Array, gradient: Array | None) -> None:
        self.weights = layout.view(flat, f"weights_{index}")
        self.biases = layout.view(flat, f"biases_{index}")
        if gradient is not None:
            self.d_weights = layout.view(gradient, f"weights_{index}")
            self.d_biases = layout.view(gradient, f"biases_{index}")


class Dense:
    """``z = a W + b``, then ``f(z)``: every node sums its weighted inputs and responds."""

    def __init__(
        self, source: Array, own: Parameters, activation: Activation, learns: bool, first: bool
    ) -> None:
        shape = (len(own.weights), source.shape[-2], own.weights.shape[-1])
        self.source, self.own, self.activation = source, own, activation
        self.output = np.empty_like(source, shape=shape)
        self.kept = np.empty_like(source, shape=shape, dtype=activation.kept_type)
        if learns:
            self.source_turned = source.swapaxes(-1, -2)
            self.weights_turned = own.weights.swapaxes(-1, -2)
            self.ones = np.ones_like(source, shape=(1, shape[-2]))
            self.d_source = None if first else np.empty_like(source)

    def forward(self) -> None:
        np.matmul(self.source, self.own.weights, out=self.output)  # z = a W
        np.add(self.output, self.own.biases, out=self.output)  # z = a W + b
        self.activation.forward(self.output, self.kept)  # f(z)

    def backward(self, d: Array) -> Array:
        self.activation.backward(d, self.output, self.kept)  # dL/dz = dL/da f'(z)
        np.matmul(self.source_turned, d, out=self.own.d_weights)  # dL/dW = a' dL/dz
        np.matmul(self.ones, d, out=self.own.d_biases)  # dL/db = sum over rows
        if self.d_source is None:
            return d
        return np.matmul(d, self.weights_turned, out=self.d_source)  # dL/da = dL/dz W'


class Output:
    """The last layer, ``z = a W + b``, written as (members, outputs, rows) for the loss."""

    def __init__(self, source: Array, own: Parameters, learns: bool, first: bool) -> None:
        shape = (len(own.weights), own.weights.shape[-1], source.shape[-2])
        self.own = own
        self.source = source
        self.source_turned = source.swapaxes(-1, -2)
        self.weights_turned = own.weights.swapaxes(-1, -2)
        self.biases_turned = own.biases.swapaxes(-1, -2)
        self.output = np.empty_like(source, shape=shape)
        if learns:
            self.d_biases_turned = own.d_biases.swapaxes(-1, -2)
            self.d_source = None if first else np.empty_like(source)

    def forward(self) -> None:
        np.matmul(self.weights_turned, self.source_turned, out=self.output)
        np.add(self.output, self.biases_turned, out=self.output)

    def backward(self, d: Array) -> Array:
        d_turned = d.swapaxes(-1, -2)
        np.matmul(self.source_turned, d_turned, out=self.own.d_weights)
        np.add.reduce(d, axis=-1, keepdims=True, out=self.d_biases_turned)
        if self.d_source is None:
            return d
        return np.matmul(d_turned, self.weights_turned, out=self.d_source)


class Dropout:
    """Silence a random share of the nodes in each step; the others speak up to make up for it.

    References
    ----------
    Srivastava and others (2014), Dropout, Journal of Machine Learning Research 15.
    """

    def __init__(self, source: Array, share: Array, depth: int) -> None:
        self.source, self.depth = source, depth
        self.output = np.empty_like(source)
        self.bits = np.zeros_like(source, dtype="uint16")  # filled anew before each step
        self.speaks = np.empty_like(source, dtype="bool")
        self.threshold = np.rint(share * 65536).astype("uint16")[:, None, None]
        self.scale = (1 / (1 - self.threshold / 65536)).astype(source.dtype)

    def forward(self) -> None:
        np.greater_equal(self.bits, self.threshold, out=self.speaks)
        np.multiply(self.source, self.speaks, out=self.output)
        np.multiply(self.output, self.scale, out=self.output)

    def backward(self, d: Array) -> Array:
        np.multiply(d, self.speaks, out=d)
        return np.multiply(d, self.scale, out=d)


class Periodic:
    """Each number beside its waves: ``[x, cos(2 pi c x + p)]``, frequencies ``c`` learned.

    References
    ----------
    Gorishniy and others (2022), On embeddings for numerical features, arXiv:2203.05556, section
    3.3; the phase as in Holzmueller and others (2024), arXiv:2407.04491, section 3.
    """

    def __init__(self, source: Array, layout: Layout, flat: Array, gradient: Array | None) -> None:
        members, rows, features = len(flat), source.shape[-2], source.shape[-1]
        self.source, self.features = source, features
        self.frequencies = layout.view(flat, "frequencies")[:, None]
        self.phases = layout.view(flat, "phases")[:, None]
        self.output = np.empty_like(source, shape=(members, rows, layout.first_inputs))
        self.angles = np.empty_like(source, shape=(members, rows, features, layout.periodic))
        if gradient is not None:
            self.d_frequencies = layout.view(gradient, "frequencies")
            self.d_phases = layout.view(gradient, "phases")

    def forward(self) -> None:
        turns = 2 * np.pi * self.frequencies
        np.multiply(self.source[..., None], turns, out=self.angles)
        np.add(self.angles, self.phases, out=self.angles)
        self.output[..., : self.features] = self.source
        self.output[..., self.features :] = np.cos(self.angles).reshape(*self.angles.shape[:2], -1)

    def backward(self, d: Array) -> Array:
        d_angles = -np.sin(self.angles)
        np.multiply(d_angles, d[..., self.features :].reshape(self.angles.shape), out=d_angles)
        self.d_phases[...] = d_angles.sum(axis=1)
        self.d_frequencies[...] = 2 * np.pi * (d_angles * self.source[..., None]).sum(axis=1)
        return d


def build_layers(
    layout: Layout,
    recipe: Recipe,
    source: Array,
    flat: Array,
    gradient: Array | None = None,
    dropouts: tuple[Array, Array] | None = None,
) -> list[Layer]:
    """Wire the layers of a stack together.

    Parameters
    ----------
    layout, recipe : Layout, Recipe
        Of the stack.
    source : ndarray of shape (members or 1, rows, inputs)
        The input batch; one for all members when its first axis is 1.
    flat : ndarray of shape (members, parameters)
    gradient : ndarray of shape (members, parameters) or None
        Where backward leaves its derivatives; None: forward only.
    dropouts : pair of ndarray of shape (members,) or None
        Shares of inputs and of hidden nodes to silence; None: none.
    """
    learns = gradient is not None
    layers: list[Layer] = []

    def add(layer: Layer) -> None:
        nonlocal source
        layers.append(layer)
        source = layer.output

    if dropouts is not None and dropouts[0].any():
        add(Dropout(source, dropouts[0], depth=0))
    if layout.periodic:
        add(Periodic(source, layout, flat, gradient))
    for i in range(layout.layers - 1):
        own = Parameters(layout, i, flat, gradient)
        first = i == 0 and not layout.periodic
        add(Dense(source, own, get_activation(recipe.activation), learns, first))
        if dropouts is not None and dropouts[1].any():
            add(Dropout(source, dropouts[1], depth=i + 1))
    own = Parameters(layout, layout.layers - 1, flat, gradient)
    add(Output(source, own, learns, first=layout.layers == 1 and not layout.periodic))
    return layers
