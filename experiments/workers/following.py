"""Following a search that others do: workers of this machine, of a cluster, or from elsewhere."""

from __future__ import annotations

import logging
import time

from optuna.trial import TrialState

from experiments.errors import ExperimentError
from experiments.study.searching import is_stuck
from experiments.study.warm_starts import study_queue
from experiments.study.workshop import Workshop
from experiments.workers.crew import AbsentCrew, Crew, Ended
from pipelines.search.queue import TrialQueue
from pipelines.search.study import count_others, ended_trials, fail_stale_trials

POLL_SECONDS = 0.2
CALM_SECONDS = 1.0

logger = logging.getLogger(__name__)


def follow(shop: Workshop, crew: Crew) -> None:
    """Wait until a crew's search is over; mend what workers that die leave behind.

    Raises
    ------
    ExperimentError
        When no worker came to the end of the search.
    KeyboardInterrupt
        When it should stop; the workers have then stopped.
    """
    queue = study_queue(shop.experiment, shop.space, shop.study)
    ended: list[Ended] = []
    calm = 0.0
    try:
        while crew.is_working() and not (isinstance(crew, AbsentCrew) and is_over(shop, queue)):
            shop.stop_if_wished()
            new = crew.ended()
            ended += new
            if any(one.why for one in new) or time.monotonic() - calm > CALM_SECONDS:
                _mend(shop)
                calm = time.monotonic()
                shop.history = best_after_each(shop)
                shop.tell_progress("searching")
            time.sleep(POLL_SECONDS)
    finally:
        crew.stop()
        _mend(shop)
    _judge(shop, ended)


def best_after_each(shop: Workshop) -> list[float]:
    """Return the best score after each completed trial, in the order in which they ended."""
    best: list[float] = []
    done = shop.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    for trial in sorted(done, key=lambda one: (one.datetime_complete, one.number)):
        score = float(trial.values[0])
        is_better = not best or shop.data.metric.better(score, best[-1])
        best.append(score if is_better else best[-1])
    return best


def _mend(shop: Workshop) -> None:
    with shop.place.turn(shop.study):
        failed = fail_stale_trials(shop.study)
    if failed:
        logger.warning("trials %s lost their worker and are tried again", failed)


def is_over(shop: Workshop, queue: TrialQueue) -> bool:
    """Tell whether nobody has anything left to try, and nothing in hand.

    Who is at work is asked last: a worker that is seen between two batches may have begun another
    before the trials are counted.
    """
    if len(ended_trials(shop.study)) >= shop.budget.trials:
        return True
    is_done = shop.pace.is_over or is_stuck(shop) or queue.is_spent(shop.study)
    return is_done and not count_others(shop.study)


def _judge(shop: Workshop, ended: list[Ended]) -> None:
    """Say which workers were lost; refuse to go on where all were."""
    lost = [one.why for one in ended if one.why is not None]
    if lost and len(lost) == len(ended):
        who = "the worker" if len(lost) == 1 else f"all {len(lost)} workers"
        raise ExperimentError(f"{who} ended early: {'; '.join(dict.fromkeys(lost))}")
    shop.notes += [f"{why}; the others went on, and its trials were tried again" for why in lost]
