"""The work of one scoring child: read, check, align, score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from competition.definition import Contest, load_contest
from competition.errors import (
    CompetitionError,
    InvalidSubmission,
    ParticipantVisibleError,
)
from competition.metrics import get_metric
from competition.scoring.files import read_pair
from competition.scoring.frames import AlignedPair, score_beside, score_with_losses
from competition.scoring.outcome import SHOWN_CHARACTERS, ScoringJob, ScoringOutcome, failed
from competition.scoring.own_metric import load_own_metric, read_source, score_by_own_metric
from competition.scoring.resampled import public_replicates

MEMORY_MESSAGE = "the metric needed more memory than it may have"


@dataclass(frozen=True)
class _Loaded:
    """Everything read from files, so that the rest needs none."""

    contest: Contest
    pair: AlignedPair
    own_source: str | None


def perform(job: ScoringJob, before_metric: Callable[[], object]) -> ScoringOutcome:
    """Score one entry.

    Parameters
    ----------
    job : ScoringJob
        The files.
    before_metric : callable
        Called when all files are read and before any code of the host's own runs.
    """
    try:
        loaded = _load(job)
        if loaded.own_source is not None:
            before_metric()
        return _score(loaded, job.resampling)
    except InvalidSubmission as error:
        return ScoringOutcome("rejected", message=str(error), problems=error.problems)
    except ParticipantVisibleError as error:
        return ScoringOutcome("rejected", message=str(error)[:SHOWN_CHARACTERS])
    except MemoryError:
        return failed(MEMORY_MESSAGE)
    except CompetitionError as error:
        return failed(str(error))
    except Exception as error:  # noqa: BLE001 (whatever it is, the host reads it)
        return failed(f"{type(error).__name__}: {error}")


def _load(job: ScoringJob) -> _Loaded:
    contest = load_contest(job.contest, is_stored=True)
    pair = read_pair(contest, job.solution, job.submission)
    return _Loaded(contest, pair, _own_source(contest, job))


def _own_source(contest: Contest, job: ScoringJob) -> str | None:
    if contest.metric.file is None:
        return None
    folder = job.contest if job.contest.is_dir() else job.contest.parent
    return read_source(job.metric or folder / contest.metric.file)


def _score(loaded: _Loaded, resampling: str) -> ScoringOutcome:
    contest, pair = loaded.contest, loaded.pair
    if loaded.own_source is not None:
        beside = score_beside(contest, pair)
        own = load_own_metric(loaded.own_source)
        scores = replace(score_by_own_metric(contest, own, pair), beside=beside)
        return ScoringOutcome("scored", scores)
    metric = get_metric(contest.metric.name, **contest.metric.parameters)
    scores, losses = score_with_losses(contest, metric, pair)
    replicates = None
    if resampling and losses is None:
        replicates = public_replicates(contest, metric, pair, resampling)
    return ScoringOutcome("scored", scores, row_losses=losses, replicates=replicates)
