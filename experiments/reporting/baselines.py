"""The baselines of a study, fitted on its own folds through the same door, and kept beside it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from competition.files import replaced_file
from experiments.reporting.material import BASELINES_FOLDER, Answers, Material
from pipelines.models import BASELINES, Candidate, fit_candidates
from pipelines.search.trials import out_of_fold


def baseline_answers(material: Material, wanted: Iterable[str]) -> dict[str, Answers]:
    """Return out-of-fold answers of baselines: those wanted, and those kept from before.

    Each has scikit-learn's own settings and the study's seed, features and folds.
    """
    names = set(wanted) - {material.experiment.model}
    folder = material.folder / BASELINES_FOLDER
    kept = {path.stem for path in folder.glob("*.parquet")}
    for name in sorted(names - kept):
        _keep(folder / f"{name}.parquet", _fit(material, name))
    return {
        name: pd.read_parquet(folder / f"{name}.parquet").to_numpy(np.float64)
        for name in BASELINES
        if name in names | kept
    }


def _fit(material: Material, name: str) -> Answers:
    with threadpool_limits(1):
        [fits] = fit_candidates(name, [Candidate({}, material.experiment.seed)], material.prepared)
    return out_of_fold(fits, material.prepared)


def _keep(path: Path, answers: Answers) -> None:
    names = [f"answer_{place}" for place in range(answers.shape[1])]
    with replaced_file(path) as temporary:
        pd.DataFrame(answers, columns=names).to_parquet(temporary, index=False)
