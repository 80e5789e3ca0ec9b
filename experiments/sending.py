"""Runs and files become entries of a contest."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from competition.definition import PUBLIC_CONTEST_FILE, load_contest
from experiments.errors import MissingData
from submissions import (
    Entry,
    SentEntry,
    Server,
    export_submission,
    send_submission,
    wait_for_score,
)

__all__ = ["ExportedRun", "export_run", "follow_entry", "submit_file", "submit_run"]

SAMPLE_FILE = "sample_submission.csv"


@dataclass(frozen=True)
class ExportedRun:
    """A run's predictions, written as a submission file.

    Attributes
    ----------
    run_id : str
        The MLflow run.
    slug : str
        Its contest.
    rows : int
        How many predictions there are.
    sha256 : str
        Digest of the file.
    """

    run_id: str
    slug: str
    rows: int
    sha256: str


def export_run(home: Path, run: str, destination: Path) -> ExportedRun:
    """Write the predictions of a run as a submission file of its contest.

    Parameters
    ----------
    home : Path
        Holds the runs and the contest's data.
    run : str
        An MLflow run id or the first letters of one; a study's run stands for its chosen model.
    destination : Path
        Ends in ``.csv``, ``.csv.gz`` or ``.zip``.

    Raises
    ------
    ExportRefused
        With every problem, when the file would break a rule of the contest.
    MissingData
        When the contest's data are not in this home.
    """
    from experiments.predictions import run_predictions

    predicted = run_predictions(home, run)
    folder = home / "data" / predicted.slug
    if not (folder / SAMPLE_FILE).is_file():
        raise MissingData(
            f"the data of {predicted.slug} are not in {folder}; "
            f"run 'ripe download {predicted.slug}'"
        )
    contest = load_contest(folder / PUBLIC_CONTEST_FILE)
    digest = export_submission(predicted.frame, folder / SAMPLE_FILE, contest, destination)
    return ExportedRun(predicted.run_id, predicted.slug, len(predicted.frame), digest)


def submit_file(
    home: Path, file: Path, slug: str, message: str, server: Server, **options: Any
) -> SentEntry:
    """Send a file; the options are those of `submissions.send_submission`."""
    return send_submission(file, slug, message, server, **options)


def submit_run(
    home: Path, run: str, slug: str, message: str, server: Server, **options: Any
) -> SentEntry:
    """Export a run and send it; the entry's description carries the run's id."""
    with tempfile.TemporaryDirectory(prefix="ripe-") as folder:
        file = Path(folder) / "submission.csv"
        exported = export_run(home, run, file)
        text = f"{message} [run {exported.run_id}]".strip()
        return send_submission(file, slug, text, server, **options)


def follow_entry(
    home: Path, ref: int, slug: str, server: Server, *, timeout_seconds: float = 600.0
) -> Entry:
    """Wait for an entry's score."""
    return wait_for_score(ref, slug, server, timeout_seconds=timeout_seconds)
