"""The search: trials asked for in batches, tried side by side, told and recorded."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.definition.recipes import candidate_of, values_of
from experiments.definition.sections import Experiment
from experiments.study.library import keep_answers, trial_seed
from experiments.study.recording import record_trial
from experiments.study.warm_starts import study_queue
from experiments.study.workshop import Workshop
from pipelines.models import NETWORK_PARAMETERS, Candidate
from pipelines.search import SearchSpace, suggest
from pipelines.search.heartbeat import beating
from pipelines.search.objectives import SCORE, best_trial, trials_without_gain
from pipelines.search.pruning import WILCOXON, FoldRungs, Rungs, make_pruner
from pipelines.search.queue import TrialQueue
from pipelines.search.samplers import make_sampler
from pipelines.search.study import REASON, ask_batch, count_others
from pipelines.search.trials import (
    TrialOutcome,
    out_of_fold,
    try_candidates,
    try_fold_by_fold,
)

if TYPE_CHECKING:
    from optuna import Study, Trial

EPOCHS = "max_epochs"
RECORDED_AT = "recorded_at"
WAIT_SECONDS = 0.3
TELL_SECONDS = 0.2

logger = logging.getLogger(__name__)


def search(shop: Workshop) -> None:
    """Try batch after batch until the budget is spent, or nothing improves."""
    shop.start_clock()
    shop.history += best_so_far(shop.study)
    queue = study_queue(shop.experiment, shop.space, shop.study)
    shop.tell_progress("searching")
    while not shop.pace.is_over and not is_stuck(shop):
        shop.stop_if_wished()
        trials = _ask(shop, queue)
        if trials:
            with beating(shop.study, shop.place, trials):
                _try_batch(shop, trials)
            shop.tell_progress("searching")
        elif not _wait_for_others(shop):
            return


def _wait_for_others(shop: Workshop) -> bool:
    """Wait a moment where others still have trials in hand: one of them may die, and leave them."""
    if not count_others(shop.study):
        return False
    shop.tell_progress("waiting for the other workers")
    time.sleep(WAIT_SECONDS)
    return True


def best_so_far(study: Study) -> list[float]:
    """Return the best score of the trials there are already; empty where there are none."""
    best = best_trial(study)
    return [] if best is None else [float(best.values[0])]


def is_stuck(shop: Workshop) -> bool:
    """Tell whether nothing has improved for as many trials as the experiment has patience."""
    return trials_without_gain(shop.study) >= (shop.experiment.search.patience or math.inf)


def _ask(shop: Workshop, queue: TrialQueue) -> list[Trial]:
    wish, study = shop.experiment.search, shop.study

    def set_up(asked: int) -> None:
        seed = (shop.experiment.seed, asked, shop.worker)
        study.sampler = make_sampler(wish.sampler, shop.space, seed, len(wish.objectives))

    study.pruner = make_pruner(wish.pruner, most_epochs(shop.experiment, shop.space))
    return ask_batch(study, shop.place, shop.budget, wish.batch, queue, shop.workers, set_up)


def _try_batch(shop: Workshop, trials: Sequence[Trial]) -> None:
    started = datetime.now(UTC)
    candidates = [_candidate(shop, trial) for trial in trials]
    by_fold = shop.experiment.search.pruner == WILCOXON
    tried = (_try_by_fold if by_fold else _try_by_epoch)(shop, trials, candidates)
    for trial, candidate, outcome in zip(trials, candidates, tried, strict=True):
        _conclude(shop, trial, candidate, outcome, started)


def _try_by_epoch(
    shop: Workshop, trials: Sequence[Trial], candidates: Sequence[Candidate]
) -> list[TrialOutcome]:
    """Train all folds of all candidates side by side; a pruner looks at their curves."""
    rungs = _rungs(shop, trials, candidates)
    tried = try_candidates(
        shop.experiment.model,
        candidates,
        shop.prepared,
        shop.scorer,
        _on_epoch(shop, rungs, candidates),
    )
    return [
        replace(outcome, fold_scores=(), pruned=True) if place in rungs.given_up else outcome
        for place, outcome in enumerate(tried)
    ]


def _try_by_fold(
    shop: Workshop, trials: Sequence[Trial], candidates: Sequence[Candidate]
) -> list[TrialOutcome]:
    """Train fold after fold; a candidate that is surely worse than the best goes no further.

    Batches take the folds in different orders, so that no fold decides all of the search.
    """
    watch = _watch(shop, candidates)

    def hear(rows: list[dict[str, Any]]) -> set[int]:
        watch(rows)
        return set()

    generator = np.random.default_rng([shop.experiment.seed, trials[0].number])
    order = generator.permutation(len(shop.prepared.folds)).tolist()
    return try_fold_by_fold(
        shop.experiment.model,
        candidates,
        shop.prepared,
        shop.scorer,
        order,
        FoldRungs(trials).hear,
        hear,
    )


def _candidate(shop: Workshop, trial: Trial) -> Candidate:
    values = {**shop.experiment.fixed, **suggest(trial, shop.space)}
    return candidate_of(shop.experiment, values, trial_seed(shop.experiment.seed, trial.number))


def _rungs(shop: Workshop, trials: Sequence[Trial], candidates: Sequence[Candidate]) -> Rungs:
    return Rungs(
        list(trials),
        [_epochs(candidate) for candidate in candidates],
        len(shop.prepared.folds),
        greater_is_better=shop.data.metric.greater_is_better,
    )


def _epochs(candidate: Candidate) -> int:
    return int(candidate.parameters.get(EPOCHS, NETWORK_PARAMETERS[EPOCHS]))


def most_epochs(experiment: Experiment, space: SearchSpace) -> int:
    """Return the longest that a trial may train."""
    if EPOCHS in space:
        dimension = space[EPOCHS]
        return int(max(dimension.choices or (dimension.high,)))
    return int(experiment.fixed.get(EPOCHS, NETWORK_PARAMETERS[EPOCHS]))


def _on_epoch(
    shop: Workshop, rungs: Rungs, candidates: Sequence[Candidate]
) -> Callable[[list[dict[str, Any]]], set[int]]:
    prunes = shop.experiment.search.pruner != "none"
    watch = _watch(shop, candidates)

    def hear(rows: list[dict[str, Any]]) -> set[int]:
        watch(rows)
        return rungs.hear(rows) if prunes else set()

    return hear


def _watch(
    shop: Workshop, candidates: Sequence[Candidate]
) -> Callable[[list[dict[str, Any]]], None]:
    """Stop when that is wished; tell from time to time how far the batch in hand is."""
    shares = [1 / (len(shop.prepared.folds) * _epochs(candidate)) for candidate in candidates]
    part, told = 0.0, time.monotonic()

    def watch(rows: list[dict[str, Any]]) -> None:
        nonlocal part, told
        shop.stop_if_wished()
        part += sum(shares[row["candidate"]] for row in rows)
        if time.monotonic() - told > TELL_SECONDS:
            told = time.monotonic()
            shop.tell_part(part)

    return watch


def _conclude(
    shop: Workshop, trial: Trial, candidate: Candidate, outcome: TrialOutcome, started: datetime
) -> None:
    """Keep what came of a trial, tell Optuna, and put it on record."""
    from optuna.exceptions import UpdateFinishedTrialError

    if outcome.fold_scores and not outcome.folds_left:
        keep_answers(shop.folder, trial.number, out_of_fold(outcome.fits, shop.prepared))
    try:
        if shop.place.url is not None:
            trial.set_user_attr(RECORDED_AT, shop.recorded_at)
        state = _tell(shop, trial, outcome)
    except (UpdateFinishedTrialError, ValueError):
        if not shop.study.get_trials(deepcopy=False)[trial.number].state.is_finished():
            raise
        logger.warning("trial %s was taken for dead and is tried again", trial.number)
        return
    shop.tried += 1
    values = values_of(shop.experiment, candidate)
    record_trial(shop.session, trial, outcome, values, candidate.seed, started, state)


def _tell(shop: Workshop, trial: Trial, outcome: TrialOutcome) -> str:
    """Tell Optuna how a trial ended; return the name of its state."""
    from optuna.trial import TrialState

    if outcome.pruned:
        shop.study.tell(trial, state=TrialState.PRUNED)
        return "PRUNED"
    if outcome.failure is not None:
        trial.set_user_attr(REASON, outcome.failure)
        shop.study.tell(trial, state=TrialState.FAIL)
        return "FAIL"
    trial.set_user_attr("fold_scores", list(outcome.fold_scores))
    if outcome.folds_left:
        trial.set_user_attr("folds_left", outcome.folds_left)
    shop.study.tell(trial, objective_values(outcome, shop.experiment.search.objectives))
    _note_score(shop, outcome.score)
    return "COMPLETE"


def objective_values(outcome: TrialOutcome, objectives: Sequence[str]) -> list[float]:
    """Return what a trial is told as: its score, and its size where that is an objective.

    A trial that was given up after some folds is told as complete with their mean: what Optuna
    documents for WilcoxonPruner, so that the sampler learns from it too.
    """
    return [outcome.score if one == SCORE else float(outcome.size or 0) for one in objectives]


def _note_score(shop: Workshop, score: float) -> None:
    best = shop.history[-1] if shop.history else score
    shop.history.append(score if shop.data.metric.better(score, best) else best)
