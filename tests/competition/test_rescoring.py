from dataclasses import replace

import numpy as np
import pytest

from competition.board.ladder import climb
from competition.definition import MetricChoice
from competition.errors import InvalidContest
from competition.queue import (
    RescoreNotReady,
    Worker,
    apply_rescore,
    list_old_boards,
    propose_rescore,
    rescore_entries,
    rescore_preview,
)
from competition.scoring import ScoringPool
from competition.store import (
    Status,
    audit_records,
    change_contest,
    contest_record,
    get_contest,
    get_entry,
    list_data_files,
    private_board,
    public_board,
    sample_submission,
    solution_file,
    submit_entry,
    update_contest,
)
from competition.store.changing import ScoresWouldChange


@pytest.fixture(scope="module")
def pool():
    with ScoringPool() as children:
        yield children


@pytest.fixture
def scored(store, new_contest, upload, now, pool):
    """A contest with scored entries: their numbers by predictions."""

    def entries(*predictions, users=("ada", "bob"), **changes):
        new_contest(**changes)
        refs = {}
        for number, text in enumerate(predictions):
            user = users[number % len(users)]
            sent = submit_entry(store, "toy", user, upload=upload(text), file_name="a.csv", now=now)
            refs[text] = sent.ref
        worker = Worker(store, pool=pool, clock=lambda: now)
        while worker.step():
            pass
        return refs

    return entries


@pytest.fixture
def other_solution(store, tmp_path):
    """Stores a solution in which the truth is turned round."""

    def put():
        text = solution_file(store, "toy").path.read_text()
        turned = text.replace(",0,", ",x,").replace(",1,", ",0,").replace(",x,", ",1,")
        (tmp_path / "turned.csv").write_text(turned)
        return store.files.put(tmp_path / "turned.csv")

    return put


def names(rows):
    return [row.team for row in rows]


def test_a_change_of_scores_goes_through_a_rescore(store, scored, other_solution, now):
    scored("011010")
    with pytest.raises(ScoresWouldChange, match="ripe contest rescore toy"):
        change_contest(store, "toy", solution=other_solution(), actor="host", now=now)
    held = get_contest(store, "toy")
    for changed in (
        replace(held, metric=MetricChoice("balanced_accuracy")),
        replace(held, metric=replace(held.metric, beside=("balanced_accuracy",))),
        replace(held, labels=(1, 0)),
    ):
        with pytest.raises(ScoresWouldChange, match="score them differently"):
            update_contest(store, "toy", changed, actor="host", now=now)
    other = replace(held, max_team_size=9, title="T", pages={"more": "text"})
    assert update_contest(store, "toy", other, actor="host", now=now) == other


def test_nothing_changes_until_the_swap_and_everything_at_it(
    store, scored, other_solution, now, pool
):
    refs = scored("011010", "100101", "000000", "01")
    before = public_board(store, "toy"), private_board(store, "toy")
    assert names(before[0]) == ["ada", "bob"]
    proposal = propose_rescore(store, "toy", solution=other_solution(), actor="host", now=now)
    told = []
    done = rescore_entries(
        store, proposal, pool=pool, slots=2, now=now, progress=lambda *steps: told.append(steps)
    )
    assert done == 4 and told[-1] == (4, 4)
    assert (public_board(store, "toy"), private_board(store, "toy")) == before
    preview = rescore_preview(store, proposal)
    assert (preview.entries, preview.changed, preview.missing) == (4, 3, 0)
    first, second = preview.moves
    assert (first.team, first.public_before, first.public_after) == ("bob", 2, 1)
    assert (first.score_before, first.score_after, first.moved) == (0.0, 1.0, True)
    assert (second.team, second.private_before, second.private_after) == ("ada", 1, 2)
    apply_rescore(store, proposal, actor="host", now=now)
    assert names(public_board(store, "toy")) == names(private_board(store, "toy")) == ["bob", "ada"]
    assert get_entry(store, refs["100101"]).overall_score == 1.0
    assert get_entry(store, refs["01"]).status is Status.REJECTED
    assert contest_record(store, "toy").version == 2
    assert audit_records(store, "toy")[-1].action == "rescore applied"
    (old,) = list_old_boards(store, "toy")
    assert [(line.rank, line.team, line.score) for line in old.public] == [
        (row.rank, row.team, row.score) for row in before[0]
    ]
    assert [line.team for line in old.private] == ["ada", "bob"]
    assert old.version == 1


def test_a_broken_metric_is_mended_by_a_rescore(store, scored, now, pool):
    refs = scored("111111", own_metric="raise KeyError('ripe')")
    assert get_entry(store, refs["111111"]).status is Status.FAILED
    mended = replace(get_contest(store, "toy"), metric=MetricChoice("accuracy"))
    proposal = propose_rescore(store, "toy", contest=mended, actor="host", now=now)
    rescore_entries(store, proposal, pool=pool, now=now)
    apply_rescore(store, proposal, actor="host", now=now)
    assert get_entry(store, refs["111111"]).public_score == pytest.approx(2 / 3)
    assert get_entry(store, refs["111111"]).message == ""
    assert names(public_board(store, "toy")) == ["ada"]


def test_a_proposal_that_could_not_score_its_own_truth_is_refused(store, scored, now):
    scored("011010")
    broken = replace(get_contest(store, "toy"), metric=MetricChoice("mape"), labels=())
    with pytest.raises(InvalidContest, match="mape cannot score its truth"):
        propose_rescore(store, "toy", contest=broken, actor="host", now=now)


def test_data_files_change_with_the_swap_and_not_before(store, scored, now, pool):
    scored("011010")
    sample = store.files.put(sample_submission(store, "toy").path)
    data = {"sample_submission.csv": sample, "more.csv": sample}
    proposal = propose_rescore(store, "toy", data=data, actor="host", now=now)
    rescore_entries(store, proposal, pool=pool, now=now)
    assert "more.csv" not in [found.name for found in list_data_files(store, "toy")]
    apply_rescore(store, proposal, actor="host", now=now)
    assert "more.csv" in [found.name for found in list_data_files(store, "toy")]


def test_entries_that_came_meanwhile_are_scored_before_the_swap(
    store, scored, other_solution, upload, now, pool
):
    scored("011010")
    proposal = propose_rescore(store, "toy", solution=other_solution(), actor="host", now=now)
    rescore_entries(store, proposal, pool=pool, now=now)
    late = submit_entry(store, "toy", "bob", upload=upload("100101"), file_name="b", now=now)
    waiting = submit_entry(store, "toy", "bob", upload=upload("110001"), file_name="b", now=now)
    Worker(store, pool=pool, clock=lambda: now).step()
    with pytest.raises(RescoreNotReady, match="1 entry of toy have no new score"):
        apply_rescore(store, proposal, actor="host", now=now)
    assert rescore_entries(store, proposal, pool=pool, now=now) == 1
    apply_rescore(store, proposal, actor="host", now=now)
    assert get_entry(store, late.ref).public_score == 1.0
    Worker(store, pool=pool, clock=lambda: now).step()
    assert get_entry(store, waiting.ref).public_score == pytest.approx(2 / 3)


def test_an_entry_scored_by_what_no_longer_holds_waits_again(
    store, scored, other_solution, upload, now, pool
):
    from competition.queue import finish_entry, lease_entry
    from competition.scoring import Scores, ScoringOutcome

    scored("011010")
    sent = submit_entry(store, "toy", "bob", upload=upload("100101"), file_name="b", now=now)
    lease = lease_entry(store, "slow", now)
    proposal = propose_rescore(store, "toy", solution=other_solution(), actor="host", now=now)
    rescore_entries(store, proposal, pool=pool, now=now)
    apply_rescore(store, proposal, actor="host", now=now)
    assert finish_entry(store, lease, ScoringOutcome("scored", Scores(0.0, 0.0, 0.0)), now)
    assert get_entry(store, sent.ref).status is Status.PENDING
    Worker(store, pool=pool, clock=lambda: now).step()
    assert get_entry(store, sent.ref).public_score == 1.0


def test_a_proposal_is_void_once_the_contest_was_changed(store, scored, other_solution, now, pool):
    scored("011010")
    proposal = propose_rescore(store, "toy", solution=other_solution(), actor="host", now=now)
    rescore_entries(store, proposal, pool=pool, now=now)
    update_contest(
        store, "toy", replace(get_contest(store, "toy"), title="New"), actor="host", now=now
    )
    with pytest.raises(RescoreNotReady, match="propose it anew"):
        apply_rescore(store, proposal, actor="host", now=now)


def test_teams_climb_the_ladder_anew_after_a_rescore(store, scored, other_solution, now, pool):
    refs = scored("011010", "100101", "000000", ladder=True, users=("ada",))
    proposal = propose_rescore(store, "toy", solution=other_solution(), actor="host", now=now)
    rescore_entries(store, proposal, pool=pool, now=now)
    apply_rescore(store, proposal, actor="host", now=now)
    rung, shown = None, []
    for losses in ([1, 1, 1], [0, 0, 0], [1, 0, 0]):
        rung = climb(rung, np.array(losses, dtype=float))
        shown.append(1 - rung.released)
    entries = [get_entry(store, ref) for ref in refs.values()]
    assert [entry.true_public_score for entry in entries] == pytest.approx([0.0, 1.0, 2 / 3])
    assert [entry.public_score for entry in entries] == pytest.approx(shown)
