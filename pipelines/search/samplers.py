"""Samplers: how the next trial's parameters are drawn."""

import importlib.util
import logging
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines.errors import SearchProblem
from pipelines.search.space import SearchSpace

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

SAMPLERS = ("tpe", "random", "qmc", "grid", "cmaes", "gp")
OF_ONE_OBJECTIVE = ("cmaes",)
CMAES_RANGES = 2  # fewer, and Optuna draws everything at random


def make_sampler(
    name: str, space: SearchSpace, seed: Sequence[int], objectives: int = 1
) -> "BaseSampler":
    """Return a sampler seeded by the experiment's seed and the number of trials so far.

    A sampler's state is not stored with a study: seeded by the experiment alone, a resumed study
    would draw its first trials over again.

    Parameters
    ----------
    name : str
        One of `SAMPLERS`. A grid's points come from the study's queue (`TrialQueue`); its sampler
        is never asked for a value.
    space : SearchSpace
    seed : sequence of int
        The experiment's seed first, then the trials drawn so far.
    objectives : int
        TPE draws the parameters jointly for one objective, one by one for several: Optuna's own
        rule (optuna/optuna#6746).

    Raises
    ------
    SearchProblem
        When there is none of that name, or a library that it needs is not installed.
    """
    import optuna

    check_sampler(name)
    number = int(np.random.SeedSequence(list(seed)).generate_state(1)[0])
    if name == "qmc":
        return _quasi_random(seed[0], number)
    if name == "cmaes":
        return _quietly(optuna.samplers.CmaEsSampler, seed=number, warn_independent_sampling=False)
    if name == "gp":
        return _quietly(optuna.samplers.GPSampler, seed=number, warn_independent_sampling=False)
    if name == "tpe":
        jointly = objectives == 1
        return _quietly(
            optuna.samplers.TPESampler,
            seed=number,
            multivariate=jointly,
            group=jointly and space.conditional,
            constant_liar=True,
        )
    return optuna.samplers.RandomSampler(seed=number)


def check_sampler(name: str) -> None:
    """Refuse a sampler that is not there, or whose library is not installed.

    Raises
    ------
    SearchProblem
    """
    if name not in SAMPLERS:
        raise SearchProblem(f"sampler must be one of {', '.join(SAMPLERS)}, not {name!r}")
    if name == "gp" and importlib.util.find_spec("torch") is None:
        raise SearchProblem(
            "search.sampler: 'gp' needs PyTorch, which is not installed; "
            "pip install 'ripeness[gp]', or choose another sampler"
        )


def sampler_problems(name: str, space: SearchSpace, objectives: int, path: str) -> list[str]:
    """List why a sampler does not suit a space or the number of objectives.

    Parameters
    ----------
    name : str
    space : SearchSpace
    objectives : int
    path : str
        Where the sampler stands in the file, for the messages.
    """
    if name in OF_ONE_OBJECTIVE and objectives > 1:
        return [f"{path}: {name!r} searches for one objective, but got {objectives}; use 'tpe'"]
    if name == "cmaes" and (ranges := _plain_ranges(space)) < CMAES_RANGES:
        return [
            f"{path}: 'cmaes' moves in ranges of numbers and needs at least {CMAES_RANGES} in "
            f"search.space, but got {ranges} (lists, and the widths of hidden layers, are drawn "
            "at random beside it); use 'tpe'"
        ]
    return []


def _plain_ranges(space: SearchSpace) -> int:
    """Count the ranges of numbers that every trial has."""
    return sum(
        not one.choices and one.low < one.high and one.name not in space.conditional_names
        for one in space.dimensions
    )


def _quasi_random(seed: int, number: int) -> "BaseSampler":
    """Return a sampler whose sequence goes on: its scrambling depends on the experiment alone.

    How far the sequence has come is kept in the study. In a conditional space it covers the
    parameters that the first trials have, the others are drawn at random; Optuna says so on
    every trial, the documentation says it once.
    """
    import optuna

    logging.getLogger("optuna.samplers._qmc").setLevel(logging.ERROR)
    return _quietly(
        optuna.samplers.QMCSampler,
        seed=seed,
        scramble=True,
        independent_sampler=optuna.samplers.RandomSampler(seed=number),
        warn_independent_sampling=False,
    )


def _quietly(make: Any, **options: Any) -> "BaseSampler":
    """Call a constructor that may announce itself as experimental."""
    from optuna.exceptions import ExperimentalWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        made: BaseSampler = make(**options)
    return made
