"""The pages a contest starts with, written from its definition; the host edits them."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from competition.definition import Contest
from competition.metrics import get_metric

SAMPLE_ROWS = 3


def starting_pages(contest: Contest, files: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Write the pages ``overview``, ``evaluation`` and ``data``.

    Parameters
    ----------
    contest
        The contest.
    files
        The data files by name, ``train.csv``, ``test.csv`` and ``sample_submission.csv``.
    """
    return {
        "overview": _overview(contest),
        "evaluation": _evaluation(contest, files["sample_submission.csv"]),
        "data": _data(contest, files),
    }


def _overview(contest: Contest) -> str:
    goal = (
        contest.description or f"Predict {_listed(contest.targets)} for the rows of the test file."
    )
    return f"# {contest.title}\n\n{goal}\n"


def _evaluation(contest: Contest, sample: pd.DataFrame) -> str:
    example = sample.head(SAMPLE_ROWS).to_csv(index=False, lineterminator="\n")
    return (
        f"# Evaluation\n\n{_metric_sentence(contest)}\n\n"
        f"A submission is a CSV file with a header and one row for each `{contest.id_column}` of "
        f"the test file:\n\n```\n{example}...\n```\n"
    )


def _metric_sentence(contest: Contest) -> str:
    if contest.metric.file is None:
        metric = get_metric(contest.metric.name, **contest.metric.parameters)
        title, greater_is_better = metric.title, metric.greater_is_better
    else:
        title, greater_is_better = contest.metric.name, bool(contest.metric.greater_is_better)
    better = "higher" if greater_is_better else "lower"
    return f"Entries are scored by **{title}**; {better} is better."


def _data(contest: Contest, files: Mapping[str, pd.DataFrame]) -> str:
    lines = [f"- `{name}`: {_size(frame)}" for name, frame in files.items()]
    columns = [f"- `{column}`{_role(contest, column)}" for column in map(str, files["train.csv"])]
    return (
        "# Data\n\n## Files\n\n" + "\n".join(lines) + "\n\n## Columns of train.csv\n\n"
        "" + "\n".join(columns) + "\n"
    )


def _size(frame: pd.DataFrame) -> str:
    return f"{len(frame):,} rows, {len(frame.columns)} columns"


def _role(contest: Contest, column: str) -> str:
    if column in contest.targets:
        return f": {_target_role(contest)}"
    roles = {
        contest.id_column: ": identifies the row",
        contest.group_column: ": rows of one group belong together",
        contest.time_column: ": orders the rows in time",
    }
    return roles.get(column, "")


def _target_role(contest: Contest) -> str:
    if not contest.labels:
        return "to be predicted"
    return f"to be predicted, one of {_listed(tuple(map(str, contest.labels)))}"


def _listed(names: tuple[str, ...]) -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + " and " + quoted[-1]
