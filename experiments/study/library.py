"""The completed trials of a study with their out-of-fold answers, which ensembles are made of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyarrow.parquet import ParquetFile

from experiments.definition.recipes import candidate_of
from experiments.definition.sections import Experiment
from experiments.study.result import FrontTrial
from pipelines.models import Candidate
from pipelines.search import SearchSpace
from pipelines.search.objectives import pareto_front, ranked
from pipelines.search.space import suggested

if TYPE_CHECKING:
    from optuna import Study

Answers = NDArray[np.float64]
KEPT_FOLDER = "trials"


@dataclass(frozen=True)
class KeptTrial:
    """A completed trial: its number, what was tried, and its out-of-fold answers."""

    number: int
    candidate: Candidate
    scored: Answers | None


def trial_seed(seed: int, number: int) -> int:
    """Return the seed of a trial's networks; it depends on nothing but the trial's number."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


def kept_trials(
    study: Study,
    space: SearchSpace,
    experiment: Experiment,
    folder: Path,
) -> list[KeptTrial]:
    """Return the completed trials, the best first by the rule of `pipelines.search.objectives`.

    Parameters
    ----------
    study : optuna.Study
    space : SearchSpace
    experiment : Experiment
    folder : pathlib.Path
        Of the study.
    """
    return [
        KeptTrial(
            trial.number,
            candidate_of(
                experiment,
                {**experiment.fixed, **suggested(trial.params, space)},
                trial_seed(experiment.seed, trial.number),
            ),
            kept_answers(folder, trial.number),
        )
        for trial in ranked(study)
    ]


def front_trials(
    study: Study, space: SearchSpace, experiment: Experiment
) -> tuple[FrontTrial, ...]:
    """Return the Pareto front, the best score first; empty where there is one objective."""
    objectives = experiment.search.objectives
    if len(objectives) == 1:
        return ()
    return tuple(
        FrontTrial(
            trial.number,
            dict(zip(objectives, trial.values, strict=True)),
            {**experiment.fixed, **suggested(trial.params, space)},
        )
        for trial in pareto_front(study)
    )


def keep_answers(folder: Path, number: int, answers: Answers) -> None:
    """Keep a trial's out-of-fold answers for ensembles and reports."""
    path = _place(folder, number)
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = [f"answer_{place}" for place in range(answers.shape[1])]
    temporary = path.with_name(f".{path.name}")
    pd.DataFrame(answers, columns=columns).to_parquet(temporary, index=False)
    temporary.replace(path)


def kept_answers(folder: Path, number: int) -> Answers | None:
    """Return a trial's out-of-fold answers, None where they were not kept."""
    path = _place(folder, number)
    if not path.exists():
        return None
    with ParquetFile(path) as file:  # a sixth of what pandas takes for so small a file
        columns = file.read(use_threads=False).columns
    return np.stack([column.to_numpy() for column in columns]).T


def _place(folder: Path, number: int) -> Path:
    return folder / KEPT_FOLDER / f"trial-{number:05d}.parquet"
