"""Whether a network could take a value at all: asked when an experiment file is read."""

from collections.abc import Iterable, Mapping
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
    if not isinstance(value, int | float) or isinstance(value, bool):
        return f"must be a number, but got {value!r}"
    if isinstance(default, int) and int(value) != value:
        return f"must be a whole number, but got {value!r}"
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
    return None


def _build(name: str, value: Any) -> None:
    if name in OF_A_MEMBER:
        Member(**{name: value})
    else:
        recipe_of({name: value}, classes=True)
