"""Blends of submission files and runs, weighted by hand or by what the runs say out of fold."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.definition import Contest
from experiments.data import ContestData, DataPlace, read_data
from experiments.errors import ExperimentError
from experiments.ledger.book import Provenance, note_exported
from experiments.ledger.predictions import find_run, open_tracking, run_predictions
from experiments.ledger.sending import find_contest
from pipelines.models.decisions import decide
from pipelines.models.scoring import Scorer
from submissions import export_predictions, read_as_text, write_submission
from submissions.blending import How, agreement, blend_arrays, blend_submissions, vote
from submissions.downloaded import DownloadedTables
from submissions.samples import form_of_download

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["Blend", "blend_files_and_runs", "weigh_out_of_fold"]

OUT_OF_FOLD_FILE = "out_of_fold.parquet"
ROUNDS = 30


@dataclass(frozen=True)
class Blend:
    """A blend that was written.

    Attributes
    ----------
    weights : dict
        Name of each part -> its share of the whole.
    agreement : DataFrame
        How alike the parts are; see `submissions.blending.agreement`.
    cv_score : float or None
        Score of the blend out of fold, where the weights come from there.
    rows : int
        Rows of the file.
    sha256 : str
        Its digest.
    """

    weights: dict[str, float]
    agreement: pd.DataFrame
    cv_score: float | None
    rows: int
    sha256: str


def blend_files_and_runs(
    home: Path,
    parts: Sequence[str],
    destination: Path,
    *,
    slug: str | None = None,
    how: How = "mean",
    weights: Sequence[float] | None = None,
    by_out_of_fold: bool = False,
) -> Blend:
    """Blend submission files and runs into one submission file.

    Parameters
    ----------
    home : Path
        Holds the runs and the contest's data.
    parts : sequence of str
        Paths of submission files, and run ids or their first letters; two or more.
    destination : Path
        Ends in ``.csv``, ``.csv.gz`` or ``.zip``.
    slug : str, optional
        The contest, which says what its metric wants; a run's own contest without it.
    how : str
        ``mean`` or ``rank``, see `submissions.blending.blend_submissions`.
    weights : sequence of float, optional
        One for each part; equal without them.
    by_out_of_fold : bool
        Weigh the parts by their out-of-fold answers; all of them must be runs.

    Raises
    ------
    FilesNotAligned
        When the parts do not hold the same ids and columns.
    ExportRefused
        When the blend would break a rule of the contest.
    ExperimentError
        When a part is neither a file nor a run, or out-of-fold answers are missing.
    """
    frames: dict[str, pd.DataFrame] = {}
    for part in parts:
        if part in frames:
            raise ExperimentError(f"{part} is named twice; give it a weight instead")
        frames[part], found = _part(home, part)
        slug = slug or found
    tables = find_contest(home, slug) if slug else None
    contest = tables.contest if tables else None
    predicts = contest.predicts if contest else None
    score = None
    if by_out_of_fold:
        if contest is None or tables is None:
            raise ExperimentError("weights by out-of-fold answers need runs, not files alone")
        weights, score = weigh_out_of_fold(home, parts, contest, tables)
    blended = blend_submissions(frames, how=how, weights=weights, predicts=predicts)
    form = form_of_download(tables) if tables else None
    digest = write_submission(_spelled(blended, frames[parts[0]], contest), destination, form)
    if score is not None and contest is not None and slug is not None:
        note_exported(home, digest, slug, Provenance(metric=contest.metric.name, cv_score=score))
    shares = np.asarray(weights or [1.0] * len(parts), np.float64)
    return Blend(
        dict(zip(parts, (shares / shares.sum()).tolist(), strict=True)),
        agreement(frames, predicts=predicts),
        score,
        len(blended),
        digest,
    )


def weigh_out_of_fold(
    home: Path, runs: Sequence[str], contest: Contest, tables: DownloadedTables
) -> tuple[list[float], float]:
    """Choose weights greedily: again and again, add the run that helps the blend the most.

    Parameters
    ----------
    home : Path
        Holds the runs.
    runs : sequence of str
        Run ids or their first letters.
    contest : Contest
        What is scored, and how.
    tables : DownloadedTables
        The contest's data.

    Returns
    -------
    weights : list of float
        Sum to 1.
    score : float
        Of the blend, over the training rows that every run was scored on. It was chosen by these
        rows, so it flatters a little.

    References
    ----------
    Caruana, Niculescu-Mizil, Crew, Ksikes (2004). Ensemble selection from libraries of models.
    ICML, doi 10.1145/1015330.1015432.
    """
    data = read_data(DataPlace(contest, tables.train, tables.test, tables.sample))
    client = open_tracking(home)
    answers = [_out_of_fold(client, run, len(data.tables.train)) for run in runs]
    rows = np.flatnonzero(np.all([np.isfinite(one).all(axis=1) for one in answers], axis=0))
    judge = _Judge.over(data, [one[rows] for one in answers], rows)
    return judge.choose(len(runs))


@dataclass(frozen=True)
class _Judge:
    """Scores blends of out-of-fold answers."""

    scorer: Scorer
    truth: NDArray[Any]
    forms: list[NDArray[Any]]

    @classmethod
    def over(
        cls, data: ContestData, answers: list[NDArray[np.float64]], rows: NDArray[np.int64]
    ) -> _Judge:
        scorer = Scorer.over(data.metric, data.target, data.contest.labels)
        truth = data.target.values[rows]
        if data.target.classes:
            truth = scorer.codes[truth]
        elif truth.shape[1] == 1:
            truth = truth[:, 0]
        return cls(
            scorer,
            np.asarray(truth),
            [np.asarray(decide(data.metric, one, data.target.classes)) for one in answers],
        )

    def score(self, weights: NDArray[np.float64]) -> float:
        shares = weights / weights.sum()
        if self.scorer.metric.predicts != "labels":
            return self.scorer.metric(self.truth, blend_arrays(self.forms, shares))
        chosen = vote([pd.Series(form) for form in self.forms], shares)
        return self.scorer.metric(self.truth, self.scorer.codes[np.asarray(chosen)])

    def choose(self, count: int) -> tuple[list[float], float]:
        better = self.scorer.metric.better
        counts, best = np.zeros(count), None
        kept: tuple[NDArray[np.float64], float] | None = None
        for _ in range(ROUNDS):
            tried = [(self.score(counts + step), step) for step in np.eye(count)]
            best, step = tried[0]
            for score, other in tried[1:]:
                if better(score, best):
                    best, step = score, other
            counts = counts + step
            if kept is None or better(best, kept[1]):
                kept = counts / counts.sum(), best
        assert kept is not None  # noqa: S101 - there is at least one round
        return kept[0].tolist(), kept[1]


def _part(home: Path, part: str) -> tuple[pd.DataFrame, str | None]:
    """Read one part as text, with its contest where it is a run."""
    if Path(part).is_file():
        return read_as_text(part), None
    if any(mark in part for mark in "./\\"):
        raise ExperimentError(f"there is no file {part}")
    predicted = run_predictions(home, part)
    tables = find_contest(home, predicted.slug)
    sample = read_as_text(str(tables.sample))
    return export_predictions(predicted.frame, sample, tables.contest), predicted.slug


def _spelled(blended: pd.DataFrame, first: pd.DataFrame, contest: Contest | None) -> pd.DataFrame:
    """Spell the blend: labels as the parts have them, numbers with all their digits."""
    spelled = first.copy()
    for name in first.columns[1:]:
        spelled[name] = [str(value) for value in blended[name]]
    return spelled if contest is None else export_predictions(blended, first, contest)


def _out_of_fold(client: MlflowClient, run: str, rows: int) -> NDArray[np.float64]:
    found = find_run(client, run).info.run_id
    if OUT_OF_FOLD_FILE not in {one.path for one in client.list_artifacts(found)}:
        raise ExperimentError(f"run {found} has no out-of-fold answers; weigh by hand with -w")
    with tempfile.TemporaryDirectory(prefix="ripe-") as folder:
        frame = pd.read_parquet(client.download_artifacts(found, OUT_OF_FOLD_FILE, folder))
    if len(frame) != rows:
        raise ExperimentError(
            f"run {found} answered for {len(frame)} training rows, but there are {rows} now"
        )
    first_answer = list(frame.columns).index("fold") + 1
    return frame.iloc[:, first_answer:].to_numpy(np.float64)
