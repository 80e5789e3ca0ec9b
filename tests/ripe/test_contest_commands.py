"""``ripe contest`` as a shell meets it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from competition.definition import load_contest
from competition.tables import read_table
from ripe.cli import main


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def ripe(tmp_path: Path, monkeypatch, capsys):
    """Run ``ripe`` on a fresh home, in this process, and return what it did."""
    monkeypatch.setenv("RIPE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> Done:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        output = capsys.readouterr()
        return Done(ended.value.code, output.out, output.err)

    return run


@pytest.fixture
def console_script(tmp_path: Path):
    """Run the installed ``ripe`` in a process of its own."""
    script = Path(sys.executable).with_name("ripe")
    environment = {**os.environ, "RIPE_HOME": str(tmp_path / "home")}

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [script, *map(str, arguments)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


@pytest.fixture
def harvest(tmp_path: Path) -> Path:
    path = tmp_path / "my harvest.csv"
    rows = [f'{n},"ripe, {n % 3}",{n % 7}' for n in range(60)]
    path.write_bytes("\r\n".join(["\ufeffFruit Id,Größe und Art,orchard", *rows]).encode())
    return path


def test_titanic_becomes_a_contest_of_the_home(console_script, ripe, shared_data, tmp_path) -> None:
    folder = shared_data / "titanic"
    done = console_script(
        *("contest", "new", "titanic", "--train", folder / "train.csv"),
        *("--test", folder / "test.csv", "--solution", folder / "solution_from_titanic3.csv"),
        *("--target", "Survived", "--id", "PassengerId", "--metric", "accuracy"),
    )
    assert done.returncode == 0, done.stderr
    assert "891 training rows, 418 test rows (125 public, 293 private)" in done.stdout
    listed = json.loads(ripe("contest", "list", "--json").stdout)
    assert [(one["slug"], one["metric"]) for one in listed] == [("titanic", "accuracy")]
    shown = json.loads(ripe("contest", "show", "titanic", "--json").stdout)
    assert shown["labels"] == [0, 1]
    assert "solution.csv" not in shown["files"]
    assert load_contest(tmp_path / "home/contests/titanic").slug == "titanic"


def test_one_table_is_enough_and_what_was_decided_is_said(ripe, harvest, tmp_path) -> None:
    done = ripe("contest", "new", "fruit", "--train", harvest, "--target", "Größe und Art")
    assert done.returncode == 0, done.stderr
    assert "no metric was named: accuracy fits the targets" in done.stdout
    assert "no id column was named: 'Fruit Id' identifies every row" in done.stdout
    train = read_table(tmp_path / "home/contests/fruit/data/train.csv")
    assert list(train.columns) == ["Fruit Id", "Größe und Art", "orchard"]
    shown = ripe("contest", "show", "fruit").stdout
    assert "predict Größe und Art (ripe, 0, ripe, 1, ripe, 2)" in shown


def test_every_setting_reaches_the_contest(ripe, harvest) -> None:
    done = ripe(
        *("contest", "new", "fruit", "--train", harvest, "--target", "Größe und Art"),
        *("--group", "orchard", "--test-fraction", "0.5", "--public-fraction", "0.5"),
        *("--title", "My fruit", "--deadline", "2030-01-31T12:00", "--daily-limit", "3"),
        *("--ladder", "--privacy", "limited", "--beside", "balanced_accuracy", "--decimals", "3"),
        *("--metric", "F-Score Beta (Macro)", "--parameter", "beta=2", "--closed", "--seed", "4"),
    )
    assert done.returncode == 0, done.stderr
    shown = json.loads(ripe("contest", "show", "fruit", "--json").stdout)
    wanted = {
        "title": "My fruit",
        "deadline": "2030-01-31 12:00:00+00:00",
        "max_daily_submissions": 3,
        "ladder": True,
        "privacy": "limited",
        "group_column": "orchard",
        "score_truncation_num_decimals": 3,
        "launched_at": None,
        "seed": 4,
    }
    assert {name: shown[name] for name in wanted} == wanted
    assert shown["metric"]["name"] == "f_beta_macro"
    assert shown["metric"]["parameters"] == {"beta": 2}


def test_a_downloaded_contest_can_be_practised_on(ripe, harvest, tmp_path) -> None:
    ripe("contest", "new", "fruit", "--train", harvest, "--target", "Größe und Art")
    (tmp_path / "home/data").mkdir()
    (tmp_path / "home/contests/fruit/data").rename(tmp_path / "home/data/fruit")
    done = ripe("contest", "new", "my-fruit", "--from-download", "fruit")
    assert done.returncode == 0, done.stderr
    mine = load_contest(tmp_path / "home/contests/my-fruit")
    assert (mine.id_column, mine.targets) == ("Fruit Id", ("Größe und Art",))
    assert mine.labels == ("ripe, 0", "ripe, 1", "ripe, 2")


def test_a_contest_folder_can_be_added_to_another_home(ripe, harvest, tmp_path) -> None:
    ripe("contest", "new", "fruit", "--train", harvest, "--target", "Größe und Art")
    folder = tmp_path / "home/contests/fruit"
    done = ripe("--home", tmp_path / "other", "contest", "add", folder)
    assert done.returncode == 0, done.stderr
    assert "fruit" in ripe("--home", tmp_path / "other", "contest", "list").stdout


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n\x00", "is not a CSV file"),
        (b"a,b\n1,2\n", "has no column 'y'"),
        (b"id,y\n1,a\n1,b\n2,a\n", "has duplicate ids in column 'id': '1'"),
        (None, "there is no file"),
    ],
)
def test_a_bad_file_gets_one_line_and_status_1_and_leaves_nothing(
    ripe, tmp_path, content, sentence
) -> None:
    if content is not None:
        (tmp_path / "bad.csv").write_bytes(content)
    done = ripe("contest", "new", "bad", "--train", tmp_path / "bad.csv", "--target", "y")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert sentence in done.stderr
    assert not (tmp_path / "home").exists()


def test_a_taken_or_unfit_name_is_refused(ripe, harvest) -> None:
    command = ("--train", harvest, "--target", "Größe und Art")
    ripe("contest", "new", "fruit", *command)
    again = ripe("contest", "new", "fruit", *command)
    assert (again.returncode, again.stderr) == (
        1,
        "ripe: there is a contest 'fruit' already; choose another name\n",
    )
    odd = ripe("contest", "new", "My_Fruit", *command)
    assert odd.returncode == 1
    assert "a slug must be lower-case letters" in odd.stderr


def test_wrong_usage_ends_with_status_2(ripe, harvest) -> None:
    assert ripe("contest", "new", "fruit", "--train", harvest).returncode == 2
    assert ripe("contest", "new", "no-such-contest").returncode == 2
    assert ripe("contest", "nonsense").returncode == 2


def test_an_unknown_contest_is_told(ripe) -> None:
    done = ripe("contest", "show", "fruit")
    assert done.returncode == 1
    assert "fruit" in done.stderr


def test_help_names_every_subcommand(ripe) -> None:
    from ripe.commands.contest import SUBCOMMANDS

    text = ripe("contest", "--help").stdout
    assert all(name in text for name in SUBCOMMANDS)
    for name in SUBCOMMANDS:
        assert ripe("contest", name, "--help").returncode == 0
