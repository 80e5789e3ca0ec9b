"""What may go wrong with an experiment.

::

    ExperimentError
    ├── InvalidExperiment(ValueError)   an experiment file breaks a rule; all problems at once
    ├── UnknownExperiment(LookupError)  no file and no shipped experiment of that name
    ├── MissingData(LookupError)        the data of the contest are not in this home
    └── MissingReport(LookupError)      no study is meant, or it left nothing to report on
"""

from collections.abc import Iterable


class ExperimentError(Exception):
    """Anything about an experiment that its author can put right."""


class InvalidExperiment(ExperimentError, ValueError):
    """An experiment file breaks one or more rules.

    Parameters
    ----------
    problems : iterable of str
        One sentence each, beginning with the key path.
    source : str
        The file.
    """

    def __init__(self, problems: Iterable[str], source: str) -> None:
        self.problems = tuple(problems)
        super().__init__(f"{source}: " + "; ".join(self.problems))


class UnknownExperiment(ExperimentError, LookupError):
    """No experiment file has this name."""


class MissingData(ExperimentError, LookupError):
    """The data of the experiment's contest are not here."""


class MissingReport(ExperimentError, LookupError):
    """There is no such study, or nothing to make its report of."""
