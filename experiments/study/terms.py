"""What a worker must know of a study, kept with the study itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from experiments.definition.sections import Experiment
from experiments.errors import ExperimentError

if TYPE_CHECKING:
    from optuna import Study

EXPERIMENT, DATA, TRACKING = "ripe.experiment", "ripe.data", "ripe.tracking"


@dataclass(frozen=True)
class Terms:
    """What every worker of a study goes by.

    Attributes
    ----------
    experiment : Experiment
    data_digest : str
        Of the tables that every worker must have.
    tracking : str or None
        MLflow server that workers on other machines record their trials in.
    """

    experiment: Experiment
    data_digest: str
    tracking: str | None = None


def keep_terms(study: Study, terms: Terms) -> None:
    """Write the terms to a study, where they differ from those that are there; call it in turn."""
    wanted: dict[str, Any] = {
        EXPERIMENT: terms.experiment.model_dump(mode="json"),
        DATA: terms.data_digest,
        TRACKING: terms.tracking if _may_be_shared(terms.tracking) else None,
    }
    there = study.user_attrs
    for name, value in wanted.items():
        if name not in there or there[name] != value:
            study.set_user_attr(name, value)


def _may_be_shared(address: str | None) -> bool:
    """Tell whether other machines may use an address: a server's, and one without a password."""
    return address is not None and address.startswith("http") and "@" not in address


def read_terms(study: Study) -> Terms:
    """Read what a study's workers go by.

    Raises
    ------
    ExperimentError
        When the study was not begun by `ripe run`.
    """
    there = study.user_attrs
    if EXPERIMENT not in there:
        raise ExperimentError(
            f"study {study.study_name!r} holds no experiment; begin it with: ripe run"
        )
    return Terms(
        Experiment.model_validate(there[EXPERIMENT]), str(there[DATA]), there.get(TRACKING)
    )
