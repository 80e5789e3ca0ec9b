"""`ripe leaderboard`: who leads a contest."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from ripe.console import home_of, print_json, print_table

if TYPE_CHECKING:
    from submissions import Board

__all__ = ["command"]

COLUMNS = ("rank", "team_id", "team", "score", "entries", "last_entry", "members")


@click.command()
@click.argument("slug")
@click.option("--private", is_flag=True, help="The final board, made of the private scores.")
@click.option("--from", "source", type=click.Choice(["host", "kaggle"]), default="host")
@click.option("--server", metavar="URL", help="The host (default: RIPE_SERVER, client.toml).")
@click.option("--json", "as_json", is_flag=True, help="A list of row objects.")
@click.option("--csv", "as_csv", is_flag=True, help="A CSV table.")
@click.pass_context
def command(
    ctx: click.Context,
    slug: str,
    private: bool,
    source: str,
    server: str | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Show the leaderboard of a contest: the public one, after the end the final one."""
    from submissions import fetch_board, kaggle_server, resolve_server

    if as_json and as_csv:
        raise click.UsageError("give either --json or --csv")
    target = kaggle_server() if source == "kaggle" else resolve_server(home_of(ctx), server)
    board = fetch_board(target, slug, private=private)
    if as_json:
        print_json(board.rows)
    elif as_csv:
        _write_csv(board)
    else:
        _show(board, slug)


def _write_csv(board: Board) -> None:
    import csv

    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in board.rows:
        writer.writerow({**row, "members": " ".join(row["members"])})


def _show(board: Board, slug: str) -> None:
    from submissions import figures

    kind = "Final" if board.is_private else "Public"
    scores = figures([row["score"] for row in board.rows])
    print_table(
        (">#", "team", ">score", ">entries", "last entry"),
        (
            (row["rank"], row["team"], score, row["entries"], row["last_entry"])
            for row, score in zip(board.rows, scores, strict=True)
        ),
        title=f"{kind} leaderboard of {slug}",
    )
