"""The rules that a contest's definition keeps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args
from unicodedata import category

from competition.definition.contest import Contest, Label
from competition.errors import UnknownMetric, did_you_mean
from competition.metrics import Metric, Predicts, get_metric
from competition.metrics.metric import NEEDS_LABELS

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
SLUG_LENGTH = 80
PAGE_NAME = re.compile(r"\w[\w .-]*")
CONTROLS = frozenset({"Cc", "Zl", "Zp"})
"""Unicode's categories of control characters and of ends of lines."""
PAGE_NAME_LENGTH = 60
AT_LEAST_ONE = (
    "max_daily_submissions",
    "num_scored_submissions",
    "max_team_size",
    "max_pending_submissions_per_team",
    "submission_size_limit_mb",
)
DATES = (
    "launched_at",
    "deadline",
    "new_entrant_deadline",
    "team_merger_deadline",
    "private_leaderboard_release_date",
)
ORDERED_DATES = (
    ("launched_at", "deadline"),
    ("launched_at", "new_entrant_deadline"),
    ("new_entrant_deadline", "deadline"),
    ("team_merger_deadline", "deadline"),
    ("deadline", "private_leaderboard_release_date"),
)


def contest_problems(contest: Contest, *, is_stored: bool = False) -> list[str]:
    """List every rule that `contest` breaks, one sentence each, beginning with the key path.

    Parameters
    ----------
    is_stored
        A host took it in already, maybe before the younger rules, which are not asked of it.
    """
    return [
        *_name_problems(contest),
        *(() if is_stored else _younger_problems(contest)),
        *_column_problems(contest),
        *_number_problems(contest),
        *_date_problems(contest),
        *_metric_problems(contest),
    ]


def slug_problem(slug: str) -> str | None:
    """Say what is wrong with a slug; None when nothing is."""
    if SLUG.fullmatch(slug) and len(slug) <= SLUG_LENGTH:
        return None
    return (
        "a slug must be lower-case letters, digits and single hyphens, at most "
        f"{SLUG_LENGTH} characters, such as 'avocado-ripeness', but got {slug!r}"
    )


def _name_problems(contest: Contest) -> Iterator[str]:
    if problem := slug_problem(contest.slug):
        yield f"contest.slug: {problem}"
    if not contest.title.strip():
        yield "contest.title: must not be empty"
    for name in contest.pages:
        if not PAGE_NAME.fullmatch(name):
            yield f"pages: {name!r} is no page name; use letters, digits, spaces and hyphens"


def _younger_problems(contest: Contest) -> Iterator[str]:
    """Check what contests were free to do before; those that are stored keep it."""
    if any(category(letter) in CONTROLS for letter in contest.title):
        yield "contest.title: must be one line without control characters"
    for name in contest.pages:
        if len(name) > PAGE_NAME_LENGTH:
            yield (
                f"pages: a page name has at most {PAGE_NAME_LENGTH} characters, but "
                f"{name[:20] + '...'!r} has {len(name)}"
            )


def _column_problems(contest: Contest) -> Iterator[str]:
    if not contest.targets:
        yield "data.targets: must name at least one column"
    yield from _repeated("data.targets", contest.targets)
    for key, column in (("id_column", contest.id_column), ("group_column", contest.group_column)):
        if column in contest.targets:
            yield f"data.{key}: {column!r} is also a target"
    yield from _label_problems(contest.labels)


def _label_problems(labels: tuple[Label, ...]) -> Iterator[str]:
    if {type(label) for label in labels} not in ({str}, {int}, {bool}, set()):
        yield "data.labels: must all be text, or all integers, or all true and false"
        return
    yield from _repeated("data.labels", labels)
    if len(labels) == 1:
        yield (
            f"data.labels: must name at least two classes, but {labels[0]!r} stands there alone: "
            "with one value only there is nothing to predict"
        )


def _repeated(key: str, values: tuple[Label, ...]) -> Iterator[str]:
    for value in sorted({value for value in values if values.count(value) > 1}, key=str):
        yield f"{key}: {value!r} stands there more than once"


def _number_problems(contest: Contest) -> Iterator[str]:
    if not 0.0 <= contest.public_fraction <= 1.0:
        yield f"data.public_fraction: must be from 0 to 1, but got {contest.public_fraction}"
    if contest.seed < 0:
        yield f"data.seed: must not be negative, but got {contest.seed}"
    for name in AT_LEAST_ONE:
        if getattr(contest, name) < 1:
            yield f"limits.{name}: must be at least 1, but got {getattr(contest, name)}"
    if not 0 <= contest.score_truncation_num_decimals <= 15:
        decimals = contest.score_truncation_num_decimals
        yield f"board.decimals: must be from 0 to 15, but got {decimals}"


def _date_problems(contest: Contest) -> Iterator[str]:
    for name in DATES:
        if (moment := getattr(contest, name)) is not None and moment.tzinfo is None:
            yield f"dates.{name}: must carry its time zone, but got {moment.isoformat()}"
            return
    for before, after in ORDERED_DATES:
        first, second = getattr(contest, before), getattr(contest, after)
        if first and second and first > second:
            yield (
                f"dates.{after}: must not lie before {before} ({first.isoformat()}), "
                f"but got {second.isoformat()}"
            )


def _metric_problems(contest: Contest) -> Iterator[str]:
    if contest.metric.file is None:
        yield from _registered_metric_problems(contest)
    else:
        yield from _own_metric_problems(contest)
    for name in contest.metric.beside:
        try:
            beside = get_metric(name)
        except UnknownMetric as error:
            yield f"metric.beside: {error}"
        else:
            yield from _beside_problems(contest, beside)


def _beside_problems(contest: Contest, beside: Metric) -> Iterator[str]:
    try:
        predicts = contest.predicts
    except UnknownMetric:
        return
    if contest.metric.file is not None:
        fits = beside.predicts == predicts
    else:
        fits = beside.can_stand_beside(get_metric(contest.metric.name))
    if not fits:
        yield (
            f"metric.beside: {beside.name} needs {beside.predicts}, but submissions hold {predicts}"
        )
    yield from _target_count_problems(beside, len(contest.targets))


def _own_metric_problems(contest: Contest) -> Iterator[str]:
    metric = contest.metric
    if contest.ladder:
        yield "board.ladder: needs a registered metric that is a mean of row losses"
    if metric.file and (Path(metric.file).is_absolute() or ".." in Path(metric.file).parts):
        yield f"metric.file: must lie in the contest's folder, but got {metric.file!r}"
    for name in ("predicts", "greater_is_better"):
        if getattr(metric, name) is None:
            yield f"metric.{name}: is required beside an own metric file"
    if metric.predicts is not None and metric.predicts not in get_args(Predicts):
        hint = did_you_mean(metric.predicts, get_args(Predicts))
        yield (
            f"metric.predicts: must be one of {', '.join(get_args(Predicts))}, "
            f"but got {metric.predicts!r}{hint}"
        )


def _registered_metric_problems(contest: Contest) -> Iterator[str]:
    try:
        metric = get_metric(contest.metric.name, **contest.metric.parameters)
    except UnknownMetric as error:
        yield f"metric.name: {error}"
        return
    yield from _target_count_problems(metric, len(contest.targets))
    yield from _label_count_problems(metric, contest.labels)
    if contest.ladder and metric.row_losses is None:
        yield f"board.ladder: needs a metric that is a mean of row losses; {metric.name} is none"
    for key, declared in (
        ("predicts", metric.predicts),
        ("greater_is_better", metric.greater_is_better),
    ):
        if getattr(contest.metric, key) not in (None, declared):
            yield f"metric.{key}: {metric.name} declares {declared!r} itself; remove this line"


def _target_count_problems(metric: Metric, count: int) -> Iterator[str]:
    if count < metric.min_columns:
        yield f"data.targets: {metric.name} needs at least {metric.min_columns}, but got {count}"
    if metric.max_columns is not None and count > metric.max_columns:
        yield f"data.targets: {metric.name} takes at most {metric.max_columns}, but got {count}"


def _label_count_problems(metric: Metric, labels: tuple[Label, ...]) -> Iterator[str]:
    if metric.predicts in NEEDS_LABELS and not labels:
        yield f"data.labels: {metric.name} needs the ordered classes, such as ['no', 'yes']"
    if metric.predicts == "probability" and len(labels) > 2:
        yield f"data.labels: {metric.name} needs exactly two classes, but got {len(labels)}"
