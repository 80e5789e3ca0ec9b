"""`ripe export`: a run's predictions as a submission file."""

from __future__ import annotations

from pathlib import Path

import click

from ripe.console import home_of, say

__all__ = ["command"]


@click.command()
@click.argument("run")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write: .csv, .csv.gz or .zip.",
)
@click.option("--tracking", metavar="URL", help="MLflow server or database (default: this home's).")
@click.pass_context
def command(ctx: click.Context, run: str, output: Path, tracking: str | None) -> None:
    """Write the predictions of RUN as a submission file, in the sample submission's exact format.

    RUN is an MLflow run id or the first letters of one, or a registered model
    (models:/NAME@ALIAS); a study's run stands for its chosen model. Nothing is written when the
    file would break a rule of the contest.
    """
    from experiments.ledger.sending import export_run

    predicted = export_run(home_of(ctx), run, output, tracking=tracking).predicted
    rows = len(predicted.frame)
    say(f"{rows} predictions of run {predicted.run_id} for {predicted.slug} are in {output}")
