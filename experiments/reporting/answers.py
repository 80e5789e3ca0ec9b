"""What a report says of a model's answers: right and wrong, how sure, by which columns."""

from __future__ import annotations

from collections.abc import Iterator

from experiments.reporting import wording
from experiments.reporting.charts import (
    Rung,
    draw_bars,
    draw_confusion,
    draw_histogram,
    draw_reliability,
    draw_residuals,
)
from experiments.reporting.diagnosis import Confusion, Residuals, WorstRow
from experiments.reporting.document import Block, Figure, Figures, Section, Text, table
from experiments.reporting.estimates import Estimate
from experiments.reporting.facts import ReportFacts
from pipelines.models.calibration import Calibration

MOST_CLASSES_DRAWN = 20
MOST_CONFUSIONS = 15
MOST_BARS = 15


def answer_sections(facts: ReportFacts) -> Iterator[Section]:
    """Yield the sections on the chosen model's out-of-fold answers."""
    if facts.confusion is not None:
        yield _confusion(facts.confusion)
    if facts.residuals:
        blocks = [block for one in facts.residuals for block in _residuals(one)]
        yield Section("residuals", "Residuals", tuple(blocks))
    if facts.calibration is not None:
        yield _calibration(facts.calibration, facts.labels)
    yield _importance(facts)
    yield _worst(facts)


def _confusion(confusion: Confusion) -> Section:
    told = f"{wording.share(confusion.right)} of the rows are given their true class."
    blocks: list[Block] = []
    if len(confusion.labels) <= MOST_CLASSES_DRAWN:
        svg = draw_confusion(confusion, "Confusion matrix", told)
        caption = (
            "Rows of each true class by the class predicted: counts, and shares of the true class."
        )
        blocks.append(Figures((Figure(svg, caption, told),)))
    blocks.append(Text(told))
    if len(confusion.labels) <= MOST_CLASSES_DRAWN:
        blocks.append(_matrix(confusion))
    blocks.append(_commonest(confusion))
    return Section("confusion", "Confusion", tuple(blocks), beside=True)


def _matrix(confusion: Confusion) -> Block:
    labels = [wording.line(name) for name in confusion.labels]
    rows = [
        (name, *(_with_share(rows, sum(row)) for rows in row))
        for name, row in zip(labels, confusion.counts, strict=True)
    ]
    columns = ("truth", *(f">{name}" for name in labels))
    return table("Rows by true (down) and predicted class (across)", columns, rows, folded=True)


def _with_share(rows: int, total: int) -> str:
    return f"{wording.count(rows)} ({wording.share(rows / max(total, 1))})"


def _commonest(confusion: Confusion) -> Block:
    pairs = [
        (rows, sum(row), i, j)
        for i, row in enumerate(confusion.counts)
        for j, rows in enumerate(row)
        if rows and i != j
    ]
    rows = [
        (wording.line(confusion.labels[i]), wording.line(confusion.labels[j]), _with_share(n, of))
        for n, of, i, j in sorted(pairs, reverse=True)[:MOST_CONFUSIONS]
    ]
    columns = ("truth", "taken for", ">rows (share of the true class)")
    return table("The commonest confusions", columns, rows)


def _residuals(one: Residuals) -> Iterator[Block]:
    name = wording.line(one.target)
    told = (
        f"{name}: truth minus prediction is {wording.score(one.mean)} in the mean, "
        f"with standard deviation {wording.score(one.spread)}; the mean absolute error is "
        f"{wording.score(one.mean_absolute)}."
    )
    yield Text(told)
    drawn = wording.count(len(one.points))
    yield Figures(
        (
            Figure(
                draw_residuals(one, f"Residuals of {name}", told),
                f"Residuals over predictions, {drawn} of {wording.count(one.rows)} rows.",
                told,
            ),
            Figure(draw_histogram(one, f"Residuals of {name}", told), "How often which.", told),
        )
    )
    columns = (">5 %", ">25 %", ">median", ">75 %", ">95 %")
    row = tuple(wording.score(quantile) for quantile in one.quantiles)
    yield table(f"Quantiles of the residuals of {name}", columns, [row])


def _calibration(calibration: Calibration, labels: tuple[str, ...]) -> Section:
    two = len(labels) == 2
    what = f"probability of {wording.line(labels[1])}" if two else "probability of the likeliest"
    told = (
        f"Expected calibration error {wording.score(calibration.error)}; "
        f"Brier score {wording.score(calibration.brier)} (0 is best)."
    )
    form = "(p − y)²" if two else "Σₖ (pₖ − yₖ)² over the classes k"
    formulas = (
        "Rows are put into ten bins of equal width by the probability they were told. The expected "
        "calibration error is Σ n_b/n · |share that came true − mean probability told| over the "
        f"bins b (Guo et al. 2017); the Brier score is the mean of {form} (Brier 1950). "
        "Whiskers: Wilson's 95 % interval (1927), rows taken as independent."
    )
    figure = Figure(
        draw_reliability(calibration, "Reliability", told, what),
        "What came true over what was said; on the dotted line both agree. Hollow: fewer than "
        "ten rows. Bars: number of rows.",
        told,
    )
    rows = [
        (
            f"{one.low:.1f} to {one.high:.1f}",
            *(wording.count(one.rows), wording.share(one.said), wording.share(one.seen)),
            wording.interval(Estimate(None, one.seen_low, one.seen_high)),
        )
        for one in calibration.bins
    ]
    columns = (what, ">rows", ">mean told", ">came true", ">95 % interval")
    bins = table("Reliability by bin", columns, rows, folded=True)
    return Section(
        "calibration",
        "Calibration",
        (Figures((figure,)), Text(told), bins, Text(formulas)),
        beside=True,
    )


def _importance(facts: ReportFacts) -> Section:
    found = facts.importances
    first = found.columns[:MOST_BARS]
    part = "all" if found.rows == found.of_rows else "a sample of"
    told = (
        f"How much worse {facts.metric_title.lower()} gets when one raw column is permuted among "
        f"the scored rows of each fold, answered by the models that did not learn from them: mean "
        f"and standard deviation of {found.repeats} repeats on {part} "
        f"{wording.count(found.rows, 'scored row')} "
        f"(Breiman 2001; Fisher et al. 2019). Columns that carry the same news share their worth: "
        f"each alone may seem to be worth little."
    )
    if facts.group_column:
        told += f" The group column {wording.line(facts.group_column)} is not permuted."
    rungs = [
        Rung(
            one.column,
            Estimate(one.drop, one.drop - one.spread, one.drop + one.spread),
            text=wording.difference(one.drop, facts.score.value),
        )
        for one in first
    ]
    beside = facts.score.value
    shown = ", ".join(
        f"{wording.line(one.column)} {wording.difference(one.drop, beside)}" for one in first
    )
    figure = Figure(
        draw_bars(rungs, "Permutation importance", shown, f"loss of {facts.metric_title.lower()}"),
        "Loss of score when a column says nothing; lines: one standard deviation of the repeats.",
        f"Loss of score by column: {shown}.",
    )
    rows = [
        (
            wording.line(one.column),
            wording.difference(one.drop, beside),
            wording.difference(one.spread, beside).lstrip("+"),
        )
        for one in found.columns
    ]
    numbers = table(
        "Permutation importance", ("column", ">loss of score", ">sd"), rows, folded=True
    )
    return Section(
        "importance",
        "What columns are worth",
        (Figures((figure,)), Text(told), numbers),
        beside=True,
    )


def _worst(facts: ReportFacts) -> Section:
    classes = bool(facts.labels)
    error = "absolute error" if len(facts.targets) == 1 else "mean absolute error of the targets"
    loss = "minus the logarithm of the true class's probability" if classes else error
    each = f", the worst of each {wording.line(facts.group_column)}" if facts.group_column else ""
    told = (
        f"The rows with the greatest loss ({loss}){each}: mislabelled, measured wrongly, or truly "
        "hard? Raw values as they stand in the table, the most important columns first."
    )
    names = [
        f"{'>' if _are_numbers(facts, place) else ''}{wording.line(name, 24)}"
        for place, name in enumerate(facts.worst_columns)
    ]
    columns = (
        *("row", "truth", "prediction"),
        *((">told with",) if classes else ()),
        *(">loss", *names),
    )
    rows = [_worst_row(one, classes) for one in facts.worst]
    worst = table("Errors worth looking at", columns, rows)
    return Section("errors", "Errors worth looking at", (Text(told), worst))


def _are_numbers(facts: ReportFacts, place: int) -> bool:
    values = (row.values[place] for row in facts.worst)
    return all(one is None or isinstance(one, int | float) for one in values)


def _worst_row(one: WorstRow, classes: bool) -> tuple[str, ...]:
    sure = () if one.confidence is None else (wording.share(one.confidence),)
    return (
        *(wording.value(one.id), wording.value(one.truth), wording.value(one.said)),
        *(sure if classes else ()),
        wording.score(one.loss),
        *(wording.value(told) for told in one.values),
    )
