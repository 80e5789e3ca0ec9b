"""What a stack says about the rows it does not learn from, after each epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from pipelines.network.activations import Array
from pipelines.network.arrays import take_out
from pipelines.network.passes import Pass, Table
from pipelines.network.settings import EpochRow, Recipe, Rows, Score

LOOK_ROWS = 1024  # rows looked at together: their activations stay in the cache


class Validation:
    """Looks at each member's validation rows, all members at once.

    Parameters
    ----------
    table : Table
    recipe : Recipe
    rows : list of ndarray of int or None
        Validation rows of each member; None for a member that has none.
    passes : callable
        ``passes(rows)`` returns a pass that looks at so many rows a member.
    """

    def __init__(
        self, table: Table, recipe: Recipe, rows: list[Rows | None], passes: Callable[[int], Pass]
    ) -> None:
        self.table, self.recipe, self.passes = table, recipe, passes
        self.counts = [0 if own is None else len(own) for own in rows]
        self.rows = np.zeros((len(rows), max(self.counts)), dtype=np.intp)
        self.weights = np.zeros(self.rows.shape)
        for line, weights, own in zip(self.rows, self.weights, rows, strict=True):
            if own is not None:
                line[: len(own)] = own
                weights[: len(own)] = take_out(table.values[own, -1]) if table.weighted else 1.0

    def look(self) -> list[EpochRow]:
        """Return the loss (and the score, if one is watched) of each member that has rows."""
        if not any(self.counts):
            return [{} for _ in self.counts]
        chunks = list(self._chunks())
        losses = np.concatenate([losses for _, losses in chunks], axis=-1)
        means = (losses * self.weights).sum(axis=-1) / np.maximum(self.weights.sum(axis=-1), 1e-30)
        lines: list[EpochRow] = [
            {"validation_loss": float(mean)} if count else {}
            for mean, count in zip(means, self.counts, strict=True)
        ]
        if self.recipe.score is not None:
            answers = np.concatenate([answers for answers, _ in chunks], axis=-1)
            self._add_scores(lines, answers, self.recipe.score)
        return lines

    def _chunks(self) -> Iterator[tuple[Array, Array]]:
        size = max(32, LOOK_ROWS // len(self.rows))
        for start in range(0, self.rows.shape[1], size):
            rows = self.rows[:, start : start + size]
            answers, losses = self.passes(rows.shape[1]).look(rows)
            yield take_out(answers.copy()), take_out(losses.copy())

    def _add_scores(self, lines: list[EpochRow], answers: Array, score: Score) -> None:
        for row, (line, count) in enumerate(zip(lines, self.counts, strict=True)):
            if count:
                targets = take_out(self.table.values[self.rows[row, :count], self.table.targets])
                said = answers[:, row, :count].T
                line["validation_score"] = float(score.function(targets, said))
