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
from competition.definition import Contest, dump_contest
from competition.errors import (
    CompetitionError,
    InvalidContest,
    InvalidSubmission,
    MetricFailed,
    ParticipantVisibleError,
)
from competition.scoring import Limits, read_solution, score_in_child, scores_or_error
from competition.tables import read_table, write_table

__all__ = ["refuse_unscorable"]

SOLUTION, SAMPLE, TRUTH = "the solution", "the sample submission", "its truth"
IN_EVERY_RANGE = 0.5


def refuse_unscorable(
    contest: Contest,
    solution: Path,
    sample: Path | None = None,
    metric_file: Path | None = None,
    limits: Limits | None = None,
) -> None:
    """Score the truth against itself, and the sample submission, as entries will be scored.

    Both are scored in a confined child, as every entry is, whoever wrote the metric.

    Parameters
    ----------
    contest
        The definition.
    solution, sample
        The truth and the sample submission; without a sample the truth alone is tried.
    metric_file
        The host's own metric.
    limits
        What a trial may use; by default what an entry may.

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
    form = submission_form(contest, _truth(contest, solution))
    if sample is not None:
        _refuse_other_ids(form, sample)
    with tempfile.TemporaryDirectory(prefix="ripe-") as folder:
        definition, perfect = Path(folder) / "contest.toml", Path(folder) / "truth.csv"
        dump_contest(contest, definition)
        write_table(perfect_entry(contest, text), perfect)
        trial = _Trial(contest, definition, solution, metric_file, limits)
        is_proven = trial.truth_itself(perfect)
        if sample is not None:
            trial.sample(sample, form, is_proven)


def _truth(contest: Contest, solution: Path) -> pd.DataFrame:
    try:
        return read_solution(contest, solution)
    except MetricFailed as error:
        raise InvalidContest(str(error)) from None


@dataclass(frozen=True, eq=False)
class _Trial:
    """A contest and its truth, against which entries are scored."""

    contest: Contest
    definition: Path
    solution: Path
    metric_file: Path | None
    limits: Limits | None

    def truth_itself(self, entry: Path) -> bool:
        """Refuse truth that the metric cannot score, whoever predicts it how well.

        Returns
        -------
        bool
            Whether truth was scored at all: a host's own metric may tell its participant that
            nobody may predict so.

        Notes
        -----
        Truth may be what no prediction may be, such as a count of 0 under Poisson deviance.
        """
        try:
            self._score(entry)
        except ParticipantVisibleError:
            return False
        except CompetitionError as error:
            if not _is_only_out_of_range(error):
                raise InvalidContest(_unscorable(self.contest, TRUTH, error)) from None
            self._any_number(entry)
        return True

    def _any_number(self, entry: Path) -> None:
        """Try the truth against a prediction that every range allows."""
        frame = read_table(entry, all_text=True)
        columns = list(self.contest.prediction_columns)
        write_table(frame.assign(**dict.fromkeys(columns, IN_EVERY_RANGE)), entry)
        try:
            self._score(entry)
        except CompetitionError as error:
            raise InvalidContest(_unscorable(self.contest, TRUTH, error)) from None

    def sample(self, sample: Path, form: SubmissionForm, is_proven: bool) -> None:
        """Refuse a sample submission that would itself be refused."""
        if found := check_submission(sample, form):
            raise InvalidContest(f"{SAMPLE}: {problem.message}" for problem in found)
        try:
            self._score(sample)
        except CompetitionError as error:
            is_truth = isinstance(error, MetricFailed) and not is_proven
            words = TRUTH if is_truth else SAMPLE
            raise InvalidContest(_unscorable(self.contest, words, error)) from None

    def _score(self, entry: Path) -> None:
        outcome = score_in_child(
            self.definition, self.solution, entry, self.limits, metric_file=self.metric_file
        )
        scores_or_error(outcome)


def _is_only_out_of_range(error: CompetitionError) -> bool:
    return isinstance(error, InvalidSubmission) and all(
        problem.rule == "out_of_range" for problem in error.problems
    )


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
