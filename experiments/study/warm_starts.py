"""What a study begins with: the defaults, the points of its file, or all points of a grid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from experiments.definition.recipes import feature_dimensions, label_of, starting_values
from experiments.definition.sections import Experiment
from pipelines.models import NETWORK, NETWORK_PARAMETERS
from pipelines.search.grid import grid_points
from pipelines.search.points import complete_point
from pipelines.search.queue import TrialQueue
from pipelines.search.space import SearchSpace

if TYPE_CHECKING:
    from optuna import Study

STARTS = "ripe.starts"


def study_queue(experiment: Experiment, space: SearchSpace, study: Study) -> TrialQueue:
    """Return what a study tries before its sampler draws.

    The defaults come first, then the points of the file, then those of an earlier study that are
    kept with this one.
    """
    wish = experiment.search
    given = (model_point(experiment, space, point) for point in ({}, *wish.start))
    first = unique([*given, *study.user_attrs.get(STARTS, [])])
    if wish.sampler != "grid":
        return TrialQueue(first)
    return TrialQueue(first, _distinct(experiment, grid_points(space, experiment.seed), first))


def _distinct(
    experiment: Experiment, points: Iterable[Mapping[str, Any]], first: Iterable[Mapping[str, Any]]
) -> tuple[Mapping[str, Any], ...]:
    """Return points that differ in more than options of steps which their recipe does not have.

    Of those that do not, the one that a study begins with stays, or else the first.
    """
    chosen = set(feature_dimensions(experiment))
    ordered = sorted(points, key=lambda point: all(one.items() - point.items() for one in first))
    seen: dict[Any, Mapping[str, Any]] = {}
    for point in ordered:
        others = frozenset(item for item in point.items() if item[0] not in chosen)
        seen.setdefault((label_of(experiment, point), others), point)
    return tuple(seen.values())


def model_point(
    experiment: Experiment, space: SearchSpace, given: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return the trial parameters of a point given in the model's terms.

    Raises
    ------
    pipelines.errors.SearchProblem
        When it lies outside the space.
    """
    return complete_point(given, starting_values(experiment), model_defaults(experiment), space)


def unique(points: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """Return points without those that stood before.

    Examples
    --------
    >>> unique([{"dropout": 0.1}, {"dropout": 0.2}, {"dropout": 0.1}])
    ({'dropout': 0.1}, {'dropout': 0.2})
    """
    seen: dict[Any, Mapping[str, Any]] = {}
    for point in points:
        seen.setdefault(frozenset(point.items()), point)
    return tuple(seen.values())


def model_defaults(experiment: Experiment) -> Mapping[str, Any]:
    """Return what the model takes where an experiment says nothing."""
    return NETWORK_PARAMETERS if experiment.model == NETWORK else {}
