"""What is known of a run, as lines of JSON in a file of its own.

A training process only ever appends to such files; the writer process sends them. A line is
complete when it ends in a line feed, so that a process killed while writing loses at most the
line it was writing.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol, Self

FORBIDDEN_IN_NAMES = re.compile(r"[^\w\-./: ]")


@dataclass(frozen=True)
class Point:
    """One value of a metric: its name, value, step (epoch) and time in milliseconds."""

    name: str
    value: float
    step: int
    time_ms: int


class RunLogs(Protocol):
    """Opens the logs of runs: a session of one's own, or one that another process keeps."""

    def run(self, key: str) -> "RunLog":
        """Open the log of one run."""


@dataclass
class RunLog:
    """Appends the rows of one run.

    Parameters
    ----------
    path : pathlib.Path
        The file; its stem is the run's key within the session.
    """

    path: Path
    _stream: IO[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._stream = self.path.open("a", encoding="utf-8")

    def start(
        self,
        name: str,
        *,
        now: datetime,
        parent: str | None = None,
        found_by: Mapping[str, str] | None = None,
        joins: bool = False,
    ) -> None:
        """Begin the run.

        Parameters
        ----------
        name : str
            The run's name in the MLflow UI.
        now : datetime
        parent : str, optional
            Key of the parent's log in the same session.
        found_by : mapping of str to str, optional
            Tags that tell whether the run is there already; then it is continued.
        joins : bool
            Where the run is there already it is another process's: nothing is changed in it, and
            it serves as a parent only.
        """
        self._append(
            "start",
            name=name,
            time_ms=in_ms(now),
            parent=parent,
            found_by=dict(found_by or {}),
            joins=joins,
        )

    def parameters(self, values: Mapping[str, Any]) -> None:
        """Record parameters; each is written once."""
        self._append("params", values={tidy(name): str(value) for name, value in values.items()})

    def tags(self, values: Mapping[str, str]) -> None:
        """Record tags; a later value replaces an earlier one."""
        self._append("tags", values=dict(values))

    def metrics(self, points: Iterable[Point]) -> None:
        """Record metric values; those that are not finite are left out."""
        rows = [
            [tidy(point.name), float(point.value), point.step, point.time_ms]
            for point in points
            if math.isfinite(point.value)
        ]
        self._append("metrics", values=rows)

    def file(self, path: Path, folder: str | None = None) -> None:
        """Attach a file that stays where it is until it has been sent."""
        self._append("file", path=str(path.resolve()), folder=folder)

    def dataset(self, name: str, source: Path, digest: str, context: str, shape: str) -> None:
        """Record a data file that the run learned from or predicted."""
        self._append(
            "dataset",
            name=name,
            source=str(source),
            digest=digest[:32],
            context=context,
            shape=shape,
        )

    def model(self, folder: Path, name: str, alias: str | None = None) -> None:
        """Record a saved model; registered under `name` where `alias` is given."""
        self._append("model", folder=str(folder.resolve()), name=name, alias=alias)

    def view(self, *, lowest_first: bool, replaces: bool = True) -> None:
        """Let the page that `ui_address` names show the columns that matter, the best run first.

        Parameters
        ----------
        lowest_first : bool
            Whether lower scores are better.
        replaces : bool
            Whether it takes the place of a view that is there.
        """
        self._append("view", lowest_first=lowest_first, replaces=replaces)

    def rename(self, name: str) -> None:
        """Give the run another name."""
        self._append("name", name=name)

    def end(self, status: str, *, now: datetime) -> None:
        """End the run: FINISHED, FAILED or KILLED."""
        self._append("end", status=status, time_ms=in_ms(now))

    def close(self) -> None:
        """Close the file; nothing is sent here."""
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _append(self, row: str, **content: Any) -> None:
        self._stream.write(json.dumps({"row": row, **content}, separators=(",", ":")) + "\n")
        self._stream.flush()


def tidy(name: str) -> str:
    """Return a name that MLflow takes: letters, digits and ``_-./: ``.

    Examples
    --------
    >>> tidy("share [%]")
    'share ___'
    """
    return FORBIDDEN_IN_NAMES.sub("_", name)


def in_ms(moment: datetime) -> int:
    """Return milliseconds since 1970 of an aware moment."""
    return round(moment.timestamp() * 1000)


def read_rows(path: Path, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
    """Read the complete lines behind `offset`.

    Returns
    -------
    rows : list of dict
    offset : int
        Position behind the last complete line, in bytes.
    """
    with path.open("rb") as stream:
        stream.seek(offset)
        data = stream.read()
    whole = data[: data.rfind(b"\n") + 1]
    return [json.loads(line) for line in whole.splitlines()], offset + len(whole)
