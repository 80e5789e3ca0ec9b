"""What the Linux kernel offers to confine a process, called by number.

Every function tells whether the kernel agreed, and none raises: another system, an older kernel
or a container that forbids the call is an answer.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
PR_SET_SECCOMP = 22
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

SECCOMP_MODE_FILTER = 2
SECCOMP_RET_ALLOW = 0x7FFF0000
SECCOMP_RET_ERRNO = 0x00050000
EACCES = 13
AF_UNIX = 1
SOCKET_CALLS = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""By machine: its audit name and the number of the call ``socket``."""
IO_URING_SETUP = 425
X32_CALLS = 0x40000000

LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
LANDLOCK_PATH_BENEATH = 1
LANDLOCK_VERSION = 1
WRITE_FILE = 1 << 1
READ_FILE = 1 << 2
READ_DIR = 1 << 3
CHANGE_FILES = 0b1111111110010
"""Landlock's rights to write, remove and make files of any kind (bits 1 and 4 to 12)."""
SCOPED_ABI = 6
SCOPE_SOCKETS_AND_SIGNALS = 0b11


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def is_linux() -> bool:
    """Tell whether this is Linux at all."""
    return sys.platform.startswith("linux")


def die_with_parent() -> None:
    """Ask the kernel to end this process when its parent ends."""
    if is_linux():
        _libc().prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def adopt_orphans() -> None:
    """Ask the kernel to hand this process the orphans among its descendants."""
    if is_linux():
        _libc().prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def leave_network(*, keep_user: bool) -> bool:
    """Move this process into a network namespace of its own, without any way out.

    Parameters
    ----------
    keep_user : bool
        Stay in the user namespace; otherwise all capabilities outside are lost too.
    """
    if not is_linux():
        return False
    flags = CLONE_NEWNET if keep_user else CLONE_NEWUSER | CLONE_NEWNET
    return bool(_libc().unshare(flags) == 0)


def refuse_sockets() -> bool:
    """Refuse every socket but local ones, by a filter on system calls."""
    if not is_linux() or platform.machine() not in SOCKET_CALLS:
        return False
    architecture, socket_call = SOCKET_CALLS[platform.machine()]
    program = (
        _step(0x20, value=4),  # load the architecture of the call
        _step(0x15, value=architecture, otherwise=7),
        _step(0x20, value=0),  # load its number
        _step(0x35, value=X32_CALLS, then=5),
        _step(0x15, value=IO_URING_SETUP, then=4),
        _step(0x15, value=socket_call, otherwise=2),
        _step(0x20, value=16),  # load its first argument, the family
        _step(0x15, value=AF_UNIX, otherwise=1),
        _step(0x06, value=SECCOMP_RET_ALLOW),
        _step(0x06, value=SECCOMP_RET_ERRNO | EACCES),
    )
    return _install_filter(b"".join(program), len(program))


def _step(code: int, *, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("HBBI", code, then, otherwise, value)


def _install_filter(program: bytes, length: int) -> bool:
    libc, steps = _libc(), ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HP", length, ctypes.addressof(steps))
    kept = ctypes.create_string_buffer(header, len(header))
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, kept, 0, 0) == 0)


def forbid_changes() -> bool:
    """Forbid this process to write, make or remove any file but the null device.

    Where the kernel knows how, signals to processes outside are forbidden too.
    """
    return _restrict(CHANGE_FILES, {Path(os.devnull): WRITE_FILE}, scoped=True)


def forbid_reading(but: Iterable[Path]) -> bool:
    """Forbid this process to open any file for reading but those in some folders."""
    rights = {path: READ_FILE | READ_DIR if path.is_dir() else READ_FILE for path in but}
    return _restrict(READ_FILE | READ_DIR, rights, scoped=False)


def _restrict(handled: int, allowed: dict[Path, int], *, scoped: bool) -> bool:
    """Take rights on files from this process by Landlock, except beneath some paths."""
    if not is_linux():
        return False
    libc = _libc()
    version = libc.syscall(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), LANDLOCK_VERSION)
    if version < 1:
        return False
    scopes = SCOPE_SOCKETS_AND_SIGNALS if scoped and version >= SCOPED_ABI else 0
    size = 24 if scopes else 8
    rights = ctypes.create_string_buffer(struct.pack("QQQ", handled, 0, scopes), 24)
    rules = libc.syscall(LANDLOCK_CREATE_RULESET, rights, ctypes.c_size_t(size), 0)
    if rules < 0:
        return False
    for path, right in allowed.items():
        _allow(libc, rules, path, right)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    held = libc.syscall(LANDLOCK_RESTRICT_SELF, rules, 0) == 0
    os.close(rules)
    return bool(held)


def _allow(libc: ctypes.CDLL, rules: int, path: Path, right: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    rule = ctypes.create_string_buffer(struct.pack("=Qi", right, place), 12)
    libc.syscall(LANDLOCK_ADD_RULE, rules, LANDLOCK_PATH_BENEATH, rule, 0)
    os.close(place)
