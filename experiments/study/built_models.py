"""The models built of trials: the best one, seeds of it, a greedy ensemble; the one to serve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.data import ContestData, as_predictions
from experiments.definition.sections import Experiment
from experiments.errors import ExperimentError
from experiments.study.files import write_parquet
from experiments.study.library import KeptTrial
from experiments.study.result import ModelScore
from pipelines.models import Candidate, FoldFit, PreparedFolds, fit_candidates
from pipelines.models.champion import Champion, FoldModel
from pipelines.models.fits import by_features
from pipelines.models.greedy import choose_greedily
from pipelines.models.saving import Learned, Lesson, save_champion
from pipelines.models.scoring import Scorer
from pipelines.search.trials import mean_test_answers, out_of_fold
from pipelines.tracking.models import CHAMPION_FOLDER, as_served, keep_example

Answers = NDArray[np.float64]
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


def learned_of(
    champion: Champion, lesson: Lesson, prepared: PreparedFolds, chosen: BuiltModel
) -> Learned:
    """Return a champion with the lesson of its own recipe, as it is when it is read back."""
    label = chosen.candidates[0].features
    return Learned(champion, lesson.by_recipe(label), prepared.by_recipe(label))


def keep_model(
    folder: Path, kind: str, champion: Champion, lesson: Lesson, model: BuiltModel
) -> None:
    """Write a built model as a champion, with a few rows and what it says of them."""
    save_champion(folder / CHAMPION_FOLDER, champion, lesson, kind, model.candidates)
    example = as_served(lesson.rows.head(EXAMPLE_ROWS), lesson.rows)
    keep_example(folder, example, champion.predict(example))


def keep_answers_of(folder: Path, built: Sequence[BuiltModel]) -> None:
    """Keep every built model's out-of-fold answers, to compare it with later ones."""
    folder.mkdir(exist_ok=True)
    for model in built:
        names = [f"answer_{place}" for place in range(model.scored.shape[1])]
        write_parquet(folder / f"{model.name}.parquet", pd.DataFrame(model.scored, columns=names))


def score_of(model: BuiltModel, data: ContestData, scorer: Scorer, seed: int) -> ModelScore:
    """Return a built model's cross-validated score with its interval."""
    rows = np.flatnonzero(np.isfinite(model.scored).all(axis=1))
    answers = model.scored[rows]
    low, high = scorer.interval(answers, rows, data.groups, seed)
    return ModelScore(model.name, scorer.score(answers, rows), low, high)


def predictions_of(data: ContestData, model: BuiltModel) -> pd.DataFrame | None:
    """Return what a built model says of the test rows; None without them."""
    if model.test is None:
        return None
    return as_predictions(data, model.test)
