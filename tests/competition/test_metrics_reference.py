"""Every metric against an independent implementation, or rows worked by hand."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics as sk
from scipy.special import rel_entr

from competition.metrics import METRICS, get_metric

N = 500


def numbers(seed: int, columns: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    shape = (N,) if columns is None else (N, columns)
    truth = rng.gamma(2.0, 3.0, shape)
    return truth, truth * rng.uniform(0.5, 1.6, shape) + rng.uniform(0, 1, shape)


def counts(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.poisson(1.5, N), rng.gamma(1.5, 1.0, N) + 1e-3


def rough(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers with many ties."""
    truth, prediction = numbers(seed)
    return truth.round(), prediction.round()


def classes(seed: int, k: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.choice(k, N, p=np.arange(1, k + 1) / np.arange(1, k + 1).sum())
    return truth, np.where(rng.random(N) < 0.6, truth, rng.integers(0, k, N))


def binary(seed: int) -> tuple[np.ndarray, np.ndarray]:
    truth, prediction = classes(seed, 2)
    return truth, np.clip(0.4 * prediction + np.random.default_rng(seed).random(N) * 0.6, 0, 1)


def columns_of_binary(seed: int) -> tuple[np.ndarray, np.ndarray]:
    pairs = [binary(seed + k) for k in range(3)]
    return np.column_stack([t for t, _ in pairs]), np.column_stack([p for _, p in pairs])


def simplex(seed: int) -> tuple[np.ndarray, np.ndarray]:
    truth, guess = classes(seed, 4)
    weights = np.random.default_rng(seed).gamma(1.0, 1.0, (N, 4)) + 2 * np.eye(4)[guess]
    return truth, weights / weights.sum(axis=1, keepdims=True)


def cumulative(seed: int) -> tuple[np.ndarray, np.ndarray]:
    truth, probabilities = simplex(seed)
    return truth, np.cumsum(probabilities, axis=1)


def distributions(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(4), N), rng.dirichlet(np.ones(4), N)


def sklearn_mape(truth: np.ndarray, prediction: np.ndarray) -> float:
    return float(sk.mean_absolute_percentage_error(truth, prediction))


def by_columns(score: Callable[..., Any]) -> Callable[..., float]:
    def mean(truth: np.ndarray, prediction: np.ndarray) -> float:
        pairs = zip(truth.T, prediction.T, strict=True)
        return float(np.mean([score(t, p) for t, p in pairs]))

    return mean


def squared_cumulative(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The score by its definition, one cell at a time."""
    total = 0.0
    for level, row in zip(truth, prediction, strict=True):
        total += sum((p - (k >= level)) ** 2 for k, p in enumerate(row)) / len(row)
    return total / len(truth)


def pairwise_concordance(truth: np.ndarray, prediction: np.ndarray) -> float:
    """Harrell's index by its definition, over all pairs."""
    time, event = truth[:, 0], truth[:, 1] == 1
    right = comparable = 0.0
    for i, j in itertools.permutations(range(len(time)), 2):
        earlier = time[i] < time[j] or (time[i] == time[j] and event[i] and not event[j])
        if event[i] and earlier:
            comparable += 1
            right += 1.0 * (prediction[i] < prediction[j]) + 0.5 * (prediction[i] == prediction[j])
    return right / comparable


def survival(seed: int) -> tuple[np.ndarray, np.ndarray]:
    truth, prediction = rough(seed)
    event = np.random.default_rng(seed).random(N) < 0.6
    return np.column_stack([truth, event])[:120], prediction[:120]


def apk(actual: list[str], predicted: list[str], k: int) -> float:
    """Average precision at k as in Kaggle's ``ml_metrics`` (B. Hamner, 2012)."""
    predicted = predicted[:k]
    score = hits = 0.0
    for i, p in enumerate(predicted):
        if p in actual and p not in predicted[:i]:
            hits += 1.0
            score += hits / (i + 1.0)
    return score / min(len(actual), k)


def rankings(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    items = np.array(list("abcdefgh"))
    truth = [" ".join(rng.choice(items, rng.integers(1, 6), replace=False)) for _ in range(60)]
    prediction = [" ".join(rng.choice(items, rng.integers(0, 8))) for _ in range(60)]
    return np.array(truth, dtype=object), np.array(prediction, dtype=object)


def kaggle_map(truth: np.ndarray, prediction: np.ndarray) -> float:
    pairs = zip(truth, prediction, strict=True)
    return float(np.mean([apk(t.split(), p.split(), 5) for t, p in pairs]))


def graded(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    items = list("abcdefgh")
    truth, prediction = [], []
    for _ in range(60):
        grades = rng.integers(0, 4, len(items))
        grades[rng.integers(len(items))] = 3
        truth.append(" ".join(f"{item}:{grade}" for item, grade in zip(items, grades, strict=True)))
        prediction.append(" ".join(rng.permutation(items)))
    return np.array(truth, dtype=object), np.array(prediction, dtype=object)


def sklearn_ndcg(truth: np.ndarray, prediction: np.ndarray) -> float:
    """scikit-learn's gain is linear, so it is given the gains."""
    scores = []
    for t, p in zip(truth, prediction, strict=True):
        grades = {word[0]: int(word[2:]) for word in t.split()}
        place = {item: -i for i, item in enumerate(p.split())}
        gains = [[2 ** grades[item] - 1 for item in grades]]
        scores.append(sk.ndcg_score(gains, [[place[item] for item in grades]], k=5))
    return float(np.mean(scores))


def item_sets(seed: int) -> tuple[np.ndarray, np.ndarray]:
    return rankings(seed)


def sklearn_sample_f1(truth: np.ndarray, prediction: np.ndarray) -> float:
    def table(cells: np.ndarray) -> np.ndarray:
        return np.array([[item in cell.split() for item in "abcdefgh"] for cell in cells])

    return float(sk.f1_score(table(truth), table(prediction), average="samples", zero_division=0))


def texts(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)

    def words() -> np.ndarray:
        return np.array(
            ["".join(rng.choice(list("abc"), rng.integers(0, 8))) for _ in range(40)], dtype=object
        )

    return words(), words()


def edit_distance_by_definition(one: str, other: str) -> int:
    if not one or not other:
        return len(one) + len(other)
    if one[0] == other[0]:
        return edit_distance_by_definition(one[1:], other[1:])
    return 1 + min(
        edit_distance_by_definition(one[1:], other),
        edit_distance_by_definition(one, other[1:]),
        edit_distance_by_definition(one[1:], other[1:]),
    )


def mean_edit_distance(truth: np.ndarray, prediction: np.ndarray) -> float:
    pairs = zip(truth, prediction, strict=True)
    return float(np.mean([edit_distance_by_definition(t[:5], p[:5]) for t, p in pairs]))


def short_texts(seed: int) -> tuple[np.ndarray, np.ndarray]:
    truth, prediction = texts(seed)
    cut = np.vectorize(lambda word: word[:5], otypes=[object])
    return cut(truth), cut(prediction)


def run_length_code(pixels: np.ndarray) -> str:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], pixels.astype(int), [0]]))) + 1
    pairs = edges.reshape(-1, 2)
    return " ".join(f"{start} {end - start}" for start, end in pairs)


def pictures(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.random((40, 80)) < 0.4
    return truth, np.where(rng.random((40, 80)) < 0.7, truth, rng.random((40, 80)) < 0.4)


def masks(seed: int) -> tuple[np.ndarray, np.ndarray]:
    truth, prediction = pictures(seed)
    return (
        np.array([run_length_code(row) for row in truth], dtype=object),
        np.array([run_length_code(row) for row in prediction], dtype=object),
    )


def on_pictures(score: Callable[..., Any]) -> Callable[..., float]:
    def mean(truth: np.ndarray, prediction: np.ndarray) -> float:
        pairs = zip(*pictures(SEED), strict=True)
        return float(np.mean([score(t, p) for t, p in pairs]))

    return mean


def gini_by_pairs(truth: np.ndarray, prediction: np.ndarray) -> float:
    """Without ties and with a truth of 0 and 1 it is 2 AUC - 1."""
    return float(2 * sk.roc_auc_score(truth, prediction) - 1)


def root(score: Callable[..., Any]) -> Callable[..., float]:
    return lambda truth, prediction: float(np.sqrt(score(truth, prediction)))


def smape_by_cells(truth: np.ndarray, prediction: np.ndarray) -> float:
    cells = zip(truth.ravel(), prediction.ravel(), strict=True)
    return float(np.mean([200 * abs(p - t) / (abs(t) + abs(p)) if t or p else 0 for t, p in cells]))


SEED = 7
Rows = tuple[np.ndarray, np.ndarray]
REFERENCES: dict[str, tuple[Callable[[int], Rows], Callable[..., Any]]] = {
    "accuracy": (classes, sk.accuracy_score),
    "balanced_accuracy": (classes, sk.balanced_accuracy_score),
    "f_beta": (lambda seed: classes(seed, 2), sk.f1_score),
    "f_beta_micro": (classes, lambda t, p: sk.f1_score(t, p, average="micro")),
    "f_beta_macro": (classes, lambda t, p: sk.f1_score(t, p, average="macro")),
    "f_beta_weighted": (classes, lambda t, p: sk.f1_score(t, p, average="weighted")),
    "matthews_correlation": (classes, sk.matthews_corrcoef),
    "quadratic_weighted_kappa": (
        classes,
        lambda t, p: sk.cohen_kappa_score(t, p, weights="quadratic"),
    ),
    "auc": (binary, sk.roc_auc_score),
    "macro_auc": (simplex, lambda t, p: sk.roc_auc_score(t, p, multi_class="ovr")),
    "mean_columnwise_auc": (columns_of_binary, sk.roc_auc_score),
    "log_loss": (binary, sk.log_loss),
    "mean_columnwise_log_loss": (columns_of_binary, by_columns(sk.log_loss)),
    "multiclass_log_loss": (simplex, sk.log_loss),
    "brier_score": (binary, sk.brier_score_loss),
    "normalized_gini": (binary, gini_by_pairs),
    "kl_divergence": (distributions, lambda t, p: rel_entr(t, p).sum(axis=1).mean()),
    "crps": (cumulative, squared_cumulative),
    "ranked_probability_score": (
        simplex,
        lambda t, p: squared_cumulative(t, np.cumsum(p, axis=1)),
    ),
    "rmse": (numbers, sk.root_mean_squared_error),
    "mse": (numbers, sk.mean_squared_error),
    "mae": (numbers, sk.mean_absolute_error),
    "median_absolute_error": (numbers, sk.median_absolute_error),
    "rmsle": (numbers, root(sk.mean_squared_log_error)),
    "mcrmse": (lambda seed: numbers(seed, 3), sk.root_mean_squared_error),
    "mean_columnwise_rmsle": (
        lambda seed: numbers(seed, 3),
        by_columns(root(sk.mean_squared_log_error)),
    ),
    "mape": (numbers, sklearn_mape),
    "smape": (rough, smape_by_cells),
    "r2": (lambda seed: numbers(seed, 3), sk.r2_score),
    "pinball_loss": (numbers, lambda t, p: sk.mean_pinball_loss(t, p, alpha=0.5)),
    "poisson_deviance": (counts, sk.mean_poisson_deviance),
    "pearson_correlation": (numbers, lambda t, p: scipy.stats.pearsonr(t, p).statistic),
    "spearman_correlation": (rough, lambda t, p: scipy.stats.spearmanr(t, p).statistic),
    "kendall_correlation": (rough, lambda t, p: scipy.stats.kendalltau(t, p).statistic),
    "concordance_index": (survival, pairwise_concordance),
    "map_at_k": (rankings, kaggle_map),
    "ndcg_at_k": (graded, sklearn_ndcg),
    "mean_f_beta": (item_sets, sklearn_sample_f1),
    "levenshtein": (short_texts, mean_edit_distance),
    "dice": (masks, on_pictures(sk.f1_score)),
    "iou": (masks, on_pictures(sk.jaccard_score)),
}


def test_every_metric_has_an_independent_reference() -> None:
    assert set(REFERENCES) == set(METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_equals_its_independent_implementation(name: str) -> None:
    rows, reference = REFERENCES[name]
    truth, prediction = rows(SEED)

    assert get_metric(name)(truth, prediction) == pytest.approx(reference(truth, prediction), 1e-9)


@pytest.mark.parametrize("name", [name for name, one in METRICS.items() if one.row_losses])
def test_row_losses_average_to_the_score(name: str) -> None:
    truth, prediction = REFERENCES[name][0](SEED)
    metric = get_metric(name)

    losses = metric.losses(truth, prediction)

    assert losses.shape == (len(truth),)
    assert metric.of_mean_loss(losses.mean()) == pytest.approx(metric(truth, prediction), 1e-12)


@pytest.mark.parametrize("beta", [0.5, 2.0])
@pytest.mark.parametrize("average", ["binary", "micro", "macro", "weighted"])
def test_f_beta_equals_scikit_learn_for_other_betas(beta: float, average: str) -> None:
    truth, prediction = classes(3, 2 if average == "binary" else 4)
    name = "f_beta" if average == "binary" else f"f_beta_{average}"

    assert get_metric(name, beta=beta)(truth, prediction) == pytest.approx(
        sk.fbeta_score(truth, prediction, beta=beta, average=average)
    )


@pytest.mark.parametrize("quantile", [0.1, 0.9])
def test_pinball_loss_equals_scikit_learn_for_other_quantiles(quantile: float) -> None:
    truth, prediction = numbers(5)

    assert get_metric("pinball_loss", quantile=quantile)(truth, prediction) == pytest.approx(
        sk.mean_pinball_loss(truth, prediction, alpha=quantile)
    )


def test_the_concordance_index_of_uncensored_times_needs_no_event_column() -> None:
    truth, prediction = rough(11)
    with_events = np.column_stack([truth, np.ones(len(truth))])
    metric = get_metric("concordance_index")

    assert metric(truth, prediction) == metric(with_events, prediction)


def test_the_concordance_index_agrees_with_auc_for_two_times() -> None:
    truth, prediction = binary(2)

    assert get_metric("concordance_index")(truth, prediction) == pytest.approx(
        sk.roc_auc_score(truth, prediction)
    )


def test_kappa_of_integer_codes_with_gaps_follows_the_values() -> None:
    rng = np.random.default_rng(0)
    truth, prediction = rng.choice([1, 2, 5, 9], 200), rng.choice([1, 2, 5, 9], 200)

    assert get_metric("qwk")(truth, prediction) == pytest.approx(
        sk.cohen_kappa_score(truth, prediction, weights="quadratic", labels=list(range(1, 10)))
    )
