"""How a stored contest ended."""

import json
from datetime import timedelta

import pytest

from competition.board import ranking_points
from competition.queue import finish_entry, lease_entry
from competition.results import contest_results
from competition.scoring import Scores, ScoringOutcome
from competition.store import submit_entry
from ripe.cli import main


@pytest.fixture
def enter(store, new_contest, upload, now):
    new_contest(deadline=now + timedelta(days=1))

    def entry(user, public, private, *, at=now, **options):
        submit_entry(store, "toy", user, upload=upload(), file_name="a.csv", now=at, **options)
        outcome = ScoringOutcome("scored", Scores(public, public, private))
        assert finish_entry(store, lease_entry(store, "w", at), outcome, at)

    return entry


def test_results_tell_medals_points_moves_and_late_entries(store, enter, now):
    enter("ada", 0.9, 0.5)
    enter("bob", 0.8, 0.7)
    enter("host", 0.7, 0.6, baseline=True, description="majority")
    enter("ada", 1.0, 0.6, at=now + timedelta(days=2))
    found = contest_results(store, "toy", now=now + timedelta(days=1))
    assert [(line.rank, line.team) for line in found.lines] == [
        (1, "bob"), (None, "majority"), (2, "ada"),
    ]  # fmt: skip
    assert [line.medal for line in found.lines] == ["gold", None, None]
    assert [line.gained for line in found.lines] == [1, None, -1]
    assert [line.public_rank for line in found.lines] == [2, None, 1]
    assert found.lines[0].points == ranking_points(1, 2)
    assert found.lines[1].points == 0
    assert (found.shake_up, found.shake_up_on_top) == (0.5, 0.5)
    assert [(row.team, row.score, row.rank) for row in found.late] == [("ada", 0.6, 2)]


def test_points_fade_after_the_deadline(store, enter, now):
    enter("ada", 0.9, 0.5)
    enter("bob", 0.8, 0.7)
    later = contest_results(store, "toy", now=now + timedelta(days=501))
    assert later.lines[0].points == ranking_points(1, 2, days_after_deadline=500)


def test_a_contest_without_entries_has_empty_results(store, new_contest, now):
    new_contest()
    found = contest_results(store, "toy", now=now)
    assert (found.lines, found.late, found.shake_up) == ((), (), 0.0)


def test_the_command_shows_the_host_how_a_contest_ended(store, database, enter, capsys):
    enter("ada", 0.9, 0.5)
    enter("bob", 0.8, 0.7)
    elsewhere = ["--database", database] if database else []

    def ripe(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["--home", str(store.home), "contest", *elsewhere, "results", "toy", *arguments])
        assert ended.value.code == 0
        return capsys.readouterr().out

    shown = ripe()
    assert "gold" in shown and "shake-up: 0.500" in shown
    assert [line["team"] for line in json.loads(ripe("--json"))["lines"]] == ["bob", "ada"]
