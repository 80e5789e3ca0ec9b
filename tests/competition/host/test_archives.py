"""Archives that hosts upload: unpacked within bounds, and told when they are damaged."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from competition.host.archives import unpacked
from competition.host.failures import Failure
from competition.store import open_store


def packed(method: int) -> bytearray:
    """Return a zip archive of one file that packs well."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        archive.writestr("a.csv", "abc\n" * 10_000)
    return bytearray(content.getvalue())


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_a_damaged_archive_is_the_senders_mistake_and_not_ours(tmp_path: Path, method: int) -> None:
    content = packed(method)
    content[50:60] = b"\xff" * 10
    (tmp_path / "data.zip").write_bytes(content)
    with open_store(tmp_path / "home") as store:
        digest = store.files.put(tmp_path / "data.zip")
        with pytest.raises(Failure, match=r"data\.zip cannot be unpacked") as refused:
            unpacked(store, "data.zip", digest)
    assert refused.value.status == 400
