"""Large tables are read block by block, and nothing that is learned differs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from competition.errors import UnreadableTable
from competition.tables import digest_file, read_table
from experiments import run_experiment
from experiments.definition.loading import parse_experiment
from pipelines.features import Step, build_features, parse_recipe
from pipelines.features.steps import Setting
from pipelines.tables import read_tables, sparing
from pipelines.tables.kinds import kind_of
from pipelines.tables.sparing import is_large, memory_bytes, read_sparingly

ROWS = 3000


def mixed() -> pd.DataFrame:
    generator = np.random.default_rng(0)
    late = np.arange(ROWS) > ROWS - 5
    return pd.DataFrame(
        {
            "id": np.arange(ROWS),
            "hue": np.where(generator.random(ROWS) < 0.1, np.nan, generator.normal(size=ROWS)),
            "count": np.where(generator.random(ROWS) < 0.1, np.nan, generator.integers(0, 9, ROWS)),
            "orchard": generator.choice(["hill, upper", 'the "mill"', "fläche", "NA"], ROWS),
            "ticket": [f"T{n}" for n in range(ROWS)],
            "picked": pd.date_range("2026-01-01", periods=ROWS, freq="h").strftime(
                "%Y-%m-%d %H:%M"
            ),
            "wet": generator.choice([True, False], ROWS),
            "late_fraction": np.where(late, 0.5, 3).astype(object),
            "late_word": np.where(late, "seven", "7"),
            "late_value": np.where(late, 1.5, np.nan),
            "nothing": np.nan,
            "code": generator.choice(["007", "07"], ROWS),
            "truth_or_not": np.where(generator.random(ROWS) < 0.1, "", "True"),
        }
    )


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sparing, "BLOCK_BYTES", 4096)
    path = tmp_path / "train.csv"
    mixed().to_csv(path, index=False)
    return path


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype(dict.fromkeys(frame.select_dtypes("category").columns, "str"))


def test_a_table_read_block_by_block_equals_one_read_at_once(file: Path) -> None:
    frame, digest = read_sparingly(file, ["code"])
    pd.testing.assert_frame_equal(plain(frame), read_table(file, text_columns=["code"]))
    assert digest == digest_file(file)


def test_repeated_words_are_a_category_and_names_are_not(file: Path) -> None:
    frame, _ = read_sparingly(file)
    assert isinstance(frame["orchard"].dtype, pd.CategoricalDtype)
    assert not isinstance(frame["ticket"].dtype, pd.CategoricalDtype)


def test_kinds_and_dates_are_told_alike(file: Path) -> None:
    large = read_tables(file, None, targets=("code",), id_column="id", memory=1000)
    small = read_tables(file, None, targets=("code",), id_column="id")
    for name in small.features:
        assert kind_of(large.train[name]) == kind_of(small.train[name]), name
    assert pd.api.types.is_datetime64_any_dtype(large.train["picked"])
    assert large.digest == small.digest


def test_dates_that_repeat_are_dates(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    days = ["2026-03-01", "2026-03-02"] * 40
    pd.DataFrame({"day": days, "y": range(80)}).to_csv(path, index=False)
    large = read_tables(path, None, targets=("y",), memory=10)
    assert pd.api.types.is_datetime64_any_dtype(large.train["day"])


def test_only_plain_files_over_a_fifth_of_the_memory_are_large(file: Path, tmp_path: Path) -> None:
    size = file.stat().st_size
    assert is_large(file, 5 * size - 5)
    assert not is_large(file, 5 * size + 5)
    packed = tmp_path / "train.csv.gz"
    mixed().to_csv(packed, index=False)
    assert not is_large(packed, 10)
    assert 2**20 < memory_bytes() < 2**50


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b\n1,2\n1,2,3\n", "not a well-formed CSV file"),
        (b"a,a\n1,2\n", "more than once"),
        (b"a;b\n1;2\n", "separated by semicolons"),
        (b"a,b\n", "no rows"),
        (b"a,b\n1,\xff\xff\n", "not"),
    ],
)
def test_what_is_no_table_is_refused_in_one_sentence(
    content: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes(content)
    with pytest.raises(UnreadableTable, match=message) as caught:
        read_sparingly(path)
    assert "\n" not in str(caught.value)


RECIPES: list[str | list[dict[str, Any]]] = [
    "auto",
    [{"step": "frequency", "columns": ["orchard"]}, {"step": "auto"}],
    [{"step": "target_encode", "columns": ["orchard"]}, {"step": "auto"}],
    [{"step": "one_hot", "columns": ["orchard"]}, {"step": "auto"}],
    [{"step": "aggregate", "by": "orchard", "columns": ["hue"]}, {"step": "auto"}],
    [{"step": "given", "column": "orchard"}, {"step": "auto"}],
    [{"step": "extract", "column": "orchard", "pattern": "([a-z])", "name": "l"}, {"step": "auto"}],
    [{"step": "drop", "columns": ["categorical"]}, {"step": "auto"}],
    [{"step": "auto"}, {"step": "select", "count": 3}],
]


@pytest.mark.parametrize("recipe", RECIPES)
def test_features_are_the_same_bit_for_bit(recipe: str | list[dict[str, Any]], file: Path) -> None:
    steps: tuple[Step, ...] = parse_recipe(recipe)
    said = []
    for memory in (None, 1000):
        pair = read_tables(file, None, targets=("code",), id_column="id", memory=memory)
        table = pair.train[list(pair.features)]
        pipeline = build_features(steps, Setting(True))
        learned = pipeline.fit_transform(table[:2000], np.arange(2000) % 2)
        said.append((learned.tobytes(), pipeline.transform(table[2000:]).tobytes()))
    assert said[0] == said[1]


def test_a_study_predicts_the_same(
    small_home: Path,
    small_experiment: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    experiment = parse_experiment(small_experiment(search={"trials": 1}), "small")
    usual = run_experiment(experiment, small_home)
    monkeypatch.setattr(sparing, "memory_bytes", lambda: 1000)
    again = run_experiment(experiment, small_home, fresh=True)
    assert usual.predictions is not None
    assert again.predictions is not None
    pd.testing.assert_frame_equal(usual.predictions, again.predictions)
