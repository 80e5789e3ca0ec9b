"""Rules of an experiment's search that need its space, its model and its folds together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from experiments.definition.recipes import starting_values
from experiments.definition.sections import Experiment
from pipelines.errors import SearchProblem
from pipelines.models import NETWORK, NETWORK_PARAMETERS
from pipelines.models.settings import layers_problem, setting_problem
from pipelines.search import SearchSpace, check_space, parse_space
from pipelines.search.grid import grid_problems
from pipelines.search.objectives import SCORE, SIZE
from pipelines.search.points import as_trial_parameters, start_problems
from pipelines.search.pruning import FEWEST_FOLDS, WILCOXON
from pipelines.search.samplers import sampler_problems
from pipelines.search.space import LAYERS, SHAPE, UNITS, Dimension

SPACE = "search.space"


def search_problems(experiment: Experiment) -> list[str]:
    """List what in a search does not fit together, each problem with its key path.

    Parameters
    ----------
    experiment : Experiment
        Its space is well written.
    """
    space = parse_space(experiment.search.space)
    impossible = value_problems(experiment)
    return [
        *(impossible or _first_trial_problems(experiment, space)),
        *start_problems(experiment.search.start, space, "search.start"),
        *_objective_problems(experiment),
        *([] if impossible else _sampler_problems(experiment, space)),
        *_pruner_problems(experiment),
    ]


def value_problems(experiment: Experiment, known: Sequence[str] = ()) -> list[str]:
    """List the values, fixed or to be searched, that no network could take.

    Parameters
    ----------
    experiment : Experiment
    known : sequence of str
        Names that the search space may hold; dimensions that are badly written are left out.
        Unless given, all of them are well written.
    """
    if experiment.model != NETWORK:
        return []
    space = _well_written(experiment.search.space, known) if known else experiment.search.space
    told = [(f"network.{name}", name, value) for name, value in experiment.fixed.items()]
    dimensions = parse_space(space).dimensions
    for one in dimensions:
        values = one.choices or (one.low, one.high)
        told += [(f"{SPACE}.{one.name}", one.name, value) for value in values]
    problems = [
        f"{path}: {problem}"
        for path, name, value in told
        if (problem := _value_problem(name, value)) is not None
    ]
    return list(dict.fromkeys([*problems, *([] if problems else _size_problems(dimensions))]))


def _well_written(space: Mapping[str, Any], known: Sequence[str]) -> dict[str, Any]:
    """Return the dimensions of a space in which nothing is wrong."""
    pair = {LAYERS: [1], UNITS: [1]}  # which go together
    return {
        name: limits
        for name, limits in space.items()
        if not check_space({**(pair if name in pair else {}), name: limits}, known, SPACE)
    }


def _size_problems(dimensions: Sequence[Dimension]) -> list[str]:
    """Say whether the largest network that a search may draw is too large."""
    most = {one.name: max(one.choices or (one.low, one.high)) for one in dimensions if _sizes(one)}
    if len(most) < 2:
        return []
    problem = setting_problem(SHAPE, [most[UNITS]] * most[LAYERS])
    return [] if problem is None else [f"{SPACE}.{UNITS}: with the most layers, {problem}"]


def _sizes(dimension: Dimension) -> bool:
    return dimension.name in (LAYERS, UNITS)


def _value_problem(name: str, value: Any) -> str | None:
    if name in (LAYERS, UNITS):
        if type(value) is not int or value < 1:
            return f"must be whole and above 0, not {value!r}"
        return setting_problem(SHAPE, [value]) if name == UNITS else layers_problem(value)
    return setting_problem(name, value) if name in NETWORK_PARAMETERS else None


def _first_trial_problems(experiment: Experiment, space: SearchSpace) -> list[str]:
    try:
        as_trial_parameters(starting_values(experiment), space)
    except SearchProblem as error:
        return [f"{SPACE}: {error}"]
    return []


def _objective_problems(experiment: Experiment) -> list[str]:
    path, wanted = "search.objectives", experiment.search.objectives
    problems = []
    if wanted[0] != SCORE or len(set(wanted)) < len(wanted):
        problems.append(f"{path}: begins with 'score' and names each once, but got {wanted}")
    if SIZE in wanted and experiment.model != NETWORK:
        problems.append(
            f"{path}: 'size' counts the weights of a network; {experiment.model} has none"
        )
    return problems


def _sampler_problems(experiment: Experiment, space: SearchSpace) -> list[str]:
    name = experiment.search.sampler
    if name == "grid":
        return grid_problems(space, SPACE)
    return sampler_problems(name, space, len(experiment.search.objectives), "search.sampler")


def _pruner_problems(experiment: Experiment) -> list[str]:
    name, wanted = experiment.search.pruner, experiment.search.objectives
    if name != "none" and len(wanted) > 1:
        return [
            f"search.pruner: {name!r} needs a single objective, but got {', '.join(wanted)}; "
            "leave it out"
        ]
    folds = experiment.validation.folds * experiment.validation.repeats
    if name == WILCOXON and folds < FEWEST_FOLDS:
        return [
            f"search.pruner: 'wilcoxon' tells a worse trial after {FEWEST_FOLDS - 1} folds at the "
            f"soonest and needs at least {FEWEST_FOLDS}, but got {folds}; raise validation.folds "
            "or validation.repeats"
        ]
    return []
