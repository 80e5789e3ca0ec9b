"""The report that somebody means is found, or one line says why not."""

from __future__ import annotations

import shutil

import pytest

from experiments.errors import ExperimentError, MissingReport
from experiments.ledger.predictions import open_tracking
from experiments.reporting import kept_report
from experiments.reporting.finding import find_report


@pytest.fixture
def home(study):
    return study.parents[1]


@pytest.fixture
def run_id(finished):
    return finished[0].run_id


def test_without_a_name_the_study_finished_last_is_meant(home, study):
    assert find_report(home).folder == study / "report"


def test_a_study_is_found_by_name_beginning_experiment_or_folder(home, study):
    for what in (study.name, study.name[:-4], "small", str(study)):
        assert find_report(home, what).folder == study / "report"


def test_a_run_stands_for_the_report_kept_with_it(finished):
    result, home, _ = finished
    report = find_report(home, result.run_id[:8])
    assert report.is_whole
    assert "artifacts" in report.folder.parts
    assert report.facts["study"] == result.study


def test_a_trials_run_stands_for_its_study(finished):
    from pipelines.tracking.runs import list_trials

    result, home, _ = finished
    trial = list_trials(home, result.run_id)[0]
    assert find_report(home, trial.run_id).facts["study"] == result.study


@pytest.mark.parametrize("tag", ["../elsewhere/{name}", "{folder}", "..", ""])
def test_a_run_names_a_study_of_this_home_and_no_path(home, study, run_id, tag):
    elsewhere = home / "elsewhere"
    elsewhere.mkdir()
    study.rename(elsewhere / study.name)
    for kept in home.glob(f"artifacts/*/{run_id}/artifacts/report"):
        shutil.rmtree(kept)
    named = tag.format(name=study.name, folder=elsewhere / study.name)
    open_tracking(home).set_tag(run_id, "ripe.study", named)
    with pytest.raises(MissingReport, match="its study's files are not in"):
        find_report(home, run_id)


def test_a_report_that_is_not_there_is_made(home, study):
    shutil.rmtree(study / "report")
    assert find_report(home).is_whole
    assert [one["name"] for one in kept_report(study).facts["models"]][-2:] == [
        "majority",
        "linear",
    ]


def test_a_report_older_than_its_study_is_made_anew(home, study):
    before = (study / "report" / "index.html").stat().st_mtime_ns
    (study / "summary.json").touch()
    assert find_report(home).page.stat().st_mtime_ns > before


@pytest.mark.parametrize("missing", ["model/champion/champion.json", "out_of_fold.parquet"])
def test_what_a_report_cannot_do_without_is_named(home, study, missing):
    shutil.rmtree(study / "report")
    (study / missing).unlink()
    with pytest.raises(MissingReport, match=missing):
        find_report(home)


def test_an_experiment_of_another_version_is_told_in_one_line(home, study):
    shutil.rmtree(study / "report")
    (study / "experiment.json").write_text('{"name": "small", "contest": "clouds", "later": 1}')
    with pytest.raises(MissingReport, match="another version of Ripe"):
        find_report(home)


@pytest.mark.parametrize(
    ("what", "message"),
    [("smell", "did you mean"), ("titanic", "no finished study or run"), ("00ff", "no run")],
)
def test_a_name_that_is_nobodys_gets_one_line(home, what, message):
    with pytest.raises(ExperimentError, match=message):
        find_report(home, what)


def test_of_several_that_begin_alike_none_is_guessed(home, study):
    shutil.copytree(study, study.with_name(study.name[:-3] + "fff"))
    with pytest.raises(MissingReport, match="several studies begin"):
        find_report(home, study.name[:8])


def test_a_home_without_studies_says_how_to_start_one(tmp_path):
    with pytest.raises(MissingReport, match="ripe run"):
        find_report(tmp_path)
