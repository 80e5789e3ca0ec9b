"""The advice for the final selection rests on numbers that a reader can work out."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from experiments.ledger.advice import ContestRows, advise, correlation
from experiments.ledger.book import LedgerEntry, Sighting

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ROWS = ContestRows(train=800, test=200, public_fraction=0.5, is_assumed=False)


def entry(
    ref: int, cv: float | None, public: float | None, half_width: float = 0.0196
) -> LedgerEntry:
    base = LedgerEntry("http://host", "fruit", ref, NOW, "a.csv", "", "", "")
    if cv is not None:
        base = replace(base, cv_score=cv, cv_low=cv - half_width, cv_high=cv + half_width)
    return replace(base, last=Sighting("complete", public))


def test_the_best_of_each_kind_are_named_with_their_numbers() -> None:
    advice = advise(
        [entry(1, 0.84, 0.80), entry(2, 0.81, 0.86), entry(3, 0.7, 0.70007)],
        greater_is_better=True,
        rows=ROWS,
    )
    assert advice.by_cv and advice.by_board
    assert (advice.by_cv.ref, advice.by_board.ref) == (1, 2)
    assert advice.text.startswith(
        "Select entry 1, best by cross-validation (cross-validated 0.84, public 0.80000), and entry 2,"
    )
    assert advice.text.count(". ") == 1


@pytest.mark.parametrize("cv", [0.25, None])
def test_a_public_score_is_written_as_the_board_writes_it(cv: float | None) -> None:
    advice = advise([entry(1, cv, 123456.78901), entry(2, None, 0.5)], greater_is_better=True)
    assert "the public board (123456.78901)" in advice.text


def test_smaller_may_be_better() -> None:
    advice = advise([entry(1, 0.4, 0.5), entry(2, 0.5, 0.3)], greater_is_better=False)
    assert advice.by_cv and advice.by_board
    assert (advice.by_cv.ref, advice.by_board.ref) == (1, 2)


def test_one_entry_may_be_best_at_both() -> None:
    advice = advise([entry(1, 0.9, 0.9), entry(2, 0.8, 0.8)], greater_is_better=True, rows=ROWS)
    assert advice.text.startswith("Select entry 1: it is best by cross-validation")


def test_the_standard_errors_follow_from_the_interval_and_the_rows() -> None:
    advice = advise([entry(1, 0.84, 0.80)], greater_is_better=True, rows=ROWS)
    assert advice.se_cv == pytest.approx(0.01, rel=1e-4)
    assert advice.se_public == pytest.approx(0.01 * math.sqrt(8), rel=1e-4)
    assert "about 100 rows, and" in advice.text
    assert "trust cross-validation more" in advice.text


def test_the_expected_shake_up_is_what_chance_gives() -> None:
    """Draw public and private scores of one model many times: their mean distance is it."""
    rng = np.random.default_rng(0)
    p, rows = 0.8, ContestRows(train=1000, test=500, public_fraction=0.3)
    half_width = 1.959964 * math.sqrt(p * (1 - p) / rows.train)
    advice = advise([entry(1, p, p, half_width)], greater_is_better=True, rows=rows)
    public = rng.binomial(rows.public, p, 40_000) / rows.public
    private = rng.binomial(rows.private, p, 40_000) / rows.private
    assert advice.se_public == pytest.approx(public.std(), rel=0.02)
    assert advice.shake_up == pytest.approx(np.abs(public - private).mean(), rel=0.02)


def test_a_blend_without_an_interval_borrows_the_runs() -> None:
    blend = replace(entry(9, 0.9, 0.9), cv_low=None, cv_high=None)
    advice = advise([entry(1, 0.84, 0.80), blend], greater_is_better=True, rows=ROWS)
    assert advice.by_cv and advice.by_cv.ref == 9
    assert advice.se_cv == pytest.approx(0.01, rel=1e-4)


def test_an_assumed_share_is_said_to_be_assumed() -> None:
    rows = ContestRows(train=800, test=200)
    text = advise([entry(1, 0.84, 0.80)], greater_is_better=True, rows=rows).text
    assert "30% of the test rows being assumed" in text


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([], "nothing to select yet"),
        ([entry(1, None, 0.5)], "no cross-validated score"),
        ([entry(1, 0.5, None)], "no public score is known yet"),
    ],
)
def test_what_is_not_known_is_said(entries: list[LedgerEntry], words: str) -> None:
    text = advise(entries, greater_is_better=True).text
    assert words in text
    assert "not known" in text


def test_the_correlation_is_of_ranks() -> None:
    pairs = [entry(ref, cv, cv**9) for ref, cv in enumerate((0.1, 0.5, 0.4, 0.9))]
    assert correlation(pairs) == pytest.approx(1.0)
    assert correlation(pairs[:2]) is None
    assert correlation([entry(ref, 0.5, ref / 10) for ref in range(4)]) is None
