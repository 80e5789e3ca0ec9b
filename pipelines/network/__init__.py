"""Feed-forward networks from scratch: nodes, edges, weights, forward, backward, convergence.

The core (activations, losses, layers, optimisers, training) knows NumPy alone. Weights carry a
leading member axis, so that folds, seeds and candidates train side by side.

For a table, one estimator::

    network = NetworkClassifier(hidden_layer_sizes=(64, 32), random_state=0).fit(X, y)
    network.predict_proba(X_new); network.history_  # plain rows

For a search, many at once: ``fit_together(estimators, tables, validation=..., on_epoch=...)``
fits estimator ``i`` on ``tables[i] = (X, y)`` or ``(X, y, sample_weight)``, watching
``validation[i] = (X, y)``. Each has widths (of the same depth), learning rate, weight decay,
dropout, seed and rows of its own, and is fitted as it would be alone; a table given several times
is prepared once. ``on_epoch(rows)`` hears plain rows with the keys network, member, epoch,
train_loss, validation_loss, learning_rate, seconds, and returns the indexes of networks to stop,
or None. Set ``n_members=1`` for a single network an estimator.

``save_network(network, path)`` and ``load_network(path)`` keep a fitted one without pickle;
``draw_network``, ``plot_convergence`` and ``plot_confusion`` show it.

Below all lies ``train_networks(inputs, targets, members, recipe)``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines.network.classifier import NetworkClassifier
    from pipelines.network.diagram import draw_network, draw_trained
    from pipelines.network.errors import (
        InvalidSetting,
        NetworkError,
        TrainingDiverged,
        UnreadableNetwork,
    )
    from pipelines.network.plots import plot_confusion, plot_convergence
    from pipelines.network.prediction import predict
    from pipelines.network.regressor import NetworkRegressor
    from pipelines.network.saving import load_network, save_network
    from pipelines.network.settings import Member, Recipe, Score, TrainedNetwork
    from pipelines.network.together import fit_together
    from pipelines.network.training import train_networks

_HOMES = {
    "InvalidSetting": "errors",
    "Member": "settings",
    "NetworkClassifier": "classifier",
    "NetworkError": "errors",
    "NetworkRegressor": "regressor",
    "Recipe": "settings",
    "Score": "settings",
    "TrainedNetwork": "settings",
    "TrainingDiverged": "errors",
    "UnreadableNetwork": "errors",
    "draw_network": "diagram",
    "draw_trained": "diagram",
    "fit_together": "together",
    "load_network": "saving",
    "plot_confusion": "plots",
    "plot_convergence": "plots",
    "predict": "prediction",
    "save_network": "saving",
    "train_networks": "training",
}
__all__ = [
    "InvalidSetting",
    "Member",
    "NetworkClassifier",
    "NetworkError",
    "NetworkRegressor",
    "Recipe",
    "Score",
    "TrainedNetwork",
    "TrainingDiverged",
    "UnreadableNetwork",
    "draw_network",
    "draw_trained",
    "fit_together",
    "load_network",
    "plot_confusion",
    "plot_convergence",
    "predict",
    "save_network",
    "train_networks",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: the core alone needs no scikit-learn."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
