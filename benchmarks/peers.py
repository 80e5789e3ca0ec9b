"""The other sides of ``benchmarks/network.py``: each trains the same network on the same rows.

Every function returns something to call, or None where the peer is not installed.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np

Run = Callable[[], Any]
LEARNING_RATE = 1e-3


def scikit_learn(
    x: Any, y: Any, hidden: tuple[int, ...], batch: int, epochs: int, **more: Any
) -> Run:
    """Return a fit of `MLPClassifier`."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    def run() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            MLPClassifier(
                hidden,
                batch_size=batch,
                max_iter=epochs,
                tol=0,
                n_iter_no_change=epochs + 1,
                **more,
            ).fit(x, y)

    return run


def pytorch(x: Any, y: Any, hidden: tuple[int, ...], batch: int, epochs: int) -> Run | None:
    """Return a training loop of PyTorch with fused Adam."""
    if find_spec("torch") is None:
        return None
    import torch

    torch.set_num_threads(1)
    rows, labels = torch.tensor(x), torch.tensor(y)

    def run() -> None:
        net = _torch_net(x.shape[1], hidden, int(y.max()) + 1)
        adam = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE, fused=True)
        loss = torch.nn.CrossEntropyLoss()
        for _ in range(epochs):
            order = torch.randperm(len(rows))
            for start in range(0, len(rows), batch):
                index = order[start : start + batch]
                adam.zero_grad(set_to_none=True)
                loss(net(rows[index]), labels[index]).backward()
                adam.step()

    return run


def skorch(x: Any, y: Any, hidden: tuple[int, ...], batch: int, epochs: int) -> Run | None:
    """Return a fit of skorch's classifier."""
    if find_spec("skorch") is None:
        return None
    import torch
    from skorch import NeuralNetClassifier

    torch.set_num_threads(1)

    def run() -> None:
        NeuralNetClassifier(
            _torch_net(x.shape[1], hidden, int(y.max()) + 1),
            criterion=torch.nn.CrossEntropyLoss,
            optimizer=torch.optim.Adam,
            lr=LEARNING_RATE,
            batch_size=batch,
            max_epochs=epochs,
            train_split=None,
            iterator_train__shuffle=True,
            verbose=0,
        ).fit(x, y.astype(np.int64))

    return run


def _torch_net(inputs: int, hidden: tuple[int, ...], outputs: int) -> Any:
    import torch

    widths = (inputs, *hidden, outputs)
    layers: list[Any] = []
    for before, after in pairwise(widths):
        layers += [torch.nn.Linear(before, after), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def pytorch_stacked(
    x: Any, y: Any, hidden: tuple[int, ...], batch: int, epochs: int, members: int
) -> Run | None:
    """Return PyTorch's own stack: `baddbmm` over a leading member axis."""
    if find_spec("torch") is None:
        return None
    import torch

    torch.set_num_threads(1)
    rows, labels = torch.tensor(x), torch.tensor(y)
    widths = (x.shape[1], *hidden, int(y.max()) + 1)

    def run() -> None:
        weights = [
            (torch.randn(members, a, b) / a**0.5).requires_grad_() for a, b in pairwise(widths)
        ]
        biases = [torch.zeros(members, 1, b, requires_grad=True) for b in widths[1:]]
        adam = torch.optim.Adam([*weights, *biases], lr=LEARNING_RATE, fused=True)
        for _ in range(epochs):
            order = torch.stack([torch.randperm(len(rows)) for _ in range(members)])
            for start in range(0, len(rows), batch):
                index = order[:, start : start + batch]
                a = rows[index]
                for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
                    a = torch.baddbmm(b, a, w)
                    a = torch.relu(a) if i < len(weights) - 1 else a
                adam.zero_grad(set_to_none=True)
                loss = torch.nn.functional.cross_entropy(
                    a.flatten(0, 1), labels[index].flatten(), reduction="sum"
                )
                (loss / index.shape[1]).backward()
                adam.step()

    return run


def jax_scan(x: Any, y: Any, hidden: tuple[int, ...], batch: int, epochs: int) -> Run | None:
    """Return JAX with a whole epoch in one compiled `lax.scan`, compiled beforehand."""
    if find_spec("jax") is None:
        return None
    import jax
    import jax.numpy as jnp

    widths = (x.shape[1], *hidden, int(y.max()) + 1)
    generator = np.random.default_rng(0)
    first = [
        (jnp.array(generator.normal(size=(a, b)) / a**0.5, jnp.float32), jnp.zeros(b, jnp.float32))
        for a, b in pairwise(widths)
    ]
    rows, labels = jnp.array(x), jnp.array(y)

    def loss(parameters: Any, a: Any, target: Any) -> Any:
        for i, (w, b) in enumerate(parameters):
            a = a @ w + b
            a = jax.nn.relu(a) if i < len(parameters) - 1 else a
        picked = jnp.take_along_axis(jax.nn.log_softmax(a), target[:, None], axis=1)
        return -picked.mean()

    def step(state: Any, index: Any) -> tuple[Any, None]:
        parameters, mean, square, t = state
        gradients = jax.grad(loss)(parameters, rows[index], labels[index])
        t = t + 1
        mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, gradients)
        square = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, square, gradients)
        length = LEARNING_RATE * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        parameters = jax.tree.map(
            lambda w, m, v: w - length * m / (jnp.sqrt(v) + 1e-8), parameters, mean, square
        )
        return (parameters, mean, square, t), None

    steps = len(x) // batch

    @jax.jit
    def epoch(state: Any, key: Any) -> Any:
        order = jax.random.permutation(key, len(rows))[: steps * batch]
        return jax.lax.scan(step, state, order.reshape(steps, batch))[0]

    zeros = jax.tree.map(jnp.zeros_like, first)
    start = (first, zeros, zeros, jnp.float32(0))
    jax.block_until_ready(epoch(start, jax.random.key(0)))

    def run() -> None:
        state = start
        for k in range(epochs):
            state = epoch(state, jax.random.key(k))
        jax.block_until_ready(state)

    return run


def products_alone(
    inputs: int, hidden: tuple[int, ...], outputs: int, batch: int, steps: int
) -> Run:
    """Return the matrix products of a training and nothing else: the floor."""
    widths = (inputs, *hidden, outputs)
    products: list[tuple[Any, Any, Any]] = []
    for i, (a, b) in enumerate(pairwise(widths)):
        signal, weights, error = (np.ones(s, np.float32) for s in ((batch, a), (a, b), (batch, b)))
        products += [(signal, weights, error), (signal.T, error, weights.copy())]
        if i:
            products.append((error, weights.T, signal.copy()))
    products = [(p[0].copy("K"), p[1].copy("K"), np.empty_like(p[2])) for p in products]

    def run() -> None:
        for _ in range(steps):
            for left, right, out in products:
                np.matmul(left, right, out=out)

    return run
