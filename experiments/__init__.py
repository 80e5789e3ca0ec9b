"""Experiment files and the studies they run.

::

    experiment = load_experiment("avocado_ripeness", ["search.trials=40"])
    result = run_experiment(experiment, home)
    result.score, result.interval, result.predictions
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from experiments.definition.loading import load_experiment, shipped_experiments
    from experiments.definition.sections import Experiment
    from experiments.errors import (
        ExperimentError,
        InvalidExperiment,
        MissingData,
        UnknownExperiment,
    )
    from experiments.running.experiment import run_experiment
    from experiments.study.result import ModelScore, Progress, StudyResult

_HOMES = {
    "Experiment": "definition.sections",
    "ExperimentError": "errors",
    "InvalidExperiment": "errors",
    "MissingData": "errors",
    "ModelScore": "study.result",
    "Progress": "study.result",
    "StudyResult": "study.result",
    "UnknownExperiment": "errors",
    "load_experiment": "definition.loading",
    "run_experiment": "running.experiment",
    "shipped_experiments": "definition.loading",
}
__all__ = [
    "Experiment",
    "ExperimentError",
    "InvalidExperiment",
    "MissingData",
    "ModelScore",
    "Progress",
    "StudyResult",
    "UnknownExperiment",
    "load_experiment",
    "run_experiment",
    "shipped_experiments",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
