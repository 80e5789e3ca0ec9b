"""An experiment written as a file and read back."""

from __future__ import annotations

import tomllib

import pytest

from experiments import load_experiment, shipped_experiments
from experiments.definition.loading import parse_experiment
from experiments.definition.writing import format_experiment
from experiments.study.identity import experiment_digest


@pytest.mark.parametrize("name", sorted(shipped_experiments()))
def test_every_shipped_experiment_reads_back_as_itself(name):
    experiment = load_experiment(name, ["seed=7", "description='a \"quoted\" é 🥑'"])
    again = parse_experiment(tomllib.loads(format_experiment(experiment)), "again")
    assert again == experiment
    assert experiment_digest(again) == experiment_digest(experiment)
