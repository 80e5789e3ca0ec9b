"""How metrics are named, found and described."""

from __future__ import annotations

import dataclasses
import pickle
from typing import get_args

import pytest

from competition.errors import UnknownMetric
from competition.metrics import METRICS, Metric, Predicts, get_metric

KAGGLE_NAMES = {
    "Categorization Accuracy": "accuracy",
    "AUC": "auc",
    "Roc Auc Score": "auc",
    "Area Under Receiver Operating Characteristic Curve": "auc",
    "Log Loss": "log_loss",
    "Multiclass Loss": "multiclass_log_loss",
    "Multi Class Log Loss": "multiclass_log_loss",
    "Quadratic Weighted Kappa": "quadratic_weighted_kappa",
    "Root Mean Squared Error": "rmse",
    "Root Mean Squared Logarithmic Error": "rmsle",
    "Mean Absolute Error": "mae",
    "Mean Columnwise Root Mean Squared Error": "mcrmse",
    "Mean Columnwise Area Under Receiver Operating Characteristic Curve": "mean_columnwise_auc",
    "Normalized Gini Index": "normalized_gini",
    "MAP@{K}": "map_at_k",
    "NDCG@{K}": "ndcg_at_k",
    "F-Score Beta (Micro)": "f_beta_micro",
    "Mean F-Score": "mean_f_beta",
    "Matthews Correlation Coefficient": "matthews_correlation",
    "Symmetric Mean Absolute Percentage Error": "smape",
    "R2 Score": "r2",
    "Pearson Correlation Coefficient": "pearson_correlation",
    "Levenshtein Mean": "levenshtein",
    "Dice": "dice",
    "Intersection over Union": "iou",
    "Kullback Leibler Divergence": "kl_divergence",
    "Continuous Ranked Probability Score": "crps",
    "Concordance Index": "concordance_index",
}


@pytest.mark.parametrize(("alias", "name"), KAGGLE_NAMES.items())
def test_a_metric_is_found_by_the_name_that_kaggle_gives_it(alias: str, name: str) -> None:
    assert get_metric(alias).name == name


def test_every_metric_is_found_by_its_name_its_aliases_and_other_spellings_of_them() -> None:
    for metric in METRICS.values():
        for name in (metric.name, *metric.aliases):
            assert get_metric(name) == metric
            assert get_metric(name.upper().replace("_", " ")) == metric


def test_no_two_metrics_share_a_spelling() -> None:
    names = [
        (name.lower().replace("_", "").replace(" ", "").replace("-", ""), metric.name)
        for metric in METRICS.values()
        for name in (metric.name, *metric.aliases)
    ]
    owners: dict[str, set[str]] = {}
    for spelling, owner in names:
        owners.setdefault(spelling, set()).add(owner)
    assert [one for one in owners.items() if len(one[1]) > 1] == []


def test_an_unknown_metric_names_near_ones() -> None:
    with pytest.raises(UnknownMetric, match=r"'acuracy' is not known; did you mean 'accuracy'"):
        get_metric("acuracy")


def test_an_unknown_metric_without_near_names_lists_all() -> None:
    with pytest.raises(UnknownMetric, match="metrics: accuracy, auc"):
        get_metric("zzz")


def test_a_number_behind_the_at_sign_is_k() -> None:
    assert get_metric("MAP@7").parameters["k"] == 7
    assert get_metric("ndcg@3").parameters["k"] == 3
    assert get_metric("map@k").parameters["k"] == 5


def test_parameters_are_bound_and_unknown_ones_refused() -> None:
    assert get_metric("f1", beta=2).parameters == {"beta": 2}
    with pytest.raises(UnknownMetric, match="no parameter 'gamma'; its parameters: beta"):
        get_metric("f1", gamma=2)
    with pytest.raises(UnknownMetric, match="its parameters: none"):
        get_metric("rmse", k=2)


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("map@k", {"k": 0}, "k must be a whole number of at least 1, got 0"),
        ("map@k", {"k": 2.5}, "k must be a whole number of at least 1, got 2.5"),
        ("f1", {"beta": -1}, "beta must be a number above 0, got -1"),
        ("pinball", {"quantile": 1.0}, "quantile must be a number between 0 and 1, got 1.0"),
        ("pinball", {"quantile": "half"}, "quantile must be a number between 0 and 1, got 'half'"),
    ],
)
def test_parameters_out_of_range_are_refused(
    name: str, parameters: dict[str, object], message: str
) -> None:
    with pytest.raises(UnknownMetric, match=message):
        get_metric(name, **parameters)


@pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))
def test_a_metric_is_described_in_full(metric: Metric) -> None:
    low, high = metric.score_range
    assert metric.title
    assert metric.function.__doc__
    assert metric.predicts in get_args(Predicts)
    assert isinstance(metric.greater_is_better, bool)
    assert low < high
    assert abs(metric.perfect) < float("inf")
    if metric.row_losses:
        assert metric.row_losses.__doc__


@pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))
def test_a_metric_travels_to_other_processes(metric: Metric) -> None:
    assert pickle.loads(pickle.dumps(metric)).name == metric.name


def test_a_metric_is_a_value() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        get_metric("auc").name = "other"  # type: ignore[misc]


def test_prediction_columns_follow_the_metric() -> None:
    labels, targets = ["hard", "ripe"], ["stage"]

    assert get_metric("accuracy").prediction_columns(targets, labels) == ("stage",)
    assert get_metric("crps").prediction_columns(targets, labels) == ("hard", "ripe")
    assert get_metric("c_index").prediction_columns(["time", "event"], ()) == ("time",)
    assert get_metric("mcrmse").prediction_columns(["x", "y"], ()) == ("x", "y")
