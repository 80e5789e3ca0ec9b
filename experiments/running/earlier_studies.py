"""The best points of an earlier study, which another one begins with.

They are looked up once, when a study begins, and kept with it: continuing it asks nobody again,
though the earlier study has grown or is gone, and workers elsewhere need not have it.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.definition.sections import Experiment
from experiments.errors import ExperimentError
from experiments.ledger.predictions import (
    MODELS,
    PARENT_TAG,
    RUN_ID,
    find_run,
    open_tracking,
)
from experiments.overviews.studies import UnknownStudy, find_place, opened
from experiments.study.terms import read_terms
from experiments.study.warm_starts import STARTS, model_point, unique
from pipelines.errors import SearchProblem
from pipelines.search import SearchSpace, StudyPlace, parse_space
from pipelines.search.objectives import ranked
from pipelines.search.space import suggested
from pipelines.search.study import study_exists

if TYPE_CHECKING:
    from optuna import Study

STUDY_TAG = "ripe.study"
KEY = "search.start_from"
BEST = "best."
Points = tuple[Mapping[str, Any], ...]


def earlier_points(
    experiment: Experiment,
    home: Path,
    place: StudyPlace,
    *,
    storage: str | None = None,
    tracking_uri: str | None = None,
) -> Points | None:
    """Return the trial parameters that a study takes over from the one its file names.

    Parameters
    ----------
    experiment : Experiment
    home : pathlib.Path
    place : StudyPlace
        Of the study that begins or is continued.
    storage : str, optional
        Database in which the earlier study is looked for before the home's journals.
    tracking_uri : str, optional
        MLflow store in which a run or a registered model is looked for.

    Returns
    -------
    tuple of mapping, or None
        The best first; None where the file names no study, or the points are kept already.

    Raises
    ------
    ExperimentError
        When no single study, run or model is meant, or none of its points lies within the space.
    """
    wanted = experiment.search.start_from
    if wanted is None or _are_kept(place):
        return None
    name, points = _looked_up(experiment, home, wanted, storage, tracking_uri)
    if not points:
        raise ExperimentError(
            f"{KEY}: no completed trial of {name} lies within search.space; widen it, or "
            "leave start_from out"
        )
    return points


def keep_earlier_points(study: Study, points: Points | None) -> None:
    """Keep the points that a study begins with, in turn; those that are kept already stay."""
    if points is not None and STARTS not in study.user_attrs:
        study.set_user_attr(STARTS, [dict(point) for point in points])


def _are_kept(place: StudyPlace) -> bool:
    if not study_exists(place):
        return False
    with opened(place) as study:
        return STARTS in study.user_attrs


def _looked_up(
    experiment: Experiment, home: Path, wanted: str, storage: str | None, uri: str | None
) -> tuple[str, Points]:
    """Return the name of what a file starts from, and its points."""
    try:
        return _of_study(experiment, _named(home, wanted, storage))
    except UnknownStudy as error:
        tags = _tags_of_run(home, wanted, uri, error)
    try:
        return _of_study(experiment, _named(home, tags[STUDY_TAG], storage))
    except UnknownStudy:  # on another machine: the run still tells its best point
        return wanted, _recorded_best(experiment, tags)


def _of_study(experiment: Experiment, place: StudyPlace) -> tuple[str, Points]:
    with opened(place) as study:
        return place.name, _best_points(study, experiment)


def _named(home: Path, name: str, storage: str | None) -> StudyPlace:
    """Return the place of a study in the database or, where it is not there, in the home."""
    if storage is not None:
        try:
            return find_place(home, name, storage)
        except UnknownStudy:
            pass
    return find_place(home, name)


def _tags_of_run(
    home: Path, run: str, uri: str | None, no_study: UnknownStudy
) -> Mapping[str, str]:
    """Return the tags of the study's run that a run or a registered model belongs to."""
    unknown = ExperimentError(f"{KEY}: {no_study} (nor does a run's id)")
    if not (run.startswith(MODELS) or RUN_ID.fullmatch(run)):
        raise unknown
    try:
        client = open_tracking(home, uri)
        tags = find_run(client, run).data.tags
        if PARENT_TAG in tags:
            tags = client.get_run(tags[PARENT_TAG]).data.tags
    except ExperimentError as error:
        if run.startswith(MODELS):
            raise ExperimentError(f"{KEY}: {error}") from None
        raise unknown from None
    if STUDY_TAG not in tags:
        raise unknown
    return tags


def _recorded_best(experiment: Experiment, tags: Mapping[str, str]) -> Points:
    """Return the best point that a study's run was tagged with, where it lies within the space."""
    best = {
        name.removeprefix(BEST): _value(text)
        for name, text in tags.items()
        if name.startswith(BEST)
    }
    point = _within(best, experiment, parse_space(experiment.search.space))
    return () if point is None else (point,)


def _value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _best_points(study: Study, experiment: Experiment) -> Points:
    """Return the best distinct points of a study that lie within an experiment's space."""
    earlier = read_terms(study).experiment
    before, space = parse_space(earlier.search.space), parse_space(experiment.search.space)
    points = (
        _within({**earlier.fixed, **suggested(trial.params, before)}, experiment, space)
        for trial in ranked(study)
    )
    return unique(point for point in points if point is not None)[: experiment.search.start_best]


def _within(
    values: Mapping[str, Any], experiment: Experiment, space: SearchSpace
) -> Mapping[str, Any] | None:
    """Return a point in terms of another space; None where it lies outside or nothing is left."""
    shared = {name: value for name, value in values.items() if space.takes(name)}
    try:
        return model_point(experiment, space, shared) if shared else None
    except SearchProblem:
        return None
