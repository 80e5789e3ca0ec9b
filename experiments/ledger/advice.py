"""Which entries to select for the final board, with the numbers behind the advice.

Two figures stand for every entry: its cross-validated score and its public score. Each is the
truth plus chance. The chance of the first is told by its 95 % interval over the training rows;
the chance of the second follows from it, for the standard error of a mean goes with one over the
square root of the number of rows (any statistics text; Cochran, Sampling Techniques, 1977,
sections 2.4 and 2.9): ``se_public = se_cv * sqrt(rows_cv / rows_public)``. The private score is a
mean over other rows, so the two differ by ``se_public * sqrt(1 + rows_public / rows_private)``
(standard deviation); the expected absolute value of a normal difference is that times
``sqrt(2 / pi)``.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from experiments.ledger.book import Key, LedgerEntry
from submissions import figures

__all__ = ["Advice", "ContestRows", "advise", "correlation"]

Z_95 = 1.959964
MIN_PAIRS = 3


@dataclass(frozen=True)
class ContestRows:
    """How many rows the two figures rest on.

    Attributes
    ----------
    train, test : int
        Rows of the training table and of the test table.
    public_fraction : float
        Share of the test rows that the public board scores.
    is_assumed : bool
        True when nobody said what that share is.
    """

    train: int
    test: int
    public_fraction: float = 0.3
    is_assumed: bool = True

    @property
    def public(self) -> int:
        """Rows behind a public score."""
        return max(1, round(self.test * self.public_fraction))

    @property
    def private(self) -> int:
        """Rows behind a private score."""
        return max(1, self.test - self.public)


@dataclass(frozen=True)
class Advice:
    """What to select.

    Attributes
    ----------
    by_cv, by_board : LedgerEntry or None
        The best entry by cross-validation, and by public score.
    se_cv, se_public : float or None
        Standard errors of the two scores.
    shake_up : float or None
        How far the private score is expected to lie from the public one, in units of the metric.
    correlation : float or None
        Of cross-validated with public scores (Spearman's), over entries that have both.
    pairs : int
        How many entries have both.
    text : str
        Two sentences.
    """

    by_cv: LedgerEntry | None
    by_board: LedgerEntry | None
    se_cv: float | None
    se_public: float | None
    shake_up: float | None
    correlation: float | None
    pairs: int
    text: str


def advise(
    entries: Sequence[LedgerEntry], *, greater_is_better: bool, rows: ContestRows | None = None
) -> Advice:
    """Say which two entries to select, and how much the public board can be trusted.

    Parameters
    ----------
    entries : sequence of LedgerEntry
        Of one contest on one server.
    greater_is_better : bool
        Direction of its metric.
    rows : ContestRows, optional
        Without them the public score's standard error is unknown.
    """
    best = max if greater_is_better else min
    with_cv = [entry for entry in entries if entry.cv_score is not None]
    on_board = [entry for entry in entries if entry.last.public_score is not None]
    by_cv = best(with_cv, key=_cv, default=None)
    by_board = best(on_board, key=_public, default=None)
    se_cv = _standard_error(with_cv)
    se_public = se_cv * math.sqrt(rows.train / rows.public) if se_cv and rows else None
    shake_up = _expected_difference(se_public, rows)
    both = [entry for entry in with_cv if entry.last.public_score is not None]
    shown = figures([entry.last.public_score for entry in on_board])
    public = {entry.key: score or "" for entry, score in zip(on_board, shown, strict=True)}
    text = f"{_choice(by_cv, by_board, public)} {_trust(se_cv, se_public, shake_up, rows)}"
    return Advice(by_cv, by_board, se_cv, se_public, shake_up, correlation(both), len(both), text)


def correlation(entries: Sequence[LedgerEntry]) -> float | None:
    """Spearman's rank correlation of cross-validated and public scores.

    None with fewer than three entries, or where either score never changes.
    """
    if len(entries) < MIN_PAIRS:
        return None
    scores = pd.DataFrame([(_cv(entry), _public(entry)) for entry in entries]).rank()
    if (scores.nunique() == 1).any():
        return None
    return float(scores[0].corr(scores[1]))


def _cv(entry: LedgerEntry) -> float:
    return float(entry.cv_score or 0.0)


def _public(entry: LedgerEntry) -> float:
    return float(entry.last.public_score or 0.0)


def _standard_error(entries: Sequence[LedgerEntry]) -> float | None:
    """Return the median over entries that have an interval: a blend's score has none."""
    widths = [
        abs(entry.cv_high - entry.cv_low)
        for entry in entries
        if entry.cv_low is not None and entry.cv_high is not None
    ]
    return statistics.median(widths) / (2 * Z_95) if widths else None


def _expected_difference(se_public: float | None, rows: ContestRows | None) -> float | None:
    if se_public is None or rows is None:
        return None
    return se_public * math.sqrt(1 + rows.public / rows.private) * math.sqrt(2 / math.pi)


def _choice(
    by_cv: LedgerEntry | None, by_board: LedgerEntry | None, public: Mapping[Key, str]
) -> str:
    """Say what to select: the first sentence, with public scores as the board writes them."""
    if by_cv is None and by_board is None:
        return "There is nothing to select yet: no entry has a score."
    if by_cv is None or by_board is None:
        return _single_choice(by_cv, by_board, public)
    if by_cv.key == by_board.key:
        return (
            f"Select entry {by_cv.ref}: it is best by cross-validation ({_cv(by_cv):.5g}) and on "
            f"the public board ({public[by_cv.key]}) alike."
        )
    return (
        f"Select entry {by_cv.ref}, best by cross-validation ({_both_scores(by_cv, public)}), and "
        f"entry {by_board.ref}, best on the public board ({_both_scores(by_board, public)})."
    )


def _single_choice(
    by_cv: LedgerEntry | None, by_board: LedgerEntry | None, public: Mapping[Key, str]
) -> str:
    if by_board is not None:
        return (
            f"Select entry {by_board.ref}, best on the public board ({public[by_board.key]}); "
            "no entry was made of a run, so there is no cross-validated score to hold against it."
        )
    assert by_cv is not None  # noqa: S101 - one of the two is there
    return (
        f"Select entry {by_cv.ref}, best by cross-validation ({_cv(by_cv):.5g}); no public score "
        "is known yet."
    )


def _both_scores(entry: LedgerEntry, public: Mapping[Key, str]) -> str:
    cv = "no run" if entry.cv_score is None else f"cross-validated {entry.cv_score:.5g}"
    return f"{cv}, {f'public {public[entry.key]}' if entry.key in public else 'no public score'}"


def _trust(
    se_cv: float | None,
    se_public: float | None,
    shake_up: float | None,
    rows: ContestRows | None,
) -> str:
    """Say what chance does to the two figures: the second sentence."""
    if se_cv is None or se_public is None or shake_up is None or rows is None:
        return "How far chance moves the public score is not known without a run's interval."
    assumed = (
        f", {rows.public_fraction:.0%} of the test rows being assumed" if rows.is_assumed else ""
    )
    firmer = "cross-validation" if se_cv <= se_public else "the public board"
    return (
        f"A public score rests on about {rows.public} rows{assumed}, and its standard error is "
        f"{se_public:.2g} against {se_cv:.2g} of cross-validation over {rows.train} rows: expect "
        f"the private score to lie {shake_up:.2g} away from the public one, "
        f"and trust {firmer} more."
    )
