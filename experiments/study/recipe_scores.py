"""What each recipe of features is worth: its score beside that of the file's own recipe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.definition.recipes import FEATURES, recipe_name
from experiments.definition.sections import Experiment
from experiments.study.library import KeptTrial
from experiments.study.result import RecipeScore
from pipelines.models.scoring import Scorer

Answers = NDArray[np.float64]


def compare_recipes(
    experiment: Experiment,
    scorer: Scorer,
    library: Sequence[KeptTrial],
    groups: NDArray[Any] | None,
) -> tuple[RecipeScore, ...]:
    """Compare the best trial of each recipe with that of the experiment's own one.

    Parameters
    ----------
    experiment : Experiment
    scorer : Scorer
    library : sequence of KeptTrial
        The completed trials, the best first.
    groups : ndarray, shape (n_rows,), or None
        Rows of a group are drawn together.

    Returns
    -------
    tuple of RecipeScore
        The experiment's own recipe first, then those that lose most without what they leave out;
        empty where trials choose no recipe.
    """
    if FEATURES not in experiment.search.space:
        return ()
    best: dict[str, tuple[KeptTrial, Answers]] = {}
    tried: dict[str, int] = {}
    for trial in library:
        name = recipe_name(experiment, trial.candidate.features)
        tried[name] = tried.get(name, 0) + 1
        if trial.scored is not None:
            best.setdefault(name, (trial, trial.scored))
    own = best.get(str(experiment.features))
    scores = [
        _scored(name, trial, answers, tried[name], None if own is None else own[1], scorer, groups)
        for name, (trial, answers) in best.items()
    ]
    return tuple(sorted(scores, key=lambda one: (one.name != experiment.features, -one.worth)))


def _scored(
    name: str,
    trial: KeptTrial,
    answers: Answers,
    trials: int,
    own: Answers | None,
    scorer: Scorer,
    groups: NDArray[Any] | None,
) -> RecipeScore:
    known = np.isfinite(answers).all(axis=1)
    if own is not None:
        known &= np.isfinite(own).all(axis=1)
    rows = np.flatnonzero(known)
    score = scorer.score(answers[rows], rows)
    sign = 1.0 if scorer.metric.greater_is_better else -1.0
    worth, bounds = 0.0, (0.0, 0.0)
    if own is not None and own is not answers:
        worth = sign * (scorer.score(own[rows], rows) - score)
        low, high = scorer.difference(own[rows], answers[rows], rows, groups, seed=0)
        bounds = (low, high) if sign > 0 else (-high, -low)
    return RecipeScore(name, trial.number, trials, score, worth, *bounds)
