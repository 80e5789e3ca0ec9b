"""Find out whose contest a folder or archive holds, and read it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from competition.archives import unpack_archive
from competition.building.foreign.codabench import CODABENCH_FILE, read_codabench
from competition.building.foreign.contest import ForeignContest
from competition.building.foreign.mle_bench import MLE_BENCH_FILE, read_mle_bench
from competition.errors import InvalidContest


@contextmanager
def read_foreign(path: str | Path, *, data: Path | None = None) -> Iterator[ForeignContest]:
    """Read an MLE-bench folder or a Codabench bundle, a folder or a zip archive.

    Parameters
    ----------
    path
        The folder or archive.
    data
        Where an MLE-bench contest's prepared data lie, when not beside its ``config.yaml``.

    Yields
    ------
    ForeignContest
        Its extra files may lie in a temporary folder that goes with the context.

    Raises
    ------
    InvalidContest
        It is neither, or lacks what a contest needs.
    InvalidArchive, UnreadableTable
        A file in it cannot be read.
    """
    source = Path(path)
    with tempfile.TemporaryDirectory() as unpacked:
        bundle, scratch = Path(unpacked) / "bundle", Path(unpacked) / "inside"
        if source.is_file():
            unpack_archive(source, bundle)
            yield _read(_root(bundle), scratch, data, source)
        else:
            yield _read(source, scratch, data, source)


def _root(folder: Path) -> Path:
    """Step into a folder that is all an archive holds."""
    inside = [path for path in folder.iterdir() if path.name != "__MACOSX"]
    return _root(inside[0]) if len(inside) == 1 and inside[0].is_dir() else folder


def _read(folder: Path, scratch: Path, data: Path | None, source: Path) -> ForeignContest:
    if (folder / MLE_BENCH_FILE).is_file():
        return read_mle_bench(folder, data)
    if (folder / CODABENCH_FILE).is_file():
        return read_codabench(folder, scratch)
    raise InvalidContest(
        f"{source} is no contest of another host: it holds neither {MLE_BENCH_FILE} (MLE-bench) "
        f"nor {CODABENCH_FILE} (Codabench)"
    )
