"""Options of steps that a search chooses: ``count = { search = "selected", first = 5 }``."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.errors import RecipeProblem

SEARCH, FIRST = "search", "first"
Line = Mapping[str, Any]


def is_option(value: Any) -> bool:
    """Tell whether a parameter of a step is left to the search."""
    return isinstance(value, Mapping) and SEARCH in value


def option_problems(value: Any) -> list[str]:
    """List what is wrong with an option as written.

    Examples
    --------
    >>> option_problems({"search": "selected", "fist": 5})
    ["has no 'fist'; allowed: search, first"]
    """
    if not isinstance(value[SEARCH], str) or not value[SEARCH]:
        return [f"search names a dimension of search.space, but got {value[SEARCH]!r}"]
    odd = [key for key in value if key not in (SEARCH, FIRST)]
    return [f"has no {odd[0]!r}; allowed: {SEARCH}, {FIRST}"] if odd else []


def options_of(lines: Sequence[Line]) -> dict[str, Any]:
    """Return the options of a recipe by their name in the search space, with their first values.

    Examples
    --------
    >>> options_of([{"step": "select", "count": {"search": "selected", "first": 5}}])
    {'selected': 5}
    """
    values = [value for line in lines for value in line.values() if is_option(value)]
    return {value[SEARCH]: value.get(FIRST) for value in values}


def with_options(lines: Sequence[Line], chosen: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Put values in the place of a recipe's options.

    Parameters
    ----------
    lines : sequence of mapping
        Steps as an experiment file writes them.
    chosen : mapping
        Values by option; an option that is not there takes its first value.

    Raises
    ------
    RecipeProblem
        When an option has no value.
    """
    return [{key: _value(value, chosen) for key, value in line.items()} for line in lines]


def _value(value: Any, chosen: Mapping[str, Any]) -> Any:
    if not is_option(value):
        return value
    name = value[SEARCH]
    if name in chosen:
        return chosen[name]
    if FIRST not in value:
        raise RecipeProblem(
            f"features: nothing says what {name!r} is; add search.space.{name}, or first = …"
        )
    return value[FIRST]
