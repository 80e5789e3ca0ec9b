"""What trained networks say: forward alone, a cache-sized chunk of rows at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipelines.network.activations import Array
from pipelines.network.layers import build_layers, new_signal
from pipelines.network.layout import Layout
from pipelines.network.losses import get_loss
from pipelines.network.settings import TrainedNetwork

CHUNK_ROWS = 1024


def predict(networks: Sequence[TrainedNetwork], inputs: Array, *, raw: bool = False) -> Array:
    """Return the answers of networks of one shape, averaged over them.

    Parameters
    ----------
    networks : sequence of TrainedNetwork
        Of the same sizes and recipe; their answers are averaged.
    inputs : ndarray of shape (rows, inputs)
        float32 or float64; the arithmetic follows this type.
    raw : bool
        Return the weighted sums ``z`` of the output nodes instead of the answers.

    Returns
    -------
    ndarray of shape (rows, outputs)
    """
    first = networks[0]
    layout = Layout(first.sizes, first.recipe.periodic)
    flat = np.stack([network.parameters for network in networks]).astype(inputs.dtype, copy=False)
    loss = get_loss(first.recipe.loss, quantile=first.recipe.quantile)
    answers = np.empty_like(inputs, shape=(len(inputs), first.sizes[-1]), order="C")
    for start in range(0, len(inputs), CHUNK_ROWS):
        chunk = inputs[start : start + CHUNK_ROWS]
        if start == 0 or len(chunk) < CHUNK_ROWS:
            source = new_signal(chunk, 1, chunk.shape[1], len(chunk), learns=False).values
            layers, last = build_layers(layout, first.recipe, source, flat)
        np.copyto(source[0, :-1], chunk.T)
        for layer in layers:
            layer.forward()
        said = last.z if raw else loss.predict(last.z)
        answers[start : start + len(chunk)] = said.mean(axis=1).T
    return answers
