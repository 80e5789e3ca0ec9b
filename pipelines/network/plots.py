"""How a training went and what it confuses, as matplotlib figures that no window is opened for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pipelines.network.settings import EpochRow

TRAINED, WATCHED, BEST = "#2166ac", "#d6604d", "#333333"


def plot_convergence(history: Sequence[EpochRow], *, title: str = "Convergence") -> Figure:
    """Plot the losses of each epoch, a thin line a member and a thick one for their mean.

    Parameters
    ----------
    history : sequence of dict
        The `history_` of an estimator, or of a `TrainedNetwork`.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    _curves(axes, history, "train_loss", TRAINED, "training rows")
    if any("validation_loss" in row for row in history):
        _curves(axes, history, "validation_loss", WATCHED, "watched rows")
        if len({row.get("member", 0) for row in history}) == 1:
            _mark_best(axes, history)
    axes.set(title=title, xlabel="epoch", ylabel="mean loss")
    if all(row["train_loss"] > 0 for row in history):
        axes.set_yscale("log")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    return figure


def plot_confusion(
    truth: Any, answers: Any, *, labels: Sequence[Any] | None = None, title: str = "Confusion"
) -> Figure:
    """Plot how often each class was taken for each other, in rows and in per cent of the class.

    Parameters
    ----------
    truth, answers : array of shape (n_samples,)
    labels : sequence, optional
        Classes in the order wanted; default: sorted.
    title : str
    """
    truth, answers = np.asarray(truth), np.asarray(answers)
    labels = list(np.unique(np.concatenate([truth, answers]))) if labels is None else list(labels)
    counts = np.array([[np.sum((truth == t) & (answers == a)) for a in labels] for t in labels])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = max(3.6, 0.62 * len(labels) + 2.2)
    figure = Figure(figsize=(side + 0.6, side), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (i, j), count in np.ndenumerate(counts):
        if count:
            colour = "white" if shares[i, j] > 0.55 else "#333333"
            text = f"{count}\n{shares[i, j]:.0%}" if len(labels) <= 12 else f"{count}"
            axes.text(j, i, text, ha="center", va="center", color=colour, fontsize=8)
    names = [str(label) for label in labels]
    angle, anchor = (45, "right") if max(map(len, names)) > 6 else (0, "center")
    axes.set_xticks(range(len(labels)), names, rotation=angle, ha=anchor)
    axes.set_yticks(range(len(labels)), names)
    accuracy = np.trace(counts) / max(counts.sum(), 1)
    axes.set(title=f"{title}: {accuracy:.1%} right", xlabel="answer", ylabel="truth")
    return figure


def _curves(axes: Axes, history: Sequence[EpochRow], key: str, colour: str, label: str) -> None:
    members = sorted({row.get("member", 0) for row in history})
    for member in members:
        rows = [row for row in history if row.get("member", 0) == member and key in row]
        width = 1.8 if len(members) == 1 else 0.7
        axes.plot(
            [row["epoch"] for row in rows],
            [row[key] for row in rows],
            color=colour,
            linewidth=width,
            alpha=1 if len(members) == 1 else 0.35,
            label=label if len(members) == 1 else None,
        )
    if len(members) > 1:
        epochs = sorted({row["epoch"] for row in history})
        groups = [[r[key] for r in history if r["epoch"] == e and key in r] for e in epochs]
        means = [np.mean(group) for group in groups if len(group) == len(members)]
        axes.plot(
            epochs[: len(means)],  # as long as all of them train
            means,
            color=colour,
            linewidth=2,
            label=f"{label}, mean of members",
        )


def _mark_best(axes: Axes, history: Sequence[EpochRow]) -> None:
    best = min((row for row in history if "validation_loss" in row), key=_validation_loss)
    late = best["epoch"] > history[-1]["epoch"] / 2
    axes.axvline(best["epoch"], color=BEST, linewidth=0.8, linestyle=":")
    axes.annotate(
        f"best: {best['validation_loss']:.3g} in epoch {best['epoch']}",
        (best["epoch"], best["validation_loss"]),
        textcoords="offset points",
        xytext=(-6, 10) if late else (6, 10),
        ha="right" if late else "left",
        fontsize=9,
    )


def _validation_loss(row: EpochRow) -> float:
    return float(row["validation_loss"])
