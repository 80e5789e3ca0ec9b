"""Score an archived contest again, without its host, and hold the boards against each other."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from competition.archives import InvalidArchive
from competition.archiving.archive import (
    CONTEST_FOLDER,
    UPLOADS_FOLDER,
    Archive,
    ArchivedEntry,
    ArchivedLine,
    opened_archive,
)
from competition.board import (
    BoardEntry,
    Rung,
    Standing,
    climb,
    private_standings,
    public_standings,
)
from competition.definition import CONTEST_FILE, Contest, load_contest
from competition.metrics import get_metric
from competition.scoring import ScoringOutcome, score_in_child
from competition.scoring.arrays import usage_masks
from competition.tables import read_table

SOLUTION = "solution.csv"
SCORED = "scored"
CHAIN_START = "0" * 64


@dataclass(frozen=True)
class EntryReplay:
    """An entry's scores as they were archived and as they came out again."""

    entry: ArchivedEntry
    status: str
    public: float | None
    private: float | None
    shown: float | None
    message: str = ""

    @property
    def is_same(self) -> bool:
        """Whether status and scores are what they were, to the last bit."""
        before = self.entry
        return (before.status, before.true_public_score, before.private_score) == (
            self.status,
            self.public,
            self.private,
        ) and before.public_score == self.shown


@dataclass(frozen=True)
class Replay:
    """What scoring an archive again gave.

    ``audit_problems`` has one sentence for each break of the audit log.
    """

    archive: Archive
    entries: tuple[EntryReplay, ...]
    public_board: tuple[ArchivedLine, ...]
    private_board: tuple[ArchivedLine, ...]
    audit_problems: tuple[str, ...]

    @property
    def changed(self) -> tuple[EntryReplay, ...]:
        """Entries that came out differently."""
        return tuple(entry for entry in self.entries if not entry.is_same)

    @property
    def same_boards(self) -> bool:
        """Whether both boards are line by line what they were."""
        return (self.public_board, self.private_board) == (
            self.archive.public_board,
            self.archive.private_board,
        )

    @property
    def is_confirmed(self) -> bool:
        """Whether the archive proves its boards."""
        return self.same_boards and not self.changed and not self.audit_problems


def replay_archive(
    path: str | Path,
    *,
    solution: Path | None = None,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Replay:
    """Score every scored entry of an archive again and make its boards anew.

    Parameters
    ----------
    path
        The archive.
    solution
        The truth, where the archive was written without it.
    workers
        Entries scored side by side.
    progress
        Told how many of how many entries are done.

    Raises
    ------
    InvalidArchive
        The file is no archive, was changed, or lacks the solution.
    """
    with opened_archive(path) as (archive, folder):
        contest_folder = folder / CONTEST_FOLDER
        _place_solution(contest_folder, solution, path)
        contest = load_contest(contest_folder)
        outcomes = _score_all(archive, folder, workers, progress)
        entries = tuple(_replayed(archive, contest, contest_folder, outcomes))
    return Replay(
        archive=archive,
        entries=entries,
        public_board=tuple(_public_board(archive, entries)),
        private_board=tuple(_private_board(archive, contest, entries)),
        audit_problems=tuple(_audit_problems(archive)),
    )


def _place_solution(folder: Path, solution: Path | None, source: str | Path) -> None:
    if solution is not None:
        shutil.copyfile(solution, folder / SOLUTION)
    elif not (folder / SOLUTION).is_file():
        raise InvalidArchive(f"{source} was written without its solution; give it with --solution")


def _score_all(
    archive: Archive, folder: Path, workers: int, progress: Callable[[int, int], None] | None
) -> dict[int, ScoringOutcome]:
    """Score each entry that was scored or rejected, each file in a child of its own."""
    asked = [entry for entry in archive.entries if entry.status in (SCORED, "rejected")]
    contest = folder / CONTEST_FOLDER
    outcomes: dict[int, ScoringOutcome] = {}

    def score(entry: ArchivedEntry) -> ScoringOutcome:
        upload = folder / UPLOADS_FOLDER / entry.upload
        return score_in_child(contest / CONTEST_FILE, contest / SOLUTION, upload)

    with ThreadPoolExecutor(workers) as threads:
        for entry, outcome in zip(asked, threads.map(score, asked), strict=True):
            outcomes[entry.ref] = outcome
            if progress is not None:
                progress(len(outcomes), len(asked))
    return outcomes


def _replayed(
    archive: Archive, contest: Contest, folder: Path, outcomes: Mapping[int, ScoringOutcome]
) -> Iterator[EntryReplay]:
    shown = _ladder_scores(archive, folder, contest, outcomes) if contest.ladder else {}
    for entry in archive.entries:
        if entry.ref not in outcomes:
            continue
        outcome = outcomes[entry.ref]
        public = outcome.scores.public if outcome.scores else None
        private = outcome.scores.private if outcome.scores else None
        yield EntryReplay(
            entry,
            outcome.status,
            public,
            private,
            shown.get(entry.ref, public),
            outcome.message,
        )


def _ladder_scores(
    archive: Archive, folder: Path, contest: Contest, outcomes: Mapping[int, ScoringOutcome]
) -> dict[int, float]:
    """Climb the Ladder of each team again, in the order in which its entries were scored."""
    public = np.asarray(usage_masks(read_table(folder / SOLUTION))["public"], dtype=np.bool_)
    metric = get_metric(contest.metric.name, **contest.metric.parameters)
    rungs: dict[int, Rung] = {}
    shown: dict[int, float] = {}
    for entry in sorted(archive.entries, key=_scoring_order):
        losses = _public_losses(outcomes.get(entry.ref), public)
        if losses is None or entry.sandbox or entry.baseline:
            continue
        rungs[entry.team] = climb(rungs.get(entry.team), losses)
        shown[entry.ref] = float(metric.of_mean_loss(rungs[entry.team].released))
    return shown


def _scoring_order(entry: ArchivedEntry) -> tuple[datetime, datetime, int]:
    return entry.scored_at or entry.submitted_at, entry.submitted_at, entry.ref


def _public_losses(
    outcome: ScoringOutcome | None, public: NDArray[np.bool_]
) -> NDArray[np.float64] | None:
    if outcome is None or outcome.row_losses is None:
        return None
    return outcome.row_losses[public]


def _board_entries(archive: Archive, entries: Sequence[EntryReplay]) -> list[BoardEntry]:
    kinds = {team.id: team.kind for team in archive.teams}
    return [
        BoardEntry(
            ref=replayed.entry.ref,
            team=replayed.entry.team,
            submitted_at=replayed.entry.submitted_at,
            public=replayed.shown,
            private=replayed.private,
            selected=replayed.entry.selected,
            late=replayed.entry.late,
            is_baseline=kinds.get(replayed.entry.team) != "participant",
        )
        for replayed in entries
        if replayed.status == SCORED and not replayed.entry.sandbox
    ]


def _public_board(archive: Archive, entries: Sequence[EntryReplay]) -> Iterator[ArchivedLine]:
    counted = _board_entries(archive, entries)
    greater = archive.greater_is_better
    return map(_line, public_standings(counted, greater_is_better=greater))


def _private_board(
    archive: Archive, contest: Contest, entries: Sequence[EntryReplay]
) -> Iterator[ArchivedLine]:
    board = private_standings(
        _board_entries(archive, entries),
        num_scored_submissions=contest.num_scored_submissions,
        greater_is_better=archive.greater_is_better,
    )
    return map(_line, board)


def _line(standing: Standing) -> ArchivedLine:
    return ArchivedLine(
        rank=standing.rank,
        team=int(standing.team),
        score=standing.score,
        entries=standing.entries,
        last_entry=standing.last_entry,
        entry_ref=standing.entry_ref,
    )


def _audit_problems(archive: Archive) -> Iterator[str]:
    """Follow the chain of the audit log to its end."""
    number, digest = 0, CHAIN_START
    for record in archive.audit:
        if (record.number, record.previous) != (number + 1, digest):
            yield f"audit record {record.number} does not continue record {number}"
        if not record.is_sealed:
            yield f"audit record {record.number} was changed after it was written"
        number, digest = record.number, record.digest
    if (number, digest) != archive.audit_head:
        yield f"the audit log ends with record {number} instead of {archive.audit_head[0]}"
