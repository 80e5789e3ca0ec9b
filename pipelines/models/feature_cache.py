"""Features of folds on disk, found again by content: recipe, rows, fold, library versions.

A file holds matrices and names alone, never code. One that cannot be read counts as absent; one is
written under a temporary name and renamed, so that processes may share the folder.
"""

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from pipelines.features import Step
from pipelines.features.steps import Setting
from pipelines.folds import Fold

if TYPE_CHECKING:
    from pipelines.models.prepared import Target

MOST_BYTES = 2 * 1024**3
WORTH_SECONDS = 0.05
SUFFIX, PART = ".safetensors", ".part"
PART_SECONDS = 3600.0  # whoever writes one file for so long was killed
LIBRARIES = ("numpy", "pandas", "scikit-learn", "scipy")
CODE = ("pipelines.features", "pipelines.tables")
OF_THE_USER = "python"
Matrix = NDArray[np.float64]


class KeptFeatures(NamedTuple):
    """The features of one fold: learned and scored rows, test rows, names."""

    learned: Matrix
    scored: Matrix
    test: Matrix | None
    names: tuple[str, ...]


class FeatureCache:
    """A folder of features, bounded in size.

    Parameters
    ----------
    folder : pathlib.Path
        Made when something is first kept.
    data_digest : str
        Of the contents of the tables; no other tables are found under it.
    most_bytes : int
        When the files take more, those used longest ago go.
    worth_seconds : float
        Features computed faster than this are not kept.
    """

    def __init__(
        self,
        folder: Path,
        data_digest: str,
        *,
        most_bytes: int = MOST_BYTES,
        worth_seconds: float = WORTH_SECONDS,
    ) -> None:
        self.folder = folder
        self.data_digest = data_digest
        self.most_bytes = most_bytes
        self.worth_seconds = worth_seconds

    def key(
        self,
        recipe: Sequence[Step],
        setting: Setting,
        table: pd.DataFrame,
        target: "Target",
        fold: Fold,
        test: pd.DataFrame | None,
    ) -> str | None:
        """Return what these features are found by; None where content does not determine them.

        That is so for a step of the user's own: nobody knows what its function reads.
        """
        if any(step.name == OF_THE_USER for step in recipe):
            return None
        content = {
            "recipe": [asdict(step) for step in recipe],
            "setting": asdict(setting),
            "data": self.data_digest,
            "columns": [f"{name} {kind}" for name, kind in table.dtypes.items()],
            "target": _digest(target.values),
            "classes": target.classes,
            "fold": [_digest(fold.train), _digest(fold.valid)],
            "rows": [len(table), None if test is None else len(test)],
            "made by": _makers(),
        }
        text = json.dumps(content, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def find(self, key: str) -> KeptFeatures | None:
        """Return features kept under a key; None where there are none, or the file is broken."""
        path = self._place(key)
        try:
            with safe_open(path, framework="numpy") as file:
                names = tuple(json.loads(file.metadata()["names"]))
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            found = KeptFeatures(arrays["learned"], arrays["scored"], arrays.get("test"), names)
        except FileNotFoundError:
            return None
        except (OSError, SafetensorError, ValueError, KeyError, TypeError):
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):
            os.utime(path)
        return found

    def keep(self, key: str, features: KeptFeatures, seconds: float) -> None:
        """Keep features that took so long to compute, and make room for them."""
        if seconds < self.worth_seconds:
            return
        matrices = {"learned": features.learned, "scored": features.scored, "test": features.test}
        arrays = {
            name: np.ascontiguousarray(matrix)
            for name, matrix in matrices.items()
            if matrix is not None
        }
        data = save(arrays, metadata={"names": json.dumps(features.names)})
        if len(data) > self.most_bytes:
            return
        with suppress(OSError):  # a full or read-only disk costs time, not the study
            self._write(self._place(key), data)
            self._evict()

    def _write(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".", suffix=PART, dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _evict(self) -> None:
        """Remove half-written files, and those used longest ago until the rest is small enough."""
        for part in self.folder.glob(f".*{PART}"):
            with suppress(FileNotFoundError):
                if part.stat().st_mtime < time.time() - PART_SECONDS:
                    part.unlink()
        files = sorted((stat.st_mtime, stat.st_size, path) for path, stat in _files(self.folder))
        room = self.most_bytes - sum(size for _, size, _ in files)
        for _, size, path in files:
            if room >= 0:
                return
            path.unlink(missing_ok=True)
            room += size

    def _place(self, key: str) -> Path:
        return self.folder / f"{key}{SUFFIX}"


def cache_size(folder: Path) -> tuple[int, int]:
    """Return the number of files in a cache's folder, and their bytes."""
    sizes = [stat.st_size for _, stat in _files(folder)]
    return len(sizes), sum(sizes)


def _files(folder: Path) -> list[tuple[Path, os.stat_result]]:
    found = []
    for path in folder.glob(f"*{SUFFIX}"):
        with suppress(FileNotFoundError):  # another process made room
            found.append((path, path.stat()))
    return found


def _digest(values: NDArray[Any]) -> str:
    plain = np.ascontiguousarray(values)
    return hashlib.sha256(f"{plain.dtype} {plain.shape}".encode() + plain.tobytes()).hexdigest()


@cache
def _makers() -> tuple[str, ...]:
    """Return what the features are made by: library versions, and the code of the steps."""
    code = hashlib.sha256()
    for package in CODE:
        for file in sorted(resources.files(package).iterdir(), key=lambda one: one.name):
            if file.name.endswith(".py"):
                code.update(file.read_bytes())
    return (*(f"{name} {metadata.version(name)}" for name in LIBRARIES), code.hexdigest())
