"""``ripe contest import``: contests that other hosts already have."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from ripe.commands.contest.new import add_built, refuse_taken, tell
from ripe.commands.contest.opening import place_of
from ripe.console import home_of, say


@click.command("import")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--slug", help="Name in addresses (default: from the other host's).")
@click.option("--metric", help="Name or alias, where the other host's is not known here.")
@click.option(
    "--data", type=click.Path(path_type=Path), help="Where an MLE-bench contest's data lie."
)
@click.option("--public-fraction", type=float, default=0.3, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--closed", is_flag=True, help="Do not open it yet.")
@click.pass_context
def import_command(
    ctx: click.Context,
    source: Path,
    slug: str | None,
    metric: str | None,
    data: Path | None,
    public_fraction: float,
    seed: int,
    closed: bool,
) -> None:
    """Take over the contest in SOURCE: an MLE-bench folder, a Codabench bundle or its zip.

    What has no counterpart here is listed.
    """
    from competition.building import write_contest
    from competition.building.foreign import prepare_foreign, read_foreign
    from competition.store.opening import make_private

    with read_foreign(source, data=data) as foreign:
        built = prepare_foreign(
            foreign, slug=slug, metric=metric, public_fraction=public_fraction, seed=seed
        )
        refuse_taken(ctx, built.contest.slug)
        folder = place_of(ctx, built.contest.slug)
        make_private(home_of(ctx))
        write_contest(built, folder, extra_files=foreign.extra_files)
    contest = add_built(ctx, folder, opens=not closed, now=datetime.now(UTC))
    tell(contest, folder, built)
    for sentence in foreign.unmapped:
        say(f"  not taken over: {sentence}")
