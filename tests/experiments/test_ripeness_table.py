"""The shipped experiment on the avocado table that circulates: separable, so nothing less than 1.0."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ripe.cli import main

TABLE = Path("avocado") / "avocado_ripeness_dataset.csv"


def ripe(*arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    told = capsys.readouterr()
    assert stop.value.code == 0, told.err
    return told.out


def test_the_network_makes_no_error_on_it(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, file = ("--home", str(tmp_path / "home")), str(tmp_path / "answers.csv")
    table = ("--train", str(shared_data / TABLE), "--target", "ripeness", "--metric", "accuracy")
    ripe(*home, "contest", "new", "ripeness-table", *table, capsys=capsys)
    told = ripe(*home, "run", "ripeness_table", "--trials", "2", "--json", capsys=capsys)
    ripe(*home, "export", json.loads(told)["run_id"], "-o", file, capsys=capsys)
    scored = json.loads(ripe(*home, "score", file, "-c", "ripeness-table", "--json", capsys=capsys))
    assert scored["overall"] == 1.0
