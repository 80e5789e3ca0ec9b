"""The Ladder: its rule, and what attacks gain on a plain board and on it."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pytest

from competition.board.ladder import Rung, climb

Oracle: TypeAlias = Callable[[np.ndarray], float]
N_ROWS = 1000


def plain_board(losses_of: Callable[[np.ndarray], np.ndarray]) -> Oracle:
    """A board that shows every mean loss at full precision."""
    return lambda prediction: float(losses_of(prediction).mean())


def ladder_board(losses_of: Callable[[np.ndarray], np.ndarray]) -> Oracle:
    """A board that shows what the Ladder releases to one team."""
    rung: Rung | None = None

    def ask(prediction: np.ndarray) -> float:
        nonlocal rung
        rung = climb(rung, losses_of(prediction))
        return rung.released

    return ask


BOARDS = {"plain": plain_board, "ladder": ladder_board}


def zero_one(truth: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    return lambda prediction: (prediction != truth).astype(float)


def log_loss(truth: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    return lambda chance: -np.log(np.where(truth == 1, chance, 1 - chance))


def boosting_attack(ask: Oracle, rng: np.random.Generator, n_entries: int) -> np.ndarray:
    """Blum & Hardt's attack: send random labels, let those that beat chance vote."""
    entries = rng.integers(0, 2, (n_entries, N_ROWS))
    good = [entry for entry in entries if ask(entry) < 0.5]
    votes = np.sum(good, axis=0) if good else rng.random(N_ROWS)
    return (votes > max(len(good), 1) / 2).astype(int)


def improvement_attack(ask: Oracle, rng: np.random.Generator, n_entries: int) -> np.ndarray:
    """The same made for the Ladder: the entries that moved the board vote."""
    entries = rng.integers(0, 2, (n_entries, N_ROWS))
    shown = [1.0, *(ask(entry) for entry in entries)]
    good = entries[np.diff(shown) < 0]
    return (good.mean(axis=0) > 0.5).astype(int)


def readout_attack(ask: Oracle, *, top: float, fade: float, batch: int = 8) -> np.ndarray:
    """Whitehill's attack: each entry spells the labels of a few rows in the digits of its loss.

    All other rows hold 0.5, whose loss is the same whatever the label. The logits of the few are
    powers of two, ``top`` the largest, and fade from entry to entry: against the Ladder every
    entry must be better than the last.
    """
    read = np.zeros(N_ROWS)
    logit = top * 2.0 ** -np.arange(batch)
    for rows in np.split(np.arange(N_ROWS), N_ROWS // batch):
        chance = np.full(N_ROWS, 0.5)
        chance[rows] = 1 / (1 + np.exp(-logit))
        read[rows] = _decode(ask(chance), logit)
        logit = fade * logit
    return read


def _decode(shown: float, logit: np.ndarray) -> np.ndarray:
    """Find the labels whose losses give the loss shown."""
    batch = len(logit)
    guesses = (np.arange(2**batch)[:, None] >> np.arange(batch)) & 1
    losses = (np.logaddexp(0, logit) - guesses * logit).sum(axis=1)
    of_batch = shown * N_ROWS - (N_ROWS - batch) * np.log(2)
    return guesses[np.abs(losses - of_batch).argmin()]


@pytest.mark.parametrize(("board", "gain"), [("plain", (0.12, 0.2)), ("ladder", (-0.04, 0.04))])
def test_random_labels_gain_on_a_plain_board_and_not_on_the_ladder(
    board: str, gain: tuple[float, float]
) -> None:
    rng = np.random.default_rng(2015)
    truth = rng.integers(0, 2, N_ROWS)
    found = boosting_attack(BOARDS[board](zero_one(truth)), rng, 400)
    assert gain[0] < (found == truth).mean() - 0.5 < gain[1]


def test_entries_that_move_the_ladder_hardly_gain() -> None:
    rng = np.random.default_rng(2015)
    truth = rng.integers(0, 2, N_ROWS)
    found = improvement_attack(ladder_board(zero_one(truth)), rng, 400)
    assert abs((found == truth).mean() - 0.5) < 0.04


@pytest.mark.parametrize(("top", "fade"), [(1.0, 1.0), (30.0, 0.85)])
@pytest.mark.parametrize(("board", "lowest", "highest"), [("plain", 1.0, 1.0), ("ladder", 0, 0.55)])
def test_a_log_loss_board_is_read_out_and_the_ladder_is_not(
    board: str, lowest: float, highest: float, top: float, fade: float
) -> None:
    truth = np.random.default_rng(2017).integers(0, 2, N_ROWS)
    read = readout_attack(BOARDS[board](log_loss(truth)), top=top, fade=fade)
    assert lowest <= (read == truth).mean() <= highest


def test_the_first_entry_is_shown() -> None:
    losses = np.random.default_rng(0).random(400)
    assert climb(None, losses).released == pytest.approx(losses.mean(), abs=0.01)


def test_no_more_digits_are_shown_than_the_standard_error_bears() -> None:
    losses = np.random.default_rng(0).random(900)
    error = losses.std() / 30
    assert 0.001 < error < 0.01
    assert climb(None, losses).released == round(float(losses.mean()), 3)


def test_a_clear_gain_is_shown_and_no_gain_is_not() -> None:
    rng = np.random.default_rng(1)
    first = climb(None, rng.random(1000))
    better = climb(first, first.losses - 0.1 + 0.01 * rng.random(1000))
    assert better.released == pytest.approx(first.released - 0.095, abs=0.002)
    assert climb(better, first.losses) is better
    assert climb(better, better.losses) is better


def test_a_gain_within_chance_is_not_shown() -> None:
    first = climb(None, np.repeat([1.0, 0.0], [300, 700]))
    unlike = np.repeat([0.0, 1.0], [705, 295])
    assert unlike.mean() < first.released
    assert climb(first, unlike) is first


def test_the_gain_is_measured_in_pairs() -> None:
    """The same small gain counts where both entries err on the same rows."""
    first = climb(None, np.repeat([0.0, 1.0], 500))
    alike = first.losses.copy()
    alike[500:505] = 0.0
    assert climb(first, alike).released < first.released


@pytest.mark.parametrize("seed", range(20))
def test_what_is_shown_never_gets_worse(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rung, shown = None, [np.inf]
    for _ in range(50):
        rung = climb(rung, rng.exponential(rng.random() * 3, 50))
        shown.append(rung.released)
    assert (np.diff(shown) <= 0).all()


def test_a_perfect_entry_is_shown_exactly() -> None:
    first = climb(None, np.repeat([0.0, 1.0], 50))
    assert climb(first, np.zeros(100)).released == 0.0


@pytest.mark.parametrize(
    "losses", [np.array([]), np.array([0.1, np.nan]), np.zeros((3, 2)), np.zeros(3)]
)
def test_impossible_losses_are_refused(losses: np.ndarray) -> None:
    last = climb(None, np.array([0.0, 1.0]))
    with pytest.raises(ValueError, match=r"row losses must|losses of the same rows"):
        climb(last, losses)
