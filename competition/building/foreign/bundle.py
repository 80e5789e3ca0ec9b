"""The files of a Codabench bundle, archives inside it included."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from competition.archives import unpack_archive
from competition.errors import InvalidContest, UnreadableTable
from competition.tables import read_table

Tables: TypeAlias = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Bundle:
    """A bundle's folder, and where archives inside it are unpacked."""

    folder: Path
    scratch: Path

    def place(self, name: str) -> Path:
        """Find a file or folder of the bundle; of an archive, the folder with its content."""
        place = (self.folder / name).resolve()
        if not place.is_relative_to(self.folder.resolve()) or not place.exists():
            raise InvalidContest(f"the bundle names {name!r}, which is not in it")
        if place.suffix != ".zip":
            return place
        unpacked = self.scratch / hashlib.sha256(name.encode()).hexdigest()
        if not unpacked.exists():
            unpack_archive(place, unpacked)
        return unpacked

    def files(self, name: str) -> dict[str, Path]:
        """List all files under a name, by their path in it."""
        place = self.place(name)
        if place.is_file():
            return {place.name: place}
        found = sorted(path for path in place.rglob("*") if path.is_file())
        return {path.relative_to(place).as_posix(): path for path in found}

    def tables(self, name: str) -> Tables:
        """Read every CSV file under a name."""
        found = {}
        for inner, path in self.files(name).items():
            if path.suffix == ".csv":
                with suppress(UnreadableTable):
                    found[inner] = read_table(path, all_text=True)
        return found
