"""Points of a search space: the defaults, and those that a file gives to begin with."""

from collections.abc import Mapping, Sequence
from typing import Any

from competition.errors import did_you_mean
from pipelines.errors import SearchProblem
from pipelines.search.space import LAYERS, SHAPE, UNITS, Dimension, SearchSpace, unit_name

Values = Mapping[str, Any]


def as_trial_parameters(values: Values, space: SearchSpace) -> dict[str, Any]:
    """Turn model parameters into the trial parameters that would have drawn them.

    Parameters
    ----------
    values : mapping
        Model parameters such as the fixed ones of an experiment file.
    space : SearchSpace

    Raises
    ------
    SearchProblem
        When a value lies outside its dimension.

    Examples
    --------
    >>> from pipelines.search.space import parse_space
    >>> space = parse_space({"layers": {"low": 1, "high": 2}, "units": [8, 16]})
    >>> as_trial_parameters({"hidden_layer_sizes": [16]}, space)
    {'layers': 1, 'units_1': 16}
    """
    point = _trial_parameters(values, space)
    for name, value, dimension in _outside(point, space):
        raise SearchProblem(
            f"the first trial takes {name} = {value!r} from the fixed values, but the search "
            f"allows {dimension.described()}; widen search.space.{dimension.name}"
        )
    return point


def complete_point(given: Values, fixed: Values, defaults: Values, space: SearchSpace) -> Values:
    """Return the trial parameters of a point to begin with.

    What it does not give is taken from the fixed values, then from the model's own defaults
    where they lie within the space; what is then still missing, the sampler draws.

    Parameters
    ----------
    given : mapping
        Model parameters; none for the defaults themselves.
    fixed : mapping
        Fixed values of the experiment file.
    defaults : mapping
        What the model takes otherwise.
    space : SearchSpace

    Examples
    --------
    >>> from pipelines.search.space import parse_space
    >>> space = parse_space({"dropout": {"low": 0.0, "high": 0.5}, "batch_size": [16, 32]})
    >>> complete_point({}, {"batch_size": 32}, {"dropout": 0.0, "batch_size": 64}, space)
    {'batch_size': 32, 'dropout': 0.0}
    """
    own = {**fixed, **given}
    usable = {
        name: value
        for name, value in defaults.items()
        if name not in own and not _outside(_trial_parameters({name: value}, space), space)
    }
    return as_trial_parameters({**usable, **own}, space)


def start_problems(start: Sequence[Values], space: SearchSpace, path: str) -> list[str]:
    """List everything wrong with the points that a file gives to begin with.

    Parameters
    ----------
    start : sequence of mapping
        Model parameters.
    space : SearchSpace
    path : str
        Where they stand in the file, for the messages.

    Examples
    --------
    >>> from pipelines.search.space import parse_space
    >>> space = parse_space({"dropout": {"low": 0.0, "high": 0.5}})
    >>> start_problems([{"dropuot": 0.1}, {"dropout": 0.9}], space, "search.start")[0]
    "search.start[0].dropuot: does not vary in search.space; did you mean 'dropout'?"
    """
    problems = []
    for number, point in enumerate(start):
        problems += [f"{path}[{number}]{text}" for text in _point_problems(point, space)]
    return problems


def _point_problems(point: Values, space: SearchSpace) -> list[str]:
    names = [SHAPE if one.name == LAYERS else one.name for one in space.dimensions]
    known = [name for name in names if name != UNITS]
    unknown = [name for name in point if name not in known]
    if unknown:
        return [_unknown(name, known) for name in unknown]
    if SHAPE in point and not _is_shape(point[SHAPE]):
        return [f".{SHAPE}: must be a list of widths, not {point[SHAPE]!r}"]
    return [
        f".{SHAPE if name.startswith(('units_', LAYERS)) else name}: {name} = {value!r} lies "
        f"outside search.space.{dimension.name} ({dimension.described()})"
        for name, value, dimension in _outside(_trial_parameters(point, space), space)
    ]


def _unknown(name: str, known: Sequence[str]) -> str:
    if SHAPE in known and (name in (LAYERS, UNITS) or name.startswith("units_")):
        return f".{name}: give the hidden layers as {SHAPE} = [32, 16]"
    return f".{name}: does not vary in search.space{did_you_mean(name, known)}"


def _is_shape(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value)


def _trial_parameters(values: Values, space: SearchSpace) -> dict[str, Any]:
    plain = {
        one.name: values[one.name]
        for one in space.dimensions
        if one.name in values and one.name not in (LAYERS, UNITS)
    }
    if LAYERS in space and SHAPE in values:
        plain[LAYERS] = len(values[SHAPE])
        plain |= {unit_name(layer): width for layer, width in enumerate(values[SHAPE])}
    return plain


def _outside(point: Values, space: SearchSpace) -> list[tuple[str, Any, Dimension]]:
    """Return the parameters that their dimensions do not hold."""
    of = {name: space[UNITS if name.startswith("units_") else name] for name in point}
    return [(name, value, of[name]) for name, value in point.items() if not of[name].holds(value)]
