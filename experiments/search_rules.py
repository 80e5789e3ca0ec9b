"""Rules of an experiment's search that need its space, its model and its folds together."""

from __future__ import annotations

from experiments.definition import Experiment
from pipelines.errors import SearchProblem
from pipelines.search import SearchSpace, parse_space
from pipelines.search.grid import grid_problems
from pipelines.search.points import as_trial_parameters
from pipelines.search.samplers import sampler_problems

SPACE = "search.space"


def search_problems(experiment: Experiment) -> list[str]:
    """List what in a search does not fit together, each problem with its key path.

    Parameters
    ----------
    experiment : Experiment
        Its space is well written.
    """
    space = parse_space(experiment.search.space)
    return [
        *_first_trial_problems(experiment, space),
        *_sampler_problems(experiment, space),
    ]


def _first_trial_problems(experiment: Experiment, space: SearchSpace) -> list[str]:
    try:
        as_trial_parameters(experiment.fixed, space)
    except SearchProblem as error:
        return [f"{SPACE}: {error}"]
    return []


def _sampler_problems(experiment: Experiment, space: SearchSpace) -> list[str]:
    name = experiment.search.sampler
    if name == "grid":
        return grid_problems(space, SPACE)
    return sampler_problems(name, space, 1, "search.sampler")
