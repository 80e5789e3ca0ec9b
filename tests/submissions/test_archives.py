"""Archives from elsewhere are unpacked only where they are harmless."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from submissions.archives import unpack
from submissions.errors import UnsafeArchive


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = tmp_path / "target"
    target.mkdir()
    return target


def archive_of(path: Path, members: dict[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_folders_and_files_come_out_as_they_went_in(tmp_path: Path, folder: Path) -> None:
    archive = archive_of(tmp_path / "a.zip", {"train.csv": b"a\n1\n", "images/é 1.txt": b"x"})
    assert unpack(archive, folder) == ["train.csv", "images/é 1.txt"]
    assert (folder / "images" / "é 1.txt").read_bytes() == b"x"


@pytest.mark.parametrize("name", ["../out.csv", "/out.csv", "a/../../out.csv", "C:\\out", "C:/out"])
def test_a_name_that_leads_out_is_refused(tmp_path: Path, folder: Path, name: str) -> None:
    archive = archive_of(tmp_path / "a.zip", {"good.csv": b"1", name: b"2"})
    with pytest.raises(UnsafeArchive, match="unsafe name"):
        unpack(archive, folder)
    assert not any(folder.iterdir())


def test_a_link_is_refused(tmp_path: Path, folder: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(UnsafeArchive, match="no plain file"):
        unpack(archive_of(tmp_path / "a.zip", {link: b"/etc/passwd"}), folder)


def test_two_members_of_one_name_are_refused(tmp_path: Path, folder: Path) -> None:
    archive = archive_of(tmp_path / "a.zip", {"a.csv": b"1", "A.csv": b"2"})
    with pytest.raises(UnsafeArchive, match="twice"):
        unpack(archive, folder)


def test_more_content_than_allowed_is_refused_while_it_is_written(
    tmp_path: Path, folder: Path
) -> None:
    archive = archive_of(tmp_path / "a.zip", {"a": b"0" * 4_000_000, "b": b"0" * 4_000_000})
    with pytest.raises(UnsafeArchive, match="more than is allowed"):
        unpack(archive, folder, max_bytes=5_000_000)
    assert sum(path.stat().st_size for path in folder.iterdir()) < 5_000_001


def test_too_many_members_are_refused(tmp_path: Path, folder: Path) -> None:
    archive = archive_of(tmp_path / "a.zip", {str(number): b"" for number in range(11)})
    with pytest.raises(UnsafeArchive, match="11 files"):
        unpack(archive, folder, max_members=10)


def test_a_damaged_archive_is_refused(tmp_path: Path, folder: Path) -> None:
    archive = archive_of(tmp_path / "a.zip", {"a": bytes(range(256)) * 100})
    content = bytearray(archive.read_bytes())
    content[60:80] = b"\0" * 20
    archive.write_bytes(bytes(content))
    with pytest.raises(UnsafeArchive, match="damaged"):
        unpack(archive, folder)
