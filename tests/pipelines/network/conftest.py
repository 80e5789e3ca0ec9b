"""Small networks and tables, built from a seed."""

import numpy as np
import pytest

from pipelines.network.layout import Layout, draw_parameters


@pytest.fixture
def small_table():
    """Return a builder of (inputs, targets) for a loss."""

    def build(loss="softmax_cross_entropy", rows=40, inputs=5, outputs=3, seed=0):
        generator = np.random.default_rng(seed)
        x = generator.normal(size=(rows, inputs))
        if loss == "softmax_cross_entropy":
            y = np.eye(outputs)[generator.integers(outputs, size=rows)]
        elif loss == "sigmoid_cross_entropy":
            y = generator.integers(2, size=(rows, outputs)).astype(float)
        elif loss == "poisson":
            y = generator.poisson(2.0, size=(rows, outputs)).astype(float)
        else:
            y = 2 * generator.normal(size=(rows, outputs))
        return x, y

    return build


@pytest.fixture
def first_parameters():
    """Return a builder of (layout, flat row, parameters by name)."""

    def build(sizes, recipe, seed=0):
        layout = Layout(tuple(sizes), recipe.periodic)
        generator = np.random.default_rng(seed)
        flat = draw_parameters(layout, recipe, generator)
        flat += 0.1 * generator.normal(size=flat.shape)  # biases off zero, off any kink
        return layout, flat, {name: layout.view(flat, name) for name in layout.blocks}

    return build
