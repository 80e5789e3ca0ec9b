"""``ripe contest new`` and ``ripe contest add``: a contest from tables, or from its folder."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ripe.commands.contest.opening import place_of, renew_folder, store_exists, store_of
from ripe.commands.contest.options import moment
from ripe.console import home_of, progress, say

if TYPE_CHECKING:
    from competition.building import BuiltContest
    from competition.definition import Contest, MetricChoice
    from submissions.downloaded import DownloadedTables

FILE = click.Path(path_type=Path)
KINDS = ("stratified", "grouped", "time", "random")
SETTINGS = (
    "title",
    "description",
    "privacy",
    "deadline",
    "private_leaderboard_release_date",
    "max_daily_submissions",
    "num_scored_submissions",
    "max_team_size",
    "score_truncation_num_decimals",
    "ladder",
)
"""Options of ``new`` that are fields of a contest under the same name."""


def _labels(
    ctx: click.Context, parameter: click.Parameter, text: str | None
) -> tuple[str, ...] | None:
    return None if text is None else tuple(label.strip() for label in text.split(","))


def _parameters(
    ctx: click.Context, parameter: click.Parameter, pairs: tuple[str, ...]
) -> dict[str, Any]:
    values = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise click.BadParameter(f"{pair!r} is not of the form NAME=VALUE")
        values[name] = _value(text)
    return values


def _value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


Decorated = Callable[..., Any]


def _table_options(function: Decorated) -> Decorated:
    for option in (
        click.option("--train", type=FILE, help="Labelled table; alone, it is split by itself."),
        click.option("--test", type=FILE, help="Test table; may itself hold the targets."),
        click.option("--solution", type=FILE, help="Truth of the test rows, by id."),
        click.option("--sample", type=FILE, help="Sample submission (default: made)."),
        click.option("--from-download", help="Practise on a downloaded contest: name or folder."),
        click.option("--target", "targets", multiple=True, help="Column to predict; repeatable."),
        click.option("--id", "id_column", help="Column that identifies a row (default: id, made)."),
        click.option("--labels", callback=_labels, help="Classes in their order, with commas."),
    )[::-1]:
        function = option(function)
    return function


def _metric_options(function: Decorated) -> Decorated:
    for option in (
        click.option("--metric", help="Name or alias (default: one that fits the targets)."),
        click.option(
            "--parameter",
            "parameters",
            multiple=True,
            callback=_parameters,
            help="NAME=VALUE of the metric; repeatable.",
        ),
        click.option("--beside", multiple=True, help="Metric shown beside it; repeatable."),
        click.option("--metric-file", type=FILE, help="Your own metric.py, by Kaggle's contract."),
        click.option("--predicts", help="What an own metric takes: labels, probability, values …"),
        click.option(
            "--greater-is-better/--lower-is-better",
            default=None,
            help="Which way an own metric points.",
        ),
    )[::-1]:
        function = option(function)
    return function


def _split_options(function: Decorated) -> Decorated:
    for option in (
        click.option("--split", "kind", type=click.Choice(KINDS), help="How rows are shared out."),
        click.option("--group", "group_column", help="Column whose groups stay on one side."),
        click.option("--time", "time_column", help="Column of times; the latest rows are tested."),
        click.option("--test-fraction", type=float, default=0.25, show_default=True),
        click.option("--public-fraction", type=float, default=0.3, show_default=True),
        click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True),
    )[::-1]:
        function = option(function)
    return function


def _setting_options(function: Decorated) -> Decorated:
    for option in (
        click.option("--title", help="Name on pages (default: from the slug)."),
        click.option("--description", help="One sentence on what it is about."),
        click.option("--privacy", type=click.Choice(("public", "limited", "private"))),
        click.option("--deadline", callback=moment, help="Last moment for entries, UTC."),
        click.option(
            "--release",
            "private_leaderboard_release_date",
            callback=moment,
            help="When the final board is shown, UTC (default: at the deadline).",
        ),
        click.option("--daily-limit", "max_daily_submissions", type=int, help="Entries per day."),
        click.option("--selections", "num_scored_submissions", type=int, help="Final entries."),
        click.option("--team-size", "max_team_size", type=int, help="Most members of a team."),
        click.option("--decimals", "score_truncation_num_decimals", type=int),
        click.option("--ladder", is_flag=True, default=None, help="Show a score only when better."),
    )[::-1]:
        function = option(function)
    return function


@click.command("new")
@click.argument("slug")
@_table_options
@_metric_options
@_split_options
@_setting_options
@click.option("--closed", is_flag=True, help="Do not open it yet.")
@click.pass_context
def new_command(ctx: click.Context, /, slug: str, closed: bool, **options: Any) -> None:
    """Build the contest SLUG and add it to this home.

    \b
    ripe contest new titanic --train train.csv --test test.csv \\
        --solution solution.csv --target Survived --id PassengerId --metric accuracy
    ripe contest new ripeness-table --train ripeness.csv --target ripeness
    ripe contest new avocado-ripeness          (a contest that comes with Ripe)
    """  # noqa: D301 - click wants the control character \b itself
    home = home_of(ctx)
    refuse_taken(ctx, slug)
    folder = place_of(ctx, slug)
    if options["train"] is None and options["from_download"] is None:
        _build_built_in(slug, folder, options)
        built = None
    else:
        built = _build(home, slug, folder, options)
    contest = add_built(ctx, folder, opens=not closed, now=datetime.now(UTC))
    tell(contest, folder, built)


@click.command("add")
@click.argument("folder", type=FILE)
@click.option("--closed", is_flag=True, help="Do not open it yet.")
@click.pass_context
def add_command(ctx: click.Context, folder: Path, closed: bool) -> None:
    """Add the contest in FOLDER (contest.toml, data, solution.csv) to this home."""
    from competition.store import add_contest

    now = datetime.now(UTC)
    contest = add_contest(store_of(ctx), folder, now=now, launch=not closed)
    renew_folder(ctx, contest.slug, folder)
    tell(contest, folder, None)


def refuse_taken(ctx: click.Context, slug: str) -> None:
    """Refuse a slug that is none, or that a contest of this home has."""
    from competition.definition import slug_problem
    from competition.errors import InvalidContest, UnknownContest
    from competition.store import get_contest

    if problem := slug_problem(slug):
        raise InvalidContest(problem)
    if not store_exists(ctx):
        return
    try:
        get_contest(store_of(ctx), slug)
    except UnknownContest:
        return
    raise InvalidContest(f"there is a contest {slug!r} already; choose another name")


def _build_built_in(slug: str, folder: Path, options: dict[str, Any]) -> None:
    from competition.contests import BUILT_IN
    from competition.errors import did_you_mean
    from competition.store.opening import make_private

    if slug not in BUILT_IN:
        hint = did_you_mean(slug, BUILT_IN) or f" of the contests that come with Ripe ({_names()})"
        raise click.UsageError(f"name the labelled table with --train; {slug!r} is none{hint}")
    make_private(folder.parents[1])
    contest = BUILT_IN[slug](folder, seed=options["seed"])
    settings = _settings(options)
    if settings:
        _write_again(replace(contest, **settings), folder)


def _write_again(contest: Contest, folder: Path) -> None:
    """Write a changed definition; when it breaks a rule, the folder goes."""
    from competition.definition import CONTEST_FILE, contest_problems, dump_contest
    from competition.errors import InvalidContest

    if problems := contest_problems(contest):
        shutil.rmtree(folder, ignore_errors=True)
        raise InvalidContest(problems)
    dump_contest(contest, folder / CONTEST_FILE)


def _settings(options: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a contest that the command line sets."""
    return {name: options[name] for name in SETTINGS if options[name] is not None}


def _names() -> str:
    from competition.contests import BUILT_IN

    return ", ".join(BUILT_IN)


def _build(home: Path, slug: str, folder: Path, options: dict[str, Any]) -> BuiltContest:
    from competition.building import prepare_contest, write_contest
    from competition.store.opening import make_private

    tables = _tables(home, options)
    if not tables["targets"]:
        raise click.UsageError("name the column to predict with --target")
    with progress(2, "reading and splitting") as advance:
        built = prepare_contest(slug=slug, **tables, **_settings(options))
        advance(1, "writing")
        make_private(home)
        write_contest(built, folder, metric_source=options["metric_file"])
        advance()
    return built


def _tables(home: Path, options: dict[str, Any]) -> dict[str, Any]:
    from competition.building import SplitPlan

    plan = {
        name: options[name]
        for name in (
            "kind",
            "group_column",
            "time_column",
            "test_fraction",
            "public_fraction",
            "seed",
        )
    }
    given = {name: options[name] for name in ("train", "test", "solution", "sample")}
    wanted = {name: options[name] or None for name in ("targets", "id_column", "labels")}
    tables = {**given, **wanted, "metric": _metric(options)}
    tables["beside"] = options["beside"]
    if options["from_download"] is not None:
        found = _downloaded(home, options["from_download"])
        for column in ("group_column", "time_column"):
            plan[column] = plan[column] or getattr(found.contest, column, None)
        tables = _filled(tables, found)
    return {**tables, "split": SplitPlan(**plan)}


def _metric(options: dict[str, Any]) -> MetricChoice | None:
    from competition.definition import MetricChoice

    own = options["metric_file"]
    name = options["metric"] or (own and own.stem)
    if name is None:
        if options["parameters"]:
            raise click.UsageError("name the metric that --parameter belongs to with --metric")
        return None
    return MetricChoice(
        name=name,
        parameters=options["parameters"],
        beside=options["beside"],
        file=None if own is None else "metric.py",
        predicts=options["predicts"],
        greater_is_better=options["greater_is_better"],
    )


def _downloaded(home: Path, name: str) -> DownloadedTables:
    """Find the tables of a download: a folder, or a name under the home's data."""
    from submissions.downloaded import describe_download

    return describe_download(Path(name) if Path(name).is_dir() else home / "data" / name)


def _filled(tables: dict[str, Any], found: DownloadedTables) -> dict[str, Any]:
    """Take from a download whatever the command line leaves open."""
    filling: dict[str, Any] = {
        "train": found.train,
        "targets": found.targets,
        "id_column": found.id_column,
    }
    if found.contest is not None:
        filling |= {"labels": found.contest.labels or None, "metric": _known(found.contest.metric)}
    return tables | {name: value for name, value in filling.items() if tables[name] is None}


def _known(metric: MetricChoice) -> MetricChoice:
    """Leave out what only the host of the downloaded contest has: its own metric file."""
    return replace(metric, file=None, predicts=None, greater_is_better=None)


def add_built(ctx: click.Context, folder: Path, *, opens: bool, now: datetime) -> Contest:
    """Add a folder that was just built; when that fails, the folder goes."""
    from competition.store import add_contest

    try:
        return add_contest(store_of(ctx), folder, now=now, launch=opens)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def tell(contest: Contest, folder: Path, built: BuiltContest | None) -> None:
    """Say what was made, where it lies and what was decided."""
    from ripe.commands.contest.describing import headline, sizes

    say(headline(contest))
    say(f"  {sizes(folder)}")
    for note in () if built is None else built.notes:
        say(f"  {note}")
    say(f"  folder: {folder}")
    say(f"  next: ripe contest check {contest.slug}")
