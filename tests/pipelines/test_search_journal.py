"""The journal: the same file as Optuna's own, with fewer waits for the disk."""

from __future__ import annotations

import resource
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from pipelines.search.journal import open_journal


def _search(journal: Path) -> optuna.Study:
    study = optuna.create_study(storage=open_journal(journal), study_name="s")
    for _ in range(3):
        trial = study.ask()
        trial.set_user_attr("owner", {"pid": 1})
        trial.report(trial.suggest_float("x", 0, 1), 1)
        study.tell(trial, trial.params["x"])
    return study


def test_optunas_own_backend_reads_the_journal_and_writes_on(tmp_path: Path) -> None:
    file = tmp_path / "s.journal"
    ours = _search(file)
    theirs = optuna.load_study(
        study_name="s", storage=JournalStorage(JournalFileBackend(str(file)))
    )
    assert [trial.params for trial in theirs.trials] == [trial.params for trial in ours.trials]
    theirs.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    assert [trial.value for trial in ours.trials] == [trial.value for trial in theirs.trials]


def test_the_disk_is_waited_for_when_trials_change_their_state_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[int] = []
    monkeypatch.setattr("os.fsync", waits.append)
    _search(tmp_path / "s.journal")
    assert len(waits) == 1 + 3


def test_a_full_disk_leaves_no_torn_line(tmp_path: Path) -> None:
    file = tmp_path / "s.journal"
    study = _search(file)
    before = file.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            study.set_user_attr("note", "x" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert file.read_bytes() == before
    study.set_user_attr("note", "short")
    assert optuna.load_study(study_name="s", storage=open_journal(file)).user_attrs == {
        "note": "short"
    }
