"""Tables in CSV files: read exactly, written the same way every time.

Reading goes through Arrow, whose numbers are parsed to the nearest double, and hands back what a
user of pandas expects: NaN where a cell of numbers or text is empty or spells a missing value,
text as ``str``, days and times as they were written.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from competition.errors import UnreadableTable, did_you_mean
from competition.files import replaced_file
from competition.unpacking import csv_bytes

__all__ = ["digest_file", "natural_types", "read_table", "write_table"]

MISSING_SPELLINGS = (
    "",
    "#N/A",
    "#N/A N/A",
    "#NA",
    "-1.#IND",
    "-1.#QNAN",
    "-NaN",
    "-nan",
    "1.#IND",
    "1.#QNAN",
    "<NA>",
    "N/A",
    "NA",
    "NULL",
    "NaN",
    "None",
    "n/a",
    "nan",
    "null",
)
"""How pandas, too, lets a missing value be written."""
BLOCK_BYTES = 16 * 1024 * 1024
CATEGORIES = pa.dictionary(pa.int32(), pa.string())
DECIMAL = re.compile(r"-?(?=\.?\d)(0|[1-9]\d*)?(\.\d*)?([eE][-+]?\d+)?", re.ASCII)
INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})", re.ASCII)


def read_table(
    path: str | Path,
    *,
    text_columns: Collection[str] = (),
    all_text: bool = False,
    columns: Sequence[str] | None = None,
    category_columns: Collection[str] = (),
    size_limit_bytes: int | None = None,
) -> pd.DataFrame:
    """Read one CSV file, plain, gzipped or alone in a zip archive.

    Parameters
    ----------
    path
        The file. Its content, not its name, tells how it is packed. UTF-8, with or without a
        byte-order mark; any line ends; a header row.
    text_columns
        Columns kept as text exactly as written: ``007``, ``NA`` and the empty cell stay what
        they are. Names that the file lacks are passed over.
    all_text
        Keep every column as text exactly as written.
    columns
        Read these columns alone, in this order.
    category_columns
        Columns in which few words stand again and again, read as pandas' categories.
    size_limit_bytes
        The most bytes that the unpacked text may have.

    Returns
    -------
    pandas.DataFrame
        One row per line, with a fresh range index.

    Raises
    ------
    UnreadableTable
        With one sentence: no such file, not a CSV file, empty, no rows below the header, a
        column twice, rows of unequal length, a wanted column missing.
    """
    source = Path(path)
    content = csv_bytes(source, size_limit_bytes)
    names = _header(content, source)
    wanted = _wanted(columns, names, source)
    texts = set(wanted if all_text else text_columns)
    verbatim = [name for name in wanted if name in texts]
    types = dict.fromkeys(verbatim, pa.string())
    types |= {name: CATEGORIES for name in category_columns if name in wanted}
    table = _parse(content, names, wanted, types, source)
    return _to_pandas(table, set(verbatim))


def natural_types(text: pd.Series[str]) -> pd.Series[Any]:
    """Give a column of verbatim text the type that its writing means, losing nothing.

    Integers when every cell is written as one (no leading zeros, no sign but minus), truth
    values for ``True``/``False``, floats when every cell is a number, else the text itself.

    Examples
    --------
    >>> natural_types(pd.Series(["3", "-1"])).tolist()
    [3, -1]
    >>> natural_types(pd.Series(["007", "1"])).tolist()
    ['007', '1']
    """
    spellings = pd.unique(text)
    if all(INTEGER.fullmatch(spelling) for spelling in spellings):
        return text.astype("int64")
    if set(spellings) <= {"True", "False"}:
        return text == "True"
    if all(DECIMAL.fullmatch(spelling) for spelling in spellings):
        return text.astype("float64")
    return text


def write_table(frame: pd.DataFrame, path: str | Path) -> None:
    """Write `frame` without its index: UTF-8, line feeds, the same bytes for the same values.

    The file appears whole or not at all.
    """
    with replaced_file(path) as temporary:
        frame.to_csv(temporary, index=False, lineterminator="\n", encoding="utf-8")


def digest_file(path: str | Path) -> str:
    """SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _header(content: bytes, source: Path) -> list[str]:
    """Column names, the unnamed ones named as pandas names them."""
    try:
        names = next(csv.reader(io.TextIOWrapper(io.BytesIO(content), "utf-8", newline="")))
    except UnicodeDecodeError:
        raise UnreadableTable(f"{source} is not UTF-8 text; save it as CSV UTF-8") from None
    except csv.Error as error:
        raise UnreadableTable(f"{source} is not a CSV file: {error}") from None
    _refuse_other_separator(names, source)
    named = [name or f"Unnamed: {place}" for place, name in enumerate(names)]
    twice = [name for name, count in Counter(named).items() if count > 1]
    if twice:
        raise UnreadableTable(f"{source} has the column {twice[0]!r} more than once; rename one")
    return named


def _refuse_other_separator(names: Sequence[str], source: Path) -> None:
    if len(names) != 1:
        return
    for mark, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if mark in names[0]:
            raise UnreadableTable(f"{source} is separated by {word}; save it with commas")


def _wanted(columns: Sequence[str] | None, names: Sequence[str], source: Path) -> list[str]:
    if columns is None:
        return list(names)
    for name in columns:
        if name not in names:
            hint = did_you_mean(name, names)
            raise UnreadableTable(
                f"{source} has no column {name!r}{hint or ';'} it has: {', '.join(names)}"
            )
    return list(columns)


def _parse(
    content: bytes,
    names: Sequence[str],
    wanted: Sequence[str],
    types: Mapping[str, pa.DataType],
    source: Path,
) -> pa.Table:
    choice = pyarrow.csv.ConvertOptions(
        include_columns=list(wanted),
        column_types=types,
        null_values=list(MISSING_SPELLINGS),
        strings_can_be_null=False,
    )
    table = _parse_once(content, names, choice, source)
    dated = [field.name for field in table.schema if pa.types.is_temporal(field.type)]
    if dated:
        choice.column_types = {**types, **dict.fromkeys(dated, pa.string())}
        table = _parse_once(content, names, choice, source)
    if not table.num_rows:
        raise UnreadableTable(f"{source} has column names but no rows")
    return table


def _parse_once(
    content: bytes, names: Sequence[str], choice: pyarrow.csv.ConvertOptions, source: Path
) -> pa.Table:
    try:
        return _read_csv(content, names, choice, use_threads=True)
    except pa.ArrowInvalid as error:
        raise UnreadableTable(_plain(error, content, names, choice, source)) from None


def _read_csv(
    content: bytes, names: Sequence[str], choice: pyarrow.csv.ConvertOptions, *, use_threads: bool
) -> pa.Table:
    return pyarrow.csv.read_csv(
        pa.BufferReader(content),
        read_options=pyarrow.csv.ReadOptions(
            column_names=list(names),
            skip_rows_after_names=1,
            block_size=BLOCK_BYTES if b'"' in content else None,
            use_threads=use_threads,
        ),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=b'"' in content),
        convert_options=choice,
    )


def _plain(
    error: pa.ArrowInvalid,
    content: bytes,
    names: Sequence[str],
    choice: pyarrow.csv.ConvertOptions,
    source: Path,
) -> str:
    """Arrow's message as one sentence about the file, with the line where one is at fault."""
    message = str(error)
    if "invalid UTF8" in message:
        return f"{source} is not UTF-8 text; save it as CSV UTF-8"
    if "Expected" in message and "columns, got" in message:
        return f"{source} is not a well-formed CSV file: {_ragged(content, names, choice)}"
    return f"{source} is not a well-formed CSV file: {message.splitlines()[0]}"


def _ragged(content: bytes, names: Sequence[str], choice: pyarrow.csv.ConvertOptions) -> str:
    """Which row has another number of cells than the header; read again, for threads lose it."""
    try:
        _read_csv(content, names, choice, use_threads=False)
    except pa.ArrowInvalid as error:
        found = re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", str(error))
        if found:
            row, expected, got = found.groups()
            return f"row {row} has {got} cells where the header has {expected} columns"
    return "its rows differ in length"


def _to_pandas(table: pa.Table, verbatim: Collection[str]) -> pd.DataFrame:
    for place, field in enumerate(table.schema):
        column = _pandas_like(table.column(place), field, field.name in verbatim)
        if column is not None:
            table = table.set_column(place, field.name, column)
    frame: pd.DataFrame = table.to_pandas()
    return frame


def _pandas_like(column: pa.ChunkedArray, field: pa.Field, is_verbatim: bool) -> Any:
    """Return the column with pandas' missing values; None when it stays as it is."""
    if pa.types.is_null(field.type):
        return column.cast(pa.float64())
    if pa.types.is_string(field.type) and not is_verbatim:
        missing = pc.is_in(column, value_set=pa.array(MISSING_SPELLINGS))
        if pc.any(missing).as_py():
            return pc.if_else(missing, pa.scalar(None, pa.string()), column)
    return None
