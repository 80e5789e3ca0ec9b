"""The estimators keep scikit-learn's contract."""

import numpy as np
import pytest
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_iris,
    make_multilabel_classification,
)
from sklearn.utils.estimator_checks import parametrize_with_checks

from pipelines.network import NetworkClassifier, NetworkRegressor, fit_together


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks([NetworkClassifier(), NetworkRegressor()])
def test_check_estimator_in_full(estimator, check):
    check(estimator)


def test_fit_together_does_as_fit_alone():
    x, y = load_iris(return_X_y=True)
    folds = [(np.arange(150) % 3 != k, np.arange(150) % 3 == k) for k in range(3)]
    tables = [(x[a], y[a]) for a, _ in folds for _ in range(2)]
    watched = [(x[b], y[b]) for _, b in folds for _ in range(2)]

    def estimators():
        return [
            NetworkClassifier(
                h, learning_rate=r, n_members=1, random_state=s, dtype="float64", max_epochs=10
            )
            for s in range(3)
            for h, r in (((8, 4), 0.01), ((5, 7), 0.003))
        ]

    together = fit_together(estimators(), tables, validation=watched)
    for one, other, table, watch in zip(estimators(), together, tables, watched, strict=True):
        one.fit(*table, validation_data=watch)
        np.testing.assert_allclose(one.predict_proba(x), other.predict_proba(x), atol=1e-10)
        assert len(one.history_) == len(other.history_)


def test_fit_together_tells_each_epoch_and_stops_whom_it_is_asked_to():
    x, y = load_iris(return_X_y=True)
    told = []

    def listen(rows):
        told.extend((row["network"], row["member"], row["epoch"]) for row in rows)
        return {0} if rows[0]["epoch"] == 3 else None

    first, second = fit_together(
        [NetworkClassifier((4,), n_members=2, max_epochs=6, random_state=i) for i in range(2)],
        [(x, y), (x, y)],
        on_epoch=listen,
    )
    assert first.n_epochs_ == 3 and second.n_epochs_ == 6
    assert (0, 1, 3) in told and (0, 0, 4) not in told and (1, 1, 6) in told


def test_binary_multilabel_and_many_targets():
    x, y = load_breast_cancer(return_X_y=True)
    binary = NetworkClassifier(random_state=0).fit(x, np.array(["benign", "malign"])[y])
    assert binary.score(x, np.array(["benign", "malign"])[y]) > 0.97
    assert binary.predict_proba(x).sum(axis=1) == pytest.approx(1)
    x, y = make_multilabel_classification(300, random_state=0)
    labels = NetworkClassifier(random_state=0).fit(x, y)
    assert labels.predict_proba(x).shape == y.shape
    assert (labels.predict(x) == y).mean() > 0.85
    x, y = load_diabetes(return_X_y=True)
    several = NetworkRegressor(random_state=0).fit(x, np.column_stack([y, -1000 * y]))
    assert several.predict(x).shape == (len(x), 2)
    assert several.score(x, np.column_stack([y, -1000 * y])) > 0.4


def test_warm_start_goes_on_and_partial_fit_adds_an_epoch():
    x, y = load_iris(return_X_y=True)
    network = NetworkClassifier(
        n_members=1, max_epochs=5, warm_start=True, random_state=0, schedule="constant"
    )
    first = network.fit(x, y).history_[-1]["train_loss"]
    again = network.fit(x, y).history_
    assert again[0]["train_loss"] < first
    step_by_step = NetworkClassifier(n_members=2, random_state=0)
    for _ in range(30):
        step_by_step.partial_fit(x, y, classes=[0, 1, 2])
    assert step_by_step.n_epochs_ == 30
    assert [r["epoch"] for r in step_by_step.history_ if r["member"] == 1] == list(range(1, 31))
    assert step_by_step.score(x, y) > 0.9
