"""Row losses of scored entries, kept as files."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from competition.store import Store

__all__ = ["keep_losses", "load_losses"]


def keep_losses(store: Store, losses: NDArray[np.float64]) -> str:
    """Store row losses, shape ``(n_solution_rows,)``; return their digest."""
    content = io.BytesIO()
    np.save(content, losses.astype("<f8"), allow_pickle=False)
    content.seek(0)
    return store.files.put(content)


def load_losses(store: Store, digest: str) -> NDArray[np.float64]:
    """Return kept row losses, shape ``(n_solution_rows,)``, NaN where rows are ignored."""
    with store.files.open(digest) as stream:
        losses: NDArray[np.float64] = np.load(io.BytesIO(stream.read()), allow_pickle=False)
    return losses
