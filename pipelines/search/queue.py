"""What a study tries before its sampler draws: the defaults, given points, or a whole grid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.search.study import REASON, planned

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

MOST_ATTEMPTS = 2  # a point whose process died is tried once more, not for ever

Point = Mapping[str, Any]


@dataclass(frozen=True)
class TrialQueue:
    """Points that are due in a study, put into Optuna's own queue as trials are asked for.

    Whether a point is still due is read from the study's trials, so that it is tried once however
    often the study is stopped, and by however many processes.

    A grid is such a queue as well. Optuna's GridSampler is made for `study.optimize`: asked for
    trials one by one it ends with a RuntimeError, workers may be given the same point, and in a
    conditional space it tries one network several times.

    Attributes
    ----------
    first : tuple of mapping
        Points to begin with, in this order; they may leave parameters to the sampler.
    grid : tuple of mapping, or None
        Every point there is, each complete; None where a sampler draws.
    """

    first: tuple[Point, ...] = ()
    grid: tuple[Point, ...] | None = None

    def fill(self, study: "Study", count: int) -> int:
        """Put the points that are due into the study's queue.

        Parameters
        ----------
        study : optuna.Study
        count : int
            Trials to be asked for.

        Returns
        -------
        int
            How many may be asked for: `count`, or what is left of the grid.
        """
        from optuna.trial import TrialState

        trials = study.get_trials(deepcopy=False)
        waiting = sum(trial.state is TrialState.WAITING for trial in trials)
        wanted = max(0, count - waiting)
        due = self._due(trials, wanted)
        for point in due:
            study.enqueue_trial(dict(point))
        return count if self.grid is None else min(count, waiting + len(due))

    def is_spent(self, study: "Study") -> bool:
        """Tell whether every point of a grid is taken; never so where a sampler draws."""
        from optuna.trial import TrialState

        if self.grid is None:
            return False
        trials = study.get_trials(deepcopy=False)
        waits = any(trial.state is TrialState.WAITING for trial in trials)
        return not waits and not self._due(trials, 1)

    def _due(self, trials: "Sequence[FrozenTrial]", wanted: int) -> list[Point]:
        if not wanted:
            return []
        begin = [point for point in self.first if not _is_tried(point, trials)]
        if self.grid is None:
            return begin[:wanted]
        tried = _tried_points(trials)
        return [point for point in self._ordered_grid() if _key(point) not in tried][:wanted]

    def _ordered_grid(self) -> list[Point]:
        """Return the grid's points, those that the first points stand for ahead of the others."""
        grid = list(self.grid or ())
        for start in reversed(self.first):
            place = next((n for n, point in enumerate(grid) if start.items() <= point.items()), 0)
            grid.insert(0, grid.pop(place))
        return grid


def _is_tried(point: Point, trials: "Sequence[FrozenTrial]") -> bool:
    """Tell whether a trial was given this point; one drawn by chance may differ elsewhere."""
    attempts = 0
    for trial in trials:
        if point.items() <= trial.system_attrs.get("fixed_params", {}).items():
            attempts += MOST_ATTEMPTS if _is_settled(trial) else 1
        if attempts >= MOST_ATTEMPTS:
            return True
    return False


def _tried_points(trials: "Sequence[FrozenTrial]") -> set[Any]:
    attempts: dict[Any, int] = {}
    for trial in trials:
        key = _key(planned(trial))
        attempts[key] = attempts.get(key, 0) + (MOST_ATTEMPTS if _is_settled(trial) else 1)
    return {key for key, count in attempts.items() if count >= MOST_ATTEMPTS}


def _is_settled(trial: "FrozenTrial") -> bool:
    """Tell whether a trial stands: all but one whose process was stopped or killed."""
    from optuna.trial import TrialState

    return trial.state is not TrialState.FAIL or REASON in trial.user_attrs


def _key(point: Point) -> frozenset[tuple[str, Any]]:
    return frozenset(point.items())
