"""Tables come out of files as they were written, or a sentence says why not."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from competition.errors import UnreadableTable
from competition.tables import digest_file, natural_types, read_table, write_table


@pytest.fixture
def written(tmp_path: Path):
    def write(content: bytes) -> Path:
        path = tmp_path / "table.csv"
        path.write_bytes(content)
        return path

    return write


def test_crlf_byte_order_mark_quotes_spaces_and_other_scripts_are_read(written) -> None:
    path = written(
        '\ufefffruit id,"skin, colour",größe\r\n1,"dark, ""very""",3\r\n2,緑,4\r\n'.encode()
    )
    frame = read_table(path)
    assert frame.to_dict("list") == {
        "fruit id": [1, 2],
        "skin, colour": ['dark, "very"', "緑"],
        "größe": [3, 4],
    }


def test_a_quoted_line_break_stays_in_its_cell(written) -> None:
    frame = read_table(written(b'a,b\n1,"two\nlines"\n2,x\n'))
    assert frame["b"].tolist() == ["two\nlines", "x"]


def test_numbers_keep_their_type_and_every_bit(written) -> None:
    frame = read_table(written(b"i,f,g\n1,0.1,\n-2,1e-320,2\n"))
    assert frame["i"].dtype == np.int64
    assert frame["f"].tolist() == [0.1, 1e-320]
    assert np.isnan(frame["g"][0])
    assert frame["g"][1] == 2.0


def test_days_and_times_stay_text(written) -> None:
    frame = read_table(written(b"d,t,s\n2024-01-02,12:30,2024-01-02T12:30:00\n"))
    assert frame.iloc[0].tolist() == ["2024-01-02", "12:30", "2024-01-02T12:30:00"]


def test_missing_spellings_are_missing_except_in_text_columns(written) -> None:
    path = written(b"a,b\nNA,NA\n007,None\nx,\n")
    assert read_table(path)["a"].isna().tolist() == [True, False, False]
    kept = read_table(path, text_columns=["b"])
    assert kept["b"].tolist() == ["NA", "None", ""]
    assert read_table(path, all_text=True)["a"].tolist() == ["NA", "007", "x"]


def test_columns_can_be_chosen_in_any_order(written) -> None:
    path = written(b"a,b,c\n1,2,3\n")
    assert list(read_table(path, columns=["c", "a"]).columns) == ["c", "a"]
    with pytest.raises(UnreadableTable, match="did you mean 'b'"):
        read_table(path, columns=["B"])


def test_an_unnamed_column_is_named_as_pandas_names_it(written) -> None:
    assert list(read_table(written(b",b\n0,2\n")).columns) == ["Unnamed: 0", "b"]


def test_packed_files_are_known_by_their_content(tmp_path: Path) -> None:
    packed, zipped = tmp_path / "upload-1", tmp_path / "upload-2"
    packed.write_bytes(gzip.compress(b"a\n1\n"))
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.csv", "a\n1\n")
    assert read_table(packed).equals(read_table(zipped))


def test_unpacking_stops_at_the_limit(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", "a\n" + "1\n" * 1_000_000)
    with pytest.raises(UnreadableTable, match=r"larger than the 0\.1 MB"):
        read_table(bomb, size_limit_bytes=100_000)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"\r\n\r\n", "is empty"),
        (b"a,b\n", "has column names but no rows"),
        (b"a,b\n1,2\n3\n", "row 3 has 1 cells where the header has 2 columns"),
        (b"a,b\n1,2,3\n", "row 2 has 3 cells"),
        (b"a,b,a\n1,2,3\n", "has the column 'a' more than once"),
        (b"a;b\n1;2\n", "separated by semicolons"),
        (b"a\tb\n1\t2\n", "separated by tabs"),
        (b"\x89PNG\r\n\x1a\n", "looks like a PNG image"),
        (b"PAR1xxxx", "looks like a Parquet file"),
        (b'{"a": 1}', "looks like JSON"),
        (b"<html>", "looks like HTML"),
        (b"a,b\n\x00\x01,2\n", "holds binary data"),
        ("a,b\nä,2\n".encode("latin-1"), "is not UTF-8 text"),
        ("ä,b\n1,2\n".encode("latin-1"), "is not UTF-8 text"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
        (b"\x1f\x8bnot really", "cannot be read"),
    ],
)
def test_what_is_no_table_gets_one_clear_line(written, content: bytes, sentence: str) -> None:
    with pytest.raises(UnreadableTable) as caught:
        read_table(written(content))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableTable, match="there is no file"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(UnreadableTable, match="is a folder"):
        read_table(tmp_path)


def test_an_archive_must_hold_one_file(tmp_path: Path) -> None:
    path = tmp_path / "two.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "a\n1\n")
        archive.writestr("b.csv", "a\n1\n")
    with pytest.raises(UnreadableTable, match="exactly one file"):
        read_table(path)


def test_writing_gives_the_same_bytes_every_time_and_reads_back_exactly(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"id": [3, 1, 2], "p": rng.random(3), "s": ["a,b", 'q"', "ü"]})
    write_table(frame, tmp_path / "one.csv")
    write_table(frame, tmp_path / "two.csv")
    assert digest_file(tmp_path / "one.csv") == digest_file(tmp_path / "two.csv")
    assert read_table(tmp_path / "one.csv").equals(frame)
    assert b"\r" not in (tmp_path / "one.csv").read_bytes()


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_table(pd.DataFrame({"a": [1]}), path)
    with pytest.raises(UnicodeEncodeError):
        write_table(pd.DataFrame({"a": ["\ud800"]}), path)
    assert path.read_text() == "a\n1\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["0", "-12"], "int64"),
        (["0.5", "1"], "float64"),
        (["1e5", ".5", "5."], "float64"),
        (["True", "False"], "bool"),
        (["007", "8"], "str"),
        (["1", ""], "str"),
        (["+1", "2"], "str"),
        (["-", "."], "str"),
        (["99999999999999999999", "1"], "float64"),
    ],
)
def test_text_takes_the_type_that_its_writing_means(cells: list[str], kind: str) -> None:
    assert natural_types(pd.Series(cells, dtype="str")).dtype == kind
