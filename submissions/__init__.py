"""A participant's files: export, check, score offline, send, download.

Names are looked up when they are first used: a child process that only speaks to a server must
not wait for pandas.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from submissions.boards import Board, fetch_board, fetch_leaderboard
    from submissions.digits import figures
    from submissions.downloading import Download, download_contest, download_from_kaggle
    from submissions.errors import SubmissionError
    from submissions.exporting import (
        export_predictions,
        export_submission,
        read_as_text,
        write_submission,
    )
    from submissions.sending import (
        Entry,
        Quota,
        SentEntry,
        fetch_quota,
        list_entries,
        send_submission,
        wait_for_score,
    )
    from submissions.servers import Server, kaggle_server, resolve_server, save_server

__all__ = [
    "Board",
    "Download",
    "Entry",
    "Quota",
    "SentEntry",
    "Server",
    "SubmissionError",
    "download_contest",
    "download_from_kaggle",
    "export_predictions",
    "export_submission",
    "fetch_board",
    "fetch_leaderboard",
    "fetch_quota",
    "figures",
    "kaggle_server",
    "list_entries",
    "read_as_text",
    "resolve_server",
    "save_server",
    "send_submission",
    "wait_for_score",
    "write_submission",
]

_MODULES = {
    "boards": ("Board", "fetch_board", "fetch_leaderboard"),
    "digits": ("figures",),
    "downloading": ("Download", "download_contest", "download_from_kaggle"),
    "errors": ("SubmissionError",),
    "exporting": ("export_predictions", "export_submission", "read_as_text", "write_submission"),
    "sending": (
        *("Entry", "Quota", "SentEntry", "fetch_quota", "list_entries"),
        *("send_submission", "wait_for_score"),
    ),
    "servers": ("Server", "kaggle_server", "resolve_server", "save_server"),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
