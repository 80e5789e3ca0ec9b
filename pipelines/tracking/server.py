"""Starting the MLflow server as a child process, as light as it goes.

One worker and no job runner: a fifth of the processes and of the memory that MLflow's defaults
take. A small process guards them: it holds the reading end of a pipe whose other end is its
starter's, and kills the whole process group when that end is closed. The system closes it for a
starter that was killed.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Self
from urllib.parse import quote

from pipelines.errors import TrackingProblem
from pipelines.tracking.locking import locked
from pipelines.tracking.page import VIEW_KEY
from pipelines.tracking.session import TrackingPlace
from pipelines.tracking.store import QUIET_ENVIRONMENT, database_file, store_lock

LOOPBACK = "127.0.0.1"
DEFAULT_PORT = 5000
POLL_SECONDS = 0.1
STOP_SECONDS = 5.0
ANSWER_SECONDS = 20.0  # its first answer opens the store, which takes long on a busy machine
PYTHON = (sys.executable, "-P")
ADDRESS_VARIABLE = "MLFLOW_BACKEND_STORE_URI"
"""MLflow's own; every user of a machine sees a command line, and a database's has a password."""


@dataclass
class MlflowServer:
    """A running MLflow server.

    Attributes
    ----------
    url : str
        Address to open.
    log : pathlib.Path
        What the server says.
    """

    url: str
    log: Path
    _process: "subprocess.Popen[bytes]"

    @property
    def pid(self) -> int:
        """The leading process, whose number is the group's too."""
        return self._process.pid

    def is_ready(self) -> bool:
        """Tell whether the server answers.

        Raises
        ------
        TrackingProblem
            When the server has ended.
        """
        if self._process.poll() is not None:
            raise TrackingProblem(f"the MLflow server ended; its last words are in {self.log}")
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            return False

    def wait_until_ready(self, timeout_seconds: float = 60.0) -> None:
        """Wait until the server answers.

        Raises
        ------
        TrackingProblem
            When the server has ended, or does not answer in time.
        """
        until = time.monotonic() + timeout_seconds
        while not self.is_ready():
            if time.monotonic() > until:
                raise TrackingProblem(
                    f"the MLflow server did not answer within {timeout_seconds:g} s; see {self.log}"
                )
            time.sleep(POLL_SECONDS)

    def wait(self) -> int:
        """Wait until the server ends; return its exit status."""
        return self._process.wait()

    def stop(self) -> None:
        """Stop the server and its workers, also those that outlived it."""
        if self._process.poll() is None:
            self._signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
        self._signal(signal.SIGKILL)
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def start_mlflow_server(
    home: Path,
    *,
    host: str = LOOPBACK,
    port: int = DEFAULT_PORT,
    uri: str | None = None,
) -> MlflowServer:
    """Start an MLflow server on a home folder's runs; it takes some seconds to answer.

    Parameters
    ----------
    home : pathlib.Path
    host, port
        Where to listen; port 0 takes a free one.
    uri : str, optional
        Tracking database, in place of the home's own ``mlflow.db``.

    Returns
    -------
    MlflowServer
        Not yet ready; to be stopped by the caller.
    """
    home.mkdir(parents=True, exist_ok=True)
    address = TrackingPlace.in_home(home, "", uri).uri
    chosen = port or _free_port(host)
    log = home / "mlflow-server.log"
    with log.open("ab") as stream:
        process = subprocess.Popen(
            [
                *(*PYTHON, "-m", "pipelines.tracking.server"),
                *(str(home.resolve() / "artifacts"), host, str(chosen)),
            ],
            stdin=subprocess.PIPE,
            stdout=stream,
            stderr=stream,
            env={
                **os.environ,
                **QUIET_ENVIRONMENT,
                "PYTHONSAFEPATH": "1",
                ADDRESS_VARIABLE: address,
            },
            start_new_session=True,
        )
    return MlflowServer(f"http://{host}:{chosen}", log, process)


def ui_address(base_url: str, contest: str) -> str:
    """Return the page of a contest's studies in a running MLflow UI, the best score first.

    Parameters
    ----------
    base_url : str
        Address of the server.
    contest : str
        Slug; where it has no runs yet, the server's own first page is returned.
    """
    asked = f"{base_url}/api/2.0/mlflow/experiments/get-by-name?experiment_name={quote(contest)}"
    try:
        with urllib.request.urlopen(asked, timeout=ANSWER_SECONDS) as answer:
            number = json.load(answer)["experiment"]["experiment_id"]
    except (OSError, ValueError, KeyError):
        return base_url
    return _page(base_url, number)


def ui_addresses(base_url: str) -> dict[str, str]:
    """Return the page of every contest that has runs in a running MLflow UI, by its slug."""
    asked = f"{base_url}/api/2.0/mlflow/experiments/search?max_results=100"
    try:
        with urllib.request.urlopen(asked, timeout=ANSWER_SECONDS) as answer:
            found = json.load(answer).get("experiments", [])
    except (OSError, ValueError):
        return {}
    return {
        one["name"]: _page(base_url, one["experiment_id"])
        for one in sorted(found, key=lambda one: one["name"])
        if any(tag["key"].endswith(f".{VIEW_KEY}") for tag in one.get("tags", []))
    }


def _page(base_url: str, number: str) -> str:
    return f"{base_url}/#/experiments/{number}/runs?viewStateShareKey={VIEW_KEY}"


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _is_made(uri: str) -> bool:
    """Tell whether the store is there, after waiting for whoever is making it just now."""
    file = database_file(uri)
    if file is None:
        return True
    with locked(store_lock(file)):
        return file.exists()


def serve_and_guard(artifacts: str, host: str, port: str) -> int:
    """Run the server in this process's group until it ends; return its exit status.

    The database's address is in the environment. The group is killed as soon as standard input
    ends.
    """
    Thread(target=_end_with_starter, daemon=True).start()
    uri = os.environ[ADDRESS_VARIABLE]
    if not _is_made(uri):
        subprocess.run([*PYTHON, "-m", "pipelines.tracking.store", uri], check=True)
    options = {
        "--default-artifact-root": artifacts,
        "--host": host,
        "--port": port,
        "--workers": "1",
    }
    words = [word for pair in options.items() for word in pair]
    command = [*PYTHON, "-m", "mlflow", "server", *words]
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode


def _end_with_starter() -> None:
    """Wait for the end of standard input, then kill this process's group."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(serve_and_guard(*sys.argv[1:4]))
