"""After the search: the models built of the trials, their scores, the chosen one's predictions."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from experiments.data import ContestData
from experiments.definition.recipes import values_of
from experiments.definition.sections import Experiment
from experiments.reporting.history import as_history, keep_trials
from experiments.reporting.material import ANSWERS_FOLDER, CURVES_FILE
from experiments.study.built_models import (
    GREEDY,
    BuiltModel,
    build_greedy,
    build_models,
    champion_of,
    keep_answers_of,
    keep_model,
    learned_of,
    predictions_of,
    score_of,
)
from experiments.study.files import (
    curves_of,
    origin_of,
    write_folds,
    write_out_of_fold,
    write_parquet,
    write_text,
)
from experiments.study.library import KeptTrial
from experiments.study.recipe_scores import compare_recipes
from experiments.study.result import ModelScore, RecipeScore
from pipelines.models import PreparedFolds
from pipelines.models.saving import Learned, Lesson
from pipelines.models.scoring import Scorer

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

logger = logging.getLogger(__name__)
MODEL_FOLDER = "model"


@dataclass(frozen=True)
class Finished:
    """What is made of the trials."""

    models: tuple[ModelScore, ...]
    chosen: ModelScore
    parameters: Mapping[str, Any]
    predictions: pd.DataFrame | None
    learned: Learned
    recipes: tuple[RecipeScore, ...] = ()


def finish(
    experiment: Experiment,
    data: ContestData,
    lesson: Lesson,
    prepared: PreparedFolds,
    scorer: Scorer,
    library: Sequence[KeptTrial],
    folder: Path,
    trials: Sequence[FrozenTrial] = (),
) -> Finished:
    """Build the models, score them out of fold, and write the chosen one's predictions.

    Parameters
    ----------
    experiment, data, lesson, prepared, scorer
        Of the study.
    library : sequence of KeptTrial
        The completed trials, the best first.
    folder : pathlib.Path
        For the study's files; made here.
    trials : sequence of optuna.trial.FrozenTrial
        All trials of the study in their order, for its report.
    """
    best = library[0].candidate
    built = build_models(experiment, prepared, best)
    if experiment.ensemble.greedy or experiment.submission.model == GREEDY:
        built.append(build_greedy(experiment, prepared, scorer, library))
    scores = {model.name: score_of(model, data, scorer, experiment.seed) for model in built}
    chosen = next(model for model in built if model.name == experiment.submission.model)
    champion = champion_of(data, prepared, chosen)
    finished = Finished(
        tuple(scores.values()),
        scores[chosen.name],
        values_of(experiment, best),
        predictions_of(data, chosen),
        learned_of(champion, lesson, prepared, chosen),
        compare_recipes(experiment, scorer, library, data.groups),
    )
    folder.mkdir(parents=True, exist_ok=True)
    keep_model(folder / MODEL_FOLDER, experiment.model, champion, lesson, chosen)
    keep_answers_of(folder / ANSWERS_FOLDER, built)
    _write_tables(folder, data, prepared, built, chosen, finished.predictions)
    if trials:
        keep_trials(folder, as_history(trials, experiment, data.metric))
    write_text(folder / "summary.json", _summary(finished, library[0].number, data))
    write_text(folder / "experiment.json", experiment.model_dump_json(indent=2))
    return finished


def _write_tables(
    folder: Path,
    data: ContestData,
    prepared: PreparedFolds,
    built: Sequence[BuiltModel],
    chosen: BuiltModel,
    predictions: pd.DataFrame | None,
) -> None:
    write_folds(folder / "folds.parquet", data, prepared)
    write_out_of_fold(folder / "out_of_fold.parquet", data, prepared, chosen.scored)
    write_parquet(folder / CURVES_FILE, curves_of(built[0].fits[0]))
    if predictions is not None:
        write_parquet(folder / "predictions.parquet", predictions)


def _summary(finished: Finished, trial: int, data: ContestData) -> str:
    summary = {
        "trial": trial,
        "parameters": finished.parameters,
        "chosen": finished.chosen.name,
        "scores": {score.name: vars(score) for score in finished.models},
        "recipes": [vars(recipe) for recipe in finished.recipes],
        **origin_of(data),
    }
    return json.dumps(summary, indent=2, default=list)


def make_pages(study: str, pages: Mapping[str, Callable[[], object]]) -> list[str]:
    """Make the pages about a study; should one fail, the study is finished all the same.

    Parameters
    ----------
    study : str
    pages : mapping
        What a page is called -> makes it.

    Returns
    -------
    list of str
        A note for each page that could not be made.
    """
    notes = []
    for page, make in pages.items():
        try:
            make()
        except Exception as error:  # hours of search must not be lost for a picture
            logger.exception("study %s is finished, but %s could not be made", study, page)
            reason = f"{type(error).__name__}: {error}".partition("\n")[0]
            notes.append(f"{page} could not be made ({reason}); the study is finished without it")
    return notes
