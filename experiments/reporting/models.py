"""The models of a study and the baselines, scored beside each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from experiments.reporting.baselines import baseline_answers
from experiments.reporting.estimates import Estimate, answered_rows, estimate, lead_over, score_of
from experiments.reporting.material import Answers, Material


@dataclass(frozen=True)
class ModelFacts:
    """A model's scores out of fold.

    Attributes
    ----------
    name : str
    is_baseline : bool
    score : Estimate
    folds : tuple of float or None
        Score of each fold; empty where its answers were not kept.
    behind : Estimate or None
        The chosen model's score minus this one's, over the same resamples of the rows.
    """

    name: str
    is_baseline: bool
    score: Estimate
    folds: tuple[float | None, ...]
    behind: Estimate | None


def models_of(material: Material, baselines: Iterable[str]) -> tuple[ModelFacts, ...]:
    """Score the study's models and the baselines, fold by fold and against the chosen one."""
    own = [_own_model(material, name, told) for name, told in material.summary["scores"].items()]
    beside = [
        _baseline(material, name, answers)
        for name, answers in baseline_answers(material, baselines).items()
    ]
    return (*own, *beside)


def _own_model(material: Material, name: str, told: Mapping[str, float]) -> ModelFacts:
    answers = material.answers.get(name)
    score = Estimate(told["score"], told["low"], told["high"])
    if answers is None:
        return ModelFacts(name, False, score, (), None)
    behind = None if name == material.chosen else lead_over(material, answers)
    return ModelFacts(name, False, score, _fold_scores(material, answers), behind)


def _baseline(material: Material, name: str, answers: Answers) -> ModelFacts:
    score = estimate(material, answers, answered_rows(answers))
    folds = _fold_scores(material, answers)
    return ModelFacts(name, True, score, folds, lead_over(material, answers))


def _fold_scores(material: Material, answers: Answers) -> tuple[float | None, ...]:
    return tuple(
        score_of(material, answers[fold.valid], fold.valid) for fold in material.lesson.folds
    )
