"""A stack of networks that train side by side, each as it would alone."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipelines.network.activations import Array, get_activation
from pipelines.network.arrays import bring, take_out
from pipelines.network.batches import Batch, Batches
from pipelines.network.draws import Draws
from pipelines.network.errors import TrainingDiverged
from pipelines.network.layout import Layout, draw_parameters
from pipelines.network.optimisers import Optimiser, clip_gradient, get_optimiser
from pipelines.network.passes import Pass, Table
from pipelines.network.schedules import get_schedule
from pipelines.network.settings import EpochRow, Member, OnEpoch, Recipe, Rows, TrainedNetwork
from pipelines.network.validation import Validation
from pipelines.network.watching import Watch

if TYPE_CHECKING:
    from pipelines.network.kernels import CompiledEpoch


@dataclass(eq=False)
class Place:
    """A member's place in the stack: what is its own while it trains."""

    index: int
    member: Member
    layout: Layout
    rows: Rows
    draws: Draws
    watch: Watch
    steps: int = 0
    history: list[EpochRow] = field(default_factory=list)


def stack_layout(members: list[Member], table: Table, recipe: Recipe) -> Layout:
    """Return the layout that every member fits into: the widest of each layer."""
    hidden = [max(widths) for widths in zip(*(m.hidden for m in members), strict=True)]
    return Layout((table.inputs, *hidden, table.outputs), recipe.periodic)


class Stack:
    """Networks of one depth, trained together.

    Parameters
    ----------
    table : Table
    recipe : Recipe
    members : dict of int to Member
        By their index in the caller's list, which history rows carry.
    """

    def __init__(self, table: Table, recipe: Recipe, members: dict[int, Member]) -> None:
        self.table, self.recipe = table, recipe
        self.layout = stack_layout(list(members.values()), table, recipe)
        places = [self._place(index, member) for index, member in members.items()]
        self.places = sorted(places, key=lambda place: -len(place.rows))
        self.trained: dict[int, TrainedNetwork] = {}
        shape = (len(self.places), self.layout.count)
        slots = get_optimiser(recipe.optimiser).slots
        self.flat = np.zeros_like(table.values, shape=shape)
        self.memories = [np.zeros_like(self.flat) for _ in range(slots)]
        for row, place in enumerate(self.places):
            self._begin(row, place)
        self.best = self.flat.copy()
        self._arrange()

    def train(self, on_epoch: OnEpoch | None = None) -> dict[int, TrainedNetwork]:
        """Train until every member has ended; return them by index."""
        with np.errstate(all="ignore"):  # a loss that is no number ends the member, by name
            for epoch in range(1, self.recipe.max_epochs + 1):
                ended = self._epoch(epoch, on_epoch)
                self._retire(ended)
                if not self.places:
                    break
        self._retire(dict.fromkeys(range(len(self.places)), "max_epochs"))
        return self.trained

    def _place(self, index: int, member: Member) -> Place:
        own = stack_layout([member], self.table, self.recipe)
        rows = member.rows if member.rows is not None else np.arange(len(self.table.values))
        steps = member.start.steps if member.start is not None else 0
        decides = self.recipe.validation_decides and member.validation_rows is not None
        watch = Watch(self.recipe, validated=decides)
        return Place(index, member, own, rows, Draws(member.seed, steps), watch, steps)

    def _begin(self, row: int, place: Place) -> None:
        start = place.member.start
        if start is None:
            first = draw_parameters(place.layout, self.recipe, place.draws.first)
        else:
            first = start.parameters
            for memory, old in zip(self.memories, start.momenta, strict=True):
                self.layout.place(bring(old, self.flat), place.layout, memory[row])
        self.layout.place(bring(first, self.flat), place.layout, self.flat[row])

    def _arrange(self) -> None:
        """Lay out what depends on which members are still in the stack."""
        members = [place.member for place in self.places]
        self.gradient = np.zeros_like(self.flat)
        self.passes: dict[tuple[int, int, bool], Pass] = {}
        self.movers: dict[int, Optimiser] = {}
        self.batches = Batches(
            [place.rows for place in self.places],
            self.recipe.batch_size,
            [place.draws.order for place in self.places],
        )
        self.dropouts = (
            np.array([m.input_dropout for m in members]),
            np.array([m.dropout for m in members]),
        )
        self.validation = Validation(
            self.table,
            self.recipe,
            [m.validation_rows for m in members],
            lambda rows: self._pass(len(members), rows, learns=False),
        )
        self.real = self._real_parameters()
        self.trims = self.real is not None or self.recipe.clip_norm is not None
        self.compiled: CompiledEpoch | None = None
        self.steps = [
            (
                batch,
                self._pass(len(batch.rows), batch.rows.shape[1], learns=True),
                self._mover(len(batch.rows)),
            )
            for batch in self.batches.batches
        ]
        self._compile()

    def _compile(self) -> None:
        """Hand whole epochs to numba where that is asked for and covers the members."""
        if self.recipe.engine != "numba":
            return
        from pipelines.network import kernels

        members = [place.member for place in self.places]
        if kernels.covers(self.recipe, members, self.table):
            mover = self._mover(len(members))
            self.compiled = kernels.CompiledEpoch(
                self.table, self.layout, self.recipe, self.batches, mover
            )

    def _real_parameters(self) -> Array | None:
        """Return 1 for parameters a member has and 0 for padding; None when padding is silent."""
        if get_activation(self.recipe.activation).zero_stays_zero:
            return None
        if all(place.layout == self.layout for place in self.places):
            return None
        real = np.zeros_like(self.flat)
        for row, place in enumerate(self.places):
            self.layout.place(np.ones_like(real, shape=place.layout.count), place.layout, real[row])
        return real

    def _pass(self, members: int, rows: int, *, learns: bool) -> Pass:
        key = (members, rows, learns)
        if key not in self.passes:
            gradient = self.gradient[:members] if learns else None
            dropouts = (self.dropouts[0][:members], self.dropouts[1][:members])
            self.passes[key] = Pass(
                self.table,
                self.layout,
                self.recipe,
                rows,
                self.flat[:members],
                gradient,
                dropouts if learns else None,
            )
        return self.passes[key]

    def _mover(self, members: int) -> Optimiser:
        if members not in self.movers:
            decay = [[place.member.weight_decay] for place in self.places[:members]]
            self.movers[members] = get_optimiser(self.recipe.optimiser, self.recipe.engine)(
                self.recipe,
                self.flat[:members],
                self.gradient[:members],
                [memory[:members] for memory in self.memories],
                self.layout.weights,
                bring(np.array(decay, dtype=self.flat.dtype), self.flat),
            )
        return self.movers[members]

    def _epoch(self, epoch: int, on_epoch: OnEpoch | None) -> dict[int, str]:
        """Train one epoch; return the rows of the members that end, and why."""
        began = time.perf_counter()
        rates = self._plan(epoch)
        losses = self._learn()
        looks = self.validation.look()
        seconds = (time.perf_counter() - began) / len(self.places)
        ended: dict[int, str] = {}
        for row, place in enumerate(self.places):
            line: EpochRow = {
                "member": place.index,
                "epoch": epoch,
                "train_loss": float(losses[row]),
            }
            line |= looks[row] | {"learning_rate": float(rates[row]), "seconds": seconds}
            place.history.append(line)
            place.steps += int(self.batches.steps[row])
            reason = place.watch.see(line)
            if place.watch.improved:
                self.best[row] = self.flat[row]
            if reason:
                ended[row] = reason
        return ended | self._asked_to_stop(on_epoch)

    def _asked_to_stop(self, on_epoch: OnEpoch | None) -> dict[int, str]:
        if on_epoch is None:
            return {}
        named = set(on_epoch([place.history[-1] for place in self.places]) or ())
        return {row: "stopped" for row, p in enumerate(self.places) if p.index in named}

    def _plan(self, epoch: int) -> NDArray[np.float64]:
        """Prepare the optimiser for an epoch; return each member's learning rate at its start."""
        steps = self.batches.steps
        k = np.arange(int(steps[0]))[:, None]
        progress = np.minimum((epoch - 1 + k / steps) / self.recipe.max_epochs, 1.0)
        base = np.array([p.member.learning_rate * p.watch.rate_factor for p in self.places])
        rates = base * get_schedule(self.recipe.schedule)(progress)
        taken = np.array([float(place.steps) for place in self.places]) + (k + 1.0)
        for members, mover in self.movers.items():
            mover.plan(rates[:, :members, None], taken[:, :members, None])
        return np.asarray(rates[0])

    def _learn(self) -> Array:
        """Go through every batch of an epoch; return each member's mean loss."""
        self.batches.shuffle()
        if self.compiled is not None:
            return self.compiled.learn()
        for k, (batch, moves, mover) in enumerate(self.steps):
            if moves.dropouts:
                self._draw_silence(moves, batch)
            moves.learn(batch.rows, batch.present)
            if self.trims:
                self._trim(mover.gradient)
            mover.step(k)
        return self._mean_losses()

    def _trim(self, gradient: Array) -> None:
        """Take padding out of the gradient, and shorten it where it is too long."""
        if self.real is not None:
            np.multiply(gradient, self.real[: len(gradient)], out=gradient)
        if self.recipe.clip_norm is not None:
            clip_gradient(gradient, self.recipe.clip_norm)

    def _mean_losses(self) -> Array:
        sums, weights = np.zeros(len(self.places)), np.zeros(len(self.places))
        for moves in {id(moves): moves for _, moves, _ in self.steps}.values():
            sum_of_losses, sum_of_weights = moves.summed()
            sums[: len(sum_of_losses)] += sum_of_losses
            weights[: len(sum_of_losses)] += sum_of_weights
            moves.forget()
        return sums / weights

    def _draw_silence(self, moves: Pass, batch: Batch) -> None:
        """Give each dropout layer fresh random bits, from each member's own source."""
        for layer in moves.dropouts:
            for place, bits, rows in zip(self.places, layer.bits, batch.lengths, strict=False):
                width = place.layout.sizes[layer.depth]
                bits[:width, :rows] = bring(place.draws.bits(rows, width), bits)

    def _retire(self, ended: dict[int, str]) -> None:
        """Take the members in `ended` out of the stack."""
        if not ended:
            return
        for row, reason in ended.items():
            place = self.places[row]
            self.trained[place.index] = self._result(row, place, reason)
        keep = [row for row in range(len(self.places)) if row not in ended]
        self.places = [self.places[row] for row in keep]
        self.flat, self.best = self.flat[keep], self.best[keep]
        self.memories = [memory[keep] for memory in self.memories]
        if keep:
            self._arrange()

    def _result(self, row: int, place: Place, reason: str) -> TrainedNetwork:
        kept = self.best[row] if place.watch.restores else self.flat[row]
        return TrainedNetwork(
            sizes=place.layout.sizes,
            recipe=self.recipe,
            parameters=take_out(self.layout.take(kept, place.layout)),
            history=tuple(place.history),
            best_epoch=place.watch.best_epoch if place.watch.restores else len(place.history),
            stop_reason=reason,
            failure=TrainingDiverged(place.watch.cause) if reason == "diverged" else None,
            momenta=tuple(take_out(self.layout.take(m[row], place.layout)) for m in self.memories),
            steps=place.steps,
        )
