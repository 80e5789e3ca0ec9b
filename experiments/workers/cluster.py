"""Workers on a `dask.distributed` cluster, which only starts them: the study's storage coordinates.

Each worker process of the cluster gets one task, the same worker function that `ripe worker` runs.
Tasks are bound to their process, since a trial stack uses a whole process, and since a task that
the scheduler moved elsewhere would not know of the trials it had in hand: those are failed and
tried once more like any others.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

from experiments.errors import ExperimentError
from experiments.workers.crew import PATIENCE_SECONDS, Ended
from experiments.workers.working import WorkOrder, work

CONNECT_SECONDS = 20
POLL_SECONDS = 0.5
MOST_FAILURES = 60
LOST_CONNECTION = (OSError, RuntimeError, AttributeError)
"""What dask raises without a scheduler; the last two once its client has given up and has none."""


class ClusterCrew:
    """Workers that are processes of a cluster.

    Parameters
    ----------
    address : str
        Of the scheduler, such as ``tcp://10.0.0.1:8786``.
    most : int or None
        Processes to use at most; None takes all there are.
    order_of : callable
        Takes the number of a worker and how many there are; returns its order.

    Raises
    ------
    ExperimentError
        When the cluster cannot be reached or has no workers.
    """

    def __init__(
        self, address: str, most: int | None, order_of: Callable[[int, int], WorkOrder]
    ) -> None:
        distributed = _library()
        self._address = address
        try:
            self._client = distributed.Client(address, timeout=CONNECT_SECONDS)
        except (OSError, ValueError) as error:
            raise ExperimentError(f"there is no cluster at {address}: {error}") from None
        try:
            with self._needing_a_scheduler():
                self._begin(distributed, order_of, most)
        except BaseException:
            self._client.close()
            raise

    def _begin(
        self, distributed: Any, order_of: Callable[[int, int], WorkOrder], most: int | None
    ) -> None:
        processes = sorted(self._processes())[:most]
        if not processes:
            raise ExperimentError("the cluster has no workers yet; start some: dask worker ADDRESS")
        self._stop_name = f"ripe-stop-{uuid4().hex}"
        self._stop = distributed.Event(self._stop_name, client=self._client)
        orders = [order_of(number, len(processes)) for number in range(1, len(processes) + 1)]
        self._working = {
            process: self._submit(process, order)
            for process, order in zip(processes, orders, strict=True)
        }

    def _submit(self, process: str, order: WorkOrder) -> Any:
        return self._client.submit(
            run_order,
            order.as_json(),
            self._stop_name,
            key=f"ripe-{order.study}-{order.worker}-{uuid4().hex[:8]}",
            workers=[process],
            allow_other_workers=False,
            pure=False,
            retries=0,
        )

    def _processes(self) -> Sequence[str]:
        """Ask the scheduler; what the client remembers of it names no processes at times."""
        return list(self._client.sync(self._client.scheduler.identity, n_workers=-1)["workers"])

    def ended(self) -> list[Ended]:
        """Return the workers that have ended since this was last asked."""
        with self._needing_a_scheduler():
            there = set(self._processes())
            gone = [
                process
                for process, task in self._working.items()
                if task.done() or process not in there
            ]
            return [self._bury(process, self._working.pop(process)) for process in gone]

    @contextmanager
    def _needing_a_scheduler(self) -> Iterator[None]:
        try:
            yield
        except LOST_CONNECTION as error:
            raise ExperimentError(
                f"the scheduler at {self._address} does not answer any more ({error}); "
                "the same command continues this study, with a cluster or without"
            ) from None

    def is_working(self) -> bool:
        """Tell whether any is still at work."""
        return bool(self._working)

    def stop(self) -> None:
        """Let all of them drop what they have in hand; leave the cluster."""
        try:
            with suppress(
                *LOST_CONNECTION, ExperimentError
            ):  # without a scheduler they end by themselves
                self._stop.set()
                self._wait_for_all()
                self._client.cancel(list(self._working.values()))
        finally:
            self._client.close()

    def _wait_for_all(self) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while self._working and time.monotonic() < until:
            self.ended()
            time.sleep(POLL_SECONDS / 5)

    def _bury(self, process: str, task: Any) -> Ended:
        if task.status == "finished":
            return Ended(process, task.result())
        if task.status == "error":
            return Ended(process, f"{process}: {task.exception()}")
        task.cancel()
        return Ended(process, f"the cluster lost {process}")


def run_order(text: str, stop_name: str) -> str | None:
    """Work, inside a process of a cluster; return what ended it before its time."""
    with _wish_to_stop(stop_name) as stop:
        try:
            work(WorkOrder.from_json(text), should_stop=stop.is_set)
        except KeyboardInterrupt:
            return "it was told to stop"
        except Exception as error:  # noqa: BLE001 - told to the study's own process, whatever it is
            return f"{error}"
    return None


@contextmanager
def _wish_to_stop(name: str) -> Iterator[threading.Event]:
    """Give an event that is set when the cluster's is, or when the starter or cluster is gone."""
    distributed = _library()
    shared = distributed.Event(name, client=distributed.get_client())
    is_wanted = _interest_in_this_task(distributed.get_worker())
    wished, done = threading.Event(), threading.Event()

    def listen() -> None:
        failures = 0
        while not done.wait(POLL_SECONDS):
            try:
                failures = 0 if is_wanted() and not shared.is_set() else MOST_FAILURES
            except Exception:  # noqa: BLE001 - whatever the connection says, it may come back
                failures += 1
            if failures >= MOST_FAILURES:
                wished.set()

    thread = threading.Thread(target=listen, name="ripe-stop", daemon=True)
    thread.start()
    try:
        yield wished
    finally:
        done.set()
        thread.join()


def _interest_in_this_task(process: Any) -> Callable[[], bool]:
    """Return what tells whether anybody waits for the task that runs in this thread.

    A starter that is killed leaves the scheduler, which then has its tasks cancelled: that is
    noted in their processes, though a thread that has begun is never ended from outside.
    """
    key = process.get_current_task()

    def is_wanted() -> bool:
        task = process.state.tasks.get(key)
        return task is not None and task.state == "executing"

    return is_wanted


def _library() -> Any:
    try:
        import distributed
    except ImportError:
        raise ExperimentError(
            "a cluster needs dask.distributed: pip install 'ripeness[cluster]'"
        ) from None
    return distributed
