"""What "auto" means: the settings that depend on the number of rows.

Found on the tables of ``benchmarks/accuracy.py`` and kept the same for all of them.
"""

from __future__ import annotations

import numpy as np


def batch_size(wanted: int | str, rows: int) -> int:
    """Return the rows a step: as wanted, or for "auto" about an eighth of the rows, 64 to 256."""
    if wanted != "auto":
        return int(wanted)
    return int(np.clip(2 ** round(np.log2(max(rows, 8) / 8)), 64, 256))


def weight_decay(wanted: float | str, rows: int) -> float:
    """Return the decay as wanted, or for "auto" the less the more rows speak for themselves."""
    return float(np.clip(600 / rows, 0.03, 1.5)) if wanted == "auto" else float(wanted)


def dropout(wanted: float | str, rows: int) -> float:
    """Return the dropout as wanted, or for "auto" 0.1, and none where all rows are one batch."""
    if wanted != "auto":
        return float(wanted)
    return 0.0 if rows <= batch_size("auto", rows) else 0.1


def precision(wanted: str, rows: int) -> str:
    """Return the type of the training's numbers; auto: float64 where all rows are one batch."""
    if wanted != "auto":
        return wanted
    return "float64" if rows <= batch_size("auto", rows) else "float32"
