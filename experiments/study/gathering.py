"""What a study's own process gathers of the trials that others tried, before it finishes."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.study.identity import STUDIES
from experiments.study.library import KeptTrial, keep_answers, trial_seed
from experiments.study.recording import STUDY_KEY, trial_name
from experiments.study.searching import RECORDED_AT
from experiments.study.workshop import Workshop
from pipelines.models import fit_candidates
from pipelines.search.heartbeat import OWNER
from pipelines.search.space import suggested
from pipelines.search.study import DROPPED, REASON, ended_trials
from pipelines.search.trials import TrialOutcome, out_of_fold
from pipelines.tracking.locking import locked
from pipelines.tracking.rows import Point, in_ms

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

GATHERED_FILE = "gathered.json"
MOST_FITS = 16
RUN_STATES = {"COMPLETE": "FINISHED", "PRUNED": "KILLED"}


def gather(shop: Workshop) -> None:
    """Bring in what other processes tried: answers for ensembles, and runs for the record.

    Where a worker has a home of its own, its out-of-fold answers stay there. A trial's seed hangs
    on nothing but the trial's number, so the best of them are fitted here once more and answer
    the same.
    """
    record_lost(shop)
    if shop.place.url is not None:
        record_absent(shop)
        fit_missing(shop)


def fit_missing(shop: Workshop) -> None:
    """Fit the best trials again whose out-of-fold answers lie in other homes."""
    partial = {trial.number for trial in shop.study.trials if "folds_left" in trial.user_attrs}
    missing = [
        trial
        for trial in shop.library[:MOST_FITS]
        if trial.scored is None and trial.number not in partial
    ]
    size = shop.experiment.search.batch
    for start in range(0, len(missing), size):
        shop.stop_if_wished()
        shop.tell_progress("fitting trials of other homes")
        _fit_again(shop, missing[start : start + size])


def _fit_again(shop: Workshop, trials: list[KeptTrial]) -> None:
    candidates = [trial.candidate for trial in trials]
    fits = fit_candidates(shop.experiment.model, candidates, shop.prepared)
    for trial, own in zip(trials, fits, strict=True):
        keep_answers(shop.folder, trial.number, out_of_fold(own, shop.prepared))


def record_absent(shop: Workshop) -> None:
    """Record trials whose runs are in another MLflow store: all but their curves is known here."""
    absent = [
        trial
        for trial in ended_trials(shop.study)
        if trial.user_attrs.get(RECORDED_AT, shop.recorded_at) != shop.recorded_at
    ]
    for trial in _not_gathered(shop, absent):
        _record_absent(shop, trial)


def _record_absent(shop: Workshop, trial: FrozenTrial) -> None:
    parameters = {**shop.experiment.fixed, **suggested(trial.params, shop.space)}
    scores = tuple(map(float, trial.user_attrs.get("fold_scores", ())))
    outcome = TrialOutcome([], scores, trial.user_attrs.get(REASON), trial.state.name == "PRUNED")
    with shop.session.run(f"trial-{trial.number:05d}") as log:
        begun, ended = _moments(trial)
        log.start(trial_name(trial.number, outcome, parameters), now=begun, parent=STUDY_KEY)
        log.parameters({**parameters, "seed": trial_seed(shop.experiment.seed, trial.number)})
        log.tags(
            {
                "ripe.kind": "trial",
                "optuna.trial": str(trial.number),
                "optuna.state": trial.state.name,
                "worker": _worker(trial),
                **({"stop.reason": outcome.failure} if outcome.failure else {}),
            }
        )
        values = {f"fold{n}/score": score for n, score in enumerate(scores, 1)}
        if scores:
            values |= {"cv.score": outcome.score, "cv.std": outcome.spread}
        log.metrics(Point(name, value, 0, in_ms(ended)) for name, value in values.items())
        log.end(RUN_STATES.get(trial.state.name, "FAILED"), now=ended)


def record_lost(shop: Workshop) -> None:
    """Record trials that lost their worker, or were dropped, as runs that were killed."""
    lost = [
        trial
        for trial in shop.study.trials
        if trial.state.name == "FAIL" and REASON not in trial.user_attrs
    ]
    for trial in _not_gathered(shop, lost):
        with shop.session.run(f"trial-{trial.number:05d}") as log:
            begun, ended = _moments(trial)
            why = trial.user_attrs.get(DROPPED)
            log.start(f"#{trial.number} {why or 'lost'}", now=begun, parent=STUDY_KEY)
            log.parameters(trial.params)
            log.tags(
                {
                    "ripe.kind": "trial",
                    "optuna.trial": str(trial.number),
                    "optuna.state": "FAIL",
                    "stop.reason": why or "its worker died before it was done",
                    "worker": _worker(trial),
                }
            )
            log.end("KILLED", now=ended)


def _moments(trial: FrozenTrial) -> tuple[datetime, datetime]:
    """Return when a trial began and ended; Optuna writes the local time of its machine."""
    ended = trial.datetime_complete or datetime.now()
    return (trial.datetime_start or ended).astimezone(UTC), ended.astimezone(UTC)


def _worker(trial: FrozenTrial) -> str:
    owner = trial.user_attrs.get(OWNER, {})
    return f"{str(owner.get('host', 'unknown')).split()[0]} {owner.get('pid', '')}".strip()


def _not_gathered(shop: Workshop, trials: Iterable[FrozenTrial]) -> list[FrozenTrial]:
    """Return the trials that no process gathered before, and remember them."""
    path = shop.folder / GATHERED_FILE
    with shop.place.turn(shop.study):
        before = set(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else set()
        new = [trial for trial in trials if trial.number not in before]
        if new:
            numbers = sorted(before | {trial.number for trial in new})
            shop.folder.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}")
            temporary.write_text(json.dumps(numbers), encoding="utf-8")
            temporary.replace(path)
    return new


def record_place(home: Path, uri: str) -> str:
    """Return what tells an MLflow store from others, also from one of the same path elsewhere."""
    if uri.startswith("sqlite:"):
        uri = f"{_home_id(home)} {uri}"
    return hashlib.sha256(uri.encode()).hexdigest()[:12]


def _home_id(home: Path) -> str:
    """Return the home's own number, made where it is not there."""
    path = home / STUDIES / "home.id"
    with locked(path.with_suffix(".lock")):
        if not path.exists():
            path.write_text(uuid.uuid4().hex, encoding="utf-8")
        return path.read_text(encoding="utf-8")
