"""What a study begins with: the defaults, the points of its file, or all points of a grid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from experiments.definition import Experiment
from experiments.recipes import starting_values
from pipelines.models import NETWORK, NETWORK_PARAMETERS
from pipelines.search.grid import grid_points
from pipelines.search.points import complete_point
from pipelines.search.queue import TrialQueue
from pipelines.search.space import SearchSpace


def study_queue(experiment: Experiment, space: SearchSpace) -> TrialQueue:
    """Return what an experiment tries before its sampler draws; the defaults come first."""
    wish = experiment.search
    defaults = model_defaults(experiment)
    first = unique(
        complete_point(point, starting_values(experiment), defaults, space)
        for point in ({}, *wish.start)
    )
    grid = grid_points(space, experiment.seed) if wish.sampler == "grid" else None
    return TrialQueue(first, None if grid is None else tuple(grid))


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
