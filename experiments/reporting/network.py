"""The diagram of the network that a study's best trial trained."""

from __future__ import annotations

from experiments.reporting.document import Figure
from experiments.reporting.material import Material
from experiments.reporting.wording import count, line
from pipelines.models.network import FittedNetwork
from pipelines.network import draw_trained

FILLER = "(unused)"
LONGEST_NAME = 200  # the diagram cuts long names in their middle


def draw_first_network(material: Material) -> Figure | None:
    """Draw the chosen model's first network of the first fold; None for other models."""
    fold = material.champion.folds[0]
    model = fold.models[0]
    if not isinstance(model, FittedNetwork):
        return None
    names = [line(name, LONGEST_NAME) for name in fold.feature_names]
    names += [FILLER] * (model.width - len(names))
    outputs = [line(name, LONGEST_NAME) for name in material.labels or material.champion.targets]
    sizes = model.trained.sizes
    hidden = " and ".join(str(width) for width in sizes[1:-1]) or "no"
    weights = count(int(model.trained.parameters.size), "weight")
    words = (
        f"The first of the chosen model's networks: {count(sizes[0], 'input')}, {hidden} hidden "
        f"nodes, {count(sizes[-1], 'output')}, {weights}. Lines are as thick as the weights are "
        "great; negative ones are dashed. Of a wide layer the strongest nodes are drawn."
    )
    svg = draw_trained(model.trained, names, outputs)
    return Figure(svg, "A trained network of the chosen model.", words, wide=True)
