"""Training one network, or many side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import pairwise

import numpy as np

from pipelines.network.activations import Array
from pipelines.network.arrays import hand_over
from pipelines.network.errors import InvalidSetting
from pipelines.network.passes import Table
from pipelines.network.settings import Member, OnEpoch, Recipe, TrainedNetwork
from pipelines.network.stack import Stack

STACK_BYTES = 1 << 20  # of parameters and their companions: what a stack may take of the cache


def train_networks(
    inputs: Array,
    targets: Array,
    members: Sequence[Member],
    recipe: Recipe,
    *,
    weights: Array | None = None,
    on_epoch: OnEpoch | None = None,
) -> list[TrainedNetwork]:
    """Train networks side by side, each to the weights it would reach alone.

    Members of the same depth share a stack: every step is then one matrix product for all of
    them. Networks too large to gain from that train one after another.

    Parameters
    ----------
    inputs : ndarray of shape (rows, inputs)
    targets : ndarray of shape (rows, outputs)
        One-hot for classes, one column a label for multi-label, scaled values for regression.
    members : sequence of Member
        What each network has of its own.
    recipe : Recipe
        What they share.
    weights : ndarray of shape (rows,) or None
        Weight of each row; None: all the same.
    on_epoch : callable or None
        Called after each epoch of a stack with its members' history rows; returns the indexes
        (into `members`) of those that shall stop, or None.

    Returns
    -------
    list of TrainedNetwork
        In the order of `members`. One that diverged carries its `failure`.

    Raises
    ------
    InvalidSetting
        When there is nothing to learn from.
    """
    if not members:
        raise InvalidSetting("there must be at least one member to train, but got none")
    if any(m.rows is not None and len(m.rows) == 0 for m in members) or not len(inputs):
        raise InvalidSetting("every member must have at least one row to learn from")
    if recipe.engine == "numba" and find_spec("numba") is None:
        raise InvalidSetting("engine 'numba' needs numba: pip install 'ripeness[numba]'")
    inputs, targets, weights = hand_over(recipe.array_module, inputs, targets, weights)
    table = Table(inputs, targets, weights, recipe.dtype)
    trained: dict[int, TrainedNetwork] = {}
    for stack in _stacks(members, table, recipe):
        trained |= Stack(table, recipe, stack).train(on_epoch)
    return [trained[index] for index in range(len(members))]


def _stacks(members: Sequence[Member], table: Table, recipe: Recipe) -> Iterator[dict[int, Member]]:
    """Divide members into stacks of one depth, small enough to stay in the cache."""
    order = sorted(range(len(members)), key=lambda i: (len(members[i].hidden), members[i].hidden))
    stack: dict[int, Member] = {}
    for index in order:
        member = members[index]
        if stack and not _joins(member, list(stack.values()), table, recipe):
            yield stack
            stack = {}
        stack[index] = member
    yield stack


def _joins(member: Member, stack: list[Member], table: Table, recipe: Recipe) -> bool:
    last = stack[-1]
    if len(member.hidden) != len(last.hidden):
        return False
    if recipe.activation == "softmax" and member.hidden != last.hidden:
        return False  # its nodes share a sum: padding would take part of it
    widest = np.max([m.hidden for m in (*stack, member)], axis=0) if member.hidden else []
    sizes = (table.inputs * (1 + recipe.periodic), *widest, table.outputs)
    parameters = sum(a * b for a, b in pairwise(sizes))
    nodes = sum(sizes[1:]) * min(recipe.batch_size, len(table.values))
    needed = (4 * parameters + 2 * nodes) * table.values.itemsize
    return bool(needed * (len(stack) + 1) <= STACK_BYTES)
