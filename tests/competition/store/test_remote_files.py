import hashlib
import io
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from competition.errors import NotAllowed
from competition.store import FolderFiles, UnknownFile, open_store
from competition.store.remote_files import FilesUnavailable, RemoteFiles


@pytest.fixture
def host(tmp_path):
    """A host of files at a loopback port: its address and its folder."""
    files = FolderFiles(tmp_path / "host")

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            digest = self.path.removeprefix("/worker/files/")
            if self.headers["Authorization"] != "Bearer good":
                self.answer(401, b"")
            elif digest == "f" * 64:
                self.answer(200, b"something else")
            elif not files.holds(digest):
                self.answer(404, b"")
            else:
                self.answer(200, files.path(digest).read_bytes())

        def do_PUT(self):
            content = self.rfile.read(int(self.headers["Content-Length"]))
            stored = files.put(io.BytesIO(content))
            self.answer(200 if self.path.endswith(stored) else 400, b"")

        def answer(self, status, content):
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", files
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_the_host_has_is_fetched_once_and_kept(host, tmp_path):
    address, files = host
    digest = files.put(io.BytesIO(b"avocado"))
    remote = RemoteFiles(address, "good", tmp_path / "cache")
    assert remote.holds(digest)
    assert remote.size(digest) == 7
    files.path(digest).unlink()
    with remote.open(digest) as stream:
        assert stream.read() == b"avocado"


def test_what_is_put_lies_with_the_host(host, tmp_path):
    address, files = host
    digest = RemoteFiles(address + "/", "good", tmp_path / "cache").put(io.BytesIO(b"losses"))
    assert digest == hashlib.sha256(b"losses").hexdigest()
    assert files.path(digest).read_bytes() == b"losses"


def test_other_content_than_asked_for_is_refused(host, tmp_path):
    remote = RemoteFiles(host[0], "good", tmp_path / "cache")
    with pytest.raises(FilesUnavailable, match="sent other content"):
        remote.path("f" * 64)


def test_refusals_say_what_to_do(host, tmp_path):
    with pytest.raises(UnknownFile, match="has no file"):
        RemoteFiles(host[0], "good", tmp_path).path("0" * 64)
    with pytest.raises(NotAllowed, match="RIPE_TOKEN"):
        RemoteFiles(host[0], "bad", tmp_path).path("0" * 64)
    with pytest.raises(FilesUnavailable, match="does not answer"):
        RemoteFiles("http://127.0.0.1:1", "good", tmp_path).path("0" * 64)
    with pytest.raises(FilesUnavailable, match="begins with http"):
        RemoteFiles("ftp://host", "good", tmp_path)


def test_a_store_takes_a_folder_or_an_address(tmp_path, monkeypatch):
    monkeypatch.setenv("RIPE_TOKEN", "good")
    with open_store(tmp_path / "a", files=tmp_path / "shared") as store:
        assert store.files.folder == tmp_path / "shared"
    with open_store(tmp_path / "b", files="http://127.0.0.1:1") as store:
        assert repr(store.files) == "RemoteFiles('http://127.0.0.1:1')"
        assert "good" not in repr(store)
