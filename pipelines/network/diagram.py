"""A trained network as a picture: nodes, edges as thick as their weights, colour by sign.

The picture is SVG text, made of nothing but strings, so that it can be shown in a notebook, put on
a page, or written to a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines.network.activations import get_activation
from pipelines.network.layout import Layout
from pipelines.network.reference import forward
from pipelines.network.settings import TrainedNetwork
from pipelines.network.svg import (
    INK,
    NEGATIVE,
    PALE,
    PAPER,
    POSITIVE,
    cut,
    edge,
    frame,
    legend,
    node_of_one,
    short,
    text,
)

if TYPE_CHECKING:
    from pipelines.network.estimator import Network

Numbers = NDArray[Any]

ROW_HEIGHT, COLUMN_WIDTH, RADIUS, TOP = 46, 190, 14, 56
LABEL_WIDTH = 130
MOST_OUTPUTS = 12  # answers are what one looks for: more of them are drawn


@dataclass(frozen=True, eq=False)
class Column:
    """One layer of the picture.

    Attributes
    ----------
    title : str
    shown : ndarray of int
        The nodes that are drawn, the strongest of a wide layer.
    total : int
        How many there are.
    labels : list of str
        Beside the nodes shown; empty for hidden layers.
    values : ndarray of shape (total,) or None
        What each node says for the row given.
    """

    title: str
    shown: NDArray[np.intp]
    total: int
    labels: list[str]
    values: Numbers | None


def draw_network(
    network: Network,
    *,
    row: Any = None,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    member: int = 0,
    most_nodes: int = 8,
) -> str:
    """Draw one member of a fitted estimator as SVG.

    Parameters
    ----------
    network : NetworkClassifier or NetworkRegressor
        Fitted.
    row : array or one-row DataFrame of shape (n_features,), optional
        A row of the table: each node then shows what it says for it.
    feature_names, class_names : sequence of str, optional
        Default: the names seen in fit, else x1, x2, ... and the classes.
    member : int
        Which network of the ensemble.
    most_nodes : int
        Nodes drawn of one layer at most; of a wider layer the strongest are. Of the outputs, 12.

    Returns
    -------
    str
        An ``<svg>`` element.
    """
    trained = network.networks_[member]
    layout = Layout(trained.sizes, trained.recipe.periodic)
    values = None if row is None else _answers(network, trained, row)
    inputs = _input_names(network, layout, feature_names)
    return _drawn(trained, inputs, _output_names(network, class_names), values, most_nodes)


def draw_trained(
    trained: TrainedNetwork,
    feature_names: Sequence[str],
    output_names: Sequence[str],
    *,
    most_nodes: int = 8,
) -> str:
    """Draw one trained network as SVG, whatever it was trained by.

    Parameters
    ----------
    trained : TrainedNetwork
    feature_names, output_names : sequence of str
        Of its inputs and of its outputs; for a single output the last one.
    most_nodes : int
        As in `draw_network`.

    Returns
    -------
    str
        An ``<svg>`` element.
    """
    layout = Layout(trained.sizes, trained.recipe.periodic)
    outputs = list(output_names)[-1:] if trained.sizes[-1] == 1 else list(output_names)
    return _drawn(trained, _with_waves(feature_names, layout), outputs, None, most_nodes)


def _drawn(
    trained: TrainedNetwork,
    input_names: list[str],
    output_names: list[str],
    values: Sequence[Numbers | None] | None,
    most_nodes: int,
) -> str:
    layout = Layout(trained.sizes, trained.recipe.periodic)
    weights = [layout.view(trained.parameters, f"weights_{i}") for i in range(layout.layers)]
    biases = [layout.view(trained.parameters, f"biases_{i}")[0] for i in range(layout.layers)]
    said = [None] * (layout.layers + 1) if values is None else values
    names = [input_names, *[None] * (layout.layers - 1), output_names]
    columns = [
        _column(i, weights, said[i], names[i], most_nodes, trained.recipe.activation)
        for i in range(layout.layers + 1)
    ]
    tallest = max(_bias_place(column) + 1 for column in columns)
    width = COLUMN_WIDTH * layout.layers + 2 * LABEL_WIDTH + 40
    height = TOP + tallest * ROW_HEIGHT + 34
    heaviest = max(float(np.abs(w).max()) for w in weights)
    parts = [
        *frame(width, height),
        *_edges(columns, weights, biases, tallest),
        *_nodes(columns, biases, tallest),
        *legend(LABEL_WIDTH + 20, height - 16, heaviest if width > 620 else None),
    ]
    return "\n".join([*parts, "</svg>"])


def _answers(network: Network, trained: TrainedNetwork, row: Any) -> list[Numbers]:
    """Return what every node says for `row`, layer by layer."""
    table = row if getattr(row, "ndim", 1) == 2 else np.asarray(row, dtype=float)[None]
    inputs = network.scaler_.transform(np.asarray(table, dtype=np.float64))
    layout = Layout(trained.sizes, trained.recipe.periodic)
    flat = trained.parameters.astype(np.float64)
    parameters = {name: layout.view(flat, name) for name in layout.blocks}
    _, steps = forward(parameters, inputs, get_activation(trained.recipe.activation))
    said = network._said(steps[-1].z)
    return [steps[0].a_in[0], *(step.a[0] for step in steps[:-1]), said[0]]


def _input_names(network: Network, layout: Layout, names: Sequence[str] | None) -> list[str]:
    if names is None:
        known = getattr(network, "feature_names_in_", None)
        count = network.n_features_in_
        names = [f"x{i + 1}" for i in range(count)] if known is None else [str(n) for n in known]
    bins = layout.sizes[0] // len(names)
    if bins > 1:
        names = [f"{name} [{b + 1}]" for name in names for b in range(bins)]
    return _with_waves(names, layout)


def _with_waves(names: Sequence[str], layout: Layout) -> list[str]:
    waves = [f"{name} ~{q + 1}" for name in names for q in range(layout.periodic)]
    return [*names, *waves]


def _output_names(network: Network, names: Sequence[str] | None) -> list[str]:
    if names is None:
        classes = getattr(network, "classes_", None)
        count = network.networks_[0].sizes[-1]
        if classes is None:
            return ["y"] if count == 1 else [f"y{i + 1}" for i in range(count)]
        names = [str(label) for label in classes]
    return list(names)[-1:] if network.networks_[0].sizes[-1] == 1 else list(names)


def _column(
    i: int,
    weights: list[Numbers],
    values: Numbers | None,
    names: list[str] | None,
    most: int,
    activation: str,
) -> Column:
    last = i == len(weights)
    strength = np.abs(weights[i - 1]).sum(axis=0) if last else np.abs(weights[i]).sum(axis=1)
    total = len(strength)
    most = max(most, MOST_OUTPUTS) if last else most
    shown = np.sort(np.argsort(-strength, kind="stable")[:most])
    title = "outputs" if last else "inputs" if i == 0 else f"hidden {i}: {activation}"
    labels = [] if names is None else [names[node] for node in shown]
    return Column(title, shown, total, labels, values)


def _x(column: int) -> float:
    return LABEL_WIDTH + 20 + column * COLUMN_WIDTH


def _y(position: int, count: int, tallest: int) -> float:
    return TOP + (position + 0.5 + max(0.0, tallest - 2 - count) / 2) * ROW_HEIGHT


def _edges(
    columns: list[Column], weights: list[Numbers], biases: list[Numbers], tallest: int
) -> Iterator[str]:
    """Draw every edge between nodes shown, the thin ones first."""
    for i, (left, right) in enumerate(pairwise(columns)):
        heaviest = max(np.abs(weights[i]).max(), np.abs(biases[i]).max(), 1e-12)
        lines = []
        for b, node in enumerate(right.shown):
            to = _x(i + 1) - RADIUS, _y(b, len(right.shown), tallest)
            for a, source in enumerate(left.shown):
                start = _x(i) + RADIUS, _y(a, len(left.shown), tallest)
                tip = f"{_name(left, a)} to {_name(right, b)}"
                lines.append((weights[i][source, node], start, to, tip))
            start = _x(i) + RADIUS, _y(_bias_place(left), len(left.shown), tallest)
            lines.append((biases[i][node], start, to, f"bias of {_name(right, b)}"))
        for weight, start, to, tip in sorted(lines, key=lambda line: abs(line[0])):
            yield edge(float(weight), float(heaviest), start, to, tip)


def _bias_place(column: Column) -> int:
    """Return the place of the node that always says one: below the others and a gap."""
    return len(column.shown) + (1 if column.total > len(column.shown) else 0)


def _name(column: Column, position: int) -> str:
    if column.labels:
        return column.labels[position]
    return f"{column.title} node {column.shown[position] + 1}"


def _nodes(columns: list[Column], biases: list[Numbers], tallest: int) -> Iterator[str]:
    for i, column in enumerate(columns):
        x, count = _x(i), len(column.shown)
        yield text(x, 22, column.title, weight="bold")
        yield text(x, 38, f"{column.total} node{'s' if column.total > 1 else ''}", colour=PALE)
        for position in range(count):
            bias = None if i == 0 else float(biases[i - 1][column.shown[position]])
            yield from _node(column, position, x, _y(position, count, tallest), i, bias)
        if column.total > count:
            y = _y(count, count, tallest)
            yield text(x, y + 4, f"… {column.total - count} more", colour=PALE)
        if i < len(columns) - 1:
            yield from node_of_one(x, _y(_bias_place(column), count, tallest))


def _node(
    column: Column, position: int, x: float, y: float, i: int, bias: float | None
) -> Iterator[str]:
    value = None if column.values is None else float(column.values[column.shown[position]])
    tip = _name(column, position)
    tip += "" if bias is None else f", bias {bias:+.3f}"
    tip += "" if value is None else f", says {value:.3f}"
    yield (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{RADIUS}" fill="{_tint(column, value)}" '
        f'stroke="{INK}" stroke-width="1.2"><title>{escape(tip)}</title></circle>'
    )
    if value is not None:
        yield text(x, y + 3.5, short(value), size=9, colour=_on_tint(column, value))
    if column.labels:
        side = -1 if i == 0 else 1
        anchor = "end" if i == 0 else "start"
        yield text(x + side * (RADIUS + 6), y + 4, cut(column.labels[position]), anchor=anchor)


def _share(column: Column, value: float | None) -> float:
    if value is None or column.values is None:
        return 0.0
    return abs(value) / max(float(np.abs(column.values[column.shown]).max()), 1e-12)


def _tint(column: Column, value: float | None) -> str:
    """Return the node's colour: white when silent, full when it says most of its layer."""
    share = _share(column, value)
    full = POSITIVE if (value or 0) >= 0 else NEGATIVE
    mixed = [round(255 + (int(full[k : k + 2], 16) - 255) * share) for k in (1, 3, 5)]
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _on_tint(column: Column, value: float) -> str:
    return PAPER if _share(column, value) > 0.55 else INK
