"""Metrics of ranked lists, texts and masks. A cell is one string."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from competition.errors import MetricFailed, ParticipantVisibleError
from competition.metrics.metric import Array, Floats, Metric

INFINITY = float("inf")


def _items(cell: object, k: int) -> list[str]:
    """First k items of a ranking; a repeat keeps its place but counts as nothing."""
    seen: set[str] = set()
    ranked: list[str] = []
    for item in str(cell).split()[:k]:
        ranked.append("" if item in seen else item)
        seen.add(item)
    return ranked


def average_precision_at_k(truth: str, prediction: str, k: int = 5) -> float:
    """Mean of the precisions at the relevant places among the first k.

    Divided by the smaller of k and the number of relevant items. A repeated prediction
    counts once.

    Examples
    --------
    >>> average_precision_at_k("a b", "a x b", k=3)
    0.8333333333333333
    """
    relevant = set(str(truth).split())
    if not relevant:
        raise MetricFailed("MAP@K needs at least one relevant item in every row of the truth")
    hits, total = 0, 0.0
    for place, item in enumerate(_items(prediction, k), start=1):
        if item in relevant:
            hits += 1
            total += hits / place
    return total / min(len(relevant), k)


def average_precision_losses(truth: Array, prediction: Array, k: int = 5) -> Floats:
    """1 minus the average precision at k of each row."""
    scores = [average_precision_at_k(t, p, k) for t, p in zip(truth, prediction, strict=True)]
    return 1 - np.array(scores)


def map_at_k(truth: Array, prediction: Array, k: int = 5) -> float:
    """Mean average precision at k."""
    return float(1 - average_precision_losses(truth, prediction, k).mean())


def parse_relevance(cell: object) -> dict[str, float]:
    """Read ``item:grade item:grade ...``; an item without a grade has grade 1.

    Examples
    --------
    >>> parse_relevance("a:3 b")
    {'a': 3.0, 'b': 1.0}
    """
    grades: dict[str, float] = {}
    for word in str(cell).split():
        item, _, grade = word.rpartition(":")
        try:
            grades.update({item: float(grade)} if item else {word: 1.0})
        except ValueError:
            grades[word] = 1.0
    return grades


def _discounted_gain(grades: Iterable[float]) -> float:
    gains = np.exp2(np.array(list(grades), dtype=np.float64)) - 1
    return float((gains / np.log2(np.arange(2, len(gains) + 2))).sum())


def discounted_gain_at_k(truth: str, prediction: str, k: int = 5) -> float:
    """Discounted cumulative gain at k over the best possible; gain ``2**grade - 1``.

    References
    ----------
    Burges et al. 2005, doi 10.1145/1102351.1102363.

    Examples
    --------
    >>> discounted_gain_at_k("a:3 b:1", "a b", k=5)
    1.0
    """
    grades = parse_relevance(truth)
    best = _discounted_gain(sorted(grades.values(), reverse=True)[:k])
    if best <= 0 or min(grades.values()) < 0:
        raise MetricFailed("NDCG@K needs grades >= 0 and one above 0 in every row of the truth")
    return _discounted_gain(grades.get(item, 0.0) for item in _items(prediction, k)) / best


def discounted_gain_losses(truth: Array, prediction: Array, k: int = 5) -> Floats:
    """1 minus the normalised discounted gain at k of each row."""
    scores = [discounted_gain_at_k(t, p, k) for t, p in zip(truth, prediction, strict=True)]
    return 1 - np.array(scores)


def ndcg_at_k(truth: Array, prediction: Array, k: int = 5) -> float:
    """Mean normalised discounted cumulative gain at k."""
    return float(1 - discounted_gain_losses(truth, prediction, k).mean())


def set_f_beta(truth: str, prediction: str, beta: float = 1.0) -> float:
    """F-beta of two sets of items; 1 where both are empty."""
    true, predicted = set(str(truth).split()), set(str(prediction).split())
    weighed = beta**2 * len(true) + len(predicted)
    return (1 + beta**2) * len(true & predicted) / weighed if weighed else 1.0


def set_f_beta_losses(truth: Array, prediction: Array, beta: float = 1.0) -> Floats:
    """1 minus the F-beta of each row."""
    return 1 - np.array([set_f_beta(t, p, beta) for t, p in zip(truth, prediction, strict=True)])


def mean_f_beta(truth: Array, prediction: Array, beta: float = 1.0) -> float:
    """Mean over rows of the F-beta of the true and the predicted set of items."""
    return float(1 - set_f_beta_losses(truth, prediction, beta).mean())


def edit_distance(one: str, other: str) -> int:
    """Fewest insertions, deletions and substitutions between two texts.

    References
    ----------
    Wagner and Fischer 1974, doi 10.1145/321796.321811.

    Examples
    --------
    >>> edit_distance("kitten", "sitting")
    3
    """
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        diagonal, row[0] = row[0], i
        for j, wanted in enumerate(other, start=1):
            changed = diagonal + (letter != wanted)
            diagonal, row[j] = row[j], min(changed, row[j] + 1, row[j - 1] + 1)
    return row[-1]


def edit_distances(truth: Array, prediction: Array) -> Floats:
    """Edit distance of each row, in letters."""
    pairs = zip(truth, prediction, strict=True)
    return np.array([edit_distance(str(t), str(p)) for t, p in pairs], dtype=np.float64)


def levenshtein(truth: Array, prediction: Array) -> float:
    """Mean edit distance."""
    return float(edit_distances(truth, prediction).mean())


def decode_mask(cell: object) -> tuple[Floats, Floats]:
    """Read a run-length code into run starts and ends (end excluded).

    Raises
    ------
    ValueError
        Not pairs of whole numbers, a start or length below 1, or runs that overlap.

    Examples
    --------
    >>> starts, ends = decode_mask("1 3 10 2")
    >>> starts.tolist(), ends.tolist()
    ([1.0, 10.0], [4.0, 12.0])
    """
    numbers = [int(word) for word in str(cell).split()]
    if len(numbers) % 2 or min(numbers, default=1) < 1:
        raise ValueError("a mask is pairs of 'start length', each at least 1")
    runs = np.array(numbers, dtype=np.float64).reshape(-1, 2)
    runs = runs[np.argsort(runs[:, 0])]
    starts, ends = runs[:, 0], runs[:, 0] + runs[:, 1]
    if np.any(ends[:-1] > starts[1:]):
        raise ValueError("the runs of a mask must not overlap")
    return starts, ends


def _covered(points: Floats, starts: Floats, ends: Floats) -> Floats:
    """Count pixels of the mask before each point."""
    edges = np.column_stack([starts, ends]).ravel()
    counts = np.column_stack([np.zeros(len(starts)), np.cumsum(ends - starts)])
    counts[1:, 0] = counts[:-1, 1]
    return np.asarray(np.interp(points, edges, counts.ravel()), dtype=np.float64)


def mask_overlap(truth: object, prediction: object) -> tuple[float, float]:
    """Count the pixels in both masks, and in the one plus in the other."""
    one = _decoded(truth, MetricFailed)
    other = _decoded(prediction, ParticipantVisibleError)
    total = float((one[1] - one[0]).sum() + (other[1] - other[0]).sum())
    if not len(one[0]) or not len(other[0]):
        return 0.0, total
    return float((_covered(other[1], *one) - _covered(other[0], *one)).sum()), total


def _decoded(cell: object, error: type[Exception]) -> tuple[Floats, Floats]:
    try:
        return decode_mask(cell)
    except ValueError as problem:
        raise error(str(problem)) from None


def dice_losses(truth: Array, prediction: Array) -> Floats:
    """1 minus the Dice coefficient of each row; two empty masks agree."""
    pairs = [mask_overlap(t, p) for t, p in zip(truth, prediction, strict=True)]
    return np.array([1 - 2 * both / total if total else 0.0 for both, total in pairs])


def dice(truth: Array, prediction: Array) -> float:
    """Mean Dice coefficient of masks."""
    return float(1 - dice_losses(truth, prediction).mean())


def iou_losses(truth: Array, prediction: Array) -> Floats:
    """1 minus intersection over union of each row; two empty masks agree."""
    pairs = [mask_overlap(t, p) for t, p in zip(truth, prediction, strict=True)]
    return np.array([1 - both / (total - both) if total else 0.0 for both, total in pairs])


def intersection_over_union(truth: Array, prediction: Array) -> float:
    """Mean intersection over union of masks."""
    return float(1 - iou_losses(truth, prediction).mean())


def _one_minus(mean_loss: Any) -> Any:
    return 1 - mean_loss


SEQUENCE_METRICS = (
    Metric(
        "map_at_k",
        "Mean average precision at k",
        map_at_k,
        greater_is_better=True,
        predicts="ranking",
        score_range=(0, 1),
        aliases=("map@k", "MAP@{K}", "Mean Average Precision at K"),
        row_losses=average_precision_losses,
        of_mean_loss=_one_minus,
        parameters={"k": 5},
    ),
    Metric(
        "ndcg_at_k",
        "Normalised discounted cumulative gain at k",
        ndcg_at_k,
        greater_is_better=True,
        predicts="ranking",
        score_range=(0, 1),
        aliases=("ndcg@k", "NDCG@{K}", "Normalized Discounted Cumulative Gain"),
        row_losses=discounted_gain_losses,
        of_mean_loss=_one_minus,
        parameters={"k": 5},
    ),
    Metric(
        "mean_f_beta",
        "Mean F-score of sets of items",
        mean_f_beta,
        greater_is_better=True,
        predicts="ranking",
        score_range=(0, 1),
        aliases=("Mean F-Score", "MeanFScore", "samples_f1"),
        row_losses=set_f_beta_losses,
        of_mean_loss=_one_minus,
        parameters={"beta": 1.0},
    ),
    Metric(
        "levenshtein",
        "Mean Levenshtein distance",
        levenshtein,
        greater_is_better=False,
        predicts="text",
        score_range=(0, INFINITY),
        aliases=("Levenshtein Mean", "Mean Levenshtein Distance", "edit_distance"),
        row_losses=edit_distances,
    ),
    Metric(
        "dice",
        "Dice coefficient",
        dice,
        greater_is_better=True,
        predicts="mask",
        score_range=(0, 1),
        aliases=("Dice Score", "Dice Coefficient", "DiceScore"),
        row_losses=dice_losses,
        of_mean_loss=_one_minus,
    ),
    Metric(
        "iou",
        "Intersection over union",
        intersection_over_union,
        greater_is_better=True,
        predicts="mask",
        score_range=(0, 1),
        aliases=("jaccard", "Intersection over Union", "Jaccard Index"),
        row_losses=iou_losses,
        of_mean_loss=_one_minus,
    ),
)
