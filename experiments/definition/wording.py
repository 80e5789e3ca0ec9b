"""What pydantic finds in an experiment file, in words of the file."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from competition.errors import did_you_mean
from experiments.definition.sections import Experiment

Path = tuple[str | int, ...]
KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "dict_type": "a table",
    "mapping_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}
LIMITS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
}
NAMED = ("literal_error", "enum")


def key_path(path: Path) -> str:
    """Return a place in a file as it is written.

    Examples
    --------
    >>> key_path(("features", 0, "step"))
    'features[0].step'
    """
    words = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in path]
    return "".join(words).removeprefix(".")


def problems_of(error: ValidationError, content: Mapping[str, Any]) -> dict[Path, str]:
    """Return what is wrong at each place, one sentence each, beginning with the key path.

    Where one of several forms would do, the place is named once.
    """
    found: dict[Path, list[Any]] = {}
    for problem in error.errors():
        found.setdefault(_place(problem, content), []).append(problem)
    deepest = [path for path in found if not any(_lies_below(one, path) for one in found)]
    return {path: f"{key_path(path)}: {_words(path, found[path])}" for path in deepest}


def without(content: Mapping[str, Any], paths: Sequence[Path]) -> dict[str, Any]:
    """Return the content without what stands at some places; a list goes as a whole."""
    left = copy.deepcopy(dict(content))
    for path in paths:
        names = path[: next((n for n, part in enumerate(path) if isinstance(part, int)), None)]
        place: Any = left
        for name in names[:-1]:
            place = place.get(name, {}) if isinstance(place, dict) else {}
        if isinstance(place, dict):
            place.pop(names[-1], None)
    return left


def _lies_below(path: Path, above: Path) -> bool:
    return len(path) > len(above) and path[: len(above)] == above


def _place(problem: Any, content: Any) -> Path:
    """Return where a problem lies, without the names of the forms that pydantic tried."""
    location = problem["loc"]
    path: list[str | int] = []
    for number, part in enumerate(location):
        if _has(content, part):
            content = content[part]
        elif problem["type"] != "missing" or number < len(location) - 1:
            continue
        path.append(part)
    return tuple(path)


def _has(content: Any, part: str | int) -> bool:
    if isinstance(content, list):
        return isinstance(part, int)
    return isinstance(content, Mapping) and part in content


def _words(path: Path, problems: Sequence[Any]) -> str:
    kinds = [KINDS[one["type"]] for one in problems if one["type"] in KINDS]
    if len(kinds) == len(problems):
        return f"must be {' or '.join(dict.fromkeys(kinds))}, but got {problems[0]['input']!r}"
    return _sentence(path, next(one for one in problems if one["type"] not in KINDS))


def _sentence(path: Path, problem: Any) -> str:
    kind, got, context = problem["type"], problem["input"], problem.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key{did_you_mean(str(path[-1]), _keys_of(path[:-1]))}"
    if kind == "missing":
        return "is missing"
    if kind in LIMITS:
        words, limit = LIMITS[kind]
        return f"must be {words} {context[limit]}, but got {got!r}"
    if kind in NAMED:
        names = re.findall(r"'([^']*)'", str(context["expected"]))
        if isinstance(path[-1], int):
            return f"must be one of {', '.join(names)}, but got {got!r}"
        hint = did_you_mean(str(got), names) or f"; there are {', '.join(names)}"
        return f"there is no {path[-1]} {got!r}{hint}"
    if kind == "string_pattern_mismatch":
        return "a name begins with a letter or digit, and holds letters, digits, _, . and - only"
    message = str(problem["msg"]).replace("Input should", "must").replace("String should", "must")
    return f"{message[0].lower()}{message[1:]}, but got {got!r}"


def _keys_of(path: Path) -> list[str]:
    """Return the keys allowed at a place of the file."""
    model: Any = Experiment
    for part in path:
        field = model.model_fields.get(part)
        models = [] if field is None else _models_of(field.annotation)
        if not models:
            return []
        model = models[0]
    return list(model.model_fields)


def _models_of(annotation: Any) -> list[type[BaseModel]]:
    candidates = (annotation, *get_args(annotation))
    return [one for one in candidates if isinstance(one, type) and issubclass(one, BaseModel)]
