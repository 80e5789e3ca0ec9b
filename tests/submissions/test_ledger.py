"""Every submission of a home is written down, linked with its run, and never lost."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from competition.queue import run_workers
from experiments.errors import ExperimentError, MissingData
from experiments.ledger.book import (
    LEDGER_FILE,
    LedgerEntry,
    Sighting,
    note_sent,
    note_sighting,
    read_ledger,
)
from experiments.ledger.predictions import UnknownRun, find_run, open_tracking
from experiments.ledger.sending import export_run, follow_entry, submit_file, submit_run
from submissions import download_contest, list_entries
from submissions.errors import EntryFailed, ExportRefused

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ENTRY = LedgerEntry("http://host", "fruit", 7, NOW, "a.csv", "é", "ab" * 32, "http://host/board")


def test_what_was_written_down_is_read_back(tmp_path: Path) -> None:
    note_sent(tmp_path, ENTRY)
    other = replace(ENTRY, slug="other", run_id="f" * 32, cv_score=0.5, cv_low=0.4, cv_high=0.6)
    note_sent(tmp_path, other)
    assert read_ledger(tmp_path) == [ENTRY, other]
    assert read_ledger(tmp_path, "fruit") == [ENTRY]
    assert read_ledger(tmp_path, server="http://elsewhere") == []


def test_the_first_score_and_the_last_are_both_kept(tmp_path: Path) -> None:
    note_sent(tmp_path, ENTRY)
    pending = Sighting()
    then = Sighting("complete", 0.8, public_rank=1, teams=4)
    now = Sighting("complete", 0.8, 0.7, public_rank=3, private_rank=2, teams=9)
    entry = ENTRY
    for seen in (pending, then, then, now):
        entry = note_sighting(tmp_path, entry, seen, NOW)
    assert read_ledger(tmp_path) == [entry]
    assert entry.first == then
    assert entry.last == now
    assert len((tmp_path / LEDGER_FILE).read_text().splitlines()) == 3


def test_a_line_cut_off_by_a_crash_is_dropped_and_mended(tmp_path: Path) -> None:
    note_sent(tmp_path, ENTRY)
    with (tmp_path / LEDGER_FILE).open("a") as stream:
        stream.write('{"kind": "se')
    assert read_ledger(tmp_path) == [ENTRY]
    note_sent(tmp_path, replace(ENTRY, ref=8))
    assert [entry.ref for entry in read_ledger(tmp_path)] == [7, 8]


@pytest.mark.parametrize("end", ["\u2028", "\u2029", "\x85", "\x0c", "\r\n"])
def test_a_message_may_hold_what_unicode_takes_for_the_end_of_a_line(
    tmp_path: Path, end: str
) -> None:
    entry = replace(ENTRY, message=f"one{end}two")
    note_sent(tmp_path, entry)
    assert read_ledger(tmp_path) == [entry]


def test_a_spoiled_line_is_named(tmp_path: Path) -> None:
    note_sent(tmp_path, ENTRY)
    with (tmp_path / LEDGER_FILE).open("a") as stream:
        stream.write("[]\n")
    with pytest.raises(ExperimentError, match="line 2"):
        read_ledger(tmp_path)


def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    threads = [
        threading.Thread(target=note_sent, args=(tmp_path, replace(ENTRY, ref=ref)))
        for ref in range(1, 41)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {entry.ref for entry in read_ledger(tmp_path)} == set(range(1, 41))


@pytest.fixture(scope="module")
def scoring(host: Any) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=run_workers, args=(host.store, stop), daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.fixture(scope="module")
def tracked(
    host: Any, tmp_path_factory: pytest.TempPathFactory, empty_tracking: Path
) -> tuple[Path, dict[str, str]]:
    """A home with the contest's data and runs: a study, a trial of it, and a careless one."""
    home = tmp_path_factory.mktemp("tracked")
    download_contest(host.server(), "fruit", home / "data" / "fruit", now=NOW)
    shutil.copy(empty_tracking, home / "mlflow.db")
    client = open_tracking(home)
    place = client.create_experiment("fruit", (home / "artifacts").as_uri())
    sample = pd.read_csv(home / "data" / "fruit" / "sample_submission.csv")
    runs = {}
    for name, frame in (
        ("study", sample.assign(ripe=1)),
        ("careless", sample.assign(ripe=0.5)),
        ("trial", None),
    ):
        run = client.create_run(place, tags={"contest": "fruit", "metric": "accuracy"})
        runs[name] = run.info.run_id
        if frame is None:
            client.set_tag(run.info.run_id, "mlflow.parentRunId", runs["study"])
            continue
        for key, value in {"cv.score": 0.9, "cv.low": 0.85, "cv.high": 0.95}.items():
            client.log_metric(run.info.run_id, key, value)
        frame.to_parquet(home / "predictions.parquet", index=False)
        client.log_artifact(run.info.run_id, str(home / "predictions.parquet"))
    return home, runs


def test_a_run_is_found_by_the_first_letters_of_its_id(
    tracked: tuple[Path, dict[str, str]],
) -> None:
    home, runs = tracked
    client = open_tracking(home)
    assert find_run(client, runs["study"][:12]).info.run_id == runs["study"]
    for wrong, words in (("0" * 32, "no run"), ("x%", "digits"), ("", "digits")):
        with pytest.raises(UnknownRun, match=words):
            find_run(client, wrong)


def test_a_trial_points_to_its_study(tracked: tuple[Path, dict[str, str]]) -> None:
    home, runs = tracked
    with pytest.raises(UnknownRun, match=runs["study"]):
        export_run(home, runs["trial"], home / "out.csv")


def test_a_run_on_tables_of_its_own_has_no_contest_to_be_exported_to(
    tracked: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    home, _ = tracked
    client = open_tracking(home)
    place = client.get_experiment_by_name("fruit").experiment_id
    told = []
    for section in ("[data]\ntrain = 'mine.csv'\n", "contest = 'fig'\n"):
        run = client.create_run(place, tags={"contest": "fig"}).info.run_id
        (tmp_path / "experiment.toml").write_text(section)
        client.log_artifact(run, str(tmp_path / "experiment.toml"), "code")
        pd.DataFrame({"id": [1], "ripe": [1]}).to_parquet(tmp_path / "predictions.parquet")
        client.log_artifact(run, str(tmp_path / "predictions.parquet"))
        with pytest.raises(MissingData) as refused:
            export_run(home, run, tmp_path / "out.csv")
        told.append(str(refused.value))
        client.delete_run(run)
    assert "tables of its own" in told[0] and "predictions.parquet" in told[0]
    assert "ripe download fig" in told[1]


def test_a_run_that_would_score_nothing_is_not_exported(
    tracked: tuple[Path, dict[str, str]],
) -> None:
    home, runs = tracked
    with pytest.raises(ExportRefused, match="labels"):
        export_run(home, runs["careless"], home / "careless.csv")
    assert not (home / "careless.csv").exists()


@pytest.mark.usefixtures("scoring")
def test_a_run_and_its_entry_are_linked_in_both_directions(
    host: Any, tracked: tuple[Path, dict[str, str]]
) -> None:
    home, runs = tracked
    server = host.server()
    sent = submit_run(home, runs["study"], "fruit", "all ripe", server)
    assert sent.entry.description == f"all ripe [run {runs['study']}]"
    entry = follow_entry(home, sent.ref, "fruit", server, timeout_seconds=120)
    noted = read_ledger(home, "fruit")[-1]
    assert (noted.ref, noted.run_id, noted.sha256) == (sent.ref, runs["study"], sent.sha256)
    assert (noted.cv_score, noted.cv_low, noted.cv_high) == (0.9, 0.85, 0.95)
    assert noted.last.public_score == entry.public_score
    assert noted.last.public_rank == 1
    run = open_tracking(home).get_run(runs["study"]).data
    assert run.tags["submission.ref"] == str(sent.ref)
    assert run.tags["submission.board"] == sent.board_url
    assert run.tags["submission.status"] == "complete"
    assert run.metrics["leaderboard.public_score"] == entry.public_score
    assert run.metrics["leaderboard.public_rank"] == 1


def test_a_file_that_a_run_was_exported_to_is_linked_when_it_is_sent(
    host: Any, tracked: tuple[Path, dict[str, str]]
) -> None:
    home, runs = tracked
    export_run(home, runs["study"], home / "out.csv")
    export_run(home, runs["study"], home / "out.csv")
    sent = submit_file(home, home / "out.csv", "fruit", "", host.server())
    assert sent.entry.description == f"[run {runs['study']}]"
    noted = read_ledger(home, "fruit")[-1]
    assert (noted.run_id, noted.cv_score) == (runs["study"], 0.9)
    (home / "out.csv").write_text("id,ripe\n1,1\n")
    sent = submit_file(home, home / "out.csv", "fruit", "", host.server())
    assert sent.entry.description == ""
    assert read_ledger(home, "fruit")[-1].run_id is None


def test_a_run_in_another_store_is_linked_there(
    host: Any, tracked: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    store, runs = tracked
    shutil.copytree(store / "data", tmp_path / "home" / "data")
    uri = f"sqlite:///{store / 'mlflow.db'}"
    sent = submit_run(tmp_path / "home", runs["study"], "fruit", "", host.server(), tracking=uri)
    noted = read_ledger(tmp_path / "home")[0]
    assert (noted.run_id, noted.tracking) == (runs["study"], uri)
    told = open_tracking(store).get_run(runs["study"]).data.tags
    assert told["submission.ref"] == str(sent.ref)
    assert not (tmp_path / "home" / "mlflow.db").exists()


def test_a_run_goes_to_its_own_contest_only(
    host: Any, tracked: tuple[Path, dict[str, str]]
) -> None:
    home, runs = tracked
    with pytest.raises(ExperimentError, match="of the contest 'fruit'"):
        submit_run(home, runs["study"], "other", "", host.server())


@pytest.mark.usefixtures("scoring")
def test_an_entry_that_failed_is_written_down_with_the_reason(host: Any, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("id,ripe\n1,maybe\n")
    sent = submit_file(tmp_path / "home", tmp_path / "bad.csv", "fruit", "", host.server())
    with pytest.raises(EntryFailed):
        follow_entry(tmp_path / "home", sent.ref, "fruit", host.server(), timeout_seconds=120)
    noted = read_ledger(tmp_path / "home")[0]
    assert noted.last.status == "error"
    assert "id" in noted.last.message
    assert sent.ref in {entry.ref for entry in list_entries("fruit", host.server())}
