"""What a study searches for: the score, and with it how small a network may be.

With several objectives no single trial is the best: those that no other beats in everything form
the Pareto front. Wherever one trial has to stand for the study, it is the one of the front with
the best score; of equal scores the smallest network, of equal ones the earliest trial.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

Direction = Literal["maximize", "minimize"]
SCORE, SIZE = "score", "size"
OBJECTIVES = (SCORE, SIZE)


def directions(objectives: Sequence[str], *, greater_is_better: bool) -> list[Direction]:
    """Return Optuna's directions: the metric's own for the score, lower for all others.

    Examples
    --------
    >>> directions(["score", "size"], greater_is_better=True)
    ['maximize', 'minimize']
    """
    own: Direction = "maximize" if greater_is_better else "minimize"
    return [own if objective == SCORE else "minimize" for objective in objectives]


def name_objectives(study: "Study", objectives: Sequence[str]) -> None:
    """Tell Optuna what the values are called, for its plots and its dashboard."""
    from optuna.exceptions import ExperimentalWarning

    if study.metric_names != list(objectives):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            study.set_metric_names(list(objectives))


def ranked(study: "Study") -> "list[FrozenTrial]":
    """Return the completed trials, the best first by the rule above."""
    from optuna.trial import TrialState

    return sorted(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)), key=_key(study))


def best_trial(study: "Study") -> "FrozenTrial | None":
    """Return the trial that stands for a study; None while none is complete."""
    from optuna.trial import TrialState

    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return min(done, key=_key(study), default=None)


def pareto_front(study: "Study") -> "list[FrozenTrial]":
    """Return the trials that no other beats in everything, the best score first.

    Returns
    -------
    list of optuna.trial.FrozenTrial
        Of trials with equal values the earliest alone.
    """
    fronted = sorted(study.best_trials, key=_key(study))
    seen: set[tuple[float, ...]] = set()
    front = []
    for trial in fronted:
        if tuple(trial.values) not in seen:
            seen.add(tuple(trial.values))
            front.append(trial)
    return front


def _key(study: "Study") -> "Callable[[FrozenTrial], tuple[float, ...]]":
    from optuna.study import StudyDirection

    signs = [-1.0 if one is StudyDirection.MAXIMIZE else 1.0 for one in study.directions]

    def key(trial: "FrozenTrial") -> tuple[float, ...]:
        values = (sign * value for sign, value in zip(signs, trial.values, strict=True))
        return (*values, trial.number)

    return key


def trials_without_gain(study: "Study") -> int:
    """Return how many trials have ended since the last that was a gain.

    A gain is a new best score; with several objectives, a new trial on the Pareto front.
    """
    from optuna.trial import TrialState

    best = best_trial(study)
    if best is None:
        return 0
    several = len(study.directions) > 1
    last = max(trial.number for trial in pareto_front(study)) if several else best.number
    states = (TrialState.COMPLETE, TrialState.PRUNED)
    return sum(trial.number > last for trial in study.get_trials(deepcopy=False, states=states))
