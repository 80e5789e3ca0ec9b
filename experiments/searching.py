"""The search: trials asked for in batches, tried side by side, told and recorded."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from experiments.library import keep_answers, trial_seed
from experiments.recording import record_trial
from experiments.warm_starts import study_queue
from experiments.workshop import Workshop
from pipelines.models import NETWORK_PARAMETERS, Candidate
from pipelines.search import suggest
from pipelines.search.pruning import Rungs, make_pruner, trials_without_gain
from pipelines.search.queue import TrialQueue
from pipelines.search.samplers import make_sampler
from pipelines.search.study import REASON, ask_batch, count_asked
from pipelines.search.trials import TrialOutcome, out_of_fold, try_candidates

if TYPE_CHECKING:
    from optuna import Study, Trial


def search(shop: Workshop) -> None:
    """Try batch after batch until the budget is spent, or nothing improves."""
    seconds = shop.budget.seconds
    until = math.inf if seconds is None else time.monotonic() + seconds
    shop.history += best_so_far(shop.study)
    queue = study_queue(shop.experiment, shop.space)
    while time.monotonic() < until and not _is_stuck(shop):
        shop.stop_if_wished()
        trials = _ask(shop, queue)
        if not trials:
            return
        _try_batch(shop, trials)
        shop.tell_progress("searching")


def best_so_far(study: Study) -> list[float]:
    """Return the best score of the trials there are already; empty where there are none."""
    from optuna.trial import TrialState

    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return [study.best_value] if done else []


def _is_stuck(shop: Workshop) -> bool:
    return trials_without_gain(shop.study) >= (shop.experiment.search.patience or math.inf)


def _ask(shop: Workshop, queue: TrialQueue) -> list[Trial]:
    wish = shop.experiment.search
    asked = count_asked(shop.study)
    shop.study.sampler = make_sampler(wish.sampler, shop.space, (shop.experiment.seed, asked))
    shop.study.pruner = make_pruner(wish.pruner)
    return ask_batch(shop.study, shop.place, shop.budget, wish.batch, queue)


def _try_batch(shop: Workshop, trials: Sequence[Trial]) -> None:
    started = datetime.now(UTC)
    candidates = [_candidate(shop, trial) for trial in trials]
    rungs = _rungs(shop, trials, candidates)
    tried = try_candidates(
        shop.experiment.model, candidates, shop.prepared, shop.scorer, _on_epoch(shop, rungs)
    )
    for place, (trial, candidate) in enumerate(zip(trials, candidates, strict=True)):
        outcome = tried[place]
        if place in rungs.given_up:
            outcome = replace(outcome, fold_scores=(), pruned=True)
        _conclude(shop, trial, candidate, outcome, started)


def _candidate(shop: Workshop, trial: Trial) -> Candidate:
    values = {**shop.experiment.fixed, **suggest(trial, shop.space)}
    return Candidate(values, trial_seed(shop.experiment.seed, trial.number))


def _rungs(shop: Workshop, trials: Sequence[Trial], candidates: Sequence[Candidate]) -> Rungs:
    default = NETWORK_PARAMETERS["max_epochs"]
    return Rungs(
        list(trials),
        [int(candidate.parameters.get("max_epochs", default)) for candidate in candidates],
        len(shop.prepared.folds),
        greater_is_better=shop.data.metric.greater_is_better,
    )


def _on_epoch(shop: Workshop, rungs: Rungs) -> Callable[[list[dict[str, Any]]], set[int]]:
    prunes = shop.experiment.search.pruner != "none"

    def hear(rows: list[dict[str, Any]]) -> set[int]:
        shop.stop_if_wished()
        return rungs.hear(rows) if prunes else set()

    return hear


def _conclude(
    shop: Workshop, trial: Trial, candidate: Candidate, outcome: TrialOutcome, started: datetime
) -> None:
    """Keep what came of a trial, tell Optuna, and put it on record."""
    if outcome.fold_scores:
        keep_answers(shop.folder, trial.number, out_of_fold(outcome.fits, shop.prepared))
    state = _tell(shop, trial, outcome)
    record_trial(shop.session, trial, outcome, candidate.parameters, candidate.seed, started, state)


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
    shop.study.tell(trial, outcome.score)
    _note_score(shop, outcome.score)
    return "COMPLETE"


def _note_score(shop: Workshop, score: float) -> None:
    best = shop.history[-1] if shop.history else score
    shop.history.append(score if shop.data.metric.better(score, best) else best)
