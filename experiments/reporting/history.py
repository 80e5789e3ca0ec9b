"""The trials of a study in the order in which they were drawn."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from competition.metrics import Metric
from experiments.definition.sections import Experiment
from pipelines.search import SearchSpace, parse_space
from pipelines.search.space import suggested

SUFFIX = ".journal"
FOLD_SCORES = "fold_scores"
TRIALS_FILE = "trials.json"


@dataclass(frozen=True)
class TriedTrial:
    """One trial: what was tried and what came of it.

    Attributes
    ----------
    number : int
    state : str
        complete, pruned or failed.
    score, spread : float or None
        Mean and standard deviation of the folds' scores.
    best : float or None
        Best score so far, this trial included.
    parameters : mapping
        What varied.
    """

    number: int
    state: str
    score: float | None
    spread: float | None
    best: float | None
    parameters: Mapping[str, Any]


def keep_trials(folder: Path, history: Sequence[TriedTrial]) -> None:
    """Write the history into the study's folder, for studies that lie in a database."""
    temporary = folder / f".{TRIALS_FILE}"
    told = json.dumps([asdict(one) for one in history], indent=1, default=list)
    temporary.write_text(told, encoding="utf-8")
    temporary.replace(folder / TRIALS_FILE)


def read_trials(folder: Path, experiment: Experiment, metric: Metric) -> tuple[TriedTrial, ...]:
    """Read the history that was kept, or else the study's journal; none where it has neither."""
    kept = folder / TRIALS_FILE
    if kept.is_file():
        return tuple(TriedTrial(**one) for one in json.loads(kept.read_text(encoding="utf-8")))
    journal = folder.with_name(folder.name + SUFFIX)
    if not journal.is_file():
        return ()
    from optuna import load_study, logging
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    logging.set_verbosity(logging.WARNING)
    study = load_study(
        study_name=folder.name, storage=JournalStorage(JournalFileBackend(str(journal)))
    )
    return as_history(study.get_trials(deepcopy=False), experiment, metric)


def as_history(trials: Any, experiment: Experiment, metric: Metric) -> tuple[TriedTrial, ...]:
    """Return Optuna's finished trials with the best score so far beside each."""
    space = parse_space(experiment.search.space)
    history: list[TriedTrial] = []
    best: float | None = None
    for trial in trials:
        if not trial.state.is_finished():
            continue
        score = float(trial.values[0]) if trial.state.name == "COMPLETE" else None
        if score is not None and (best is None or metric.better(score, best)):
            best = score
        history.append(_tried(trial, score, best, space))
    return tuple(history)


def _tried(trial: Any, score: float | None, best: float | None, space: SearchSpace) -> TriedTrial:
    folds = trial.user_attrs.get(FOLD_SCORES)
    state = {"COMPLETE": "complete", "PRUNED": "pruned"}.get(trial.state.name, "failed")
    known = score is not None
    return TriedTrial(
        number=trial.number,
        state=state,
        score=score,
        spread=float(np.std(folds)) if folds else None,
        best=best,
        parameters=suggested(trial.params, space) if known else dict(trial.params),
    )
