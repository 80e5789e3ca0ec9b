"""A host's own ``metric.py``, by Kaggle's contract.

The file defines ``score(solution, submission, row_id_column_name, **parameters) -> float``. Both
tables are aligned by id and hold no ``Usage``; the solution has all its other columns, such as
weights or groups, and not only the targets. An exception whose class is named
``ParticipantVisibleError`` is shown to the participant, any other only to the host.
"""

from __future__ import annotations

import math
import numbers
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from competition.definition import Contest
from competition.errors import MetricFailed, ParticipantVisibleError
from competition.scoring.arrays import usage_masks
from competition.scoring.frames import AlignedPair
from competition.scoring.scores import Scores, SplitScores

OwnScore = Callable[..., Any]


def load_own_metric(source: str, name: str = "metric.py") -> OwnScore:
    """Run the source of a metric file and return its function ``score``.

    Raises
    ------
    MetricFailed
        The file cannot be run or defines no such function.
    """
    module = ModuleType("metric")
    try:
        exec(compile(source, name, "exec"), module.__dict__)  # noqa: S102
    except Exception as error:  # noqa: BLE001 (whatever a metric file raises)
        raise MetricFailed(explained(error, name)) from None
    function = getattr(module, "score", None)
    if not callable(function):
        raise MetricFailed(f"{name} must define score(solution, submission, row_id_column_name)")
    return function  # type: ignore[no-any-return]


def explained(error: BaseException, name: str) -> str:
    """Say what went wrong in a metric file and on which of its lines."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == name
    ]
    where = f"{name}, line {lines[-1]}" if lines else name
    return f"{where}: {type(error).__name__}: {error}"


def score_by_own_metric(
    contest: Contest, own_score: OwnScore, pair: AlignedPair, name: str = "metric.py"
) -> Scores:
    """Score each part of an aligned pair by the host's function.

    Raises
    ------
    ParticipantVisibleError
        The function raised an exception of that name.
    MetricFailed
        It raised another one, or returned no finite number.
    """
    scores = {
        part: _called(contest, own_score, _part(pair, mask), name)
        for part, mask in usage_masks(pair.solution).items()
    }
    return Scores(**vars(SplitScores(**scores)))


def _part(pair: AlignedPair, mask: NDArray[np.bool_]) -> AlignedPair:
    solution = pair.solution.drop(columns="Usage", errors="ignore")
    return AlignedPair(
        solution.loc[mask].reset_index(drop=True),
        pair.submission.loc[mask].reset_index(drop=True),
    )


def _called(contest: Contest, own_score: OwnScore, pair: AlignedPair, name: str) -> float:
    try:
        value = own_score(
            pair.solution, pair.submission, contest.id_column, **contest.metric.parameters
        )
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 (whatever a metric file raises)
        if any(kind.__name__ == "ParticipantVisibleError" for kind in type(error).__mro__):
            raise ParticipantVisibleError(str(error)) from None
        raise MetricFailed(explained(error, name)) from None
    return _finite(value, name)


def _finite(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (numbers.Real, np.number)):
        kind = type(value).__name__
        raise MetricFailed(f"{name}: score must return one finite number, got a {kind}")
    if not math.isfinite(value):
        raise MetricFailed(f"{name}: score must return one finite number, got {value}")
    return float(value)


def read_source(path: Path) -> str:
    """Read a metric file.

    Raises
    ------
    MetricFailed
        There is no such file, or it is no text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise MetricFailed(
            f"the metric file {path.name} cannot be read: {error.strerror}"
        ) from None
    except UnicodeDecodeError as error:
        raise MetricFailed(f"the metric file {path.name} is no UTF-8 text: {error}") from None
