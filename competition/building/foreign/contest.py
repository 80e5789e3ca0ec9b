"""What could be read of another host's contest, and what could not be taken over."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from competition.building.folder import BuiltContest, prepare_contest
from competition.building.splitting import SplitPlan
from competition.errors import InvalidContest


@dataclass(frozen=True)
class ForeignContest:
    """Another host's contest in the terms of `competition.building.prepare_contest`.

    ``unmapped`` has one sentence for each thing that is there and has no counterpart here.
    ``extra_files`` are further files for participants by name.
    """

    slug: str
    title: str
    train: pd.DataFrame
    solution: pd.DataFrame
    targets: tuple[str, ...]
    id_column: str
    metric: str | None
    test: pd.DataFrame | None = None
    sample: pd.DataFrame | None = None
    labels: tuple[str, ...] | None = None
    pages: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    extra_files: Mapping[str, Path] = field(default_factory=dict)
    unmapped: tuple[str, ...] = ()


def prepare_foreign(
    foreign: ForeignContest,
    *,
    slug: str | None = None,
    metric: str | None = None,
    public_fraction: float = 0.3,
    seed: int = 0,
) -> BuiltContest:
    """Prepare an imported contest for `competition.building.write_contest`.

    Parameters
    ----------
    foreign
        What was read.
    slug, metric
        In place of the other host's; the metric must be named where none is known there.
    public_fraction, seed
        How the test rows are shared between the boards, where the other host does not say.

    Raises
    ------
    InvalidContest
        The tables break a rule, or the metric is not known here.
    """
    if metric is None and foreign.metric is None:
        raise InvalidContest("the bundle names no metric that is known here; name it with --metric")
    return prepare_contest(
        slug=slug or foreign.slug,
        title=foreign.title,
        train=foreign.train,
        test=foreign.test,
        solution=foreign.solution,
        sample=foreign.sample,
        targets=foreign.targets,
        id_column=foreign.id_column,
        metric=metric or foreign.metric,
        labels=foreign.labels,
        split=SplitPlan(public_fraction=public_fraction, seed=seed),
        pages=foreign.pages or None,
        **foreign.settings,
    )


def slug_of(name: str) -> str:
    """Make a slug of another host's name.

    Examples
    --------
    >>> slug_of("Classify Wheat_Seeds (2026)")
    'classify-wheat-seeds-2026'
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:80].strip("-")
