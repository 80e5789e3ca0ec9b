"""A champion on disk without pickle: networks as safetensors, all else as tables and plain text.

Networks are numbers, and are kept. Features and scikit-learn's models are fitted again when a
champion is read, from the rows, folds, recipe and seeds that are kept instead: equal rows, equal
seeds and a single thread give equal fits. Nothing in the files is ever run.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors.numpy import load, save
from threadpoolctl import threadpool_limits

from pipelines.errors import PipelineError
from pipelines.features import Step
from pipelines.features.steps import Setting
from pipelines.folds import Fold
from pipelines.models.champion import Champion, FoldModel
from pipelines.models.feature_cache import FeatureCache
from pipelines.models.fits import Candidate, by_features
from pipelines.models.fitting import fit_candidates
from pipelines.models.network import FittedNetwork
from pipelines.models.prepared import PreparedFolds, RecipesInMemory, Target, prepare_folds
from pipelines.models.step_memory import StepMemory
from pipelines.network import Recipe, TrainedNetwork

FORMAT = "ripe-champion-1"
FORMAT_OF_RECIPES = "ripe-champion-2"  # models on several recipes of features
TEXT_FILE, ARRAYS_FILE, ROWS_FILE = "champion.json", "arrays.safetensors", "rows.parquet"
Tensors = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Lesson:
    """What features and models are fitted on.

    Attributes
    ----------
    recipe : tuple of Step
    setting : Setting
    rows : pandas.DataFrame, shape (n_rows, n_columns)
    target : Target
    folds : tuple of Fold
    choose : callable, optional
        Returns the recipe of a label, where candidates learn from several.
    label : str
        That of its own recipe.
    labels : tuple of str
        Those of recipes that candidates are expected to learn from.
    """

    recipe: tuple[Step, ...]
    setting: Setting
    rows: pd.DataFrame
    target: Target
    folds: tuple[Fold, ...]
    choose: Callable[[str], tuple[Step, ...]] | None = None
    label: str = ""
    labels: tuple[str, ...] = ()

    def by_recipe(self, label: str) -> "Lesson":
        """Return the same lesson by the recipe of a label; the empty label means this one."""
        if not label or self.choose is None:
            return self
        return replace(self, recipe=self.choose(label), label=label)

    def prepare(
        self, test: pd.DataFrame | None = None, cache: FeatureCache | None = None
    ) -> PreparedFolds:
        """Fit the features inside each fold; the same from the same lesson, bit for bit.

        Other recipes are prepared when a candidate first asks for them, and then kept; steps that
        they begin with alike are fitted once per fold.
        """
        memory = StepMemory() if self.label else None
        own = self._prepare(test, cache, memory)

        def prepare(label: str) -> PreparedFolds:
            if label == self.label:
                return own
            return self.by_recipe(label)._prepare(test, cache, memory)

        return replace(own, variants=RecipesInMemory(prepare))

    def _prepare(
        self, test: pd.DataFrame | None, cache: FeatureCache | None, memory: StepMemory | None
    ) -> PreparedFolds:
        with threadpool_limits(1):
            return prepare_folds(
                self.recipe, self.setting, self.rows, self.target, self.folds, test, cache, memory
            )


def save_champion(
    folder: Path, champion: Champion, lesson: Lesson, model: str, candidates: Sequence[Candidate]
) -> None:
    """Write a champion into a folder, made here.

    Parameters
    ----------
    folder : pathlib.Path
    champion : Champion
    lesson : Lesson
        What its features, and models other than networks, were fitted on.
    model : str
        A name in `MODELS`.
    candidates : sequence of Candidate
        What the models of a fold were made of, in their order.
    """
    folder.mkdir(parents=True, exist_ok=True)
    networks = [_networks_of(part) for fold in champion.folds for part in fold.parts]
    text = {
        **_champion_text(champion),
        **_lesson_text(lesson),
        **_recipe_text(lesson, list(by_features(candidates)) or [""]),
        "model": model,
        "candidates": [asdict(candidate) for candidate in candidates],
        "networks": [[_network_text(one) for one in fold] for fold in networks],
    }
    rows = folder / f".{ROWS_FILE}"
    lesson.rows.to_parquet(rows, index=False)
    rows.replace(folder / ROWS_FILE)
    _write(folder / ARRAYS_FILE, save({**_lesson_arrays(lesson), **_network_arrays(networks)}))
    _write(folder / TEXT_FILE, json.dumps(text, indent=1).encode())


@dataclass(frozen=True)
class Learned:
    """A champion with what it learned from.

    Attributes
    ----------
    champion : Champion
    lesson : Lesson
    prepared : PreparedFolds
        The lesson's features, fitted inside each fold.
    """

    champion: Champion
    lesson: Lesson
    prepared: PreparedFolds


def load_champion(folder: Path) -> Champion:
    """Read a champion back; it predicts what the saved one did, bit for bit.

    Raises
    ------
    PipelineError
        When the folder holds no champion of this format.
    """
    return load_learned(folder).champion


def load_learned(folder: Path) -> Learned:
    """Read a champion back with its lesson; the features are fitted again.

    Raises
    ------
    PipelineError
        When the folder holds no champion of this format.
    """
    text = json.loads((folder / TEXT_FILE).read_bytes())
    if text.get("format") not in (FORMAT, FORMAT_OF_RECIPES):
        raise PipelineError(f"{folder} must hold a champion of format {FORMAT}")
    arrays = load((folder / ARRAYS_FILE).read_bytes())
    lesson = _lesson(text, arrays, pd.read_parquet(folder / ROWS_FILE))
    prepared = lesson.prepare()
    labels = list(text.get("recipes", {"": None}))
    models = _networks(text, arrays) if any(text["networks"]) else _fitted_again(text, prepared)
    champion = Champion(
        tuple(
            FoldModel.of(
                [prepared.by_recipe(label).folds[place].pipeline for label in labels],
                models[place * len(labels) : (place + 1) * len(labels)],
            )
            for place in range(len(prepared.folds))
        ),
        tuple(text["columns"]),
        tuple(text["labels"]),
        tuple(text["targets"]),
        text["metric"],
        text["metric_parameters"],
    )
    return Learned(champion, lesson, prepared)


def _champion_text(champion: Champion) -> dict[str, Any]:
    return {
        "columns": champion.columns,
        "labels": champion.labels,
        "targets": champion.targets,
        "metric": champion.metric_name,
        "metric_parameters": champion.metric_parameters,
    }


def _recipe_text(lesson: Lesson, labels: Sequence[str]) -> dict[str, Any]:
    """Return the recipes of the models; that of a single one needs no label."""
    recipes = {label: [asdict(step) for step in lesson.by_recipe(label).recipe] for label in labels}
    first = {"recipe": recipes[labels[0]]}
    if len(labels) == 1:
        return {"format": FORMAT, **first}
    return {"format": FORMAT_OF_RECIPES, **first, "recipes": recipes}


def _lesson_text(lesson: Lesson) -> dict[str, Any]:
    return {
        "setting": asdict(lesson.setting),
        "classes": lesson.target.classes,
        "folds": len(lesson.folds),
    }


def _lesson_arrays(lesson: Lesson) -> Tensors:
    arrays = {"target": lesson.target.values}
    for number, fold in enumerate(lesson.folds):
        arrays |= {f"fold{number}.train": fold.train, f"fold{number}.valid": fold.valid}
    return {name: np.ascontiguousarray(values) for name, values in arrays.items()}


def _lesson(text: Mapping[str, Any], arrays: Tensors, rows: pd.DataFrame) -> Lesson:
    recipes = text.get("recipes")
    return Lesson(
        _steps(text["recipe"]),
        Setting(**text["setting"]),
        rows,
        Target(arrays["target"], text["classes"]),
        tuple(
            Fold(arrays[f"fold{number}.train"], arrays[f"fold{number}.valid"])
            for number in range(text["folds"])
        ),
        None if recipes is None else lambda label: _steps(recipes[label]),
    )


def _steps(lines: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    return tuple(Step(**line) for line in lines)


def _networks_of(fold: FoldModel) -> list[FittedNetwork]:
    return [model for model in fold.models if isinstance(model, FittedNetwork)]


def _network_text(network: FittedNetwork) -> dict[str, Any]:
    recipe = {key: value for key, value in asdict(network.trained.recipe).items() if key != "score"}
    return {"sizes": network.trained.sizes, "width": network.width, "recipe": recipe}


def _network_arrays(networks: Sequence[Sequence[FittedNetwork]]) -> Tensors:
    arrays: Tensors = {}
    for number, fold in enumerate(networks):
        for place, one in enumerate(fold):
            parts = {
                "parameters": one.trained.parameters,
                "offset": one.offset,
                "scale": one.scale,
            }
            for part, values in parts.items():
                if values is not None:
                    arrays[f"fold{number}.network{place}.{part}"] = np.ascontiguousarray(values)
    return arrays


def _networks(text: Mapping[str, Any], arrays: Tensors) -> list[list[FittedNetwork]]:
    return [
        [_network(one, arrays, f"fold{number}.network{place}") for place, one in enumerate(fold)]
        for number, fold in enumerate(text["networks"])
    ]


def _network(text: Mapping[str, Any], arrays: Tensors, key: str) -> FittedNetwork:
    trained = TrainedNetwork(
        tuple(text["sizes"]), Recipe(**text["recipe"]), arrays[f"{key}.parameters"]
    )
    return FittedNetwork(
        trained, text["width"], arrays.get(f"{key}.offset"), arrays.get(f"{key}.scale")
    )


def _fitted_again(text: Mapping[str, Any], prepared: PreparedFolds) -> list[list[Any]]:
    candidates = [Candidate(**candidate) for candidate in text["candidates"]]
    with threadpool_limits(1):
        fits = fit_candidates(text["model"], candidates, prepared)
    return [
        [fits[number][place].model for number in numbers]
        for place in range(len(prepared.folds))
        for numbers in by_features(candidates).values()
    ]


def _write(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}")
    temporary.write_bytes(data)
    temporary.replace(path)
