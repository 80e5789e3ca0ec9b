"""An experiment as the text of an experiment file, which reads back as the same experiment."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from experiments.definition.sections import Experiment

EXPERIMENT_FILE = "experiment.toml"
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def format_experiment(experiment: Experiment) -> str:
    """Return TOML text with everything in which an experiment differs from the defaults.

    Examples
    --------
    >>> experiment = Experiment(name="small", seed=3, search={"trials": 4, "space": {"a": [1]}})
    >>> print(format_experiment(experiment), end="")
    name = "small"
    seed = 3
    <BLANKLINE>
    [search]
    trials = 4
    space = { a = [1] }
    """
    content = experiment.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    sections = {key: value for key, value in content.items() if isinstance(value, dict)}
    plain = {key: value for key, value in content.items() if key not in sections}
    return "\n".join([*_lines(plain), *_tables(sections)]) + "\n"


def _tables(sections: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, values in sections.items():
        yield ""
        yield f"[{_key(name)}]"
        yield from _lines(values)


def _lines(values: Mapping[str, Any]) -> Iterator[str]:
    return (f"{_key(key)} = {_value(value)}" for key, value in values.items())


def _key(name: str) -> str:
    return name if BARE_KEY.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        pairs = ", ".join(_lines(value))
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value, ensure_ascii=False)
