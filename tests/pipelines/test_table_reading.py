"""Reading training and test tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipelines.errors import TableProblem
from pipelines.tables import ColumnKind, kind_of, read_tables


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, None], ColumnKind.NUMERIC),
        (["a", "b", "a"], ColumnKind.CATEGORICAL),
        (["Yes", "no", None], ColumnKind.BOOLEAN),
        ([True, False, True], ColumnKind.BOOLEAN),
        ([None, None], ColumnKind.EMPTY),
        ([f"ticket {n}" for n in range(60)], ColumnKind.TEXT),
        (pd.to_datetime(["2025-01-01", "2025-01-02"]), ColumnKind.DATE),
    ],
)
def test_the_kind_of_a_column_is_told_by_its_values(values, kind):
    assert kind_of(pd.Series(values)) is kind


def write(tmp_path, train="id,when,x,y\n1,2025-01-01,3,a\n2,2025-02-01,4,b\n", test=None):
    (tmp_path / "train.csv").write_text(train)
    (tmp_path / "test.csv").write_text(test or "id,when,x\n3,2025-03-01,5\n")
    return tmp_path / "train.csv", tmp_path / "test.csv"


def test_both_tables_are_typed_alike_and_digested(tmp_path):
    pair = read_tables(*write(tmp_path), targets=["y"], id_column="id")
    assert pair.features == ("when", "x")
    assert kind_of(pair.train["when"]) is kind_of(pair.test["when"]) is ColumnKind.DATE
    assert len(pair.digest) == 64
    changed = write(tmp_path, test="id,when,x\n3,2025-03-01,6\n")
    assert read_tables(*changed, targets=["y"], id_column="id").digest != pair.digest


def test_tables_of_one_name_are_both_digested(tmp_path):
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
    train, test = tmp_path / "here" / "rows.csv", tmp_path / "there" / "rows.csv"
    digests = set()
    for y in ("a", "b"):
        train.write_text(f"id,x,y\n1,3,{y}\n2,4,c\n")
        test.write_text("id,x\n3,5\n")
        pair = read_tables(train, test, targets=["y"], id_column="id")
        assert list(pair.digests) == ["rows.csv", "rows.csv (test)"]
        digests.add(pair.digest)
    assert len(digests) == 2


@pytest.mark.parametrize("tree", ["T1", 7])
def test_a_row_without_its_group_is_refused(tmp_path, tree):
    files = write(tmp_path, train=f"id,x,tree,y\n1,3,{tree},a\n2,4,,b\n")
    with pytest.raises(TableProblem, match="1 row without a value of the group column 'tree'"):
        read_tables(*files, targets=["y"], id_column="id", group_column="tree")


def test_columns_of_one_table_alone_are_not_learned_from(tmp_path):
    pair = read_tables(*write(tmp_path, test="id,x,extra\n3,5,1\n"), targets=["y"], id_column="id")
    assert pair.features == ("x",)


def test_labels_may_be_read_as_they_are_written(tmp_path):
    files = write(tmp_path, train="id,x,y\n1,3,007\n2,4,008\n")
    pair = read_tables(*files, targets=["y"], id_column="id", text_columns=["y"])
    assert list(pair.train["y"]) == ["007", "008"]


@pytest.mark.parametrize(
    ("train", "message"),
    [
        ("id,x\n1,2\n", "must hold the target 'y'"),
        ("id,x,y\n1,2,\n2,3,a\n", "rows without a value of y"),
        ("id,z,y\n1,2,a\n", "share no column to learn from"),
    ],
)
def test_tables_that_cannot_be_learned_from_are_refused(tmp_path, train, message):
    with pytest.raises(TableProblem, match=message):
        read_tables(*write(tmp_path, train=train), targets=["y"], id_column="id")


def test_the_real_titanic_table_is_read(shared_data):
    folder = shared_data / "titanic"
    pair = read_tables(
        folder / "train.csv", folder / "test.csv", targets=["Survived"], id_column="PassengerId"
    )
    kinds = {name: kind_of(pair.train[name]).value for name in pair.features}
    assert kinds["Name"] == kinds["Ticket"] == "text"
    assert kinds["Age"] == "numeric"
    assert np.isnan(pair.train["Age"]).sum() == 177


def test_infinite_values_are_gaps_and_told_of(tmp_path):
    train = "id,when,x,y\n1,2025-01-01,inf,a\n2,2025-02-01,4.5,b\n"
    pair = read_tables(
        *write(tmp_path, train, "id,when,x\n3,2025-03-01,-inf\n"), targets=["y"], id_column="id"
    )
    assert pair.train["x"].isna().tolist() == [True, False]
    assert pair.test["x"].isna().all()
    assert pair.notes == ("column 'x' holds 1 infinite value (taken as missing)",)


@pytest.mark.parametrize("value", ["inf", "-1e308"])
def test_a_target_beyond_calculation_is_refused(tmp_path, value):
    train = f"id,when,x,y\n1,2025-01-01,3,{value}\n2,2025-02-01,4,1.5\n"
    with pytest.raises(TableProblem, match=r"whose y is infinite or beyond 1e\+100"):
        read_tables(*write(tmp_path, train), targets=["y"])


def test_dates_of_several_time_zones_become_one_moment(tmp_path):
    train = "id,when,x,y\n1,2025-01-01T01:00:00+02:00,3,a\n2,2025-02-01T00:00:00Z,4,b\n"
    pair = read_tables(*write(tmp_path, train), targets=["y"], id_column="id")
    expected = pd.to_datetime(["2024-12-31T23:00:00", "2025-02-01T00:00:00"])
    assert (pair.train["when"].to_numpy() == expected.to_numpy()).all()
