"""Every derivative is checked against one that knows nothing of its formula."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.network import Member, Recipe, reference
from pipelines.network.activations import ACTIVATIONS, get_activation
from pipelines.network.layout import Layout, draw_parameters
from pipelines.network.losses import LOSSES, get_loss
from pipelines.network.passes import Pass, Table

KINKED = {"relu", "leaky_relu", "selu", "absolute", "huber", "pinball"}
COMPLEX_STEP = 1e-30
FLOAT64 = Recipe(dtype="float64")


def distance(g, h):
    """Return ``||g - h|| / (||g|| + ||h||)``."""
    return np.linalg.norm(g - h) / max(np.linalg.norm(g) + np.linalg.norm(h), 1e-30)


def flat_gradient(layout, gradients):
    row = np.zeros(layout.count)
    for name, value in gradients.items():
        layout.view(row, name)[...] = value
    return row


def by_complex_step(loss_of, row):
    """Return the gradient of `loss_of` at `row`: ``Im f(w + ih) / h``, exact to rounding."""
    result = np.empty(len(row))
    for i in range(len(row)):
        moved = row.astype(complex)
        moved[i] += 1j * COMPLEX_STEP
        result[i] = loss_of(moved).imag / COMPLEX_STEP
    return result


def by_central_differences(loss_of, row, h=1e-6):
    """Return the gradient of `loss_of` at `row`: ``(f(w + h) - f(w - h)) / 2h``."""
    result = np.empty(len(row))
    for i in range(len(row)):
        up, down = row.copy(), row.copy()
        up[i] += h
        down[i] -= h
        result[i] = (loss_of(up) - loss_of(down)) / (2 * h)
    return result


def problem(layout, x, y, recipe, weights=None, masks=None):
    """Return the loss as a function of the flat row, and the gradient as we have it."""

    def named(row):
        return {name: layout.view(row, name) for name in layout.blocks}

    def loss_of(row):
        return reference.mean_loss(named(row), x, y, recipe, weights, masks)

    def gradient_at(row):
        gradients = reference.gradient(named(row), x, y, recipe, weights, masks)
        return flat_gradient(layout, gradients)

    return loss_of, gradient_at


@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - {"softmax"}))
def test_the_derivative_of_an_activation_is_that_of_its_value(name):
    activation = get_activation(name)
    z = np.linspace(-8, 8, 401) + 0.001  # off the kink at zero
    by_step = activation.value(z + 1j * COMPLEX_STEP).imag / COMPLEX_STEP
    derivative = activation.derivative(z, activation.value(z))
    np.testing.assert_allclose(derivative, by_step, rtol=1e-12, atol=1e-12)


def test_the_derivative_of_softmax_is_the_matrix_of_its_nodes():
    softmax = get_activation("softmax")
    z = np.random.default_rng(0).normal(size=5)
    by_step = [
        softmax.value(z + 1j * COMPLEX_STEP * np.eye(5)[j]).imag / COMPLEX_STEP for j in range(5)
    ]
    derivative = softmax.derivative(z, softmax.value(z))
    np.testing.assert_allclose(derivative, np.transpose(by_step), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", LOSSES)
def test_the_gradient_of_a_loss_is_that_of_its_value(name, small_table):
    _, y = small_table(name, rows=30)
    z = np.random.default_rng(1).normal(size=y.T.shape) * 2
    loss = get_loss(name, quantile=0.8)
    rows = [loss.row_losses(z + 1j * COMPLEX_STEP * np.eye(3)[:, [k]], y.T).imag for k in range(3)]
    np.testing.assert_allclose(loss.gradient(z, y.T), np.array(rows) / COMPLEX_STEP, rtol=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_the_fast_gradient_and_losses_are_the_plain_ones(name, small_table):
    _, y = small_table(name)
    z = np.random.default_rng(1).normal(size=y.T.shape)
    loss = get_loss(name)
    losses = np.empty(len(y))
    expected = loss.gradient(z, y.T), loss.row_losses(z, y.T)
    loss.learn(z, y.T, losses)
    np.testing.assert_allclose(z, expected[0], rtol=1e-12)
    np.testing.assert_allclose(losses, expected[1], rtol=1e-12)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_fast_forward_and_backward_are_value_and_derivative(name):
    activation = get_activation(name)
    generator = np.random.default_rng(0)
    z, d = generator.normal(size=(2, 7, 4)), generator.normal(size=(2, 7, 4))
    a, back = z.swapaxes(1, 2).copy(), d.swapaxes(1, 2).copy()  # nodes, then rows
    kept = activation.keep(a)
    activation.forward(a, kept)
    activation.backward(back, a, kept)
    a, back = a.swapaxes(1, 2), back.swapaxes(1, 2)
    np.testing.assert_allclose(a, activation.value(z), rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(back, activation.chain(d, z, a), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_backward_is_the_gradient_by_complex_step(activation, loss, small_table, first_parameters):
    x, y = small_table(loss, rows=9)
    recipe = replace(FLOAT64, activation=activation, loss=loss, quantile=0.3, label_smoothing=0.1)
    if loss != "softmax_cross_entropy":
        recipe = replace(recipe, label_smoothing=0.0)
    layout, row, _ = first_parameters((5, 4, 3, 3), recipe)
    loss_of, gradient_at = problem(layout, x, y, recipe)
    assert distance(gradient_at(row), by_complex_step(loss_of, row)) < 1e-12


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_backward_is_the_gradient_by_central_differences(
    activation, loss, small_table, first_parameters
):
    x, y = small_table(loss, rows=9)
    recipe = replace(FLOAT64, activation=activation, loss=loss)
    layout, row, _ = first_parameters((5, 4, 3), recipe)
    loss_of, gradient_at = problem(layout, x, y, recipe)
    demand = 1e-6 if {activation, loss} & KINKED else 1e-7
    assert distance(gradient_at(row), by_central_differences(loss_of, row)) < demand


@pytest.mark.parametrize("periodic", [0, 3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dropped", [False, True])
def test_every_option_of_a_layer_has_the_gradient_by_complex_step(
    periodic, weighted, dropped, small_table, first_parameters
):
    x, y = small_table(rows=9)
    recipe = replace(FLOAT64, activation="tanh", periodic=periodic, frequency_scale=0.4)
    layout, row, _ = first_parameters((5, 4, 4, 3), recipe)
    generator = np.random.default_rng(2)
    weights = generator.uniform(0, 2, 9) if weighted else None
    masks = [(generator.random((9, n)) > 0.3) / 0.7 for n in (5, 4, 4)] if dropped else None
    loss_of, gradient_at = problem(layout, x, y, recipe, weights, masks)
    assert distance(gradient_at(row), by_complex_step(loss_of, row)) < 1e-12


def engine_gradient(layout, row, x, y, recipe, weights=None):
    table = Table(x, y, weights, recipe.dtype)
    flat = row[None].astype(recipe.dtype)
    gradient = np.zeros_like(flat)
    batch = Pass(table, layout, recipe, len(x), flat, gradient)
    batch.learn(np.arange(len(x))[None])
    losses, weights = batch.summed()
    return gradient[0], float((losses / weights)[0])


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 7), min_size=2, max_size=5),
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    loss=st.sampled_from(sorted(LOSSES)),
    periodic=st.integers(0, 2),
    rows=st.integers(1, 12),
    seed=st.integers(0, 2**16),
)
def test_any_architecture_has_the_gradient_by_complex_step(
    sizes, activation, loss, periodic, rows, seed
):
    generator = np.random.default_rng(seed)
    recipe = replace(FLOAT64, activation=activation, loss=loss, periodic=periodic)
    layout = Layout(tuple(sizes), periodic)
    row = draw_parameters(layout, recipe, generator)
    row += 0.1 * generator.normal(size=row.shape)
    x = generator.normal(size=(rows, sizes[0]))
    y = generator.uniform(0.1, 1, size=(rows, sizes[-1]))
    y /= y.sum(axis=1, keepdims=True)
    weights = generator.uniform(0.1, 2, size=rows)
    loss_of, gradient_at = problem(layout, x, y, recipe, weights)
    expected = by_complex_step(loss_of, row)
    scale = 1 + np.abs(expected).max()
    np.testing.assert_allclose(gradient_at(row) / scale, expected / scale, atol=1e-12)
    got, mean = engine_gradient(layout, row, x, y, recipe, weights)
    np.testing.assert_allclose(got / scale, expected / scale, atol=1e-12)
    assert mean == pytest.approx(float(loss_of(row)), rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_float32_agrees_with_float64_to_a_millionth(activation, small_table, first_parameters):
    x, y = small_table(rows=64)
    recipe = replace(FLOAT64, activation=activation)
    layout, row, _ = first_parameters((5, 16, 8, 3), recipe)
    exact, _ = engine_gradient(layout, row, x, y, recipe)
    rounded, _ = engine_gradient(layout, row, x, y, replace(recipe, dtype="float32"))
    assert distance(rounded.astype(float), exact) < 1e-6


TORCH_ACTIVATIONS = {
    "relu": lambda f, z: f.relu(z),
    "leaky_relu": lambda f, z: f.leaky_relu(z),
    "sigmoid": lambda f, z: f.sigmoid(z),
    "tanh": lambda f, z: f.tanh(z),
    "gelu": lambda f, z: f.gelu(z, approximate="tanh"),
    "silu": lambda f, z: f.silu(z),
    "selu": lambda f, z: f.selu(z),
    "mish": lambda f, z: f.mish(z),
    "softmax": lambda f, z: f.softmax(z, dim=-1),
    "identity": lambda f, z: z,
}
TORCH_LOSSES = {
    "softmax_cross_entropy": lambda f, z, y: f.cross_entropy(z, y),
    "sigmoid_cross_entropy": lambda f, z, y: f.binary_cross_entropy_with_logits(
        z, y, reduction="sum"
    ),
    "squared": lambda f, z, y: f.mse_loss(z, y, reduction="sum") / 2,
    "absolute": lambda f, z, y: f.l1_loss(z, y, reduction="sum"),
    "huber": lambda f, z, y: f.huber_loss(z, y, reduction="sum"),
    "poisson": lambda f, z, y: f.poisson_nll_loss(z, y, log_input=True, reduction="sum"),
}


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", TORCH_LOSSES)
def test_backward_agrees_with_pytorch(activation, loss, small_table, first_parameters):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: nothing to compare with")
    x, y = small_table(loss)
    recipe = replace(FLOAT64, activation=activation, loss=loss)
    layout, row, _ = first_parameters((5, 6, 4, 3), recipe)
    tensor = torch.tensor(row, requires_grad=True)
    a = torch.tensor(x)
    for i in range(layout.layers):
        parts = [
            tensor[b.start : b.stop].reshape(b.shape)
            for b in (layout.blocks[f"weights_{i}"], layout.blocks[f"biases_{i}"])
        ]
        a = a @ parts[0] + parts[1]
        if i < layout.layers - 1:
            a = TORCH_ACTIVATIONS[activation](torch.nn.functional, a)
    value = TORCH_LOSSES[loss](torch.nn.functional, a, torch.tensor(y))
    (value if loss == "softmax_cross_entropy" else value / len(x)).backward()
    got, _ = engine_gradient(layout, row, x, y, recipe)
    assert distance(got, tensor.grad.numpy()) < 1e-12


@pytest.mark.parametrize("optimiser", ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"])
def test_a_training_agrees_with_pytorch(optimiser, small_table):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: nothing to compare with")
    x, y = small_table()
    recipe = Recipe(
        activation="tanh", optimiser=optimiser, batch_size=len(x), max_epochs=20, dtype="float64"
    )
    member = Member((6,), learning_rate=0.01, weight_decay=0.05, seed=4)
    ours = reference.train(x, y, member, recipe)
    first = reference.train(x, y, member, replace(recipe, max_epochs=0))
    tensors = {name: torch.tensor(value, requires_grad=True) for name, value in first.items()}
    groups = [
        {"params": [t for n, t in tensors.items() if n.startswith(kind)], "weight_decay": decay}
        for kind, decay in (("weights", 0.05), ("biases", 0.0))
    ]
    made = {
        "sgd": lambda: torch.optim.SGD(groups, lr=0.01),
        "momentum": lambda: torch.optim.SGD(groups, lr=0.01, momentum=0.9),
        "nesterov": lambda: torch.optim.SGD(groups, lr=0.01, momentum=0.9, nesterov=True),
        "rmsprop": lambda: torch.optim.RMSprop(groups, lr=0.01, alpha=0.999),
        "adam": lambda: torch.optim.Adam(groups, lr=0.01),
        "adamw": lambda: torch.optim.AdamW(groups, lr=0.01),
    }[optimiser]()
    for _ in range(recipe.max_epochs):
        made.zero_grad()
        hidden = torch.tanh(torch.tensor(x) @ tensors["weights_0"] + tensors["biases_0"])
        z = hidden @ tensors["weights_1"] + tensors["biases_1"]
        torch.nn.functional.cross_entropy(z, torch.tensor(y)).backward()
        made.step()
    for name, tensor in tensors.items():
        np.testing.assert_allclose(ours[name], tensor.detach().numpy(), rtol=1e-9, atol=1e-11)
