"""The layers of a stack of networks, forward and backward, inside memory laid out once.

Axes, everywhere: (members, nodes, rows). Rows of the table lie along the last axis and are
contiguous there, so that whatever is done to every node is one long run through memory. Each
signal carries one node more that is always one: its weight is the bias, and neither adding the
bias nor its derivative costs a step of its own.

A layer is wired to the signal below it (`source`) and owns the one it sends up (`output`).
`forward` fills the output's values from the source's. `backward` takes the output's errors,
``dL/da`` of each node, fills the derivatives by the layer's own weights, and hands the errors
down to the source.

The formulas are those of `reference`, transposed; ``out=`` names the place of each result, because
making new arrays costs more than the arithmetic.
"""
# ruff: noqa: D102  (`Layer` says what each method does)

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pipelines.network.activations import Activation, Array, get_activation
from pipelines.network.arrays import bring
from pipelines.network.layout import Layout
from pipelines.network.settings import Recipe


@dataclass(frozen=True, eq=False)
class Signal:
    """What runs between two layers.

    Attributes
    ----------
    values : ndarray of shape (members or 1, nodes + 1, rows)
        What each node says, and a last node that says one.
    errors : ndarray of shape (members, nodes, rows) or None
        How the loss changes with what each node says; None where nobody learns from it.
    """

    values: Array
    errors: Array = None


def new_signal(like: Array, members: int, nodes: int, rows: int, learns: bool = True) -> Signal:
    """Return memory for a signal, of the type of the array `like`."""
    values = np.empty_like(like, shape=(members, nodes + 1, rows), order="C")
    values[:, nodes] = 1
    return Signal(values, np.empty_like(values[:, :nodes], order="C") if learns else None)


class Layer(Protocol):
    """What a network is made of."""

    output: Signal

    def forward(self) -> None:
        """Fill the output's values from the source's."""

    def backward(self) -> None:
        """Fill the weights' derivatives and the source's errors from the output's errors."""


class Dense:
    """``z = W' a + b``, then ``f(z)``: every node sums its weighted inputs and responds.

    Parameters
    ----------
    source : Signal
    edges : ndarray of shape (members, inputs + 1, nodes)
        The weights, and the biases as their last row.
    d_edges : ndarray of the same shape, or None
        Where the derivatives go; None: forward only.
    activation : Activation
    """

    def __init__(
        self, source: Signal, edges: Array, d_edges: Array | None, activation: Activation
    ) -> None:
        members, _, nodes = edges.shape
        rows = source.values.shape[2]
        self.output = new_signal(edges, members, nodes, rows, learns=d_edges is not None)
        self.z = self.output.values[:, :nodes]
        self.activation, self.kept = activation, activation.keep(self.z)
        self.sums = Sums(source, edges, d_edges, self.z, self.output.errors)

    def forward(self) -> None:
        self.sums.forward()  # z = W' a + b
        self.activation.forward(self.z, self.kept)  # a = f(z)

    def backward(self) -> None:
        self.activation.backward(self.output.errors, self.z, self.kept)  # dL/dz = dL/da f'(z)
        self.sums.backward()


class Output:
    """The last layer, ``z = W' a + b``; its sums are laid out for the loss.

    `z` is (outputs, members, rows): the loss sums over outputs, which is fast along long rows. It
    turns `z` into ``dL/dz`` on the spot.
    """

    def __init__(self, source: Signal, edges: Array, d_edges: Array | None) -> None:
        members, _, outputs = edges.shape
        self.z = np.empty_like(edges, shape=(outputs, members, source.values.shape[2]))
        turned = self.z.swapaxes(0, 1)
        self.output = Signal(turned, turned)
        self.sums = Sums(source, edges, d_edges, turned, turned)

    def forward(self) -> None:
        self.sums.forward()

    def backward(self) -> None:
        self.sums.backward()


class Sums:
    """The weighted sums of a layer's inputs, ``z = W' a + b``, and the way back."""

    def __init__(
        self, source: Signal, edges: Array, d_edges: Array | None, z: Array, dz: Array | None
    ) -> None:
        self.source, self.edges_turned, self.z = source.values, edges.swapaxes(1, 2), z
        if d_edges is not None and dz is not None:
            self.weights, self.dz, self.dz_turned = edges[:, :-1], dz, dz.swapaxes(1, 2)
            self.d_edges, self.errors = d_edges, source.errors

    def forward(self) -> None:
        np.matmul(self.edges_turned, self.source, out=self.z)  # z = W' a + b

    def backward(self) -> None:
        np.matmul(self.source, self.dz_turned, out=self.d_edges)  # dL/dW = a (dL/dz)'
        if self.errors is not None:
            np.matmul(self.weights, self.dz, out=self.errors)  # dL/da = W dL/dz


class Dropout:
    """Silence a random share of the nodes in each step; the others speak up to make up for it.

    References
    ----------
    Srivastava and others (2014), Dropout, Journal of Machine Learning Research 15.
    """

    def __init__(self, source: Signal, share: Array, depth: int) -> None:
        self.source, self.errors, self.depth = source.values[:, :-1], source.errors, depth
        self.output = new_signal(self.source, *self.source.shape)
        self.answers = self.output.values[:, :-1]
        self.bits = np.zeros_like(self.answers, dtype="uint16", order="C")  # drawn before each step
        self.speaks = np.empty_like(self.bits, dtype="bool")
        threshold = np.rint(share * 65536).astype("uint16")[:, None, None]
        self.threshold = bring(threshold, self.source)
        self.scale = bring((1 / (1 - threshold / 65536)).astype(self.source.dtype), self.source)

    def forward(self) -> None:
        np.greater_equal(self.bits, self.threshold, out=self.speaks)
        np.multiply(self.source, self.speaks, out=self.answers)
        np.multiply(self.answers, self.scale, out=self.answers)

    def backward(self) -> None:
        if self.errors is not None:
            np.multiply(self.output.errors, self.speaks, out=self.errors)
            np.multiply(self.errors, self.scale, out=self.errors)


class Periodic:
    """Each number beside its waves: ``[x, cos(2 pi c x + p)]``, frequencies ``c`` learned.

    References
    ----------
    Gorishniy and others (2022), On embeddings for numerical features, arXiv:2203.05556, section
    3.3; the phase as in Holzmueller and others (2024), arXiv:2407.04491, section 3.
    """

    def __init__(self, source: Signal, layout: Layout, flat: Array, gradient: Array | None) -> None:
        members, features, rows = len(flat), layout.sizes[0], source.values.shape[2]
        self.numbers = source.values[:, :features]
        self.frequencies = layout.view(flat, "frequencies")[..., None]
        self.phases = layout.view(flat, "phases")[..., None]
        self.output = new_signal(
            flat, members, layout.first_inputs, rows, learns=gradient is not None
        )
        self.copies = self.output.values[:, :features]
        self.waves = self.output.values[:, features:-1]
        self.angles = np.empty_like(flat, shape=(members, features, layout.periodic, rows))
        if gradient is not None:
            self.d_frequencies = layout.view(gradient, "frequencies")
            self.d_phases = layout.view(gradient, "phases")

    def forward(self) -> None:
        turns = 2 * np.pi * self.frequencies
        np.multiply(self.numbers[:, :, None], turns, out=self.angles)
        np.add(self.angles, self.phases, out=self.angles)
        np.copyto(self.copies, self.numbers)
        np.copyto(self.waves, np.cos(self.angles).reshape(self.waves.shape))

    def backward(self) -> None:
        d_waves = self.output.errors[:, self.numbers.shape[1] :].reshape(self.angles.shape)
        d_angles = -np.sin(self.angles) * d_waves
        np.copyto(self.d_phases, d_angles.sum(axis=-1))
        d_turns = (d_angles * self.numbers[:, :, None]).sum(axis=-1)
        np.copyto(self.d_frequencies, 2 * np.pi * d_turns)


def build_layers(
    layout: Layout,
    recipe: Recipe,
    source: Array,
    flat: Array,
    gradient: Array | None = None,
    dropouts: tuple[Array, Array] | None = None,
) -> tuple[list[Layer], Output]:
    """Wire the layers of a stack together; return them all, and the last again.

    Parameters
    ----------
    layout, recipe : Layout, Recipe
        Of the stack.
    source : ndarray of shape (members or 1, inputs + 1, rows)
        The input signal's values; one for all members when its first axis is 1.
    flat : ndarray of shape (members, parameters)
    gradient : ndarray of shape (members, parameters) or None
        Where backward leaves its derivatives; None: forward only.
    dropouts : pair of ndarray of shape (members,) or None
        Shares of inputs and of hidden nodes to silence; None: none.
    """
    layers: list[Layer] = []
    silent_inputs, silent_nodes = dropouts if dropouts is not None else (None, None)
    edges = [layout.edges(flat, i) for i in range(layout.layers)]
    d_edges: list[Array] = [None] * layout.layers
    if gradient is not None:
        d_edges = [layout.edges(gradient, i) for i in range(layout.layers)]
    top = Signal(source)

    def add(layer: Layer) -> None:
        nonlocal top
        layers.append(layer)
        top = layer.output

    if silent_inputs is not None and silent_inputs.any():
        add(Dropout(top, silent_inputs, depth=0))
    if layout.periodic:
        add(Periodic(top, layout, flat, gradient))
    for i in range(layout.layers - 1):
        add(Dense(top, edges[i], d_edges[i], get_activation(recipe.activation)))
        if silent_nodes is not None and silent_nodes.any():
            add(Dropout(top, silent_nodes, depth=i + 1))
    last = Output(top, edges[-1], d_edges[-1])
    return [*layers, last], last
