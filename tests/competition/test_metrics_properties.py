"""Laws that every metric keeps, over generated rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from competition.errors import MetricFailed
from competition.metrics import METRICS, Metric

Rows = tuple[np.ndarray, np.ndarray]
Draw = Callable[[np.random.Generator, int], Rows]


def labels(rng: np.random.Generator, n: int) -> Rows:
    return rng.integers(0, 4, n), rng.integers(0, 4, n)


def binary_labels(rng: np.random.Generator, n: int) -> Rows:
    return rng.integers(0, 2, n), rng.integers(0, 2, n)


def probability(rng: np.random.Generator, n: int) -> Rows:
    return rng.integers(0, 2, n), rng.choice([0.0, 0.2, 0.5, 0.9, 1.0], n)


def class_probabilities(rng: np.random.Generator, n: int) -> Rows:
    return rng.integers(0, 3, n), rng.dirichlet(np.full(3, 0.3), n)


def cumulative(rng: np.random.Generator, n: int) -> Rows:
    truth, prediction = class_probabilities(rng, n)
    return truth, np.clip(np.cumsum(prediction, axis=1), 0, 1)


def distribution(rng: np.random.Generator, n: int) -> Rows:
    return rng.dirichlet(np.full(3, 0.3), n), rng.dirichlet(np.full(3, 0.3), n)


def values(rng: np.random.Generator, n: int) -> Rows:
    scale = 10.0 ** rng.integers(-3, 4)
    return scale * (1 + rng.poisson(2, n)), scale * (0.5 + rng.poisson(2, n))


def distinct_values(rng: np.random.Generator, n: int) -> Rows:
    """Gini keeps tied rows in their order, so that alone it may depend on the order."""
    return rng.integers(0, 5, n), rng.permutation(n) + 0.5


def survival(rng: np.random.Generator, n: int) -> Rows:
    truth, prediction = values(rng, n)
    return np.column_stack([truth, rng.integers(0, 2, n)]), prediction


def ranking(rng: np.random.Generator, n: int) -> Rows:
    def cells(least: int) -> np.ndarray:
        rows = [" ".join(rng.choice(list("abcdef"), rng.integers(least, 7))) for _ in range(n)]
        return np.array(rows, dtype=object)

    return cells(1), cells(0)


def text(rng: np.random.Generator, n: int) -> Rows:
    def cells() -> np.ndarray:
        rows = ["".join(rng.choice(list("abü "), rng.integers(0, 9))) for _ in range(n)]
        return np.array(rows, dtype=object)

    return cells(), cells()


def mask(rng: np.random.Generator, n: int) -> Rows:
    def cell() -> str:
        edges = np.cumsum(rng.integers(1, 5, 2 * rng.integers(0, 4)))
        pairs = edges.reshape(-1, 2)
        return " ".join(f"{start} {stop - start}" for start, stop in pairs)

    return (
        np.array([cell() for _ in range(n)], dtype=object),
        np.array([cell() for _ in range(n)], dtype=object),
    )


BY_KIND: dict[str, Draw] = {
    "labels": labels,
    "probability": probability,
    "class_probabilities": class_probabilities,
    "cumulative_probabilities": cumulative,
    "distribution": distribution,
    "values": values,
    "ranking": ranking,
    "text": text,
    "mask": mask,
}
BY_NAME: dict[str, Draw] = {
    "f_beta": binary_labels,
    "normalized_gini": distinct_values,
    "concordance_index": survival,
}


def drawn(metric: Metric, seed: int, n: int) -> Rows:
    draw = BY_NAME.get(metric.name, BY_KIND[metric.predicts])
    return draw(np.random.default_rng(seed), n)


def scored(metric: Metric, truth: np.ndarray, prediction: np.ndarray) -> float:
    """The score; rows that allow none (one class, a constant truth) are passed over."""
    try:
        return metric(truth, prediction)
    except MetricFailed:
        assume(False)
        raise


every_metric = pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))
seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(2, 40)
few = settings(max_examples=25, deadline=None, derandomize=True)


@every_metric
@few
@given(seed=seeds, n=sizes)
def test_the_order_of_rows_does_not_matter(metric: Metric, seed: int, n: int) -> None:
    truth, prediction = drawn(metric, seed, n)
    if metric.name == "normalized_gini":
        truth = truth + np.arange(n) / (2 * n)
    order = np.random.default_rng(seed + 1).permutation(n)

    one, other = scored(metric, truth, prediction), scored(metric, truth[order], prediction[order])

    assert one == pytest.approx(other, rel=1e-9, abs=1e-12)


@every_metric
@few
@given(seed=seeds, n=sizes)
def test_scores_are_finite_and_in_their_range(metric: Metric, seed: int, n: int) -> None:
    score = scored(metric, *drawn(metric, seed, n))
    low, high = metric.score_range

    assert np.isfinite(score)
    assert low - 1e-9 <= score <= high + 1e-9


@every_metric
@few
@given(seed=seeds, n=sizes)
def test_nothing_scores_better_than_the_truth(metric: Metric, seed: int, n: int) -> None:
    truth, prediction = drawn(metric, seed, n)

    perfect = scored(metric, truth, truth_as_prediction(metric, truth, prediction))

    score = scored(metric, truth, prediction)
    assert metric.better(perfect, score) or score == pytest.approx(perfect, abs=1e-9)


@pytest.mark.parametrize(
    "metric",
    [metric for metric in METRICS.values() if metric.row_losses],
    ids=[name for name, metric in METRICS.items() if metric.row_losses],
)
@few
@given(seed=seeds, n=sizes)
def test_the_mean_of_row_losses_gives_the_score(metric: Metric, seed: int, n: int) -> None:
    truth, prediction = drawn(metric, seed, n)

    score = scored(metric, truth, prediction)
    mean = metric.losses(truth, prediction).mean()

    assert metric.of_mean_loss(mean) == pytest.approx(score, rel=1e-9, abs=1e-12)


def truth_as_prediction(metric: Metric, truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """The submission of somebody who knows the truth."""
    if metric.one_column_per_label:
        known = np.eye(prediction.shape[1])[truth]
        return np.cumsum(known, axis=1) if metric.predicts.startswith("cumulative") else known
    if metric.censored:  # who is still running at a time outlives who ends at it
        return np.argsort(np.lexsort((-truth[:, 1], truth[:, 0]))).astype(float)
    return truth
