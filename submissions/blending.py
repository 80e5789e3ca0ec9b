"""Several submissions become one: mean, rank mean or vote, aligned by id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from submissions.errors import FilesNotAligned
from submissions.spelling import kind_of_sample

__all__ = ["How", "agreement", "blend_arrays", "blend_submissions", "holds_labels", "vote"]

How: TypeAlias = Literal["mean", "rank"]
Floats: TypeAlias = NDArray[np.float64]


def blend_submissions(
    frames: Mapping[str, pd.DataFrame],
    *,
    how: How = "mean",
    weights: Sequence[float] | None = None,
    predicts: str | None = None,
) -> pd.DataFrame:
    """Blend submissions, row by row of equal id.

    Parameters
    ----------
    frames : mapping of str to DataFrame of str
        Name -> submission read as text, the id column first; at least two.
    how : str
        ``mean`` of the numbers, or ``rank``: the mean of each submission's ranks, scaled to lie
        between 0 and 1, for metrics that look at the order alone. Labels are voted on.
    weights : sequence of float, optional
        One for each submission, none negative; equal without them.
    predicts : str, optional
        What the contest's metric wants; without it whole numbers that are not all the same are
        taken for labels.

    Returns
    -------
    DataFrame
        Ids and order of the first submission; text for labels, else numbers.

    Raises
    ------
    FilesNotAligned
        When columns or ids differ, or the weights do not fit.
    """
    aligned = _aligned(frames)
    shares = _shares(weights, len(frames))
    first = next(iter(aligned.values()))
    blended: dict[str, Any] = {str(first.columns[0]): first.iloc[:, 0].to_list()}
    for name in first.columns[1:]:
        columns = [frame[name] for frame in aligned.values()]
        if holds_labels(columns, predicts):
            blended[str(name)] = vote(columns, shares)
        else:
            blended[str(name)] = blend_arrays([_numbers(column) for column in columns], shares, how)
    return pd.DataFrame(blended)


def agreement(frames: Mapping[str, pd.DataFrame], *, predicts: str | None = None) -> pd.DataFrame:
    """Tell how alike submissions are: Pearson's correlation, or the share of equal labels.

    Returns
    -------
    DataFrame of shape (n_submissions, n_submissions)
        The mean over the prediction columns; NaN where a submission is constant.
    """
    aligned = _aligned(frames)
    first = next(iter(aligned.values()))
    tables = [
        _alike([frame[name] for frame in aligned.values()], predicts) for name in first.columns[1:]
    ]
    return pd.DataFrame(np.mean(tables, axis=0), index=list(frames), columns=list(frames))


def holds_labels(columns: Sequence[pd.Series[Any]], predicts: str | None) -> bool:
    """Tell whether columns of text hold labels rather than numbers to average."""
    if predicts is not None:
        return predicts in ("labels", "text", "mask", "ranking")
    kinds = {kind_of_sample(column) for column in columns}
    if kinds <= {"integer"}:
        return any(column.nunique() > 1 for column in columns)
    return not kinds <= {"integer", "float"}


def blend_arrays(columns: Sequence[NDArray[Any]], shares: Floats, how: How = "mean") -> Floats:
    """Return the weighted mean of arrays of numbers, or of their ranks scaled to (0, 1).

    Parameters
    ----------
    columns : sequence of arrays of shape (n_rows,) or (n_rows, n_columns)
    shares : array of shape (n_arrays,)
        Sums to 1.
    how : str
        ``mean`` or ``rank``.
    """
    if how == "rank":
        columns = [_scaled_ranks(column) for column in columns]
    return np.asarray(np.tensordot(shares, np.stack(columns), axes=1), np.float64)


def vote(columns: Sequence[pd.Series[Any]], shares: Floats) -> list[Any]:
    """Return the label with the most weight in each row; the earlier submission breaks a tie."""
    codes, labels = pd.factorize(pd.concat(columns, ignore_index=True))
    ballots = codes.reshape(len(columns), -1)
    weight = np.zeros((ballots.shape[1], len(labels)))
    for ballot, share in zip(ballots, shares, strict=True):
        weight[np.arange(len(ballot)), ballot] += share
    most = weight.max(axis=1, keepdims=True)
    stands = np.take_along_axis(weight, ballots.T, axis=1) >= most - 1e-12
    winner = np.take_along_axis(ballots.T, stands.argmax(axis=1)[:, None], axis=1)[:, 0]
    return [labels[code] for code in winner]


def _scaled_ranks(column: NDArray[Any]) -> Floats:
    ranks = pd.DataFrame(column).rank().to_numpy(np.float64) / (len(column) + 1)
    return ranks.reshape(column.shape)


def _shares(weights: Sequence[float] | None, count: int) -> Floats:
    values = np.ones(count) if weights is None else np.asarray(weights, np.float64)
    if (
        len(values) != count
        or not np.isfinite(values).all()
        or (values < 0).any()
        or not values.any()
    ):
        raise FilesNotAligned(
            f"{count} submissions need {count} weights, none negative and not all 0, "
            f"but got {', '.join(map(str, weights or ()))}"
        )
    return np.asarray(values / values.sum(), np.float64)


def _aligned(frames: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Bring all submissions into the order of the first, or name what does not fit."""
    if len(frames) < 2:
        raise FilesNotAligned(f"a blend needs two submissions or more, but got {len(frames)}")
    names = list(frames)
    first = frames[names[0]]
    for name in names:
        _refuse_misfit(name, frames[name], names[0], first)
    key = first.columns[0]
    return {
        name: frame.set_index(key).loc[first[key]].reset_index()[list(first.columns)]
        for name, frame in frames.items()
    }


def _refuse_misfit(name: str, frame: pd.DataFrame, first_name: str, first: pd.DataFrame) -> None:
    if set(frame.columns) != set(first.columns):
        raise FilesNotAligned(
            f"{name} has the columns {', '.join(frame.columns)}, "
            f"but {first_name} has {', '.join(first.columns)}"
        )
    key = first.columns[0]
    if frame[key].duplicated().any():
        twice = frame[key][frame[key].duplicated()].iloc[0]
        raise FilesNotAligned(f"{name} holds the {key} {twice} twice")
    missing = set(first[key]) - set(frame[key])
    unknown = set(frame[key]) - set(first[key])
    if missing or unknown:
        raise FilesNotAligned(
            f"{name} and {first_name} do not hold the same rows: {name} lacks {len(missing)} of "
            f"the {len(first)} and has {len(unknown)} others, "
            f"such as {key} {min(missing or unknown)}"
        )


def _numbers(column: pd.Series[Any]) -> Floats:
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64)
    if not np.isfinite(numbers).all():
        raise FilesNotAligned(f"column {column.name!r} holds cells that are no finite numbers")
    return numbers


def _alike(columns: Sequence[pd.Series[Any]], predicts: str | None) -> Floats:
    if holds_labels(columns, predicts):
        return np.array([[float((a == b).mean()) for b in columns] for a in columns])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.corrcoef([_numbers(column) for column in columns]), np.float64)
