"""What `NetworkClassifier` and `NetworkRegressor` have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from pipelines.network.defaults import batch_size, dropout, precision, weight_decay
from pipelines.network.errors import InvalidSetting
from pipelines.network.losses import get_loss
from pipelines.network.prediction import predict
from pipelines.network.scaling import fit_scaler
from pipelines.network.settings import EpochRow, Member, Recipe, TrainedNetwork
from pipelines.network.together import Callback, Job, fit_together, train_jobs

Numbers = NDArray[Any]
SMALL = 500  # rows below which an own validation split costs more than it tells
EMBEDDINGS = (None, "periodic", "piecewise")


class Network(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """A small ensemble of feed-forward networks, trained side by side; see the subclasses."""

    _Y_NUMERIC = False
    _LEARNED: tuple[str, ...] = (
        "scaler_",
        "n_features_in_",
        "feature_names_in_",
    )  # from the table alone

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        validation_data: tuple[Any, ...] | None = None,
    ) -> Self:
        """Learn from a table.

        Parameters
        ----------
        X : array or DataFrame of shape (n_samples, n_features)
        y : array of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array of shape (n_samples,), optional
        validation_data : (X, y) or (X, y, sample_weight), optional
            Rows to watch for early stopping, instead of a share of the training rows.

        Raises
        ------
        TrainingDiverged
            When the loss is no longer a number.
        """
        listen = self._tell if self._callbacks() else None
        fit_together([self], [(X, y, sample_weight)], validation=[validation_data], on_epoch=listen)
        return self

    @property
    def loss_curve_(self) -> list[float]:
        """Training loss after each epoch, of the first member."""
        return [row["train_loss"] for row in self.history_ if row["member"] == 0]

    def _tell(self, rows: list[EpochRow]) -> Iterable[int] | None:
        asked = [callback(rows) for callback in self._callbacks()]
        return {index for answer in asked for index in answer or ()}

    def _callbacks(self) -> list[Callback]:
        callbacks = self.callbacks
        return [callbacks] if callable(callbacks) else list(callbacks or ())

    @abstractmethod
    def _check_targets(self, y: Any, first: bool) -> Numbers:
        """Learn the form of the targets (if `first`) and return them as the network's numbers."""

    @abstractmethod
    def _loss_name(self) -> str:
        """Return the name of the loss for the targets seen."""

    def _fit_targets(self, targets: Numbers, weights: Numbers) -> None:
        """Learn how the targets are scaled."""

    def _scale_targets(self, targets: Numbers) -> Numbers:
        """Return the targets as the network learns them."""
        return targets

    def _balance(self, y: Any) -> Numbers | float:
        """Return a factor of each row's weight."""
        return 1.0

    def _prepare(
        self, table: tuple[Any, ...], watched: tuple[Any, ...] | None, prepared: dict[Any, Any]
    ) -> Job:
        """Return what is to be trained for a fit; `prepared` holds tables made ready before."""
        first = not (self.warm_start and hasattr(self, "networks_"))
        key = (type(self), *map(id, table), *map(id, watched or ()), *self._ways_to_prepare())
        if first and key in prepared:
            donor, ready, rows = prepared[key]
            self.__dict__.update({k: v for k, v in vars(donor).items() if k in donor._LEARNED})
        else:
            ready, rows = self._make_ready(table, watched, first)
            prepared[key] = self, ready, rows
        members = self._members(ready[1][:rows], first)
        if watched is not None:
            own, watch = np.arange(rows), np.arange(rows, len(ready[0]))
            members = [replace(m, rows=own, validation_rows=watch) for m in members]
        inputs, targets, weights = ready
        return Job(inputs, targets, weights, tuple(members), self._recipe(rows))

    def _make_ready(
        self, table: tuple[Any, ...], watched: tuple[Any, ...] | None, first: bool
    ) -> tuple[tuple[Numbers, Numbers, Numbers], int]:
        """Return inputs, targets and weights, the watched rows last, and how many are not."""
        ready = self._rows(table, first)
        rows = len(ready[0])
        if watched is not None:
            more = self._rows(watched, first=False)
            inputs, targets, weights = map(np.concatenate, zip(ready, more, strict=True))
            ready = inputs, targets, weights
        return ready, rows

    def _ways_to_prepare(self) -> tuple[Any, ...]:
        """Return the settings that change what a table is made into."""
        return self.scaling, self.embedding, self.n_bins

    def _rows(self, table: tuple[Any, ...], first: bool) -> tuple[Numbers, Numbers, Numbers]:
        """Check a table and return its inputs, targets and weights as the network takes them."""
        X, y, sample_weight = (*table, None)[:3]
        X, y = validate_data(
            self,
            X,
            y,
            reset=first,
            dtype=[np.float64, np.float32],
            multi_output=True,
            y_numeric=self._Y_NUMERIC,
        )
        targets = self._check_targets(y, first)
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        weights = weights * self._balance(y)
        counts = weights > 0
        if not counts.any():
            raise InvalidSetting("at least one sample must have a weight above zero, but got none")
        X, targets, weights = X[counts], targets[counts], weights[counts]
        if first:
            bins = self.n_bins if self.embedding == "piecewise" else 0
            self.scaler_ = fit_scaler(self.scaling, X, weights, bins)
            self._fit_targets(targets, weights)
        return self.scaler_.transform(X), self._scale_targets(targets), weights

    def _members(self, targets: Numbers, first: bool) -> list[Member]:
        """Return the members of the ensemble, with seeds and rows of their own."""
        if self.n_members < 1:
            raise InvalidSetting(f"n_members >= 1 must hold, but got {self.n_members!r}")
        entropy = int(check_random_state(self.random_state).randint(2**31 - 1))
        seeds = [np.random.SeedSequence(entropy, spawn_key=(i,)) for i in range(self.n_members)]
        base = Member(
            hidden=self._hidden(),
            learning_rate=self.learning_rate,
            weight_decay=weight_decay(self.weight_decay, len(targets)),
            dropout=dropout(self.dropout, len(targets)),
            input_dropout=self.input_dropout,
        )
        members = [replace(base, seed=seed) for seed in seeds]
        if not first:
            members = [replace(m, start=n) for m, n in zip(members, self.networks_, strict=True)]
        if not self._stops_early(len(targets)):
            return members
        splits = self._splits(targets, np.random.default_rng(entropy))
        return [
            replace(member, rows=train, validation_rows=watch)
            for member, (train, watch) in zip(members, splits, strict=True)
        ]

    def _hidden(self) -> tuple[int, ...]:
        sizes = self.hidden_layer_sizes
        return tuple(int(size) for size in np.atleast_1d(sizes))

    def _stops_early(self, rows: int) -> bool:
        if self.early_stopping == "auto":
            return rows >= SMALL
        return bool(self.early_stopping)

    def _splits(
        self, targets: Numbers, generator: np.random.Generator
    ) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Return (training rows, watched rows) of each member: each watches another share."""
        if not 0 < self.validation_fraction < 1:
            raise InvalidSetting(
                f"0 < validation_fraction < 1 must hold, but got {self.validation_fraction!r}"
            )
        order = generator.permutation(len(targets))
        order = order[np.argsort(self._strata(targets)[order], kind="stable")]
        parts = max(2, round(1 / self.validation_fraction))
        part = np.empty(len(order), dtype=np.intp)
        part[order] = np.arange(len(order)) % parts  # every part has its share of every class
        return [
            (np.flatnonzero(part != i % parts), np.flatnonzero(part == i % parts))
            for i in range(self.n_members)
        ]

    def _strata(self, targets: Numbers) -> Numbers:
        return targets[:, 0] if targets.shape[1] == 1 else targets.argmax(axis=1)

    def _recipe(self, rows: int) -> Recipe:
        if self.embedding not in EMBEDDINGS:
            raise InvalidSetting(
                f"embedding must be None, 'periodic' or 'piecewise', but got {self.embedding!r}"
            )
        return Recipe(
            loss=self._loss_name(),
            activation=self.activation,
            initialisation=self.initialisation,
            optimiser=self.optimiser,
            schedule=self.schedule,
            batch_size=batch_size(self.batch_size, rows),
            max_epochs=self.max_epochs,
            patience=self.patience,
            tolerance=self.tolerance,
            clip_norm=self.clip_norm,
            momentum=self.momentum,
            beta1=self.beta1,
            beta2=self.beta2,
            epsilon=self.epsilon,
            periodic=self.n_frequencies if self.embedding == "periodic" else 0,
            frequency_scale=self.frequency_scale,
            score=self.score_to_watch,
            dtype=precision(self.dtype, rows),
            engine=self.engine,
            array_module=self.array_module,
            **self._recipe_of_kind(),
        )

    def _recipe_of_kind(self) -> dict[str, Any]:
        """Return the settings that only this kind of estimator has."""
        return {}

    def _adopt(self, job: Job, networks: list[TrainedNetwork], keep_diverged: bool) -> None:
        """Take over the trained networks."""
        failures = [network.failure for network in networks if network.failure is not None]
        if failures and not keep_diverged:
            raise failures[0]
        if failures:
            self.failure_ = failures[0]
            return
        self._keep(networks)

    def _keep(self, networks: list[TrainedNetwork]) -> None:
        """Take trained networks for the members."""
        self.networks_ = networks
        self.history_ = sorted(
            ({**row, "member": i} for i, network in enumerate(networks) for row in network.history),
            key=lambda row: (row["epoch"], row["member"]),
        )
        self.n_epochs_ = max((row["epoch"] for row in self.history_), default=0)

    def _html_repr(self) -> str:
        """Show a fitted network as its diagram, an unfitted one as scikit-learn does."""
        if not hasattr(self, "networks_"):
            return str(super()._html_repr())
        from pipelines.network.diagram import draw_network

        return draw_network(self)

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, first: bool) -> None:
        """Learn one epoch more from the rows given."""
        inputs, targets, weights = self._rows((X, y, sample_weight), first)
        members = [
            replace(member, rows=None, validation_rows=None)
            for member in self._members(targets, first)
        ]
        recipe = replace(self._recipe(len(inputs)), max_epochs=1, schedule="constant")
        job = Job(inputs, targets, weights, tuple(members), recipe)
        earlier = [] if first else self.history_
        self._adopt(job, train_jobs([job])[0], keep_diverged=False)
        done = earlier[-1]["epoch"] if earlier else 0
        self.history_ = earlier + [{**row, "epoch": done + row["epoch"]} for row in self.history_]
        self.n_epochs_ = done + 1

    def _said(self, z: Numbers) -> Numbers:
        """Return what the outputs' weighted sums (n_samples, n_outputs) say of the table."""
        recipe = self.networks_[0].recipe
        return np.asarray(get_loss(recipe.loss, quantile=recipe.quantile).predict(z.T).T)

    def _answers(self, X: Any) -> Numbers:
        """Return the networks' answers for `X`, shape (n_samples, n_outputs), scaled as learned."""
        check_is_fitted(self, "networks_")
        X = validate_data(self, X, reset=False, dtype=[np.float64, np.float32])
        return np.asarray(predict(self.networks_, self.scaler_.transform(X)))
