"""What `ripe up` and `ripe demo` run: the host, a scoring worker and the MLflow UI."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from competition.host.accounts import SignUp
    from competition.host.serving import Certificate
    from competition.store import Store
    from pipelines.tracking.server import MlflowServer

__all__ = ["Served", "free_or_any", "is_free", "obstacle", "serving"]

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
_RESTART_SECONDS = 2.0


@dataclass(frozen=True)
class Served:
    """What is being served.

    Attributes
    ----------
    url
        The host's address.
    store
        The host's store.
    mlflow_url
        The MLflow UI's address; ``None`` when it is not served.
    """

    url: str
    store: Store
    mlflow: MlflowKeeper | None = None

    @property
    def mlflow_url(self) -> str | None:
        """The MLflow UI's address; ``None`` when it is not served."""
        return self.mlflow.url if self.mlflow else None

    def wait_for_mlflow(self, timeout: float = 60.0) -> bool:
        """Wait until the MLflow UI answers, at most so many seconds; say whether it does."""
        return self.mlflow is not None and self.mlflow.wait_until_ready(timeout)


@contextmanager
def serving(
    home: Path,
    *,
    host: str = LOOPBACK,
    port: int = 7777,
    mlflow_port: int | None = 5000,
    database: str | None = None,
    public_url: str | None = None,
    sign_up: SignUp = "closed",
    slots: int = 1,
    certificate: Certificate | None = None,
) -> Iterator[Served]:
    """Serve a home while the block runs; everything is stopped at its end.

    Parameters
    ----------
    home : Path
        The home folder, made where it is missing.
    host : str
        The address the host listens on; the MLflow UI stays on this machine's own.
    port, mlflow_port : int
        Where to listen; 0 takes a free port. ``mlflow_port=None`` leaves the MLflow UI out.
    database : str, optional
        Address of the host's database in place of the home's own file.
    public_url : str, optional
        The address under which the outside reaches the host.
    sign_up : "open", "invitation" or "closed"
        Whether people make accounts themselves on the pages.
    slots : int
        So many entries are scored side by side; 0 leaves scoring to `ripe worker`.
    certificate : Certificate, optional
        The host serves https with it; the MLflow UI stays on this machine's own http.

    Raises
    ------
    OSError
        When a port is taken.
    """
    from competition.host import running_host
    from competition.store import open_store

    with ExitStack() as stack:
        store = stack.enter_context(open_store(home, database=database))
        if slots:
            stack.enter_context(_scoring(store, slots))
        url = stack.enter_context(
            running_host(
                store,
                port,
                address=host,
                public_url=public_url,
                sign_up=sign_up,
                certificate=certificate,
            )
        )
        mlflow = None
        if mlflow_port is not None:
            mlflow = stack.enter_context(_mlflow(home, mlflow_port or _free_port()))
        yield Served(url, store, mlflow)


def free_or_any(wanted: int, address: str = LOOPBACK) -> int:
    """Return the wanted port when nothing listens there, else 0: whoever listens takes any."""
    return wanted if is_free(wanted, address) else 0


def _free_port() -> int:
    """Return a port for a server that cannot say which one it took."""
    with socket.create_server((LOOPBACK, 0)) as probe:
        return int(probe.getsockname()[1])


def is_free(port: int, address: str = LOOPBACK) -> bool:
    """Say whether a server could listen on a port now."""
    return obstacle(port, address) is None


def obstacle(port: int, address: str = LOOPBACK) -> OSError | None:
    """Return what keeps a server from listening on a port now; None when nothing does."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.create_server((address, port), family=family):
            return None
    except OSError as error:
        return error


class MlflowKeeper:
    """Keeps an MLflow server running: starts it again when it dies, stops it when told.

    Parameters
    ----------
    home : Path
        The home folder, whose runs it shows.
    port : int
        Where it listens, on this machine's own address.
    """

    def __init__(self, home: Path, port: int) -> None:
        self.url = f"http://{LOOPBACK}:{port}"
        self._home = home
        self._port = port
        self._stopping = threading.Event()
        self._turn = threading.Lock()
        self._server = self._start()
        self._thread = threading.Thread(target=self._keep, name="mlflow", daemon=True)
        self._thread.start()

    def wait_until_ready(self, timeout: float) -> bool:
        """Wait until the server answers, at most so many seconds; say whether it does."""
        from pipelines.errors import PipelineError

        try:
            self._server.wait_until_ready(timeout)
        except PipelineError as error:
            log.warning("%s", error)
            return False
        return True

    def stop(self) -> None:
        """Stop the server for good."""
        self._stopping.set()
        with self._turn:
            self._server.stop()
        self._thread.join()

    def _keep(self) -> None:
        while True:
            status = self._server.wait()
            if self._stopping.is_set():
                return
            log.warning("the MLflow server ended with status %s; starting it again", status)
            self._stopping.wait(_RESTART_SECONDS)
            with self._turn:
                if self._stopping.is_set():
                    return
                self._server.stop()  # what it started may have outlived it, and holds the port
                self._server = self._start()

    def _start(self) -> MlflowServer:
        from pipelines.tracking.server import start_mlflow_server

        return start_mlflow_server(self._home, host=LOOPBACK, port=self._port)


@contextmanager
def _mlflow(home: Path, port: int) -> Iterator[MlflowKeeper]:
    keeper = MlflowKeeper(home, port)
    try:
        yield keeper
    finally:
        keeper.stop()


@contextmanager
def _scoring(store: Store, slots: int) -> Iterator[None]:
    """Score waiting entries from threads while the block runs; entries in hand are finished."""
    from competition.queue import run_workers

    stop = threading.Event()
    thread = threading.Thread(
        target=run_workers, args=(store, stop), kwargs={"slots": slots}, name="worker", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
