"""The one table of metrics, and how a name finds its metric."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from competition.errors import UnknownMetric
from competition.metrics.correlations import CORRELATION_METRICS
from competition.metrics.labels import LABEL_METRICS
from competition.metrics.metric import Metric
from competition.metrics.probabilities import PROBABILITY_METRICS
from competition.metrics.sequences import SEQUENCE_METRICS
from competition.metrics.values import VALUE_METRICS

METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        metric.name: metric
        for metric in (
            *LABEL_METRICS,
            *PROBABILITY_METRICS,
            *VALUE_METRICS,
            *CORRELATION_METRICS,
            *SEQUENCE_METRICS,
        )
    }
)
"""Every built-in metric by its canonical name."""


def _spelling(name: str) -> str:
    return re.sub(r"[^a-z0-9@]", "", name.lower())


_SPELLINGS: Mapping[str, str] = MappingProxyType(
    {
        _spelling(alias): metric.name
        for metric in METRICS.values()
        for alias in (metric.name, *metric.aliases)
    }
)


def get_metric(name: str, /, **parameters: Any) -> Metric:
    """Find a metric by its name or by one of its aliases.

    Parameters
    ----------
    name : str
        Case, spaces and punctuation do not matter; ``map@5`` sets ``k=5``.
    **parameters
        Values for the metric's own parameters.

    Raises
    ------
    UnknownMetric
        No metric has this name (near names are suggested), or it has no such parameter.

    Examples
    --------
    >>> get_metric("Root Mean Squared Error").name
    'rmse'
    >>> get_metric("MAP@3").parameters["k"]
    3
    """
    spelling = _spelling(name)
    numbered = re.fullmatch(r"(.+@)(\d+)", spelling)
    if numbered and f"{numbered[1]}k" in _SPELLINGS:
        spelling, parameters = f"{numbered[1]}k", {"k": int(numbered[2]), **parameters}
    if spelling not in _SPELLINGS:
        raise UnknownMetric(_unknown(name, spelling))
    return METRICS[_SPELLINGS[spelling]].with_parameters(parameters)


def _unknown(name: str, spelling: str) -> str:
    near = difflib.get_close_matches(spelling, _SPELLINGS, n=6, cutoff=0.75)
    names = list(dict.fromkeys(_SPELLINGS[one] for one in near))[:3]
    known = f"did you mean {' or '.join(repr(one) for one in names)}? " if names else ""
    return f"metric {name!r} is not known; {known}metrics: {', '.join(sorted(METRICS))}"
