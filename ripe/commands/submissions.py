"""`ripe submissions`: every submission ever made from this home, and advice on which to select."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ripe.console import home_of, print_json, print_table, say

if TYPE_CHECKING:
    from experiments.ledger.book import LedgerEntry
    from experiments.overviews.runs import Overview

__all__ = ["command"]

COLUMNS = ("sent", ">entry", "run", ">cross-validated", ">public", ">private", ">rank", "file")


@click.command()
@click.argument("slug")
@click.option("--json", "as_json", is_flag=True, help="Entries and advice as JSON.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw cross-validated against public scores into this file (.png, .svg, .pdf).",
)
@click.option(
    "--public-fraction",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Share of the test rows behind the public board (0.3 where nothing tells it).",
)
@click.pass_context
def command(
    ctx: click.Context, slug: str, as_json: bool, plot: Path | None, public_fraction: float | None
) -> None:
    """List every submission made from this home to SLUG, wherever it went.

    'ripe sync' brings in new scores first. Rank is the team's: when the score was first seen, and
    now. The advice names the entries to select for the final board.
    """
    from experiments.overviews.runs import overviews

    views = overviews(home_of(ctx), slug, public_fraction=public_fraction)
    if as_json:
        print_json([_as_json(view) for view in views])
    elif not views:
        say(f"No submission to {slug} was made from this home; 'ripe submit' makes one.")
    for view in views if not as_json else []:
        _show(view)
    for number, view in enumerate(views if plot else [], start=1):
        _draw(view, _numbered(plot, number), quiet=as_json)


def _as_json(view: Overview) -> dict[str, Any]:
    from experiments.overviews.runs import entry_as_row

    advice = view.advice
    return {
        "server": view.server,
        "contest": view.slug,
        "metric": view.metric,
        "greater_is_better": view.greater_is_better,
        "entries": [entry_as_row(entry) for entry in view.entries],
        "advice": {
            "text": advice.text,
            "best_by_cv": advice.by_cv and advice.by_cv.ref,
            "best_by_board": advice.by_board and advice.by_board.ref,
            "se_cv": advice.se_cv,
            "se_public": advice.se_public,
            "expected_shake_up": advice.shake_up,
            "correlation": advice.correlation,
            "pairs": advice.pairs,
        },
    }


def _show(view: Overview) -> None:
    from submissions import figures

    last = [entry.last for entry in view.entries]
    shown = figures([seen.public_score for seen in last] + [seen.private_score for seen in last])
    pairs = zip(shown[: len(last)], shown[len(last) :], strict=True)
    print_table(
        COLUMNS,
        [_cells(entry, *pair) for entry, pair in zip(view.entries, pairs, strict=True)],
        title=f"Submissions to {view.slug} on {view.server}",
    )
    if view.advice.correlation is not None:
        say(
            f"Rank correlation of cross-validated and public scores: "
            f"{view.advice.correlation:.2f} over {view.advice.pairs} entries."
        )
    say(view.advice.text)


def _cells(entry: LedgerEntry, public: str | None, private: str | None) -> tuple[object, ...]:
    return (
        f"{entry.sent_at:%Y-%m-%d %H:%M}",
        entry.ref,
        entry.run_id and entry.run_id[:8],
        _interval(entry),
        public or entry.last.status,
        private,
        _ranks(entry),
        entry.file_name,
    )


def _interval(entry: LedgerEntry) -> str:
    if entry.cv_score is None:
        return ""
    if entry.cv_low is None or entry.cv_high is None:
        return f"{entry.cv_score:.5g}"
    return f"{entry.cv_score:.5g} [{entry.cv_low:.4g}, {entry.cv_high:.4g}]"


def _ranks(entry: LedgerEntry) -> str:
    then, now = entry.first.public_rank, entry.last.private_rank or entry.last.public_rank
    if then is None and now is None:
        return ""
    teams = f" of {entry.last.teams}" if entry.last.teams else ""
    return f"{then or '?'} → {now or '?'}{teams}" if then != now else f"{now}{teams}"


def _draw(view: Overview, path: Path, *, quiet: bool) -> None:
    from competition.files import replaced_file
    from experiments.overviews.runs import draw_overview

    suffix = path.suffix.removeprefix(".").lower()
    if suffix not in ("png", "svg", "pdf"):
        raise click.UsageError("--plot takes a file that ends in .png, .svg or .pdf")
    with replaced_file(path) as temporary:
        draw_overview(view).savefig(temporary, format=suffix, dpi=150)
    if not quiet:
        say(f"Plot: {path}")


def _numbered(path: Path | None, number: int) -> Path:
    """One file for each server: the second gets a 2 in its name."""
    assert path is not None  # noqa: S101 - called only with a plot
    return path if number == 1 else path.with_stem(f"{path.stem}-{number}")
