"""Limits on a scoring child, and which of them the kernel holds here."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from competition.scoring import kernel

MEGABYTE = 1_000_000
FIRST_SPARE_USER = 61184
"""Start of the range that Linux systems keep for users without a name (systemd's UIDS-GIDS)."""
SPARE_USERS = 4000
PROCESSES = 64
OPEN_FILES = 256
FILE_BYTES = MEGABYTE
"""Files in memory are not counted as memory, so they are few and small for a host's own code."""
READABLE = ("/usr", "/lib", "/lib64", "/opt", "/etc", "/proc/self", "/dev/null", "/dev/urandom")
"""What a metric may read beside the installed libraries: the system's own files."""


@dataclass(frozen=True)
class Limits:
    """What a scoring child may use.

    Parameters
    ----------
    seconds : float
        Wall-clock time for reading, checking and scoring.
    memory_mb : int
        Megabytes (10**6 bytes) beyond those of the preloaded libraries.
    output_bytes : int
        What the metric may print.
    """

    seconds: float = 120.0
    memory_mb: int = 4096
    output_bytes: int = 1_000_000


def close_doors(limits: Limits) -> dict[str, str]:
    """Confine this process before it parses any file; it must have one thread.

    Returns
    -------
    dict
        ``memory``, ``network`` and ``writing``: the means by which each limit is held, '' where
        it is not.
    """
    return {
        "memory": _limit_memory(limits),
        "network": _close_network(),
        "writing": "Landlock" if kernel.forbid_changes() else "",
    }


def hide_files() -> dict[str, str]:
    """Confine this process before it runs a host's code: all files have been read by now.

    Returns
    -------
    dict
        ``reading`` and ``user``, as in `close_doors`.
    """
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    hidden = kernel.forbid_reading(readable_paths())
    return {"reading": "Landlock" if hidden else "", "user": _drop_user()}


def readable_paths() -> list[Path]:
    """Name the folders that the installed libraries and the system's own files lie in."""
    libraries = [sys.prefix, sys.base_prefix, *sysconfig.get_paths().values(), *READABLE]
    own = Path(__file__).resolve().parents[1]
    return [own, *dict.fromkeys(Path(one) for one in libraries if Path(one).exists())]


def _limit_memory(limits: Limits) -> str:
    """Limit writable memory (Linux counts it as data) beyond what is in use now."""
    allowed = limits.memory_mb * MEGABYTE
    try:
        size, data = _memory_in_use()
        resource.setrlimit(resource.RLIMIT_DATA, (data + allowed, data + allowed))
        resource.setrlimit(resource.RLIMIT_AS, (size + 2 * allowed, size + 2 * allowed))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError):
        return ""
    return "resource limits"


def _memory_in_use() -> tuple[int, int]:
    page = resource.getpagesize()
    fields = Path("/proc/self/statm").read_text().split()
    return int(fields[0]) * page, int(fields[5]) * page


def _close_network() -> str:
    if kernel.leave_network(keep_user=_user_can_be_dropped()):
        return "network namespace"
    return "system call filter" if kernel.refuse_sockets() else ""


def _user_can_be_dropped() -> bool:
    """Tell whether this is root, and every user may import the installed libraries."""
    if os.geteuid() != 0:
        return False
    folders = {Path(one).resolve() for one in (sys.prefix, sys.base_prefix, __file__)}
    parents = {parent for folder in folders for parent in (folder, *folder.parents)}
    return all(one.stat().st_mode & (0o001 if one.is_dir() else 0o004) for one in parents)


def _drop_user() -> str:
    """Become a user without a name and without rights."""
    spare = FIRST_SPARE_USER + os.getpid() % SPARE_USERS
    if not _user_can_be_dropped():
        return ""
    try:
        os.setgroups([])
        os.setresgid(spare, spare, spare)
        os.setresuid(spare, spare, spare)
    except OSError:
        return ""
    resource.setrlimit(resource.RLIMIT_NPROC, (PROCESSES, PROCESSES))
    kernel.die_with_parent()
    return "a user without rights"


def limits_in_force() -> Mapping[str, str]:
    """Try every limit in a process of its own and tell how each is held on this machine.

    Returns
    -------
    mapping
        ``time``, ``output``, ``processes``, ``memory``, ``network``, ``writing``, ``reading``,
        ``user``: the means, '' where the limit is not held.
    """
    tried = subprocess.run(
        [sys.executable, "-P", "-c", _TRIAL.format(root=str(Path(__file__).parents[2]))],
        capture_output=True,
        check=True,
    )
    counted = "supervisor" if Path("/proc/self/task").exists() else ""
    held = {"time": "supervisor", "output": "supervisor", "processes": counted}
    return {**held, **json.loads(tried.stdout)}


_TRIAL = (
    "import os, sys; sys.path.append({root!r}); import json; "
    "from competition.scoring.limits import Limits, close_doors, hide_files; "
    "os.fork() and sys.exit(os.waitstatus_to_exitcode(os.wait()[1])); "
    "print(json.dumps(dict(close_doors(Limits()), **hide_files())))"
)
