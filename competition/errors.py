"""Everything that can go wrong with a contest, as one tree.

::

    CompetitionError
    ├── UnreadableTable (ValueError)         a file is no table
    ├── InvalidContest (ValueError)          a contest's definition breaks a rule
    ├── UnknownContest (LookupError)         no contest of that name
    ├── UnknownUser (LookupError)            no user of that name
    ├── UnknownMetric (LookupError)          no metric of that name
    ├── InvalidSubmission (ValueError)       a submission breaks the contest's form
    ├── SubmissionRefused                    a well-formed submission is not taken now
    │   ├── DeadlinePassed
    │   ├── QuotaExceeded
    │   ├── SubmissionsDisabled
    │   └── TooManyPending
    ├── NotAllowed (PermissionError)         the viewer may not do or see this
    ├── MetricFailed (RuntimeError)          a metric broke; the message is for the host alone
    └── ParticipantVisibleError              a metric's message that its participant may read

Every message states the rule, what was got and what to do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

from competition.problems import Problem

__all__ = [
    "CompetitionError",
    "DeadlinePassed",
    "InvalidContest",
    "InvalidSubmission",
    "MetricFailed",
    "NotAllowed",
    "ParticipantVisibleError",
    "QuotaExceeded",
    "SubmissionRefused",
    "SubmissionsDisabled",
    "TooManyPending",
    "UnknownContest",
    "UnknownMetric",
    "UnknownUser",
    "UnreadableTable",
    "did_you_mean",
]


class CompetitionError(Exception):
    """Any failure of this package that a person can do something about."""


class UnreadableTable(CompetitionError, ValueError):
    """A file could not be read as a table."""


class InvalidContest(CompetitionError, ValueError):
    """A contest's definition or data breaks one or more rules.

    Parameters
    ----------
    problems
        One sentence per broken rule, each beginning with its key path where it has one.
    source
        The file or folder that was read, put in front of the message.
    """

    def __init__(self, problems: str | Iterable[str], source: str | None = None) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        self.source = source
        super().__init__(_listed(self.problems, source))


class UnknownContest(CompetitionError, LookupError):
    """No contest has this slug."""


class UnknownUser(CompetitionError, LookupError):
    """No user has this name."""


class UnknownMetric(CompetitionError, LookupError):
    """No metric of the registry has this name or alias."""


class InvalidSubmission(CompetitionError, ValueError):
    """A submission breaks the contest's form; ``problems`` holds every broken rule."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__(_listed([problem.message for problem in self.problems], None))


class SubmissionRefused(CompetitionError):
    """The contest does not take this entry now."""


class DeadlinePassed(SubmissionRefused):
    """The contest is over."""


class QuotaExceeded(SubmissionRefused):
    """The team has used up today's entries."""


class SubmissionsDisabled(SubmissionRefused):
    """The host has closed the door for entries."""


class TooManyPending(SubmissionRefused):
    """The team already has as many entries waiting for a score as it may."""


class NotAllowed(CompetitionError, PermissionError):
    """The viewer may not do or see this."""


class MetricFailed(CompetitionError, RuntimeError):
    """A metric broke on an entry; its message may hold truth and is for the host alone."""


class ParticipantVisibleError(CompetitionError):
    """Raised by a metric for a message that the participant may read.

    A host's own metric may define a class of this name itself, as Kaggle's metrics do: the name
    counts, not the class.
    """


def did_you_mean(name: str, known: Collection[str]) -> str:
    """Return a hint for a misspelt name, to be put behind a message.

    Examples
    --------
    >>> did_you_mean("ripness", ["id", "ripeness"])
    "; did you mean 'ripeness'?"
    >>> did_you_mean("colour", ["id"])
    ''
    """
    folded = {candidate.casefold(): candidate for candidate in known}
    near = get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return f"; did you mean {folded[near[0]]!r}?" if near else ""


def _listed(messages: Collection[str], source: str | None) -> str:
    before = f"{source}: " if source else ""
    if len(messages) == 1:
        return before + next(iter(messages))
    numbered = "; ".join(f"({place}) {text}" for place, text in enumerate(messages, start=1))
    return f"{before}{len(messages)} problems: {numbered}"
