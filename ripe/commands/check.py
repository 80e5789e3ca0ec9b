"""`ripe check`: every problem of a submission file, before anything is spent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ripe.console import home_of, print_json, say

if TYPE_CHECKING:
    from competition.checks import Problem, SubmissionForm

__all__ = ["command", "form_of"]


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-c", "--contest", "slug", metavar="SLUG", help="The contest.")
@click.option(
    "--sample",
    type=click.Path(path_type=Path),
    help="Go by this sample submission alone, as for a contest of Kaggle's.",
)
@click.option("--json", "as_json", is_flag=True, help="The problems as a JSON object.")
@click.pass_context
def command(
    ctx: click.Context, file: Path, slug: str | None, sample: Path | None, as_json: bool
) -> None:
    """List every problem of the submission FILE; needs no truth and spends nothing."""
    from competition.checks import check_submission
    from submissions.samples import form_of_sample

    if (slug is None) == (sample is None):
        raise click.UsageError("give either -c SLUG or --sample FILE")
    form = form_of_sample(sample) if sample else form_of(home_of(ctx), str(slug))
    problems = check_submission(file, form)
    if as_json:
        print_json(
            {"contest": slug, "file": str(file), "problems": [vars(one) for one in problems]}
        )
    else:
        _show(file, form, problems)
    if problems:
        raise click.ClickException(f"{file} has {counted(len(problems), 'problem')}")


def form_of(home: Path, slug: str) -> SubmissionForm:
    """Return the form of a contest's submissions, from this home's host or a download.

    Raises
    ------
    UnknownContest
        Neither knows the contest.
    """
    from competition.checks import load_form
    from competition.errors import UnknownContest
    from competition.store import get_contest, open_store, sample_submission
    from submissions.downloaded import describe_download
    from submissions.samples import form_of_download

    if (home / "host.db").exists():
        store = open_store(home)
        try:
            return load_form(get_contest(store, slug), sample_submission(store, slug).path)
        except UnknownContest:
            pass
    folder = home / "data" / slug
    if not folder.is_dir():
        raise UnknownContest(
            f"no contest {slug!r} in {home}; get its data first: ripe download {slug}"
        )
    return form_of_download(describe_download(folder))


def counted(count: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _show(file: Path, form: SubmissionForm, problems: list[Problem]) -> None:
    for problem in problems:
        say(f"- {problem}")
    if not problems:
        say(f"{file}: no problems, {counted(len(form.ids), 'row')}")
