"""Everything random about one network, from its seed alone.

First weights, order of rows and dropout come from three streams of their own, so that one does not
move when another is used more or less; what a member draws never depends on its neighbours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Seed = int | np.random.SeedSequence


class Draws:
    """The random streams of one member.

    Parameters
    ----------
    seed : int or SeedSequence
    steps : int
        Steps trained before: a training that goes on draws anew.

    Attributes
    ----------
    first, order : Generator
        For the first weights, and for the order of rows.
    """

    def __init__(self, seed: Seed, steps: int = 0) -> None:
        root = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
        streams = [
            np.random.PCG64(
                np.random.SeedSequence(root.entropy, spawn_key=(*root.spawn_key, k, steps))
            )
            for k in range(3)
        ]
        self.first = np.random.Generator(streams[0])
        self.order = np.random.Generator(streams[1])
        self._noise = streams[2]

    def bits(self, rows: int, width: int) -> NDArray[np.uint16]:
        """Return the next random 16-bit numbers, shape (width, rows), for dropout."""
        words: NDArray[Any] = np.asarray(self._noise.random_raw(-(-rows * width // 4)))
        return words.view(np.uint16)[: rows * width].reshape(width, rows)
