"""The schema report: what it finds between a training and a test table."""

from __future__ import annotations

import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from pipelines.tables import read_tables
from pipelines.tables.reading import TablePair
from pipelines.tables.schema import Roles, SchemaReport, describe_tables, report_page
from pipelines.tables.schema.adversarial import area
from pipelines.tables.schema.drift import distance, stability
from pipelines.tables.schema.rules import Evidence, find
from pipelines.tables.schema.values import Duplicates, Shift

ROLES = Roles(("answer",), "id")
Builder = Callable[..., SchemaReport]


def plain(rows: int, seed: int) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    x = generator.normal(size=rows)
    return pd.DataFrame(
        {
            "id": generator.permutation(rows),
            "x": x,
            "w": generator.normal(size=rows),
            "colour": generator.choice(["green", "brown", "black"], rows),
            "answer": np.where(x + generator.normal(size=rows) > 0, "yes", "no"),
        }
    )


@pytest.fixture
def described() -> Builder:
    """Describes two tables; `train` and `test` change them first."""

    def describe(
        train: Callable[[pd.DataFrame], pd.DataFrame] = lambda frame: frame,
        test: Callable[[pd.DataFrame], pd.DataFrame] = lambda frame: frame,
        roles: Roles = ROLES,
        rows: int = 600,
    ) -> SchemaReport:
        left, right = train(plain(rows, 1)), test(plain(rows, 2).drop(columns="answer"))
        reserved = {*roles.targets, roles.id_column, roles.group_column}
        features = tuple(n for n in left.columns if n in right.columns and n not in reserved)
        return describe_tables(TablePair(left, right, features, "0" * 64, {}), roles)

    return describe


def rules(report: SchemaReport) -> dict[str, str]:
    return {finding.rule: finding.severity for finding in report.findings}


def test_two_samples_of_one_source_raise_no_warning(described: Builder) -> None:
    report = described()
    assert report.is_sound
    assert not report.of_severity("warning")
    assert report.shift is not None
    assert report.shift.low < 0.5 < report.shift.high


def test_a_shifted_column_is_found_and_named(described: Builder) -> None:
    report = described(test=lambda frame: frame.assign(w=frame["w"] + 1.5))
    assert report.shift is not None
    assert report.shift.low > 0.7
    assert report.shifted()[0].name == "w"
    assert rules(report)["shift"] == "warning"
    drifted = next(one for one in report.columns if one.name == "w")
    assert drifted.drift is not None
    assert drifted.drift.psi > 0.25


def test_an_auc_just_outside_its_interval_is_no_finding() -> None:
    def found(low: float) -> set[str]:
        shift = Shift(0.66, low, 0.82, 60, 40)
        pair = TablePair(plain(60, 1), plain(40, 2), ("x",), "0" * 64, {})
        evidence = Evidence(ROLES, pair, (), (), shift, Duplicates(0, 0, 0, 0, 60), {}, None, None)
        return {finding.rule for finding in find(evidence)}

    assert found(0.52) == set()
    assert found(0.60) == {"shift"}


def test_rows_of_one_group_are_no_shift(described: Builder) -> None:
    def grouped(frame: pd.DataFrame, first: int) -> pd.DataFrame:
        generator = np.random.default_rng(first)
        group = np.arange(len(frame)) // 30
        return frame.assign(
            tree=group + first, weight=generator.normal(size=group.max() + 1)[group]
        )

    report = described(
        train=lambda frame: grouped(frame, 0),
        test=lambda frame: grouped(frame, 1000),
        roles=Roles(("answer",), "id", "tree"),
        rows=1500,
    )
    assert report.shift is not None
    assert report.shift.train_rows == 50
    assert "drift" not in rules(report)
    assert "shift" not in rules(report)


def test_missing_and_extra_columns_are_told_apart(described: Builder) -> None:
    report = described(
        train=lambda frame: frame.assign(only_here=1.0),
        test=lambda frame: frame.assign(only_there=2.0),
    )
    assert rules(report) | {"missing_columns": "warning", "extra_columns": "note"} == rules(report)
    by_rule = {finding.rule: finding.columns for finding in report.findings}
    assert by_rule["missing_columns"] == ("only_here",)
    assert by_rule["extra_columns"] == ("only_there",)


def test_a_column_of_other_kind_is_an_error(described: Builder) -> None:
    report = described(test=lambda frame: frame.assign(w="about " + frame["w"].round().astype(str)))
    assert rules(report)["kinds"] == "error"
    assert not report.is_sound


def test_words_are_one_kind_however_many_rows_and_values_there_are(described: Builder) -> None:
    report = described(
        train=lambda frame: frame.assign(
            name=[f"n{n}" for n in frame.index], told=np.resize(["yes", "no", "maybe"], len(frame))
        ),
        test=lambda frame: frame.head(40).assign(
            name=[f"m{n}" for n in range(40)], told=np.resize(["yes", "no"], 40)
        ),
    )
    kinds = {one.name: (one.train_kind, one.test_kind) for one in report.columns}
    assert kinds["name"] == ("text", "categorical")
    assert kinds["told"] == ("categorical", "boolean")
    assert "kinds" not in rules(report)


def test_a_single_row_is_told_of_as_one(described: Builder) -> None:
    train = plain(600, 1)

    def with_an_old_row(frame: pd.DataFrame) -> pd.DataFrame:
        return pd.concat([frame[1:], train[:1].drop(columns="answer")], ignore_index=True)

    report = described(
        train=lambda frame: pd.concat([frame, frame[:1]], ignore_index=True), test=with_an_old_row
    )
    told = {finding.rule: finding.message for finding in report.findings}
    assert told["duplicate_rows"] == "1 of 601 training rows has the features of an earlier one"
    assert told["shared_rows"] == "1 test row (0.2%) has the features of a training row"


def test_unseen_values_are_counted_by_test_rows(described: Builder) -> None:
    def tenth_purple(frame: pd.DataFrame) -> pd.DataFrame:
        colours = frame["colour"].to_numpy().copy()
        colours[::10] = "purple"
        return frame.assign(colour=colours)

    report = described(test=tenth_purple)
    colour = next(one for one in report.columns if one.name == "colour")
    assert colour.unseen == pytest.approx(0.1)
    assert colour.unseen_values == ("purple",)
    assert rules(report)["unseen"] == "warning"


def test_gaps_on_one_side_are_a_warning(described: Builder) -> None:
    report = described(test=lambda frame: frame.assign(w=frame["w"].where(frame.index % 2 == 0)))
    told = next(finding for finding in report.findings if finding.rule == "missing_values")
    assert told.severity == "warning"
    assert "50%" in told.message


def test_gaps_that_chance_explains_are_no_warning(described: Builder) -> None:
    report = described(
        train=lambda frame: frame.assign(w=frame["w"].where(frame.index >= 20)),
        test=lambda frame: frame.assign(w=frame["w"].where(frame.index >= 26)),
        rows=40,
    )
    facts = next(one for one in report.columns if one.name == "w")
    assert (facts.train_missing, facts.test_missing) == (0.5, 0.65)
    assert "missing_values" not in rules(report)


def test_constant_and_equal_columns_are_found(described: Builder) -> None:
    codes = {"green": 3, "brown": 1, "black": 2}

    def more(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(same=7, copy=frame["x"], code=frame["colour"].map(codes))

    report = described(train=more, test=more)
    assert set(report.duplicates.columns) == {("x", "copy"), ("colour", "code")}
    constant = next(finding for finding in report.findings if finding.rule == "constant")
    assert constant.columns == ("same",)


def test_columns_of_names_are_not_equal_because_each_differs(described: Builder) -> None:
    def named(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(a=[f"a{n}" for n in frame.index], b=[f"b{n}" for n in frame.index])

    assert not described(train=named, test=named).duplicates.columns


def test_rows_on_both_sides_are_counted(described: Builder) -> None:
    train = plain(600, 1)

    def with_old_rows(frame: pd.DataFrame) -> pd.DataFrame:
        return pd.concat([frame[30:], train[:30].drop(columns="answer")], ignore_index=True)

    report = described(test=with_old_rows)
    assert report.duplicates.shared == 30
    assert rules(report)["shared_rows"] == "warning"


def test_copies_that_contradict_each_other_are_counted(described: Builder) -> None:
    def copied(frame: pd.DataFrame) -> pd.DataFrame:
        turned = frame[:10].assign(answer=frame["answer"][:10].map({"yes": "no", "no": "yes"}))
        return pd.concat([frame, turned], ignore_index=True)

    report = described(train=copied)
    assert (report.duplicates.train, report.duplicates.contradicting) == (10, 20)


def test_a_column_that_tells_the_target_is_a_suspected_leak(described: Builder) -> None:
    report = described(
        train=lambda frame: frame.assign(
            score=(frame["answer"] == "yes") * 2.0 + frame["w"] * 0.01
        ),
        test=lambda frame: frame.assign(score=1.0),
    )
    leak = next(finding for finding in report.findings if finding.rule == "leak")
    assert leak.columns == ("score",)
    honest = next(one for one in report.columns if one.name == "x")
    assert honest.skill is not None
    assert 0.1 < honest.skill < 0.8


def test_sorted_rows_are_noticed_by_id_and_place(described: Builder) -> None:
    def sorted_rows(frame: pd.DataFrame) -> pd.DataFrame:
        ordered = frame.sort_values("answer", ignore_index=True)
        return ordered.assign(id=[f"F{n}" for n in range(len(ordered))])

    found = rules(described(train=sorted_rows))
    assert found["id_leak"] == "warning"
    assert found["order_leak"] == "warning"


def test_one_class_is_an_error_and_a_rare_one_a_warning(described: Builder) -> None:
    assert rules(described(train=lambda frame: frame.assign(answer="yes")))["target"] == "error"
    rare = described(
        train=lambda frame: frame.assign(answer=["no"] * 5 + ["yes"] * (len(frame) - 5))
    )
    assert rules(rare)["target"] == "warning"


def test_values_are_described_by_quantiles(described: Builder) -> None:
    report = described(train=lambda frame: frame.assign(answer=np.exp(2.0 * frame["x"])))
    target = report.targets[0]
    assert not target.classes
    assert dict(target.quantiles)["50%"] == pytest.approx(1.0, abs=0.3)
    assert rules(report)["target"] == "note"


def test_the_same_tables_give_the_same_report(described: Builder) -> None:
    assert described() == described()


def test_without_a_test_table_there_is_still_a_report() -> None:
    train = plain(300, 1)
    report = describe_tables(TablePair(train, None, ("x", "w", "colour"), "0" * 64, {}), ROLES)
    assert report.shift is None
    assert report.test_rows is None
    assert "none" in report_page(report, "alone")


def test_the_auc_and_its_error_agree_with_other_implementations() -> None:
    generator = np.random.default_rng(4)
    side = generator.integers(0, 2, 400)
    scores = np.round(generator.normal(size=400) + side, 1)
    auc, variance = area(scores, side)
    assert auc == pytest.approx(roc_auc_score(side, scores))
    samples = [generator.integers(0, 400, 400) for _ in range(400)]
    spread = np.std([roc_auc_score(side[rows], scores[rows]) for rows in samples])
    assert np.sqrt(variance) == pytest.approx(spread, rel=0.15)


def test_the_stability_index_stays_below_its_limit_by_chance() -> None:
    generator = np.random.default_rng(5)
    shares = np.full(10, 0.1)
    drawn = [
        stability(
            generator.multinomial(500, shares) * 1.0, generator.multinomial(200, shares) * 1.0
        )
        for _ in range(500)
    ]
    assert np.mean([psi > limit for psi, limit in drawn]) < 0.01


def test_the_distance_is_that_of_kolmogorov_and_smirnov() -> None:
    from scipy.stats import ks_2samp

    generator = np.random.default_rng(6)
    left, right = generator.normal(size=80), generator.normal(0.4, 1, 120)
    assert distance(left, right) == pytest.approx(ks_2samp(left, right).statistic)


class Tags(HTMLParser):
    """Collects the tags, attributes and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'{{7*7}}"


def test_hostile_names_and_values_stay_text(described: Builder) -> None:
    def hostile(frame: pd.DataFrame) -> pd.DataFrame:
        changed = frame.rename(columns={"w": HOSTILE})
        return changed.assign(colour=frame["colour"].replace("green", HOSTILE + "é"))

    report = described(
        train=lambda frame: hostile(frame).assign(answer=frame["answer"].replace("no", HOSTILE)),
        test=hostile,
    )
    page = Tags()
    page.feed(report_page(report, HOSTILE))
    assert HOSTILE in page.text
    assert not {"script", "img", "link", "iframe"} & set(page.tags)
    assert not {name for name in page.attributes if name.startswith("on") or name == "src"}


def test_the_report_is_json_without_nan(described: Builder) -> None:
    report = described(train=lambda frame: frame.assign(empty=np.nan, endless=np.inf))
    assert json.loads(json.dumps(report.as_dict(), allow_nan=False))["train_rows"] == 600


def test_odd_columns_do_not_stop_it(described: Builder) -> None:
    def odd(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(
            nothing=np.nan,
            endless=np.where(frame.index == 3, np.inf, 1.0),
            moment=pd.Timestamp("2026-01-01") + pd.to_timedelta(frame.index, unit="h"),
            truth=frame["x"] > 0,
            mixed=["1" if n % 2 else "one" for n in frame.index],
        )

    report = described(train=odd, test=odd)
    assert {one.name for one in report.columns} >= {"nothing", "endless", "moment", "truth"}
    assert {one.name: one.summary for one in report.columns}["endless"] == "1 … 1, median 1"


def test_titanic_is_described_without_a_false_alarm(shared_data: Path) -> None:
    folder = shared_data / "titanic"
    pair = read_tables(
        folder / "train.csv", folder / "test.csv", targets=("Survived",), id_column="PassengerId"
    )
    report = describe_tables(pair, Roles(("Survived",), "PassengerId"))
    assert report.is_sound
    assert not report.of_severity("warning")
    facts: dict[str, Any] = {one.name: one for one in report.columns}
    assert facts["Sex"].skill > 0.2
    assert facts["Cabin"].train_missing == pytest.approx(0.771, abs=0.001)


@pytest.mark.parametrize("far", ["9999-12-31", "0001-01-01", "1500-02-02T10:00:00Z"])
def test_dates_of_any_year_are_described(tmp_path: Path, far: str) -> None:
    table = plain(120, 1).assign(until=np.where(np.arange(120) % 3, "2024-05-06", far))
    table.to_csv(tmp_path / "train.csv", index=False)
    table.drop(columns="answer").to_csv(tmp_path / "test.csv", index=False)
    pair = read_tables(
        tmp_path / "train.csv", tmp_path / "test.csv", targets=["answer"], id_column="id"
    )
    column = next(one for one in describe_tables(pair, ROLES).columns if one.name == "until")
    assert column.train_kind == "date"
    assert far[:10] in column.summary
    assert all(bar.label[2:].strip()[4] == "-" for bar in column.bars)


def test_numbers_beyond_those_of_trees_are_described(described: Builder) -> None:
    report = described(lambda frame: frame.assign(w=np.where(frame["x"] > 0, 1e60, -1e90)))
    assert "leak" not in rules(report)
    assert next(one for one in report.columns if one.name == "w").skill is not None


def test_infinite_and_huge_numbers_are_a_finding(tmp_path: Path) -> None:
    table = plain(120, 1)
    table.loc[:4, "x"] = np.inf
    table.loc[:2, "w"] = [1e308, -1e308, 3.0]
    table.to_csv(tmp_path / "train.csv", index=False)
    pair = read_tables(tmp_path / "train.csv", None, targets=["answer"], id_column="id")
    report = describe_tables(pair, ROLES)
    found = [one.message for one in report.findings if one.rule == "not_finite"]
    assert found == [
        "'x' holds numbers that cannot be calculated with: 5 infinite values (taken as missing)",
        "'w' holds numbers that cannot be calculated with: 2 values beyond 1e+100 (taken as that)",
    ]
    assert report.columns[1].train_missing == pytest.approx(5 / 120)
