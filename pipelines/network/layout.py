"""Where each weight lies: all parameters of a network in one flat row.

A stack of networks is a matrix of such rows, (members, parameters); each layer's weights are a
view into it, (members, inputs, outputs), its biases the row below. The optimiser works on the whole
row at once, the layers on their views.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.network.initialisation import draw_weights, weight_variance
from pipelines.network.settings import Recipe


@dataclass(frozen=True)
class Block:
    """A named part of the row, and its shape."""

    name: str
    shape: tuple[int, ...]
    start: int

    @property
    def stop(self) -> int:
        """End of the block in the row."""
        return self.start + math.prod(self.shape)


@dataclass(frozen=True)
class Layout:
    """The order of parameters of a network with the given layer sizes.

    Attributes
    ----------
    sizes : tuple of int
        Nodes of each layer, inputs and outputs included.
    periodic : int
        Frequencies a feature of the periodic embedding; 0: none.
    """

    sizes: tuple[int, ...]
    periodic: int = 0

    @property
    def layers(self) -> int:
        """Number of layers of weights."""
        return len(self.sizes) - 1

    @property
    def first_inputs(self) -> int:
        """Width of what the first layer of weights reads, the embedding included."""
        return self.sizes[0] * (1 + self.periodic)

    @cached_property
    def blocks(self) -> dict[str, Block]:
        """The blocks by name, in their order."""
        widths = (self.first_inputs, *self.sizes[1:])
        shapes: dict[str, tuple[int, ...]] = {}
        for i in range(self.layers):
            shapes[f"weights_{i}"] = widths[i], widths[i + 1]
            shapes[f"biases_{i}"] = 1, widths[i + 1]
        if self.periodic:
            shapes |= dict.fromkeys(("frequencies", "phases"), (self.sizes[0], self.periodic))
        blocks: dict[str, Block] = {}
        start = 0
        for name, shape in shapes.items():
            blocks[name] = Block(name, shape, start)
            start = blocks[name].stop
        return blocks

    @cached_property
    def count(self) -> int:
        """Number of parameters."""
        return max(block.stop for block in self.blocks.values())

    @cached_property
    def weights(self) -> list[slice]:
        """Where the weights are, without biases: what weight decay acts on."""
        blocks = [self.blocks[f"weights_{i}"] for i in range(self.layers)]
        return [slice(block.start, block.stop) for block in blocks]

    def edges(self, flat: NDArray[Any], layer: int) -> NDArray[Any]:
        """Return a layer's weights with its biases as their last row, as a view.

        A bias is the weight of one more input that is always one: (..., inputs + 1, outputs).
        """
        weights, biases = self.blocks[f"weights_{layer}"], self.blocks[f"biases_{layer}"]
        inputs, outputs = weights.shape
        return flat[..., weights.start : biases.stop].reshape(*flat.shape[:-1], inputs + 1, outputs)

    def view(self, flat: NDArray[Any], name: str) -> NDArray[Any]:
        """Return block `name` of (..., parameters) as a view of shape (..., *block shape)."""
        block = self.blocks[name]
        return flat[..., block.start : block.stop].reshape(*flat.shape[:-1], *block.shape)

    def place(self, row: NDArray[Any], own: Layout, into: NDArray[Any]) -> None:
        """Copy a narrower network's row into the corners of this layout's row `into`."""
        for name in own.blocks:
            part = own.view(row, name)
            self.view(into, name)[tuple(slice(n) for n in part.shape)] = part

    def take(self, row: NDArray[Any], own: Layout) -> NDArray[Any]:
        """Return a narrower network's row out of this layout's `row`: the inverse of `place`."""
        taken = np.empty_like(row, shape=own.count)
        for name, block in own.blocks.items():
            own.view(taken, name)[...] = self.view(row, name)[tuple(slice(n) for n in block.shape)]
        return taken


def draw_parameters(
    layout: Layout, recipe: Recipe, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Draw a network's first parameters: random weights, biases of zero.

    Returns
    -------
    ndarray of shape (parameters,)
    """
    row = np.zeros(layout.count)
    for i in range(layout.layers):
        weights = layout.view(row, f"weights_{i}")
        activation = recipe.activation if i < layout.layers - 1 else "identity"
        before, after = weights.shape
        variance = weight_variance(recipe.initialisation, activation, before, after)
        weights[...] = draw_weights(generator, before, after, variance)
    if layout.periodic:
        frequencies = layout.view(row, "frequencies")
        frequencies[...] = generator.normal(0.0, recipe.frequency_scale, frequencies.shape)
        phases = layout.view(row, "phases")
        phases[...] = generator.uniform(-np.pi, np.pi, phases.shape)
    return row
