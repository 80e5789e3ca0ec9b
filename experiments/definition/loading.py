"""Reading experiment files: by path or by the name of a shipped one."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from competition.errors import did_you_mean
from experiments.definition.recipes import feature_dimensions, recipe_problems
from experiments.definition.search_rules import SPACE, search_problems, value_problems
from experiments.definition.sections import Experiment
from experiments.definition.wording import key_path, problems_of, without
from experiments.errors import InvalidExperiment, UnknownExperiment
from pipelines.models import MODELS, model_parameters
from pipelines.search import check_space

SUFFIX = ".toml"
BASE_KEY = "extends"


def shipped_experiments() -> dict[str, Path]:
    """Return the experiment files that come with the package, by name."""
    folder = Path(str(resources.files("experiments"))) / "files"
    return {path.stem: path for path in sorted(folder.glob(f"*{SUFFIX}"))}


def find_experiment(path_or_name: str | Path) -> Path:
    """Return the file that a path or a shipped experiment's name means.

    Raises
    ------
    UnknownExperiment
        Names the nearest shipped experiment.
    """
    path = Path(path_or_name)
    if path.is_file():
        return path
    shipped = shipped_experiments()
    name = str(path_or_name).removesuffix(SUFFIX).replace("-", "_")
    if name in shipped:
        return shipped[name]
    raise UnknownExperiment(
        f"no experiment file {str(path_or_name)!r}{did_you_mean(name, shipped)}"
        f"; shipped with ripe: {', '.join(shipped)}"
    )


def load_experiment(path_or_name: str | Path, overrides: Sequence[str] = ()) -> Experiment:
    """Read and check an experiment file.

    Parameters
    ----------
    path_or_name : str or pathlib.Path
        A TOML file, or the bare name of a shipped experiment.
    overrides : sequence of str
        Settings that replace those of the file, such as ``network.learning_rate=0.01``.

    Raises
    ------
    InvalidExperiment
        With every problem at once, each with its key path.
    UnknownExperiment
        When there is no such file.
    """
    path = find_experiment(path_or_name)
    content = _read(path)
    for override in overrides:
        _override(content, override)
    return parse_experiment({"name": path.stem, **content}, str(path_or_name))


def parse_experiment(content: Mapping[str, Any], source: str) -> Experiment:
    """Check the content of an experiment file and return its value.

    Raises
    ------
    InvalidExperiment
        With every problem at once, each with its key path.
    """
    try:
        experiment = Experiment.model_validate(content)
    except ValidationError as error:
        found = problems_of(error, content)
        elsewhere = _problems_elsewhere(content, list(found))
        raise InvalidExperiment([*found.values(), *elsewhere], source) from None
    problems = _problems(experiment)
    if problems:
        raise InvalidExperiment(problems, source)
    return experiment


def _read(path: Path, seen: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Read a file and the file it extends."""
    if path.resolve() in seen:
        raise InvalidExperiment([f"{BASE_KEY}: goes round in a circle"], path.name)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise InvalidExperiment(["not a TOML file: it holds no UTF-8 text"], path.name) from None
    except tomllib.TOMLDecodeError as error:
        raise InvalidExperiment([f"not a TOML file: {error}"], path.name) from None
    except OSError as error:
        raise InvalidExperiment([f"cannot be read: {error.strerror}"], path.name) from None
    base = content.pop(BASE_KEY, None)
    if base is None:
        return content
    below = path.parent / str(base)
    found = below if below.is_file() else find_experiment(str(base))
    return _merged(_read(found, (*seen, path.resolve())), content)


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(below.get(key), dict)
        merged[key] = _merged(below[key], value) if both else value
    return merged


def _override(content: dict[str, Any], override: str) -> None:
    path, equals, text = override.partition("=")
    if not equals or not all(part.strip() for part in path.split(".")):
        raise InvalidExperiment([f"write it as section.key=value, not {override!r}"], "--set")
    *sections, key = path.strip().split(".")
    place = content
    for section in sections:
        place = place.setdefault(section, {})
        if not isinstance(place, dict):
            raise InvalidExperiment([f"{path}: {section} is no section"], "--set")
    place[key] = _value(text.strip())


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _problems_elsewhere(
    content: Mapping[str, Any], broken: Sequence[tuple[str | int, ...]]
) -> list[str]:
    """List what is wrong beside the places that could not be read at all."""
    try:
        rest = Experiment.model_validate(without(content, broken))
    except ValidationError:
        return []
    sections = {str(path[0]) for path in broken}
    if sections & {"contest", "data"}:
        sections |= {"contest", "data"}
    if sections & {"features", "recipes"}:
        sections |= {"features", "recipes", f"{SPACE}.features"}
    return [
        problem
        for problem in _problems(rest)
        if problem.partition(":")[0] not in sections | {key_path(path) for path in broken}
    ]


def _problems(experiment: Experiment) -> list[str]:
    problems = recipe_problems(experiment)
    if (experiment.contest is None) == (experiment.data is None):
        problems.append("contest: name a contest, or give a section [data], but not both")
    if experiment.model not in MODELS:
        hint = did_you_mean(experiment.model, MODELS) or f"; there are {', '.join(MODELS)}"
        return [*problems, f"model: unknown model {experiment.model!r}{hint}"]
    known = model_parameters(experiment.model)
    section = "network" if experiment.model == "network" else "baseline"
    problems += [
        f"{section}.{name}: {experiment.model} has no such parameter{did_you_mean(name, known)}"
        for name in experiment.fixed
        if name not in known
    ]
    known = (*known, *feature_dimensions(experiment))
    space = check_space(experiment.search.space, known, SPACE)
    if problems or space:
        return [*problems, *space, *value_problems(experiment, known)]
    return search_problems(experiment)
