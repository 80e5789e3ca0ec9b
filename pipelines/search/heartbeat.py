"""Whose a trial is, and whether its worker still lives.

A worker is a process. On its own machine the operating system knows whether it runs. From
elsewhere it is known by its heartbeats: in a database those that Optuna keeps, in a journal a
lease that is renewed. Optuna records heartbeats only inside ``study.optimize``; trials that are
asked for and told in batches are looked after by a thread of ours.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.search.storage import StudyPlace
from pipelines.tracking.store import first_line

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

OWNER = "owner"
LEASE = "lease_until"

logger = logging.getLogger(__name__)


def this_process() -> dict[str, Any]:
    """Return what tells this process from any other, also from a later one of the same id."""
    return {"host": this_machine(), "pid": os.getpid(), "born": _birth(os.getpid())}


def this_machine() -> str:
    """Return the machine's name, and the name space of process numbers where it has several."""
    try:
        space = Path("/proc/self/ns/pid").readlink().name
    except OSError:
        return socket.gethostname()
    return f"{socket.gethostname()} {space}"


def is_alive(owner: Mapping[str, Any] | None) -> bool:
    """Tell whether a process described by `this_process` still runs; one elsewhere counts so."""
    if owner is None:
        return False
    if owner["host"] not in (this_machine(), socket.gethostname()):
        return True
    born = _birth(int(owner["pid"]))
    return born is not None and born == owner["born"]


def is_lost(trial: "FrozenTrial", *, leased: bool, now: float | None = None) -> bool:
    """Tell whether a running trial's worker is dead, or its lease over.

    Parameters
    ----------
    trial : optuna.trial.FrozenTrial
    leased : bool
        Whether the storage has leases in place of heartbeats.
    now : float, optional
        Seconds since 1970.
    """
    if not is_alive(trial.user_attrs.get(OWNER)):
        return True
    until = trial.user_attrs.get(LEASE, 0.0)
    return leased and until < (time.time() if now is None else now)


def _birth(pid: int) -> str | None:
    """Return what changes when a process number is used again; None where no such process runs."""
    if not Path("/proc/self/stat").exists():
        return "running" if _responds(pid) else None
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    state, *rest = text.rpartition(")")[2].split()
    return None if state in "ZX" else rest[18]


def _responds(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def beat(study: "Study", place: StudyPlace, trials: Sequence["Trial"]) -> None:
    """Say that trials are alive."""
    from optuna.exceptions import OptunaError

    for trial in trials:
        try:
            _beat_once(study, place, trial._trial_id)
        except OptunaError as error:  # it has ended meanwhile
            logger.debug("no heartbeat for trial %s: %s", trial.number, error)


def _beat_once(study: "Study", place: StudyPlace, trial_id: int) -> None:
    storage: Any = study._storage
    if place.url is not None:
        storage.record_heartbeat(trial_id)
    else:
        storage.set_trial_user_attr(trial_id, LEASE, time.time() + place.grace_seconds)


@contextmanager
def beating(study: "Study", place: StudyPlace, trials: Sequence["Trial"]) -> Iterator[None]:
    """Let a thread say at every heartbeat that trials are alive, while inside."""
    done = threading.Event()

    def keep() -> None:
        while not done.wait(place.heartbeat_seconds):
            try:
                beat(study, place, trials)
            except Exception as error:  # noqa: BLE001 - the next one may get through
                logger.warning("a heartbeat of the search was lost: %s", first_line(error))

    thread = threading.Thread(target=keep, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
