"""``ripe contest`` as a shell meets it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from competition.definition import load_contest
from competition.queue import finish_entry, lease_entry
from competition.scoring import ScoringOutcome
from competition.store import add_user, get_contest, open_store, submit_entry, update_contest
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
        *(
            "--team-size",
            "4",
            "--privacy",
            "limited",
            "--beside",
            "balanced_accuracy",
            "--decimals",
            "3",
        ),
        *("--metric", "F-Score Beta (Macro)", "--parameter", "beta=2", "--closed", "--seed", "4"),
    )
    assert done.returncode == 0, done.stderr
    shown = json.loads(ripe("contest", "show", "fruit", "--json").stdout)
    wanted = {
        "title": "My fruit",
        "deadline": "2030-01-31 12:00:00+00:00",
        "max_daily_submissions": 3,
        "max_team_size": 4,
        "privacy": "limited",
        "group_column": "orchard",
        "score_truncation_num_decimals": 3,
        "launched_at": None,
        "seed": 4,
    }
    assert {name: shown[name] for name in wanted} == wanted
    assert shown["metric"]["name"] == "f_beta_macro"
    assert shown["metric"]["parameters"] == {"beta": 2}


def test_metrics_stand_beside_one_that_was_found(ripe, harvest) -> None:
    command = ("contest", "new", "fruit", "--train", harvest, "--target", "Größe und Art")
    assert ripe(*command, "--parameter", "beta=2").returncode == 2
    assert ripe(*command, "--beside", "f1_macro").returncode == 0
    shown = json.loads(ripe("contest", "show", "fruit", "--json").stdout)
    assert (shown["metric"]["name"], shown["metric"]["beside"]) == ("accuracy", ["f_beta_macro"])


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
    assert (tmp_path / "other/contests/fruit/data/train.csv").is_file()


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


def test_the_database_may_lie_elsewhere(ripe, harvest, tmp_path) -> None:
    database = ("--database", f"sqlite:///{tmp_path / 'elsewhere.db'}")
    new = ("new", "fruit", "--train", harvest, "--target", "Größe und Art")
    done = ripe("contest", *database, *new)
    assert done.returncode == 0, done.stderr
    assert "already" in ripe("contest", *database, *new).stderr
    assert not (tmp_path / "home/host.db").exists()
    listed = json.loads(ripe("contest", *database, "list", "--json").stdout)
    assert [one["slug"] for one in listed] == ["fruit"]


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


@pytest.fixture
def fruit(ripe, harvest) -> None:
    """A contest in the home."""
    done = ripe("contest", "new", "fruit", "--train", harvest, "--target", "Größe und Art")
    assert done.returncode == 0, done.stderr


def test_check_tells_what_it_found_and_ends_with_1_on_an_error(ripe, fruit, tmp_path) -> None:
    done = ripe("contest", "check", "fruit")
    assert done.returncode == 0
    assert "trial entry, perfect: 1.00000" in done.stdout
    assert "fruit: ready to open (0 errors" in done.stdout
    folder = tmp_path / "home/contests/fruit"
    (folder / "data/leak.csv").write_bytes((folder / "solution.csv").read_bytes())
    report = ripe("contest", "check", folder, "--json")
    assert report.returncode == 1
    assert json.loads(report.stdout)["findings"][0]["rule"] == "solution_in_data"


def test_an_exported_folder_is_taken_in_again_only_with_its_changes_shown(
    ripe, fruit, tmp_path
) -> None:
    folder = tmp_path / "out"
    assert ripe("contest", "export", "fruit", folder).returncode == 0
    assert "nothing has changed" in ripe("contest", "update", folder).stdout
    definition = folder / "contest.toml"
    definition.write_text(definition.read_text().replace('title = "Fruit"', 'title = "Ripe fruit"'))
    (folder / "data/notes.txt").write_text("more")
    shown = ripe("contest", "update", folder)
    assert shown.returncode == 1
    assert "title: Fruit -> 'Ripe fruit'" in shown.stdout
    assert "data notes.txt: changed or new" in shown.stdout
    assert "say --yes" in shown.stderr
    assert json.loads(ripe("contest", "show", "fruit", "--json").stdout)["title"] == "Fruit"
    assert ripe("contest", "update", folder, "--yes").returncode == 0
    assert load_contest(tmp_path / "home/contests/fruit").title == "Ripe fruit"
    after = json.loads(ripe("contest", "show", "fruit", "--json").stdout)
    assert after["title"] == "Ripe fruit"
    assert "notes.txt" in after["files"]
    assert ripe("contest", "export", "fruit", tmp_path / "again").returncode == 0
    assert "Ripe fruit" in (tmp_path / "again/data/contest-public.toml").read_text()


def test_an_update_takes_nothing_back_that_somebody_else_changed_meanwhile(
    ripe, fruit, tmp_path, monkeypatch
) -> None:
    folder, said = tmp_path / "out", "Theirs"
    ripe("contest", "export", "fruit", folder)
    definition = folder / "contest.toml"
    definition.write_text(definition.read_text().replace('title = "Fruit"', 'title = "Ours"'))

    def meddle(*_: object) -> None:
        with open_store(tmp_path / "home") as store:
            theirs = replace(get_contest(store, "fruit"), description=said)
            update_contest(store, "fruit", theirs, actor="ada", now=datetime.now(UTC))

    monkeypatch.setattr("ripe.commands.contest.changing.confirm", meddle)
    done = ripe("contest", "update", folder)
    assert done.returncode == 1
    assert "changed by somebody else meanwhile" in done.stderr
    shown = json.loads(ripe("contest", "show", "fruit", "--json").stdout)
    assert (shown["title"], shown["description"]) == ("Fruit", said)


def test_a_removed_data_file_is_removed(ripe, fruit, tmp_path) -> None:
    folder = tmp_path / "out"
    ripe("contest", "export", "fruit", folder)
    (folder / "data/test.csv").unlink()
    done = ripe("contest", "update", folder, "-y")
    assert "data test.csv: removed" in done.stdout
    assert "test.csv" not in json.loads(ripe("contest", "show", "fruit", "--json").stdout)["files"]


def test_an_export_can_leave_the_solution_out_and_never_overwrites(ripe, fruit, tmp_path) -> None:
    folder = tmp_path / "out"
    ripe("contest", "export", "fruit", folder, "--without-solution")
    assert not (folder / "solution.csv").exists()
    again = ripe("contest", "export", "fruit", folder)
    assert (again.returncode, again.stdout) == (1, "")
    assert "name a new folder" in again.stderr


def test_open_and_close_set_the_dates(ripe, harvest) -> None:
    ripe(
        *("contest", "new", "fruit", "--train", harvest, "--target", "Größe und Art"),
        *("--closed", "--release", "2031-01-01"),
    )
    ripe("contest", "open", "fruit", "--at", "2029-01-01")
    done = ripe("contest", "close", "fruit", "--at", "2030-01-01T12:00+02:00", "--hold")
    assert "closes at 2030-01-01 10:00 UTC; the final board is held back" in done.stdout
    shown = json.loads(ripe("contest", "show", "fruit", "--json").stdout)
    assert shown["launched_at"] == "2029-01-01 00:00:00+00:00"
    assert shown["deadline"] == "2030-01-01 10:00:00+00:00"
    assert shown["private_leaderboard_release_date"] == "2031-01-01 00:00:00+00:00"
    assert shown["hold_final_board"] is True


def test_a_kaggle_download_can_be_practised_on(ripe, shared_data, tmp_path) -> None:
    folder = tmp_path / "home/data/titanic"
    folder.mkdir(parents=True)
    for name in ("train.csv", "test.csv", "gender_submission.csv"):
        (folder / name).write_bytes((shared_data / "titanic" / name).read_bytes())
    done = ripe("contest", "new", "my-titanic", "--from-download", "titanic")
    assert done.returncode == 0, done.stderr
    mine = load_contest(tmp_path / "home/contests/my-titanic")
    assert (mine.id_column, mine.targets) == ("PassengerId", ("Survived",))


def test_a_contest_of_another_host_is_taken_over_and_the_rest_is_listed(ripe, tmp_path) -> None:
    bundle = tmp_path / "bundle"
    (bundle / "data").mkdir(parents=True)
    rows = [f"{n},{n * 7 % 11},{n % 2}" for n in range(80)]
    (bundle / "data/train.csv").write_text("\n".join(["id,x,y", *rows[:40]]))
    (bundle / "truth.csv").write_text("\n".join(["id,y", *[f"{n},{n % 2}" for n in range(40, 80)]]))
    (bundle / "competition.yaml").write_text(
        "version: 2\ntitle: Even or odd\nimage: logo.png\n"
        "tasks: [{index: 0, reference_data: truth.csv}]\n"
        "phases: [{index: 0, tasks: [0], public_data: data}]\n"
        "leaderboards: [{key: main, columns: [{key: accuracy, index: 0, sorting: desc}]}]\n"
    )
    done = ripe("contest", "import", bundle)
    assert done.returncode == 0, done.stderr
    assert "not taken over: image: logos have no counterpart" in done.stdout
    assert load_contest(tmp_path / "home/contests/even-or-odd").targets == ("y",)
    assert (tmp_path / "home").stat().st_mode & 0o077 == 0


def test_a_contest_that_comes_with_ripe_needs_no_table(ripe, tmp_path) -> None:
    done = ripe("contest", "new", "avocado-first-steps", "--title", "Squeeze", "--daily-limit", "9")
    assert done.returncode == 0, done.stderr
    shown = json.loads(ripe("contest", "show", "avocado-first-steps", "--json").stdout)
    assert (shown["title"], shown["max_daily_submissions"]) == ("Squeeze", 9)
    broken = ripe("contest", "new", "avocado-ripeness", "--daily-limit", "0")
    assert broken.returncode == 1
    assert not (tmp_path / "home/contests/avocado-ripeness").exists()
    assert ripe("contest", "new", "avocado-second-steps").returncode == 2


def test_help_shows_its_examples_line_by_line(ripe) -> None:
    help_text = ripe("contest", "new", "--help").stdout
    assert "\\b" not in help_text
    assert "  ripe contest new ripeness-table --train ripeness.csv --target ripeness\n" in help_text


def test_a_negative_seed_and_an_unknown_group_are_refused(ripe, harvest) -> None:
    new = ("contest", "new", "fruit", "--train", harvest, "--target", "orchard")
    assert "--seed" in ripe(*new, "--seed", "-1").stderr
    solution = harvest.with_name("truth.csv")
    solution.write_text("Fruit Id,orchard\n" + "".join(f"{n},{n % 7}\n" for n in range(100, 120)))
    done = ripe(*new, "--solution", solution, "--id", "Fruit Id", "--group", "nosuch")
    assert done.returncode == 1
    assert "has no column 'nosuch'" in done.stderr


def test_a_link_out_of_a_contest_folder_is_refused(ripe, fruit, tmp_path) -> None:
    ripe("contest", "export", "fruit", tmp_path / "out")
    (tmp_path / "out" / "data" / "passwd").symlink_to("/etc/passwd")
    for verb in ("add", "update"):
        done = ripe("contest", verb, tmp_path / "out")
        assert done.returncode == 1
        assert "data/passwd is a link out of the folder" in done.stderr


def test_an_update_with_a_shortened_solution_is_refused(ripe, fruit, tmp_path) -> None:
    ripe("contest", "export", "fruit", tmp_path / "out")
    solution = tmp_path / "out" / "solution.csv"
    solution.write_text("".join(solution.read_text().splitlines(keepends=True)[:5]))
    for verb in ("update", "rescore"):
        done = ripe("contest", verb, tmp_path / "out", "--yes")
        assert done.returncode == 1
        assert "must name the same ids, each once: 11 ids are only in the sample" in done.stderr


def test_truth_that_a_metric_cannot_score_makes_no_contest(ripe, tmp_path) -> None:
    table = tmp_path / "cold.csv"
    table.write_text("a,b\n" + "".join(f"{-n},{n}\n" for n in range(40)))
    done = ripe("contest", "new", "cold", "--train", table, "--target", "a", "--metric", "rmsle")
    assert done.returncode == 1
    assert "the metric rmsle cannot score its truth" in done.stderr
    assert not (tmp_path / "home/contests/cold").exists()


def test_the_home_lets_nobody_else_in(ripe, fruit, tmp_path) -> None:
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700


def test_entries_tell_the_host_why_one_failed(ripe, fruit, tmp_path) -> None:
    now = datetime.now(UTC)
    assert "no entry has come in yet" in ripe("contest", "entries", "fruit").stdout
    with open_store(tmp_path / "home") as store:
        add_user(store, "ada", now=now)
        upload = store.files.put(tmp_path / "home/contests/fruit/data/sample_submission.csv")
        for _ in range(2):
            submit_entry(store, "fruit", "ada", upload=upload, file_name="guess.csv", now=now)
        lease = lease_entry(store, "worker", now)
        assert lease is not None
        outcome = ScoringOutcome("failed", message="metric.py, line 7: KeyError")
        assert finish_entry(store, lease, outcome, now)
    assert len(json.loads(ripe("contest", "entries", "fruit", "--json").stdout)) == 2
    (failed,) = json.loads(ripe("contest", "entries", "fruit", "--json", "--failed").stdout)
    assert (failed["status"], failed["host_message"]) == ("failed", "metric.py, line 7: KeyError")
    told = ripe("contest", "entries", "fruit", "--failed").stdout
    assert "guess.csv" in told and "1: metric.py, line 7: KeyError" in told


def test_the_direction_of_a_registered_metric_is_shown(ripe, tmp_path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("a,b\n" + "".join(f"{n},{n % 5 + 0.5}\n" for n in range(60)))
    arguments = ("--target", "b", "--metric", "rmse")
    assert ripe("contest", "new", "cold", "--train", table, *arguments).returncode == 0
    shown = json.loads(ripe("contest", "show", "cold", "--json").stdout)
    assert shown["metric"]["greater_is_better"] is shown["greater_is_better"] is False
