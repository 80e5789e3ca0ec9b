"""The search space: what may vary, between which limits, and what stands in its place first."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from competition.errors import did_you_mean

if TYPE_CHECKING:
    from optuna import Trial

LAYERS = "layers"
UNITS = "units"
SHAPE = "hidden_layer_sizes"
LIMIT_KEYS = ("low", "high", "step", "log")


@dataclass(frozen=True)
class Dimension:
    """One thing that varies: between limits, or among choices.

    Attributes
    ----------
    name : str
        Name of the parameter.
    low, high : float or int
        Limits, both included; whole numbers where both are; None where there are choices.
    log : bool
        Whether equal ratios weigh the same, as for a learning rate.
    step : float or int, optional
    choices : tuple
        Values to choose from; empty where there are limits.
    """

    name: str
    low: Any = None
    high: Any = None
    log: bool = False
    step: Any = None
    choices: tuple[Any, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether it takes whole numbers only."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    @property
    def finite(self) -> bool:
        """Whether its values can be counted: choices, whole numbers, or steps."""
        return bool(self.choices) or self.whole or self.step is not None

    def holds(self, value: Any) -> bool:
        """Tell whether a value lies within, and on a step where there are steps."""
        if self.choices:
            same = (one for one in self.choices if one == value)
            return any(isinstance(one, bool) == isinstance(value, bool) for one in same)
        if not _is_number(value) or not self.low <= value <= self.high:
            return False
        if self.whole and int(value) != value:
            return False
        return self.step is None or _divides(self.step, value - self.low)

    def described(self) -> str:
        """Return the limits or choices in words.

        Examples
        --------
        >>> Dimension("dropout", 0.0, 0.3, step=0.1).described()
        '0.0 to 0.3 in steps of 0.1'
        """
        if self.choices:
            return "one of " + ", ".join(map(str, self.choices))
        steps = "" if self.step is None else f" in steps of {self.step}"
        return f"{self.low} to {self.high}{steps}{' (log)' if self.log else ''}"


@dataclass(frozen=True)
class SearchSpace:
    """All dimensions; `layers` and `units` together make the sizes of the hidden layers."""

    dimensions: tuple[Dimension, ...] = ()

    def __getitem__(self, name: str) -> Dimension:
        return next(one for one in self.dimensions if one.name == name)

    def __contains__(self, name: object) -> bool:
        return any(one.name == name for one in self.dimensions)

    @property
    def conditional(self) -> bool:
        """Whether some parameters exist only for some values of others."""
        return LAYERS in self

    def takes(self, name: str) -> bool:
        """Tell whether a model parameter varies; hidden layers do where `layers` does."""
        return LAYERS in self if name == SHAPE else name in self

    @property
    def conditional_names(self) -> tuple[str, ...]:
        """Dimensions whose parameters only some trials have: the widths of hidden layers."""
        return (UNITS,) if self.conditional else ()


def check_space(space: Mapping[str, Any], known: Sequence[str], path: str) -> list[str]:
    """List everything wrong with a space as written in an experiment file.

    Parameters
    ----------
    space : mapping
        Name to a list of choices, or to a table of low, high, step and log.
    known : sequence of str
        Parameters that the model takes.
    path : str
        Where the space stands in the file, for the messages.

    Examples
    --------
    >>> check_space({"learning_rat": [0.1]}, ["learning_rate"], "search.space")
    ["search.space.learning_rat: no such parameter; did you mean 'learning_rate'?"]
    """
    allowed = {*known, LAYERS, UNITS} - {SHAPE}
    problems = []
    for name, limits in space.items():
        if name not in allowed:
            hint = did_you_mean(name, sorted(allowed))
            problems.append(f"{path}.{name}: no such parameter{hint}")
        else:
            problems += [f"{path}.{name}: {text}" for text in _limit_problems(limits)]
    if (LAYERS in space) != (UNITS in space):
        problems.append(f"{path}: layers and units go together; give both or neither")
    return problems


def _limit_problems(limits: Any) -> list[str]:
    if isinstance(limits, list):
        return _choice_problems(limits)
    if not isinstance(limits, dict):
        return [f"must be a list of choices or a table with low and high, not {limits!r}"]
    unknown = [key for key in limits if key not in LIMIT_KEYS]
    if unknown:
        return [f"has no {unknown[0]!r}; allowed: {', '.join(LIMIT_KEYS)}"]
    low: Any = limits.get("low")
    high: Any = limits.get("high")
    if not (_is_number(low) and _is_number(high)):
        return ["needs the numbers low and high"]
    if low > high:
        return [f"low <= high must hold, but got low={low}, high={high}"]
    if limits.get("log") and low <= 0:
        return [f"a logarithmic range must begin above 0, but got low={low}"]
    if "step" in limits:
        return _step_problems(low, high, limits["step"], bool(limits.get("log")))
    return []


def _choice_problems(choices: list[Any]) -> list[str]:
    if not choices:
        return ["must hold at least one choice"]
    odd = [choice for choice in choices if not isinstance(choice, str | int | float | bool)]
    if odd:
        return [f"a choice must be text, a number or a truth value, not {odd[0]!r}"]
    twice = [choice for place, choice in enumerate(choices) if choice in choices[:place]]
    return [f"each choice may stand once, but {twice[0]!r} stands again"] if twice else []


def _step_problems(low: Any, high: Any, step: Any, log: bool) -> list[str]:
    if log:
        return ["log and step cannot be combined"]
    if not _is_number(step) or step <= 0:
        return [f"step must be a number above 0, but got {step!r}"]
    if isinstance(low, int) and isinstance(high, int) and not isinstance(step, int):
        return [f"whole limits take a whole step, but got {step}; write low = {float(low)}"]
    if not _divides(step, high - low):
        last = low + math.floor((high - low) / step) * step
        return [f"step {step} must divide high - low; the last value is {last:g}, so write it"]
    return []


def _divides(step: float, distance: float) -> bool:
    count = distance / step
    return math.isclose(count, round(count), abs_tol=1e-8)  # as close as Optuna asks for


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def parse_space(space: Mapping[str, Any]) -> SearchSpace:
    """Turn the space of an experiment file into dimensions, in a fixed order of names."""
    return SearchSpace(tuple(_dimension(name, space[name]) for name in sorted(space)))


def _dimension(name: str, limits: Any) -> Dimension:
    if isinstance(limits, list):
        return Dimension(name, choices=tuple(limits))
    return Dimension(
        name, limits["low"], limits["high"], bool(limits.get("log", False)), limits.get("step")
    )


def suggest(trial: "Trial", space: SearchSpace) -> dict[str, Any]:
    """Draw a trial's parameters.

    Parameters
    ----------
    trial : optuna.Trial
    space : SearchSpace

    Returns
    -------
    dict
        Values of all varied parameters; `layers` and `units` come out as `hidden_layer_sizes`.
    """
    values: dict[str, Any] = {}
    for dimension in space.dimensions:
        if dimension.name not in (LAYERS, UNITS):
            values[dimension.name] = _draw(trial, dimension, dimension.name)
    if LAYERS in space:
        count = _draw(trial, space[LAYERS], LAYERS)
        values[SHAPE] = tuple(
            _draw(trial, space[UNITS], unit_name(layer)) for layer in range(count)
        )
    return values


def _draw(trial: "Trial", dimension: Dimension, name: str) -> Any:
    if dimension.choices:
        return trial.suggest_categorical(name, dimension.choices)
    if dimension.whole:
        return trial.suggest_int(
            name, dimension.low, dimension.high, step=dimension.step or 1, log=dimension.log
        )
    return trial.suggest_float(
        name, dimension.low, dimension.high, step=dimension.step, log=dimension.log
    )


def unit_name(layer: int) -> str:
    """Return the parameter name of a hidden layer's width, counted from 1."""
    return f"units_{layer + 1}"


def suggested(values: Mapping[str, Any], space: SearchSpace) -> dict[str, Any]:
    """Return the model parameters that a trial's stored parameters stand for."""
    from optuna.trial import FixedTrial

    return suggest(FixedTrial(values), space)  # type: ignore[arg-type]
