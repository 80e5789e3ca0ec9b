"""What the parameters of a step may be: read off its signature."""

import inspect
from dataclasses import dataclass
from functools import cache
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from pipelines.features.options import FIRST, SEARCH
from pipelines.features.steps import STEPS

OPTION_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "left to the search: the name of a dimension of search.space",
    "properties": {SEARCH: {"type": "string"}, FIRST: {"description": "of the first trial"}},
    "required": [SEARCH],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class StepParameter:
    """One parameter of a step.

    Attributes
    ----------
    name : str
    form : pydantic.TypeAdapter
        What its values have to be.
    default : object
        `inspect.Parameter.empty` where it is needed.
    """

    name: str
    form: TypeAdapter[Any]
    default: Any

    @property
    def is_needed(self) -> bool:
        """Whether a step cannot do without it."""
        return self.default is inspect.Parameter.empty

    def problems(self, value: Any) -> list[str]:
        """List what is wrong with a value.

        Examples
        --------
        >>> step_parameters("select")["count"].problems("five")
        ["input should be a valid integer, but got 'five'"]
        """
        try:
            self.form.validate_python(value, strict=True)
        except ValidationError as error:
            said = str(error.errors()[0]["msg"])
            return [f"{said[0].lower()}{said[1:]}, but got {value!r}"]
        return []

    def schema(self) -> dict[str, Any]:
        """Return its values as JSON schema, a choice of the search among them."""
        own = self.form.json_schema()
        default = {} if self.is_needed else {"default": self.default}
        return {"anyOf": [own, {"$ref": "#/$defs/option"}], **default}


@cache
def step_parameters(step: str) -> dict[str, StepParameter]:
    """Return the parameters of a step by name."""
    hints = get_type_hints(STEPS[step], include_extras=True)
    signature = list(inspect.signature(STEPS[step]).parameters.values())[1:]
    return {
        one.name: StepParameter(one.name, TypeAdapter(hints[one.name]), one.default)
        for one in signature
    }


def step_schema(step: str) -> dict[str, Any]:
    """Return one step of a recipe as JSON schema."""
    parameters = step_parameters(step)
    needed = [name for name, parameter in parameters.items() if parameter.is_needed]
    return {
        "type": "object",
        "description": (STEPS[step].__doc__ or "").strip().splitlines()[0],
        "properties": {
            "step": {"const": step},
            **{name: parameter.schema() for name, parameter in parameters.items()},
        },
        "required": ["step", *needed],
        "additionalProperties": False,
    }
