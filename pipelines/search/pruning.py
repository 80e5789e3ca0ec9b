"""Giving up trials early: by few reports of their learning curves, or fold after fold."""

import math
import warnings
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipelines.errors import SearchProblem

if TYPE_CHECKING:
    from optuna import Trial
    from optuna.pruners import BasePruner

MOST_REPORTS = 10  # fifty a trial would cost more than the rest of the storage
WILCOXON = "wilcoxon"
PRUNERS = ("none", "median", "hyperband", WILCOXON)
STARTUP_TRIALS = 5
SURE = 0.1  # p-value below which a trial counts as worse than the best: Optuna's own default
FEWEST_FOLDS = 5  # four folds that are all worse have p = 1/16; three have 1/8


class Rungs:
    """Reports a batch of trials at few epochs and notes which ones are given up.

    A trial is judged by the mean validation loss of its folds, not by the contest's metric. The
    loss is at hand at every epoch; the metric would have to be computed for every fold at every
    rung, and is often a step function that tells young networks apart badly. A pruner compares
    these values among themselves only, never with a trial's final value, so the two need not be of
    one kind; losses are reported with the sign that the study's direction calls for. Where the
    metric itself should judge, `FoldRungs` does.

    Folds that train in different stacks are waited for. The last epoch is reported, and spares
    nothing any more: nobody is given up there.

    Parameters
    ----------
    trials : sequence of optuna.Trial
    epochs : sequence of int
        Epochs of each trial.
    folds : int
    greater_is_better : bool
        Direction of the study.
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
        self.epochs = epochs
        self.distances = [rung_distance(count) for count in epochs]
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
        from optuna.exceptions import UpdateFinishedTrialError

        losses = self._losses[number, epoch]
        losses.append(loss)
        if len(losses) < self.folds:
            return
        trial = self.trials[number]
        try:
            trial.report(self.sign * sum(losses) / self.folds, epoch)
        except UpdateFinishedTrialError:  # taken for dead meanwhile: another worker tries it again
            self.given_up.add(number)
            return
        if epoch < self.epochs[number] and trial.should_prune():
            self.given_up.add(number)


def rung_distance(epochs: int) -> int:
    """Return after how many epochs a trial is reported again.

    Examples
    --------
    >>> rung_distance(40), rung_distance(6)
    (4, 1)
    """
    return max(1, math.ceil(epochs / MOST_REPORTS))


class FoldRungs:
    """Reports a trial's scores fold by fold and tells whether it is worse than the best.

    The pattern that Optuna documents for its WilcoxonPruner: a step is a fold's number, its value
    the score of that fold by the contest's own metric, so that a trial and the best one are
    compared on the same rows.

    Parameters
    ----------
    trials : sequence of optuna.Trial
    """

    def __init__(self, trials: Sequence["Trial"]) -> None:
        self.trials = trials

    def hear(self, number: int, place: int, score: float) -> bool:
        """Take in the score of a trial on a fold; tell whether the trial is given up."""
        from optuna.exceptions import UpdateFinishedTrialError

        trial = self.trials[number]
        try:
            trial.report(score, place)
        except UpdateFinishedTrialError:  # taken for dead meanwhile: another worker tries it again
            return True
        return math.isfinite(score) and trial.should_prune()


def make_pruner(name: str, epochs: int = 1) -> "BasePruner":
    """Return a pruner by name.

    Parameters
    ----------
    name : str
        One of `PRUNERS`.
    epochs : int
        The longest that a trial may train: what Hyperband divides into its brackets.

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
        return optuna.pruners.HyperbandPruner(
            min_resource=rung_distance(epochs), max_resource=max(2, epochs)
        )
    if name == WILCOXON:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return optuna.pruners.WilcoxonPruner(p_threshold=SURE)
    raise SearchProblem(f"pruner must be one of {', '.join(PRUNERS)}, not {name!r}")
