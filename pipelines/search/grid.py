"""Grids: every point of a finite search space, in a shuffled order that all processes share."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import product
from typing import Any

import numpy as np

from pipelines.search.space import LAYERS, UNITS, Dimension, SearchSpace, unit_name

MOST_POINTS = 100_000  # assumption: whoever has more wants a sample of them

Point = dict[str, Any]


def grid_problems(space: SearchSpace, path: str) -> list[str]:
    """List why a space is no grid, each problem with its key path.

    Examples
    --------
    >>> from pipelines.search.space import parse_space
    >>> space = parse_space({"dropout": {"low": 0.0, "high": 0.5}})
    >>> grid_problems(space, "search.space")[0][:60]
    'search.space.dropout: a grid needs a list of values, or a ra'
    """
    endless = [
        f"{path}.{one.name}: a grid needs a list of values, or a range with a step; "
        f"{one.described()} has no end of values"
        for one in space.dimensions
        if not one.finite
    ]
    if endless:
        return endless
    size = grid_size(space)
    if size > MOST_POINTS:
        return [f"{path}: at most {MOST_POINTS} grid points are allowed, but got {size}"]
    return []


def grid_size(space: SearchSpace) -> int:
    """Return the number of points of a finite space."""
    plain = (len(grid_values(one)) for one in _plain(space))
    size = int(np.prod([1, *plain], dtype=object))
    if LAYERS not in space:
        return size
    widths = len(grid_values(space[UNITS]))
    return size * sum(int(widths ** int(count)) for count in grid_values(space[LAYERS]))


def grid_points(space: SearchSpace, seed: int) -> list[Point]:
    """Return every point of a finite space once, shuffled by the seed.

    A network of one hidden layer has no second width: its points hold no `units_2`, so that
    none is tried twice. The order is shuffled so that a budget smaller than the grid still sees
    all of it spread out.

    Parameters
    ----------
    space : SearchSpace
    seed : int

    Returns
    -------
    list of dict
        Trial parameters.

    Examples
    --------
    >>> from pipelines.search.space import parse_space
    >>> space = parse_space({"layers": [1, 2], "units": [8, 16]})
    >>> len(grid_points(space, 0))
    6
    """
    plain = _plain(space)
    points = [
        {**dict(zip((one.name for one in plain), values, strict=True)), **shape}
        for values in product(*(grid_values(one) for one in plain))
        for shape in _shapes(space)
    ]
    order = np.random.default_rng(seed).permutation(len(points))
    return [points[place] for place in order]


def _plain(space: SearchSpace) -> list[Dimension]:
    return [one for one in space.dimensions if one.name not in (LAYERS, UNITS)]


def _shapes(space: SearchSpace) -> Iterator[Point]:
    if LAYERS not in space:
        yield {}
        return
    for count in grid_values(space[LAYERS]):
        for widths in product(grid_values(space[UNITS]), repeat=int(count)):
            yield {LAYERS: count, **{unit_name(n): width for n, width in enumerate(widths)}}


def grid_values(dimension: Dimension) -> tuple[Any, ...]:
    """Return the values of a finite dimension.

    Examples
    --------
    >>> grid_values(Dimension("dropout", low=0.0, high=0.3, step=0.1))
    (0.0, 0.1, 0.2, 0.3)
    """
    if dimension.choices:
        return dimension.choices
    if dimension.whole:
        return tuple(range(dimension.low, dimension.high + 1, dimension.step or 1))
    low, high, step = (
        Decimal(str(value)) for value in (dimension.low, dimension.high, dimension.step)
    )
    return tuple(float(low + place * step) for place in range(int((high - low) / step) + 1))
