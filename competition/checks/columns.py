"""Rules of the header: which columns stand there, and in which order."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from competition.checks.form import Problem, SubmissionForm


def column_problems(names: Sequence[str], form: SubmissionForm) -> Iterator[Problem]:
    """Yield every problem of the column names."""
    missing = [name for name in form.expected if name not in names]
    extra = [name for name in names if name not in form.expected]
    meant = _misspelt(extra, missing)
    columns = ", ".join(form.expected)
    for name in missing:
        if name not in meant.values():
            yield Problem(
                "missing_column", f"column {name!r} is missing; columns: {columns}", 1, name
            )
    for name in extra:
        yield Problem("extra_column", _extra(name, meant.get(name), columns), 1, name)
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


def _extra(name: str, meant: str | None, columns: str) -> str:
    if meant is not None:
        return f"column {name!r} is not expected; did you mean {meant!r}? columns: {columns}"
    if name.startswith("Unnamed: "):
        return (
            "a column without a name is not expected; write the file without the row index "
            f"(in pandas: index=False); columns: {columns}"
        )
    return f"column {name!r} is not expected; columns: {columns}"
