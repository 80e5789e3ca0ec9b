"""What came of a study, told to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ripe.console import command_line, print_table, say

if TYPE_CHECKING:
    from experiments import Experiment, StudyResult

PREDICTIONS = "predictions.parquet"


def tell(
    ctx: click.Context, experiment: Experiment, result: StudyResult, entry: int | None
) -> None:
    """Say what a study found, where it is on record, and what can be done next."""
    if not result.new_trials:
        say(_why_nothing(experiment, result))
    print_table(
        ("model", f">{result.metric}", ">95 % interval"),
        [
            (model.name, f"{model.score:.5f}", f"{model.low:.5f} … {model.high:.5f}")
            for model in result.models
        ],
        marked=frozenset(
            place for place, model in enumerate(result.models) if model == result.chosen
        ),
    )
    say(_best(result))
    _tell_front(result)
    _tell_recipes(result)
    say(f"Run {result.run_id or '(waiting to be sent)'}, {result.seconds:.1f} s")
    for note in result.notes:
        say(f"Note: {note}")
    if experiment.report.enabled:
        say(f"Report: {command_line(ctx, 'report', result.study)}")
    if result.warning:
        say(f"Rows wait on disk, to be sent by the next run: {result.warning}")
    if entry is not None:
        board = command_line(ctx, "leaderboard", result.contest)
        say(f"Entry {entry} stands in {result.contest}; see: {board}")
    elif result.predictions is not None:
        say(next_step(ctx, experiment, result))


def next_step(ctx: click.Context, experiment: Experiment, result: StudyResult) -> str:
    """Say what can be done with the predictions: to send them needs a contest and a run's id."""
    if experiment.contest is None:
        return f"Its predictions: {result.folder / PREDICTIONS}"
    if result.run_id is None:
        runs = command_line(ctx, "runs")
        return f"To submit it, wait until its run is sent: {runs} sends it and names its id"
    run = result.run_id[:8]
    return f"Submit it: {command_line(ctx, 'submit', '--run', run, '-c', result.contest)}"


def _why_nothing(experiment: Experiment, result: StudyResult) -> str:
    if experiment.search.sampler == "grid" and result.trials < experiment.search.trials:
        return (
            f"All {result.trials} points of the grid were tried before; nothing was tried. "
            "A finer grid: search.space. Start over: --fresh."
        )
    return (
        f"The budget of {experiment.search.trials} trials was spent before; nothing was tried.\n"
        "More trials: --trials N. Start over: --fresh."
    )


def _tell_recipes(result: StudyResult) -> None:
    """Show what each recipe of features is worth."""
    if not result.recipes:
        return
    own = result.recipes[0].name
    say(f"What the recipes of features lack beside {own!r}, by the best trial of each:")
    print_table(
        ("recipe", f">{result.metric}", f">{own} is better by", ">95 % interval", ">trials"),
        [
            (
                one.name,
                f"{one.score:.5f}",
                f"{one.worth:+.5f}" if one.name != own else "",
                f"{one.worth_low:+.5f} … {one.worth_high:+.5f}" if one.name != own else "",
                one.trials,
            )
            for one in result.recipes
        ],
    )


def _tell_front(result: StudyResult) -> None:
    """Show the trials that no other beats in every objective."""
    if not result.front:
        return
    say("No trial has both a better score and fewer weights than one of these:")
    varied = [name for name in result.best_parameters if _varies(name, result)]
    print_table(
        ("trial", f">{result.metric}", ">weights", *varied),
        [
            (
                str(trial.number),
                f"{trial.values['score']:.5f}",
                f"{trial.values['size']:.0f}",
                *(_short(trial.parameters.get(name, "")) for name in varied),
            )
            for trial in result.front
        ],
        marked=frozenset(
            place for place, trial in enumerate(result.front) if trial.number == result.best_number
        ),
    )


def _varies(name: str, result: StudyResult) -> bool:
    return len({str(trial.parameters.get(name)) for trial in result.front}) > 1


def _best(result: StudyResult) -> str:
    """Say which trial was best, and what it tried; a model's defaults alone are nothing to name."""
    values = ", ".join(f"{name} {_short(value)}" for name, value in result.best_parameters.items())
    what = f" ({values})" if values else ", with the defaults of its model"
    if result.trials == 1:
        return f"One trial{what}"
    return f"Best of {result.trials} trials: number {result.best_number}{what}"


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
