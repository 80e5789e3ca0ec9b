"""The value `Contest`: everything that a host decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from competition.metrics import get_metric
from competition.metrics.metric import PER_LABEL

Label: TypeAlias = str | int | bool
Privacy: TypeAlias = Literal["public", "limited", "private"]


@dataclass(frozen=True)
class MetricChoice:
    """The metric of a contest.

    Parameters
    ----------
    name
        A name or alias of the registry, or a name of the host's own choice beside `file`.
    parameters
        Keyword arguments of the metric.
    beside
        Metrics shown beside the one that ranks.
    file
        The host's own ``metric.py``, relative to the contest's folder.
    predicts, greater_is_better
        What an own metric takes and which way it points; a registered metric knows.
    """

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    beside: tuple[str, ...] = ()
    file: str | None = None
    predicts: str | None = None
    greater_is_better: bool | None = None


@dataclass(frozen=True)
class Contest:
    """Everything that a host decides about a contest, in Kaggle's nouns.

    Times are aware and in UTC. ``labels`` are the classes in their order, as written in the
    files; empty when the targets are numbers. ``pages`` maps a page's name to its Markdown.
    """

    slug: str
    title: str
    metric: MetricChoice
    targets: tuple[str, ...]
    id_column: str = "id"
    description: str = ""
    labels: tuple[Label, ...] = ()
    group_column: str | None = None
    time_column: str | None = None
    public_fraction: float = 0.3
    seed: int = 0
    launched_at: datetime | None = None
    deadline: datetime | None = None
    new_entrant_deadline: datetime | None = None
    team_merger_deadline: datetime | None = None
    private_leaderboard_release_date: datetime | None = None
    max_daily_submissions: int = 5
    num_scored_submissions: int = 2
    max_team_size: int = 1
    max_pending_submissions_per_team: int = 10
    submission_size_limit_mb: int = 100
    score_truncation_num_decimals: int = 5
    disable_submissions: bool = False
    hold_final_board: bool = False
    ladder: bool = False
    privacy: Privacy = "public"
    pages: Mapping[str, str] = field(default_factory=dict)

    @property
    def predicts(self) -> str:
        """What a submission holds, as the metric declares it.

        Raises
        ------
        UnknownMetric
            The registry has no such metric.
        """
        if self.metric.predicts is not None:
            return self.metric.predicts
        return get_metric(self.metric.name, **self.metric.parameters).predicts

    @property
    def prediction_columns(self) -> tuple[str, ...]:
        """Columns of a submission beside the id: the targets, or one per class.

        Raises
        ------
        UnknownMetric
            The registry has no such metric.
        """
        if self.metric.file is None:
            metric = get_metric(self.metric.name, **self.metric.parameters)
            return metric.prediction_columns(self.targets, self.labels)
        if self.metric.predicts in PER_LABEL:
            return tuple(str(label) for label in self.labels)
        return self.targets
