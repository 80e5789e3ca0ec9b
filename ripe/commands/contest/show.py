"""``ripe contest list`` and ``ripe contest show``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from ripe.commands.contest.opening import store_of
from ripe.console import print_json, print_table, say

if TYPE_CHECKING:
    from competition.definition import Contest
    from competition.store import ContestRecord, StoredFile

JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.command("list")
@JSON
@click.pass_context
def list_command(ctx: click.Context, as_json: bool) -> None:
    """List the contests of this home."""
    records = _records(ctx)
    if as_json:
        print_json([_listed(record) for record in records])
    elif not records:
        say("no contests yet; make one with: ripe contest new avocado-ripeness")
    else:
        print_table(
            ["contest", "title", "metric", "deadline", ">teams"],
            [_row(record) for record in records],
        )


@click.command("show")
@click.argument("slug")
@JSON
@click.pass_context
def show_command(ctx: click.Context, slug: str, as_json: bool) -> None:
    """Show what the contest SLUG is."""
    from competition.store import contest_record, list_data_files

    store = store_of(ctx)
    record = contest_record(store, slug)
    files = list_data_files(store, slug)
    if as_json:
        print_json(_shown(record, files))
    else:
        _tell(record, files)


def _records(ctx: click.Context) -> list[ContestRecord]:
    from competition.store import User, list_contests

    now = datetime.now(UTC)
    owner = User(id=0, name="host", is_admin=True, created_at=now)
    return list_contests(store_of(ctx), owner, now)


def _row(record: ContestRecord) -> list[Any]:
    contest = record.contest
    deadline = contest.deadline and f"{contest.deadline:%Y-%m-%d %H:%M}"
    return [contest.slug, contest.title, contest.metric.name, deadline, record.teams]


def _listed(record: ContestRecord) -> dict[str, Any]:
    contest = record.contest
    return {
        "slug": contest.slug,
        "title": contest.title,
        "metric": contest.metric.name,
        "greater_is_better": record.greater_is_better,
        "deadline": contest.deadline,
        "teams": record.teams,
    }


def _shown(record: ContestRecord, files: list[StoredFile]) -> dict[str, Any]:
    from dataclasses import asdict

    contest = asdict(record.contest)
    contest["metric"]["greater_is_better"] = record.greater_is_better
    return {
        **contest,
        "greater_is_better": record.greater_is_better,
        "version": record.version,
        "teams": record.teams,
        "files": {file.name: file.size for file in files},
    }


def _tell(record: ContestRecord, files: list[StoredFile]) -> None:
    from ripe.commands.contest.describing import headline

    contest = record.contest
    say(headline(contest))
    for name, value in _facts(contest, record):
        say(f"  {name:<18} {value}")
    for file in files:
        say(f"  {'file':<18} {file.name} ({file.size:,} bytes)")


def _facts(contest: Contest, record: ContestRecord) -> list[tuple[str, Any]]:
    facts = [
        ("title", contest.title),
        ("about", contest.description),
        ("id column", contest.id_column),
        ("submission holds", ", ".join(contest.prediction_columns)),
        ("group column", contest.group_column),
        ("time column", contest.time_column),
        ("opened", contest.launched_at and f"{contest.launched_at:%Y-%m-%d %H:%M} UTC"),
        ("deadline", contest.deadline and f"{contest.deadline:%Y-%m-%d %H:%M} UTC"),
        ("entries per day", contest.max_daily_submissions),
        ("final selections", contest.num_scored_submissions),
        ("teams", record.teams),
        ("version", record.version),
    ]
    return [(name, value) for name, value in facts if value not in (None, "")]
