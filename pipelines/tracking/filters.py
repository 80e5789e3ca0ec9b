"""Which runs are wanted, in the words that MLflow's search takes."""

import re
from dataclasses import dataclass
from typing import Literal

from pipelines.errors import TrackingProblem

Kind = Literal["study", "trial", "hand-made", "all"]
State = Literal["finished", "running", "failed", "killed", "pruned"]
HAND_MADE, HAND_MADE_TRIAL = "hand-made", "hand-made trial"
AND = re.compile(r"\s+and\s+", re.IGNORECASE)
CONDITION = re.compile(
    r"(?:(?P<group>metrics|params|tags|attributes)\.)?(?P<name>.+?)\s*"
    r"(?P<sign><=|>=|!=|=|<|>|\bI?LIKE\b)\s*(?P<value>.+)",
    re.IGNORECASE,
)
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
SIGNS = "= != < <= > >= LIKE ILIKE"
EXAMPLE = "cv.score > 0.9 and params.model = network"


@dataclass(frozen=True)
class RunFilter:
    """Which runs are wanted.

    Attributes
    ----------
    contest : str or None
        Slug.
    experiment : str or None
        Name of the experiment file.
    kind : str or None
        ``study``, ``trial``, ``hand-made`` or ``all``; None is all but trials.
    state : str or None
        ``finished``, ``running``, ``failed``, ``killed`` (also pruned ones) or ``pruned``.
    where : str or None
        Conditions as `conditions` takes them.
    """

    contest: str | None = None
    experiment: str | None = None
    kind: Kind | None = None
    state: State | None = None
    where: str | None = None

    def condition(self) -> str:
        """Return all but the contest as a filter of MLflow's search.

        Examples
        --------
        >>> RunFilter(kind="study", state="failed", where="cv.score > 0.9").condition()
        "tags.`ripe.kind` = 'study' and attributes.status = 'FAILED' and metrics.`cv.score` > 0.9"
        """
        parts = [
            _kind(self.kind),
            self.experiment and f"tags.`ripe.experiment` = {_quoted(self.experiment)}",
            _state(self.state),
            self.where and conditions(self.where),
        ]
        return " and ".join(part for part in parts if part)


def _kind(kind: Kind | None) -> str:
    """Return the condition for a kind; a trial made by hand is of two kinds."""
    if kind == "all":
        return ""
    if kind is None:
        return f"tags.`ripe.kind` != 'trial' and tags.`ripe.kind` != '{HAND_MADE_TRIAL}'"
    if kind == "trial":
        return "tags.`ripe.kind` LIKE '%trial'"
    return (
        f"tags.`ripe.kind` LIKE '{kind}%'" if kind == HAND_MADE else f"tags.`ripe.kind` = '{kind}'"
    )


def _state(state: State | None) -> str:
    if state is None:
        return ""
    if state == "pruned":
        return "tags.`optuna.state` = 'PRUNED'"
    return f"attributes.status = '{state.upper()}'"


def conditions(text: str) -> str:
    """Turn conditions as a person writes them into MLflow's: names and texts quoted.

    A name without ``metrics.``, ``params.``, ``tags.`` or ``attributes.`` before it is a metric
    where it is compared with a number, else a parameter.

    Raises
    ------
    TrackingProblem
        When a part is no condition, or a parameter is compared by size.

    Examples
    --------
    >>> conditions("metrics.cv.score >= 0.9 AND model = network")
    "metrics.`cv.score` >= 0.9 and params.`model` = 'network'"
    """
    return " and ".join(_condition(part.strip()) for part in AND.split(text))


def _condition(text: str) -> str:
    found = CONDITION.fullmatch(text)
    if found is None:
        raise TrackingProblem(f"a condition is NAME SIGN VALUE, as in {EXAMPLE!r}, not {text!r}")
    name, value = found["name"].strip("`\"' "), found["value"].strip("\"'")
    if found["value"][0] in "<>=!":
        raise TrackingProblem(
            f"the sign of a condition is one of {SIGNS}, not {found['sign']}{found['value'][0]}; "
            f"write it as in {EXAMPLE!r}"
        )
    sign = found["sign"].upper()
    group = (found["group"] or ("metrics" if NUMBER.fullmatch(value) else "params")).lower()
    if group == "metrics":
        if not NUMBER.fullmatch(value):
            raise TrackingProblem(
                f"metric {name!r} is a number and cannot be compared with {value!r}"
            )
        return f"metrics.`{name}` {sign} {value}"
    if group == "attributes":
        is_time = name in ("start_time", "end_time")
        return f"attributes.{name} {sign} {value if is_time else _quoted(value)}"
    if sign in ("<", ">", "<=", ">="):
        hint = f"; its number is the metric 'hp.{name}'" if group == "params" else ""
        raise TrackingProblem(f"{group} are texts: {name!r} can be =, != or LIKE something{hint}")
    return f"{group}.`{name}` {sign} {_quoted(value)}"


def _quoted(text: str) -> str:
    if "'" in text:
        raise TrackingProblem(f"MLflow cannot search for a text with a quote in it: {text}")
    return f"'{text}'"
