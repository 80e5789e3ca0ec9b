"""The linter finds what would make a board wrong or unfair, and is silent on a sound contest."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from competition.building import RULES, LintReport, SplitPlan, build_contest_folder, lint_contest
from competition.building.probes import dealt_out
from competition.definition import MetricChoice
from competition.tables import read_table, write_table


def harvest(rows: int = 1200) -> pd.DataFrame:
    """Fruits whose stage shows in two features, neither of which settles it."""
    rng = np.random.default_rng(7)
    ripeness = rng.normal(size=rows)
    return pd.DataFrame(
        {
            "firmness": (50 - 12 * ripeness + rng.normal(0, 10, rows)).round(3),
            "hue": (110 - 20 * ripeness + rng.normal(0, 18, rows)).round(3),
            "orchard": rng.integers(0, 8, rows),
            "stage": pd.cut(ripeness, [-9, -0.6, 0.6, 9], labels=["hard", "ripe", "soft"]),
        }
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound contest."""
    build_contest_folder(
        tmp_path / "fruit",
        slug="fruit",
        train=harvest(),
        targets=["stage"],
        split=SplitPlan(test_fraction=0.5),
    )
    return tmp_path / "fruit"


def found(report: LintReport) -> dict[str, str]:
    """Rules broken, each with its gravest severity, but for notes."""
    return {
        finding.rule: finding.severity
        for finding in reversed(report.findings)
        if finding.severity != "note"
    }


def change(path: Path, **columns) -> None:
    frame = read_table(path, all_text=True)
    write_table(frame.assign(**columns), path)


def test_a_sound_contest_has_no_finding_but_notes(folder: Path) -> None:
    report = lint_contest(folder)
    assert found(report) == {}
    assert report.is_sound
    assert report.probes["perfect"] == 1.0
    assert report.probes["rows in another order"] == 1.0
    assert 0 < report.probes["sample"] < 1
    refused = [name for name, score in report.probes.items() if score is None]
    assert refused == ["an empty cell", "an id missing", "an id twice and one missing"]


def test_every_finding_has_a_known_rule_and_advice_unless_it_is_a_note(tmp_path: Path) -> None:
    report = lint_contest(tmp_path)
    assert [finding.rule for finding in report.findings] == ["files"]
    assert set(RULES) >= {finding.rule for finding in report.findings}
    assert report.findings[0].advice


@pytest.mark.parametrize(
    ("metric", "targets", "labels"),
    [
        ("accuracy", ["stage"], None),
        ("quadratic_weighted_kappa", ["stage"], ["hard", "ripe", "soft"]),
        ("multiclass_log_loss", ["stage"], None),
        ("macro_auc", ["stage"], None),
        ("ranked_probability_score", ["stage"], ["hard", "ripe", "soft"]),
        ("auc", ["is_soft"], None),
        ("log_loss", ["is_soft"], None),
        ("mean_columnwise_auc", ["is_soft", "is_hard"], None),
        ("rmse", ["firmness"], None),
        ("mcrmse", ["firmness", "hue"], None),
        ("spearman_correlation", ["hue"], None),
        ("normalized_gini", ["firmness"], None),
        ("kl_divergence", ["a", "b"], None),
        ("map_at_k", ["tags"], None),
        ("mean_f_beta", ["tags"], None),
        ("levenshtein", ["tags"], None),
        ("dice", ["mask"], None),
    ],
)
def test_trial_entries_come_out_right_for_every_kind_of_prediction(
    tmp_path: Path, metric: str, targets: list[str], labels: list[str] | None
) -> None:
    frame = harvest(600)
    share = np.random.default_rng(1).uniform(0.1, 0.9, 600).round(3)
    starts = np.arange(600) % 90 + 1
    frame = frame.assign(
        is_soft=(frame["stage"] == "soft").astype(int),
        is_hard=(frame["stage"] == "hard").astype(int),
        a=share,
        b=(1 - share).round(3),
        tags=[f"t{n % 7} t{n % 5 + 10}" for n in range(600)],
        mask=[f"{start} 5" for start in starts],
        firmness=frame["firmness"].abs() + 1,
    )
    kept = frame[["hue", "firmness", "orchard"]].drop(columns=targets, errors="ignore")
    build_contest_folder(
        tmp_path / "fruit",
        slug="fruit",
        train=kept.assign(**{name: frame[name] for name in targets}),
        targets=targets,
        metric=metric,
        labels=labels,
    )
    report = lint_contest(tmp_path / "fruit")
    assert [finding for finding in report.findings if finding.severity == "error"] == []
    assert report.probes["perfect"] is not None
    assert report.probes["sample"] is not None


def test_ids_that_do_not_fit_are_errors(folder: Path) -> None:
    change(folder / "data/sample_submission.csv", id=[f"x{n}" for n in range(600)])
    report = lint_contest(folder)
    assert found(report) == {"ids": "error"}
    assert "600 ids are missing from sample_submission.csv" in report.findings[0].message


def test_a_broken_sample_submission_is_an_error(folder: Path) -> None:
    change(folder / "data/sample_submission.csv", stage="Ripe")
    assert found(lint_contest(folder)) == {"sample": "error"}


def test_one_class_on_a_board_is_an_error_for_auc(tmp_path: Path) -> None:
    frame = harvest().assign(soft=lambda table: (table["stage"] == "soft").astype(int))
    build_contest_folder(
        tmp_path / "fruit",
        slug="fruit",
        train=frame.drop(columns="stage"),
        targets=["soft"],
        metric="auc",
    )
    solution = read_table(tmp_path / "fruit/solution.csv", all_text=True)
    change(
        tmp_path / "fruit/solution.csv",
        Usage=np.where(solution["soft"] == "1", "Public", "Private"),
    )
    broken = found(lint_contest(tmp_path / "fruit"))
    assert broken["perfect"] == "error"
    assert broken["labels"] == "warning"


def test_a_label_that_nothing_can_learn_is_told(folder: Path) -> None:
    train = read_table(folder / "data/train.csv", all_text=True)
    write_table(train[train["stage"] != "soft"], folder / "data/train.csv")
    report = lint_contest(folder)
    assert found(report) == {"labels": "warning"}
    assert "nothing can learn it" in report.findings[0].message


def test_an_unknown_label_in_the_truth_is_an_error(folder: Path) -> None:
    solution = read_table(folder / "solution.csv", all_text=True)
    solution.loc[0, "stage"] = "rotten"
    write_table(solution, folder / "solution.csv")
    assert found(lint_contest(folder))["labels"] == "error"


def test_truth_in_the_test_file_is_an_error(folder: Path) -> None:
    truth = read_table(folder / "solution.csv", all_text=True)["stage"]
    change(folder / "data/test.csv", stage=truth)
    assert found(lint_contest(folder))["columns"] == "error"


def test_a_solution_among_the_data_files_is_an_error(folder: Path) -> None:
    (folder / "data/extra.csv").write_bytes((folder / "solution.csv").read_bytes())
    assert found(lint_contest(folder)) == {"solution_in_data": "error"}


def test_features_of_one_side_alone_are_told(folder: Path) -> None:
    change(folder / "data/test.csv", weight="5")
    change(folder / "data/train.csv", length="5")
    report = lint_contest(folder)
    assert found(report) == {"columns": "warning"}
    assert len(report.of_severity("warning")) == 2


def test_repeated_rows_are_told(folder: Path) -> None:
    train = read_table(folder / "data/train.csv", all_text=True)
    test = read_table(folder / "data/test.csv", all_text=True)
    truth = read_table(folder / "solution.csv", all_text=True)["stage"]
    copies = test[:30].assign(stage=truth[:30], id=range(90001, 90031))
    write_table(pd.concat([train, copies]), folder / "data/train.csv")
    report = lint_contest(folder)
    assert found(report) == {"duplicates": "warning"}
    assert "30 of 600 test rows" in report.findings[0].message
    assert "looking their stage up there is right for 30" in report.findings[0].message


def test_rows_that_repeat_by_coincidence_are_only_noted(tmp_path: Path) -> None:
    frame = harvest(2000)[["orchard", "stage"]]
    folder = tmp_path / "coarse"
    build_contest_folder(folder, slug="coarse", train=frame, targets=["stage"])
    report = lint_contest(folder)
    assert found(report) == {}
    assert [finding.severity for finding in report.findings if finding.rule == "duplicates"] == [
        "note"
    ]


SPELLINGS = {
    "truth values": ("True", "False"),
    "floats": ("1.0", "0.0"),
    "missing values": ("NA", "None"),
    "commas, quotes and line breaks": ('a, "b"', "ü\nz"),
    "leading zeros": ("007", "010"),
    "numbers and words": ("3", "x"),
    "spaces": (" a", "a"),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("metric", ["accuracy", "auc", "multiclass_log_loss"])
def test_labels_may_be_spelt_in_any_way(tmp_path: Path, spelling: str, metric: str) -> None:
    frame = harvest(300)
    one, other = SPELLINGS[spelling]
    frame["stage"] = np.where(frame["stage"] == "hard", one, other)
    build_contest_folder(tmp_path / "c", slug="c", train=frame, targets=["stage"], metric=metric)
    report = lint_contest(tmp_path / "c")
    assert report.is_sound, report.of_severity("error")
    assert report.probes["perfect"] is not None


@pytest.mark.parametrize(
    "form",
    ["1{:018d}", "1{:025d}", "{}.0", "2024-01-01T00:{:03d}", " {}", "-{}", "k{:03d}", "NA{}"],
)
def test_ids_may_be_spelt_in_any_way(tmp_path: Path, form: str) -> None:
    frame = harvest(300).assign(key=[form.format(n) for n in range(300)])
    build_contest_folder(tmp_path / "c", slug="c", train=frame, targets=["stage"], id_column="key")
    report = lint_contest(tmp_path / "c")
    assert report.is_sound, report.of_severity("error")
    assert set(read_table(tmp_path / "c/solution.csv", all_text=True)["key"]) <= set(frame["key"])


def test_an_id_that_tells_the_target_is_an_error(folder: Path) -> None:
    train = read_table(folder / "data/train.csv", all_text=True).sort_values("stage")
    shuffled = train.assign(id=[str(n) for n in range(len(train))]).sample(frac=1, random_state=1)
    write_table(shuffled, folder / "data/train.csv")
    assert found(lint_contest(folder))["id_leak"] == "error"


def test_a_row_order_that_tells_the_target_is_an_error(folder: Path) -> None:
    train = read_table(folder / "data/train.csv", all_text=True).sort_values("stage")
    write_table(train, folder / "data/train.csv")
    assert found(lint_contest(folder)) == {"order_leak": "error"}


def test_a_test_file_in_the_order_of_its_truth_is_an_error(folder: Path) -> None:
    test = read_table(folder / "data/test.csv", all_text=True)
    truth = read_table(folder / "solution.csv", all_text=True)["stage"]
    write_table(test.iloc[np.argsort(truth, kind="stable")], folder / "data/test.csv")
    assert found(lint_contest(folder)) == {"order_leak": "error"}


def test_a_feature_that_alone_tells_the_target_is_told(folder: Path) -> None:
    for name, truth in (("train.csv", "data/train.csv"), ("test.csv", "solution.csv")):
        stage = read_table(folder / truth, all_text=True)["stage"]
        code = stage.map({"hard": "11.5", "ripe": "2.5", "soft": "7.25"})
        change(folder / "data" / name, code=code)
    report = lint_contest(folder)
    assert found(report) == {"feature_leak": "warning"}
    assert "'code' alone tells 100%" in report.findings[0].message


def numbers(rows: int = 1200) -> pd.DataFrame:
    """Fruits with two numeric targets, each a little told by two features."""
    rng = np.random.default_rng(8)
    ripeness = rng.normal(size=rows)
    return pd.DataFrame(
        {
            "hue": (110 - 20 * ripeness + rng.normal(0, 18, rows)).round(3),
            "sound": (60 - 5 * ripeness + rng.normal(0, 6, rows)).round(3),
            "firmness": (50 - 12 * ripeness + rng.normal(0, 10, rows)).round(3),
            "weight": (200 + 9 * ripeness + rng.normal(0, 9, rows)).round(3),
        }
    )


@pytest.fixture
def two_targets(tmp_path: Path) -> Path:
    """A sound contest of two numbers to predict."""
    build_contest_folder(
        tmp_path / "two", slug="two", train=numbers(), targets=["firmness", "weight"],
        split=SplitPlan(test_fraction=0.5),
    )  # fmt: skip
    return tmp_path / "two"


def test_a_sound_contest_of_one_number_has_no_finding_but_notes(tmp_path: Path) -> None:
    build_contest_folder(
        tmp_path / "one", slug="one", train=numbers().drop(columns="weight"),
        targets=["firmness"], split=SplitPlan(test_fraction=0.5),
    )  # fmt: skip
    report = lint_contest(tmp_path / "one")
    assert found(report) == {}
    assert report.probes["perfect"] == 0.0 < report.probes["always the median"]


def test_a_sound_contest_of_two_numbers_has_no_finding_but_notes(two_targets: Path) -> None:
    report = lint_contest(two_targets)
    assert found(report) == {}
    assert report.probes["perfect"] == 0.0


def test_a_feature_that_tells_the_second_target_is_told(two_targets: Path) -> None:
    for name, truth in (("train.csv", "data/train.csv"), ("test.csv", "solution.csv")):
        weight = read_table(two_targets / truth)["weight"]
        change(two_targets / "data" / name, grams=(weight * 1000).round(1).astype(str))
    report = lint_contest(two_targets)
    assert found(report) == {"feature_leak": "warning"}
    assert "'grams' alone tells" in report.findings[0].message
    assert report.findings[0].message.endswith("about 'weight'")


def test_an_order_that_tells_the_second_target_is_an_error(two_targets: Path) -> None:
    train = read_table(two_targets / "data/train.csv", all_text=True)
    order = np.argsort(train["weight"].astype(float), kind="stable")
    write_table(train.iloc[order], two_targets / "data/train.csv")
    report = lint_contest(two_targets)
    assert found(report)["order_leak"] == "error"
    assert any(finding.message.endswith("about 'weight'") for finding in report.findings)


def test_rows_repeated_with_all_their_targets_are_told(two_targets: Path) -> None:
    test = read_table(two_targets / "data/test.csv", all_text=True)
    train = read_table(two_targets / "data/train.csv", all_text=True)
    solution = read_table(two_targets / "solution.csv", all_text=True).set_index("id")
    repeated = test.head(100).copy()
    for target in ("firmness", "weight"):
        repeated[target] = solution.loc[repeated["id"], target].to_numpy()
    repeated["id"] = [str(10_000 + n) for n in range(100)]
    both = pd.concat([train, repeated[train.columns]]).sample(frac=1, random_state=1)
    write_table(both, two_targets / "data/train.csv")
    report = lint_contest(two_targets)
    assert found(report)["duplicates"] == "warning"
    said = next(one.message for one in report.findings if one.rule == "duplicates")
    assert "looking their firmness, weight up there is right for 100 of them" in said


def test_the_avocado_table_is_known_to_be_solved_by_firmness_or_sound(
    tmp_path: Path, shared_data: Path
) -> None:
    build_contest_folder(
        tmp_path / "table",
        slug="table",
        train=shared_data / "avocado/avocado_ripeness_dataset.csv",
        targets=["ripeness"],
    )
    report = lint_contest(tmp_path / "table")
    leaks = [finding.message for finding in report.findings if finding.rule == "feature_leak"]
    assert ["'firmness'" in leaks[0], "'sound_db'" in leaks[1], len(leaks)] == [True, True, 2]
    assert found(report)["precision"] == "warning"


def test_photographs_of_one_fruit_on_both_sides_are_told(tmp_path: Path, shared_data: Path) -> None:
    photographs = shared_data / "hass-xavier2024/avocado_ripening_dataset.csv"
    target = "Ripening Index Classification"
    options = {"slug": "hass", "train": photographs, "targets": [target], "metric": "qwk"}
    build_contest_folder(tmp_path / "by-row", **options)
    assert found(lint_contest(tmp_path / "by-row")) == {"groups": "warning"}
    build_contest_folder(tmp_path / "by-fruit", **options, split=SplitPlan(group_column="Sample"))
    assert found(lint_contest(tmp_path / "by-fruit")) == {}


def test_groups_on_both_sides_of_a_grouped_contest_are_an_error(tmp_path: Path) -> None:
    build_contest_folder(
        tmp_path / "fruit",
        slug="fruit",
        train=harvest(),
        targets=["stage"],
        split=SplitPlan(kind="random", group_column="orchard"),
    )
    assert found(lint_contest(tmp_path / "fruit"))["groups"] == "error"


def test_test_rows_from_the_past_are_told(tmp_path: Path) -> None:
    days = pd.date_range("2020-01-01", periods=2000).astype(str)
    build_contest_folder(
        tmp_path / "fruit",
        slug="fruit",
        train=harvest(2000).assign(day=days),
        targets=["stage"],
        split=SplitPlan(kind="random", time_column="day"),
    )
    assert found(lint_contest(tmp_path / "fruit")) == {"time": "warning"}


def test_no_private_rows_and_few_rows_are_told(tmp_path: Path) -> None:
    build_contest_folder(
        tmp_path / "fruit",
        slug="fruit",
        train=harvest(200),
        targets=["stage"],
        split=SplitPlan(public_fraction=1.0),
    )
    report = lint_contest(tmp_path / "fruit")
    messages = [finding.message for finding in report.findings if finding.rule == "precision"]
    assert any("has 50 rows, so one row is 1/50 = 0.02" in message for message in messages)
    assert any("no private rows" in message for message in messages)


def test_the_standard_error_of_a_board_is_that_of_the_binomial(folder: Path) -> None:
    from competition.building.material import load_material
    from competition.building.precision import board_precision

    measured = board_precision(load_material(folder), "Private")
    assert measured is not None
    expected = np.sqrt(measured.score * (1 - measured.score) / measured.rows)
    assert measured.standard_error == pytest.approx(expected, rel=0.2)


def test_an_own_metric_that_points_the_wrong_way_is_an_error(tmp_path: Path) -> None:
    source = tmp_path / "error_rate.py"
    source.write_text(
        "def score(solution, submission, row_id_column_name):\n"
        "    return float((solution['stage'] != submission['stage']).mean())\n"
    )
    for greater_is_better, expected in ((True, "error"), (False, None)):
        name = f"fruit-{expected}"
        own = MetricChoice(
            "error_rate",
            file="metric.py",
            predicts="labels",
            greater_is_better=greater_is_better,
        )
        build_contest_folder(
            tmp_path / name,
            slug="fruit",
            train=harvest(300),
            targets=["stage"],
            metric=own,
            metric_source=source,
        )
        assert found(lint_contest(tmp_path / name)).get("sample") == expected


def test_a_deadline_in_the_past_is_told(tmp_path: Path) -> None:
    build_contest_folder(
        tmp_path / "fruit",
        slug="fruit",
        train=harvest(2000),
        targets=["stage"],
        deadline=datetime(2026, 1, 1, tzinfo=UTC),
    )
    late = lint_contest(tmp_path / "fruit", now=datetime(2026, 1, 2, tzinfo=UTC))
    early = lint_contest(tmp_path / "fruit", now=datetime(2025, 1, 2, tzinfo=UTC))
    assert found(late) == {"dates": "warning"}
    assert found(early) == {}


def test_dealing_out_keeps_the_values_and_moves_only_a_share() -> None:
    entry = pd.DataFrame({"id": range(100), "y": range(100)})
    moved = dealt_out(entry, seed=1, share=0.3)
    assert sorted(moved["y"]) == list(range(100))
    assert (moved["y"] != entry["y"]).sum() == 30
