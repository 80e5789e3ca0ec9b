"""``ripe contest check``: the linter of contests."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ripe.commands.contest.opening import store_of
from ripe.console import print_json, progress, say

if TYPE_CHECKING:
    from competition.building import LintReport

MARKS = {"error": "✗", "warning": "!", "note": "·"}


@click.command("check")
@click.argument("contest", metavar="SLUG|FOLDER")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def check_command(ctx: click.Context, contest: str, as_json: bool) -> None:
    """Look a contest over before it opens: trial entries, leaks, precision of the boards.

    Ends with status 1 when something is wrong; warnings alone do not count.
    """
    report = _report(ctx, contest)
    if as_json:
        _print_json(report)
    else:
        _tell(report)
    if not report.is_sound:
        ctx.exit(1)


def _report(ctx: click.Context, contest: str) -> LintReport:
    from competition.building import lint_contest
    from competition.building.linter import STEPS
    from competition.store import export_contest

    with tempfile.TemporaryDirectory() as name:
        folder = Path(contest)
        if not folder.is_dir():
            folder = Path(name) / contest
            export_contest(store_of(ctx), contest, folder)
        with progress(len(STEPS), "reading") as advance:
            return lint_contest(
                folder, now=datetime.now(UTC), progress=lambda step: advance(1, step)
            )


def _print_json(report: LintReport) -> None:
    from dataclasses import asdict

    print_json({**asdict(report), "is_sound": report.is_sound})


def _tell(report: LintReport) -> None:
    from competition.scoring import shown_score

    for finding in report.findings:
        say(f"{MARKS[finding.severity]} {finding.severity:<8}{finding.rule}: {finding.message}")
        if finding.advice:
            say(f"            {finding.advice}")
    for name, score in report.probes.items():
        shown = "refused" if score is None else shown_score(score, report.decimals)
        say(f"  trial entry, {name}: {shown}")
    counts = {name: len(report.of_severity(name)) for name in ("error", "warning", "note")}
    verdict = "ready to open" if report.is_sound else "not ready"
    said = ", ".join(f"{count} {name}{'s' * (count != 1)}" for name, count in counts.items())
    say(f"{report.slug}: {verdict} ({said})")
