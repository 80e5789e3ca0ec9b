import io
from datetime import timedelta

import pytest

from competition.store import (
    UnknownFile,
    add_user,
    announce_upload,
    find_upload,
    finish_upload,
    forget_uploads,
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
