"""Runs and files become entries of a contest, and the ledger and the runs hear of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from competition.tables import digest_file
from experiments.errors import ExperimentError, MissingData
from experiments.ledger.book import (
    LedgerEntry,
    Provenance,
    Sighting,
    find_provenance,
    note_exported,
    note_sent,
    note_sighting,
    read_ledger,
)
from experiments.ledger.linking import link_run
from experiments.ledger.predictions import (
    PREDICTIONS_FILE,
    RunPredictions,
    learned_from_own_tables,
    run_predictions,
)
from experiments.ledger.sightings import sight
from submissions import (
    Entry,
    SentEntry,
    Server,
    export_predictions,
    read_as_text,
    send_submission,
    wait_for_score,
    write_submission,
)
from submissions.downloaded import DownloadedTables, describe_download
from submissions.errors import EntryFailed
from submissions.samples import form_of_download
from submissions.sending import Status

__all__ = [
    "ExportedRun",
    "export_run",
    "find_contest",
    "follow_entry",
    "submit_file",
    "submit_run",
]


@dataclass(frozen=True)
class ExportedRun:
    """A run's predictions, written as a submission file.

    Attributes
    ----------
    predicted : RunPredictions
        The run, its contest and its cross-validated score.
    sha256 : str
        Digest of the file.
    """

    predicted: RunPredictions
    sha256: str


def find_contest(home: Path, slug: str) -> DownloadedTables:
    """Return the files of a contest: a download, else a contest made in this home.

    Raises
    ------
    MissingData
        When the home has neither.
    """
    for folder in (home / "data" / slug, home / "contests" / slug / "data"):
        if folder.is_dir():
            return describe_download(folder)
    raise MissingData(
        f"the data of {slug!r} are not in {home}; get them with: ripe download {slug}"
    )


def export_run(
    home: Path, run: str, destination: Path, *, tracking: str | None = None
) -> ExportedRun:
    """Write the predictions of a run as a submission file of its contest.

    Parameters
    ----------
    home : Path
        Holds the runs and the contest's data.
    run : str
        An MLflow run id or the first letters of one; a study's run stands for its chosen model.
    destination : Path
        Ends in ``.csv``, ``.csv.gz`` or ``.zip``.
    tracking : str, optional
        Address of the MLflow store that holds the run, where it is not the home's own.

    Raises
    ------
    ExportRefused
        With every problem, when the file would break a rule of the contest.
    MissingData
        When the contest's data are not in this home, or the run has no contest.
    UnknownRun
        When no single run is meant, or it made no predictions.
    """
    predicted = run_predictions(home, run, tracking)
    tables = _contest_of(home, predicted, tracking)
    form = form_of_download(tables)
    frame = export_predictions(predicted.frame, read_as_text(str(tables.sample)), tables.contest)
    digest = write_submission(frame, destination, form)
    note_exported(home, digest, predicted.slug, _provenance(predicted, tracking))
    return ExportedRun(predicted, digest)


def _contest_of(home: Path, predicted: RunPredictions, tracking: str | None) -> DownloadedTables:
    try:
        return find_contest(home, predicted.slug)
    except MissingData:
        if not learned_from_own_tables(home, predicted.run_id, tracking):
            raise
    raise MissingData(
        f"run {predicted.run_id} learned from tables of its own (section [data]), so no contest "
        f"says what a submission looks like; what it predicts is its artifact {PREDICTIONS_FILE}"
    )


def submit_file(
    home: Path, file: Path, slug: str, message: str, server: Server, **options: Any
) -> SentEntry:
    """Send a file and write the entry into the ledger.

    A file that a run was exported to is linked with that run, as `submit_run` does. The options
    and errors are those of `submissions.send_submission`.
    """
    made_of = find_provenance(home, digest_file(file), slug) if file.is_file() else Provenance()
    text = message if made_of.run_id is None else f"{message} [run {made_of.run_id}]".strip()
    sent = send_submission(file, slug, text, server, **options)
    entry = _ledger_entry(sent, slug, text, server, made_of)
    note_sent(home, entry)
    link_run(home, entry)
    return sent


def submit_run(
    home: Path,
    run: str,
    slug: str,
    message: str,
    server: Server,
    *,
    tracking: str | None = None,
    **options: Any,
) -> SentEntry:
    """Export a run, send it, and link the entry and the run in both directions.

    The entry's description ends in the run's id; the run gets the entry's number and the
    board's address as tags. Parameters and errors are those of `export_run` and
    `submissions.send_submission`.
    """
    with tempfile.TemporaryDirectory(prefix="ripe-") as folder:
        file = Path(folder) / "submission.csv"
        predicted = export_run(home, run, file, tracking=tracking).predicted
        if predicted.slug != slug:
            raise ExperimentError(
                f"run {predicted.run_id} is of the contest {predicted.slug!r}, not of {slug!r}"
            )
        return submit_file(home, file, slug, message, server, **options)


def follow_entry(
    home: Path,
    ref: int,
    slug: str,
    server: Server,
    *,
    timeout_seconds: float = 600.0,
    on_status: Callable[[Status], None] | None = None,
) -> Entry:
    """Wait for an entry's score, and write score and rank into the ledger and the run.

    Parameters and errors are those of `submissions.wait_for_score`.
    """
    known = [one for one in read_ledger(home, slug, server=server.url) if one.ref == ref]
    try:
        entry = wait_for_score(
            ref, slug, server, timeout_seconds=timeout_seconds, on_status=on_status
        )
    except EntryFailed as error:
        _note(home, known, Sighting("error", message=error.reason))
        raise
    if known:
        _note(home, known, sight(entry, slug, server))
    return entry


def _note(home: Path, known: list[LedgerEntry], seen: Sighting) -> None:
    for one in known:
        link_run(home, note_sighting(home, one, seen, datetime.now(UTC)))


def _provenance(predicted: RunPredictions, tracking: str | None) -> Provenance:
    return Provenance(
        run_id=predicted.run_id,
        metric=predicted.metric,
        cv_score=predicted.cv_score,
        cv_low=predicted.cv_low,
        cv_high=predicted.cv_high,
        tracking=tracking,
    )


def _ledger_entry(
    sent: SentEntry, slug: str, message: str, server: Server, made_of: Provenance
) -> LedgerEntry:
    return LedgerEntry(
        server=server.url,
        slug=slug,
        ref=sent.ref,
        sent_at=sent.entry.submitted_at or datetime.now(UTC),
        file_name=sent.entry.file_name,
        message=message,
        sha256=sent.sha256,
        board=sent.board_url,
        **vars(made_of),
    )
