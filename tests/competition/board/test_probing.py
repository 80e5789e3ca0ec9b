from collections.abc import Iterable

import numpy as np
import pytest

from competition.board.probing import Predictions, probing_alarms

N_ROWS = 500


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def sent(
    values: Iterable[np.ndarray], team: str = "prober", *, chances: bool = False, first: int = 1
) -> list[Predictions]:
    return [Predictions(ref, team, v, chances) for ref, v in enumerate(values, start=first)]


def flipped(labels: np.ndarray, *rows: int) -> np.ndarray:
    changed = labels.copy()
    changed[list(rows)] = 1 - changed[list(rows)]
    return changed


def rules(entries: list[Predictions]) -> list[str]:
    return [alarm.rule for alarm in probing_alarms(entries)]


def test_one_row_flips_raise_an_alarm_that_names_the_entries(rng: np.random.Generator) -> None:
    base = rng.integers(0, 2, N_ROWS)
    (alarm,) = probing_alarms(sent([base, *(flipped(base, row) for row in range(3))]))
    assert (alarm.rule, alarm.teams, alarm.refs) == ("one_row_flips", ("prober",), (2, 3, 4))
    assert "3 entries of team prober" in alarm.message


def test_near_duplicates_raise_an_alarm(rng: np.random.Generator) -> None:
    base = rng.integers(0, 2, N_ROWS)
    entries = [base, *(flipped(base, *range(row, row + 4)) for row in range(0, 50, 10))]
    assert rules(sent(entries)) == ["near_duplicates"]


def test_labels_as_text_are_compared_too(rng: np.random.Generator) -> None:
    base = rng.choice(np.array(["hard", "ripe"], dtype=object), N_ROWS)
    entries = [base]
    for row in range(3):
        entries.append(base.copy())
        entries[-1][row] = "overripe"
    assert rules(sent(entries)) == ["one_row_flips"]


def test_a_trace_of_noise_hides_no_duplicate(rng: np.random.Generator) -> None:
    base = rng.random(N_ROWS)
    entries = [base]
    for row in range(3):
        entries.append(base + 1e-9 * rng.random(N_ROWS))
        entries[-1][row] = 0.5 + base[row] / 10
    assert "one_row_flips" in rules(sent(entries, chances=True))


@pytest.mark.parametrize("n_columns", [1, 3])
def test_batches_of_extreme_probabilities_raise_an_alarm(n_columns: int) -> None:
    entries = []
    for batch in range(2):
        values = np.full((N_ROWS, n_columns), 1 / 2 if n_columns == 1 else 1 / n_columns)
        values[8 * batch : 8 * batch + 8, 0] = 1 - 1e-5
        entries.append(values[:, 0] if n_columns == 1 else values)
    assert rules(sent(entries, chances=True)) == ["extreme_probabilities"]


def test_a_shared_file_is_told_of_once(rng: np.random.Generator) -> None:
    same = rng.random(N_ROWS)
    entries = sent([same], "one", first=1) + sent([same, same], "two", first=2)
    (alarm,) = probing_alarms(entries)
    assert (alarm.rule, alarm.teams, alarm.refs) == ("shared_predictions", ("one", "two"), (1, 2))


def test_everybodys_first_guess_is_no_alarm() -> None:
    guess = np.zeros(N_ROWS, dtype=int)
    assert rules(sent([guess], "one") + sent([guess], "two", first=2)) == []


def test_honest_work_raises_no_alarm(rng: np.random.Generator) -> None:
    truth = rng.integers(0, 2, N_ROWS)
    models = [np.clip(truth * 0.4 + 0.6 * rng.random(N_ROWS), 0, 1) for _ in range(20)]
    constant = np.full(N_ROWS, 0.5)
    labels = [(model > 0.5).astype(int) for model in models]
    assert rules(sent([constant, *models], chances=True)) == []
    assert rules(sent(labels)) == []
    assert rules([]) == []


def test_sending_the_same_file_again_is_no_alarm(rng: np.random.Generator) -> None:
    assert rules(sent([rng.integers(0, 2, N_ROWS)] * 8)) == []


def test_an_extreme_but_varied_model_is_no_alarm(rng: np.random.Generator) -> None:
    values = [np.clip(rng.normal(0.5, 1, N_ROWS), 0, 1) for _ in range(5)]
    assert rules(sent(values, chances=True)) == []
