"""One network, layer by layer, as it is told in a talk.

A node sums what comes in over its edges, each input times the edge's weight, adds its bias, and
answers with its activation. `forward` does that for every layer in turn. `backward` asks, from the
last layer to the first, how the loss would change with each sum, and from that with each weight.
`train` repeats both on a batch at a time and moves the weights a little downhill.

This page is the truth that the stacked engine is tested against, to twelve digits. It keeps no
memory between steps and one array a result, so it is slower, and easier to read. Nothing here
knows who owns the arrays: give it arrays of another module that follows NumPy's protocols
(NEP 13 and NEP 18, such as CuPy) and it runs there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.network.activations import Activation, Array, get_activation
from pipelines.network.draws import Draws
from pipelines.network.layout import Layout, draw_parameters
from pipelines.network.losses import get_loss
from pipelines.network.schedules import get_schedule
from pipelines.network.settings import Member, Recipe

Masks = list[Any]  # of each layer's inputs: what dropout multiplies them by, or None


@dataclass(frozen=True, eq=False)
class Step:
    """What a layer saw on the way forward, kept for the way back."""

    a_in: Array  # what came in, (rows, inputs)
    z: Array  # the weighted sums, (rows, nodes)
    a: Array  # the answers, (rows, nodes)


def forward(
    parameters: dict[str, Array], x: Array, activation: Activation, masks: Masks | None = None
) -> tuple[Array, list[Step]]:
    """Send `x` (rows, inputs) through the network.

    Parameters
    ----------
    parameters : dict
        ``weights_0``, ``biases_0``, ``weights_1``, ... by name.
    x : ndarray of shape (rows, inputs)
    activation : Activation
        Of the hidden layers; the last layer answers with its weighted sums.
    masks : list
        Dropout of each layer's inputs.

    Returns
    -------
    z : ndarray of shape (rows, outputs)
    steps : list of Step
        One a layer.
    """
    layers = sum(name.startswith("weights") for name in parameters)
    steps = []
    a = x
    for i in range(layers):
        a_in = _silenced(a, masks, i)
        if i == 0 and "frequencies" in parameters:
            a_in = waves(parameters, a_in)
        z = a_in @ parameters[f"weights_{i}"] + parameters[f"biases_{i}"]  # sum of weighted inputs
        a = activation.value(z) if i < layers - 1 else z  # the node's answer
        steps.append(Step(a_in, z, a))
    return a, steps


def backward(
    parameters: dict[str, Array],
    steps: list[Step],
    d: Array,
    activation: Activation,
    masks: Masks | None = None,
) -> dict[str, Array]:
    """Return the loss's derivative by each parameter, given ``d = dL/dz`` of the last layer."""
    gradients = {}
    for i in reversed(range(len(steps))):
        step = steps[i]
        if i < len(steps) - 1:
            d = activation.chain(d, step.z, step.a)  # dL/dz = dL/da f'(z)
        gradients[f"weights_{i}"] = step.a_in.T @ d  # dL/dW: each input times each node's error
        gradients[f"biases_{i}"] = d.sum(axis=0, keepdims=True)  # dL/db: a bias's input is one
        d = d @ parameters[f"weights_{i}"].T  # dL/da: each node's error, shared by its edges
        if i > 0:
            d = _silenced(d, masks, i)
    if "frequencies" in parameters:
        gradients |= waves_backward(parameters, steps[0].a_in, d)
    return gradients


def waves(parameters: dict[str, Array], x: Array) -> Array:
    """Return each number beside its waves, ``[x, cos(2 pi c x + p)]``."""
    angles = 2 * np.pi * x[..., None] * parameters["frequencies"] + parameters["phases"]
    return np.concatenate([x, np.cos(angles).reshape(len(x), -1)], axis=1)


def waves_backward(parameters: dict[str, Array], a_in: Array, d: Array) -> dict[str, Array]:
    """Return the derivatives by the frequencies ``c`` and phases ``p``."""
    features, count = parameters["frequencies"].shape
    x = a_in[:, :features, None]
    angles = 2 * np.pi * x * parameters["frequencies"] + parameters["phases"]
    d_angles = -np.sin(angles) * d[:, features:].reshape(len(x), features, count)
    return {
        "frequencies": (2 * np.pi * x * d_angles).sum(axis=0),
        "phases": d_angles.sum(axis=0),
    }


def train(
    inputs: Array,
    targets: Array,
    member: Member,
    recipe: Recipe,
    weights: Array | None = None,
    asarray: Callable[[Any], Array] = np.asarray,
) -> dict[str, Array]:
    """Train one network for `recipe.max_epochs`; return its parameters by name.

    Parameters
    ----------
    inputs, targets : ndarray of shape (rows, inputs), (rows, outputs)
        Of the array module that is to do the work.
    member, recipe : Member, Recipe
        Early stopping is not part of this page.
    weights : ndarray of shape (rows,) or None
    asarray : callable
        Brings a NumPy array to that module.
    """
    layout = Layout((inputs.shape[1], *member.hidden, targets.shape[1]), recipe.periodic)
    draws = Draws(member.seed)
    first = draw_parameters(layout, recipe, draws.first).astype(recipe.dtype)
    parameters = {name: asarray(layout.view(first, name).copy()) for name in layout.blocks}
    memory: dict[str, list[Array]] = {name: [0.0, 0.0] for name in parameters}
    rows = np.arange(len(inputs)) if member.rows is None else member.rows
    for epoch in range(recipe.max_epochs):
        batches = _batches(rows, recipe.batch_size, draws)
        for k, batch in enumerate(batches):
            masks = _masks(member, layout, len(batch), draws, asarray)
            own = None if weights is None else weights[batch]
            gradients = gradient(parameters, inputs[batch], targets[batch], recipe, own, masks)
            progress = (epoch + k / len(batches)) / recipe.max_epochs
            rate = member.learning_rate * float(get_schedule(recipe.schedule)(np.array(progress)))
            t = epoch * len(batches) + k + 1
            update(parameters, gradients, memory, recipe, rate, member.weight_decay, t)
    return parameters


def gradient(
    parameters: dict[str, Array],
    x: Array,
    y: Array,
    recipe: Recipe,
    weights: Array | None = None,
    masks: Masks | None = None,
) -> dict[str, Array]:
    """Return the derivative of a batch's mean loss by every parameter."""
    loss, activation = (
        get_loss(recipe.loss, quantile=recipe.quantile),
        get_activation(recipe.activation),
    )
    z, steps = forward(parameters, x, activation, masks)
    y = y * (1 - recipe.label_smoothing) + recipe.label_smoothing / y.shape[1]
    d = loss.gradient(z.T, y.T).T
    d = d / len(x) if weights is None else d * (weights / weights.sum())[:, None]
    return backward(parameters, steps, d, activation, masks)


def mean_loss(
    parameters: dict[str, Array],
    x: Array,
    y: Array,
    recipe: Recipe,
    weights: Array | None = None,
    masks: Masks | None = None,
) -> Any:
    """Return a batch's mean loss: the number that training brings down."""
    loss, activation = (
        get_loss(recipe.loss, quantile=recipe.quantile),
        get_activation(recipe.activation),
    )
    z, _ = forward(parameters, x, activation, masks)
    y = y * (1 - recipe.label_smoothing) + recipe.label_smoothing / y.shape[1]
    losses = loss.row_losses(z.T, y.T)
    return losses.mean() if weights is None else (weights * losses).sum() / weights.sum()


def update(
    parameters: dict[str, Array],
    gradients: dict[str, Array],
    memory: dict[str, list[Array]],
    recipe: Recipe,
    rate: float,
    weight_decay: float,
    t: int,
) -> None:
    """Move every parameter against its gradient, as the textbooks have it; `t` counts from 1."""
    if recipe.clip_norm is not None:
        length = np.sqrt(sum((g * g).sum() for g in gradients.values()))
        gradients = {n: g * min(1, recipe.clip_norm / length) for n, g in gradients.items()}
    for name, g in gradients.items():
        w = parameters[name]
        decay = weight_decay if name.startswith("weights") else 0.0
        if recipe.optimiser == "adamw":
            w = w - rate * decay * w
        else:
            g = g + decay * w
        parameters[name] = w - rate * direction(g, memory[name], recipe, t)


def direction(g: Array, memory: list[Array], recipe: Recipe, t: int) -> Array:
    """Return where an optimiser goes for the gradient `g`, and remember it."""
    first, second = memory
    match recipe.optimiser:
        case "sgd":
            return g
        case "momentum" | "nesterov":
            memory[0] = recipe.momentum * first + g
            ahead = recipe.optimiser == "nesterov"
            return g + recipe.momentum * memory[0] if ahead else memory[0]
        case "rmsprop":
            memory[0] = recipe.beta2 * first + (1 - recipe.beta2) * g * g
            return g / (np.sqrt(memory[0]) + recipe.epsilon)
        case _:  # adam, adamw
            memory[0] = recipe.beta1 * first + (1 - recipe.beta1) * g
            memory[1] = recipe.beta2 * second + (1 - recipe.beta2) * g * g
            mean, square = memory[0] / (1 - recipe.beta1**t), memory[1] / (1 - recipe.beta2**t)
            return mean / (np.sqrt(square) + recipe.epsilon)


def _silenced(a: Array, masks: Masks | None, layer: int) -> Array:
    mask = masks[layer] if masks is not None else None
    return a if mask is None else a * mask


def _batches(rows: Any, size: int, draws: Draws) -> list[Any]:
    rows = rows.copy()
    if len(rows) > size:
        draws.order.shuffle(rows)
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _masks(
    member: Member, layout: Layout, rows: int, draws: Draws, asarray: Callable[[Any], Array]
) -> Masks:
    """Draw what dropout multiplies each layer's inputs by: 0, or more than 1 to make up for it."""
    masks: Masks = []
    for i in range(layout.layers):
        share = round((member.input_dropout if i == 0 else member.dropout) * 65536) / 65536
        speaks = share * 65536 <= draws.bits(rows, layout.sizes[i]).T if share else None
        masks.append(None if speaks is None else asarray(speaks / (1 - share)))
    return masks
