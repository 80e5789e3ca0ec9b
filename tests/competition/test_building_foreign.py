"""Contests of other hosts come over as far as they map, and the rest is listed."""

from __future__ import annotations

import shutil
import stat
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from competition.archives import InvalidArchive, unpack_archive
from competition.building import lint_contest, write_contest
from competition.building.foreign import prepare_foreign, read_foreign
from competition.definition import Contest
from competition.errors import InvalidContest
from competition.tables import read_table, write_table

STAGES = ("hard", "ripe", "soft")


def fruits(first: int, count: int) -> pd.DataFrame:
    """Fruits with ids from `first` on."""
    rows = range(first, first + count)
    return pd.DataFrame(
        {
            "id": list(rows),
            "firmness": [50.5 - row % 37 for row in rows],
            "stage": [STAGES[row * row % 7 % 3] for row in rows],
        }
    )


@pytest.fixture
def mle_bench(tmp_path: Path):
    """An MLE-bench folder as its repository and data folder lay it out, in one."""

    def make(grader: str, *, one_hot: bool) -> Path:
        folder = tmp_path / "fruit-stages"
        public, private = folder / "prepared/public", folder / "prepared/private"
        train, test = fruits(1, 120), fruits(121, 60)
        answers = test[["id", "stage"]]
        if one_hot:
            answers = test[["id"]].assign(**{s: (test["stage"] == s).astype(int) for s in STAGES})
        write_table(train, public / "train.csv")
        write_table(test.drop(columns="stage"), public / "test.csv")
        sample = answers.assign(**dict.fromkeys(STAGES, 1 / 3) if one_hot else {"stage": "hard"})
        write_table(sample, public / "sample_submission.csv")
        write_table(answers, private / "test.csv")
        (public / "images").mkdir()
        (public / "images/1.jpg").write_bytes(b"\xff\xd8\xff")
        (folder / "description.md").write_text("# Fruit\n\nPredict the stage.\n")
        (folder / "grade.py").write_text("raise SystemExit('must not run')\n")
        (folder / "leaderboard.csv").write_text("score\n1\n")
        (folder / "config.yaml").write_text(
            "id: fruit-stages\nname: Fruit Stages\ncompetition_type: simple\n"
            "awards_medals: true\nprizes: null\n"
            "description: mlebench/competitions/fruit-stages/description.md\n\n"
            "dataset:\n  answers: fruit-stages/prepared/private/test.csv\n"
            "  sample_submission: fruit-stages/prepared/public/sample_submission.csv\n\n"
            f"grader:\n  name: {grader}\n"
            "  grade_fn: mlebench.competitions.fruit-stages.grade:grade\n\n"
            "preparer: mlebench.competitions.fruit-stages.prepare:prepare\n"
        )
        return folder

    return make


@pytest.fixture
def codabench(tmp_path: Path) -> Path:
    """A Codabench bundle of two phases with predictions as CSV."""
    folder = tmp_path / "bundle"
    development, final = fruits(121, 40), fruits(161, 60)
    write_table(fruits(1, 120), folder / "public_data/train.csv")
    both = pd.concat([development, final])
    write_table(both.drop(columns="stage"), folder / "public_data/test.csv")
    write_table(development[["id", "stage"]], folder / "dev/reference_data/truth.csv")
    write_table(final[["id", "stage"]], tmp_path / "truth.csv")
    (folder / "final").mkdir()
    with zipfile.ZipFile(folder / "final/reference.zip", "w") as archive:
        archive.write(tmp_path / "truth.csv", "truth.csv")
    (folder / "pages").mkdir()
    (folder / "pages/overview.md").write_text("# Stages of fruit\n")
    (folder / "pages/terms.md").write_text("Be kind.\n")
    (folder / "competition.yaml").write_text(
        """
version: 2
title: "Stages of Fruit (2026)"
description: Predict the stage of each fruit
image: logo.png
docker_image: codalab/codalab-legacy:py39
registration_auto_approve: false
terms: pages/terms.md
pages:
  - title: Overview
    file: pages/overview.md
tasks:
  - index: 0
    name: Development
    reference_data: dev/reference_data/
    scoring_program: scoring_program/
  - index: 1
    name: Final
    reference_data: final/reference.zip
    scoring_program: scoring_program/
phases:
  - index: 1
    name: Final
    start: 1-1-2027
    end: 2027-02-01
    max_submissions: 1
    tasks: [1]
  - index: 0
    name: Development
    start: 1-31-2026
    end: 12-31-2026
    max_submissions_per_day: 7
    tasks: [0]
    public_data: public_data
leaderboards:
  - title: Results
    key: main
    submission_rule: Force_Last
    columns:
      - {title: Duration, key: duration, index: 1, sorting: asc}
      - {title: Prediction score, key: accuracy, index: 0, sorting: desc}
"""
    )
    return folder


def taken_over(source: Path, destination: Path, **options) -> tuple[Contest, tuple[str, ...]]:
    with read_foreign(source) as foreign:
        built = prepare_foreign(foreign, **options)
        contest = write_contest(built, destination, extra_files=foreign.extra_files)
        return contest, foreign.unmapped


def test_an_mle_bench_folder_comes_over(mle_bench, tmp_path: Path) -> None:
    contest, unmapped = taken_over(mle_bench("accuracy", one_hot=False), tmp_path / "out")
    assert (contest.slug, contest.title, contest.metric.name) == (
        "fruit-stages",
        "Fruit Stages",
        "accuracy",
    )
    assert contest.pages["overview"].startswith("# Fruit")
    assert (tmp_path / "out/data/images/1.jpg").is_file()
    solution = read_table(tmp_path / "out/solution.csv")
    assert solution["stage"].tolist() == fruits(121, 60)["stage"].tolist()
    listed = {sentence.split(":")[0] for sentence in unmapped}
    assert listed == {"preparer", "awards_medals", "grade.py", "leaderboard.csv", "one board"}
    assert lint_contest(tmp_path / "out").is_sound


def test_one_hot_answers_become_labels(mle_bench, tmp_path: Path) -> None:
    folder = mle_bench("multi-class-log-loss", one_hot=True)
    contest, _ = taken_over(folder, tmp_path / "out")
    assert contest.targets == ("stage",)
    assert contest.labels == STAGES
    assert contest.prediction_columns == STAGES
    solution = read_table(tmp_path / "out/solution.csv")
    assert solution["stage"].tolist() == fruits(121, 60)["stage"].tolist()
    assert lint_contest(tmp_path / "out").is_sound


def test_prepared_data_may_lie_elsewhere(mle_bench, tmp_path: Path) -> None:
    folder = mle_bench("accuracy", one_hot=False)
    (tmp_path / "cache/fruit-stages").mkdir(parents=True)
    (folder / "prepared").rename(tmp_path / "cache/fruit-stages/prepared")
    with pytest.raises(InvalidContest, match="name the folder of its data with --data"):
        taken_over(folder, tmp_path / "out")
    with read_foreign(folder, data=tmp_path / "cache") as foreign:
        assert len(foreign.train) == 120


def test_an_unknown_grader_is_listed_and_can_be_named(mle_bench, tmp_path: Path) -> None:
    folder = mle_bench("fruitiness", one_hot=False)
    with read_foreign(folder) as foreign:
        assert any("'fruitiness' is no metric known here" in line for line in foreign.unmapped)
        with pytest.raises(InvalidContest, match="name it with --metric"):
            prepare_foreign(foreign)
        assert prepare_foreign(foreign, metric="accuracy").contest.metric.name == "accuracy"


def test_a_codabench_bundle_comes_over(codabench: Path, tmp_path: Path) -> None:
    contest, unmapped = taken_over(codabench, tmp_path / "out")
    assert contest.slug == "stages-of-fruit-2026"
    assert contest.description == "Predict the stage of each fruit"
    assert contest.metric.name == "accuracy"
    assert contest.launched_at == datetime(2026, 1, 31, tzinfo=UTC)
    assert contest.deadline == datetime(2027, 2, 1, tzinfo=UTC)
    assert contest.max_daily_submissions == 7
    assert contest.pages == {"overview": "# Stages of fruit\n", "rules": "Be kind.\n"}
    solution = read_table(tmp_path / "out/solution.csv")
    assert solution["Usage"].value_counts().to_dict() == {"Private": 60, "Public": 40}
    assert {sentence.split(":")[0] for sentence in unmapped} == {
        "image",
        "docker_image",
        "registration_auto_approve",
        "max_submissions",
        "scoring_program",
        "submission_rule",
        "leaderboard column 'duration'",
    }
    assert lint_contest(tmp_path / "out").is_sound


def test_a_zipped_bundle_gives_the_same_contest(codabench: Path, tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "bundle"), "zip", tmp_path, "bundle")
    assert taken_over(Path(archive), tmp_path / "one") == taken_over(codabench, tmp_path / "two")


def test_zipped_public_data_come_over_with_their_images(codabench: Path, tmp_path: Path) -> None:
    data = codabench / "public_data"
    (data / "images").mkdir()
    (data / "images/1.jpg").write_bytes(b"\xff\xd8\xff")
    shutil.make_archive(str(codabench / "public"), "zip", data)
    shutil.rmtree(data)
    (codabench / "hidden").mkdir()
    (codabench / "hidden/2.jpg").write_bytes(b"\xff\xd8\xff")
    path = codabench / "competition.yaml"
    text = path.read_text().replace("public_data: public_data", "public_data: public.zip")
    path.write_text(text.replace("name: Final\n", "name: Final\n    input_data: hidden\n", 1))
    _, unmapped = taken_over(codabench, tmp_path / "out")
    assert (tmp_path / "out/data/images/1.jpg").is_file()
    assert any(line.startswith("input_data 'hidden': 1 files, such as 2.jpg") for line in unmapped)


def test_a_single_task_is_shared_between_the_boards(codabench: Path, tmp_path: Path) -> None:
    path = codabench / "competition.yaml"
    text = path.read_text().replace("tasks: [0]", "tasks: [1]")
    path.write_text(text)
    write_table(fruits(161, 60).drop(columns="stage"), codabench / "public_data/test.csv")
    contest, unmapped = taken_over(codabench, tmp_path / "out", public_fraction=0.5)
    assert contest.public_fraction == 0.5
    assert any(sentence.startswith("one task") for sentence in unmapped)
    solution = read_table(tmp_path / "out/solution.csv")
    assert solution["Usage"].value_counts().to_dict() == {"Private": 30, "Public": 30}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"dev/reference_data/truth.csv": "hard\nripe\n"}, "must be one CSV file with a header"),
        (
            {"public_data/train.csv": "id,firmness\n1,2\n"},
            "no file for participants has the columns",
        ),
        ({"competition.yaml": "title: x\nphases: {1: {}}\n"}, "of version 1"),
        ({"competition.yaml": "- a\n"}, "must be a list of keys"),
        ({"competition.yaml": "a: [\n"}, "is no YAML"),
    ],
)
def test_a_bundle_that_does_not_map_gets_one_clear_line(
    codabench: Path, tmp_path: Path, change: dict[str, str], sentence: str
) -> None:
    for name, content in change.items():
        (codabench / name).write_text(content)
    with pytest.raises(InvalidContest, match=sentence) as caught:
        taken_over(codabench, tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_bundle_cannot_reach_outside_itself(codabench: Path, tmp_path: Path) -> None:
    path = codabench / "competition.yaml"
    path.write_text(path.read_text().replace("final/reference.zip", "../truth.csv"))
    with pytest.raises(InvalidContest, match="which is not in it"):
        taken_over(codabench, tmp_path / "out")


def test_another_folder_is_no_contest(tmp_path: Path) -> None:
    with (
        pytest.raises(InvalidContest, match=r"neither config\.yaml"),
        read_foreign(tmp_path),
    ):
        pass


def _zip(path: Path, members: dict[str, bytes], *, link: bool = False) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (stat.S_IFLNK if link else stat.S_IFREG) << 16
            archive.writestr(info, content)
    return path


@pytest.mark.parametrize("name", ["../out.csv", "/etc/out.csv", "a/../../b", "C:/x", "..\\x"])
def test_an_archive_that_reaches_outside_is_refused(tmp_path: Path, name: str) -> None:
    path = _zip(tmp_path / "bad.zip", {name: b"x"})
    with pytest.raises(InvalidArchive, match="reaches outside"):
        unpack_archive(path, tmp_path / "in")
    assert sorted(file.name for file in tmp_path.rglob("*") if file.is_file()) == ["bad.zip"]


def test_links_bombs_and_crowds_are_refused(tmp_path: Path) -> None:
    linked = _zip(tmp_path / "link.zip", {"a": b"/etc/passwd"}, link=True)
    with pytest.raises(InvalidArchive, match="reaches outside"):
        unpack_archive(linked, tmp_path / "in")
    bomb = _zip(tmp_path / "bomb.zip", {"a": bytes(10_000_000)})
    with pytest.raises(InvalidArchive, match="more than is allowed"):
        unpack_archive(bomb, tmp_path / "in", most_bytes=1_000_000)
    crowd = _zip(tmp_path / "crowd.zip", {f"f{n}": b"" for n in range(11)})
    with pytest.raises(InvalidArchive, match="at most 10"):
        unpack_archive(crowd, tmp_path / "in", most_members=10)
    (tmp_path / "no.zip").write_bytes(b"PK\x03\x04nonsense")
    with pytest.raises(InvalidArchive, match="cannot be unpacked"):
        unpack_archive(tmp_path / "no.zip", tmp_path / "in")
