"""What a run's results depend on beside its parameters: code, libraries, machine, memory.

Git is asked about the current folder; where it knows nothing of it, nothing is said.
"""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

LIBRARIES = ("numpy", "pandas", "scikit-learn", "optuna", "mlflow", "ripeness")
CODE_FOLDER = "code"
PATCH_FILE, REQUIREMENTS_FILE = "diff.patch", "requirements.txt"
MOST_PATCH_BYTES = 1_000_000
GIT_SECONDS = 5


def code_version() -> dict[str, str]:
    """Return the commit of the current folder and whether it has changes, where git knows."""
    commit = _git("rev-parse", "HEAD")
    if commit is None:
        return {}
    dirty = "true" if _git("status", "--porcelain", "--untracked-files=no") else "false"
    return {"git.commit": commit.strip(), "git.dirty": dirty}


def uncommitted_changes() -> str | None:
    """Return what tracked files have beyond the last commit, as a patch of text.

    Returns
    -------
    str or None
        At most `MOST_PATCH_BYTES` long and then cut at a line, which the last line says; binary
        files are only named. None without changes.
    """
    with TemporaryFile() as patch:
        known = _run_git(patch, "diff", "HEAD", "--no-color", "--no-ext-diff", "--no-textconv")
        return _read_cut(patch, MOST_PATCH_BYTES) or None if known else None


def _read_cut(file: IO[bytes], most_bytes: int) -> str:
    r"""Read a text from its beginning, of a longer one as many whole lines as fit.

    Examples
    --------
    >>> from io import BytesIO
    >>> _read_cut(BytesIO(b"one\ntwo\n"), 5)
    'one\n... cut here: 8 bytes in all\n'
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    text = file.read(most_bytes)
    if size <= most_bytes:
        return text.decode(errors="replace")
    whole = text[: text.rfind(b"\n") + 1].decode(errors="replace")
    return f"{whole}... cut here: {size} bytes in all\n"


def _git(*words: str) -> str | None:
    """Return what git says, None where it knows nothing."""
    with TemporaryFile() as said:
        if not _run_git(said, *words):
            return None
        said.seek(0)
        return said.read().decode(errors="replace")


def _run_git(output: IO[bytes], *words: str) -> bool:
    """Let git write into a file, which may be longer than memory; tell whether it could."""
    try:
        done = subprocess.run(
            ["git", *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.DEVNULL,
            timeout=GIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def library_versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that results depend on."""
    versions = {"version.python": platform.python_version()}
    for name in LIBRARIES:
        try:
            versions[f"version.{name}"] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def installed_packages() -> str:
    """Return every installed package with its version, a line each, as pip reads it."""
    found = {f"{one.name}=={one.version}" for one in metadata.distributions()}
    return "\n".join(sorted(found, key=str.lower)) + "\n"


def machine() -> dict[str, str]:
    """Return the tags that tell on what a run was made: system, cores, memory, BLAS."""
    facts = {
        "machine.system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "machine.cores": str(_cores()),
        "machine.blas": _blas(),
    }
    return {name: value for name, value in facts.items() if value}


def _cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _blas() -> str:
    from threadpoolctl import threadpool_info

    told = {
        f"{pool['internal_api']} {pool.get('version') or ''} {pool.get('architecture') or ''}"
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    }
    return ", ".join(sorted(" ".join(one.split()) for one in told))


def peak_memory_mb() -> float:
    """Return the most memory that this process has held at once so far, in MB of 10^6 bytes.

    The system counts resident memory over the whole life of the process: the number never falls,
    so a later trial of one process shows at least what an earlier one needed.
    """
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1.0 if sys.platform == "darwin" else 1024.0) / 1e6


def keep_code(folder: Path) -> list[Path]:
    """Write the uncommitted changes, where there are any, and the installed packages.

    Parameters
    ----------
    folder : pathlib.Path
        Made where it is missing.

    Returns
    -------
    list of pathlib.Path
        The files written.
    """
    texts = {PATCH_FILE: uncommitted_changes(), REQUIREMENTS_FILE: installed_packages()}
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in texts.items():
        if text is not None:
            (folder / name).write_text(text, encoding="utf-8")
            written.append(folder / name)
    return written
