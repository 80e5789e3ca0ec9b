"""Trial entries: made from the truth, scored as any entry is, and held to what must come out."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from competition.building.findings import Finding
from competition.building.material import Material
from competition.definition import Contest
from competition.errors import CompetitionError, InvalidSubmission, ParticipantVisibleError
from competition.metrics import get_metric
from competition.scoring import Scores, score_file
from competition.tables import natural_types, write_table

MOST_CONSTANTS = 10
TOLERANCE = 1e-6
MAY_BE_EMPTY = ("ranking", "text", "mask")
SEED = 20260101


class Prober:
    """Scores trial entries of one contest and keeps their overall scores by name."""

    def __init__(self, material: Material) -> None:
        self.material = material
        self.scores: dict[str, float | None] = {}
        metric = material.contest.metric
        self._metric = None if metric.file else get_metric(metric.name, **metric.parameters)

    def findings(self) -> Iterator[Finding]:
        """Try every entry; yield what does not come out as it must."""
        truth = perfect_entry(self.material.contest, self.material.solution)
        try:
            best = self._scored("perfect", truth)
        except CompetitionError as error:
            yield _unscorable("perfect", "the truth itself", error)
            return
        yield from self._imperfect(best)
        yield from self._not_worse("sample", self.material.sample, best)
        for name, entry in constant_entries(self.material):
            yield from self._not_worse("constant", entry, best, name)
        yield from self._order_dependent(truth, best)
        yield from self._not_worse("shuffled", dealt_out(truth, SEED), best)
        yield from self._accepted(truth)

    def _scored(self, name: str, entry: pd.DataFrame) -> Scores:
        """Score an entry as a file, the way every entry is scored."""
        material = self.material
        self.scores[name] = None
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{name.replace(' ', '_').replace('/', '_')}.csv"
            write_table(entry, path)
            scores = score_file(
                material.contest, material.solution_path, path, material.metric_path
            )
        self.scores[name] = scores.overall
        return scores

    def _imperfect(self, best: Scores) -> Iterator[Finding]:
        if self._metric is None:
            return
        for part in ("overall", "public", "private"):
            score, wanted = getattr(best, part), self._metric.perfect
            if score is not None and not math.isclose(
                score, wanted, rel_tol=TOLERANCE, abs_tol=TOLERANCE
            ):
                yield Finding(
                    "perfect",
                    "error",
                    f"the truth itself scores {score:.6g} on the {part} rows, not {wanted:g}",
                    "look for truth that the metric cannot reach, or take another metric",
                )
                return

    def _not_worse(
        self, rule: str, entry: pd.DataFrame, best: Scores, name: str | None = None
    ) -> Iterator[Finding]:
        words = name or {"sample": "the sample submission", "shuffled": "shuffled truth"}[rule]
        try:
            scores = self._scored(name or rule, entry)
        except CompetitionError as error:
            yield _unscorable(rule, words, error)
            return
        if not self._is_better(best.overall, scores.overall):
            yield Finding(
                rule,
                "error",
                f"{words} scores {scores.overall:.6g}, no worse than the truth "
                f"({best.overall:.6g})",
                "check the metric's direction, and that the truth is not constant",
            )

    def _is_better(self, one: float, other: float) -> bool:
        greater = self.material.contest.metric.greater_is_better
        if self._metric is not None:
            greater = self._metric.greater_is_better
        return one > other if greater else one < other

    def _order_dependent(self, truth: pd.DataFrame, best: Scores) -> Iterator[Finding]:
        order = np.random.default_rng(SEED).permutation(len(truth))
        scores = self._scored("rows in another order", truth.iloc[order])
        if scores.overall != best.overall:
            yield Finding(
                "row_order",
                "error",
                f"the same entry with its rows in another order scores {scores.overall:.6g} "
                f"instead of {best.overall:.6g}",
                "let the metric treat all rows alike",
            )

    def _accepted(self, truth: pd.DataFrame) -> Iterator[Finding]:
        for name, entry in broken_entries(self.material, truth):
            try:
                scores = self._scored(name, entry)
            except (InvalidSubmission, ParticipantVisibleError):
                continue
            except CompetitionError as error:
                yield _unscorable("refusals", name, error)
                continue
            yield Finding(
                "refusals",
                "error",
                f"an entry with {name} is scored ({scores.overall:.6g}) and not refused",
                "compare the sample submission's columns with the contest's",
            )


def _unscorable(rule: str, words: str, error: CompetitionError) -> Finding:
    return Finding(
        rule,
        "error",
        f"{words} cannot be scored: {error}",
        "mend the solution or take another metric before the contest opens",
    )


def perfect_entry(contest: Contest, solution: pd.DataFrame) -> pd.DataFrame:
    """Make the entry that knows the truth of a solution whose cells are text."""
    entry = pd.DataFrame({contest.id_column: solution[contest.id_column]})
    labels = [str(label) for label in contest.labels]
    if contest.predicts == "probability":
        for target in contest.targets:
            entry[target] = (solution[target] == labels[-1]).astype(int)
        return entry
    if contest.predicts in ("class_probabilities", "cumulative_probabilities"):
        places = pd.Index(labels).get_indexer(pd.Index(solution[contest.targets[0]]))
        rows = _one_hot(places, len(labels))
        if contest.predicts == "cumulative_probabilities":
            rows = rows.cumsum(axis=1)
        return entry.assign(**{name: rows[:, place] for place, name in enumerate(labels)})
    return entry.assign(**{name: solution[name] for name in contest.prediction_columns})


def _one_hot(places: np.ndarray, count: int) -> np.ndarray:
    return np.asarray(places[:, None] == np.arange(count), dtype=np.int64)


def constant_entries(material: Material) -> Iterator[tuple[str, pd.DataFrame]]:
    """Make entries that always say the same: each label, or the training rows' median."""
    contest, ids = material.contest, material.solution[material.contest.id_column]
    for name, values in _constants(material):
        row = dict(zip(contest.prediction_columns, values, strict=True))
        yield name, pd.DataFrame({contest.id_column: ids, **row})


def _constants(material: Material) -> Iterator[tuple[str, Sequence[str | float]]]:
    contest, columns = material.contest, material.contest.prediction_columns
    labels = [str(label) for label in contest.labels][:MOST_CONSTANTS]
    if contest.predicts == "labels":
        yield from ((f"always {label}", [label] * len(columns)) for label in labels)
    elif contest.predicts == "probability":
        yield from ((f"always {value}", [value] * len(columns)) for value in (0, 1))
    elif contest.predicts == "class_probabilities":
        for place, label in enumerate(labels):
            yield f"always {label}", [int(place == column) for column in range(len(columns))]
    elif contest.predicts == "values":
        yield "always the median", [_median(material.train[name]) for name in columns]


def _median(text: pd.Series[str]) -> float:
    return float(np.median(pd.to_numeric(natural_types(text[text != ""])).to_numpy()))


def dealt_out(entry: pd.DataFrame, seed: int, share: float = 1.0) -> pd.DataFrame:
    """Give the predictions of a `share` of the rows to other rows among them."""
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(entry))[: round(share * len(entry))]
    places = np.arange(len(entry))
    places[rows] = np.roll(rows, 1)
    columns = list(entry.columns[1:])
    return entry.assign(**{name: entry[name].to_numpy()[places] for name in columns})


def broken_entries(material: Material, truth: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Make entries that must be refused."""
    if material.contest.predicts not in MAY_BE_EMPTY:
        first = truth.columns[1]
        emptied = truth.astype({first: "str"})
        emptied.loc[0, first] = ""
        yield "an empty cell", emptied
    yield "an id missing", truth[1:]
    if len(truth) > 1:
        yield "an id twice and one missing", truth.iloc[[0, 0, *range(2, len(truth))]]
