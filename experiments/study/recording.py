"""What is recorded of studies and trials."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.data import ContestData
from experiments.definition.sections import Experiment
from experiments.definition.writing import EXPERIMENT_FILE, format_experiment
from experiments.reporting.building import REPORT_FOLDER
from experiments.study.result import ModelScore
from pipelines.search.trials import TrialOutcome
from pipelines.tracking.rows import Point, RunLog, RunLogs, in_ms
from pipelines.tracking.session import TrackingSession
from pipelines.tracking.surroundings import (
    CODE_FOLDER,
    code_version,
    keep_code,
    library_versions,
    machine,
    peak_memory_mb,
)

if TYPE_CHECKING:
    from optuna import Trial
    from optuna.trial import FrozenTrial

STUDY_KEY = "study"
CURVES = ("train_loss", "validation_loss")


def start_study_log(
    session: TrackingSession,
    experiment: Experiment,
    data: ContestData,
    study: str,
    *,
    joins: bool = False,
) -> RunLog:
    """Begin (or continue) the study's run and record what it learns from.

    A worker of its own session joins the study's run where there is one already.
    """
    log = session.run(STUDY_KEY)
    log.start(experiment.name, now=_now(), found_by={"ripe.study": study}, joins=joins)
    log.tags(
        {
            "ripe.kind": "study",
            "ripe.experiment": experiment.name,
            "contest": data.contest.slug,
            "metric": data.metric.name,
            "metric.direction": f"{direction(data)} is better",
            "model": experiment.model,
            "mlflow.note.content": _note(experiment, data),
            "data.digest": data.tables.digest,
            **code_version(),
            **library_versions(),
            **machine(),
        }
    )
    log.view(lowest_first=not data.metric.greater_is_better)
    log.parameters(
        {
            "seed": experiment.seed,
            "model": experiment.model,
            "folds": experiment.validation.folds,
            "sampler": experiment.search.sampler,
            "features": "auto" if experiment.features == "auto" else len(experiment.features),
        }
    )
    for name, digest in data.tables.digests.items():
        rows = data.tables.train if name == data.place.train.name else data.tables.test
        shape = "" if rows is None else f"{len(rows)} rows, {rows.shape[1]} columns"
        context = "training" if rows is data.tables.train else "testing"
        log.dataset(name, data.place.train.parent / name, digest, context, shape)
    _record_code(log, session.folder / "files", experiment)
    return log


def _record_code(log: RunLog, folder: Path, experiment: Experiment) -> None:
    """Attach what the study was run with: the experiment, changes of the code, packages."""
    for path in keep_code(folder):
        log.file(path, CODE_FOLDER)
    path = folder / EXPERIMENT_FILE
    path.write_text(format_experiment(experiment), encoding="utf-8")
    log.file(path, CODE_FOLDER)


def direction(data: ContestData) -> str:
    """Return which scores are better: higher or lower ones."""
    return "higher" if data.metric.greater_is_better else "lower"


def _note(experiment: Experiment, data: ContestData) -> str:
    about = f"{experiment.description}\n\n" if experiment.description else ""
    return (
        f"{about}A study on **{data.contest.title}**: {experiment.model} models scored by "
        f"{data.metric.title} ({direction(data)} is better). Its trials are the child runs, best "
        "sorted by `cv.score`; `cv.low` and `cv.high` bound the chosen model's score (95 %). Among "
        "the artifacts: `report/`, `plots.html`, `code/experiment.toml` (which `ripe run` takes)."
    )


def record_trial(
    session: RunLogs,
    trial: Trial | FrozenTrial,
    outcome: TrialOutcome,
    parameters: Mapping[str, Any],
    seed: int,
    started: datetime,
    state: str,
) -> None:
    """Record a trial that has ended: parameters, curves, scores, state."""
    with session.run(f"trial-{trial.number:05d}") as log:
        log.start(trial_name(trial.number, outcome, parameters), now=started, parent=STUDY_KEY)
        log.parameters({**parameters, "seed": seed})
        log.tags({"ripe.kind": "trial", "optuna.trial": str(trial.number), "optuna.state": state})
        now = in_ms(_now())
        log.metrics(Point(name, value, 0, now) for name, value in _scores(outcome).items())
        log.metrics(_curves(outcome, in_ms(started), now))
        log.metrics(Point(name, value, 0, now) for name, value in _numbers(parameters).items())
        reason = outcome.failure or _given_up(outcome)
        if reason is not None:
            log.tags({"stop.reason": reason})
        log.end({"COMPLETE": "FINISHED", "PRUNED": "KILLED"}.get(state, "FAILED"), now=_now())


def trial_name(number: int, outcome: TrialOutcome, parameters: Mapping[str, Any]) -> str:
    """Return a run's name that says how good the trial is and what it tried.

    Examples
    --------
    >>> tried = TrialOutcome([], (0.95, 0.96))
    >>> trial_name(17, tried, {"hidden_layer_sizes": (32, 16)})
    '#17 0.9550 (32, 16)'
    >>> trial_name(3, TrialOutcome([], pruned=True), {"hidden_layer_sizes": (8,)})
    '#3 pruned (8)'
    """
    result = f"{outcome.score:.4f}" if outcome.fold_scores else "failed"
    words = [f"#{number}", "pruned" if outcome.pruned else result]
    if outcome.folds_left:
        words.append(f"of {len(outcome.places)} folds")
    if "hidden_layer_sizes" in parameters:
        words.append(f"({', '.join(map(str, parameters['hidden_layer_sizes']))})")
    return " ".join(words)


def _given_up(outcome: TrialOutcome) -> str | None:
    """Return that a trial was given up before its last fold, where it was."""
    if not outcome.folds_left:
        return None
    tried = len(outcome.places)
    return f"given up after {tried} of {tried + outcome.folds_left} folds"


def _scores(outcome: TrialOutcome) -> dict[str, float]:
    """Return single numbers, in the order in which the MLflow UI lists them."""
    values: dict[str, float] = {}
    if outcome.fold_scores:
        values = {"cv.score": outcome.score, "cv.std": outcome.spread}
        scored = zip(outcome.by_fold, outcome.fold_scores, strict=True)
        values |= {f"fold{n}/score": score for (n, _), score in scored}
    if outcome.size is not None:
        values["size"] = float(outcome.size)
    return {**values, "seconds": outcome.seconds, "peak_memory_mb": peak_memory_mb()}


def _numbers(parameters: Mapping[str, Any]) -> dict[str, float]:
    """Return copies of the numeric parameters, which MLflow can filter by range."""
    numbers = {
        f"hp.{name}": float(value)
        for name, value in parameters.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    if "hidden_layer_sizes" in parameters:
        numbers["hp.layers"] = float(len(parameters["hidden_layer_sizes"]))
        numbers["hp.nodes"] = float(sum(parameters["hidden_layer_sizes"]))
    return numbers


def _curves(outcome: TrialOutcome, started_ms: int, ended_ms: int) -> list[Point]:
    """Return the folds' curves; before them their means, which the MLflow UI then shows first."""
    means, folds = [], []
    longest = max((len(fit.history) for fit in outcome.fits), default=0)
    for step in range(longest):
        moment = started_ms + (ended_ms - started_ms) * (step + 1) // longest
        rows = [(n, fit.history[step]) for n, fit in outcome.by_fold if step < len(fit.history)]
        for curve in CURVES:
            values = [(n, float(row[curve])) for n, row in rows if curve in row]
            folds += [Point(f"fold{n}/{curve}", value, step + 1, moment) for n, value in values]
            if values:
                mean = float(np.mean([value for _, value in values]))
                means.append(Point(curve, mean, step + 1, moment))
    return means + folds


def record_models(
    log: RunLog,
    experiment: Experiment,
    data: ContestData,
    models: tuple[ModelScore, ...],
    chosen: ModelScore,
    best_trial: int,
) -> None:
    """Record the scores of the models built after the search, the chosen one's in the name too."""
    log.rename(f"{experiment.name} {chosen.score:.4f}")
    outcome = outcome_note(models, chosen, best_trial)
    log.tags({"mlflow.note.content": f"{outcome}\n\n{_note(experiment, data)}"})
    now = in_ms(_now())
    values = {"cv.score": chosen.score, "cv.low": chosen.low, "cv.high": chosen.high}
    values |= {f"cv.{model.name}": model.score for model in models}
    log.metrics(Point(name, value, 0, now) for name, value in values.items())
    log.tags({"chosen": chosen.name})


def outcome_note(models: tuple[ModelScore, ...], chosen: ModelScore, best_trial: int) -> str:
    """Say in a line of Markdown what came of a study.

    Examples
    --------
    >>> models = ModelScore("best", 0.95, 0.94, 0.96), ModelScore("seeds", 0.96, 0.95, 0.97)
    >>> outcome_note(models, models[1], 17)
    '**0.9600** (0.9500 to 0.9700) by `seeds` of trial #17; `best` 0.9500.'
    """
    others = ", ".join(f"`{one.name}` {one.score:.4f}" for one in models if one != chosen)
    told = (
        f"**{chosen.score:.4f}** ({chosen.low:.4f} to {chosen.high:.4f}) by `{chosen.name}`"
        f"{'' if chosen.name == 'greedy' else f' of trial #{best_trial}'}"
    )
    return f"{told}; {others}." if others else f"{told}."


def record_files(log: RunLog, folder: Path) -> None:
    """Attach the study's files, and its report in a folder of its own."""
    for path in sorted(folder.glob("*")):
        if path.is_file():
            log.file(path)
    for path in sorted((folder / REPORT_FOLDER).glob("*")):
        log.file(path, REPORT_FOLDER)


def _now() -> datetime:
    return datetime.now(UTC)
