import random
from datetime import timedelta

import pytest

from competition.board import BoardEntry, private_standings, public_standings
from competition.errors import DeadlinePassed, NotAllowed
from competition.store import (
    add_user,
    audit_records,
    cancel_entry,
    final_entries,
    get_entry,
    list_contest_entries,
    private_board,
    public_board,
    select_final,
    submit_entry,
)


def refs(entries):
    return [entry.ref for entry in entries]


def test_a_team_stands_by_the_entries_it_selected(store, new_contest, enter, now):
    new_contest()
    first, second = enter("ada", 0.9, 0.1), enter("ada", 0.2, 0.8)
    enter("bob", 0.5, 0.5)
    team = get_entry(store, first).team_id
    assert refs(final_entries(store, "toy", team)) == [second, first]
    assert refs(select_final(store, "toy", "ada", [first], now=now)) == [first]
    assert [row.team for row in private_board(store, "toy")] == ["bob", "ada"]
    assert get_entry(store, first).selected and not get_entry(store, second).selected
    select_final(store, "toy", "ada", [second], now=now)
    assert [row.team for row in private_board(store, "toy")] == ["ada", "bob"]
    assert public_board(store, "toy")[0].entry_ref == first
    assert refs(select_final(store, "toy", "ada", [], now=now)) == [second, first]
    assert audit_records(store, "toy")[-1].action == "final entries selected"


def test_a_better_entry_after_the_choice_does_not_replace_it(store, new_contest, enter, now):
    new_contest()
    chosen = enter("ada", 0.5)
    select_final(store, "toy", "ada", [chosen], now=now)
    enter("ada", 0.9)
    assert private_board(store, "toy")[0].entry_ref == chosen
    assert public_board(store, "toy")[0].score == 0.9


def test_only_own_scored_entries_in_time_can_be_chosen(store, new_contest, enter, upload, now):
    new_contest(num_scored_submissions=2, deadline=now + timedelta(days=1))
    mine = [enter("ada", 0.5) for _ in range(3)]
    other, failed = enter("bob", 0.5), enter("ada", 0.5, status="failed")
    waiting = submit_entry(store, "toy", "ada", upload=upload(), file_name="a", now=now).ref
    for wrong in (other, failed, waiting, 999):
        with pytest.raises(NotAllowed, match=f"entry {wrong} cannot be chosen"):
            select_final(store, "toy", "ada", [mine[0], wrong], now=now)
    with pytest.raises(NotAllowed, match="at most 2 entries can be chosen, got 3"):
        select_final(store, "toy", "ada", mine, now=now)
    with pytest.raises(NotAllowed, match="host has no entries"):
        select_final(store, "toy", "host", mine, now=now)
    with pytest.raises(DeadlinePassed, match="until 2026-03-05 12:00 UTC"):
        select_final(store, "toy", "ada", mine[:1], now=now + timedelta(days=2))
    cancel_entry(store, waiting, actor="ada", now=now)


@pytest.mark.parametrize("seed", range(2))
def test_boards_kept_entry_by_entry_are_those_made_from_all_entries(
    store, new_contest, enter, now, seed
):
    chance = random.Random(seed)
    new_contest(deadline=now + timedelta(seconds=20), max_daily_submissions=99)
    users = [f"user{number}" for number in range(6)]
    for user in users:
        add_user(store, user, now=now)
    for after in range(28):
        if chance.random() < 0.2:
            name = chance.choice(["Zeros", "Ones"])
            enter("host", _score(chance), after=after, baseline=True, description=name)
        else:
            status = chance.choice(["scored", "scored", "scored", "failed", "rejected"])
            user = chance.choice(users)
            ref = enter(user, _score(chance), _score(chance), after=after, status=status)
            if status == "scored" and after < 20 and chance.random() < 0.3:
                select_final(store, "toy", user, [ref], now=now)
    entries = [_board_entry(entry) for entry in list_contest_entries(store, "toy")]
    scored = [entry for entry in entries if entry.public is not None]
    assert _lines(public_board(store, "toy")) == _lines(
        public_standings(scored, greater_is_better=True)
    )
    assert _lines(private_board(store, "toy")) == _lines(
        private_standings(scored, num_scored_submissions=2, greater_is_better=True)
    )


def _score(chance):
    return chance.randrange(6) / 5


def _board_entry(entry):
    return BoardEntry(
        ref=entry.ref,
        team=entry.team_id,
        submitted_at=entry.submitted_at,
        public=entry.public_score,
        private=entry.private_score,
        selected=entry.selected,
        late=entry.late,
        is_baseline=entry.baseline,
    )


def _lines(rows):
    return [(row.rank, row.score, row.entries, row.last_entry, row.entry_ref) for row in rows]
