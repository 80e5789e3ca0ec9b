"""`ripe doctor` on homes in good and in bad health."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from ripe.cli import main


def doctor(home: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, dict[str, str]]]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as stop:
        main(["--home", str(home), "doctor", "--json"])
    found = json.loads(capsys.readouterr().out)
    return int(stop.value.code or 0), {finding["what"]: finding for finding in found}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with pytest.raises(SystemExit) as stop:
        main(["--home", str(tmp_path / "home"), "contest", "new", "avocado-first-steps"])
    assert stop.value.code == 0
    return tmp_path / "home"


def test_an_empty_home_is_no_illness(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, found = doctor(tmp_path / "nothing", capsys)
    assert status == 0
    assert found["host"]["verdict"] == "note"
    assert not (tmp_path / "nothing").exists()


def test_it_says_which_limits_hold_a_metric(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, found = doctor(home, capsys)
    assert status == 0
    limits = {what for what in found if what.startswith("scoring limit")}
    assert {"scoring limit: time", "scoring limit: memory", "scoring limit: network"} <= limits
    assert "avocado-first-steps" in found["contests"]["said"]


def test_a_forged_audit_log_is_found(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect(home / "host.db") as database:
        table = next(
            name
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if "audit" in name and "head" not in name
        )
        changed = database.execute(f"UPDATE {table} SET actor = 'somebody else'").rowcount
    database.close()
    assert changed
    status, found = doctor(home, capsys)
    assert status == 1
    assert found["audit log: avocado-first-steps"]["verdict"] == "broken"
