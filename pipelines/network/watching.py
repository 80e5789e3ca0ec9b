"""Good enough, or no better any more: when a training ends.

The talk's convergence criterion, "the error is good enough for the number of iterations", in
three numbers: `max_epochs` passes at most; `tolerance`, what counts as an improvement; and
`patience`, how many epochs may go by without one.
"""

from __future__ import annotations

import math

from pipelines.network.settings import EpochRow, Recipe

PLATEAU_EPOCHS = 5  # on_plateau: halve the rate after so many epochs without an improvement
PLATEAU_FACTOR = 0.5
DIVERGED = 1e4  # times the first loss (or one): no training comes back from there


class Watch:
    """Follows one member's epochs and says when it has ended.

    Parameters
    ----------
    recipe : Recipe
    validated : bool
        Whether there are rows to watch; otherwise the training loss is watched.
    """

    def __init__(self, recipe: Recipe, validated: bool) -> None:
        self.recipe = recipe
        self.validated = validated
        self.restores = validated  # the best epoch's weights are known only where rows are watched
        self.best = math.inf  # lowest watched value
        self.mark = math.inf  # the value the next improvement is measured from
        self.best_epoch = 0
        self.improved = False
        self.waited = 0
        self.rate_factor = 1.0
        self.first_loss: float | None = None
        self.cause = ""

    def see(self, line: EpochRow) -> str | None:
        """Take in an epoch's row; return why the training ends, or None."""
        if self._diverged(line):
            return "diverged"
        value = self._watched(line)
        self.improved = value < self.best
        if self.improved:
            self.best, self.best_epoch = value, line["epoch"]
        if value < self.mark - self.recipe.tolerance:
            self.mark, self.waited = value, 0
        else:
            self.waited += 1
            self._slow_down()
        if self.recipe.patience is not None and self.waited >= self.recipe.patience:
            return "early_stopping" if self.validated else "converged"
        return None

    def _watched(self, line: EpochRow) -> float:
        if not self.validated:
            return float(line["train_loss"])
        if self.recipe.score is None:
            return float(line["validation_loss"])
        score = float(line["validation_score"])
        return -score if self.recipe.score.greater_is_better else score

    def _slow_down(self) -> None:
        if self.recipe.schedule == "on_plateau" and self.waited % PLATEAU_EPOCHS == 0:
            self.rate_factor *= PLATEAU_FACTOR

    def _diverged(self, line: EpochRow) -> bool:
        loss, rate = line["train_loss"], line["learning_rate"]
        if self.first_loss is None:
            self.first_loss = loss if math.isfinite(loss) else None
        limit = DIVERGED * max(1.0, abs(self.first_loss or 0.0))
        if math.isfinite(loss) and loss <= limit:
            return False
        self.improved = False
        self.cause = (
            f"the training loss must stay a finite number, but was {loss:g} in epoch "
            f"{line['epoch']}; the learning rate {rate:g} is probably too high for these data: "
            f"lower it tenfold, scale the inputs, or set clip_norm"
        )
        return True
