"""The other sides of ``benchmarks/search.py``: search and tracking as most people write them.

Optuna with its SQLite storage, `MLPClassifier` on every fold, MLflow's fluent calls for every
epoch, `log_model` and `mlflow server` as their documentation has them. Where there was a choice,
the faster way was taken: features are made once, not in every trial; the learning curve is the one
that `fit` leaves behind, so that no epoch predicts the scored rows; BLAS has one thread.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

VALUES_AN_EPOCH = ("train_loss", "validation_loss", "score")
Fold = tuple[Any, Any, Any, Any]  # inputs and classes to learn from, inputs and classes to score


@dataclass(frozen=True)
class Space:
    """What varies, the same on both sides: widths of the layers, learning rate, weight decay."""

    low: int
    high: int
    layers: int = 3
    rate: tuple[float, float] = (0.001, 0.03)
    decay: tuple[float, float] = (0.0001, 0.1)


def open_optuna(folder: Path, seed: int) -> Any:
    """Return a study in an SQLite file, with the sampler that Optuna takes by itself."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(
        storage=f"sqlite:///{folder / 'optuna.db'}",
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=seed),
    )


def open_mlflow(folder: Path) -> None:
    """Let MLflow write to a SQLite file of its own, made now."""
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    mlflow.set_registry_uri(f"sqlite:///{folder / 'mlflow.db'}")
    if mlflow.get_experiment_by_name("peer") is None:
        mlflow.create_experiment("peer", artifact_location=str(folder / "mlartifacts"))
    mlflow.set_experiment("peer")


def classifier_trial(
    folds: Sequence[Fold], space: Space, epochs: int, batch: int, *, tracked: bool = True
) -> Callable[[Any], float]:
    """Return the objective of a trial: a classifier on every fold, all of it on record."""
    import mlflow
    from sklearn.metrics import cohen_kappa_score
    from sklearn.neural_network import MLPClassifier

    def objective(trial: Any) -> float:
        layers = trial.suggest_int("layers", 1, space.layers)
        hidden = tuple(
            trial.suggest_int(f"units_{i}", space.low, space.high, log=True) for i in range(layers)
        )
        rate = trial.suggest_float("learning_rate", *space.rate, log=True)
        decay = trial.suggest_float("weight_decay", *space.decay, log=True)
        scores = []
        with _run(trial, tracked):
            for number, (learned, classes, scored, truth) in enumerate(folds, 1):
                network = MLPClassifier(
                    hidden,
                    learning_rate_init=rate,
                    alpha=decay,
                    batch_size=batch,
                    max_iter=epochs,
                    tol=0,
                    n_iter_no_change=epochs + 1,
                    random_state=trial.number,
                ).fit(learned, classes)
                score = cohen_kappa_score(truth, network.predict(scored), weights="quadratic")
                scores.append(score)
                if tracked:
                    for epoch, loss in enumerate(network.loss_curve_, 1):
                        mlflow.log_metric(f"fold{number}/train_loss", loss, step=epoch)
                    mlflow.log_metric(f"fold{number}/score", score)
            if tracked:
                mlflow.log_metric("cv.score", float(np.mean(scores)))
        return float(np.mean(scores))

    return objective


@contextmanager
def _run(trial: Any, tracked: bool) -> Any:
    import mlflow
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        if not tracked:
            yield
            return
        with mlflow.start_run(run_name=f"trial {trial.number}", nested=True):
            mlflow.log_params(trial.params)
            yield


def tracked_trial(work: Callable[[], None], epochs: int) -> Callable[[Any], float]:
    """Return the objective of a trial that works and records three values an epoch."""
    import mlflow

    def objective(trial: Any) -> float:
        point = [trial.suggest_float(f"x{i}", 0, 1) for i in range(7)]
        with mlflow.start_run(run_name=f"trial {trial.number}", nested=True):
            for name, value in trial.params.items():
                mlflow.log_param(name, value)
            for name in ("seed", "epochs", "batch", "layers", "model"):
                mlflow.log_param(name, 1)
            for epoch in range(1, epochs + 1):
                work()
                value = sum((x - 0.3) ** 2 for x in point) / epoch
                for name in VALUES_AN_EPOCH:
                    mlflow.log_metric(name, value, step=epoch)
                trial.report(value, epoch)
                if trial.should_prune():
                    continue  # pruning would make the trial shorter than ours
        return value

    return objective


def optimise(study: Any, objective: Callable[[Any], float], trials: int) -> None:
    """Run trials one after another, below a run of the study."""
    import mlflow

    with mlflow.start_run(run_name="study"):
        study.optimize(objective, n_trials=trials)


def documented_model(inputs: Any, classes: Any, name: str) -> Callable[[], None]:
    """Return what logs and registers a fitted classifier as MLflow's quick start does."""
    import mlflow
    from mlflow.models import infer_signature
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(max_iter=1000).fit(inputs, classes)

    def log() -> None:
        with mlflow.start_run():
            mlflow.sklearn.log_model(
                sk_model=fitted,
                name="model",
                signature=infer_signature(inputs, fitted.predict(inputs)),
                input_example=inputs[:5],
                registered_model_name=name,
            )

    return log
