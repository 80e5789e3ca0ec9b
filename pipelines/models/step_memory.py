"""Fitted steps of a fold, shared by recipes that begin alike."""

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from pipelines.features import Step

MOST_BYTES = 256 * 1024**2


@dataclass(frozen=True)
class Stage:
    """A fold after some steps of a recipe.

    Attributes
    ----------
    step : transformer or None
        The last of those steps, fitted on the fold's training rows; None before the first.
    learned, scored, test : pandas.DataFrame or ndarray
        The fold's rows after it; `test` may be None.
    """

    step: Any
    learned: Any
    scored: Any
    test: Any

    def through(self, step: Any, target: Any) -> "Stage":
        """Fit a step on the training rows, and take all rows through it."""
        learned = step.fit_transform(self.learned, target)
        test = None if self.test is None else step.transform(self.test)
        return Stage(step, learned, step.transform(self.scored), test)

    @property
    def size_bytes(self) -> int:
        """Memory that its rows take."""
        return sum(_size(rows) for rows in (self.learned, self.scored, self.test))


def _size(rows: Any) -> int:
    if rows is None:
        return 0
    return int(rows.nbytes if hasattr(rows, "nbytes") else rows.memory_usage(deep=False).sum())


@dataclass
class StepMemory:
    """Stages by the steps that led to them, bounded in size.

    Parameters
    ----------
    most_bytes : int
        When the rows take more, the stages asked for longest ago go.
    """

    most_bytes: int = MOST_BYTES
    stages: "OrderedDict[str, Stage]" = field(default_factory=OrderedDict)
    size: int = 0

    def find(self, key: str) -> Stage | None:
        """Return the stage of these steps, None where it is not there."""
        if key not in self.stages:
            return None
        self.stages.move_to_end(key)
        return self.stages[key]

    def keep(self, key: str, stage: Stage) -> None:
        """Keep a stage, and let those go that were asked for longest ago."""
        if key not in self.stages:
            self.stages[key] = stage
            self.size += stage.size_bytes
        while self.size > self.most_bytes and self.stages:
            self.size -= self.stages.popitem(last=False)[1].size_bytes


def stage_key(fold: int, steps: Sequence[Step], *, whole: bool) -> str:
    """Return what tells stages apart: fold, steps, and whether the matrix was made of them."""
    lines = [asdict(step) for step in steps]
    return json.dumps([fold, lines, whole], sort_keys=True, default=str)
