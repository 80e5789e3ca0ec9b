"""What became of an entry that was sent to be scored."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

from competition.checks import Problem
from competition.scoring.scores import Scores, scores_from_plain, scores_to_plain

Status = Literal["scored", "rejected", "failed"]
SHOWN_CHARACTERS = 2000
END = b"\n."
"""What stands behind an outcome that was written whole."""


@dataclass(frozen=True)
class ScoringJob:
    """The files that a score is made of.

    Parameters
    ----------
    contest : Path
        ``contest.toml``.
    solution : Path
        Id, targets and ``Usage``.
    submission : Path
        The entry.
    metric : Path, optional
        The host's own ``metric.py``; by default the file that the contest names, beside
        ``contest.toml``.
    resampling : str
        The name of the resampled test sets on which the entry is scored too, where the metric has
        no row losses; without it on none.
    """

    contest: Path
    solution: Path
    submission: Path
    metric: Path | None = None
    resampling: str = ""


@dataclass(frozen=True, eq=False)
class ScoringOutcome:
    """A score, or why there is none.

    Parameters
    ----------
    status : str
        ``scored``; ``rejected``, when the entry is at fault and its participant may read the
        message; ``failed``, when only the host may.
    scores : Scores, optional
        Only where scored.
    message : str
        Empty where scored.
    problems : tuple of Problem
        Every problem of a rejected entry's file.
    row_losses : ndarray of shape (n_solution_rows,), optional
        Loss of each row in the solution's order, NaN where ignored; None where the metric has
        none.
    output : str
        What the metric printed, its last part; for the host alone.
    replicates : ndarray of shape (n_replicates,), optional
        Its public score on each resampled test set, where the job asks for them.
    lost : bool
        The process that scored it was ended from outside; another attempt may score it. Only
        where failed.
    """

    status: Status
    scores: Scores | None = None
    message: str = ""
    problems: tuple[Problem, ...] = ()
    row_losses: NDArray[np.float64] | None = None
    output: str = ""
    replicates: NDArray[np.float64] | None = None
    lost: bool = False


def failed(message: str, output: str = "", *, lost: bool = False) -> ScoringOutcome:
    """Return an outcome that only the host may read."""
    return ScoringOutcome("failed", message=message[:SHOWN_CHARACTERS], output=output, lost=lost)


def write_outcome(outcome: ScoringOutcome, file: IO[bytes]) -> None:
    """Write an outcome: one line of JSON, then its arrays as little-endian doubles."""
    arrays = (outcome.row_losses, outcome.replicates)
    plain = {
        "status": outcome.status,
        "scores": scores_to_plain(outcome.scores) if outcome.scores else None,
        "message": outcome.message,
        "problems": [vars(problem) for problem in outcome.problems],
        "lengths": [None if array is None else len(array) for array in arrays],
    }
    file.write(json.dumps(plain).encode() + b"\n")
    for array in arrays:
        if array is not None:
            file.write(np.ascontiguousarray(array, dtype="<f8").data)


def read_outcome(file: IO[bytes], output: str = "") -> ScoringOutcome:
    """Read what `write_outcome` and the end mark wrote.

    Raises
    ------
    ValueError
        The content is cut off or something else.
    """
    plain: Mapping[str, Any] = json.loads(file.readline())
    lengths = [length or 0 for length in plain["lengths"]]
    start = file.tell()
    size = file.seek(0, os.SEEK_END) - start
    if size != 8 * sum(lengths) + len(END) or min(lengths) < 0:
        raise ValueError("the result is cut off")
    file.seek(start)
    values = np.frombuffer(bytearray(file.read(8 * sum(lengths))), dtype="<f8")
    if file.read() != END:
        raise ValueError("the result is cut off")
    losses, replicates = np.split(values, lengths[:1])
    has_losses, has_replicates = (length is not None for length in plain["lengths"])
    return ScoringOutcome(
        plain["status"],
        scores_from_plain(plain["scores"]) if plain["scores"] else None,
        plain["message"],
        tuple(Problem(**problem) for problem in plain["problems"]),
        losses if has_losses else None,
        output,
        replicates if has_replicates else None,
    )
