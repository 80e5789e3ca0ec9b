"""How finely a board can tell entries apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from competition.building.findings import Finding
from competition.building.material import Material
from competition.building.probes import dealt_out, perfect_entry
from competition.errors import CompetitionError
from competition.metrics import Metric, get_metric
from competition.metrics.metric import Array
from competition.scoring.arrays import prediction_array, truth_array

WRONG_SHARE = 0.3
MOST_ROWS = 5_000
REPETITIONS = 200
FEW_ROWS = 100
SEED = 20260103


@dataclass(frozen=True)
class Precision:
    """How one board measures the truth with three predictions of ten on wrong rows.

    ``standard_error`` is by bootstrap over the rows (Efron 1979, doi 10.1214/aos/1176344552).
    """

    rows: int
    score: float
    standard_error: float


def precision_findings(material: Material) -> Iterator[Finding]:
    """Say for each board how many rows it has and what a difference must be to mean something."""
    for usage in ("Public", "Private"):
        rows = len(material.rows_of(usage))
        if rows == 0:
            yield _missing_board(usage)
            continue
        measured = board_precision(material, usage)
        few = rows < FEW_ROWS
        yield Finding(
            "precision",
            "warning" if few else "note",
            _sentence(usage, rows, measured),
            "give this board more rows, and show intervals beside scores" if few else "",
        )


def board_precision(material: Material, usage: str) -> Precision | None:
    """Measure a board by bootstrap; None where the metric cannot be called row by row."""
    choice = material.contest.metric
    if choice.file is not None:
        return None
    metric = get_metric(choice.name, **choice.parameters)
    try:
        truth, prediction = _arrays(material, usage, metric)
        score = metric(truth, prediction)
    except CompetitionError:
        return None
    rng = np.random.default_rng(SEED)
    spread = _standard_error(metric, truth, prediction, rng)
    return Precision(len(truth), score, spread)


def _missing_board(usage: str) -> Finding:
    if usage == "Private":
        return Finding(
            "precision",
            "warning",
            "there are no private rows: every entry is fitted to the board that decides",
            "keep a private part, with --public-fraction below 1",
        )
    return Finding(
        "precision",
        "note",
        "there are no public rows: the public board stays empty",
        "if that is not meant, give a --public-fraction above 0",
    )


def _sentence(usage: str, rows: int, measured: Precision | None) -> str:
    start = f"the {usage.lower()} board has {rows} rows, so one row is 1/{rows} = {1 / rows:.2g}"
    if measured is None:
        return start
    apart = 2 * np.sqrt(2) * measured.standard_error
    return (
        f"{start}; the truth with three predictions of ten on wrong rows scores "
        f"{measured.score:.4g} with a standard error of {measured.standard_error:.2g}: "
        f"two entries closer than {apart:.2g} may differ by chance alone"
    )


def _arrays(material: Material, usage: str, metric: Metric) -> tuple[Array, Array]:
    contest = material.contest
    inside = (material.solution["Usage"] == usage).to_numpy()
    entry = dealt_out(perfect_entry(contest, material.solution)[inside], SEED, WRONG_SHARE)
    columns = metric.prediction_columns(contest.targets, contest.labels)
    truth = truth_array(material.solution[inside], contest.targets, contest.labels, metric)
    return truth, prediction_array(entry, columns, contest.labels, metric)


def _standard_error(
    metric: Metric, truth: Array, prediction: Array, rng: np.random.Generator
) -> float:
    rows = rng.permutation(len(truth))[:MOST_ROWS]
    draws = rng.integers(0, len(rows), (REPETITIONS, len(rows)))
    if metric.row_losses is not None:
        scores = metric.of_mean_loss(metric.losses(truth, prediction)[rows][draws].mean(axis=1))
    else:
        scores = np.array(list(_scores(metric, truth[rows], prediction[rows], draws)))
    return float(np.std(scores) * np.sqrt(len(rows) / len(truth)))


def _scores(metric: Metric, truth: Array, prediction: Array, draws: Array) -> Iterator[float]:
    for draw in draws:
        try:
            yield metric(truth[draw], prediction[draw])
        except CompetitionError:  # a draw that lacks a class cannot be scored
            continue
