"""`ripe score`: the score of a submission file, offline and exact."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ripe.console import home_of, print_json, say

if TYPE_CHECKING:
    from competition.definition import Contest
    from competition.scoring import Scores

__all__ = ["command"]


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-c", "--contest", "slug", metavar="SLUG", help="A contest of this home's host.")
@click.option(
    "--solution",
    type=click.Path(path_type=Path),
    help="A table of true values: id first, then the targets, perhaps Usage.",
)
@click.option("--metric", metavar="NAME", help="The metric, by any of its names.")
@click.option("--labels", metavar="A,B,...", help="The labels in order, where order counts.")
@click.option("--json", "as_json", is_flag=True, help="The scores as a JSON object.")
@click.pass_context
def command(
    ctx: click.Context,
    file: Path,
    slug: str | None,
    solution: Path | None,
    metric: str | None,
    labels: str | None,
    as_json: bool,
) -> None:
    """Score the submission FILE offline: by a contest, or by a solution and a metric."""
    if slug is not None and not (solution or metric or labels):
        truth = _truth_of_contest(home_of(ctx), slug)
    elif slug is None and solution is not None and metric is not None:
        truth = _truth_of_files(solution, metric, labels)
    else:
        raise click.UsageError("give either -c SLUG, or --solution FILE and --metric NAME")
    from competition.scoring import score_file, scores_to_plain

    scores = score_file(truth.contest, truth.solution, file, truth.metric)
    if as_json:
        print_json({"metric": truth.contest.metric.name, **scores_to_plain(scores)})
    else:
        _show(truth.contest, scores)


@dataclass(frozen=True)
class _Truth:
    """A contest, its solution and its own metric file, wherever they lie."""

    contest: Contest
    solution: Path
    metric: Path | None = None


def _truth_of_contest(home: Path, slug: str) -> _Truth:
    from competition.errors import UnknownContest
    from competition.store import contest_record, metric_file, open_store, solution_file

    lacking = (
        f"the solution of {slug!r} is not in {home}: only its host can score offline; "
        f"send the file instead: ripe submit FILE -c {slug}"
    )
    if not (home / "host.db").exists():
        raise UnknownContest(lacking)
    store = open_store(home)
    record = contest_record(store, slug)
    if not record.has_solution:
        raise UnknownContest(lacking)
    metric = metric_file(store, slug)
    return _Truth(record.contest, solution_file(store, slug).path, metric.path if metric else None)


def _truth_of_files(solution: Path, metric: str, labels: str | None) -> _Truth:
    from competition.scoring import loose_truth

    words = None if labels is None else [word.strip() for word in labels.split(",")]
    truth = loose_truth(solution, metric, words)
    return _Truth(truth.contest, truth.path)


def _show(contest: Contest, scores: Scores) -> None:
    """Print one line per metric, with both parts where the solution has them."""
    from competition.scoring import shown_score

    decimals = contest.score_truncation_num_decimals
    for name, one in {contest.metric.name: scores, **scores.beside}.items():
        parts = {"public": one.public, "private": one.private}
        known = {
            part: shown_score(value, decimals) for part, value in parts.items() if value is not None
        }
        inside = ", ".join(f"{part} {value}" for part, value in known.items())
        say(f"{name} {shown_score(one.overall, decimals)}" + (f" ({inside})" if inside else ""))
