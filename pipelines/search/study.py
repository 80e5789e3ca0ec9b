"""Studies: opened by several processes at once, resumed, mended; trials asked for in batches."""

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.errors import SearchProblem
from pipelines.search.heartbeat import OWNER, beat, is_lost, this_process
from pipelines.search.objectives import SCORE, directions, name_objectives
from pipelines.search.storage import StudyPlace, make_database, open_storage, study_names

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

    from pipelines.search.queue import TrialQueue

RETRY_OF = "retry_of"
REASON = "reason"
DROPPED = "dropped"
INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Budget:
    """How long to search: until so many trials are done in all, or so many seconds are over."""

    trials: int
    seconds: float | None = None


def open_study(
    place: StudyPlace,
    *,
    greater_is_better: bool,
    objectives: Sequence[str] = (SCORE,),
    furnish: "Callable[[Study], None]" = lambda study: None,
) -> "Study":
    """Open a study, made where it is not there, and mend what a killed process left.

    Parameters
    ----------
    place : StudyPlace
    greater_is_better : bool
        Direction of the metric.
    objectives : sequence of str
        What is searched for, the score first.
    furnish : callable, optional
        Writes to the study what those who join it need; nobody joins it before that is done.

    Returns
    -------
    optuna.Study
        With no trial left RUNNING whose process is gone.

    Raises
    ------
    SearchProblem
        When its storage cannot be reached.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if place.url is not None:
        make_database(place.url)
    with place.turn():
        study = optuna.create_study(
            storage=open_storage(place, retry_once),
            study_name=place.name,
            directions=directions(objectives, greater_is_better=greater_is_better),
            load_if_exists=True,
            pruner=optuna.pruners.NopPruner(),
        )
        name_objectives(study, objectives)
        furnish(study)
        fail_stale_trials(study)
    return study


def join_study(place: StudyPlace) -> "Study":
    """Open a study that somebody else has made.

    Raises
    ------
    SearchProblem
        When there is none of that name.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    missing = SearchProblem(f"there is no study {place.name!r} here; begin it with: ripe run")
    if not study_exists(place):
        raise missing
    with place.turn():
        try:
            return optuna.load_study(study_name=place.name, storage=open_storage(place, retry_once))
        except KeyError:  # whoever began it was killed before it was made
            raise missing from None


def study_exists(place: StudyPlace) -> bool:
    """Tell whether a study has been made."""
    if place.url is None:
        return place.journal.exists()
    return place.name in study_names(place.url)


def retry_once(study: "Study", trial: "FrozenTrial") -> None:
    """Queue a trial that died once more, unless it was itself such a retry."""
    if RETRY_OF not in trial.user_attrs:
        study.enqueue_trial(planned(trial), user_attrs={RETRY_OF: trial.number})


def planned(trial: "FrozenTrial") -> dict[str, Any]:
    """Return a trial's parameters, those too that it was given and has not yet asked for."""
    return {**trial.system_attrs.get("fixed_params", {}), **trial.params}


def fail_stale_trials(study: "Study") -> list[int]:
    """Fail the trials whose worker is gone and queue each once more; return their numbers."""
    from optuna.trial import TrialState

    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    if not running:
        return []
    has_heartbeats = hasattr(study._storage, "record_heartbeat")
    lost = [trial for trial in running if is_lost(trial, leased=not has_heartbeats)]
    numbers = {trial.number for trial in lost if _fail(study, trial)}
    if has_heartbeats:
        numbers |= _fail_silent_trials(study, {trial.number for trial in running})
    return sorted(numbers)


def _fail(study: "Study", trial: "FrozenTrial") -> bool:
    """Fail a trial and queue it once more; one that has ended meanwhile stays as it is."""
    from optuna.exceptions import UpdateFinishedTrialError
    from optuna.trial import TrialState

    try:
        study._storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
    except UpdateFinishedTrialError:
        return False
    retry_once(study, trial)
    return True


def _fail_silent_trials(study: "Study", running: set[int]) -> set[int]:
    """Fail trials without heartbeats for too long, where the storage knows them."""
    import optuna
    from optuna.trial import TrialState

    failed = (TrialState.FAIL,)
    before = {trial.number for trial in study.get_trials(deepcopy=False, states=failed)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        optuna.storages.fail_stale_trials(study)
    after = {trial.number for trial in study.get_trials(deepcopy=False, states=failed)}
    return (after - before) & running


def drop_own_trials(study: "Study", place: StudyPlace) -> None:
    """Fail the trials that this process is in the middle of, also one it has just asked for.

    They say that they were interrupted, which tells them from those whose process died.
    """
    from optuna.trial import TrialState

    with place.turn(study):
        for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            if trial.user_attrs.get(OWNER, this_process()) == this_process():
                study._storage.set_trial_user_attr(trial._trial_id, DROPPED, INTERRUPTED)
                study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)


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
    workers: int = 1,
    set_up: Callable[[int], None] = lambda asked: None,
) -> list["Trial"]:
    """Ask for the next trials, never more than the budget or a grid leaves.

    Several workers share what is left evenly, so that none of them is idle while another trains
    the last batch. Parameters are drawn later, when they are first asked for, out of turn.

    Parameters
    ----------
    study : optuna.Study
    place : StudyPlace
    budget : Budget
    size : int
        Most trials to take.
    queue : TrialQueue
        What is tried before the sampler draws.
    workers : int
        How many share the study, as far as is known; those seen in it count as well.
    set_up : callable, optional
        Takes the trials that were ever drawn, before these are; no two batches get one count.

    Returns
    -------
    list of optuna.Trial
        Empty when the budget is spent, or every point of the grid is taken.
    """
    with place.turn(study):
        fail_stale_trials(study)
        left = max(0, budget.trials - len(counted_trials(study)))
        share = math.ceil(left / max(workers, 1 + count_others(study)))
        count = queue.fill(study, min(size, share))
        set_up(count_asked(study))
        return [_ask(study, place) for _ in range(count)]


def _ask(study: "Study", place: StudyPlace) -> "Trial":
    """Ask for a trial; one with an owner has a heartbeat."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Heartbeat of storage is supposed")
        trial = study.ask()
    beat(study, place, [trial])
    trial.set_user_attr(OWNER, this_process())
    return trial


def count_others(study: "Study") -> int:
    """Count the other workers that have trials in hand."""
    from optuna.trial import TrialState

    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    owners = {tuple(sorted(trial.user_attrs.get(OWNER, {}).items())) for trial in running}
    return len(owners - {tuple(sorted(this_process().items()))})


def ended_trials(study: "Study") -> list["FrozenTrial"]:
    """Return the trials that count against the budget and are over."""
    from optuna.trial import TrialState

    return [trial for trial in counted_trials(study) if trial.state is not TrialState.RUNNING]


def counted_trials(study: "Study") -> list["FrozenTrial"]:
    """Return the trials that count against the budget: all but those whose process was killed."""
    from optuna.trial import TrialState

    return [
        trial
        for trial in study.get_trials(deepcopy=False)
        if trial.state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)
        or REASON in trial.user_attrs
    ]
