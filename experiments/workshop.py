"""What the trials of a study share while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.data import ContestData
from experiments.definition import Experiment
from experiments.identity import study_folder
from experiments.library import KeptTrial, kept_trials
from experiments.result import OnProgress, Progress
from pipelines.models import PreparedFolds
from pipelines.models.saving import Lesson
from pipelines.models.scoring import Scorer
from pipelines.search import Budget, SearchSpace, StudyPlace
from pipelines.search.study import counted_trials
from pipelines.tracking import TrackingSession

if TYPE_CHECKING:
    from optuna import Study


@dataclass
class Workshop:
    """Everything that the trials of a study share.

    Attributes
    ----------
    history : list of float
        Best score after each trial of this session.
    """

    experiment: Experiment
    data: ContestData
    lesson: Lesson
    prepared: PreparedFolds
    scorer: Scorer
    place: StudyPlace
    space: SearchSpace
    study: Study
    session: TrackingSession
    on_progress: OnProgress
    should_stop: Callable[[], bool]
    history: list[float] = field(default_factory=list)

    @property
    def budget(self) -> Budget:
        """How long to search."""
        return Budget(self.experiment.search.trials, self.experiment.search.seconds)

    @property
    def folder(self) -> Path:
        """Where the study's files lie."""
        return study_folder(self.place)

    @property
    def library(self) -> list[KeptTrial]:
        """The completed trials, the best first."""
        return kept_trials(
            self.study,
            self.space,
            self.experiment.fixed,
            self.experiment.seed,
            self.folder,
            greater_is_better=self.data.metric.greater_is_better,
        )

    def stop_if_wished(self) -> None:
        """End the study here when the caller wants it to.

        Raises
        ------
        KeyboardInterrupt
        """
        if self.should_stop():
            raise KeyboardInterrupt

    def tell_progress(self, stage: str) -> None:
        """Tell the caller where the study stands."""
        best = self.history[-1] if self.history else None
        done = len(counted_trials(self.study))
        total = max(done, self.budget.trials)
        self.on_progress(Progress(stage, done, total, best, tuple(self.history)))
