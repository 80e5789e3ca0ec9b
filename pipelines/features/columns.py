"""Choosing columns by name or by kind, at the moment a step is fitted."""

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from competition.errors import did_you_mean
from pipelines.errors import RecipeProblem
from pipelines.tables.kinds import ColumnKind, kind_of

KIND_WORDS = tuple(kind.value for kind in ColumnKind)


class Selection:
    """A callable that picks columns of a frame, as scikit-learn's `ColumnTransformer` wants.

    Parameters
    ----------
    columns : sequence of str
        Names of columns, or words such as ``"numeric"`` for all columns of that kind.
    step : str
        The step that asks, for its error messages.
    except_columns : sequence of str
        Columns never picked by kind (the group column).
    """

    def __init__(
        self, columns: Sequence[str], step: str, except_columns: Sequence[str] = ()
    ) -> None:
        self.columns = tuple(columns)
        self.step = step
        self.except_columns = tuple(except_columns)

    def __call__(self, frame: pd.DataFrame) -> list[str]:
        """Return the names of the picked columns."""
        picked: list[str] = []
        for wanted in self.columns:
            picked += self._matching(frame, wanted)
        return list(dict.fromkeys(picked))

    def __repr__(self) -> str:
        return f"columns({', '.join(self.columns)})"

    def _matching(self, frame: pd.DataFrame, wanted: str) -> list[str]:
        if wanted in frame.columns:
            return [wanted]
        if wanted in KIND_WORDS:
            names = (str(name) for name in frame.columns if name not in self.except_columns)
            return [name for name in names if kind_of(frame[name]) == wanted]
        require_columns(frame, [wanted], self.step)
        return []


def require_columns(frame: pd.DataFrame, names: Iterable[str], step: str) -> None:
    """Refuse a step whose columns the table lacks.

    Raises
    ------
    RecipeProblem
        Names the first missing column and the nearest that is there.
    """
    known: list[Any] = list(frame.columns)
    for name in names:
        if name not in known:
            hint = did_you_mean(name, [str(column) for column in known])
            raise RecipeProblem(f"feature step {step!r}: the table has no column {name!r}{hint}")
