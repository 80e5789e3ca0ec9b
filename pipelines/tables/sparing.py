"""Reading a large table in little more memory than its values need.

The file goes by in blocks and only once: each block becomes numbers, or words counted by their
distinct values, before the next is read. What comes out equals what `competition.tables.read_table`
gives, but that repeated words are a pandas category. Numbers stay 64 bits wide, so that features,
and all that is learned from them, are the same bit for bit.
"""

import csv
import hashlib
import io
import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from competition.errors import UnreadableTable
from competition.tables import MISSING_SPELLINGS, read_table

SHARE_OF_MEMORY = 0.2
BLOCK_BYTES = 1024 * 1024
REPEATED = 0.5  # words are a category where no more than this share of them differ
UNUSUAL = (b"\x1f\x8b", b"PK\x03\x04", b"\r", b"\n")  # packed, or begins with empty lines
OTHER_SEPARATORS = (";", "\t", "|")
LIMIT_FILES = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
WIDER: dict[pa.DataType, pa.DataType] = {
    pa.null(): pa.int64(),
    pa.int64(): pa.bool_(),
    pa.bool_(): pa.float64(),
    pa.float64(): pa.string(),
}
"""The order in which Arrow, too, tries what a column may hold; days and times stay text."""
MISFIT = re.compile(r"In CSV column #(\d+): CSV conversion error")


def memory_bytes() -> int:
    """Return the memory that this process may use: the machine's, or less where it is limited."""
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for name in LIMIT_FILES:
        try:
            sizes.append(int(Path(name).read_text(encoding="ascii")))
        except (OSError, ValueError):
            continue
    return min(sizes)


def is_large(path: Path, memory: int | None = None) -> bool:
    """Tell whether a plain CSV file takes more than a fifth of the memory.

    Parameters
    ----------
    path : pathlib.Path
    memory : int, optional
        Bytes of memory; what there is unless given.
    """
    if not path.is_file():
        return False
    limit = SHARE_OF_MEMORY * (memory_bytes() if memory is None else memory)
    if path.stat().st_size <= limit:
        return False
    with path.open("rb") as stream:
        return not stream.read(4).startswith(UNUSUAL)


def read_sparingly(path: Path, text_columns: Collection[str] = ()) -> tuple[pd.DataFrame, str]:
    """Read a plain CSV file block by block.

    Parameters
    ----------
    path : pathlib.Path
    text_columns : collection of str
        Columns kept as text exactly as written.

    Returns
    -------
    pandas.DataFrame
        As `competition.tables.read_table` gives it, repeated words as a category.
    str
        SHA-256 of the file's bytes.

    Raises
    ------
    competition.errors.UnreadableTable
        With one sentence.
    """
    names = _names(path)
    types = _first_types(path, names, text_columns)
    while True:
        try:
            return _read(path, names, types, text_columns)
        except pa.ArrowInvalid as error:
            misfit = MISFIT.search(str(error))
            name = names[int(misfit[1])] if misfit else ""
            if types.get(name) not in WIDER:
                raise UnreadableTable(
                    f"{path} is not a well-formed CSV file: {str(error).splitlines()[0]}"
                ) from None
            types[name] = WIDER[types[name]]


def _names(path: Path) -> list[str]:
    """Return the column names as `read_table` names them, with its refusals."""
    with path.open("rb") as stream:
        head = stream.readline() + stream.readline()
    try:
        sample = next(csv.reader(io.StringIO(head.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error, StopIteration):
        return list(read_table(path).columns)  # says what is wrong with it
    separated = len(sample) == 1 and any(mark in sample[0] for mark in OTHER_SEPARATORS)
    if separated or len(set(sample)) < len(sample):
        return list(read_table(path).columns)
    return [name or f"Unnamed: {place}" for place, name in enumerate(sample)]


def _first_types(
    path: Path, names: Sequence[str], text_columns: Collection[str]
) -> dict[str, pa.DataType]:
    """Guess from the first block what the columns hold."""
    with path.open("rb") as stream:
        try:
            schema = _open(stream, names, {}).schema
        except pa.ArrowInvalid as error:
            raise UnreadableTable(
                f"{path} is not a well-formed CSV file: {str(error).splitlines()[0]}"
            ) from None
    known = (pa.null(), pa.int64(), pa.bool_(), pa.float64())
    return {
        field.name: field.type
        if field.type in known and field.name not in text_columns
        else pa.string()
        for field in schema
    }


def _open(
    stream: Any, names: Sequence[str], types: dict[str, pa.DataType]
) -> pyarrow.csv.CSVStreamingReader:
    return pyarrow.csv.open_csv(
        pa.PythonFile(stream, mode="r"),
        read_options=pyarrow.csv.ReadOptions(
            column_names=list(names), skip_rows_after_names=1, block_size=BLOCK_BYTES
        ),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=types, null_values=list(MISSING_SPELLINGS), strings_can_be_null=False
        ),
        memory_pool=pa.system_memory_pool(),  # gives back at once what is done with
    )


def _read(
    path: Path, names: Sequence[str], types: dict[str, pa.DataType], verbatim: Collection[str]
) -> tuple[pd.DataFrame, str]:
    with path.open("rb") as file:
        stream = _Digesting(file)
        chunks: dict[str, list[pa.Array]] = {name: [] for name in names}
        for batch in _open(stream, names, types):
            for name, column in zip(names, batch.columns, strict=True):
                chunks[name].append(_small(column, name in verbatim))
        digest = stream.finish()
    if not sum(map(len, chunks[names[0]])):
        raise UnreadableTable(f"{path} has column names but no rows")
    columns = {name: _as_pandas(chunks.pop(name)) for name in names}
    return pd.DataFrame(columns, copy=False), digest


def _small(column: pa.Array, verbatim: bool) -> pa.Array:
    """Return a block's column with pandas' missing values; words by their distinct values."""
    if pa.types.is_null(column.type):
        return column.cast(pa.float64())
    if not pa.types.is_string(column.type):
        return column
    if verbatim:
        return column
    words = column.dictionary_encode()
    known = pc.invert(pc.is_in(words.dictionary, value_set=pa.array(MISSING_SPELLINGS)))
    if pc.all(known).as_py():
        return words
    return pc.if_else(known.take(words.indices), column, None).dictionary_encode()


def _as_pandas(chunks: list[pa.Array]) -> "pd.Series[Any]":
    column = pa.chunked_array(chunks)
    chunks.clear()
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
        words = column.chunk(0).dictionary if column.num_chunks else ()
        if len(words) > REPEATED * len(column):
            column = column.cast(pa.string())
    values: pd.Series[Any] = column.to_pandas()
    return values


class _Digesting(io.RawIOBase):
    """A file that takes the digest of what is read from it."""

    def __init__(self, file: Any) -> None:
        self.file = file
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data: bytes = self.file.read(size)
        self.digest.update(data)
        return data

    def finish(self) -> str:
        """Take in what is left, and return the digest."""
        while data := self.file.read(BLOCK_BYTES):
            self.digest.update(data)
        return self.digest.hexdigest()
