"""What is recorded of the data that a run learns from: a name, and the digest of all of it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import TrackingProblem

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class KnownData:
    """What is recorded of a data set."""

    name: str
    source: Path
    digest: str
    shape: str


def known_of(data: str | os.PathLike[str] | pd.DataFrame) -> KnownData:
    """Return the name, source, SHA-256 and size of a file or of a table in memory.

    Raises
    ------
    TrackingProblem
        When there is no such file.
    """
    if isinstance(data, str | os.PathLike):
        return _of_file(Path(data))
    return _of_table(data)


def _of_file(path: Path) -> KnownData:
    from competition.tables import digest_file

    if not path.is_file():
        raise TrackingProblem(f"a data set is a file or a table in memory, and {path} is no file")
    return KnownData(path.name, path.resolve(), digest_file(path), f"{path.stat().st_size} bytes")


def _of_table(table: pd.DataFrame) -> KnownData:
    import pandas as pd

    digest = sha256(json.dumps([str(column) for column in table.columns]).encode())
    digest.update(pd.util.hash_pandas_object(table).to_numpy().tobytes())
    shape = f"{len(table)} rows, {table.shape[1]} columns"
    return KnownData("table", Path("memory"), digest.hexdigest(), shape)
