"""Models behind one door, decisions, scores with intervals, ensembles."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from competition.metrics import get_metric
from pipelines.errors import PipelineError
from pipelines.features import parse_recipe
from pipelines.features.steps import Setting
from pipelines.folds import FoldPlan, make_folds
from pipelines.models import MODELS, Candidate, Target, fit_candidates, prepare_folds
from pipelines.models.decisions import decide
from pipelines.models.greedy import choose_greedily
from pipelines.models.scoring import Scorer
from pipelines.search.trials import out_of_fold, try_candidates


def prepared(classes: bool, rows: int = 150):
    generator = np.random.default_rng(0)
    table = pd.DataFrame({"a": generator.normal(size=rows), "b": generator.normal(size=rows)})
    signal = table["a"].to_numpy() + 0.3 * generator.normal(size=rows)
    if classes:
        target = Target(np.digitize(signal, [-0.5, 0.5]), 3)
    else:
        target = Target((100 + 10 * signal)[:, None])
    folds = make_folds(FoldPlan(folds=3), target.one_column, classes=classes)
    recipe = parse_recipe("auto")
    return prepare_folds(recipe, Setting(classes), table, target, folds, table.head(5))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("classes", [True, False])
def test_every_model_answers_in_the_same_form(model, classes):
    folds = prepared(classes)
    parameters = {"network": {"max_epochs": 40, "batch_size": 16}}
    parameters |= {"random_forest": {"n_estimators": 20}, "gradient_boosting": {"max_iter": 20}}
    [fits] = fit_candidates(model, [Candidate(parameters.get(model, {}), 1)], folds)
    answers = out_of_fold(fits, folds)
    assert answers.shape == (150, 3 if classes else 1)
    assert fits[0].test.shape == (5, answers.shape[1])
    scorer = Scorer.over(
        get_metric("accuracy" if classes else "rmse"), folds.target, [0, 1, 2] if classes else []
    )
    score = scorer.score(answers, np.arange(150))
    if classes:
        assert np.allclose(answers.sum(axis=1), 1, atol=1e-5)
        assert score > (0.6 if model != "majority" else 0.3)
    else:
        assert score < (7 if model != "majority" else 12)


def test_candidates_in_one_batch_come_out_as_they_would_alone():
    folds = prepared(True)
    candidates = [
        Candidate({"hidden_layer_sizes": sizes, "learning_rate": rate, "max_epochs": 5}, seed)
        for seed, (sizes, rate) in enumerate([((4,), 0.01), ((8,), 0.03), ((8, 4), 0.02)])
    ]
    together = fit_candidates("network", candidates, folds)
    for candidate, fits in zip(candidates, together, strict=True):
        [alone] = fit_candidates("network", [candidate], folds)
        for one, other in zip(fits, alone, strict=True):
            assert np.allclose(one.scored, other.scored, atol=1e-4)


def test_the_last_epoch_s_network_answers_not_the_one_best_on_the_scored_rows():
    folds = prepared(True, 60)
    long = Candidate({"max_epochs": 60, "learning_rate": 0.1, "schedule": "constant"}, 0)
    [fits] = fit_candidates("network", [long], folds)
    for fit in fits:
        losses = [row["validation_loss"] for row in fit.history]
        assert fit.model.trained.best_epoch == len(losses) > 1 + int(np.argmin(losses))


def test_a_candidate_that_diverges_does_not_disturb_the_others():
    folds = prepared(True)
    scorer = Scorer.over(get_metric("accuracy"), folds.target, [0, 1, 2])
    wild = Candidate({"learning_rate": 1e30, "max_epochs": 3}, 0)
    tame = Candidate({"learning_rate": 0.02, "max_epochs": 3}, 0)
    bad, good = try_candidates("network", [wild, tame], folds, scorer)
    assert "finite" in bad.failure
    assert good.failure is None
    assert good.score > 0.3


def test_the_same_features_are_computed_once_for_any_number_of_trials():
    folds = prepared(True)
    before = [fold.learned.copy() for fold in folds.folds]
    fit_candidates("network", [Candidate({"max_epochs": 2}, seed) for seed in range(3)], folds)
    assert all(np.array_equal(a, b.learned) for a, b in zip(before, folds.folds, strict=True))


def test_ordered_labels_take_the_rounded_mean_and_others_the_likeliest():
    answers = np.array([[0.45, 0.0, 0.55], [0.9, 0.1, 0.0]])
    assert list(decide(get_metric("quadratic_weighted_kappa"), answers, 3)) == [1, 0]
    assert list(decide(get_metric("accuracy"), answers, 3)) == [2, 0]
    assert list(decide(get_metric("auc"), answers[:, :2], 2)) == [0.0, 0.1]


def test_a_metric_that_these_models_do_not_serve_is_refused():
    with pytest.raises(PipelineError, match="do not predict"):
        decide(get_metric("map@3"), np.ones((2, 3)), 3)


def test_the_interval_holds_the_score_and_is_wider_over_groups_of_like_rows():
    generator = np.random.default_rng(1)
    truth = np.repeat(generator.integers(0, 2, 40), 5)
    right = np.repeat(generator.random(40) < 0.8, 5)
    answers = np.eye(2)[np.where(right, truth, 1 - truth)]
    scorer = Scorer.over(get_metric("accuracy"), Target(truth, 2), ["no", "yes"])
    rows = np.arange(200)
    low, high = scorer.interval(answers, rows, None, 0)
    wide_low, wide_high = scorer.interval(answers, rows, np.repeat(np.arange(40), 5), 0)
    assert wide_low < low < scorer.score(answers, rows) < high < wide_high


def test_a_greedy_ensemble_takes_what_complements_and_leaves_out_what_harms():
    generator = np.random.default_rng(2)
    truth = generator.normal(size=(300, 1))
    errors = {n: generator.normal(size=(300, 1)) for n in range(3)}
    answers = {n: truth + 0.5 * error for n, error in errors.items()} | {9: -truth}
    scorer = Scorer.over(get_metric("rmse"), Target(truth), [])
    folds = np.array_split(np.arange(300), 3)
    ensemble = choose_greedily(answers, folds, scorer.score, greater_is_better=False)
    assert set(ensemble.counts) == {0, 1, 2}
    alone = scorer.score(answers[0], np.arange(300))
    assert scorer.score(ensemble.scored, np.arange(300)) < 0.8 * alone
