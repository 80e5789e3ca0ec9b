"""Scores of tables in memory: aligned by id, public and private, several metrics."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from competition.definition import Contest, MetricChoice
from competition.errors import InvalidSubmission, MetricFailed
from competition.metrics import METRICS, get_metric
from competition.scoring import (
    Scores,
    SplitScores,
    score_frames,
    scores_from_plain,
    scores_to_plain,
    shown_score,
)
from competition.scoring.frames import align, score_with_losses
from competition.tables import read_table

STAGES = ("hard", "breaking", "ripe")


def contest(name: str = "accuracy", **changes: Any) -> Contest:
    choice = MetricChoice(name, beside=changes.pop("beside", ()))
    plain = Contest(slug="toy", title="Toy", metric=choice, targets=("stage",), labels=STAGES)
    return replace(plain, **changes)


def solution(usage: str = "PPVVI") -> pd.DataFrame:
    words = {"P": "Public", "V": "Private", "I": "Ignored"}
    return pd.DataFrame(
        {
            "id": [1, 2, 3, 4, 5],
            "stage": ["hard", "ripe", "ripe", "breaking", "hard"],
            "Usage": [words[letter] for letter in usage],
        }
    )


def submission(*stages: str, ids: list[int] | None = None) -> pd.DataFrame:
    return pd.DataFrame({"id": ids or [1, 2, 3, 4, 5], "stage": stages})


def test_public_and_private_rows_are_scored_apart_and_ignored_ones_not_at_all() -> None:
    scores = score_frames(contest(), solution(), submission("hard", "hard", "ripe", "ripe", "ripe"))

    assert scores == Scores(overall=0.5, public=0.5, private=0.5)


def test_rows_are_aligned_by_id_whatever_their_order() -> None:
    right = submission("hard", "ripe", "ripe", "breaking", "hard")
    turned = right.iloc[[4, 2, 0, 3, 1]]

    assert score_frames(contest(), solution(), turned) == Scores(1.0, 1.0, 1.0)


@settings(max_examples=25, deadline=None)
@given(order=st.permutations(range(5)), truth_order=st.permutations(range(5)))
def test_no_order_of_rows_on_either_side_changes_a_score(
    order: list[int], truth_order: list[int]
) -> None:
    given_rows = submission("hard", "hard", "ripe", "breaking", "ripe")

    scores = score_frames(contest(), solution().iloc[truth_order], given_rows.iloc[order])

    assert scores == Scores(0.75, 0.5, 1.0)


def test_a_solution_without_usage_gives_the_overall_score_alone() -> None:
    plain = solution().drop(columns="Usage")
    scores = score_frames(contest(), plain, submission("hard", "ripe", "ripe", "hard", "ripe"))

    assert scores == Scores(overall=0.6, public=None, private=None)


def test_a_part_without_rows_has_no_score_instead_of_0() -> None:
    scores = score_frames(
        contest(), solution("PPPPI"), submission("hard", "ripe", "ripe", "ripe", "ripe")
    )

    assert (scores.public, scores.private) == (0.75, None)


def test_a_repeated_id_beside_a_missing_one_is_refused_though_the_length_is_right() -> None:
    with pytest.raises(InvalidSubmission, match="1 missing, 0 unknown, 1 more than once"):
        score_frames(contest(), solution(), submission(*["hard"] * 5, ids=[1, 1, 3, 4, 5]))


def test_an_unknown_id_is_refused() -> None:
    with pytest.raises(InvalidSubmission, match="1 missing, 1 unknown, 0 more than once"):
        score_frames(contest(), solution(), submission(*["hard"] * 5, ids=[1, 2, 3, 4, 9]))


def test_text_ids_are_aligned_as_they_are_written() -> None:
    names = ["007", "7", "a b", "ü", "x"]
    truth, given_rows = solution(), submission("hard", "ripe", "ripe", "breaking", "hard")
    truth["id"] = given_rows["id"] = names

    assert score_frames(contest(), truth, given_rows.iloc[::-1]).overall == 1.0


def test_a_solution_with_a_repeated_id_is_the_hosts_error() -> None:
    broken = solution()
    broken["id"] = [1, 1, 3, 4, 5]

    with pytest.raises(MetricFailed, match="id more than once"):
        score_frames(contest(), broken, submission(*["hard"] * 5, ids=[1, 1, 3, 4, 5]))


def test_an_unknown_word_in_usage_is_the_hosts_error() -> None:
    broken = solution()
    broken.loc[0, "Usage"] = "Pubic"

    with pytest.raises(MetricFailed, match="must be Public, Private or Ignored, got 'Pubic'"):
        score_frames(contest(), broken, submission(*["hard"] * 5))


def test_a_missing_truth_is_the_hosts_error() -> None:
    broken = solution()
    broken["stage"] = [1.0, 2.0, np.nan, 4.0, 5.0]

    with pytest.raises(MetricFailed, match="missing values"):
        score_frames(contest("rmse", labels=()), broken, broken.fillna(0))


def test_a_true_label_outside_the_contests_labels_is_the_hosts_error() -> None:
    broken = solution()
    broken.loc[0, "stage"] = "soft"

    with pytest.raises(MetricFailed, match="got 'soft'"):
        score_frames(contest(), broken, submission(*["hard"] * 5))


def test_kappa_follows_the_order_of_the_contests_labels_and_not_of_the_alphabet() -> None:
    rows = submission("breaking", "ripe", "ripe", "hard", "hard")
    scores = score_frames(contest("quadratic_weighted_kappa"), solution("PPPPP"), rows)

    assert scores.overall == pytest.approx(
        sk.cohen_kappa_score([0, 2, 2, 1, 0], [1, 2, 2, 0, 0], weights="quadratic")
    )


def test_kappa_of_integer_labels_with_a_gap_counts_the_gap() -> None:
    truth = pd.DataFrame({"id": range(4), "stage": [0, 1, 2, 4]})
    rows = pd.DataFrame({"id": range(4), "stage": [0, 2, 2, 4]})

    scores = score_frames(contest("qwk", labels=(0, 1, 2, 4)), truth, rows)

    assert scores.overall == pytest.approx(0.941, abs=0.0005)


def test_metrics_beside_the_main_one_are_scored_too() -> None:
    both = contest("qwk", beside=("accuracy", "f1_macro"))
    truth, rows = solution(), submission("hard", "hard", "ripe", "breaking", "hard")

    scores = score_frames(both, truth, rows)

    assert scores.beside["accuracy"] == SplitScores(0.75, 0.5, 1.0)
    assert list(scores.beside) == ["accuracy", "f1_macro"]


def test_accuracy_beside_kappa_of_integer_labels_with_a_gap_is_right() -> None:
    truth = pd.DataFrame({"id": range(4), "stage": [1, 5, 9, 9]})
    rows = pd.DataFrame({"id": range(4), "stage": [1, 5, 5, 9]})
    both = contest("qwk", labels=(1, 5, 9), beside=("accuracy",))

    assert score_frames(both, truth, rows).beside["accuracy"].overall == 0.75


def test_accuracy_beside_log_loss_takes_the_most_probable_label() -> None:
    truth = pd.DataFrame({"id": range(4), "stage": [0, 1, 1, 0]})
    rows = pd.DataFrame({"id": range(4), "stage": [0.1, 0.9, 0.4, 0.2]})
    both = contest("log_loss", labels=(0, 1), beside=("accuracy", "auc"))

    scores = score_frames(both, truth, rows)

    assert scores.beside["accuracy"].overall == 0.75
    assert scores.beside["auc"].overall == 1.0


def test_class_probabilities_stand_in_one_column_per_label() -> None:
    rows = pd.DataFrame(
        {
            "id": [1, 2, 3, 4, 5],
            "hard": [0.8, 0.1, 0.1, 0.2, 0.9],
            "breaking": [0.1, 0.1, 0.3, 0.6, 0.1],
            "ripe": [0.1, 0.8, 0.6, 0.2, 0.0],
        }
    )
    both = contest("multiclass_log_loss", beside=("accuracy",))

    scores = score_frames(both, solution(), rows)

    assert scores.public == pytest.approx(-np.log(0.8))
    assert scores.private == pytest.approx(-np.log(0.6))
    assert scores.beside["accuracy"].overall == 1.0


def test_several_targets_are_scored_together() -> None:
    truth = pd.DataFrame({"id": [1, 2], "x": [0.0, 0.0], "y": [0.0, 0.0]})
    rows = pd.DataFrame({"id": [2, 1], "y": [4.0, 4.0], "x": [3.0, 3.0]})
    wide = contest("mcrmse", targets=("x", "y"), labels=())

    assert score_frames(wide, truth, rows).overall == 3.5


def test_a_survival_contest_predicts_the_time_alone() -> None:
    truth = pd.DataFrame({"id": [1, 2, 3], "days": [1.0, 2.0, 3.0], "seen": [1, 0, 1]})
    rows = pd.DataFrame({"id": [1, 2, 3], "days": [10, 20, 30]})
    survival = contest("concordance_index", targets=("days", "seen"), labels=())

    assert score_frames(survival, truth, rows).overall == 1.0


def test_a_split_of_one_class_is_the_hosts_error_for_auc() -> None:
    truth = pd.DataFrame(
        {"id": range(4), "stage": [0, 1, 1, 1], "Usage": ["Public"] * 2 + ["Private"] * 2}
    )
    rows = pd.DataFrame({"id": range(4), "stage": [0.1, 0.9, 0.4, 0.2]})

    with pytest.raises(MetricFailed, match="both classes"):
        score_frames(contest("auc", labels=(0, 1)), truth, rows)


def test_row_losses_stand_in_the_order_of_the_solution_and_average_to_each_score() -> None:
    truth, rows = solution(), submission("hard", "hard", "ripe", "breaking", "hard")
    metric, pair = get_metric("accuracy"), align(contest(), truth, rows.iloc[::-1])

    scores, losses = score_with_losses(contest(), metric, pair)

    assert losses is not None
    assert scores == Scores(0.75, 0.5, 1.0)
    assert losses[:4].tolist() == [0, 1, 0, 0]
    assert np.isnan(losses[4])


def test_metrics_without_row_losses_have_none() -> None:
    truth, rows = solution(), submission(*["hard"] * 5)
    metric, pair = get_metric("f1_macro"), align(contest("f1_macro"), truth, rows)

    assert score_with_losses(contest("f1_macro"), metric, pair)[1] is None


def test_scores_survive_as_plain_data() -> None:
    scores = Scores(0.1 + 0.2, None, 1 / 3, {"auc": SplitScores(0.5, 0.25, None)})

    assert scores_from_plain(scores_to_plain(scores)) == scores


@pytest.mark.parametrize(
    ("score", "decimals", "shown"),
    [
        (260 / 418, 5, "0.62200"),
        (320 / 418, 5, "0.76555"),
        (1 - 0.24, 5, "0.76000"),
        (0.3, 2, "0.30"),
        (-0.999999, 5, "-0.99999"),
        (12345.678, 0, "12345"),
        (1e-9, 5, "0.00000"),
        (1e16, 2, "10000000000000000.00"),
        (0.0, 3, "0.000"),
    ],
)
def test_a_score_is_shown_with_its_decimals_cut_off(
    score: float, decimals: int, shown: str
) -> None:
    assert shown_score(score, decimals) == shown


def test_the_titanic_entries_score_what_kaggles_board_shows(shared_data: Path) -> None:
    titanic = Contest(
        slug="titanic",
        title="Titanic",
        metric=MetricChoice("Categorization Accuracy"),
        targets=("Survived",),
        id_column="PassengerId",
        labels=(0, 1),
    )
    truth = read_table(shared_data / "titanic/solution_from_titanic3.csv")
    women = read_table(shared_data / "titanic/gender_submission.csv")

    scores = score_frames(titanic, truth, women)
    none = score_frames(titanic, truth, women.assign(Survived=0))

    assert scores.overall == 320 / 418
    assert none.overall == 260 / 418
    assert [shown_score(one.overall) for one in (scores, none)] == ["0.76555", "0.62200"]


def test_metrics_of_one_kind_can_stand_beside_each_other_and_labels_beside_probabilities() -> None:
    beside = {
        (one, main)
        for one in METRICS
        for main in METRICS
        if METRICS[one].can_stand_beside(METRICS[main])
    }
    assert {("accuracy", "auc"), ("mae", "rmse"), ("auc", "log_loss")} <= beside
    assert ("auc", "accuracy") not in beside
    assert ("rmse", "concordance_index") not in beside
