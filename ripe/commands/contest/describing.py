"""What is said about a contest in a line or two."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from competition.definition import Contest


def headline(contest: Contest) -> str:
    """Say what a contest predicts and how it is scored."""
    targets = ", ".join(contest.targets)
    labels = f" ({', '.join(map(str, contest.labels))})" if contest.labels else ""
    return f"contest {contest.slug}: predict {targets}{labels}, scored by {metric_line(contest)}"


def metric_line(contest: Contest) -> str:
    """Say the metric and which way it points."""
    from competition.metrics import get_metric

    choice = contest.metric
    greater_is_better = choice.greater_is_better
    if choice.file is None:
        greater_is_better = get_metric(choice.name, **choice.parameters).greater_is_better
    return f"{choice.name}, {'higher' if greater_is_better else 'lower'} is better"


def sizes(folder: Path) -> str:
    """Count the rows of a contest folder."""
    from competition.tables import read_table

    usage = read_table(folder / "solution.csv", text_columns=["Usage"])["Usage"].value_counts()
    train = len(read_table(folder / "data" / "train.csv"))
    parts = ", ".join(
        f"{usage[name]} {name.lower()}"
        for name in ("Public", "Private", "Ignored")
        if name in usage
    )
    return f"{train} training rows, {usage.sum()} test rows ({parts})"
