"""Bad input gives one clear message, and nothing is half-written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from competition.errors import CompetitionError
from experiments import ExperimentError, run_experiment
from experiments.definition.loading import load_experiment, parse_experiment
from pipelines.errors import PipelineError

Run = Callable[..., str]


@pytest.fixture
def refused(tmp_path: Path) -> Run:
    """Runs an experiment on own tables and returns its refusal; checks that nothing is left."""

    def run(
        train: pd.DataFrame,
        test: pd.DataFrame | None = None,
        data: dict[str, Any] | None = None,
        **sections: Any,
    ) -> str:
        train.to_csv(tmp_path / "train.csv", index=False)
        files = {"train": "train.csv", "target": "ripe", "metric": "accuracy", **(data or {})}
        if test is not None:
            test.to_csv(tmp_path / "test.csv", index=False)
            files["test"] = "test.csv"
        content = {"name": "bad", "data": files, "search": {"trials": 1}, **sections}
        home = tmp_path / "home"
        with pytest.raises((ExperimentError, PipelineError, CompetitionError)) as caught:
            run_experiment(parse_experiment(content, "bad.toml"), home, base=tmp_path)
        left = [path.relative_to(home) for path in home.rglob("*") if path.is_file()]
        assert not [path for path in left if path.parts[0] != "cache"]  # features are kept whole
        message = str(caught.value)
        assert "\n" not in message
        return message

    return run


def table(rows: int = 40) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    hue = generator.normal(100, 20, rows)
    return pd.DataFrame(
        {"fruit": range(rows), "hue": hue, "ripe": np.where(hue > 100, "yes", "no")}
    )


def test_a_recipe_that_names_a_missing_column(refused: Run) -> None:
    message = refused(table(), features=[{"step": "drop", "columns": ["hie"]}, {"step": "auto"}])
    assert message == "feature step 'drop': the table has no column 'hie'; did you mean 'hue'?"


def test_a_recipe_that_trials_may_take_is_looked_at_before_the_first_trial(refused: Run) -> None:
    message = refused(
        table(),
        recipes={"lean": [{"step": "drop", "columns": ["size"]}, {"step": "auto"}]},
        search={"trials": 1, "space": {"features": ["auto", "lean"]}},
    )
    assert "recipe 'lean': feature step 'drop': the table has no column 'size'" in message


def test_a_column_that_only_the_test_table_lacks(refused: Run) -> None:
    message = refused(
        table().assign(size=1.5),
        table().drop(columns="ripe"),
        features=[{"step": "log", "column": "size"}, {"step": "auto"}],
    )
    assert message.endswith("no column 'size'; the training table has it, the test table lacks it")


def test_a_test_table_with_other_columns(refused: Run) -> None:
    message = refused(table(), pd.DataFrame({"id": [1], "length": [3.0]}))
    assert "share no column to learn from" in message
    assert "'hue'" in message
    assert "'length'" in message


def test_a_target_of_one_class(refused: Run) -> None:
    message = refused(table().assign(ripe="yes"))
    assert message == "the target 'ripe' has one class only, 'yes'; there is nothing to learn"


def test_a_target_of_one_value(refused: Run) -> None:
    message = refused(table().assign(ripe=1.5), data={"metric": "rmse"})
    assert "the target 'ripe' has one value only, 1.5" in message


def test_words_where_the_metric_wants_numbers(refused: Run) -> None:
    assert "must hold numbers for rmse" in refused(table(), data={"metric": "rmse"})


def test_a_target_that_is_not_there(refused: Run) -> None:
    assert "must hold the target 'rip'" in refused(table(), data={"target": "rip"})


def test_more_folds_than_a_class_has_rows(refused: Run) -> None:
    rare = table().assign(ripe=["yes"] * 3 + ["no"] * 37)
    message = refused(rare, validation={"folds": 5})
    assert "the smallest class has 3; lower validation.folds to 3" in message


def test_a_class_of_a_single_row(refused: Run) -> None:
    message = refused(table().assign(ripe=["yes"] + ["no"] * 39))
    assert "the smallest class has 1; join that class to another, leave its rows out" in message


def test_values_are_named_as_they_are_written(refused: Run) -> None:
    message = refused(table().assign(ripe=1))
    assert message == "the target 'ripe' has one class only, 1; there is nothing to learn"


def test_more_folds_than_rows(refused: Run) -> None:
    message = refused(
        table(4).assign(ripe=[1.0, 2.0, 3.0, 4.0]), data={"metric": "rmse"}, validation={"folds": 5}
    )
    assert "5 folds need at least 5 rows, but there are 4" in message


@pytest.mark.parametrize(
    ("data", "validation", "message"),
    [
        ({"group_column": "fruits"}, {}, "data.group_column: the training table has no column"),
        ({"time_column": "day"}, {}, "data.time_column: the training table has no column 'day'"),
        ({}, {"kind": "predefined", "fold_column": "part"}, "validation.fold_column: the training"),
        ({}, {"kind": "predefined", "fold_column": "hue"}, "must hold whole numbers"),
        ({"group_column": "fruit"}, {"folds": 50}, "need at least 50"),
    ],
)
def test_columns_that_deal_the_rows(
    data: dict[str, Any], validation: dict[str, Any], message: str, refused: Run
) -> None:
    assert message in refused(table(), data=data, validation=validation)


def test_a_test_table_without_its_ids(refused: Run) -> None:
    test = table().drop(columns=["ripe", "fruit"])
    message = refused(table(), test, data={"id_column": "fruit"})
    assert "the test table has no column 'fruit', which names its rows" in message


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError) as caught:
        run_experiment(load_experiment("titanic"), tmp_path, data_folder=tmp_path / "nodir")
    assert str(caught.value) == f"there is no folder {tmp_path / 'nodir'}"


def test_a_folder_without_tables(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=r"there is no train\.csv in"):
        run_experiment(load_experiment("titanic"), tmp_path / "home", data_folder=tmp_path)


def test_a_folder_that_no_contest_describes(tmp_path: Path) -> None:
    table().to_csv(tmp_path / "train.csv", index=False)
    with pytest.raises(ExperimentError, match=r"has no contest-public\.toml"):
        run_experiment(load_experiment("titanic"), tmp_path / "home", data_folder=tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "not a TOML file: it holds no UTF-8 text"),
        (b"id,hue\n1,2\n", "not a TOML file"),
        (b"", "contest: name a contest"),
    ],
)
def test_a_file_that_is_no_experiment(content: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "odd.toml"
    file.write_bytes(content)
    with pytest.raises(ExperimentError) as caught:
        load_experiment(file)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
