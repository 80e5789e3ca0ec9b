"""Score a submission file without a host: by a contest, or by a solution and a metric."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from competition.checks import metric_of
from competition.definition import Contest, Label, MetricChoice, dump_contest
from competition.errors import InvalidSubmission, MetricFailed, ParticipantVisibleError
from competition.metrics import Metric, get_metric
from competition.metrics.metric import NEEDS_LABELS
from competition.scoring.files import read_pair
from competition.scoring.frames import score_pair
from competition.scoring.outcome import ScoringOutcome
from competition.scoring.pool import score_in_child
from competition.scoring.scores import Scores
from competition.tables import natural_types, read_table

LOOSE_SIZE_LIMIT_MB = 4000


@dataclass(frozen=True)
class LooseTruth:
    """A solution outside any contest, and the contest that its columns stand for.

    Parameters
    ----------
    contest : Contest
        The first column is the id, the others but ``Usage`` are targets.
    path : Path
        The solution.
    """

    contest: Contest
    path: Path


def score_file(
    contest: Contest,
    solution: str | Path,
    submission: str | Path,
    metric_file: Path | None = None,
) -> Scores:
    """Score a submission file; a host's own metric runs in a child process.

    Raises
    ------
    InvalidSubmission
        With every problem of the submission.
    ParticipantVisibleError
        The metric refuses the predictions.
    MetricFailed, UnreadableTable
        The solution does not allow the metric, or the host's own metric failed.
    """
    metric = metric_of(contest)
    if metric is not None:
        return score_pair(contest, metric, read_pair(contest, solution, submission))
    with tempfile.TemporaryDirectory() as folder:
        definition = Path(folder) / "contest.toml"
        dump_contest(contest, definition)
        outcome = score_in_child(
            definition, Path(solution), Path(submission), metric_file=metric_file
        )
    return scores_or_error(outcome)


def scores_or_error(outcome: ScoringOutcome) -> Scores:
    """Return the scores of an outcome, or raise what stood in their way."""
    if outcome.problems:
        raise InvalidSubmission(outcome.problems)
    if outcome.status == "rejected":
        raise ParticipantVisibleError(outcome.message)
    if outcome.scores is None:
        raise MetricFailed(outcome.message)
    return outcome.scores


def loose_truth(
    solution: str | Path, metric_name: str, labels: Sequence[str] | None = None
) -> LooseTruth:
    """Make a contest of a solution and a metric, to score without one.

    Parameters
    ----------
    solution : path
        The first column is the id, the others but ``Usage`` are targets.
    metric_name : str
        Any name of the metric.
    labels : sequence of str, optional
        The labels in order; by default numbers by size and text by letters.

    Raises
    ------
    UnknownMetric
        No metric has this name.
    MetricFailed
        The solution has no target, or its labels have no order and the metric needs one.
    """
    metric = get_metric(metric_name)
    frame = read_table(solution)
    id_column, *targets = (str(name) for name in frame.columns if name != "Usage")
    if not targets:
        raise MetricFailed(f"{solution} must have an id column and at least one target")
    contest = Contest(
        slug="solution",
        title="Solution",
        metric=MetricChoice(metric.name, metric.parameters),
        targets=tuple(targets),
        id_column=id_column,
        labels=_labels(Path(solution), targets, metric, labels),
        submission_size_limit_mb=LOOSE_SIZE_LIMIT_MB,
    )
    return LooseTruth(contest, Path(solution))


def _labels(
    solution: Path, targets: Sequence[str], metric: Metric, ordered: Sequence[str] | None
) -> tuple[Label, ...]:
    if metric.predicts not in NEEDS_LABELS:
        return ()
    frame = read_table(solution, text_columns=targets)
    written = pd.concat([frame[name] for name in targets], ignore_index=True)
    if ordered is not None:
        return tuple(natural_types(pd.Series(list(ordered), dtype="str")).tolist())
    found = natural_types(pd.Series(pd.unique(written), dtype="str"))
    if metric.uses_label_distance and found.dtype.kind not in "iu":
        raise MetricFailed(
            f"{metric.name} needs labels in order, and the solution's are text: "
            "name them with --labels, lowest first"
        )
    return tuple(sorted(found.tolist()))
