"""`ripe schema`: what the training and test tables are like, and where they differ."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ripe.console import home_of, print_json, print_table, say

if TYPE_CHECKING:
    from pipelines.tables.schema import ColumnFacts, SchemaReport

__all__ = ["command"]

MARKS = {"error": "✗", "warning": "!", "note": "·"}


@click.command()
@click.argument("what", metavar="EXPERIMENT|CONTEST|FOLDER", required=False)
@click.option("--data", type=click.Path(path_type=Path), help="A folder with the contest's files.")
@click.option("--target", metavar="COLUMN", help="For a FOLDER that no contest describes.")
@click.option("--id", "id_column", metavar="COLUMN", help="For such a folder.")
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Deals the rows looked at.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write an HTML page."
)
@click.option("--json", "as_json", is_flag=True, help="The report as a JSON object.")
@click.option(
    "--experiment-file",
    "of_files",
    is_flag=True,
    help="The JSON schema of experiment files instead, by which editors complete them.",
)
@click.pass_context
def command(
    ctx: click.Context,
    what: str | None,
    data: Path | None,
    target: str | None,
    id_column: str | None,
    seed: int,
    output: Path | None,
    as_json: bool,
    of_files: bool,
) -> None:
    """Compare the training with the test table: kinds, gaps, unseen values, shifts, leaks.

    Ends with status 1 when something is wrong; warnings alone do not count.
    """
    if of_files:
        _tell_file_schema(output)
        return
    if what is None:
        raise click.UsageError("name an experiment, a contest or a folder with train.csv")
    from experiments.overviews.tables import find_tables

    tables = find_tables(what, home_of(ctx), data_folder=data, target=target, id_column=id_column)
    report = tables.describe(seed)
    if output is not None:
        from pipelines.tables.schema import report_page

        _write(output, report_page(report, tables.title))
    if as_json:
        print_json(report.as_dict())
    else:
        _tell(report, tables.title)
        if output is not None:
            say(f"Written to {output}")
    if not report.is_sound:
        ctx.exit(1)


def _tell_file_schema(output: Path | None) -> None:
    from experiments.definition.json_schema import experiment_schema

    if output is None:
        print_json(experiment_schema())
        return
    _write(output, json.dumps(experiment_schema(), indent=2) + "\n")
    say(f"Written to {output}; name it in a file's first line: #:schema {output}")


def _write(path: Path, text: str) -> None:
    from competition.files import replaced_file

    try:
        with replaced_file(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"cannot write {path}: {error.strerror}") from None


def _tell(report: SchemaReport, title: str) -> None:
    from pipelines.tables.schema.values import SEVERITIES
    from pipelines.tables.wording import counted

    test = "no test table" if report.test_rows is None else counted(report.test_rows, "test row")
    say(f"{title}: {counted(report.train_rows, 'training row')}, {test}")
    print_table(
        ("column", "role", "kind", ">missing", ">in test", ">unseen", ">index", ">tells", "values"),
        [_row(column) for column in report.columns],
    )
    for target in report.targets:
        told = target.counts[:8] if target.classes else target.quantiles
        say(f"target {target.name}: {', '.join(f'{name} {value:.6g}' for name, value in told)}")
    if report.shift is not None:
        shift = report.shift
        say(
            f"test rows told from training rows with AUC {shift.auc:.3f} "
            f"({shift.low:.3f} … {shift.high:.3f}; 0.5 is no shift)"
        )
    for finding in report.findings:
        say(f"{MARKS[finding.severity]} {finding.severity:<8}{finding.rule}: {finding.message}")
        say(f"            {finding.advice}")
    say(", ".join(counted(len(report.of_severity(name)), name) for name in SEVERITIES))


def _row(column: ColumnFacts) -> tuple[object, ...]:
    kind = column.train_kind or "absent"
    if column.role != "target" and column.test_kind not in (None, column.train_kind):
        kind = f"{kind} / {column.test_kind}"
    drift, skill = column.drift, column.skill
    return (
        column.name,
        column.role,
        kind,
        _share(column.train_missing),
        _share(column.test_missing),
        _share(column.unseen),
        None if drift is None else f"{drift.psi:.3f}",
        None if skill is None else _share(max(0.0, skill)),
        column.summary,
    )


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.1%}"
