"""Who searches: this process, several of this machine, a cluster's, or others elsewhere."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from experiments.study.searching import best_so_far, search
from experiments.study.workshop import Workshop
from experiments.workers.crew import AbsentCrew, Crew, LocalCrew, threads_each
from experiments.workers.following import follow
from experiments.workers.working import WorkOrder

THREADS = 1  # networks of table size gain nothing from more


@dataclass(frozen=True)
class Launch:
    """Who searches: this process, several of this machine, a cluster's, or others elsewhere."""

    order: WorkOrder
    workers: int
    cluster: str | None

    @property
    def fills_all_cores(self) -> bool:
        """Whether workers leave no core of this machine to the process that writes to MLflow."""
        return self.cluster is None and self.workers >= max(2, os.cpu_count() or 1)

    def search(self, shop: Workshop) -> None:
        """Search until the budget is spent, or nothing improves."""
        if self.workers == 1 and self.cluster is None:
            search(shop)
        else:
            shop.start_clock()
            shop.history = best_so_far(shop.study)
            shop.tell_progress("searching")
            follow(shop, self._crew(Path(str(self.order.session))))

    def _crew(self, logs: Path) -> Crew:
        if self.cluster is not None:
            from experiments.workers.cluster import ClusterCrew

            return ClusterCrew(self.cluster, self.workers if self.workers > 1 else None, self._nth)
        if not self.workers:
            return AbsentCrew()
        numbers = range(1, self.workers + 1)
        return LocalCrew([self._nth(number, self.workers) for number in numbers], logs)

    def _nth(self, number: int, workers: int) -> WorkOrder:
        threads = threads_each(workers) if self.cluster is None else THREADS
        return replace(self.order, worker=number, workers=workers, threads=threads)
