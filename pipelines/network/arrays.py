"""The one seam between the engine and the module that owns its arrays.

The engine calls NumPy's functions on whatever arrays it was given, and NumPy hands the call to the
module that made them (NEP 13, NEP 18). New arrays are made like old ones (NEP 35). So only two
things need a name: bringing numbers in, and taking them out. With CuPy that is all there is to
running on a GPU.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.network.activations import Array
from pipelines.network.errors import InvalidSetting


def bring(values: Any, like: Array) -> Array:
    """Return host numbers as an array of the module that `like` belongs to."""
    return values if isinstance(like, np.ndarray) else np.asarray(values, like=like)


def take_out(array: Array) -> NDArray[Any]:
    """Return an array of any module as NumPy's own."""
    return array if isinstance(array, np.ndarray) else np.asarray(array.get())


def hand_over(array_module: str, *arrays: Any) -> list[Array]:
    """Return NumPy arrays (or None) as arrays of the module called `array_module`.

    Raises
    ------
    InvalidSetting
        When there is no such module.
    """
    if array_module == "numpy":
        return list(arrays)
    try:
        module = import_module(array_module)
    except ImportError as missing:
        raise InvalidSetting(
            f"array_module must name an installed module such as numpy or cupy, "
            f"but got {array_module!r}"
        ) from missing
    return [None if array is None else module.asarray(array) for array in arrays]
