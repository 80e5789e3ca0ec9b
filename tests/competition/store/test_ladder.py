import numpy as np
import pytest

from competition.board.ladder import climb
from competition.definition import MetricChoice
from competition.errors import InvalidContest
from competition.store import get_entry, private_board, public_board

ROWS = 60
SOLUTION = "id,ripe,Usage\n" + "".join(
    f"{row},{row % 2},{'Public' if row % 3 else 'Private'}\n" for row in range(ROWS)
)
PUBLIC = np.arange(ROWS) % 3 != 0


def losses(wrong):
    """Zero-one losses, wrong in the first so many public rows."""
    array = np.zeros(ROWS)
    array[np.flatnonzero(PUBLIC)[:wrong]] = 1.0
    return array


def enter_losses(enter, wrong, user="ada", **options):
    array = losses(wrong)
    true = 1 - array[PUBLIC].mean()
    return enter(user, true, losses=array.tolist(), **options), true


def test_under_the_ladder_a_score_shows_only_when_it_is_better_beyond_chance(
    store, new_contest, enter
):
    new_contest(ladder=True, solution=SOLUTION)
    first, first_true = enter_losses(enter, 20)
    second, second_true = enter_losses(enter, 22)
    third, third_true = enter_losses(enter, 5)
    rungs = [climb(None, losses(20)[PUBLIC])]
    for wrong in (22, 5):
        rungs.append(climb(rungs[-1], losses(wrong)[PUBLIC]))
    entries = [get_entry(store, ref) for ref in (first, second, third)]
    assert [entry.true_public_score for entry in entries] == [first_true, second_true, third_true]
    assert [entry.public_score for entry in entries] == [1 - rung.released for rung in rungs]
    assert entries[1].public_score == entries[0].public_score < entries[2].public_score
    assert public_board(store, "toy")[0].score == entries[2].public_score


def test_each_team_climbs_its_own_ladder_and_hosts_climb_none(store, new_contest, enter):
    new_contest(ladder=True, solution=SOLUTION)
    enter_losses(enter, 5)
    bob, _ = enter_losses(enter, 30, "bob")
    baseline, true = enter_losses(enter, 31, "host", baseline=True, description="Zeros")
    assert get_entry(store, bob).public_score == 1 - climb(None, losses(30)[PUBLIC]).released
    assert get_entry(store, baseline).public_score == true


def test_private_scores_are_true_under_the_ladder(store, new_contest, enter):
    new_contest(ladder=True, solution=SOLUTION)
    enter("ada", 0.5, 0.123, losses=losses(20).tolist())
    assert private_board(store, "toy")[0].score == 0.123


def test_a_ladder_needs_row_losses(new_contest):
    with pytest.raises(InvalidContest, match=r"board\.ladder: needs a metric"):
        new_contest(ladder=True, metric=MetricChoice("quadratic_weighted_kappa"))
