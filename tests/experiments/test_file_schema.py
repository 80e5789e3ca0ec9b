"""The JSON schema of experiment files agrees with what reading them says."""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from experiments.definition.json_schema import experiment_schema
from experiments.definition.loading import parse_experiment, shipped_experiments
from experiments.errors import InvalidExperiment
from pipelines.features import STEPS
from pipelines.models import NETWORK_PARAMETERS


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = experiment_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize("name", shipped_experiments())
def test_every_shipped_file_is_valid(name: str, validator: Draft202012Validator) -> None:
    content = tomllib.loads(shipped_experiments()[name].read_text(encoding="utf-8"))
    assert not list(validator.iter_errors(content))


@pytest.mark.parametrize(
    "sections",
    [
        {"network": {"learning_rat": 0.1}},
        {"features": [{"step": "scael"}]},
        {"features": [{"step": "select"}]},
        {"features": [{"step": "select", "count": "five"}]},
        {"features": [{"step": "select", "count": 5, "by": "luck"}]},
        {"features": [{"step": "drop", "colums": ["hue"]}]},
        {"recipes": {"lean": [{"step": "drop", "columns": "hue"}]}},
        {"search": {"space": {"learning_rate": {"low": 0.1}}}},
        {"search": {"sampler": "luck"}},
        {"model": "magic"},
        {"seeds": 3},
    ],
)
def test_what_reading_refuses_the_schema_refuses(
    sections: dict[str, Any],
    validator: Draft202012Validator,
    small_experiment: Callable[..., dict[str, Any]],
) -> None:
    content = small_experiment(**sections)
    assert list(validator.iter_errors(content))
    with pytest.raises(InvalidExperiment):
        parse_experiment(content, "small")


def test_recipes_and_options_are_valid(
    validator: Draft202012Validator, small_experiment: Callable[..., dict[str, Any]]
) -> None:
    picked = [{"step": "auto"}, {"step": "select", "count": {"search": "k", "first": 2}}]
    content = small_experiment(recipes={"picked": picked})
    content["search"]["space"] |= {"features": ["auto", "picked"], "k": {"low": 1, "high": 3}}
    assert not list(validator.iter_errors(content))
    parse_experiment(content, "small")


def test_every_step_with_its_parameters_can_be_completed(validator: Draft202012Validator) -> None:
    definitions = validator.schema["$defs"]
    for name, step in STEPS.items():
        known = set(definitions[f"step_{name}"]["properties"])
        assert known == {"step", *list(inspect.signature(step).parameters)[1:]}
        assert definitions[f"step_{name}"]["description"]


def test_every_parameter_of_the_network_can_be_completed(validator: Draft202012Validator) -> None:
    known = validator.schema["properties"]["network"]["properties"]
    assert set(known) == set(NETWORK_PARAMETERS)
    assert "relu" in known["activation"]["enum"]
