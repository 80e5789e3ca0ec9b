"""Which rows each member of a stack learns from in each step."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pipelines.network.settings import Rows


class Batches:
    """The batches of one epoch, for members that each have rows and an order of their own.

    Members come longest first, so that those with rows left are always the leading ones. Where
    the batches of a step differ in length, the shorter are filled up with rows that do not count.

    Parameters
    ----------
    rows : list of ndarray of int
        Training rows of each member, the longest first.
    size : int
        Rows a batch.
    generators : list of Generator
        One a member, for the order of its rows.
    """

    def __init__(self, rows: list[Rows], size: int, generators: list[np.random.Generator]) -> None:
        self.generators = generators
        self.counts = np.array([len(own) for own in rows])
        self.size = min(size, int(self.counts[0]))
        self.steps = -(-self.counts // self.size)  # of each member
        self.rows = np.zeros((len(rows), int(self.counts[0])), dtype=np.intp)
        for own, line in zip(rows, self.rows, strict=True):
            line[: len(own)] = own
            line[len(own) :] = own[0]
        self.order = self.rows.copy()

    def shuffle(self) -> None:
        """Put every member's rows in a new order; one batch an epoch needs none."""
        self.order[...] = self.rows
        for line, count, generator in zip(self.order, self.counts, self.generators, strict=True):
            if count > self.size:
                generator.shuffle(line[:count])

    def lengths(self, step: int) -> NDArray[np.intp]:
        """Return the rows of each member that are left for `step`, of at most the batch size."""
        lengths: NDArray[np.intp] = np.clip(self.counts - step * self.size, 0, self.size)
        return lengths

    def __iter__(self) -> Iterator[tuple[Rows, NDArray[np.bool_] | None]]:
        """Yield for each step the rows (active members, rows) and which of them are present."""
        for step in range(int(self.steps[0])):
            lengths = self.lengths(step)
            lengths = lengths[lengths > 0]
            start, longest = step * self.size, int(lengths[0])
            rows = self.order[: len(lengths), start : start + longest]
            if lengths[-1] == longest:
                yield rows, None
            else:
                yield rows, np.arange(longest) < lengths[:, None]
