"""The pitfalls of metrics, one test for each."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sklearn.metrics as sk

from competition.errors import MetricFailed, ParticipantVisibleError
from competition.metrics import get_metric


def column(*cells: object) -> np.ndarray:
    return np.array(cells)


def words(*cells: str) -> np.ndarray:
    return np.array(cells, dtype=object)


def test_auc_of_one_class_is_an_error_and_not_nan() -> None:
    with pytest.raises(MetricFailed, match="both classes"):
        get_metric("auc")(column(1, 1, 1), column(0.1, 0.2, 0.3))


def test_macro_auc_of_a_class_that_never_occurs_is_an_error() -> None:
    with pytest.raises(MetricFailed, match="both classes"):
        get_metric("macro_auc")(column(0, 1), np.full((2, 3), 1 / 3))


def test_auc_counts_ties_as_one_half() -> None:
    assert get_metric("auc")(column(0, 1, 0, 1), column(0.5, 0.5, 0.5, 0.5)) == 0.5


def test_log_loss_clips_at_1e_15_where_scikit_learn_clips_elsewhere() -> None:
    truth, prediction = column(1, 0), column(0.0, 0.5)

    assert get_metric("log_loss")(truth, prediction) == pytest.approx(17.62, abs=0.005)
    assert sk.log_loss(truth, prediction) == pytest.approx(18.37, abs=0.005)


def test_log_loss_of_float32_is_taken_in_float64() -> None:
    truth, prediction = column(1, 0), np.array([0.0, 0.5], dtype=np.float32)

    assert get_metric("log_loss")(truth, prediction) == pytest.approx(17.62, abs=0.005)
    assert sk.log_loss(truth, prediction) == pytest.approx(8.32, abs=0.005)


def test_multiclass_log_loss_of_float32_is_taken_in_float64() -> None:
    prediction = np.array([[0, 1], [0.5, 0.5]], dtype=np.float32)

    assert get_metric("multiclass_log_loss")(column(0, 0), prediction) == pytest.approx(
        (-math.log(1e-15) + math.log(2)) / 2
    )


def test_multiclass_log_loss_divides_rows_by_their_sum() -> None:
    metric, truth = get_metric("multiclass_log_loss"), column(0, 1)

    assert metric(truth, np.array([[2, 6], [0.5, 0.5]]) / 10) == pytest.approx(
        metric(truth, np.array([[0.25, 0.75], [0.5, 0.5]]))
    )


def test_kappa_counts_every_integer_between_lowest_and_highest() -> None:
    truth, prediction = column(0, 1, 2, 4), column(0, 2, 2, 4)

    assert get_metric("qwk")(truth, prediction) == pytest.approx(0.941, abs=0.0005)
    assert sk.cohen_kappa_score(truth, prediction, weights="quadratic") == pytest.approx(
        0.900, abs=0.0005
    )


def test_kappa_of_one_label_throughout_is_1_and_not_nan() -> None:
    assert get_metric("qwk")(column(2, 2, 2), column(2, 2, 2)) == 1.0


def test_kappa_of_a_constant_prediction_is_0() -> None:
    assert get_metric("qwk")(column(0, 1, 2), column(1, 1, 1)) == 0.0


def test_rmsle_of_negative_predictions_is_an_error_that_the_participant_sees() -> None:
    with pytest.raises(ParticipantVisibleError, match=">= 0"):
        get_metric("rmsle")(column(1.0, 2.0), column(-0.5, 1.0))


def test_rmsle_of_negative_truth_is_an_error_for_the_host() -> None:
    with pytest.raises(MetricFailed, match=">= 0"):
        get_metric("rmsle")(column(-1.0, 2.0), column(0.5, 1.0))


def test_rmsle_takes_the_natural_logarithm_of_1_plus_x() -> None:
    assert get_metric("rmsle")(column(math.e - 1), column(0.0)) == pytest.approx(1.0)


def test_mape_of_a_truth_of_0_is_an_error_and_no_huge_number() -> None:
    with pytest.raises(MetricFailed, match="without 0"):
        get_metric("mape")(column(0.0, 1.0), column(0.1, 1.0))


def test_smape_of_0_against_0_is_0() -> None:
    assert get_metric("smape")(column(0.0, 1.0), column(0.0, 1.0)) == 0.0
    assert get_metric("smape")(column(0.0), column(3.0)) == 200.0


def test_r2_of_a_constant_truth_is_an_error() -> None:
    with pytest.raises(MetricFailed, match="constant"):
        get_metric("r2")(column(2.0, 2.0), column(1.0, 3.0))


@pytest.mark.parametrize("name", ["pearson", "spearman", "kendall"])
@pytest.mark.parametrize("constant", [0.0, 0.1, 1e300])
def test_a_correlation_with_a_constant_is_0_and_not_nan(name: str, constant: float) -> None:
    truth, prediction = column(1.0, 2.0, 3.0), np.full(3, constant)

    assert get_metric(name)(truth, prediction) == 0.0
    assert get_metric(name)(prediction, truth) == 0.0


def test_pearson_neither_overflows_nor_leaves_its_range() -> None:
    truth = column(1e200, 2e200, 3e200)

    assert get_metric("pearson")(truth, truth * 1e-250) == pytest.approx(1.0)
    assert get_metric("pearson")(truth, -truth) >= -1


def test_mcc_of_a_constant_prediction_is_0() -> None:
    assert get_metric("mcc")(column(0, 1, 1), column(1, 1, 1)) == 0.0


def test_f_beta_of_a_label_never_seen_is_0_and_not_nan() -> None:
    assert get_metric("f1")(column(0, 0), column(0, 0)) == 0.0


def test_balanced_accuracy_leaves_out_classes_that_only_the_prediction_has() -> None:
    assert get_metric("balanced_accuracy")(column(0, 0, 1, 1), column(0, 2, 1, 1)) == 0.75


def test_map_counts_a_repeated_prediction_once() -> None:
    metric = get_metric("map@3")

    assert metric(words("a b"), words("a a b")) == pytest.approx((1 + 2 / 3) / 2)
    assert metric(words("a"), words("a a a")) == 1.0


def test_map_divides_by_the_smaller_of_k_and_the_relevant() -> None:
    assert get_metric("map@2")(words("a b c d"), words("a b")) == 1.0
    assert get_metric("map@5")(words("a"), words("x a")) == 0.5


def test_map_is_not_the_average_precision_of_scikit_learn() -> None:
    """The relevant item that is never predicted costs here, and is unknown there."""
    assert get_metric("map@3")(words("a z"), words("a b c")) == 0.5
    assert sk.average_precision_score([1, 0, 0], [3, 2, 1]) == 1.0


def test_map_of_a_row_without_relevant_items_is_an_error() -> None:
    with pytest.raises(MetricFailed, match="relevant item"):
        get_metric("map@3")(words(""), words("a"))


def test_an_empty_ranking_scores_0() -> None:
    assert get_metric("map@3")(words("a"), words("")) == 0.0
    assert get_metric("ndcg@3")(words("a"), words("")) == 0.0


def test_ndcg_gains_are_exponential_and_not_linear() -> None:
    best, second = 2**3 - 1, 2**1 - 1
    expected = (second + best / math.log2(3)) / (best + second / math.log2(3))

    assert get_metric("ndcg@2")(words("a:3 b:1"), words("b a")) == pytest.approx(expected)
    assert sk.ndcg_score([[3, 1]], [[1, 2]]) != pytest.approx(expected)


def test_ndcg_counts_a_repeated_prediction_once() -> None:
    assert get_metric("ndcg@2")(words("a:1"), words("a a")) == 1.0


def test_ndcg_of_grades_that_are_all_0_is_an_error() -> None:
    with pytest.raises(MetricFailed, match="grades"):
        get_metric("ndcg@2")(words("a:0 b:0"), words("a b"))


def test_items_may_hold_colons() -> None:
    assert get_metric("ndcg@1")(words("shop:apple b:0"), words("shop:apple")) == 1.0


def test_gini_keeps_the_order_of_tied_rows() -> None:
    metric, prediction = get_metric("gini"), column(0.5, 0.5, 0.5, 0.5)

    assert metric(column(1, 1, 0, 0), prediction) == 1.0
    assert metric(column(0, 0, 1, 1), prediction) == -1.0
    assert sk.roc_auc_score([1, 1, 0, 0], prediction) == 0.5


def test_gini_of_a_constant_truth_is_an_error() -> None:
    with pytest.raises(MetricFailed, match="constant"):
        get_metric("gini")(column(1.0, 1.0), column(0.1, 0.2))


def test_mcrmse_is_the_mean_of_roots_and_not_the_root_of_the_mean() -> None:
    truth, prediction = np.zeros((1, 2)), np.array([[3.0, 4.0]])

    assert get_metric("mcrmse")(truth, prediction) == 3.5
    assert get_metric("rmse")(truth, prediction) == pytest.approx(math.sqrt(12.5))


def test_poisson_deviance_of_a_prediction_of_0_is_an_error() -> None:
    with pytest.raises(ParticipantVisibleError, match="> 0"):
        get_metric("poisson_deviance")(column(1, 2), column(0.0, 2.0))


def test_kl_divergence_of_a_predicted_0_is_finite() -> None:
    truth, prediction = np.array([[0.5, 0.5]]), np.array([[0.0, 1.0]])

    assert get_metric("kld")(truth, prediction) == pytest.approx(
        0.5 * math.log(0.5 / 1e-15) + 0.5 * math.log(0.5)
    )


def test_kl_divergence_of_a_truth_that_does_not_sum_to_1_is_an_error() -> None:
    with pytest.raises(MetricFailed, match="sum to 1"):
        get_metric("kld")(np.array([[1.0, 1.0]]), np.array([[0.5, 0.5]]))


def test_crps_of_a_step_at_the_truth_is_0() -> None:
    assert get_metric("crps")(column(1), np.array([[0.0, 1.0, 1.0]])) == 0.0
    assert get_metric("crps")(column(1), np.array([[1.0, 1.0, 1.0]])) == pytest.approx(1 / 3)


def test_two_empty_masks_agree_and_one_empty_mask_does_not() -> None:
    for name in ("dice", "iou"):
        assert get_metric(name)(words("", ""), words("", "1 5")) == 0.5


def test_masks_are_counted_by_pixel() -> None:
    assert get_metric("dice")(words("1 4"), words("3 4")) == 0.5
    assert get_metric("iou")(words("1 4"), words("3 4")) == pytest.approx(1 / 3)


@pytest.mark.parametrize("mask", ["1", "0 3", "1 -2", "one two", "1 5 3 2"])
def test_a_broken_mask_is_an_error_that_the_participant_sees(mask: str) -> None:
    with pytest.raises(ParticipantVisibleError):
        get_metric("dice")(words("1 4"), words(mask))


def test_levenshtein_counts_letters_beyond_ascii_as_one() -> None:
    assert get_metric("levenshtein")(words("Größe"), words("Grösse")) == 2.0


def test_two_empty_sets_of_items_agree() -> None:
    assert get_metric("mean_f_beta")(words("", "a"), words("", "b")) == 0.5


def test_the_concordance_index_without_comparable_rows_is_an_error() -> None:
    with pytest.raises(MetricFailed, match="no two rows"):
        get_metric("c_index")(np.array([[1.0, 0.0], [2.0, 0.0]]), column(1.0, 2.0))


def test_a_prediction_of_nan_is_an_error_that_the_participant_sees() -> None:
    with pytest.raises(ParticipantVisibleError, match="finite"):
        get_metric("rmse")(column(1.0, 2.0), column(1.0, math.nan))


def test_a_score_that_is_not_finite_is_an_error() -> None:
    with pytest.raises(MetricFailed, match="finite"), np.errstate(over="ignore"):
        get_metric("mse")(column(0.0), column(1e200))


def test_arrays_of_different_length_are_an_error() -> None:
    with pytest.raises(MetricFailed, match="as many predictions"):
        get_metric("accuracy")(column(0, 1), column(0))
    with pytest.raises(MetricFailed, match="at least one"):
        get_metric("accuracy")(column(), column())
