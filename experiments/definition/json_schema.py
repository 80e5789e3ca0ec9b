"""The JSON schema of experiment files, by which editors complete and check them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from competition.metrics import METRICS
from experiments.definition.sections import Experiment
from pipelines.features import STEPS
from pipelines.features.recipe import AUTO
from pipelines.features.signatures import OPTION_SCHEMA, step_schema
from pipelines.models import MODELS, NETWORK_PARAMETERS, model_parameters
from pipelines.models.settings import NAMED
from pipelines.search.space import LAYERS, SHAPE, UNITS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


def experiment_schema() -> Schema:
    """Return the JSON schema of an experiment file: sections, steps with their options, networks.

    What only several keys together decide (a name of the search space that a step refers to, limits
    in their order) is checked when the file is read, not here.
    """
    schema = Experiment.model_json_schema()
    properties, definitions = schema["properties"], schema["$defs"]
    definitions |= _feature_definitions()
    properties["extends"] = {"type": "string", "description": "another file that this one changes"}
    properties["model"] |= {"enum": list(MODELS)}
    properties["features"] |= {
        "anyOf": [{"const": AUTO}, {"$ref": "#/$defs/recipe"}, {"type": "string"}]
    }
    named = properties["recipes"]["patternProperties"]
    properties["recipes"] |= {
        "patternProperties": {one: {"$ref": "#/$defs/recipe"} for one in named},
        "additionalProperties": False,
    }
    properties["network"] |= _only({name: _network_values(name) for name in NETWORK_PARAMETERS})
    properties["baseline"] |= _only({name: {} for name in _baseline_parameters()})
    definitions["Search"]["properties"]["space"] |= _space()
    definitions["DataFiles"]["properties"]["metric"] |= _suggested(METRICS)
    return {
        "$schema": DIALECT,
        **_without_titles(schema),
        "title": "Experiment",
        "required": [],
    }


def _feature_definitions() -> Schema:
    steps = {f"step_{name}": step_schema(name) for name in STEPS}
    known: Schema = {"properties": {"step": {"enum": list(STEPS)}}, "required": ["step"]}
    chosen = [
        {
            "if": {"properties": {"step": {"const": name}}, "required": ["step"]},
            "then": {"$ref": f"#/$defs/step_{name}"},
        }
        for name in STEPS
    ]
    return {
        **steps,
        "option": OPTION_SCHEMA,
        "step": {"type": "object", **known, "allOf": chosen},
        "recipe": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/step"}},
        "dimension": _dimension(),
    }


def _dimension() -> Schema:
    number = {"type": "number"}
    limits = {
        "type": "object",
        "properties": {
            "low": number,
            "high": number,
            "step": {"type": "number", "exclusiveMinimum": 0},
            "log": {"type": "boolean", "description": "equal ratios weigh the same"},
        },
        "required": ["low", "high"],
        "additionalProperties": False,
    }
    return {"anyOf": [{"type": "array", "minItems": 1}, limits]}


def _space() -> Schema:
    """Return the form of a search space; options of steps add names of their own to it."""
    names = [LAYERS, UNITS, *(name for name in NETWORK_PARAMETERS if name != SHAPE)]
    dimension = {"$ref": "#/$defs/dimension"}
    recipes = {"type": "array", "items": {"type": "string"}, "description": "names of recipes"}
    return {
        "properties": {**dict.fromkeys(names, dimension), "features": recipes},
        "additionalProperties": dimension,
    }


def _network_values(name: str) -> Schema:
    """Return the form of a network's parameter by its default value."""
    default = NETWORK_PARAMETERS[name]
    if name in NAMED:
        names: Schema = {"enum": sorted(NAMED[name])}
        return names if default is None else {**names, "default": default}
    if isinstance(default, tuple):
        sizes = {"type": "array", "items": {"type": "integer", "minimum": 1}}
        return {**sizes, "default": list(default)}
    if isinstance(default, int):
        return {"type": "integer", "default": default}
    return {"type": "number"} if default is None else {"type": "number", "default": default}


def _baseline_parameters() -> list[str]:
    names = (model_parameters(model) for model in MODELS if model != "network")
    return sorted({name for parameters in names for name in parameters})


def _only(properties: Schema) -> Schema:
    return {"properties": properties, "additionalProperties": False}


def _suggested(names: Iterable[str]) -> Schema:
    """Let an editor offer names where others (aliases) are allowed too."""
    return {"anyOf": [{"enum": list(names)}, {"type": "string"}]}


def _without_titles(schema: Any) -> Any:
    """Leave out the titles that repeat the keys."""
    if isinstance(schema, dict):
        return {
            key: _without_titles(value)
            for key, value in schema.items()
            if key != "title" or not isinstance(value, str)
        }
    return [_without_titles(one) for one in schema] if isinstance(schema, list) else schema
