import hashlib
import io
import threading

import pytest

from competition.store import FolderFiles, UnknownFile


@pytest.fixture
def files(tmp_path):
    return FolderFiles(tmp_path / "files")


def test_content_is_found_under_its_digest(files, tmp_path):
    (tmp_path / "a").write_bytes(b"avocado")
    digest = files.put(tmp_path / "a")
    assert digest == hashlib.sha256(b"avocado").hexdigest()
    assert files.path(digest).read_bytes() == b"avocado"
    with files.open(digest) as stream:
        assert stream.read() == b"avocado"
    assert files.size(digest) == 7
    assert files.holds(digest)


def test_the_same_content_is_stored_once_and_no_temporary_file_stays(files):
    digests = {files.put(io.BytesIO(b"same")) for _ in range(3)}
    stored = [path for path in files.folder.rglob("*") if path.is_file()]
    assert len(digests) == 1 == len(stored)


def test_an_interrupted_upload_leaves_nothing(files):
    class Broken(io.BytesIO):
        def read(self, size=-1):
            raise ConnectionError("cut off")

    with pytest.raises(ConnectionError):
        files.put(Broken())
    assert not [path for path in files.folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("digest", ["0" * 64, "../../etc/passwd", "", "A" * 64, "0" * 63])
def test_what_is_not_stored_or_no_digest_is_unknown(files, digest):
    assert not _holds(files, digest)
    with pytest.raises(UnknownFile):
        files.path(digest)


def test_the_same_content_may_arrive_from_many_threads_at_once(files):
    content = b"x" * 3_000_000
    threads = [threading.Thread(target=lambda: files.put(io.BytesIO(content))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert files.size(hashlib.sha256(content).hexdigest()) == len(content)


def _holds(files, digest):
    try:
        return files.holds(digest)
    except UnknownFile:
        return False
