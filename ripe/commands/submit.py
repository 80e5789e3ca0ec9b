"""`ripe submit`: a file, or a run's predictions, becomes an entry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ripe.console import home_of, print_json, progress, say
from ripe.transfers import counting

if TYPE_CHECKING:
    from submissions import Entry, Quota, SentEntry, Server

__all__ = ["command"]


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--run", metavar="RUN", help="Send the predictions of this run instead of a file.")
@click.option("-c", "--contest", "slug", required=True, metavar="SLUG", help="The contest.")
@click.option("-m", "--message", default="", help="The entry's description.")
@click.option("--to", type=click.Choice(["host", "kaggle"]), default="host", help="Where to.")
@click.option("--server", metavar="URL", help="The host (default: RIPE_SERVER, client.toml).")
@click.option("--tracking", metavar="URL", help="MLflow store of the run (default: this home's).")
@click.option("--sandbox", is_flag=True, help="An entry of the contest's host that never counts.")
@click.option("--wait", is_flag=True, help="Wait for the score.")
@click.option("--timeout", default=600.0, metavar="SECONDS", help="Longest wait (600).")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    file: Path | None,
    run: str | None,
    slug: str,
    message: str,
    to: str,
    server: str | None,
    tracking: str | None,
    sandbox: bool,
    wait: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """Send a submission file, or a run's predictions, to a contest.

    One send never makes two entries, whatever the network does; sending the same file again by
    hand makes another one.
    """
    from experiments.ledger.sending import submit_file, submit_run
    from submissions import kaggle_server, resolve_server

    if (file is None) == (run is None):
        raise click.UsageError("give either a FILE or --run RUN")
    home = home_of(ctx)
    target = kaggle_server() if to == "kaggle" else resolve_server(home, server)
    with progress(None, "sending") as advance:
        options: dict[str, Any] = {"sandbox": sandbox, "on_bytes": counting(advance, "sending")}
        if file is not None:
            sent = submit_file(home, file, slug, message, target, **options)
        else:
            options["tracking"] = tracking
            sent = submit_run(home, str(run), slug, message, target, **options)
    if not as_json:
        _tell_sent(sent, slug, target)
        _tell_repeat(home, sent, slug, target)
    scored = _wait(home, sent, slug, target, timeout) if wait else None
    if as_json:
        print_json(_as_json(sent, scored))
    elif scored:
        _tell_score(scored)


def _wait(home: Path, sent: SentEntry, slug: str, server: Server, timeout: float) -> Entry:
    from experiments.ledger.sending import follow_entry

    with progress(None, f"waiting for the score of entry {sent.ref}"):
        return follow_entry(home, sent.ref, slug, server, timeout_seconds=timeout)


def _tell_sent(sent: SentEntry, slug: str, server: Server) -> None:
    say(f"Entry {sent.ref} stands in {slug} on {server.name}.")
    if sent.quota_before and sent.quota_after:
        say(f"Entries left today: {sent.quota_after.left} (before: {sent.quota_before.left}).")
    say(f"Leaderboard: {sent.board_url}")


def _tell_repeat(home: Path, sent: SentEntry, slug: str, server: Server) -> None:
    from experiments.ledger.book import read_ledger

    known = read_ledger(home, slug, server=server.url)
    same = [str(one.ref) for one in known if one.sha256 == sent.sha256 and one.ref != sent.ref]
    if same:
        say(f"Note: the same file had been sent before, as entry {', '.join(same)}.")


def _tell_score(entry: Entry) -> None:
    private = f", private score {entry.private_text}" if entry.private_text else ""
    say(f"Public score {entry.public_text or 'not shown'}{private}.")


def _as_json(sent: SentEntry, scored: Entry | None) -> dict[str, Any]:
    entry = scored or sent.entry
    return {
        "ref": sent.ref,
        "status": entry.status,
        "public_score": entry.public_score,
        "private_score": entry.private_score,
        "sha256": sent.sha256,
        "board": sent.board_url,
        "quota_before": _left(sent.quota_before),
        "quota_after": _left(sent.quota_after),
    }


def _left(quota: Quota | None) -> int | None:
    return quota.left if quota else None
