"""The one process that writes a session's runs to MLflow: ``python -m pipelines.tracking.writer``.

Rows are sent in one `log_batch` per run and flush, off the training's path. What was sent is
remembered beside the rows; sending twice is harmless, since MLflow ignores values it already has.
A server that is slow or down only makes rows wait on disk.
"""

import gc
import hashlib
import json
import logging
import os
import select
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines.tracking.locking import locked
from pipelines.tracking.page import shared_view
from pipelines.tracking.rows import read_rows
from pipelines.tracking.session import PLACE_FILE, RUNS_FILE, STATE_FILE, TrackingPlace, read_json
from pipelines.tracking.store import analyze, find_or_make_experiment, prepare_store

FLUSH_SECONDS = 1.0
TRIES_AFTER_THE_END = 3
MOST_IN_A_CALL = (800, 100, 100)  # metrics, parameters and tags; MLflow takes 1000 together
STUDY_KEY = "study"

logger = logging.getLogger(__name__)


class SessionWriter:
    """Sends the rows of one session.

    Parameters
    ----------
    folder : pathlib.Path
        The session's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        place = json.loads((folder / PLACE_FILE).read_text(encoding="utf-8"))
        self.place = TrackingPlace(place["uri"], place["artifacts"], place["experiment"])
        self.client = prepare_store(self.place.uri)
        self._is_first = not (folder / RUNS_FILE).exists()
        self.runs: dict[str, dict[str, Any]] = read_json(folder / RUNS_FILE)
        self._tried: set[str] = set()
        self._experiment_id: str | None = None
        self._remember()

    @property
    def experiment_id(self) -> str:
        """The MLflow experiment's id, made on first use."""
        if self._experiment_id is None:
            lock = self.folder.parent.parent / "experiment.lock"
            self._experiment_id = find_or_make_experiment(
                self.client, self.place.experiment, self.place.artifacts, lock
            )
        return self._experiment_id

    def send_new_rows(self) -> int:
        """Send every complete row not yet sent, the study's own first; return how many.

        A run that cannot be sent does not hold up the others.

        Raises
        ------
        Exception
            The first error, after every run was tried.
        """
        sent, errors = 0, []
        for path in self._logs():
            try:
                sent += self._send_run(path)
            except Exception as error:  # noqa: BLE001 - kept for the end, whatever it is
                errors.append(error)
        if errors:
            raise errors[0]
        return sent

    def close_unfinished(self, reason: str) -> int:
        """Close runs without an end as KILLED; return how many there were."""
        from mlflow.entities import RunTag

        open_runs = [run for run in self.runs.values() if not run.get("ended")]
        for run in open_runs:
            self.client.log_batch(run["run_id"], tags=[RunTag("stop.reason", reason)])
            self.client.set_terminated(run["run_id"], status="KILLED")
            run["ended"] = True
        self._remember()
        return len(open_runs)

    def _logs(self) -> list[Path]:
        logs = self.folder.glob("*.jsonl")
        return sorted(logs, key=lambda path: (path.stem != STUDY_KEY, path.stem))

    def _send_run(self, path: Path) -> int:
        key = path.stem
        rows, offset = read_rows(path, self.runs.get(key, {}).get("offset", 0))
        if not rows:
            return 0
        if rows[0]["row"] == "start":
            self.runs[key] = {**self._find_or_make_run(key, rows.pop(0)), "offset": 0}
            self._remember()
        run = self.runs[key]
        if not run.get("joined"):
            self._send(run["run_id"], rows)
        run["offset"] = offset
        run["ended"] = run.get("joined") or (bool(rows) and rows[-1]["row"] == "end")
        self._remember()
        return len(rows)

    def _find_or_make_run(self, key: str, start: dict[str, Any]) -> dict[str, Any]:
        """Return a run's id, and whether it is another process's."""
        if key in self.runs:
            return self.runs[key]
        tags = {**start["found_by"], "ripe.session": f"{self.folder.name}/{key}"}
        found = self._find(start["found_by"] or tags) if self._may_be_made(key, start) else None
        if found is not None and start.get("joins"):
            return {"run_id": found, "joined": True}
        if found is not None:
            self._reopen(found)
            return {"run_id": found}
        if start["parent"] is not None:
            tags["mlflow.parentRunId"] = self.runs[start["parent"]]["run_id"]
        run = self.client.create_run(
            self.experiment_id, start_time=start["time_ms"], run_name=start["name"], tags=tags
        )
        return {"run_id": str(run.info.run_id)}

    def _may_be_made(self, key: str, start: dict[str, Any]) -> bool:
        """Tell whether a run may be there: another session's, or one whose id was lost here."""
        tried_before = key in self._tried
        self._tried.add(key)
        return bool(start["found_by"]) or tried_before or not self._is_first

    def _reopen(self, run_id: str) -> None:
        self.client.update_run(run_id, status="RUNNING")
        if "stop.reason" in self.client.get_run(run_id).data.tags:
            self.client.delete_tag(run_id, "stop.reason")

    def _find(self, tags: dict[str, str]) -> str | None:
        wanted = " and ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items())
        found = self.client.search_runs([self.experiment_id], wanted, max_results=1)
        return str(found[0].info.run_id) if found else None

    def _send(self, run_id: str, rows: list[dict[str, Any]]) -> None:
        from mlflow.entities import Metric, Param, RunTag

        metrics = [
            Metric(name, value, time_ms, step)
            for row in rows
            if row["row"] == "metrics"
            for name, value, step, time_ms in row["values"]
        ]
        parameters = [Param(name, value) for name, value in _merged(rows, "params").items()]
        tags = [RunTag(name, value) for name, value in _merged(rows, "tags").items()]
        for some_metrics, some_parameters, some_tags in _batches(metrics, parameters, tags):
            self.client.log_batch(run_id, some_metrics, some_parameters, some_tags)
        for row in rows:
            self._send_one(run_id, row)

    def _send_one(self, run_id: str, row: dict[str, Any]) -> None:
        if row["row"] == "file":
            self.client.log_artifact(run_id, row["path"], row["folder"])
        elif row["row"] == "dataset":
            self._send_dataset(run_id, row)
        elif row["row"] == "model":
            from pipelines.tracking.models import log_model

            folder = Path(row["folder"])
            mark = self._mark_of(run_id, folder)
            log_model(self.client, run_id, folder, row["name"], row["alias"], mark)
        elif row["row"] == "name":
            self.client.update_run(run_id, name=row["name"])
        elif row["row"] == "view":
            self._send_view(row)
        elif row["row"] == "end":
            self.client.set_terminated(run_id, row["status"], row["time_ms"])

    def _mark_of(self, run_id: str, folder: Path) -> str:
        """Tell a model of this session from others, also once its home was moved."""
        place = " ".join([run_id, self.folder.name, *folder.parts[-3:]])
        return hashlib.sha256(place.encode()).hexdigest()[:16]

    def _send_view(self, row: dict[str, Any]) -> None:
        tag, view = shared_view(lowest_first=row["lowest_first"])
        known = self.client.get_experiment(self.experiment_id).tags
        if known.get(tag) != view and (row.get("replaces", True) or tag not in known):
            self.client.set_experiment_tag(self.experiment_id, tag, view)

    def _send_dataset(self, run_id: str, row: dict[str, Any]) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag

        dataset = Dataset(
            name=row["name"],
            digest=row["digest"],
            source_type="local",
            source=json.dumps({"uri": row["source"]}),
            profile=row["shape"],
        )
        tags = [InputTag("mlflow.data.context", row["context"])]
        self.client.log_inputs(run_id, datasets=[DatasetInput(dataset, tags)])

    def _remember(self) -> None:
        write_json(self.folder / RUNS_FILE, self.runs)


def _merged(rows: list[dict[str, Any]], kind: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for row in rows:
        if row["row"] == kind:
            values.update(row["values"])
    return values


def _batches(*kinds: list[Any]) -> Iterator[list[list[Any]]]:
    """Deal metrics, parameters and tags into as few calls as MLflow's limits allow."""
    calls = max(-(-len(one) // most) for one, most in zip(kinds, MOST_IN_A_CALL, strict=True))
    for call in range(calls):
        yield [
            one[call * most : (call + 1) * most]
            for one, most in zip(kinds, MOST_IN_A_CALL, strict=True)
        ]


def write_json(path: Path, value: object) -> None:
    """Write a small JSON file in one step."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(value), encoding="utf-8")
    temporary.replace(path)


def follow(folder: Path) -> int:
    """Send a session's rows until its owner is done or gone; return the exit status."""
    with locked(folder / "writer.lock", wait=False) as mine:
        if not mine:
            return 0
        writer = _open_patiently(folder)
        return 1 if writer is None else _follow(writer)


def _open_patiently(folder: Path) -> SessionWriter | None:
    """Open the store, trying again while the owner is there."""
    tries_left = TRIES_AFTER_THE_END
    while tries_left:
        try:
            return SessionWriter(folder)
        except Exception as error:  # noqa: BLE001 - whatever keeps us from the store, rows wait
            _note_trouble(folder, error)
            tries_left -= _owner_is_done(FLUSH_SECONDS)
    return None


def _follow(writer: SessionWriter) -> int:
    done, tries_left = False, TRIES_AFTER_THE_END
    while tries_left:
        done = done or _owner_is_done(FLUSH_SECONDS)
        try:
            writer.send_new_rows()
            if done:
                writer.close_unfinished("died")
                analyze(writer.place.uri)
                write_json(writer.folder / STATE_FILE, {"sent": True})
                return 0
        except Exception as error:  # noqa: BLE001 - whatever the store says, rows wait
            _note_trouble(writer.folder, error)
            tries_left -= done
    return 1


def _note_trouble(folder: Path, error: Exception) -> None:
    if "waiting_because" not in read_json(folder / STATE_FILE):
        logger.warning("rows wait in %s", folder, exc_info=error)
    write_json(folder / STATE_FILE, {"waiting_because": f"{type(error).__name__}: {error}"})


def _owner_is_done(seconds: float) -> bool:
    """Wait for the end of standard input, at most so long."""
    ready, _, _ = select.select([sys.stdin.buffer], [], [], seconds)
    return bool(ready) and not os.read(sys.stdin.fileno(), 4096)


def _collect_garbage_rarely() -> None:
    """Let Python look for cycles seldom: for the objects of MLflow's rows it cost a fifth."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    _collect_garbage_rarely()
    sys.exit(follow(Path(sys.argv[1])))
