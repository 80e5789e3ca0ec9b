"""A network comes back from disk as it was, without pickle."""

import hashlib
import json
import os
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file
from sklearn.datasets import load_diabetes, load_iris

from pipelines.network import (
    InvalidSetting,
    NetworkClassifier,
    NetworkRegressor,
    Score,
    UnreadableNetwork,
    load_network,
    save_network,
)


def classifier(**settings):
    x, y = load_iris(return_X_y=True, as_frame=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    settings = {"n_members": 2, "max_epochs": 5, "random_state": 0, **settings}
    return NetworkClassifier((6, 4), **settings).fit(x, names), x


@pytest.mark.parametrize(
    "settings",
    [{}, {"embedding": "piecewise"}, {"embedding": "periodic"}, {"scaling": "robust"}],
)
def test_a_saved_classifier_answers_to_the_last_bit(settings, tmp_path):
    network, x = classifier(**settings)
    again = load_network(save_network(network, tmp_path / "iris.safetensors"))
    assert isinstance(again, NetworkClassifier)
    assert (again.predict_proba(x) == network.predict_proba(x)).all()
    assert (again.predict(x) == network.predict(x)).all()
    assert again.history_ == network.history_
    assert again.get_params() == network.get_params()
    assert list(again.feature_names_in_) == list(x.columns)


def test_a_saved_regressor_answers_to_the_last_bit(tmp_path):
    x, y = load_diabetes(return_X_y=True)
    network = NetworkRegressor((8,), n_members=1, max_epochs=3, random_state=1).fit(x, y)
    again = load_network(save_network(network, tmp_path / "d.safetensors"))
    assert (again.predict(x) == network.predict(x)).all()


def test_a_loaded_network_trains_on_as_the_saved_one(tmp_path):
    network, x = classifier(warm_start=True)
    again = load_network(save_network(network, tmp_path / "n.safetensors"))
    labels = network.predict(x)
    assert (again.fit(x, labels).predict_proba(x) == network.fit(x, labels).predict_proba(x)).all()


def test_functions_and_spent_randomness_are_left_out(tmp_path):
    score = Score(lambda truth, said: float(np.abs(truth - said).mean()), greater_is_better=False)
    network, x = classifier(
        score_to_watch=score,
        early_stopping=True,
        callbacks=[lambda rows: None],
        random_state=np.random.RandomState(0),
    )
    again = load_network(save_network(network, tmp_path / "n.safetensors"))
    assert again.callbacks is None and again.score_to_watch is None and again.random_state is None
    assert (again.predict_proba(x) == network.predict_proba(x)).all()


def test_only_fitted_networks_are_saved(tmp_path):
    with pytest.raises(InvalidSetting, match="fit first"):
        save_network(NetworkClassifier(), tmp_path / "n.safetensors")
    assert not list(tmp_path.iterdir())


def test_files_that_hold_no_network_are_refused(tmp_path):
    path = tmp_path / "n.safetensors"
    with pytest.raises(FileNotFoundError, match="no network at"):
        load_network(path)
    path.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(UnreadableNetwork, match="not a safetensors file"):
        load_network(path)
    save_file({"a": np.zeros(3)}, path)
    with pytest.raises(UnreadableNetwork, match="must hold a network"):
        load_network(path)
    metadata = {"format": "ripe-network-1", "network": json.dumps({"kind": "os.system"})}
    save_file({"a": np.zeros(3)}, path, metadata=metadata)
    with pytest.raises(UnreadableNetwork, match="damaged"):
        load_network(path)


def test_pickling_keeps_the_answers():
    network, x = classifier()
    assert (pickle.loads(pickle.dumps(network)).predict_proba(x) == network.predict_proba(x)).all()


PROGRAM = """
import hashlib
from sklearn.datasets import load_digits
from pipelines.network import NetworkClassifier
x, y = load_digits(return_X_y=True)
network = NetworkClassifier((16, 8), n_members=3, max_epochs=3, dropout=0.1, random_state=7)
print(hashlib.sha256(network.fit(x, y).predict_proba(x).tobytes()).hexdigest())
"""


@pytest.mark.parametrize("threads", ["1", "2"])
def test_the_same_seed_gives_the_same_bytes_in_another_process(threads):
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    network = NetworkClassifier((16, 8), n_members=3, max_epochs=3, dropout=0.1, random_state=7)
    ours = hashlib.sha256(network.fit(x, y).predict_proba(x).tobytes()).hexdigest()
    environment = {
        **os.environ,
        "OPENBLAS_NUM_THREADS": threads,
        "PYTHONHASHSEED": threads,
        "PYTHONSAFEPATH": "1",
    }
    theirs = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    assert theirs.stdout.strip() == ours


def test_answers_keep_the_index_free_form_of_numpy():
    network, x = classifier()
    assert isinstance(network.predict_proba(x), np.ndarray)
    assert network.predict_proba(pd.DataFrame(x)).shape == (150, 3)
