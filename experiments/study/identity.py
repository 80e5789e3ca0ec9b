"""Which study an experiment continues: its name, what affects its results, and its data."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from experiments.definition.sections import Experiment, Search
from experiments.errors import ExperimentError
from pipelines.search import StudyPlace
from pipelines.search.storage import study_names
from pipelines.tracking.store import shown

BUDGET_KEYS = ("trials", "seconds", "patience")
NOT_OF_THE_RESULTS = {"name", "description", "ensemble", "submission", "report"}
DIGEST_DIGITS = 12
STUDIES = "studies"
LATER_KEYS = ("objectives", "start", "start_from", "start_best")
"""Keys of the search that count where they are given: older studies go on without them."""


def experiment_digest(experiment: Experiment) -> str:
    """Return the digest of everything in an experiment that affects its results.

    The budget does not, nor what is made of the trials afterwards, nor the description.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    content = experiment.model_dump(mode="json", exclude=NOT_OF_THE_RESULTS)
    search = content["search"]
    if not experiment.recipes:
        del content["recipes"]
    for key in BUDGET_KEYS:
        del search[key]
    for key in LATER_KEYS:
        if search[key] == Search.model_fields[key].default:
            del search[key]
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
    home: Path,
    experiment: Experiment,
    data_digest: str,
    *,
    start_over: bool = False,
    storage: str | None = None,
) -> StudyPlace:
    """Return where the study lies: the newest start of this identity, or a new one.

    Parameters
    ----------
    home : pathlib.Path
    experiment : Experiment
    data_digest : str
        Of the tables.
    start_over : bool
        Whether to begin a new start, though there is one.
    storage : str, optional
        Database of studies, in place of the home's journals. A start keeps its files in the home
        under its name, so that one in a journal and one in a database never share a name.
    """
    here = {path.with_suffix("").name for path in (home / STUDIES).glob(f"{experiment.name}-*")}
    journals = {path.stem for path in (home / STUDIES).glob(f"{experiment.name}-*.journal")}
    there = journals if storage is None else study_names(storage)
    most = 1 + sum(name.startswith(experiment.name) for name in here | there)
    names = [study_name(experiment, data_digest, start) for start in range(most + 1)]
    begun = [start for start, name in enumerate(names) if name in there]
    if begun and not start_over:
        return _unless_taken(place_of(home, names[begun[-1]], storage), journals)
    taken = [start for start, name in enumerate(names) if name in here | there]
    return place_of(home, names[taken[-1] + 1 if taken else 0], storage)


def _unless_taken(place: StudyPlace, journals: set[str]) -> StudyPlace:
    """Return a place whose files do not mix with those of a study in this home's journal."""
    if place.url is not None and place.name in journals:
        raise ExperimentError(
            f"study {place.name} lies in a journal of this home and in {shown(place.url)}; "
            "continue the latter in another home (--home), or start over with --fresh"
        )
    return place


def place_of(home: Path, name: str, storage: str | None = None) -> StudyPlace:
    """Return where the study of some name lies."""
    return StudyPlace(home / STUDIES / f"{name}.journal", name, storage)


def study_folder(place: StudyPlace) -> Path:
    """Return the folder of a study's files, beside its journal."""
    return place.journal.with_suffix("")
