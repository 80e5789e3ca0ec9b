"""Rules of the header: which columns stand there, and in which order."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from competition.checks.form import SHOWN, SubmissionForm, listed
from competition.problems import Problem


def column_problems(names: Sequence[str], form: SubmissionForm) -> Iterator[Problem]:
    """Yield every problem of the column names."""
    missing = [name for name in form.expected if name not in names]
    extra = [name for name in names if name not in form.expected]
    meant = _misspelt(extra, missing)
    columns = ", ".join(form.expected)
    strange = [name for name in extra if name not in meant]
    lost = [name for name in missing if name not in meant.values()]
    for name, wanted in meant.items():
        message = f"column {name!r} is not expected; did you mean {wanted!r}? columns: {columns}"
        yield Problem("misspelt_column", message, 1, name)
    if lost:
        message = f"{_named(lost)} missing; columns: {columns}"
        yield Problem("missing_column", message, 1, lost[0])
    if strange:
        message = f"{_named(strange)} not expected{_index_hint(strange)}; columns: {columns}"
        yield Problem("extra_column", message, 1, strange[0])
    if not missing and not extra and tuple(names) != form.expected:
        message = f"columns must stand in the order {columns}, but got {', '.join(names)}"
        yield Problem("column_order", message, 1)


def _misspelt(extra: Sequence[str], missing: Sequence[str]) -> dict[str, str]:
    """Pair each unexpected column with the missing one it was likely meant for."""
    meant: dict[str, str] = {}
    for name in extra:
        free = {_plain(one): one for one in missing if one not in meant.values()}
        near = difflib.get_close_matches(_plain(name), free, n=1, cutoff=0.6)
        if near:
            meant[name] = free[near[0]]
    return meant


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _named(names: Sequence[str]) -> str:
    quoted = listed([repr(name) for name in names[:SHOWN]], len(names))
    return f"column {quoted} is" if len(names) == 1 else f"columns {quoted} are"


def _index_hint(names: Sequence[str]) -> str:
    if not any(name.startswith("Unnamed: ") for name in names):
        return ""
    return " (write the file without the row index, in pandas: index=False)"
