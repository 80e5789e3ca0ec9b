"""Which rows each member of a stack learns from in each step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.network.settings import Rows


@dataclass(frozen=True, eq=False)
class Batch:
    """One step's share of the rows.

    Attributes
    ----------
    lengths : ndarray of shape (active members,)
        Rows of each member.
    rows : ndarray of shape (active members, rows)
        A window on the members' order.
    present : ndarray of shape (active members, rows), or None
        Which rows count, where the members' lengths differ.
    """

    lengths: NDArray[np.intp]
    rows: Rows
    present: NDArray[np.bool_] | None


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

    Attributes
    ----------
    batches : list of Batch
        One a step; their rows change with every `shuffle`.
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
        self.shortest = int(self.counts[-1])
        self.full = np.full(len(rows), self.size)
        self.batches = [self._batch(step) for step in range(int(self.steps[0]))]

    def shuffle(self) -> None:
        """Put every member's rows in a new order; one batch an epoch needs none."""
        np.copyto(self.order, self.rows)
        for line, count, generator in zip(self.order, self.counts, self.generators, strict=True):
            if count > self.size:
                generator.shuffle(line[:count])

    def _batch(self, step: int) -> Batch:
        start = step * self.size
        if start + self.size <= self.shortest:
            return Batch(self.full, self.order[:, start : start + self.size], None)
        lengths = np.clip(self.counts - start, 0, self.size)
        lengths = lengths[lengths > 0]
        longest = int(lengths[0])
        present = np.arange(longest) < lengths[:, None] if lengths[-1] < longest else None
        return Batch(lengths, self.order[: len(lengths), start : start + longest], present)
