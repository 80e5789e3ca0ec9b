from dataclasses import replace
from datetime import timedelta

import pytest

from competition.definition import load_contest
from competition.errors import InvalidContest, UnknownContest
from competition.store import (
    UnknownFile,
    add_contest,
    add_host,
    audit_records,
    change_contest,
    contest_file,
    contest_record,
    create_contest,
    export_contest,
    find_user,
    get_contest,
    launch_contest,
    list_contests,
    list_data_files,
    sample_submission,
    solution_file,
    submit_entry,
    update_contest,
)


def test_a_contest_comes_back_as_it_was_added(store, new_contest, now):
    contest = new_contest(pages={"overview": "# Ripe?\r\nYes – or no.\n"})
    assert get_contest(store, "toy") == contest
    assert contest.launched_at == now
    record = contest_record(store, "toy")
    assert (record.version, record.hosts, record.teams) == (1, ("host",), 0)
    assert record.has_solution and record.greater_is_better


def test_participants_files_are_listed_and_the_solution_is_not_among_them(store, new_contest):
    new_contest()
    assert [found.name for found in list_data_files(store, "toy")] == [
        "sample_submission.csv",
        "train.csv",
    ]
    train = contest_file(store, "toy", "train.csv")
    assert train.path.read_bytes().startswith(b"id,size,ripe\n")
    assert train.size == train.path.stat().st_size
    assert sample_submission(store, "toy").name == "sample_submission.csv"
    assert solution_file(store, "toy").path.read_text().startswith("id,ripe,Usage")
    with pytest.raises(UnknownFile, match=r"did you mean 'train\.csv'"):
        contest_file(store, "toy", "trian.csv")
    with pytest.raises(UnknownFile):
        contest_file(store, "toy", "solution.csv")


def test_an_exported_contest_is_the_folder_it_came_from(store, new_contest, tmp_path):
    contest = new_contest(pages={"rules": "Be fair.\n"})
    export_contest(store, "toy", tmp_path / "out")
    assert load_contest(tmp_path / "out") == contest
    assert (tmp_path / "out" / "data" / "train.csv").is_file()
    assert (tmp_path / "out" / "solution.csv").is_file()
    export_contest(store, "toy", tmp_path / "open", solution=False)
    assert not (tmp_path / "open" / "solution.csv").exists()
    with pytest.raises(FileExistsError):
        export_contest(store, "toy", tmp_path / "out")


def test_a_slug_is_taken_once(store, new_contest):
    new_contest()
    with pytest.raises(InvalidContest, match="'toy' exists already"):
        new_contest()


@pytest.mark.parametrize("missing", ["solution.csv", "data/sample_submission.csv"])
def test_a_folder_without_its_files_leaves_nothing_behind(store, contest_folder, now, missing):
    folder = contest_folder()
    (folder / missing).unlink()
    with pytest.raises(InvalidContest, match=missing):
        add_contest(store, folder, now=now)
    with pytest.raises(UnknownContest):
        get_contest(store, "toy")


def test_an_unknown_contest_is_named_with_a_suggestion(store, new_contest):
    new_contest(slug="avocado-ripeness")
    with pytest.raises(UnknownContest, match="did you mean 'avocado-ripeness'"):
        get_contest(store, "avocado-ripenes")


def test_a_changed_definition_is_a_new_version_and_on_record(store, new_contest, now):
    contest = new_contest()
    changed = replace(contest, max_daily_submissions=7, pages={"rules": "New."})
    update_contest(store, "toy", changed, actor="host", now=now, note="more entries")
    assert get_contest(store, "toy") == changed
    assert contest_record(store, "toy").version == 2
    last = audit_records(store, "toy")[-1]
    assert (last.actor, last.action) == ("host", "contest changed")
    assert "more entries" in last.details and "pages" in last.details


def test_the_slug_of_a_contest_stays(store, new_contest, now):
    contest = new_contest()
    with pytest.raises(InvalidContest, match=r"contest\.slug must stay 'toy'"):
        update_contest(store, "toy", replace(contest, slug="other"), actor="host", now=now)
    assert contest_record(store, "toy").version == 1


def test_a_definition_that_breaks_a_rule_is_not_stored(store, new_contest, now):
    contest = new_contest()
    for wrong in (replace(contest, max_team_size=0), replace(contest, slug="empty", targets=())):
        with pytest.raises(InvalidContest):
            update_contest(store, "toy", wrong, actor="host", now=now)
    with pytest.raises(InvalidContest):
        create_contest(store, replace(contest, slug="Not A Slug"), host="host", now=now)
    assert get_contest(store, "toy") == contest


def test_new_data_replace_the_whole_set_and_leave_the_rest(store, new_contest, now):
    new_contest()
    new = store.files.put(sample_submission(store, "toy").path)
    change_contest(store, "toy", data={"b/new.csv": new}, actor="host", now=now)
    assert [found.name for found in list_data_files(store, "toy")] == ["b/new.csv"]
    assert solution_file(store, "toy").sha256


def test_a_contest_can_grow_from_nothing(store, new_contest, now, upload):
    empty = create_contest(store, replace(new_contest(), slug="grown", launched_at=None),
                           host="host", now=now)  # fmt: skip
    assert not contest_record(store, "grown").has_solution
    with pytest.raises(InvalidContest, match="grown has no solution yet"):
        launch_contest(store, "grown", actor="host", now=now)
    solution = store.files.put(solution_file(store, "toy").path)
    change_contest(store, "grown", solution=solution, actor="host", now=now)
    launched = launch_contest(store, "grown", actor="host", now=now)
    assert launched == replace(empty, launched_at=now)
    assert submit_entry(store, "grown", "ada", upload=upload(), file_name="a.csv", now=now).ref


def test_a_contest_that_is_open_opens_neither_again_nor_later(store, new_contest, now, upload):
    opened, later = new_contest(), now + timedelta(hours=1)
    assert launch_contest(store, "toy", actor="host", now=later) == opened
    assert launch_contest(store, "toy", at=later, actor="host", now=now).launched_at == later
    launch_contest(store, "toy", actor="host", now=now)
    submit_entry(store, "toy", "ada", upload=upload(), file_name="a.csv", now=now)
    with pytest.raises(InvalidContest, match="is open and has entries"):
        launch_contest(store, "toy", at=later, actor="host", now=now)
    assert get_contest(store, "toy").launched_at == now


def test_lists_hold_what_their_viewer_may_know_of(store, new_contest, now):
    new_contest(slug="open-one")
    new_contest(slug="hidden-one", privacy="limited")
    new_contest(slug="later", launched_at=now + timedelta(days=1))
    new_contest(slug="draft", launch=False)

    def listed(viewer, at=now):
        return {found.contest.slug for found in list_contests(store, viewer, at)}

    assert listed(None) == listed(find_user(store, "ada")) == {"open-one"}
    assert listed(None, now + timedelta(days=2)) == {"open-one", "later"}
    assert len(listed(find_user(store, "host"))) == 4
    add_host(store, "draft", "ada", actor="host", now=now)
    assert listed(find_user(store, "ada")) == {"open-one", "draft"}
