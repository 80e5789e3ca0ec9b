"""From facts to a document: which tables and figures a report has, and what it says of them."""

from __future__ import annotations

from collections.abc import Iterator

from experiments.reporting import wording
from experiments.reporting.answers import answer_sections
from experiments.reporting.charts import (
    Rung,
    Series,
    Tried,
    draw_intervals,
    draw_lines,
    draw_search,
)
from experiments.reporting.curves import CurvePoint
from experiments.reporting.document import (
    Block,
    Document,
    Figure,
    Figures,
    Section,
    Table,
    Text,
    table,
)
from experiments.reporting.facts import ReportFacts
from experiments.reporting.models import ModelFacts

MODEL_WORDS = {
    "best": "the best trial, one model per fold",
    "seeds": "the best trial from several seeds, averaged",
    "greedy": "an ensemble of trials, chosen on the other folds",
    "majority": "baseline: class shares, or the mean",
    "linear": "baseline: logistic regression, or ridge",
    "random_forest": "baseline: a random forest",
    "gradient_boosting": "baseline: histogram gradient boosting",
}
FOLD_WORDS = {
    "plain": "Rows are dealt at random.",
    "stratified": "Rows are dealt at random, each class in proportion.",
    "grouped": "Groups are dealt whole: no group is both learned from and scored.",
    "stratified_grouped": "Groups are dealt whole, each class as nearly in proportion as that "
    "allows: no group is both learned from and scored.",
    "time": "Later rows are scored by what earlier ones taught.",
    "predefined": "The folds were given with the table.",
}
TOP_TRIALS = 10
DIGITS_SHOWN = 16
EPOCHS_SHOWN = 12
BOOTSTRAP = (
    "Intervals are 95 % bootstrap intervals over {units} (Efron 1979): they hold the chance of "
    "which of these there are, not that of the training."
)


def compose(facts: ReportFacts, network: Figure | None) -> Document:
    """Lay a study's facts out as a document.

    Parameters
    ----------
    facts : ReportFacts
    network : Figure, optional
        The diagram of a trained network.
    """
    sections = [
        _scores(facts),
        _folds(facts),
        *_curves(facts),
        *answer_sections(facts),
        *_search(facts),
        *_network(network),
        _origin(facts),
    ]
    return Document(
        name=facts.experiment,
        title=wording.line(facts.title, 120),
        subtitle=wording.line(facts.description, 300),
        score=wording.score(facts.score.value),
        interval=wording.interval(facts.score),
        score_name=_score_name(facts),
        facts=_headline(facts),
        sections=tuple(sections),
    )


def _score_name(facts: ReportFacts) -> str:
    direction = "higher" if facts.greater_is_better else "lower"
    return f"Cross-validated {facts.metric_title.lower()} ({direction} is better)"


def _headline(facts: ReportFacts) -> tuple[tuple[str, str], ...]:
    return (
        ("contest", facts.contest),
        ("model", f"{facts.model}, {facts.chosen}"),
        ("trials", wording.count(len(facts.trials)) if facts.trials else wording.NOTHING),
        ("training rows", wording.count(facts.rows)),
        ("seed", str(facts.seed)),
        ("finished", wording.moment(facts.finished_at)),
        ("study", facts.study),
    )


def _units(facts: ReportFacts) -> str:
    return f"whole groups ({wording.line(facts.group_column)})" if facts.group_column else "rows"


def _scores(facts: ReportFacts) -> Section:
    rows = [_model_row(facts, one) for one in facts.models]
    chosen = [place for place, one in enumerate(facts.models) if one.name == facts.chosen]
    columns = ("model", "what it is", ">score", ">95 % interval", ">chosen minus this")
    shown = "; ".join(f"{one.name} {wording.score(one.score.value)}" for one in facts.models)
    figure = Figure(
        draw_intervals(
            [_rung(facts, one) for one in facts.models],
            "Scores of models with their 95 % intervals",
            shown,
            facts.metric_title,
        ),
        "Scores out of fold with 95 % intervals. Round: the study's models; square: baselines.",
        f"Scores: {shown}.",
    )
    told = BOOTSTRAP.format(units=_units(facts))
    paired = (
        "“Chosen minus this” is scored on the same resamples, so that an interval without 0 "
        "tells two models apart though their own intervals overlap."
    )
    return Section(
        "scores",
        "Scores",
        (
            Figures((figure,)),
            Text(f"{told} {paired}"),
            table("Models by cross-validated score", columns, rows, marked=chosen, wide=True),
        ),
        beside=True,
    )


def _rung(facts: ReportFacts, one: ModelFacts) -> Rung:
    mark = " ←" if one.name == facts.chosen else ""
    return Rung(f"{one.name}{mark}", one.score, "b" if one.is_baseline else "a")


def _model_row(facts: ReportFacts, one: ModelFacts) -> tuple[str, ...]:
    chosen = one.name == facts.chosen
    words = MODEL_WORDS.get(one.name, "")
    return (
        f"{one.name} (chosen)" if chosen else one.name,
        words,
        wording.score(one.score.value),
        wording.interval(one.score),
        "" if chosen else wording.differences(one.behind, facts.score.value),
    )


def _folds(facts: ReportFacts) -> Section:
    grouped = facts.group_column is not None
    make_up = facts.labels or tuple(
        name for target in facts.targets for name in (f"mean {target}", f"sd {target}")
    )
    columns = (
        *("fold", ">learned from", ">scored"),
        *((">groups scored",) if grouped else ()),
        *(">" + wording.line(name, 24) for name in make_up),
        *(">score", ">95 % interval"),
    )
    rows = [
        (
            *(str(one.number), wording.count(one.learned), wording.count(one.scored)),
            *((wording.count(one.groups or 0),) if grouped else ()),
            *(wording.share(x) if facts.labels else wording.score(x) for x in one.target),
            *(wording.score(one.score.value), wording.interval(one.score)),
        )
        for one in facts.folds
    ]
    of_groups = f", {wording.count(facts.groups, 'group')} of {facts.group_column}"
    told = (
        f"{wording.count(len(facts.folds), 'fold')}, {facts.fold_kind.replace('_', ' ')}"
        f"{of_groups if grouped else ''}. {FOLD_WORDS[facts.fold_kind]}"
    )
    what = "shares of the classes" if facts.labels else "the target's mean and standard deviation"
    blocks: list[Block] = [
        Text(told),
        table(f"Folds, with {what} and the chosen model's score", columns, rows),
    ]
    return Section("folds", "Folds", (*blocks, *_fold_scores(facts)))


def _fold_scores(facts: ReportFacts) -> Iterator[Table]:
    models = [one for one in facts.models if one.folds]
    if len(models) < 2:
        return
    columns = ("fold", *(f">{one.name}" for one in models))
    rows = [
        (str(fold.number), *(wording.score(one.folds[place]) for one in models))
        for place, fold in enumerate(facts.folds)
    ]
    yield table("Every model's score by fold", columns, rows)


def _curves(facts: ReportFacts) -> Iterator[Section]:
    points = facts.curves
    if not points:
        return
    last = points[-1]
    told = (
        f"After {wording.count(last.epoch, 'epoch')} the mean loss is {wording.score(last.train)} "
        f"on rows learned from and {wording.score(last.validation)} on rows scored."
    )
    figure = Figure(
        draw_lines(
            [one for one in _series(points) if one.y],
            "Learning curves of the best trial",
            told,
            "epoch",
            "mean loss",
            log=True,
        ),
        "Mean loss over the folds; the bands reach from the lowest fold to the highest. "
        "Full line: rows learned from; dashed: rows scored.",
        told,
    )
    every = max(1, len(points) // EPOCHS_SHOWN)
    shown = [one for one in points if one.epoch % every == 0 or one is last]
    rows = [
        (str(one.epoch), wording.score(one.train), wording.score(one.validation)) for one in shown
    ]
    columns = ("epoch", ">learned from", ">scored")
    numbers = table("Mean loss by epoch", columns, rows, folded=True)
    words = (
        f"The best trial is number {facts.best_trial}. Training keeps the last epoch's weights; "
        "the scored rows are watched and choose nothing."
    )
    yield Section(
        "curves", "Learning curves", (Figures((figure,)), Text(words), numbers), beside=True
    )


def _series(points: tuple[CurvePoint, ...]) -> Iterator[Series]:
    epochs = tuple(float(one.epoch) for one in points)
    yield Series(
        "learned from",
        "a",
        epochs,
        tuple(one.train for one in points),
        tuple(one.train_low for one in points),
        tuple(one.train_high for one in points),
    )
    known = [one for one in points if one.validation is not None]
    yield Series(
        "scored",
        "b",
        tuple(float(one.epoch) for one in known),
        tuple(one.validation or 0.0 for one in known),
        tuple(one.validation_low or 0.0 for one in known),
        tuple(one.validation_high or 0.0 for one in known),
    )


def _search(facts: ReportFacts) -> Iterator[Section]:
    done = [one for one in facts.trials if one.score is not None]
    if not done:
        return
    blocks: list[Block] = []
    told = (
        f"{wording.count(len(facts.trials), 'trial')}: {len(done)} completed; the best scored "
        f"{wording.score(done[-1].best)} in the mean of its folds."
    )
    if len(done) > 1:
        tried = [Tried(one.number, one.score, one.best) for one in facts.trials]
        svg = draw_search(tried, "Search history", told, f"mean {facts.metric_title.lower()}")
        caption = "Scores of the trials in their order, and the best so far."
        blocks.append(Figures((Figure(svg, caption, told),)))
    names = list(dict.fromkeys(name for one in done for name in one.parameters))
    sign = -1 if facts.greater_is_better else 1
    best = sorted(done, key=lambda one: (sign * (one.score or 0.0), one.number))[:TOP_TRIALS]
    rows = [
        (
            str(one.number),
            *(wording.score(one.score), wording.score(one.spread)),
            *(wording.value(one.parameters.get(name)) for name in names),
        )
        for one in best
    ]
    columns = ("trial", ">mean of folds", ">sd of folds", *(f">{name}" for name in names))
    trials = table(f"The best {len(best)} trials, with what varied", columns, rows, wide=True)
    yield Section("search", "Search", (*blocks, Text(told), trials), beside=True)


def _network(network: Figure | None) -> Iterator[Section]:
    if network is not None:
        yield Section("network", "The network", (Text(network.words), Figures((network,))))


def _origin(facts: ReportFacts) -> Section:
    files = [(name, digest[:DIGITS_SHOWN]) for name, digest in facts.digests.items()]
    tables = [
        table("Data files", ("file", f"SHA-256, first {DIGITS_SHOWN} digits"), files),
        table(
            "Parameters of the best trial",
            ("parameter", ">value"),
            [(name, wording.value(told)) for name, told in facts.parameters.items()],
        ),
        table(
            "Versions",
            ("what", "version"),
            [(name.removeprefix("version."), told) for name, told in facts.versions.items()],
        ),
    ]
    known = tuple(one for one in tables if one.rows)
    return Section("origin", "How it was made", known)
