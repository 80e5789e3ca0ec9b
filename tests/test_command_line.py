"""The command as a shell sees it."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from ripe.cli import COMMANDS, main

HEAVY = (
    "numpy",
    "pandas",
    "sklearn",
    "scipy",
    "mlflow",
    "optuna",
    "kaggle",
    "kagglesdk",
    "sqlalchemy",
    "fastapi",
    "rich",
    "matplotlib",
    "pydantic",
)
RIPE = Path(sys.executable).with_name("ripe")


def imported_by(*arguments: str) -> set[str]:
    """Top-level modules loaded by `ripe ARGUMENTS`, in a process of its own."""
    code = (
        "import sys, json\nfrom ripe.cli import main\n"
        f"try:\n    main({list(arguments)!r})\nexcept SystemExit:\n    pass\n"
        "print('\\n' + json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_help_loads_no_heavy_library() -> None:
    assert not imported_by("--help") & set(HEAVY)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_without_heavy_libraries(name: str) -> None:
    assert not imported_by(name, "--help") & set(HEAVY)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_a_click_command_of_its_module(name: str) -> None:
    command = importlib.import_module(COMMANDS[name][0]).command
    assert isinstance(command, click.Command)
    assert command.help, f"{name} has no help text"


def test_the_console_script_ignores_folders_that_share_our_package_names(tmp_path: Path) -> None:
    for name in ("experiments", "submissions"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('the wrong package')\n")
    done = subprocess.run(
        [RIPE, "leaderboard", "--help"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["check", "nothing.csv", "-c", "nowhere"], "nowhere"), (["report", 300 * "a"], "too long")],
)
def test_a_refusal_is_one_line_and_status_one(
    tmp_path: Path, arguments: list[str], told: str
) -> None:
    done = subprocess.run(
        [RIPE, "--home", tmp_path / "home", *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("ripe: ")
    assert told in done.stderr


def test_a_wrong_option_is_status_two(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--no-such-option"])
    assert stop.value.code == 2
    assert "no-such-option" in capsys.readouterr().err
