"""Kaggle's services, one module each: what is called, and how the host answers."""

from __future__ import annotations

from competition.host.rpc import Methods
from competition.host.services import (
    accounts,
    blobs,
    competitions,
    datasets,
    entries,
    hosting,
    models,
    settings,
)

__all__ = ["all_methods"]


def all_methods() -> Methods:
    """Return every call that this host answers, by ``package.Service/Method``."""
    parts = (accounts, blobs, competitions, datasets, entries, hosting, models, settings)
    return {name: method for part in parts for name, method in part.METHODS.items()}
