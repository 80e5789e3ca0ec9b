"""The bytes of a CSV file, however it is packed; anything else is refused by its first bytes."""

from __future__ import annotations

import gzip
import os
import zipfile
import zlib
from pathlib import Path
from typing import IO

from competition.errors import UnreadableTable

STEP_BYTES = 1024 * 1024
BINARY_CHECK_BYTES = 65_536
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
FOREIGN_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"PAR1", "a Parquet file"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word document"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\xff\xfe", "text in UTF-16"),
    (b"\xfe\xff", "text in UTF-16"),
    (b"{", "JSON"),
    (b"[", "JSON"),
    (b"<", "HTML or XML"),
)


def csv_bytes(source: Path, limit: int | None) -> bytes:
    """Read and unpack a file, without its byte-order mark and leading empty lines.

    Parameters
    ----------
    source
        A CSV file, plain, gzipped or alone in a zip archive, told apart by content.
    limit
        The most bytes that the unpacked text may have.

    Raises
    ------
    UnreadableTable
        With one sentence: no such file, empty, too large, or another kind of file.
    """
    content = _unpacked(source, limit).removeprefix(BYTE_ORDER_MARK).lstrip(b"\r\n")
    _refuse_foreign(content, source)
    return content


def _unpacked(source: Path, limit: int | None) -> bytes:
    try:
        with source.open("rb") as stream:
            start = stream.read(4)
            stream.seek(0)
            return _bounded(stream, start, source, limit)
    except IsADirectoryError:
        raise UnreadableTable(f"{source} is a folder; give the CSV file in it") from None
    except FileNotFoundError:
        raise UnreadableTable(f"there is no file {source}") from None
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise UnreadableTable(f"{source} cannot be read: {error}") from error


def _bounded(stream: IO[bytes], start: bytes, source: Path, limit: int | None) -> bytes:
    if start[:2] == b"\x1f\x8b":
        with gzip.open(stream) as unpacked:
            return _read_up_to(unpacked, source, limit)
    if start == b"PK\x03\x04":
        with (
            zipfile.ZipFile(stream) as archive,
            archive.open(_only_member(archive, source)) as member,
        ):
            return _read_up_to(member, source, limit)
    if limit is None or os.fstat(stream.fileno()).st_size <= limit:
        return stream.read()
    return _read_up_to(stream, source, limit)


def _only_member(archive: zipfile.ZipFile, source: Path) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) != 1:
        raise UnreadableTable(
            f"{source} is not a CSV file: a zip archive must hold exactly one file, "
            f"this one holds {len(members)}"
        )
    if members[0].flag_bits & 0x1:
        raise UnreadableTable(f"{source} is an encrypted archive; pack it without a password")
    return members[0]


def _read_up_to(stream: IO[bytes] | gzip.GzipFile, source: Path, limit: int | None) -> bytes:
    """Read in steps, so that neither a bomb nor a generous limit takes memory."""
    if limit is None:
        return stream.read()
    content = bytearray()
    while step := stream.read(min(STEP_BYTES, limit + 1 - len(content))):
        content += step
        if len(content) > limit:
            raise UnreadableTable(
                f"{source} is larger than the {limit / 1e6:g} MB that are allowed once unpacked"
            )
    return bytes(content)


def _refuse_foreign(content: bytes, source: Path) -> None:
    if not content or content.isspace():
        raise UnreadableTable(f"{source} is empty; a CSV file begins with a row of column names")
    for start, kind in FOREIGN_STARTS:
        if content.startswith(start):
            raise UnreadableTable(f"{source} is not a CSV file: it looks like {kind}")
    if b"\x00" in content[:BINARY_CHECK_BYTES]:
        raise UnreadableTable(f"{source} is not a CSV file: it holds binary data")
