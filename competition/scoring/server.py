"""A process that keeps pandas and scikit-learn loaded and forks a fresh child for every entry.

It is started with a cleaned environment. Each request is a socket of its own and an empty file for
the result, handed over on the control socket. A supervisor, forked for the request, forks the
scoring child, holds it to its time and output, ends all that it left running, and answers with
what went wrong and what was printed; the child itself has written the outcome into the file.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import struct
import sys
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from competition.scoring.kernel import adopt_orphans, die_with_parent
from competition.scoring.limits import PROCESSES, Limits, close_doors, hide_files
from competition.scoring.outcome import END, ScoringJob, write_outcome

HEADER = struct.Struct("<Q")
PRELOADED = (
    "encodings.utf_8_sig",
    "pyarrow.csv",
    "pyarrow.pandas_compat",
    "scipy.stats",
    "sklearn.metrics",
    "competition.scoring.job",
)
KEPT_OUTPUT = 8_000
CHUNK = 1 << 20
TICK = 0.05
"""Seconds between looks at a child whose pipes stay open."""
SHORT_TICK = 0.001
"""The same for a child that has closed its pipes and is about to end."""
FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""What ends a child whose own code is not at fault: an operator, or a system short of memory."""


def main(control: int) -> None:
    """Serve requests from a control socket until its other end closes."""
    preload()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(fileno=control) as doors:
        doors.sendall(b"ready")
        while True:
            message, descriptors, _, _ = socket.recv_fds(doors, 1, 2)
            if not message:
                return
            if len(descriptors) == 2:
                _start_supervisor(doors, *descriptors)


def preload() -> None:
    """Load what scoring needs, and keep it out of the collector's way."""
    for name in PRELOADED:
        importlib.import_module(name)
    _read_on_all_cores()
    gc.collect()
    gc.freeze()


def _read_on_all_cores() -> None:
    """Let Arrow, which takes the limit of one thread to be meant for it too, read with all."""
    import pyarrow

    pyarrow.set_cpu_count(os.cpu_count() or 1)


def _start_supervisor(doors: socket.socket, descriptor: int, result: int) -> None:
    if os.fork() == 0:
        status = 1
        try:
            doors.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            with socket.socket(fileno=descriptor) as client:
                supervise(client, result)
            status = 0
        finally:
            os._exit(status)
    os.close(descriptor)
    os.close(result)


@dataclass
class _Child:
    """A running scoring child and what it has said so far."""

    pid: int
    printed: int
    output: bytearray = field(default_factory=bytearray)
    output_bytes: int = 0
    status: int | None = None

    def reap(self, *, wait: bool = False) -> bool:
        """Tell whether the child has ended."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, 0 if wait else os.WNOHANG)
            self.status = status if pid else None
        return self.status is not None


def supervise(client: socket.socket, result: int) -> None:
    """Answer one request: run the child, hold it to its limits, say how it ended."""
    adopt_orphans()
    request = json.loads(receive(client))
    limits = Limits(**request["limits"])
    files = {name: path and Path(path) for name, path in request["files"].items()}
    job = ScoringJob(**files, resampling=request["resampling"])
    child = _start_child(job, limits, client, result)
    complaint = _watch(child, limits, client)
    _end(child)
    is_lost = not complaint and not _is_whole(result) and _was_ended_from_outside(child)
    if not complaint and not _is_whole(result):
        complaint = _ended(child)
    send(client, complaint.encode())
    send(client, bytes(child.output))
    send(client, b"lost" if is_lost else b"")


def _is_whole(result: int) -> bool:
    size = os.fstat(result).st_size
    return size >= len(END) and os.pread(result, len(END), size - len(END)) == END


def _start_child(job: ScoringJob, limits: Limits, client: socket.socket, result: int) -> _Child:
    printed, printed_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            client.close()
            os.close(printed)
            _run(job, limits, result, printed_end)
            status = 0
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(status)
    os.close(printed_end)
    return _Child(pid, printed)


def _run(job: ScoringJob, limits: Limits, result: int, printed: int) -> None:
    """Score in the child and write the outcome."""
    from competition.scoring.job import perform

    os.setsid()
    die_with_parent()
    for standard in (1, 2):
        os.dup2(printed, standard)
    os.close(printed)
    close_doors(limits)
    outcome = perform(job, _confine)
    with contextlib.suppress(Exception):
        sys.stdout.flush()
    with os.fdopen(result, "wb") as file:
        write_outcome(outcome, file)
        file.write(END)


def _confine() -> None:
    """Confine what runs from here on: a host's own code."""
    _leave_threads()
    hide_files()


def _leave_threads() -> None:
    """Go on in a fork, which has this thread alone.

    Arrow has read the files with threads of its own. The kernel confines one thread at a time, and
    code of a host's own could have those others run it.
    """
    pid = os.fork()
    if pid == 0:
        die_with_parent()
        return
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        os.kill(os.getpid(), os.WTERMSIG(status))
    os._exit(os.waitstatus_to_exitcode(status))


def _watch(child: _Child, limits: Limits, client: socket.socket) -> str:
    """Collect what the child says; return why it had to be ended, or ''."""
    deadline, look = time.monotonic() + limits.seconds, 0.0
    with selectors.DefaultSelector() as selector:
        for source in (child.printed, client.fileno()):
            selector.register(source, selectors.EVENT_READ)
        while not child.reap() or len(selector.get_map()) > 1:
            for key, _ in selector.select(TICK if len(selector.get_map()) > 1 else SHORT_TICK):
                complaint = _take(child, key.fd, limits, client, selector)
                if complaint:
                    return complaint
            if child.status is not None and not selector.select(0):
                return ""
            now = time.monotonic()
            if now > deadline:
                return f"the metric did not end within {limits.seconds:g} s"
            if now > look:
                look = now + TICK
                if _has_many_descendants():
                    return f"the metric started more than {PROCESSES} processes"
    return ""


def _take(
    child: _Child,
    source: int,
    limits: Limits,
    client: socket.socket,
    selector: selectors.BaseSelector,
) -> str:
    if source == client.fileno():
        return "nobody waits for the score any more"
    chunk = os.read(source, CHUNK)
    if not chunk:
        selector.unregister(source)
    else:
        child.output_bytes += len(chunk)
        child.output = (child.output + chunk)[-KEPT_OUTPUT:]
        if child.output_bytes > limits.output_bytes:
            return f"the metric printed more than {limits.output_bytes} bytes"
    return ""


def _end(child: _Child) -> None:
    """End the child and everything that it started."""
    for kill in (os.killpg, os.kill):
        try:
            kill(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    child.reap(wait=True)
    while orphans := _orphans():
        for orphan in orphans:
            os.kill(orphan, signal.SIGKILL)
        os.waitpid(-1, 0)


def _orphans() -> list[int]:
    return _children(os.getpid())


def _has_many_descendants() -> bool:
    """Tell whether more processes run below this one than a child may start.

    The kernel's own limit counts by user, and never counts root's.
    """
    known, count = [os.getpid()], 0
    while known and count <= PROCESSES:
        found = _children(known.pop())
        count += len(found)
        known += found
    return count > PROCESSES


def _children(pid: int) -> list[int]:
    """List the processes that a process's threads have started; none where it has ended."""
    children: list[int] = []
    with contextlib.suppress(OSError):  # it may end at any moment, and so may its threads
        for listing in Path(f"/proc/{pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                children += map(int, listing.read_text().split())
    return children


def _was_ended_from_outside(child: _Child) -> bool:
    status = child.status or 0
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) in FROM_OUTSIDE


def _ended(child: _Child) -> str:
    status = child.status or 0
    if os.WIFSIGNALED(status):
        return f"the metric was ended by signal {signal.Signals(os.WTERMSIG(status)).name}"
    return f"the metric ended the process without a score (exit status {os.WEXITSTATUS(status)})"


def send(connection: socket.socket, content: bytes) -> None:
    """Send one message with its length in front."""
    connection.sendall(HEADER.pack(len(content)) + content)


def receive(connection: socket.socket) -> bytes:
    """Receive one message that `send` sent.

    Raises
    ------
    EOFError
        The other end closed before the end of the message.
    """
    (length,) = HEADER.unpack(_exactly(connection, HEADER.size))
    return _exactly(connection, length)


def _exactly(connection: socket.socket, length: int) -> bytes:
    content = bytearray()
    while len(content) < length:
        chunk = connection.recv(min(length - len(content), CHUNK))
        if not chunk:
            raise EOFError("the connection closed in the middle of a message")
        content += chunk
    return bytes(content)


def request_of(job: ScoringJob, limits: Limits) -> bytes:
    """Write a request as `supervise` reads it."""
    files = {
        name: None if path is None else str(Path(path).resolve())
        for name, path in vars(job).items()
        if name != "resampling"
    }
    request = {"files": files, "resampling": job.resampling, "limits": vars(limits)}
    return json.dumps(request).encode()
