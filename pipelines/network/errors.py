"""What may go wrong in a network.

::

    NetworkError
    ├── InvalidSetting(ValueError)        a setting that no network can have
    ├── TrainingDiverged(ArithmeticError) a loss that is no longer a number
    └── UnreadableNetwork(ValueError)     a file that holds no network of ours
"""

from collections.abc import Mapping
from typing import Any


class NetworkError(Exception):
    """Anything a user of the network can put right."""


class InvalidSetting(NetworkError, ValueError):
    """A setting that no network can have."""


class TrainingDiverged(NetworkError, ArithmeticError):
    """A loss that is no longer a number."""


class UnreadableNetwork(NetworkError, ValueError):
    """A file that holds no network of ours."""


def choose(kind: str, name: str, known: Mapping[str, type]) -> Any:
    """Return the class called `name`, or say which names there are."""
    if name not in known:
        names = ", ".join(sorted(known))
        raise InvalidSetting(f"{kind} must be one of {names}, but got {name!r}")
    return known[name]
