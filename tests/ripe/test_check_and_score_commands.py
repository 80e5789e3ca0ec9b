"""``ripe check`` and ``ripe score`` as a shell meets them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ripe.cli import main

TRAIN = "id,ripe\n" + "".join(f"{k},{'yes' if k % 3 else 'no'}\n" for k in range(60))
TEST = "id,weight\n100,1\n101,2\n102,3\n103,4\n"
SOLUTION = "id,ripe,Usage\n100,yes,Public\n101,no,Public\n102,yes,Private\n103,no,Private\n"
ENTRY = "id,ripe\n103,no\n102,yes\n101,yes\n100,yes\n"
OWN_METRIC = """
class ParticipantVisibleError(Exception):
    pass

def score(solution, submission, row_id_column_name):
    if (submission["ripe"] == "no").sum() == 4:
        raise ParticipantVisibleError("say yes at least once")
    if submission["ripe"].tolist()[:2] == ["no", "yes"]:
        raise ValueError("broken")
    return float((solution["ripe"] == submission["ripe"]).mean())
"""


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    stdout: str
    stderr: str


Ripe = Callable[..., Done]


@pytest.fixture
def ripe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Ripe:
    """Run ``ripe`` on a fresh home, in this process, from a folder of small files."""
    monkeypatch.setenv("RIPE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    files = {"train": TRAIN, "test": TEST, "solution": SOLUTION, "entry": ENTRY}
    for name, text in files.items():
        (tmp_path / f"{name}.csv").write_text(text)

    def run(*arguments: str | Path) -> Done:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        output = capsys.readouterr()
        return Done(int(ended.value.code or 0), output.out, output.err)

    return run


@pytest.fixture
def contest(ripe: Ripe) -> Ripe:
    """A home that holds the contest ``ripeness``."""
    tables = ("--train", "train.csv", "--test", "test.csv", "--solution", "solution.csv")
    made = ripe(
        "contest",
        "new",
        "ripeness",
        *tables,
        "--target",
        "ripe",
        "--id",
        "id",
        "--metric",
        "accuracy",
        "--beside",
        "f_beta",
    )
    assert made.status == 0, made.stderr
    return ripe


def test_a_sound_file_passes_the_check(contest: Ripe) -> None:
    done = contest("check", "entry.csv", "-c", "ripeness")

    assert done == Done(0, "entry.csv: no problems, 4 rows\n", "")


def test_a_check_lists_every_problem_and_ends_with_status_1(contest: Ripe) -> None:
    Path("entry.csv").write_text("id,ripe\n100,yes\n101,Yes\n103,no\n103,no\n")

    done = contest("check", "entry.csv", "-c", "ripeness")

    assert done.status == 1
    assert done.stderr == "ripe: entry.csv has 3 problems\n"
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert "did you mean 'yes'?" in lines[2]


def test_a_check_as_json_gives_rule_row_and_column(contest: Ripe) -> None:
    Path("entry.csv").write_text(ENTRY.replace("102,yes", "102,"))

    done = contest("check", "entry.csv", "-c", "ripeness", "--json")

    answer = json.loads(done.stdout)
    assert done.status == 1
    assert (answer["contest"], answer["file"]) == ("ripeness", "entry.csv")
    assert [(one["rule"], one["row"], one["column"]) for one in answer["problems"]] == [
        ("missing_values", 3, "ripe")
    ]


def test_a_check_of_a_missing_file_is_one_problem(contest: Ripe) -> None:
    done = contest("check", "no.csv", "-c", "ripeness")

    assert (done.status, done.stdout) == (1, "- there is no file no.csv\n")


def test_a_check_works_from_a_download_without_the_store(contest: Ripe, tmp_path: Path) -> None:
    shutil.copytree(tmp_path / "home/contests/ripeness/data", tmp_path / "there/data/ripeness")

    done = contest("--home", tmp_path / "there", "check", "entry.csv", "-c", "ripeness")

    assert done.status == 0, done.stderr
    assert not (tmp_path / "there" / "host.db").exists()


def test_a_check_of_an_unknown_contest_says_how_to_get_it_and_makes_no_home(
    ripe: Ripe, tmp_path: Path
) -> None:
    done = ripe("check", "entry.csv", "-c", "ripeness")

    assert (done.status, done.stdout) == (1, "")
    assert done.stderr.startswith("ripe: no contest 'ripeness' in ")
    assert done.stderr.endswith("get its data first: ripe download ripeness\n")
    assert not (tmp_path / "home").exists()


def test_a_file_is_scored_by_a_contest_of_this_home(contest: Ripe) -> None:
    done = contest("score", "entry.csv", "-c", "ripeness")

    assert done.stdout == (
        "accuracy 0.75000 (public 0.50000, private 1.00000)\n"
        "f_beta 0.80000 (public 0.66666, private 1.00000)\n"
    )
    assert (done.status, done.stderr) == (0, "")


def test_scores_as_json_carry_full_precision(contest: Ripe) -> None:
    answer = json.loads(contest("score", "entry.csv", "-c", "ripeness", "--json").stdout)

    assert answer["metric"] == "accuracy"
    assert (answer["overall"], answer["public"], answer["private"]) == (0.75, 0.5, 1.0)
    assert answer["beside"]["f_beta"]["public"] == pytest.approx(2 / 3, abs=1e-15)


def test_a_contest_without_its_solution_here_is_one_line(ripe: Ripe) -> None:
    done = ripe("score", "entry.csv", "-c", "ripeness")

    assert (done.status, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "the solution of 'ripeness' is not in" in done.stderr
    assert "ripe submit FILE -c ripeness" in done.stderr


def test_an_unknown_contest_of_this_home_is_one_line_with_a_suggestion(contest: Ripe) -> None:
    done = contest("score", "entry.csv", "-c", "ripenes")

    assert done.status == 1
    assert done.stderr.count("\n") == 1
    assert "did you mean 'ripeness'?" in done.stderr


def test_a_broken_file_is_not_scored(contest: Ripe) -> None:
    Path("entry.csv").write_text("id,ripe\n100,yes\n101,Yes\n103,no\n103,no\n")

    done = contest("score", "entry.csv", "-c", "ripeness")

    assert (done.status, done.stdout) == (1, "")
    assert done.stderr.startswith("ripe: 3 problems: (1) ")


def test_a_hosts_own_metric_scores_offline_too(ripe: Ripe) -> None:
    Path("metric.py").write_text(OWN_METRIC)
    tables = ("--train", "train.csv", "--test", "test.csv", "--solution", "solution.csv")
    own = ("--metric", "mine", "--metric-file", "metric.py", "--predicts", "labels")
    made = ripe(
        "contest",
        "new",
        "own",
        *tables,
        "--target",
        "ripe",
        "--id",
        "id",
        *own,
        "--greater-is-better",
    )
    assert made.status == 0, made.stderr

    done = ripe("score", "entry.csv", "-c", "own")
    assert done.stderr == ""
    assert done.stdout == "mine 0.75000 (public 0.50000, private 1.00000)\n"
    Path("entry.csv").write_text(ENTRY.replace("yes", "no"))
    assert ripe("score", "entry.csv", "-c", "own").stderr == "ripe: say yes at least once\n"
    Path("entry.csv").write_text(ENTRY.replace("100,yes", "100,no"))
    assert "ValueError: broken" in ripe("score", "entry.csv", "-c", "own").stderr


def test_a_file_is_scored_by_a_solution_and_any_name_of_a_metric(ripe: Ripe) -> None:
    done = ripe("score", "entry.csv", "--solution", "solution.csv", "--metric", "Macro F1 Score")

    assert done.status == 0, done.stderr
    assert done.stdout.startswith("f_beta_macro 0.73333 (public 0.33333, private 1.00000)")


def test_the_order_of_text_labels_is_asked_for_where_it_counts(ripe: Ripe) -> None:
    files = ("score", "entry.csv", "--solution", "solution.csv", "--metric", "qwk")

    refused = ripe(*files)
    assert refused.status == 1
    assert "name them with --labels, lowest first" in refused.stderr
    assert ripe(*files, "--labels", "no,yes").stdout.startswith("quadratic_weighted_kappa 0.5")


def test_an_unknown_metric_gets_a_suggestion(ripe: Ripe) -> None:
    done = ripe("score", "entry.csv", "--solution", "solution.csv", "--metric", "acuracy")

    assert done.status == 1
    assert "did you mean 'accuracy'?" in done.stderr


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--metric", "auc"),
        ("--solution", "solution.csv"),
        ("-c", "ripeness", "--metric", "auc"),
        ("-c", "ripeness", "--solution", "solution.csv"),
    ],
)
def test_score_takes_a_contest_or_a_solution_with_a_metric(
    ripe: Ripe, options: tuple[str, ...]
) -> None:
    done = ripe("score", "entry.csv", *options)

    assert done.status == 2
    assert "give either -c SLUG, or --solution FILE and --metric NAME" in done.stderr


def test_titanic_scores_what_kaggles_board_shows(
    ripe: Ripe, shared_data: Path, tmp_path: Path
) -> None:
    folder = shared_data / "titanic"
    solution = folder / "solution_from_titanic3.csv"
    made = ripe(
        *("contest", "new", "titanic", "--train", folder / "train.csv"),
        *("--test", folder / "test.csv", "--solution", solution),
        *("--target", "Survived", "--id", "PassengerId", "--metric", "accuracy"),
    )
    assert made.status == 0, made.stderr
    women = folder / "gender_submission.csv"
    nobody = tmp_path / "zeros.csv"
    lines = women.read_text().splitlines()
    nobody.write_text("\n".join([lines[0], *(line.split(",")[0] + ",0" for line in lines[1:])]))

    assert ripe("score", women, "-c", "titanic").stdout.startswith("accuracy 0.76555 (")
    assert ripe("score", nobody, "-c", "titanic").stdout.startswith("accuracy 0.62200 (")
    exact = json.loads(ripe("score", nobody, "-c", "titanic", "--json").stdout)
    assert exact["overall"] == 260 / 418
    loose = ripe("score", women, "--solution", solution, "--metric", "accuracy")
    assert loose.stdout == "accuracy 0.76555\n"
    assert ripe("check", women, "-c", "titanic").status == 0
