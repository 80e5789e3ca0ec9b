"""Pictures of networks show what is in them."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris

from pipelines.network import (
    NetworkClassifier,
    NetworkRegressor,
    draw_network,
    draw_trained,
    plot_confusion,
    plot_convergence,
)

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def iris():
    x, y = load_iris(return_X_y=True, as_frame=True)
    names = np.array(["setosa", "versicolor", "<virginica>"])[y]
    return NetworkClassifier((6, 4), n_members=2, max_epochs=5, random_state=0).fit(x, names), x


def parts(svg, tag):
    return ElementTree.fromstring(svg).iter(SVG + tag)


def words(svg):
    return [text.text for text in parts(svg, "text")]


def test_a_diagram_has_every_node_and_edge_with_names(iris):
    network, x = iris
    svg = draw_network(network)
    assert len(list(parts(svg, "circle"))) == 4 + 6 + 4 + 3
    edges = [e for e in parts(svg, "line") if len(e)]
    assert len(edges) == (4 + 1) * 6 + (6 + 1) * 4 + (4 + 1) * 3
    assert set(x.columns) | {"setosa", "versicolor", "<virginica>"} <= set(words(svg))


def test_edges_are_as_thick_as_their_weights_and_coloured_by_sign(iris):
    network, _ = iris
    edges = [e for e in parts(draw_network(network), "line") if len(e)]
    first = [e for e in edges if "hidden 1" in e[0].text and "bias" not in e[0].text][:24]
    weights = np.array([float(e[0].text.rsplit(":", 1)[1]) for e in first])
    widths = np.array([float(e.get("stroke-width")) for e in first])
    assert (np.diff(widths[np.argsort(np.abs(weights))]) >= -0.011).all()
    colours = {(w > 0, e.get("stroke")) for w, e in zip(weights, first, strict=True)}
    assert len(colours) == 2
    dashed = {(w > 0, "stroke-dasharray" in e.attrib) for w, e in zip(weights, first, strict=True)}
    assert dashed == {(True, False), (False, True)}


def test_a_trained_network_is_drawn_as_its_estimator_draws_it(iris):
    network, x = iris
    drawn = draw_trained(network.networks_[0], list(x.columns), list(network.classes_))
    assert drawn == draw_network(network)


def test_a_row_shows_what_each_node_says_for_it(iris):
    network, x = iris
    svg = draw_network(network, row=x.iloc[[0]], member=1)
    said = [c[0].text for c in parts(svg, "circle")]
    outputs = [float(text.rsplit(" ", 1)[1]) for text in said[-3:]]
    from pipelines.network import predict

    expected = predict(network.networks_[1:], network.scaler_.transform(x.to_numpy()[:1]))
    assert outputs == pytest.approx(expected[0].tolist(), abs=1e-3)
    assert sum(outputs) == pytest.approx(1, abs=2e-3)


def test_long_names_that_begin_alike_can_be_told_apart():
    from pipelines.network.svg import cut

    names = [f"main_growing_region_{one}" for one in ("north", "south", "east")]
    assert len({cut(name) for name in names}) == 3
    assert all(len(cut(name)) == 18 for name in names)
    assert cut("firmness") == "firmness"


def test_wide_layers_are_shortened():
    x, y = load_digits(return_X_y=True)
    network = NetworkClassifier((64, 32), n_members=1, max_epochs=2, random_state=0).fit(x, y)
    svg = draw_network(network, row=x[0], most_nodes=8)
    assert len(list(parts(svg, "circle"))) == 8 + 8 + 8 + 10
    assert words(svg).count("… 56 more") == 2
    height = float(ElementTree.fromstring(svg).get("height"))
    assert all(float(t.get("y")) < height for t in parts(svg, "text"))


def test_regressors_binary_classifiers_and_embeddings_can_be_drawn():
    x, y = load_diabetes(return_X_y=True)
    regressor = NetworkRegressor((4,), n_members=1, max_epochs=2, random_state=0).fit(x, y)
    value = float(list(parts(draw_network(regressor, row=x[0]), "circle"))[-1][0].text.split()[-1])
    assert value == pytest.approx(regressor.predict(x[:1])[0], abs=1e-2)
    x, y = load_breast_cancer(return_X_y=True, as_frame=True)
    for embedding in ("piecewise", "periodic"):
        binary = NetworkClassifier(
            (4,), embedding=embedding, n_members=1, max_epochs=2, random_state=0
        ).fit(x, y)
        assert "1" in words(draw_network(binary, row=x.iloc[[0]]))


def test_a_notebook_shows_the_diagram_once_fitted(iris):
    network, _ = iris
    assert network._repr_html_().startswith("<svg")
    assert network._repr_mimebundle_()["text/html"].startswith("<svg")
    assert "sk-" in NetworkClassifier()._repr_html_()


def test_convergence_and_confusion_become_figures(iris, tmp_path):
    network, x = iris
    x, y = load_digits(return_X_y=True)
    watched = NetworkClassifier((8,), n_members=2, max_epochs=3, random_state=0).fit(x, y)
    figure = plot_convergence(watched.history_)
    assert {line.get_label() for line in figure.axes[0].lines} >= {
        "training rows, mean of members",
        "watched rows, mean of members",
    }
    figure.savefig(tmp_path / "convergence.png")
    confusion = plot_confusion(y, watched.predict(x), labels=range(10))
    assert [tick.get_text() for tick in confusion.axes[0].get_xticklabels()] == [
        *map(str, range(10))
    ]
    confusion.savefig(tmp_path / "confusion.svg")
    assert plot_convergence(network.networks_[0].history).axes[0].get_xlabel() == "epoch"
