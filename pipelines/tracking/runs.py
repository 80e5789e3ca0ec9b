"""Reading tracked runs back, for tables and programs."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from competition.errors import did_you_mean
from pipelines.errors import TrackingProblem
from pipelines.tracking.filters import RunFilter
from pipelines.tracking.session import TrackingPlace
from pipelines.tracking.store import database_file, prepare_store

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

UNUSED = "Default"  # the experiment that MLflow makes for itself
SHOWN_PARAMETERS = ("hidden_layer_sizes", "learning_rate")


@dataclass(frozen=True)
class RunSummary:
    """One line of a table of runs.

    Attributes
    ----------
    run_id, name, contest, kind, model : str
    state : str
        FINISHED, RUNNING, FAILED or KILLED, or pruned.
    score, low, high : float or None
        Cross-validated score and its 95 % interval.
    parameters : mapping
    started : str
        UTC, to the minute.
    reason : str or None
        Why it stopped early.
    metrics : mapping of str to float
        The last value of each.
    """

    run_id: str
    name: str
    contest: str
    kind: str
    model: str
    state: str
    score: float | None
    low: float | None
    high: float | None
    parameters: Mapping[str, str] = field(default_factory=dict)
    started: str = ""
    reason: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def interval(self) -> str:
        """The interval in words; empty where there is none."""
        if self.low is None or self.high is None:
            return ""
        return f"{self.low:.4f}-{self.high:.4f}"

    @property
    def why(self) -> str:
        """The parameters that matter most, or why it stopped."""
        if self.reason:
            return self.reason
        shown = [
            f"{name} {_rounded(self.parameters[name])}"
            for name in SHOWN_PARAMETERS
            if name in self.parameters
        ]
        return (
            ", ".join(shown)
            .replace("hidden_layer_sizes", "layers")
            .replace("learning_rate", "rate")
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the summary for JSON."""
        return asdict(self)


def list_runs(
    home: Path, wanted: RunFilter | None = None, *, limit: int = 20, uri: str | None = None
) -> list[RunSummary]:
    """Return runs, the newest first.

    Parameters
    ----------
    home : pathlib.Path
    wanted : RunFilter, optional
        Which runs; else studies and runs made by hand.
    limit : int
    uri : str, optional
        Tracking address in place of the home's own.

    Raises
    ------
    TrackingProblem
        When a condition cannot be understood, or no run was ever made on the contest.
    """
    wanted = wanted or RunFilter()
    condition = wanted.condition()
    client = _open(home, uri)
    if client is None:
        return []
    places = {str(one.experiment_id): one.name for one in client.search_experiments()}
    chosen = _chosen(places, wanted.contest)
    if not chosen:
        return []
    order = ["attributes.start_time DESC"]
    found = client.search_runs(chosen, condition, max_results=limit, order_by=order)
    return [summarise(run, contest=places[run.info.experiment_id]) for run in found]


def _chosen(places: Mapping[str, str], contest: str | None) -> list[str]:
    """Return the ids of the MLflow experiments to look in."""
    chosen = [number for number, name in places.items() if contest in (None, name)]
    known = sorted(name for name in places.values() if name != UNUSED)
    if contest is not None and not chosen and known:
        raise TrackingProblem(
            f"no run is on {contest!r}; there are runs on {', '.join(known)}"
            f"{did_you_mean(contest, known)}"
        )
    return chosen


def list_studies(
    home: Path, *, contest: str | None = None, limit: int = 20, uri: str | None = None
) -> list[RunSummary]:
    """Return the studies' runs, the newest first; see `list_runs`."""
    return list_runs(home, RunFilter(contest=contest, kind="study"), limit=limit, uri=uri)


def list_trials(
    home: Path,
    study: str,
    wanted: RunFilter | None = None,
    *,
    limit: int = 20,
    uri: str | None = None,
) -> list[RunSummary]:
    """Return the trials of a study's run, the best first; of them those that are wanted.

    Raises
    ------
    TrackingProblem
        When no single run has this id or prefix.
    """
    client = _open_runs(home, uri)
    parent = _find(client, study)
    direction = "DESC" if parent.data.tags.get("metric.direction") != "lower is better" else "ASC"
    below = f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'"
    narrowed = replace(wanted or RunFilter(), kind="all").condition()
    trials = client.search_runs(
        [parent.info.experiment_id],
        f"{below} and {narrowed}" if narrowed else below,
        max_results=limit,
        order_by=[f"metrics.`cv.score` {direction}"],
    )
    return [summarise(run, contest=parent.data.tags.get("contest", "")) for run in trials]


def find_run(home: Path, run: str, *, uri: str | None = None) -> RunSummary:
    """Return the run whose id is, or begins with, `run`.

    Raises
    ------
    TrackingProblem
        When no single run has this id or prefix.
    """
    return summarise(_find(_open_runs(home, uri), run))


def differences(one: RunSummary, other: RunSummary) -> dict[str, tuple[str | None, str | None]]:
    """Return the parameters in which two runs differ, each with both values.

    Examples
    --------
    >>> a = RunSummary("1", "a", "c", "trial", "", "FINISHED", 0.9, None, None, {"rate": "0.1"})
    >>> b = RunSummary("2", "b", "c", "trial", "", "FINISHED", 0.8, None, None, {"rate": "0.2"})
    >>> differences(a, b)
    {'rate': ('0.1', '0.2')}
    """
    names = dict.fromkeys((*one.parameters, *other.parameters))
    pairs = {name: (one.parameters.get(name), other.parameters.get(name)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _open_runs(home: Path, uri: str | None) -> "MlflowClient":
    client = _open(home, uri)
    if client is None:
        raise TrackingProblem(f"there are no runs in {home} yet")
    return client


def _find(client: "MlflowClient", run: str) -> "Run":
    wanted = f"attributes.run_id LIKE '{_checked(run)}%'"
    found = client.search_runs(_experiments(client, None), wanted, max_results=2)
    if len(found) != 1:
        how_many = "no run's id begins" if not found else "several runs' ids begin"
        raise TrackingProblem(f"{how_many} with {run!r}; 'ripe runs' lists them")
    return found[0]


def _checked(run: str) -> str:
    if not run.isalnum():
        raise TrackingProblem(f"a run's id has digits and the letters a to f only, not {run!r}")
    return run


def _open(home: Path, uri: str | None) -> "MlflowClient | None":
    """Open the store; None where there is none yet, since reading makes no database."""
    address = TrackingPlace.in_home(home, "", uri).uri
    file = database_file(address)
    return None if file is not None and not file.exists() else prepare_store(address)


def _experiments(client: "MlflowClient", contest: str | None) -> list[str]:
    return [
        str(one.experiment_id)
        for one in client.search_experiments()
        if contest is None or one.name == contest
    ]


def summarise(run: "Run", contest: str = "") -> RunSummary:
    """Return the summary of an MLflow run."""
    tags, metrics = run.data.tags, run.data.metrics
    started = datetime.fromtimestamp((run.info.start_time or 0) / 1000, UTC)
    return RunSummary(
        run_id=run.info.run_id,
        name=run.info.run_name or "",
        contest=tags.get("contest", contest),
        kind=tags.get("ripe.kind", ""),
        model=tags.get("model", ""),
        state="pruned" if tags.get("optuna.state") == "PRUNED" else str(run.info.status),
        score=metrics.get("cv.score"),
        low=metrics.get("cv.low"),
        high=metrics.get("cv.high"),
        parameters={**run.data.params, **_best(tags)},
        started=f"{started:%Y-%m-%d %H:%M}",
        reason=tags.get("stop.reason"),
        metrics=dict(metrics),
    )


def _best(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters of a study's best trial."""
    return {
        name.removeprefix("best."): value
        for name, value in tags.items()
        if name.startswith("best.")
    }


def _rounded(value: str) -> str:
    try:
        return f"{float(value):.3g}"
    except ValueError:
        return value
