"""After the search: the models built of the trials, their scores, the chosen one's predictions."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.data import ContestData, as_predictions
from experiments.definition.recipes import values_of
from experiments.definition.sections import Experiment
from experiments.errors import ExperimentError
from experiments.reporting.history import as_history, keep_trials
from experiments.reporting.material import ANSWERS_FOLDER, CURVES_FILE
from experiments.study.library import KeptTrial
from experiments.study.recipe_scores import compare_recipes
from experiments.study.result import ModelScore, RecipeScore
from pipelines.models import Candidate, FoldFit, PreparedFolds, fit_candidates
from pipelines.models.champion import Champion, FoldModel
from pipelines.models.fits import by_features
from pipelines.models.greedy import choose_greedily
from pipelines.models.saving import Learned, Lesson, save_champion
from pipelines.models.scoring import Scorer
from pipelines.search.trials import mean_test_answers, out_of_fold
from pipelines.tracking.models import CHAMPION_FOLDER, as_served, keep_example
from pipelines.tracking.surroundings import code_version, library_versions

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

logger = logging.getLogger(__name__)

Answers = NDArray[np.float64]
MODEL_FOLDER = "model"
GREEDY = "greedy"
EXAMPLE_ROWS = 5


@dataclass(frozen=True)
class BuiltModel:
    """A model made of candidates' fold fits: its name, out-of-fold and test answers."""

    name: str
    scored: Answers
    test: Answers | None
    candidates: list[Candidate]
    fits: list[list[FoldFit]]


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
    scores = {model.name: _scored(model, data, scorer, experiment.seed) for model in built}
    chosen = next(model for model in built if model.name == experiment.submission.model)
    champion = champion_of(data, prepared, chosen)
    finished = Finished(
        tuple(scores.values()),
        scores[chosen.name],
        values_of(experiment, best),
        _predictions(data, chosen),
        _learned(champion, lesson, prepared, chosen),
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


def origin_of(data: ContestData) -> dict[str, Any]:
    """Return what a study was about, when and with what it was finished."""
    contest = data.contest
    return {
        "contest": {"slug": contest.slug, "title": contest.title},
        "id_column": contest.id_column,
        "time_column": contest.time_column,
        "digests": dict(data.tables.digests),
        "versions": {**library_versions(), **code_version()},
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def curves_of(fits: Sequence[FoldFit]) -> pd.DataFrame:
    """Return the learning curves of one candidate: a row per fold and epoch, none without epochs.

    Columns: fold, epoch, train_loss, validation_loss.
    """
    columns = ["fold", "epoch", "train_loss", "validation_loss"]
    rows = [{"fold": number, **row} for number, fit in enumerate(fits, 1) for row in fit.history]
    return pd.DataFrame(rows).reindex(columns=columns)


def keep_answers_of(folder: Path, built: Sequence[BuiltModel]) -> None:
    """Keep every built model's out-of-fold answers, to compare it with later ones."""
    folder.mkdir(exist_ok=True)
    for model in built:
        names = [f"answer_{place}" for place in range(model.scored.shape[1])]
        write_parquet(folder / f"{model.name}.parquet", pd.DataFrame(model.scored, columns=names))


def _learned(
    champion: Champion, lesson: Lesson, prepared: PreparedFolds, chosen: BuiltModel
) -> Learned:
    """Return a champion with the lesson of its own recipe, as it is when it is read back."""
    label = chosen.candidates[0].features
    return Learned(champion, lesson.by_recipe(label), prepared.by_recipe(label))


def build_models(
    experiment: Experiment, prepared: PreparedFolds, best: Candidate
) -> list[BuiltModel]:
    """Fit the best trial again with its own seed and more, all side by side."""
    seeds = [best.seed + one for one in range(experiment.ensemble.seeds)]
    candidates = [replace(best, seed=seed) for seed in seeds]
    fits = fit_candidates(experiment.model, candidates, prepared)
    return [
        _built("best", candidates[:1], fits[:1], prepared),
        _built("seeds", candidates, fits, prepared),
    ]


def build_greedy(
    experiment: Experiment,
    prepared: PreparedFolds,
    scorer: Scorer,
    library: Sequence[KeptTrial],
) -> BuiltModel:
    """Choose an ensemble of trials; its members are fitted again only if it is submitted.

    Raises
    ------
    ExperimentError
        When no trial's out-of-fold answers are there.
    """
    answers = {trial.number: trial.scored for trial in library if trial.scored is not None}
    if not answers:
        raise ExperimentError(
            "the greedy ensemble is made of trials' out-of-fold answers, and none are kept in this "
            "home; leave it out with --set ensemble.greedy=false, or start over with --fresh"
        )
    ensemble = choose_greedily(
        answers,
        [one.fold.valid for one in prepared.folds],
        scorer.score,
        greater_is_better=scorer.metric.greater_is_better,
    )
    if experiment.submission.model != GREEDY:
        return BuiltModel(GREEDY, ensemble.scored, None, [], [])
    taken = [trial for trial in library if trial.number in ensemble.counts]
    candidates = [trial.candidate for trial in taken]
    fits = fit_candidates(experiment.model, candidates, prepared)
    places = np.repeat(np.arange(len(taken)), [ensemble.counts[trial.number] for trial in taken])
    weighed, members = [fits[place] for place in places], [candidates[place] for place in places]
    return replace(_built(GREEDY, members, weighed, prepared), scored=ensemble.scored)


def _built(
    name: str, candidates: list[Candidate], fits: list[list[FoldFit]], prepared: PreparedFolds
) -> BuiltModel:
    scored = np.mean([out_of_fold(one, prepared) for one in fits], axis=0)
    tests = [mean_test_answers(one) for one in fits]
    present = [test for test in tests if test is not None]
    test = np.mean(present, axis=0) if present else None
    return BuiltModel(name, scored, test, candidates, fits)


def keep_model(
    folder: Path, kind: str, champion: Champion, lesson: Lesson, model: BuiltModel
) -> None:
    """Write a built model as a champion, with a few rows and what it says of them."""
    save_champion(folder / CHAMPION_FOLDER, champion, lesson, kind, model.candidates)
    example = as_served(lesson.rows.head(EXAMPLE_ROWS), lesson.rows)
    keep_example(folder, example, champion.predict(example))


def champion_of(data: ContestData, prepared: PreparedFolds, model: BuiltModel) -> Champion:
    """Return a built model as one thing that predicts from raw rows."""
    groups = by_features(model.candidates)
    folds = tuple(
        FoldModel.of(
            [prepared.by_recipe(label).folds[place].pipeline for label in groups],
            [[model.fits[n][place].model for n in numbers] for numbers in groups.values()],
        )
        for place in range(len(prepared.folds))
    )
    return Champion(
        folds,
        tuple(data.columns),
        tuple(data.contest.labels),
        tuple(data.contest.targets),
        data.metric.name,
        dict(data.metric.parameters),
    )


def _scored(model: BuiltModel, data: ContestData, scorer: Scorer, seed: int) -> ModelScore:
    rows = np.flatnonzero(np.isfinite(model.scored).all(axis=1))
    answers = model.scored[rows]
    low, high = scorer.interval(answers, rows, data.groups, seed)
    return ModelScore(model.name, scorer.score(answers, rows), low, high)


def _predictions(data: ContestData, model: BuiltModel) -> pd.DataFrame | None:
    if model.test is None:
        return None
    return as_predictions(data, model.test)


def write_out_of_fold(
    path: Path, data: ContestData, prepared: PreparedFolds, answers: Answers
) -> None:
    """Write out-of-fold answers: id, fold and one column per class or target."""
    names = [str(label) for label in data.contest.labels] or list(data.contest.targets)
    frame = pd.DataFrame(answers, columns=names)
    fold_of_row = np.zeros(prepared.rows, np.int64)
    for number, one in enumerate(prepared.folds, 1):
        fold_of_row[one.fold.valid] = number
    frame.insert(0, "fold", fold_of_row)
    if data.contest.id_column in data.tables.train:
        frame.insert(0, data.contest.id_column, data.tables.train[data.contest.id_column])
    write_parquet(path, frame)


def write_folds(path: Path, data: ContestData, prepared: PreparedFolds) -> None:
    """Write the folds: one line per fold and row of it, scored or learned from."""
    parts = [
        pd.DataFrame({"fold": number, "row": rows, "scored": scored})
        for number, one in enumerate(prepared.folds, 1)
        for rows, scored in ((one.fold.valid, True), (one.fold.train, False))
    ]
    table = pd.concat(parts, ignore_index=True)
    if data.contest.id_column in data.tables.train:
        ids = data.tables.train[data.contest.id_column].to_numpy()
        table.insert(2, data.contest.id_column, ids[table["row"].to_numpy()])
    write_parquet(path, table)


def write_parquet(path: Path, frame: pd.DataFrame) -> None:
    """Write a parquet file in one step."""
    temporary = path.with_name(f".{path.name}")
    frame.to_parquet(temporary, index=False)
    temporary.replace(path)


def write_text(path: Path, text: str) -> None:
    """Write a text file in one step."""
    temporary = path.with_name(f".{path.name}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
