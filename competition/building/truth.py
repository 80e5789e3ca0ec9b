"""What the truth says about a contest: its metric where none is named, its labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import pandas as pd

from competition.definition import Label, MetricChoice
from competition.errors import InvalidContest
from competition.metrics import get_metric
from competition.metrics.metric import NEEDS_LABELS
from competition.tables import natural_types

Truth: TypeAlias = Mapping[str, "pd.Series[str]"]

MOST_INTEGER_CLASSES = 20
MOST_CLASSES = 200
NEEDS_NUMBERS = ("values", "distribution")


def truth_of(
    train: pd.DataFrame, solution: pd.DataFrame, targets: Sequence[str]
) -> dict[str, pd.Series[str]]:
    """Collect every known value of each target, from both sides of the split, as text."""
    together = {
        target: pd.concat([train[target], solution[target]], ignore_index=True)
        for target in targets
    }
    return {target: text[text != ""] for target, text in together.items()}


def infer_metric(truth: Truth) -> str:
    """Name a fitting metric: accuracy for classes, root mean squared error for numbers.

    Raises
    ------
    InvalidContest
        The targets are neither, or of both kinds.
    """
    are_classes = {_holds_classes(text) for text in truth.values()}
    if are_classes == {True}:
        return "accuracy"
    if are_classes == {False} and not any(_is_text(text) for text in truth.values()):
        return "rmse" if len(truth) == 1 else "mcrmse"
    raise InvalidContest(
        f"no metric fits the targets {', '.join(truth)} by itself; name one with --metric"
    )


def settle_metric(choice: MetricChoice) -> MetricChoice:
    """Put the registry's own name in place of an alias."""
    if choice.file is not None:
        return choice
    metric = get_metric(choice.name, **choice.parameters)
    standard = get_metric(metric.name).parameters
    changed = {key: value for key, value in metric.parameters.items() if standard[key] != value}
    beside = tuple(get_metric(name).name for name in choice.beside)
    return replace(choice, name=metric.name, parameters=changed, beside=beside)


def settle_labels(truth: Truth, predicts: str, wanted: Sequence[Label] | None) -> tuple[Label, ...]:
    """Order the labels: as wanted, else numbers by size and text by letters.

    Raises
    ------
    InvalidContest
        The truth holds one value only, or a label that is not wanted; numbers are needed and
        something else is there; there are more labels than classes can be.
    """
    if wanted is None:
        _refuse_constant(truth)
    if predicts not in NEEDS_LABELS and wanted is None:
        _refuse_other_than_numbers(truth, predicts)
        return ()
    found = _found_labels(truth)
    if wanted is None:
        _refuse_too_many(found, truth)
        return found
    if predicts not in NEEDS_LABELS:
        _refuse_other_than_numbers(truth, predicts)
    return _as_wanted(found, wanted)


def _holds_classes(text: pd.Series[str]) -> bool:
    distinct = text.nunique()
    if _is_text(text):
        return distinct <= max(2, min(MOST_CLASSES, len(text) // 2))
    values = natural_types(text)
    return not pd.api.types.is_float_dtype(values) and distinct <= MOST_INTEGER_CLASSES


def _is_text(text: pd.Series[str]) -> bool:
    values = natural_types(text)
    return not (pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values))


def _found_labels(truth: Truth) -> tuple[Label, ...]:
    """Every label of any target, as integers or truth values where all are written so."""
    spellings = pd.Series(pd.unique(pd.concat(list(truth.values()))), dtype="str")
    values = natural_types(spellings)
    if pd.api.types.is_float_dtype(values):
        order = values.argsort()
        return tuple(spellings.iloc[order])
    return tuple(sorted(values.tolist()))


def _refuse_constant(truth: Truth) -> None:
    """Refuse a single target that holds one value; of several, some may."""
    for target, text in truth.items():
        values = text.unique()
        if len(truth) == 1 and len(values) == 1:
            raise InvalidContest(
                f"the target column {target!r} holds one value only ({values[0]!r}): there is "
                "nothing to predict; name another target"
            )


def _refuse_too_many(found: tuple[Label, ...], truth: Truth) -> None:
    if len(found) > MOST_CLASSES:
        raise InvalidContest(
            f"the targets {', '.join(truth)} hold {len(found)} different labels, more than "
            f"{MOST_CLASSES}; is this a target? If so, give the labels in their order"
        )


def _as_wanted(found: tuple[Label, ...], wanted: Sequence[Label]) -> tuple[Label, ...]:
    """Return the wanted labels in the type that the truth has them in."""
    typed = {str(label): label for label in found}
    spelt = [str(label) for label in wanted]
    odd = [label for label in typed if label not in spelt]
    if odd:
        raise InvalidContest(
            f"the truth holds {', '.join(map(repr, odd))}, not among the labels given: "
            f"{', '.join(spelt)}"
        )
    kind = type(found[0])
    if kind is int and all(natural_types(pd.Series([text])).dtype == "int64" for text in spelt):
        return tuple(int(text) for text in spelt)
    if all(text in typed for text in spelt):
        return tuple(typed[text] for text in spelt)
    return tuple(spelt)


def _refuse_other_than_numbers(truth: Truth, predicts: str) -> None:
    if predicts in NEEDS_NUMBERS:
        problems = list(_other_than_numbers(truth))
        if problems:
            raise InvalidContest(problems)


def _other_than_numbers(truth: Truth) -> Iterator[str]:
    for target, text in truth.items():
        numbers = pd.to_numeric(text, errors="coerce")
        odd = text[numbers.isna()]
        if len(odd):
            yield (
                f"the metric needs numbers in column {target!r}, but {len(odd)} cells are none, "
                f"such as {odd.iloc[0]!r}"
            )
