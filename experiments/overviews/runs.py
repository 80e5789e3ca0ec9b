"""The ledger of one contest, looked at: entries, advice and a plot for every server."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from competition.definition import CONTEST_FILE, PUBLIC_CONTEST_FILE, Contest, load_contest
from competition.metrics import get_metric
from competition.tables import read_table
from experiments.errors import MissingData
from experiments.ledger.advice import Z_95, Advice, ContestRows, advise
from experiments.ledger.book import LedgerEntry, read_ledger
from experiments.ledger.sending import find_contest
from submissions import SubmissionError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Overview", "draw_overview", "entry_as_row", "overviews"]


@dataclass(frozen=True)
class Overview:
    """A contest on one server, as the ledger knows it.

    Attributes
    ----------
    server, slug : str
        The server's address and the contest.
    metric : str
        Name of its metric, empty when unknown.
    greater_is_better : bool
        True for an unknown metric.
    entries : tuple of LedgerEntry
        The oldest first.
    advice : Advice
        For the final selection.
    """

    server: str
    slug: str
    metric: str
    greater_is_better: bool
    entries: tuple[LedgerEntry, ...]
    advice: Advice


def overviews(home: Path, slug: str, *, public_fraction: float | None = None) -> list[Overview]:
    """Look at every submission made from a home to a contest, one overview for each server.

    Parameters
    ----------
    home : Path
        The home folder.
    slug : str
        The contest.
    public_fraction : float, optional
        Share of the test rows behind the public board; taken from the contest's definition
        where this home has it, else 0.3 is assumed and said to be.
    """
    entries = sorted(read_ledger(home, slug), key=lambda entry: (entry.server, entry.sent_at))
    contest, rows = _known_of(home, slug, public_fraction)
    metric = contest.metric.name if contest else next((e.metric for e in entries if e.metric), "")
    greater = get_metric(metric).greater_is_better if metric else True
    return [
        _overview(server, slug, metric, greater, tuple(group), rows)
        for server, group in groupby(entries, key=lambda entry: entry.server)
    ]


def entry_as_row(entry: LedgerEntry) -> dict[str, Any]:
    """Return an entry as plain data, for a program to read."""
    return {
        "ref": entry.ref,
        "server": entry.server,
        "contest": entry.slug,
        "sent_at": entry.sent_at.isoformat(),
        "file": entry.file_name,
        "message": entry.message,
        "sha256": entry.sha256,
        "run_id": entry.run_id,
        "cv_score": entry.cv_score,
        "cv_low": entry.cv_low,
        "cv_high": entry.cv_high,
        "status": entry.last.status,
        "problem": entry.last.message,
        "public_score": entry.last.public_score,
        "private_score": entry.last.private_score,
        "public_rank_then": entry.first.public_rank,
        "public_rank": entry.last.public_rank,
        "private_rank": entry.last.private_rank,
        "teams": entry.last.teams,
        "board": entry.board,
    }


def draw_overview(overview: Overview) -> Figure:
    """Draw cross-validated against public scores, with intervals and the line where they agree."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 5.2), layout="constrained")
    axes = figure.add_subplot()
    pairs = [pair for entry in overview.entries if (pair := _pair(entry))]
    for entry, cv, public in pairs:
        _draw_entry(axes, entry, cv, public, overview.advice.se_public)
    if pairs:
        place = (pairs[0][1], pairs[0][1])
        axes.axline(place, slope=1, linestyle=":", color="0.6", zorder=0, label="both agree")
        axes.legend(loc="best", frameon=False)
    axes.set_xlabel(f"cross-validated {_title(overview)}, with its 95 % interval")
    axes.set_ylabel(f"public {_title(overview)}, with the 95 % range of chance")
    axes.set_title(_plot_title(overview), fontsize=10)
    return figure


def _title(overview: Overview) -> str:
    return get_metric(overview.metric).title.lower() if overview.metric else "score"


def _pair(entry: LedgerEntry) -> tuple[LedgerEntry, float, float] | None:
    if entry.cv_score is None or entry.last.public_score is None:
        return None
    return entry, entry.cv_score, entry.last.public_score


def _draw_entry(
    axes: Axes, entry: LedgerEntry, cv: float, public: float, se_public: float | None
) -> None:
    low = cv if entry.cv_low is None else entry.cv_low
    high = cv if entry.cv_high is None else entry.cv_high
    across = [[abs(cv - low)], [abs(high - cv)]]
    upward = None if se_public is None else Z_95 * se_public
    style: dict[str, Any] = {"fmt": "o", "color": "tab:green", "ecolor": "0.75", "capsize": 3}
    axes.errorbar(cv, public, xerr=across, yerr=upward, **style)
    axes.annotate(str(entry.ref), (cv, public), textcoords="offset points", xytext=(6, 5))


def _plot_title(overview: Overview) -> str:
    found = overview.advice.correlation
    told = "too few pairs for a correlation" if found is None else f"rank correlation {found:.2f}"
    count = overview.advice.pairs
    return f"{overview.slug}: {count} {'entry' if count == 1 else 'entries'}, {told}"


def _overview(
    server: str,
    slug: str,
    metric: str,
    greater: bool,
    entries: tuple[LedgerEntry, ...],
    rows: ContestRows | None,
) -> Overview:
    advice = advise(entries, greater_is_better=greater, rows=rows)
    return Overview(server, slug, metric, greater, entries, advice)


def _known_of(
    home: Path, slug: str, public_fraction: float | None
) -> tuple[Contest | None, ContestRows | None]:
    try:
        tables = find_contest(home, slug)
    except (MissingData, SubmissionError):
        return None, None
    if tables.sample is None:
        return tables.contest, None
    train, test = len(read_table(tables.train)), len(read_table(tables.sample))
    fraction = public_fraction or _defined_fraction(home, slug)
    if fraction is None:
        return tables.contest, ContestRows(train, test)
    return tables.contest, ContestRows(train, test, fraction, is_assumed=False)


def _defined_fraction(home: Path, slug: str) -> float | None:
    """Read the public share from a contest made in this home, or from its public definition."""
    made, public = (
        home / "contests" / slug / CONTEST_FILE,
        home / "data" / slug / PUBLIC_CONTEST_FILE,
    )
    if made.is_file():
        return load_contest(made).public_fraction
    if not public.is_file():
        return None
    told = tomllib.loads(public.read_text(encoding="utf-8")).get("data", {}).get("public_fraction")
    return None if told is None else float(told)
