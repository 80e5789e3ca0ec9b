"""A run of training by hand: what can be recorded of it, and how it ends."""

from __future__ import annotations

import math
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines.errors import TrackingProblem
from pipelines.tracking.datasets import known_of
from pipelines.tracking.rows import Point, RunLog, in_ms
from pipelines.tracking.session import TrackingSession
from pipelines.tracking.surroundings import peak_memory_mb

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.network.estimator import Network

NOT_METRICS = ("epoch", "member", "network")


@dataclass
class TrackedRun:
    """A run that is being made; every call appends to a file and returns at once.

    Attributes
    ----------
    name : str
    session : TrackingSession
    key : str
        The run's key within the session.
    log : RunLog
    """

    name: str
    session: TrackingSession
    key: str
    log: RunLog
    _children: Iterator[int] = field(default_factory=lambda: count(1))
    _files: Iterator[int] = field(default_factory=lambda: count(1))
    _steps: Counter[str] = field(default_factory=Counter)
    _score: float | None = None
    _parameters: dict[str, str] = field(default_factory=dict)

    @property
    def run_id(self) -> str | None:
        """MLflow's id of the run; None until the writer has made it."""
        return self.session.run_ids().get(self.key)

    def parameters(self, values: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        """Record parameters, each once; numbers also as metrics ``hp.NAME``, for filters.

        Raises
        ------
        TrackingProblem
            When one was recorded before with another value; none of these is then recorded.
        """
        given = {**(values or {}), **more}
        self._refuse_changed(given)
        self.log.parameters(given)
        self._points({f"hp.{name}": value for name, value in given.items() if _is_plain(value)}, 0)

    def metrics(
        self,
        values: Mapping[str, float] | None = None,
        /,
        *,
        step: int | None = None,
        **more: float,
    ) -> None:
        """Record values of metrics.

        Parameters
        ----------
        values : mapping of str to float, optional
            By name; names may have letters, digits and ``_-./: ``. ``cv.score`` is what tables of
            runs show and sort by.
        step : int, optional
            The epoch; counted up from 1 for each metric where it is not given.
        **more : float
            Further values.

        Raises
        ------
        TrackingProblem
            When a value is not a number.
        """
        given = {name: _number(name, value) for name, value in {**(values or {}), **more}.items()}
        self._points(given, step)
        self._score = given.get("cv.score", self._score)

    def history(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Record whole curves.

        Parameters
        ----------
        rows : iterable of mapping
            A row an epoch, as a network's ``history_`` has them: ``epoch`` is the step, every
            other number a metric. Of several members each has curves of its own.
        """
        rows = list(rows)
        several = len({row.get("member") for row in rows}) > 1
        now = in_ms(_now())
        self.log.metrics(
            Point(_curve(name, row, several), float(value), int(row["epoch"]), now)
            for row in rows
            for name, value in row.items()
            if name not in NOT_METRICS and _is_plain(value)
        )

    def tags(self, values: Mapping[str, str] | None = None, /, **more: str) -> None:
        """Record tags; a later value replaces an earlier one."""
        self.log.tags({name: str(value) for name, value in {**(values or {}), **more}.items()})

    def note(self, text: str) -> None:
        """Describe the run, in Markdown, above its page in the MLflow UI."""
        self.tags({"mlflow.note.content": text})

    def file(self, path: str | os.PathLike[str], folder: str | None = None) -> None:
        """Attach a file as it is now; it may be changed or removed afterwards."""
        source = Path(path)
        if not source.is_file():
            raise TrackingProblem(f"only a file can be attached, and {source} is none")
        self.log.file(Path(shutil.copy2(source, self._new_place(source.name))), folder)

    def text(self, text: str, name: str, folder: str | None = None) -> None:
        """Attach a text as a file of this name."""
        place = self._new_place(name)
        place.write_text(text, encoding="utf-8")
        self.log.file(place, folder)

    def figure(self, figure: Any, name: str, folder: str | None = None) -> None:
        """Attach a figure: Matplotlib's by the name's suffix (.png, .svg), Plotly's as .html."""
        place = self._new_place(name)
        if hasattr(figure, "savefig"):
            figure.savefig(place)
        elif hasattr(figure, "write_html"):
            figure.write_html(place, include_plotlyjs=True)
        else:
            raise TrackingProblem(f"a figure of Matplotlib or Plotly is needed, not {figure!r}")
        self.log.file(place, folder)

    def dataset(
        self,
        data: str | os.PathLike[str] | pd.DataFrame,
        *,
        name: str | None = None,
        context: str = "training",
    ) -> None:
        """Record what the run learns from, by the SHA-256 of all of it.

        Parameters
        ----------
        data : path-like or pandas.DataFrame
            A file, or a table in memory.
        name : str, optional
            The file's name unless it is given; a table's is ``table``.
        context : str
            ``training``, ``validation`` or ``testing``.
        """
        known = known_of(data)
        self.log.dataset(name or known.name, known.source, known.digest, context, known.shape)
        self.tags({f"data.digest.{name or known.name}": known.digest})

    def model(
        self,
        network: Network,
        example: Any,
        *,
        register: str | None = None,
        alias: str = "champion",
    ) -> None:
        """Log a fitted network as an MLflow model, without pickle.

        It loads back through ``mlflow.pyfunc`` and then returns a column ``prediction``, and for
        a classifier the probability of each class.

        Parameters
        ----------
        network : NetworkClassifier or NetworkRegressor
            Fitted.
        example : array-like or pandas.DataFrame, shape (a few rows, n_features)
            Features as the network takes them; they make the model's signature.
        register : str, optional
            Name in the model registry; it is not registered without one.
        alias : str
            Alias that the new version takes over there.

        Raises
        ------
        TrackingProblem
            When it is another kind of model: save it with its own library, attach it by `file`.
        """
        from pipelines.network import NetworkClassifier, NetworkRegressor
        from pipelines.tracking.models import keep_network

        if not isinstance(network, NetworkClassifier | NetworkRegressor):
            kind = type(network).__name__
            raise TrackingProblem(
                "model() takes a fitted NetworkClassifier or NetworkRegressor, but got "
                f"{kind}; save it with its own library and attach it with file()"
            )
        folder = self._new_place("model")
        folder.mkdir()
        keep_network(folder, network, example)
        self.log.model(folder, register or self.name, alias if register else None)

    def _refuse_changed(self, given: Mapping[str, Any]) -> None:
        for name, value in given.items():
            before = self._parameters.get(name, str(value))
            if before != str(value):
                raise TrackingProblem(
                    f"parameter {name!r} of run {self.name!r} is {before} and cannot become "
                    f"{value}: a parameter is recorded once; record what changes by metrics()"
                )
        self._parameters |= {name: str(value) for name, value in given.items()}

    def _points(self, values: Mapping[str, float], step: int | None) -> None:
        now = in_ms(_now())
        for name, value in values.items():
            self._steps[name] += 1
            at = self._steps[name] if step is None else step
            self.log.metrics([Point(name, float(value), at, now)])

    def _new_place(self, name: str) -> Path:
        folder = self.session.folder / "files" / self.key / str(next(self._files))
        folder.mkdir(parents=True)
        return folder / Path(name).name

    def child_key(self) -> str:
        """Return the key of the next run below this one."""
        return f"{self.key}-{next(self._children):05d}"

    def end(self, error: BaseException | None, seconds: float) -> None:
        """Record how it went and close the run's rows."""
        status, reason = ending(error)
        self._points({"seconds": seconds, "peak_memory_mb": peak_memory_mb()}, 0)
        if self._score is not None:
            self.log.rename(f"{self.name} {self._score:.4f}")
        self.log.tags(reason)
        self.log.end(status, now=_now())
        self.log.close()


def ending(error: BaseException | None) -> tuple[str, dict[str, str]]:
    """Return how a run ends that such an error left: its status and the tags that say why.

    Examples
    --------
    >>> ending(None)
    ('FINISHED', {})
    >>> ending(ValueError("no rows"))
    ('FAILED', {'stop.reason': 'ValueError: no rows'})
    >>> ending(KeyboardInterrupt())
    ('KILLED', {'stop.reason': 'interrupted'})
    """
    if error is None or (isinstance(error, SystemExit) and not error.code):
        return "FINISHED", {}
    if isinstance(error, KeyboardInterrupt | GeneratorExit):
        return "KILLED", {"stop.reason": "interrupted"}
    if _is_pruned(error):
        return "KILLED", {"optuna.state": "PRUNED"}
    return "FAILED", {"stop.reason": f"{type(error).__name__}: {error}"}


def _is_pruned(error: BaseException) -> bool:
    """Tell Optuna's way to give up a trial; it can only come from an Optuna that is imported."""
    optuna = sys.modules.get("optuna")
    return optuna is not None and isinstance(error, optuna.TrialPruned)


def _curve(name: str, row: Mapping[str, Any], several: bool) -> str:
    return f"member{row['member'] + 1}/{name}" if several else name


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TrackingProblem(f"metric {name!r} must be a number, but got {value!r}") from None


def _is_plain(value: Any) -> bool:
    """Tell a finite number, also one of NumPy's, from all else."""
    if isinstance(value, bool) or not hasattr(value, "__float__") or np.ndim(value):
        return False
    return math.isfinite(float(value))


def _now() -> datetime:
    return datetime.now(UTC)
