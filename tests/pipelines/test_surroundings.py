"""What is recorded of code, libraries, machine and memory."""

from __future__ import annotations

import subprocess
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from pipelines.tracking import surroundings


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "model.py").write_text("rate = 0.1\n")
    author = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for words in (("init", "-q"), ("add", "."), (*author, "commit", "-q", "-m", "first")):
        subprocess.run(["git", *words], check=True, capture_output=True)
    return folder


def test_a_clean_repository_has_a_commit_and_no_patch(repository, tmp_path):
    assert len(surroundings.code_version()["git.commit"]) == 40
    assert surroundings.code_version()["git.dirty"] == "false"
    assert [path.name for path in surroundings.keep_code(tmp_path / "kept")] == ["requirements.txt"]


def test_a_changed_file_is_kept_as_a_patch_that_git_applies(repository, tmp_path):
    (repository / "model.py").write_text("rate = 0.2  # é\n")
    assert surroundings.code_version()["git.dirty"] == "true"
    patch = surroundings.keep_code(tmp_path / "kept")[0]
    assert patch.name == "diff.patch"
    (repository / "model.py").write_text("rate = 0.1\n")
    subprocess.run(["git", "apply", str(patch)], check=True)
    assert (repository / "model.py").read_text() == "rate = 0.2  # é\n"


def test_a_patch_is_bounded_and_says_where_it_was_cut(repository, monkeypatch):
    monkeypatch.setattr(surroundings, "MOST_PATCH_BYTES", 300)
    (repository / "model.py").write_text("".join(f"layer_{n} = {n}\n" for n in range(100)))
    patch = surroundings.uncommitted_changes()
    assert patch is not None and len(patch) < 400
    assert patch.splitlines()[-1].startswith("... cut here:")


def test_a_patch_larger_than_what_is_kept_never_fills_the_memory(repository):
    with (repository / "model.py").open("w") as file:
        file.writelines(f"{'x' * 99}\n" for _ in range(200_000))
    tracemalloc.start()
    try:
        patch = surroundings.uncommitted_changes()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert patch is not None and "bytes in all" in patch.splitlines()[-1]
    assert peak < 5 * surroundings.MOST_PATCH_BYTES


def test_outside_a_repository_nothing_is_said_of_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert surroundings.code_version() == {}
    assert surroundings.uncommitted_changes() is None


def test_packages_are_listed_as_pip_reads_them():
    lines = surroundings.installed_packages().splitlines()
    assert f"numpy=={np.__version__}" in lines
    assert lines == sorted(lines, key=str.lower)


def test_the_machine_is_described_and_memory_never_falls():
    assert int(surroundings.machine()["machine.cores"]) >= 1
    before = surroundings.peak_memory_mb()
    held = np.ones(30_000_000)
    assert surroundings.peak_memory_mb() >= before
    assert surroundings.peak_memory_mb() > held.nbytes / 1e6
