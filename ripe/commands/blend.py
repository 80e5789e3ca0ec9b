"""`ripe blend`: several submissions become one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ripe.console import home_of, print_json, print_table, say

if TYPE_CHECKING:
    from experiments.ledger.blending import Blend

__all__ = ["command"]


@click.command()
@click.argument("parts", nargs=-1, required=True, metavar="FILE-OR-RUN...")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write: .csv, .csv.gz or .zip.",
)
@click.option("-c", "--contest", "slug", metavar="SLUG", help="The contest; a run's own without.")
@click.option(
    "--how",
    type=click.Choice(["mean", "rank", "weighted"]),
    default="mean",
    show_default=True,
    help="Mean of the numbers, mean of the ranks, or a mean weighted by out-of-fold answers.",
)
@click.option("-w", "--weights", metavar="W,W,...", help="Weights, one for each part.")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    parts: tuple[str, ...],
    output: Path,
    slug: str | None,
    how: str,
    weights: str | None,
    as_json: bool,
) -> None:
    """Blend submission files and runs, aligned by id; labels are voted on.

    Shows how alike the parts are: the less, the more a blend can gain. Refuses files that do not
    hold the same ids.
    """
    from experiments.ledger.blending import blend_files_and_runs

    given = _numbers(weights)
    if how == "weighted" and given:
        raise click.UsageError("--how weighted finds the weights itself; leave -w out")
    blend = blend_files_and_runs(
        home_of(ctx),
        parts,
        output,
        slug=slug,
        how="rank" if how == "rank" else "mean",
        weights=given,
        by_out_of_fold=how == "weighted",
    )
    if as_json:
        print_json(_as_json(blend))
    else:
        _show(blend, output)


def _numbers(text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(word) for word in text.split(",")]
    except ValueError:
        raise click.UsageError(f"-w takes numbers and commas, but got {text!r}") from None


def _as_json(blend: Blend) -> dict[str, object]:
    table = blend.agreement.astype(object).where(blend.agreement.notna(), None)
    return {
        "weights": blend.weights,
        "agreement": table.to_dict(),
        "cv_score": blend.cv_score,
        "rows": blend.rows,
        "sha256": blend.sha256,
    }


def _show(blend: Blend, output: Path) -> None:
    names = list(blend.weights)
    rows = [
        (
            name,
            f"{blend.weights[name]:.3f}",
            *(f"{value:.3f}" for value in blend.agreement.loc[name]),
        )
        for name in names
    ]
    print_table(("part", ">weight", *(f">{name}" for name in names)), rows, title="How alike")
    if blend.cv_score is not None:
        say(f"Out of fold, the blend scores {blend.cv_score:.5g} (its weights were chosen there).")
    say(f"{blend.rows} rows are in {output}")
