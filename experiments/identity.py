"""Which study an experiment continues: its name, what affects its results, and its data."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from experiments.definition import Experiment
from pipelines.search import StudyPlace

BUDGET_KEYS = ("trials", "seconds", "patience")
NOT_OF_THE_RESULTS = {"name", "description", "ensemble", "submission", "report"}
DIGEST_DIGITS = 12


def experiment_digest(experiment: Experiment) -> str:
    """Return the digest of everything in an experiment that affects its results.

    The budget does not, nor what is made of the trials afterwards, nor the description.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    content = experiment.model_dump(mode="json", exclude=NOT_OF_THE_RESULTS)
    for key in BUDGET_KEYS:
        del content["search"][key]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def study_name(experiment: Experiment, data_digest: str, fresh: int = 0) -> str:
    """Return the study's name: the experiment's, and twelve digits that tell it from others.

    Parameters
    ----------
    experiment : Experiment
    data_digest : str
        Of the tables.
    fresh : int
        How often the study was started over.
    """
    parts = [experiment_digest(experiment), data_digest, *([str(fresh)] if fresh else [])]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return f"{experiment.name}-{digest[:DIGEST_DIGITS]}"


def study_place(
    home: Path, experiment: Experiment, data_digest: str, *, start_over: bool = False
) -> StudyPlace:
    """Return where the study lies: the newest start of this identity, or a new one."""
    folder = home / "studies"
    folder.mkdir(parents=True, exist_ok=True)
    starts = 0
    while _place(folder, experiment, data_digest, starts).journal.exists():
        starts += 1
    start = starts if start_over else max(0, starts - 1)
    return _place(folder, experiment, data_digest, start)


def _place(folder: Path, experiment: Experiment, data_digest: str, fresh: int) -> StudyPlace:
    name = study_name(experiment, data_digest, fresh)
    return StudyPlace(folder / f"{name}.journal", name)


def study_folder(place: StudyPlace) -> Path:
    """Return the folder of a study's files, beside its journal."""
    return place.journal.with_suffix("")
