"""``ripe contest rescore``: the same entries under another solution, metric or split."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ripe.commands.contest.changing import (
    ACTOR,
    Changes,
    changed_parts,
    changes_of,
    confirm,
)
from ripe.commands.contest.opening import renew_folder, store_of
from ripe.commands.contest.options import YES
from ripe.console import print_json, print_table, progress, say

if TYPE_CHECKING:
    from competition.archiving import Replay
    from competition.queue import RescorePreview
    from competition.store import Store

MOST_LINES = 30
FILE = click.Path(path_type=Path)


@click.command("rescore")
@click.argument("target", metavar="SLUG|FOLDER", required=False)
@click.option("--archive", type=FILE, help="An archive to score again offline, without a home.")
@click.option("--solution", type=FILE, help="The truth, for an archive without it.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@YES
@click.pass_context
def rescore_command(
    ctx: click.Context,
    target: str | None,
    archive: Path | None,
    solution: Path | None,
    as_json: bool,
    yes: bool,
) -> None:
    """Score every entry again, show who would move, and swap the boards at once.

    With a FOLDER, its solution, metric and split are the new ones; with a SLUG, those that hold.
    With --archive, the contest of an archive is scored again and held against its boards; the
    status is 1 when they differ.
    """
    if (target is None) == (archive is None):
        raise click.UsageError("name a contest or its folder, or give --archive FILE")
    from competition.definition import load_contest

    if archive is not None:
        replay = _replay(archive, solution)
        _show_replay(replay, as_json)
        ctx.exit(0 if replay.is_confirmed else 1)
    elif target is not None:
        _rescore(store_of(ctx), target, yes, as_json)
        if Path(target).is_dir():
            renew_folder(ctx, load_contest(target).slug, Path(target))


def _rescore(store: Store, target: str, yes: bool, as_json: bool) -> None:
    from competition.queue import apply_rescore, rescore_preview
    from competition.store import get_contest

    changes = changes_of(store, Path(target)) if Path(target).is_dir() else None
    slug = target if changes is None else changes.contest.slug
    proposal = _propose(store, slug, changes)
    _score(store, proposal)
    preview = rescore_preview(store, proposal)
    decimals = get_contest(store, slug).score_truncation_num_decimals
    _show_preview(slug, preview, decimals, as_json)
    confirm(yes, "swap the boards?")
    apply_rescore(store, proposal, actor=ACTOR, now=datetime.now(UTC))
    if not as_json:
        say(f"{slug}: the new board holds; the old one is kept: ripe contest boards {slug}")


def _propose(store: Store, slug: str, changes: Changes | None) -> int:
    from competition.queue import propose_rescore

    changed: dict[str, Any] = {} if changes is None else changed_parts(store, changes)
    return propose_rescore(
        store, slug, **changed, actor=ACTOR, now=datetime.now(UTC), note="rescore"
    )


def _score(store: Store, proposal: int) -> None:
    from competition.queue import rescore_entries

    done = 0
    with progress(None, "scoring again") as advance:

        def tell(count: int, total: int) -> None:
            nonlocal done
            advance(count - done, f"scoring again, of {total}")
            done = count

        slots = os.cpu_count() or 1
        rescore_entries(store, proposal, slots=slots, now=datetime.now(UTC), progress=tell)


def _show_preview(slug: str, preview: RescorePreview, decimals: int, as_json: bool) -> None:
    if as_json:
        from dataclasses import asdict

        print_json({"contest": slug, **asdict(preview)})
        return
    from competition.scoring import shown_score

    def shown(score: float | None) -> str | None:
        return None if score is None else shown_score(score, decimals)

    moved = sum(move.moved for move in preview.moves)
    changed = [move for move in preview.moves if move.changed]
    say(
        f"{slug}: {preview.entries} entries scored again, {preview.changed} with another result, "
        f"{moved} of {len(preview.moves)} teams move"
    )
    if changed:
        print_table(
            [
                "team",
                ">public before",
                ">after",
                ">private before",
                ">after",
                ">score before",
                ">after",
            ],
            [
                (
                    move.team,
                    move.public_before,
                    move.public_after,
                    move.private_before,
                    move.private_after,
                    shown(move.score_before),
                    shown(move.score_after),
                )
                for move in changed[:MOST_LINES]
            ],
        )
    elif preview.changed:
        say("  no rank and no team's public score changes")
    if len(changed) > MOST_LINES:
        say(f"  and {len(changed) - MOST_LINES} more")


def _replay(archive: Path, solution: Path | None) -> Replay:
    from competition.archiving import replay_archive

    done = 0
    with progress(None, "scoring again") as advance:

        def tell(count: int, total: int) -> None:
            nonlocal done
            advance(count - done, f"scoring again, of {total}")
            done = count

        return replay_archive(
            archive, solution=solution, workers=os.cpu_count() or 1, progress=tell
        )


def _show_replay(replay: Replay, as_json: bool) -> None:
    summary = {
        "contest": replay.archive.slug,
        "entries": len(replay.entries),
        "changed": [entry.entry.ref for entry in replay.changed],
        "same_boards": replay.same_boards,
        "audit_problems": list(replay.audit_problems),
        "is_confirmed": replay.is_confirmed,
    }
    if as_json:
        print_json(summary)
        return
    for entry in replay.changed[:MOST_LINES]:
        say(
            f"  entry {entry.entry.ref}: public {entry.entry.true_public_score} -> {entry.public}, "
            f"private {entry.entry.private_score} -> {entry.private} {entry.message}".rstrip()
        )
    for problem in replay.audit_problems:
        say(f"  {problem}")
    boards = "the same boards" if replay.same_boards else "OTHER BOARDS"
    log = "whole" if not replay.audit_problems else "BROKEN"
    say(
        f"{replay.archive.slug}: {len(replay.entries)} entries scored again, "
        f"{len(replay.changed)} came out differently; {boards}; audit log {log}"
    )
