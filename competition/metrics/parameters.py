"""Parameters of metrics: which values each of them may take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Integral, Real
from types import MappingProxyType
from typing import Any

from competition.errors import UnknownMetric


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _is_place(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1


RULES: Mapping[str, tuple[str, Callable[[Any], bool]]] = MappingProxyType(
    {
        "k": ("a whole number of at least 1", _is_place),
        "beta": ("a number above 0", lambda value: _is_number(value) and value > 0),
        "quantile": ("a number between 0 and 1", lambda value: _is_number(value) and 0 < value < 1),
    }
)


def checked_parameters(
    metric_name: str, known: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the known parameters with the given values in their place.

    Raises
    ------
    UnknownMetric
        A given parameter is not known or its value breaks its rule.
    """
    for name, value in given.items():
        if name not in known:
            names = ", ".join(known) or "none"
            raise UnknownMetric(f"{metric_name} has no parameter {name!r}; its parameters: {names}")
        rule, holds = RULES[name]
        if not holds(value):
            raise UnknownMetric(f"{metric_name}: {name} must be {rule}, got {value!r}")
    return {**known, **given}
