"""What can go wrong between a participant and a server, one class each.

::

    SubmissionError
    ├── ExportRefused(ValueError)          predictions that cannot become a submission
    ├── FilesNotAligned(ValueError)        submissions that cannot be blended
    ├── InvalidServer(ValueError)          an address that is none
    ├── DownloadConflict(FileExistsError)  a folder that came from somewhere else
    ├── ServerUnreachable(ConnectionError) nobody answers
    ├── ServerRefused(RuntimeError)        the server said no
    │   ├── NotSignedIn(PermissionError)   no token, or one that is not accepted
    │   ├── NotPermitted(PermissionError)  the server knows us and still says no
    │   └── UnknownName(LookupError)       no such contest, data set or file
    ├── SendUnclear(RuntimeError)          an entry may or may not have been made
    ├── EntryFailed(RuntimeError)          the entry stands, but has no score
    └── ScoreTimeout(TimeoutError)         the entry is still waiting
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "DownloadConflict",
    "EntryFailed",
    "ExportRefused",
    "FilesNotAligned",
    "InvalidServer",
    "NotPermitted",
    "NotSignedIn",
    "ScoreTimeout",
    "SendUnclear",
    "ServerRefused",
    "ServerUnreachable",
    "SubmissionError",
    "UnknownName",
]


class SubmissionError(Exception):
    """Any refusal of this package; its text is one clear message."""


class ExportRefused(SubmissionError, ValueError):
    """Predictions that would not make a valid submission file.

    Attributes
    ----------
    problems : tuple of str
        Every problem found.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"no submission was written: {_listed(self.problems)}")


class FilesNotAligned(SubmissionError, ValueError):
    """Submission files that do not hold the same ids and columns."""


class InvalidServer(SubmissionError, ValueError):
    """An address that no server can have, or a client file that cannot be read."""


class DownloadConflict(SubmissionError, FileExistsError):
    """A destination that holds something else."""


class ServerUnreachable(SubmissionError, ConnectionError):
    """No server answers at the address."""


class ServerRefused(SubmissionError, RuntimeError):
    """The server answered with an error.

    Attributes
    ----------
    status : int
        The HTTP status, 0 when there is none.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        self.status = status
        super().__init__(message)


class NotSignedIn(ServerRefused, PermissionError):
    """No credentials, or none that the server accepts."""


class NotPermitted(ServerRefused, PermissionError):
    """The server knows the user, who may not do this."""


class UnknownName(ServerRefused, LookupError):
    """The server knows no contest, data set or file of that name."""


class SendUnclear(SubmissionError, RuntimeError):
    """A send was cut off and the entry was not found again; nothing was sent twice."""


class EntryFailed(SubmissionError, RuntimeError):
    """The server could not score the entry.

    Attributes
    ----------
    reason : str
        The server's own words.
    """

    def __init__(self, message: str, reason: str) -> None:
        self.reason = reason
        super().__init__(message)


class ScoreTimeout(SubmissionError, TimeoutError):
    """The entry had no score within the time allowed."""


def _listed(problems: Sequence[str]) -> str:
    if len(problems) == 1:
        return problems[0]
    numbered = "; ".join(f"({place}) {text}" for place, text in enumerate(problems, start=1))
    return f"{len(problems)} problems: {numbered}"
