from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from competition.board.confidence import Confidence, Contender, board_confidence
from competition.board.resampling import (
    Resampling,
    draw_resampling,
    entry_replicates,
    replicate_means,
    replicate_scores,
)
from competition.metrics import get_metric

START = datetime(2026, 1, 1, tzinfo=UTC)
N_ROWS = 2000
Board = Callable[..., list[Confidence]]


@pytest.fixture(scope="module")
def resampling() -> Resampling:
    return draw_resampling(np.random.default_rng(0), N_ROWS)


@pytest.fixture
def board(resampling: Resampling) -> Board:
    """Give the confidence of a board of 0/1 losses, one column a team, accuracies as scores."""

    def build(losses: np.ndarray, *, greater_is_better: bool = True) -> list[Confidence]:
        scores = 1 - losses if greater_is_better else losses
        contenders = [
            Contender(team, column.mean(), START + timedelta(hours=team), replicates)
            for team, (column, replicates) in enumerate(
                zip(scores.T, replicate_means(resampling, scores).T, strict=True)
            )
        ]
        return board_confidence(contenders, greater_is_better=greater_is_better)

    return build


def losses_of(rates: list[float], seed: int = 1) -> np.ndarray:
    """Draw losses of teams that err independently at these rates."""
    return (np.random.default_rng(seed).random((N_ROWS, len(rates))) < rates).astype(float)


def test_every_replicate_takes_as_many_rows_as_there_are(resampling: Resampling) -> None:
    assert (resampling.weights.sum(axis=1) == N_ROWS).all()
    assert resampling.shrink == 1


def test_the_spread_of_the_replicates_is_the_standard_error(resampling: Resampling) -> None:
    losses = losses_of([0.3])[:, 0]
    replicates = replicate_means(resampling, losses)
    assert replicates.std() == pytest.approx(losses.std() / np.sqrt(N_ROWS), rel=0.1)
    assert replicates.mean() == pytest.approx(losses.mean(), abs=0.002)


def test_many_entries_at_once_are_each_entry_by_itself(resampling: Resampling) -> None:
    losses = losses_of([0.1, 0.3, 0.6])
    together = replicate_means(resampling, losses)
    for column in range(3):
        alone = replicate_means(resampling, losses[:, column])
        np.testing.assert_allclose(together[:, column], alone, rtol=1e-6)


def test_large_losses_lose_no_digits(resampling: Resampling) -> None:
    losses = 1e8 + losses_of([0.3])[:, 0]
    exact = resampling.weights.astype(float) @ losses / N_ROWS
    np.testing.assert_allclose(replicate_means(resampling, losses), exact, atol=1e-5, rtol=0)


def test_a_sample_of_the_rows_gives_the_spread_over_all_of_them() -> None:
    losses = np.random.default_rng(3).exponential(size=40_000)
    sampled = draw_resampling(np.random.default_rng(4), 40_000, max_rows=2000)
    replicates = replicate_means(sampled, losses)
    assert replicates.std() == pytest.approx(1 / np.sqrt(40_000), rel=0.15)
    assert replicates.mean() == pytest.approx(losses.mean(), abs=0.001)


def test_any_metric_can_be_replicated_and_agrees_with_its_losses(resampling: Resampling) -> None:
    rng = np.random.default_rng(5)
    truth, prediction = rng.integers(0, 3, N_ROWS), rng.integers(0, 3, N_ROWS)
    metric = get_metric("accuracy")
    by_rows = replicate_scores(
        resampling, N_ROWS, lambda rows: metric(truth[rows], prediction[rows])
    )
    by_loss = replicate_means(resampling, (truth == prediction).astype(float))
    np.testing.assert_allclose(by_rows, by_loss, atol=1e-6)


@pytest.mark.parametrize("name", ["rmse", "quadratic_weighted_kappa"])
def test_an_entry_is_replicated_whatever_its_metric(name: str) -> None:
    rng = np.random.default_rng(6)
    truth, metric = rng.integers(0, 4, 400), get_metric(name)
    prediction = np.clip(truth + rng.integers(-1, 2, 400), 0, 3)
    few = draw_resampling(rng, 400, n_replicates=100)
    found = entry_replicates(few, metric, truth, prediction)
    first = np.repeat(few.rows, few.weights[0].astype(int))
    assert found.shape == (100,)
    assert found[0] == pytest.approx(metric(truth[first], prediction[first]), rel=1e-5)
    assert found.min() < metric(truth, prediction) < found.max()


def test_a_replicate_without_a_score_takes_the_whole_score() -> None:
    truth, chance = np.array([1, 0, 0, 0]), np.array([0.9, 0.1, 0.2, 0.3])
    metric = get_metric("auc")
    few = draw_resampling(np.random.default_rng(0), 4, n_replicates=50)
    found = replicate_scores(few, 4, lambda rows: metric(truth[rows], chance[rows]))
    assert (found == 1.0).all()


def test_score_intervals_cover_the_truth_as_often_as_they_say(board: Board) -> None:
    rates = [0.2] * 400
    covered = [line.score_low <= 0.8 <= line.score_high for line in board(losses_of(rates))]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.03)


def test_rank_intervals_hold_the_true_ranks(board: Board) -> None:
    rates = [0.10, 0.12, 0.14, 0.20, 0.30, 0.302, 0.50]
    lines = board(losses_of(rates))
    true_rank = {team: rank for rank, team in enumerate(range(len(rates)), start=1)}
    assert all(line.rank_low <= true_rank[line.team] <= line.rank_high for line in lines)
    last = lines[-1]
    assert (last.rank_low, last.rank, last.rank_high) == (7, 7, 7)


def test_lines_that_cannot_be_told_apart_are_tied(board: Board) -> None:
    lines = board(losses_of([0.10, 0.101, 0.30, 0.301, 0.302, 0.6]))
    assert [line.tie_group for line in lines] == [1, 1, 2, 2, 2, 3]


def test_pairs_tell_apart_what_intervals_alone_do_not(board: Board) -> None:
    """Two teams that err on the same rows, one a little more: paired, the lead is sure."""
    first = losses_of([0.3])[:, 0]
    second = first.copy()
    second[np.flatnonzero(first == 0)[:12]] = 1.0
    ahead, behind = board(np.column_stack([first, second]))
    assert behind.score_high > ahead.score_low
    assert (ahead.tie_group, behind.tie_group) == (1, 2)


def test_equal_entries_are_tied_and_the_earlier_leads(board: Board) -> None:
    losses = np.repeat(losses_of([0.3]), 3, axis=1)
    lines = board(losses)
    assert [line.team for line in lines] == [0, 1, 2]
    assert {line.tie_group for line in lines} == {1}
    assert [(line.rank_low, line.rank_high) for line in lines] == [(1, 1), (2, 2), (3, 3)]


def test_the_direction_turns_the_board_around(board: Board) -> None:
    losses = losses_of([0.1, 0.3, 0.5])
    up, down = board(losses), board(losses, greater_is_better=False)
    assert [line.team for line in up] == [line.team for line in down]
    assert down[0].score == pytest.approx(1 - up[0].score)
    assert all(line.score_low <= line.score <= line.score_high for line in down)


def test_the_same_seed_draws_the_same_test_sets() -> None:
    one, other = (draw_resampling(np.random.default_rng(9), 100).weights for _ in range(2))
    assert (one == other).all()


def test_an_empty_board_is_empty_and_impossible_draws_are_refused() -> None:
    assert board_confidence([], greater_is_better=True) == []
    with pytest.raises(ValueError, match="at least one row"):
        draw_resampling(np.random.default_rng(0), 0)
    unequal = [Contender(n, 0.5, START, np.zeros(n)) for n in (3, 4)]
    with pytest.raises(ValueError, match="same number"):
        board_confidence(unequal, greater_is_better=True)
