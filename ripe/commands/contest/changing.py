"""``ripe contest update``, ``open`` and ``close``: a contest that is already in the home."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ripe.commands.contest.opening import renew_folder, store_of
from ripe.commands.contest.options import YES, moment
from ripe.console import say

if TYPE_CHECKING:
    from competition.definition import Contest, Difference
    from competition.store import Store

ACTOR = "host"


@dataclass(frozen=True)
class Changes:
    """What a folder would change: settings, and files by kind and name with their new paths.

    A file that goes has no path. ``version`` is the one that the folder was compared with.
    """

    contest: Contest
    version: int
    settings: list[Difference]
    files: dict[tuple[str, str], Path | None]

    @property
    def lines(self) -> list[str]:
        """One line or more for each change."""
        signs = {
            key: "removed" if path is None else "changed or new" for key, path in self.files.items()
        }
        files = [f"{kind} {name}: {signs[kind, name]}" for kind, name in self.files]
        return [*map(str, self.settings), *files]


@click.command("update")
@click.argument("folder", type=click.Path(path_type=Path))
@YES
@click.pass_context
def update_command(ctx: click.Context, folder: Path, yes: bool) -> None:
    """Take the changes of a contest FOLDER into this home, after showing them.

    The folder is one that 'ripe contest new' or 'ripe contest export' wrote.
    """
    store = store_of(ctx)
    changes = changes_of(store, folder)
    if not changes.lines:
        say(f"{changes.contest.slug}: nothing has changed")
        return
    say(f"{changes.contest.slug}: {len(changes.lines)} changes")
    for line in changes.lines:
        say(f"  {line}")
    confirm(yes, "take these in?")
    _apply(store, changes, folder)
    renew_folder(ctx, changes.contest.slug, folder)
    say(f"{changes.contest.slug}: updated")


@click.command("open")
@click.argument("slug")
@click.option("--at", callback=moment, help="When, UTC (default: now).")
@click.pass_context
def open_command(ctx: click.Context, slug: str, at: datetime | None) -> None:
    """Open the contest SLUG to participants, now or at a time."""
    from competition.store import launch_contest

    contest = launch_contest(store_of(ctx), slug, at=at, actor=ACTOR, now=datetime.now(UTC))
    say(f"{slug}: open from {contest.launched_at:%Y-%m-%d %H:%M} UTC")


@click.command("close")
@click.argument("slug")
@click.option("--at", callback=moment, help="When, UTC (default: now).")
@click.option("--hold", is_flag=True, help="Keep the final board back until it is verified.")
@click.pass_context
def close_command(ctx: click.Context, slug: str, at: datetime | None, hold: bool) -> None:
    """Set the deadline of the contest SLUG, now or at a time; later entries are marked late."""
    from competition.store import contest_record, update_contest

    store = store_of(ctx)
    now = datetime.now(UTC)
    held = contest_record(store, slug)
    contest = closed(held.contest, at or now, hold=hold)
    update_contest(
        store,
        slug,
        contest,
        actor=ACTOR,
        now=now,
        note="close",
        expected_version=held.version,
    )
    say(f"{slug}: closes at {contest.deadline:%Y-%m-%d %H:%M} UTC; {_final_board(contest)}")


def closed(contest: Contest, deadline: datetime, *, hold: bool) -> Contest:
    """Return the contest with its deadline, and no other date of its course after it."""
    from dataclasses import replace

    earlier = {
        name: min(value, deadline)
        for name in ("launched_at", "new_entrant_deadline", "team_merger_deadline")
        if (value := getattr(contest, name)) is not None
    }
    release = contest.private_leaderboard_release_date
    return replace(
        contest,
        **earlier,
        deadline=deadline,
        private_leaderboard_release_date=release and max(release, deadline),
        hold_final_board=contest.hold_final_board or hold,
    )


def _final_board(contest: Contest) -> str:
    if contest.hold_final_board:
        return "the final board is held back"
    release = contest.private_leaderboard_release_date
    if release is None or release == contest.deadline:
        return "the final board is out from then on"
    return f"the final board is out at {release:%Y-%m-%d %H:%M} UTC"


def changes_of(store: Store, folder: Path) -> Changes:
    """Compare a contest folder with what the home holds."""
    from competition.definition import contest_differences, load_contest
    from competition.store import contest_record

    after = load_contest(folder)
    held = contest_record(store, after.slug)
    before = held.contest
    if after.launched_at is None and before.launched_at is not None:
        after = _still_open(after, before)
    _renew_public_file(folder, after)
    files = _changed_files(store, folder, after)
    return Changes(after, held.version, contest_differences(before, after), files)


def _still_open(after: Contest, before: Contest) -> Contest:
    """Keep the moment of opening, which the home sets and a built folder lacks."""
    from dataclasses import replace

    return replace(after, launched_at=before.launched_at)


def _renew_public_file(folder: Path, contest: Contest) -> None:
    """Let what participants' tools read follow the definition."""
    from competition.definition import PUBLIC_CONTEST_FILE, dump_public_contest

    dump_public_contest(contest, folder / "data" / PUBLIC_CONTEST_FILE)


def _changed_files(
    store: Store, folder: Path, contest: Contest
) -> dict[tuple[str, str], Path | None]:
    from competition.tables import digest_file

    known, found = _known_digests(store, contest.slug), _files_in(folder, contest)
    changed: dict[tuple[str, str], Path | None] = {
        key: path for key, path in found.items() if known.get(key) != digest_file(path)
    }
    return {**changed, **{key: None for key in known if key not in found}}


def _known_digests(store: Store, slug: str) -> dict[tuple[str, str], str]:
    from competition.store import list_data_files, metric_file, solution_file

    known = {("data", file.name): file.sha256 for file in list_data_files(store, slug)}
    solution, metric = solution_file(store, slug), metric_file(store, slug)
    known["solution", solution.name] = solution.sha256
    if metric is not None:
        known["metric", metric.name] = metric.sha256
    return known


def _files_in(folder: Path, contest: Contest) -> dict[tuple[str, str], Path]:
    from competition.errors import InvalidContest
    from competition.store.adding import refuse_links_outside

    refuse_links_outside(folder)
    data = folder / "data"
    found = {
        ("data", path.relative_to(data).as_posix()): path
        for path in sorted(data.rglob("*"))
        if path.is_file()
    }
    found["solution", "solution.csv"] = folder / "solution.csv"
    if contest.metric.file is not None:
        found["metric", contest.metric.file] = folder / contest.metric.file
    missing = [f"{path} is missing" for path in found.values() if not path.is_file()]
    if missing:
        raise InvalidContest(missing)
    return found


def confirm(yes: bool, question: str) -> None:
    """Ask on a terminal; elsewhere only --yes says yes."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.ClickException("nothing was changed; say --yes to take the changes in")
    click.confirm(question, abort=True)


def _data_digests(store: Store, changes: Changes) -> dict[str, str]:
    """Store changed data files; return the digests of all that participants get from then on."""
    from competition.store import list_data_files

    digests = {file.name: file.sha256 for file in list_data_files(store, changes.contest.slug)}
    for (kind, name), path in changes.files.items():
        if kind == "data" and path is None:
            digests.pop(name, None)
        elif kind == "data" and path is not None:
            digests[name] = store.files.put(path)
    return digests


def _apply(store: Store, changes: Changes, folder: Path) -> None:
    """Take the changes in; where entries would be scored differently, say which command does."""
    from competition.errors import InvalidContest
    from competition.store.changing import ScoresWouldChange

    try:
        _change(store, changes)
    except ScoresWouldChange:
        raise InvalidContest(
            f"{changes.contest.slug} has scored entries, which these changes would score "
            f"differently; 'ripe contest rescore {folder}' shows the new board first"
        ) from None


def _change(store: Store, changes: Changes) -> None:
    """Take the changes in, as one new version of the one that they were shown against."""
    from competition.store import change_contest

    change_contest(
        store,
        changes.contest.slug,
        **changed_parts(store, changes),
        actor=ACTOR,
        now=datetime.now(UTC),
        note="update",
        expected_version=changes.version,
        is_complete=True,
    )


def changed_parts(store: Store, changes: Changes) -> dict[str, Any]:
    """Store the changed files; return what changes, for `competition.store.change_contest`."""
    new = {
        kind: store.files.put(path)
        for (kind, _), path in changes.files.items()
        if kind != "data" and path is not None
    }
    return {
        "contest": changes.contest,
        "data": _data_digests(store, changes),
        "solution": new.get("solution"),
        "metric": new.get("metric"),
    }
