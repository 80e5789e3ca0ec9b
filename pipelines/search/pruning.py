"""Giving up trials early: few reports per trial, all folds together."""

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipelines.errors import SearchProblem

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.pruners import BasePruner

MOST_REPORTS = 10  # fifty a trial would cost more than the rest of the storage
PRUNERS = ("none", "median", "hyperband")
STARTUP_TRIALS = 5


class Rungs:
    """Reports a batch of trials at few epochs and notes which ones are given up.

    A trial is judged by the mean validation loss of its folds, which every model with epochs has,
    whatever the contest's metric. Folds that train in different stacks are waited for.

    Parameters
    ----------
    trials : sequence of optuna.Trial
    epochs : sequence of int
        Epochs of each trial.
    folds : int
    greater_is_better : bool
        Direction of the study; losses are reported with the sign that it calls for.
    """

    def __init__(
        self,
        trials: Sequence["Trial"],
        epochs: Sequence[int],
        folds: int,
        *,
        greater_is_better: bool,
    ) -> None:
        self.trials = trials
        self.distances = [max(1, math.ceil(count / MOST_REPORTS)) for count in epochs]
        self.folds = folds
        self.sign = -1.0 if greater_is_better else 1.0
        self.given_up: set[int] = set()
        self._losses: dict[tuple[int, int], list[float]] = defaultdict(list)

    def hear(self, rows: Sequence[dict[str, Any]]) -> set[int]:
        """Take in an epoch of the networks in training; return the candidates given up."""
        for row in rows:
            number, epoch = row["candidate"], row["epoch"]
            if epoch % self.distances[number] == 0 and number not in self.given_up:
                self._note(number, epoch, float(row["validation_loss"]))
        return self.given_up

    def _note(self, number: int, epoch: int, loss: float) -> None:
        losses = self._losses[number, epoch]
        losses.append(loss)
        if len(losses) < self.folds:
            return
        trial = self.trials[number]
        trial.report(self.sign * sum(losses) / self.folds, epoch)
        if trial.should_prune():
            self.given_up.add(number)


def make_pruner(name: str) -> "BasePruner":
    """Return a pruner by name.

    Raises
    ------
    SearchProblem
        When there is none of that name.
    """
    import optuna

    if name == "none":
        return optuna.pruners.NopPruner()
    if name == "median":
        return optuna.pruners.MedianPruner(n_startup_trials=STARTUP_TRIALS)
    if name == "hyperband":
        return optuna.pruners.HyperbandPruner()
    raise SearchProblem(f"pruner must be one of {', '.join(PRUNERS)}, not {name!r}")


def trials_without_gain(study: "Study") -> int:
    """Return how many trials have been completed since the best one."""
    from optuna.trial import TrialState

    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
    if not any(trial.state is TrialState.COMPLETE for trial in done):
        return 0
    best = study.best_trial.number
    return sum(trial.number > best for trial in done)
