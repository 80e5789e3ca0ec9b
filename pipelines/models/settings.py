"""Whether a network could take a value at all: asked when an experiment file is read."""

import math
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from competition.errors import did_you_mean
from pipelines.models.network import NETWORK_PARAMETERS, OF_A_MEMBER, recipe_of
from pipelines.network import InvalidSetting, Member
from pipelines.network.activations import ACTIVATIONS
from pipelines.network.initialisation import INITIALISATIONS
from pipelines.network.losses import LOSSES
from pipelines.network.optimisers import OPTIMISERS
from pipelines.network.schedules import SCHEDULES

HIDDEN = "hidden_layer_sizes"
MOST_LAYERS, MOST_NODES, MOST_WEIGHTS = 64, 65_536, 50_000_000
MOST_OF_A_COUNT = 10_000_000
NAMED: Mapping[str, Iterable[str]] = {
    "activation": ACTIVATIONS,
    "initialisation": INITIALISATIONS,
    "loss": LOSSES,
    "optimiser": OPTIMISERS,
    "schedule": SCHEDULES,
}
"""Parameters that take a name, and the names that there are."""


def setting_problem(name: str, value: Any) -> str | None:
    """Return what is wrong with a value of a network's parameter; None where nothing is.

    Parameters
    ----------
    name : str
        A name in `NETWORK_PARAMETERS`.
    value : object

    Examples
    --------
    >>> setting_problem("activation", "rleu")
    "there is no activation 'rleu'; did you mean 'relu'?"
    >>> setting_problem("dropout", 1.5)
    '0 <= dropout < 1 must hold, but got 1.5'
    >>> setting_problem("learning_rate", 0.01)
    """
    if name in NAMED:
        return _name_problem(name, value)
    if name == HIDDEN:
        return _shape_problem(value)
    default = NETWORK_PARAMETERS[name]
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return f"must be a number, but got {value!r}"
    if isinstance(default, int) and not isinstance(value, int):
        return f"must be a whole number, but got {value!r}"
    if isinstance(default, int) and value > MOST_OF_A_COUNT:
        return f"must be at most {MOST_OF_A_COUNT}, but got {value!r}"
    try:
        _build(name, value)
    except InvalidSetting as error:
        return str(error)
    return None


def _name_problem(name: str, value: Any) -> str | None:
    known = list(NAMED[name])
    if value in known:
        return None
    hint = did_you_mean(str(value), known) or f"; there are {', '.join(known)}"
    return f"there is no {name} {value!r}{hint}"


def _shape_problem(value: Any) -> str | None:
    widths = value if isinstance(value, list | tuple) else None
    if widths is None or not all(type(width) is int and width > 0 for width in widths):
        return f"must be a list of whole numbers above 0, but got {value!r}"
    if max(widths, default=0) > MOST_NODES:
        return f"a layer has at most {MOST_NODES} nodes, but got {max(widths)}"
    weights = sum(left * right for left, right in pairwise(widths))
    if weights > MOST_WEIGHTS:
        return f"at most {MOST_WEIGHTS} weights lie between hidden layers, but got {weights}"
    return layers_problem(len(widths))


def layers_problem(count: int) -> str | None:
    """Return what is wrong with a number of hidden layers; None where nothing is."""
    return (
        f"a network has at most {MOST_LAYERS} hidden layers, but got {count}"
        if count > MOST_LAYERS
        else None
    )


def _build(name: str, value: Any) -> None:
    if name in OF_A_MEMBER:
        Member(**{name: value})
    else:
        recipe_of({name: value}, classes=True)
