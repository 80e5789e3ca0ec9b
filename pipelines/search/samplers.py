"""Samplers: how the next trial's parameters are drawn."""

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines.errors import SearchProblem
from pipelines.search.space import SearchSpace

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

SAMPLERS = ("tpe", "random", "qmc")


def make_sampler(name: str, space: SearchSpace, seed: Sequence[int]) -> "BaseSampler":
    """Return a sampler seeded by the experiment's seed and the number of trials so far.

    A sampler's state is not stored with a study: seeded by the experiment alone, a resumed study
    would draw its first trials over again.

    Parameters
    ----------
    name : {"tpe", "random", "qmc"}
    space : SearchSpace
    seed : sequence of int
        Seed, worker and trials so far.
    """
    import optuna

    number = int(np.random.SeedSequence(list(seed)).generate_state(1)[0])
    if name == "random":
        return optuna.samplers.RandomSampler(seed=number)
    if name == "qmc":
        qmc: BaseSampler = _without_notice(optuna.samplers.QMCSampler, seed=number, scramble=True)
        return qmc
    if name == "tpe":
        tpe: BaseSampler = _without_notice(
            optuna.samplers.TPESampler,
            seed=number,
            multivariate=True,
            group=space.conditional,
            constant_liar=True,
        )
        return tpe
    raise SearchProblem(f"sampler must be one of {', '.join(SAMPLERS)}, not {name!r}")


def _without_notice(make: Any, **options: Any) -> Any:
    """Call a constructor that announces itself as experimental."""
    from optuna.exceptions import ExperimentalWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return make(**options)
