"""Which recipe of features a trial learns from: named in the file, chosen by the search.

A recipe is known by a label: its name, and what the search chose for its options. The empty label
is the recipe of an experiment whose search chooses nothing of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from competition.errors import did_you_mean
from experiments.definition.sections import Experiment
from pipelines.features import Step, check_recipe, parse_recipe
from pipelines.features.options import options_of, with_options
from pipelines.features.recipe import AUTO
from pipelines.models import Candidate

FEATURES = "features"
OWN = "own"
Lines = list[dict[str, Any]]


def recipe_problems(experiment: Experiment) -> list[str]:
    """List everything wrong with the recipes of an experiment, each problem with its key path."""
    problems = [
        problem
        for name, lines in experiment.recipes.items()
        for problem in _named_problems(name, lines)
    ]
    if not isinstance(experiment.features, str):
        problems += check_recipe(experiment.features)
    elif experiment.features not in _names(experiment):
        hint = did_you_mean(experiment.features, _names(experiment))
        problems.append(
            f"{FEATURES}: there is no recipe {experiment.features!r}{hint}; write 'auto', a name "
            "of [recipes], or a list of steps"
        )
    return problems or [*_choice_problems(experiment), *_option_problems(experiment)]


def _named_problems(name: str, lines: Lines) -> list[str]:
    if name in (AUTO, OWN):
        return [f"recipes.{name}: this name is taken; choose another"]
    return check_recipe(lines, f"recipes.{name}")


def _choice_problems(experiment: Experiment) -> list[str]:
    path, wanted = f"search.space.{FEATURES}", experiment.search.space.get(FEATURES)
    if wanted is None:
        return []
    if not isinstance(wanted, list):
        return [f"{path}: must be a list of recipes, not {wanted!r}"]
    names = _names(experiment)
    problems = [
        f"{path}: there is no recipe {name!r}{did_you_mean(str(name), names)}"
        for name in wanted
        if name not in names
    ]
    if not isinstance(experiment.features, str):
        problems.append(f"{FEATURES}: give its steps a name in [recipes], so that trials can tell")
    elif not problems and experiment.features not in wanted:
        problems.append(
            f"{path}: the first trial takes {FEATURES} = {experiment.features!r}, which is none "
            f"of {', '.join(wanted)}"
        )
    return problems


def _option_problems(experiment: Experiment) -> list[str]:
    space = experiment.search.space
    problems = []
    for name, first in _options(experiment).items():
        if name in experiment.network or name == FEATURES:
            problems.append(f"search.space.{name}: an option of a step needs a name of its own")
        elif name not in space and first is None:
            problems.append(
                f"search.space.{name}: is missing; a step of the features leaves {name!r} to the "
                "search (or give it first = …)"
            )
    return problems


def _names(experiment: Experiment) -> tuple[str, ...]:
    return (AUTO, *experiment.recipes)


def _options(experiment: Experiment) -> dict[str, Any]:
    """Return the options of all recipes that trials may take, with their first values."""
    own = [] if isinstance(experiment.features, str) else [experiment.features]
    found: dict[str, Any] = {}
    for lines in (*own, *experiment.recipes.values()):
        for name, first in options_of(lines).items():
            found[name] = first if found.get(name) is None else found[name]
    return found


def feature_dimensions(experiment: Experiment) -> tuple[str, ...]:
    """Return the names in the search space that choose features, not the model."""
    options = tuple(_options(experiment))
    return (FEATURES, *options) if FEATURES in experiment.search.space else options


def starting_values(experiment: Experiment) -> dict[str, Any]:
    """Return what the first trial takes: fixed values, the file's recipe, first options."""
    space = experiment.search.space
    choice: dict[str, Any] = {}
    if FEATURES in space:
        choice[FEATURES] = experiment.features
    firsts = _options(experiment).items()
    choice |= {name: first for name, first in firsts if name in space and first is not None}
    return {**experiment.fixed, **choice}


def candidate_of(experiment: Experiment, values: Mapping[str, Any], seed: int) -> Candidate:
    """Return the candidate that a trial's values stand for: a model and a recipe."""
    chosen = set(feature_dimensions(experiment))
    model = {name: value for name, value in values.items() if name not in chosen}
    return Candidate(model, seed, label_of(experiment, values))


def values_of(experiment: Experiment, candidate: Candidate) -> dict[str, Any]:
    """Return all values of a candidate, those that chose its features too."""
    name, chosen = _parts(candidate.features)
    named = {FEATURES: name} if FEATURES in experiment.search.space else {}
    return {**candidate.parameters, **named, **chosen}


def label_of(experiment: Experiment, values: Mapping[str, Any]) -> str:
    """Return the label of the recipe that values choose; empty where nothing is chosen."""
    name = str(values.get(FEATURES, _own_name(experiment)))
    wanted = options_of(_lines(experiment, name))
    chosen = {option: values[option] for option in sorted(wanted) if option in values}
    if chosen:
        return f"{name} {json.dumps(chosen)}"
    return name if FEATURES in values else ""


def starting_labels(experiment: Experiment) -> tuple[str, ...]:
    """Return the labels of all recipes that trials may take, with their first options."""
    first = starting_values(experiment)
    names = experiment.search.space.get(FEATURES, [])
    return tuple(label_of(experiment, {**first, FEATURES: name}) for name in names)


def search_of_recipes(experiment: Experiment) -> str:
    """Return the search that tries every recipe once and varies nothing else, as TOML.

    Examples
    --------
    >>> plain = Experiment(name="plain", contest="avocado-ripeness")
    >>> search_of_recipes(plain)
    '{ trials = 1 }'
    """
    names = experiment.search.space.get(FEATURES)
    if not names:
        return "{ trials = 1 }"
    space = f"{{ {FEATURES} = {json.dumps(names)} }}"
    return f'{{ trials = {len(names)}, sampler = "grid", space = {space} }}'


def recipe_name(experiment: Experiment, label: str) -> str:
    """Return the name of the recipe that a label stands for, whatever its options."""
    return _parts(label)[0] or _own_name(experiment)


def recipe_of(experiment: Experiment, label: str) -> tuple[Step, ...]:
    """Return the steps that a label stands for."""
    name, chosen = _parts(label)
    lines = _lines(experiment, name or _own_name(experiment))
    return parse_recipe(with_options(lines, chosen) if lines else AUTO)


def _parts(label: str) -> tuple[str, dict[str, Any]]:
    name, _, chosen = label.partition(" ")
    return name, json.loads(chosen) if chosen else {}


def _own_name(experiment: Experiment) -> str:
    return experiment.features if isinstance(experiment.features, str) else OWN


def _lines(experiment: Experiment, name: str) -> Lines:
    """Return the steps of a recipe as written; none for `auto`."""
    if name == OWN and not isinstance(experiment.features, str):
        return experiment.features
    return list(experiment.recipes.get(name, []))
