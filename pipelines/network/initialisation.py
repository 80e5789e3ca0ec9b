"""Where the weights start: small random numbers, their spread fitted to the layer.

A weighted sum of many inputs varies more than one of few; dividing the spread by the number of
inputs keeps the signal of every layer at the same strength, forward and backward.

References
----------
Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural networks.
He and others (2015), Delving deep into rectifiers, doi:10.1109/ICCV.2015.123.
LeCun and others (1998), Efficient backprop, doi:10.1007/3-540-49430-8_2.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from pipelines.network.errors import InvalidSetting

INITIALISATIONS = ("auto", "glorot", "he", "lecun")
_BY_ACTIVATION = {"relu": "he", "leaky_relu": "he", "gelu": "he", "silu": "he", "mish": "he"}


def weight_variance(name: str, activation: str, inputs: int, outputs: int) -> float:
    """Return the variance of a layer's first weights.

    Parameters
    ----------
    name : str
        glorot, he, lecun, or auto: He for the ReLU family, LeCun for SELU, Glorot for the rest.
    activation : str
        The layer's activation, which decides for auto.
    inputs, outputs : int
        Number of nodes before and after the layer.
    """
    if name == "auto":
        name = "lecun" if activation == "selu" else _BY_ACTIVATION.get(activation, "glorot")
    if name == "glorot":
        return 2.0 / (inputs + outputs)
    if name == "he":
        return 2.0 / inputs
    if name == "lecun":
        return 1.0 / inputs
    known = ", ".join(INITIALISATIONS)
    raise InvalidSetting(f"initialisation must be one of {known}, but got {name!r}")


def draw_weights(
    generator: np.random.Generator, inputs: int, outputs: int, variance: float
) -> NDArray[np.float64]:
    """Draw a layer's first weights, shape (inputs, outputs), uniform with the given variance."""
    bound = math.sqrt(3.0 * variance)
    return generator.uniform(-bound, bound, size=(inputs, outputs))
