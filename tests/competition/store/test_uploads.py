import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from competition.errors import NotAllowed
from competition.store import (
    UnknownFile,
    add_contest,
    add_user,
    announce_upload,
    find_upload,
    finish_upload,
    forget_uploads,
    submission_limits,
    submit_entry,
)


@pytest.fixture
def announced(store, now):
    add_user(store, "ada", now=now)
    return announce_upload(
        store, "ada", token="t", kind="submission", file_name="a.csv", size=3, now=now
    )


def test_an_upload_is_found_under_its_token_and_whole_once_finished(store, announced, now):
    assert find_upload(store, "t") == announced
    assert find_upload(store, "u") is None
    assert announced.digest is None
    digest = store.files.put(io.BytesIO(b"four"))
    finished = finish_upload(store, "t", digest, now)
    assert find_upload(store, "t") == finished
    assert (finished.digest, finished.size, finished.user_name) == (digest, 4, "ada")


def test_an_upload_cannot_end_in_a_file_that_is_not_stored(store, announced, now):
    with pytest.raises(UnknownFile):
        finish_upload(store, "t", "0" * 64, now)
    with pytest.raises(LookupError, match="no upload was announced"):
        finish_upload(store, "u", "0" * 64, now)


def test_old_uploads_are_forgotten(store, announced, now):
    assert forget_uploads(store, before=now) == 0
    assert forget_uploads(store, before=now + timedelta(seconds=1)) == 1
    assert find_upload(store, "t") is None


def test_an_upload_makes_one_entry_however_often_it_is_asked_for(
    store, upload, new_contest, contest_folder, now
):
    new_contest()
    add_contest(store, contest_folder(slug="other"), host="host", now=now)
    announce_upload(store, "ada", token="t", kind="submission", file_name="a.csv", size=3, now=now)
    asked = {"token": "t", "upload": upload("010010"), "file_name": "a.csv", "now": now}
    first = submit_entry(store, "toy", "ada", **asked)
    assert submit_entry(store, "toy", "ada", **asked) == first
    assert submission_limits(store, "toy", "ada", now).used_today == 1
    with pytest.raises(NotAllowed, match="was submitted to toy"):
        submit_entry(store, "other", "ada", **asked)


def test_requests_that_repeat_one_upload_at_once_make_one_entry(store, upload, new_contest, now):
    new_contest()
    announce_upload(store, "ada", token="t", kind="submission", file_name="a.csv", size=3, now=now)
    asked = {"token": "t", "upload": upload(), "file_name": "a.csv", "now": now}
    with ThreadPoolExecutor(6) as threads:
        tasks = [threads.submit(submit_entry, store, "toy", "ada", **asked) for _ in range(6)]
    assert len({task.result().ref for task in tasks}) == 1
