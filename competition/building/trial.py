"""The trial that every contest passes before it is taken in: it can be entered and scored."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from competition.building.probes import perfect_entry
from competition.building.sources import Source, check_ids, examples
from competition.checks import (
    SubmissionForm,
    check_submission,
    places_of,
    submission_form,
)
from competition.definition import Contest
from competition.errors import CompetitionError, InvalidContest, ParticipantVisibleError
from competition.scoring import read_solution, score_file, score_frames
from competition.tables import read_table, write_table

__all__ = ["refuse_unscorable"]

SOLUTION, SAMPLE = "the solution", "the sample submission"


def refuse_unscorable(
    contest: Contest,
    solution: Path,
    sample: Path | None = None,
    metric_file: Path | None = None,
) -> None:
    """Score the truth against itself, and the sample submission, as entries will be scored.

    A registered metric is tried in this process, a host's own one in a scoring child.

    Parameters
    ----------
    contest
        The definition.
    solution, sample
        The truth and the sample submission; without a sample the truth alone is tried.
    metric_file
        The host's own metric.

    Raises
    ------
    InvalidContest
        The ids of solution and sample differ, or one of them cannot be scored; it says why.
    UnreadableTable
        A file is no table.
    """
    text = read_table(solution, all_text=True)
    source = Source(SOLUTION, text)
    source.require([contest.id_column, *contest.targets])
    check_ids(source, contest.id_column)
    truth = read_solution(contest, solution)
    trial = _Trial(contest, solution, truth, submission_form(contest, truth), metric_file)
    if sample is not None:
        _refuse_other_ids(trial.form, sample)
    trial.truth_itself(text)
    if sample is not None:
        trial.sample(sample)


@dataclass(frozen=True, eq=False)
class _Trial:
    """A contest and its truth, against which entries are scored."""

    contest: Contest
    solution: Path
    truth: pd.DataFrame
    form: SubmissionForm
    metric_file: Path | None

    def truth_itself(self, text: pd.DataFrame) -> None:
        """Refuse truth that the metric cannot score, whoever predicts it how well."""
        with tempfile.TemporaryDirectory(prefix="ripe-") as folder:
            entry = Path(folder) / "truth.csv"
            write_table(perfect_entry(self.contest, text), entry)
            try:
                self._score(entry)
            except ParticipantVisibleError:
                # Truth may be what no prediction may be: a count of 0 under Poisson deviance.
                return
            except CompetitionError as error:
                raise InvalidContest(_unscorable(self.contest, "its truth", error)) from None

    def sample(self, sample: Path) -> None:
        """Refuse a sample submission that would itself be refused."""
        if found := check_submission(sample, self.form):
            raise InvalidContest(f"{SAMPLE}: {problem.message}" for problem in found)
        try:
            self._score(sample)
        except CompetitionError as error:
            raise InvalidContest(_unscorable(self.contest, SAMPLE, error)) from None

    def _score(self, entry: Path) -> None:
        if self.contest.metric.file is not None:
            score_file(self.contest, self.solution, entry, self.metric_file)
            return
        frame = read_table(entry, text_columns=self.form.text_columns)
        score_frames(self.contest, self.truth, frame)


def _unscorable(contest: Contest, words: str, error: CompetitionError) -> str:
    return f"the metric {contest.metric.name} cannot score {words}: {error}"


def _refuse_other_ids(form: SubmissionForm, sample: Path) -> None:
    frame = read_table(sample, text_columns=(form.id_column,))
    Source(SAMPLE, frame).require([form.id_column])
    if problems := list(_id_problems(frame[form.id_column], form)):
        raise InvalidContest(
            f"{SAMPLE} and {SOLUTION} must name the same ids, each once: {' and '.join(problems)}"
        )


def _id_problems(ids: pd.Series, form: SubmissionForm) -> Iterator[str]:
    places = places_of(ids, form.ids)
    counts = np.bincount(places[places >= 0], minlength=len(form.ids))
    odd = {
        f"only in {SAMPLE}": ids[places < 0],
        f"only in {SOLUTION}": pd.Series(form.ids[counts == 0]),
        f"more than once in {SAMPLE}": pd.Series(form.ids[counts > 1]),
    }
    for words, found in odd.items():
        if len(found):
            be = "id is" if len(found) == 1 else "ids are"
            yield f"{len(found)} {be} {words} ({examples(found.astype('str'))})"
