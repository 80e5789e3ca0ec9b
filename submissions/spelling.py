"""How a submission spells its values: as the sample submission does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from competition.tables import natural_types

__all__ = ["Kind", "Values", "kind_of_sample", "spell_labels", "spell_numbers", "spell_text"]

Kind: TypeAlias = Literal["integer", "boolean", "float", "text"]
Values: TypeAlias = "pd.Series[Any]"
TRUE_SPELLINGS = {"true": True, "false": False, "1": True, "0": False}
SHOWN_ROWS = 3


def kind_of_sample(column: Values) -> Kind:
    """Tell what a column of the sample submission, read as text, holds."""
    if {text.lower() for text in column.unique()} <= {"true", "false"}:
        return "boolean"
    kinds: dict[str, Kind] = {"i": "integer", "f": "float"}
    return kinds.get(natural_types(column).dtype.kind, "text")


def spell_labels(
    values: Values, labels: Sequence[Any], sample: Values
) -> tuple[list[str], list[str]]:
    """Spell predicted labels.

    Parameters
    ----------
    values : Series of shape (n_rows,)
        Predictions, indexed by id.
    labels : sequence
        The contest's labels; empty takes the kind of values that the sample holds.
    sample : Series of str
        The sample's column, as written.

    Returns
    -------
    texts : list of str
    problems : list of str
        What keeps the texts from being a submission.
    """
    spelled = _spellings_of(labels, sample)
    texts = [_plain(value) for value in values]
    if not spelled:
        return _spell_by_kind(values, texts, kind_of_sample(sample), sample)
    wrong = [text not in spelled for text in texts]
    known = ", ".join(str(label) for label in labels)
    problems = _named(values, wrong, f"is none of the labels {known}")
    return [spelled.get(text, "") for text in texts], problems


def spell_numbers(
    values: Values, sample: Values, *, may_be_whole: bool
) -> tuple[list[str], list[str]]:
    """Spell predicted numbers, whole ones without a decimal point where the sample has none.

    Parameters
    ----------
    values : Series of shape (n_rows,)
        Predictions, indexed by id.
    sample : Series of str
        The sample's column, as written.
    may_be_whole : bool
        False when only whole numbers can be right, so that a fraction is a problem.
    """
    numbers = pd.to_numeric(values, errors="coerce")
    wrong = [not math.isfinite(number) for number in numbers]
    problems = _named(values, wrong, "is no finite number")
    whole = all(float(number).is_integer() for number in numbers if math.isfinite(number))
    if whole and (kind_of_sample(sample) == "integer" or numbers.dtype.kind in "iub"):
        return [str(int(number)) if math.isfinite(number) else "" for number in numbers], problems
    if not may_be_whole and not problems:
        wrong = [not float(number).is_integer() for number in numbers]
        problems = _named(
            values, wrong, "is no whole number, but the sample has whole numbers only"
        )
    return [_plain_number(number) for number in numbers.to_numpy()], problems


def spell_text(values: Values, sample: Values) -> tuple[list[str], list[str]]:
    """Spell free text; a missing value is the empty text."""
    del sample
    return ["" if pd.isna(value) else str(value) for value in values], []


def _spellings_of(labels: Sequence[Any], sample: Values) -> dict[str, str]:
    """Every plain text that means a label, with the label as the sample spells it."""
    if not labels or not all(isinstance(label, bool | np.bool_) for label in labels):
        return {_plain(label): _plain(label) for label in labels}
    style = _style_of_booleans(sample)
    return {text: style(label) for text, label in TRUE_SPELLINGS.items() if label in labels} | {
        str(label): style(label) for label in labels
    }


def _style_of_booleans(sample: Values) -> Any:
    first = str(sample.iloc[0])
    if first in ("0", "1"):
        return lambda label: str(int(label))
    if first.islower():
        return lambda label: str(label).lower()
    if first.isupper():
        return lambda label: str(label).upper()
    return str


def _spell_by_kind(
    values: Values, texts: list[str], kind: Kind, sample: Values
) -> tuple[list[str], list[str]]:
    if kind == "boolean":
        return spell_labels(values, (False, True), sample)
    if kind in ("integer", "float"):
        return spell_numbers(values, sample, may_be_whole=kind == "float")
    wrong = [bool(pd.isna(value)) for value in values]
    return texts, _named(values, wrong, "is missing")


def _plain(value: Any) -> str:
    """One text for one meaning: 3, 3.0 and '3' are the same label."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _plain_number(number: Any) -> str:
    """Return the shortest text that reads back as the same number of the same precision."""
    return str(number) if math.isfinite(number) else ""


def _named(values: Values, wrong: Sequence[bool], fault: str) -> list[str]:
    """One sentence about all the wrong rows of a column, the first few by id."""
    rows = [(key, value) for (key, value), bad in zip(values.items(), wrong, strict=True) if bad]
    if not rows:
        return []
    shown = ", ".join(f"{value!r} at id {key}" for key, value in rows[:SHOWN_ROWS])
    more = f" and {len(rows) - SHOWN_ROWS} more" if len(rows) > SHOWN_ROWS else ""
    return [f"column {values.name!r}: {shown}{more} {fault}"]
