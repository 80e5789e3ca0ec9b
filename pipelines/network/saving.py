"""Networks on disk: numbers as safetensors, all else as JSON beside them; nothing is ever run.

A pickle runs code when it is opened, so a pickled network from elsewhere cannot be trusted. A
safetensors file holds arrays and text alone.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from pipelines.network.classifier import NetworkClassifier
from pipelines.network.errors import InvalidSetting, UnreadableNetwork
from pipelines.network.estimator import Network
from pipelines.network.layout import Layout
from pipelines.network.regressor import NetworkRegressor
from pipelines.network.scaling import Scaler
from pipelines.network.settings import Recipe, TrainedNetwork

FORMAT = "ripe-network-1"
KINDS: dict[str, type[Network]] = {k.__name__: k for k in (NetworkClassifier, NetworkRegressor)}
NOT_SAVED = ("callbacks", "score_to_watch", "random_state")  # functions, and spent randomness
Tensors = dict[str, NDArray[Any]]


def save_network(network: Network, path: str | os.PathLike[str]) -> Path:
    """Write a fitted estimator to `path`, whole or not at all.

    Parameters
    ----------
    network : NetworkClassifier or NetworkRegressor
        Fitted. Callbacks and a watched score are left out; a random state is kept if a number.
    path : path-like

    Raises
    ------
    InvalidSetting
        When the estimator has not been fitted.
    """
    if not hasattr(network, "networks_"):
        raise InvalidSetting("only a fitted network can be saved: call fit first")
    tensors, text = _tensors(network), _text(network)
    path = Path(path)
    content = save(tensors, metadata={"format": FORMAT, "network": json.dumps(text)})
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def load_network(path: str | os.PathLike[str]) -> Network:
    """Read an estimator back; it answers, and trains on, as the one that was saved.

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    UnreadableNetwork
        When the file holds no network, or a damaged one.
    """
    tensors, text = _read(Path(path))
    try:
        return _rebuilt(tensors, text)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise UnreadableNetwork(f"{path} holds a damaged network: {problem!r}") from problem


def _read(path: Path) -> tuple[Tensors, dict[str, Any]]:
    if not path.is_file():
        raise FileNotFoundError(f"there is no network at {path}")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as problem:
        raise UnreadableNetwork(f"{path} is not a safetensors file: {problem}") from problem
    if metadata.get("format") != FORMAT:
        raise UnreadableNetwork(
            f"{path} must hold a network of format {FORMAT}, but says {metadata.get('format')!r}"
        )
    return tensors, json.loads(metadata["network"])


def _tensors(network: Network) -> Tensors:
    members = network.networks_
    tensors = {
        "parameters": np.stack([m.parameters for m in members]),
        "scaler.centre": network.scaler_.centre,
        "scaler.spread": network.scaler_.spread,
    }
    for slot in range(len(members[0].momenta)):
        tensors[f"momenta.{slot}"] = np.stack([m.momenta[slot] for m in members])
    if network.scaler_.bins is not None:
        tensors["scaler.bins"] = network.scaler_.bins
    for name in ("target_centre_", "target_spread_", "classes_"):
        values = getattr(network, name, None)
        if values is not None and values.dtype.kind in "biuf":
            tensors[name] = values
    return {name: np.ascontiguousarray(values) for name, values in tensors.items()}


def _text(network: Network) -> dict[str, Any]:
    settings = {k: v for k, v in network.get_params().items() if k not in NOT_SAVED}
    if isinstance(network.random_state, int | np.integer):
        settings["random_state"] = int(network.random_state)
    text: dict[str, Any] = {
        "kind": type(network).__name__,
        "settings": settings,
        "scaling": network.scaler_.kind,
        "members": [_member_text(m) for m in network.networks_],
        "n_features_in_": network.n_features_in_,
    }
    if hasattr(network, "feature_names_in_"):
        text["feature_names_in_"] = network.feature_names_in_.tolist()
    for name in ("multilabel_", "single_"):
        if hasattr(network, name):
            text[name] = bool(getattr(network, name))
    classes = getattr(network, "classes_", None)
    if classes is not None and classes.dtype.kind not in "biuf":
        text["classes_"] = [str(label) for label in classes]
        text["classes_dtype"] = classes.dtype.str
    return json.loads(json.dumps(text, default=_plain))  # type: ignore[no-any-return]


def _member_text(member: TrainedNetwork) -> dict[str, Any]:
    recipe = {k: v for k, v in asdict(member.recipe).items() if k != "score"}
    return {
        "sizes": member.sizes,
        "recipe": recipe,
        "history": member.history,
        "best_epoch": member.best_epoch,
        "stop_reason": member.stop_reason,
        "steps": member.steps,
    }


def _plain(value: Any) -> Any:
    """Return a NumPy scalar or array as JSON knows it."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise InvalidSetting(f"settings must be plain values to be saved, but got {value!r}")


def _rebuilt(tensors: Tensors, text: dict[str, Any]) -> Network:
    network = KINDS[text["kind"]](**_settings(text["settings"]))
    network.scaler_ = Scaler(
        text["scaling"],
        tensors["scaler.centre"],
        tensors["scaler.spread"],
        tensors.get("scaler.bins"),
    )
    for name in ("target_centre_", "target_spread_", "classes_"):
        if name in tensors:
            setattr(network, name, tensors[name])
    for name in ("n_features_in_", "multilabel_", "single_"):
        if name in text:
            setattr(network, name, text[name])
    if "classes_" in text:
        network.classes_ = np.array(text["classes_"], dtype=text["classes_dtype"])
    if "feature_names_in_" in text:
        network.feature_names_in_ = np.array(text["feature_names_in_"], dtype=object)
    network._keep([_member(row, tensors, m) for row, m in enumerate(text["members"])])
    return network


def _settings(saved: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in saved.items()}


def _member(row: int, tensors: Tensors, text: dict[str, Any]) -> TrainedNetwork:
    slots = sum(name.startswith("momenta.") for name in tensors)
    member = TrainedNetwork(
        sizes=tuple(text["sizes"]),
        recipe=Recipe(**text["recipe"]),
        parameters=tensors["parameters"][row],
        history=tuple(text["history"]),
        best_epoch=text["best_epoch"],
        stop_reason=text["stop_reason"],
        momenta=tuple(tensors[f"momenta.{slot}"][row] for slot in range(slots)),
        steps=text["steps"],
    )
    expected = Layout(member.sizes, member.recipe.periodic).count
    if member.parameters.shape != (expected,):
        raise ValueError(f"{expected} parameters expected, got {member.parameters.shape}")
    return member
