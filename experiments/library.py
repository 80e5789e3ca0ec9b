"""The completed trials of a study with their out-of-fold answers, which ensembles are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.models import Candidate
from pipelines.search import SearchSpace, suggest

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
    fixed: Mapping[str, Any],
    seed: int,
    folder: Path,
    *,
    greater_is_better: bool,
) -> list[KeptTrial]:
    """Return the completed trials, the best first; of equals the earlier.

    Parameters
    ----------
    study : optuna.Study
    space : SearchSpace
    fixed : mapping
        Parameters that did not vary.
    seed : int
        Of the experiment.
    folder : pathlib.Path
        Of the study.
    greater_is_better : bool
    """
    from optuna.trial import TrialState

    sign = -1.0 if greater_is_better else 1.0
    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return [
        KeptTrial(
            trial.number,
            Candidate({**fixed, **suggested(trial.params, space)}, trial_seed(seed, trial.number)),
            kept_answers(folder, trial.number),
        )
        for trial in sorted(done, key=lambda trial: (sign * float(trial.value or 0), trial.number))
    ]


def suggested(values: dict[str, Any], space: SearchSpace) -> dict[str, Any]:
    """Return the model parameters that a trial's stored parameters stand for."""
    from optuna.trial import FixedTrial

    return suggest(FixedTrial(values), space)  # type: ignore[arg-type]


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
    return pd.read_parquet(path).to_numpy(np.float64) if path.exists() else None


def _place(folder: Path, number: int) -> Path:
    return folder / KEPT_FOLDER / f"trial-{number:05d}.parquet"
