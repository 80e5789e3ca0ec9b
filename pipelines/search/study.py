"""Studies in journal files: opened by several processes at once, resumed, mended."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.tracking.locking import locked

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

    from pipelines.search.queue import TrialQueue

OWNER = "owner"
RETRY_OF = "retry_of"
REASON = "reason"


@dataclass(frozen=True)
class StudyPlace:
    """The journal file of a study and the study's name in it."""

    journal: Path
    name: str

    @property
    def lock(self) -> Path:
        """Lock file for steps that only one process may do at a time."""
        return self.journal.with_suffix(".lock")


@dataclass(frozen=True)
class Budget:
    """How long to search: until so many trials are done in all, or so many seconds are over."""

    trials: int
    seconds: float | None = None


def open_study(place: StudyPlace, *, greater_is_better: bool) -> "Study":
    """Open a study, made where it is not there, and mend what a killed process left.

    Parameters
    ----------
    place : StudyPlace
    greater_is_better : bool
        Direction of the metric.

    Returns
    -------
    optuna.Study
        With no trial left RUNNING whose process is gone.
    """
    import optuna
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with locked(place.lock):
        _cut_torn_line(place.journal)
        study = optuna.create_study(
            storage=optuna.storages.JournalStorage(JournalFileBackend(str(place.journal))),
            study_name=place.name,
            direction="maximize" if greater_is_better else "minimize",
            load_if_exists=True,
            pruner=optuna.pruners.NopPruner(),
        )
        fail_stale_trials(study)
    return study


def _cut_torn_line(journal: Path) -> None:
    """Cut a last line that a killed process did not finish; the next would glue to it."""
    if not journal.exists():
        return
    with journal.open("rb+") as stream:
        data = stream.read()
        stream.truncate(data.rfind(b"\n") + 1)


def fail_stale_trials(study: "Study") -> list[int]:
    """Fail the trials whose process is gone and queue each once more; return their numbers."""
    from optuna.trial import TrialState

    stale = [
        trial
        for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        if not is_alive(trial.user_attrs.get(OWNER))
    ]
    for trial in stale:
        study.tell(trial.number, state=TrialState.FAIL)
        if RETRY_OF not in trial.user_attrs:
            study.enqueue_trial(planned(trial), user_attrs={RETRY_OF: trial.number})
    return [trial.number for trial in stale]


def planned(trial: "FrozenTrial") -> dict[str, Any]:
    """Return a trial's parameters, those too that it was given and has not yet asked for."""
    return {**trial.system_attrs.get("fixed_params", {}), **trial.params}


def drop_own_trials(study: "Study", place: StudyPlace) -> None:
    """Fail the trials that this process is in the middle of, also one it has just asked for."""
    from optuna.trial import TrialState

    with locked(place.lock):
        for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            if trial.user_attrs.get(OWNER, this_process()) == this_process():
                study.tell(trial.number, state=TrialState.FAIL)


def this_process() -> dict[str, Any]:
    """Return what tells this process from any other, also from a later one of the same id."""
    return {"host": socket.gethostname(), "pid": os.getpid(), "born": _birth(os.getpid())}


def is_alive(owner: Mapping[str, Any] | None) -> bool:
    """Tell whether a process described by `this_process` still runs; one elsewhere counts so."""
    if owner is None:
        return False
    if owner["host"] != socket.gethostname():
        return True
    born = _birth(int(owner["pid"]))
    return born is not None and born == owner["born"]


def _birth(pid: int) -> str | None:
    """Return what changes when a process number is used again; None where no such process runs."""
    if not Path("/proc/self/stat").exists():
        return "running" if _responds(pid) else None
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()[19]


def _responds(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def count_asked(study: "Study") -> int:
    """Count the trials that were ever drawn: one that only waits in the queue is yet to be.

    A queue entry counted twice, waiting and then drawn, would give two batches one seed.
    """
    from optuna.trial import TrialState

    trials = study.get_trials(deepcopy=False)
    return sum(trial.state is not TrialState.WAITING for trial in trials)


def ask_batch(
    study: "Study",
    place: StudyPlace,
    budget: Budget,
    size: int,
    queue: "TrialQueue",
) -> list["Trial"]:
    """Ask for the next trials, never more than the budget or a grid leaves.

    Parameters
    ----------
    study : optuna.Study
    place : StudyPlace
    budget : Budget
    size : int
        Most trials to take.
    queue : TrialQueue
        What is tried before the sampler draws.

    Returns
    -------
    list of optuna.Trial
        Empty when the budget is spent, or every point of the grid is taken.
    """
    with locked(place.lock):
        taken = counted_trials(study)
        count = queue.fill(study, min(size, max(0, budget.trials - len(taken))))
        trials = [study.ask() for _ in range(count)]
        for trial in trials:
            trial.set_user_attr(OWNER, this_process())
    return trials


def counted_trials(study: "Study") -> list["FrozenTrial"]:
    """Return the trials that count against the budget: all but those whose process was killed."""
    from optuna.trial import TrialState

    return [
        trial
        for trial in study.get_trials(deepcopy=False)
        if trial.state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)
        or REASON in trial.user_attrs
    ]
