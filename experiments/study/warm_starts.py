"""What a study begins with: the defaults, the points of its file, or all points of a grid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from experiments.definition.recipes import starting_values
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
    grid = grid_points(space, experiment.seed) if wish.sampler == "grid" else None
    return TrialQueue(first, None if grid is None else tuple(grid))


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
