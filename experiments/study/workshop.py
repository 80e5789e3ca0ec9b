"""What the trials of a study share while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.data import ContestData
from experiments.definition.sections import Experiment
from experiments.study.identity import study_folder
from experiments.study.library import KeptTrial, kept_trials
from experiments.study.pace import Pace
from experiments.study.result import OnProgress, Progress
from pipelines.models import PreparedFolds
from pipelines.models.saving import Lesson
from pipelines.models.scoring import Scorer
from pipelines.search import Budget, SearchSpace, StudyPlace
from pipelines.search.study import ended_trials
from pipelines.tracking.rows import RunLogs

if TYPE_CHECKING:
    from optuna import Study


@dataclass
class Workshop:
    """Everything that the trials of a study share.

    Attributes
    ----------
    history : list of float
        Best score after each trial of this session.
    recorded_at : str
        Tells the MLflow store that its runs go to from others.
    worker : int
        Tells this process's draws from those of the others that search the study; 0 where it is
        the only one.
    workers : int
        How many share the study, as far as is known.
    tried : int
        Trials that this process has tried.
    pace : Pace
    notes : list of str
        What the user should know of the search afterwards.
    """

    experiment: Experiment
    data: ContestData
    lesson: Lesson
    prepared: PreparedFolds
    scorer: Scorer
    place: StudyPlace
    space: SearchSpace
    study: Study
    session: RunLogs
    on_progress: OnProgress = field(default=lambda progress: None)
    should_stop: Callable[[], bool] = field(default=lambda: False)
    history: list[float] = field(default_factory=list)
    recorded_at: str = ""
    worker: int = 0
    workers: int = 1
    tried: int = 0
    pace: Pace = field(default_factory=Pace)
    notes: list[str] = field(default_factory=list)
    _told: Progress | None = field(default=None, init=False)

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
            self.experiment,
            self.folder,
        )

    def stop_if_wished(self) -> None:
        """End the study here when the caller wants it to.

        Raises
        ------
        KeyboardInterrupt
        """
        if self.should_stop():
            raise KeyboardInterrupt

    def start_clock(self) -> None:
        """Begin to measure how fast the search goes."""
        self.pace = Pace(len(ended_trials(self.study)), self.budget.seconds)

    def tell_progress(self, stage: str) -> None:
        """Tell the caller where the study stands."""
        done = len(ended_trials(self.study))
        total = max(done, self.budget.trials)
        self._told = Progress(
            stage,
            done,
            total,
            self.history[-1] if self.history else None,
            tuple(self.history),
            per_minute=self.pace.per_minute(done),
            seconds_left=self.pace.seconds_left(done, total),
            study=self.place.name,
        )
        self.on_progress(self._told)

    def tell_part(self, part: float) -> None:
        """Tell the caller how many trials' worth of training the batch in hand has had."""
        if self._told is not None:
            done = self._told.done + part
            left = self.pace.seconds_left(done, self._told.total)
            self.on_progress(replace(self._told, part=part, seconds_left=left))
