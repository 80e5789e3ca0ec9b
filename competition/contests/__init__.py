"""The contests that come with Ripe: a folder each, one ripening simulator behind them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import pandas as pd

from competition.contests.avocado_first_steps.contest import build_avocado_first_steps
from competition.contests.avocado_ripeness.contest import build_avocado_ripeness
from competition.definition import Contest
from competition.errors import UnknownContest, did_you_mean

__all__ = ["BUILT_IN", "BuildContest", "baselines", "reference_entries"]


class BuildContest(Protocol):
    """A function that writes a contest folder and returns the contest."""

    def __call__(self, destination: Path, *, seed: int = 0) -> Contest:
        """Write the folder; the same seed writes the same files."""


BUILT_IN: Mapping[str, BuildContest] = {
    "avocado-ripeness": build_avocado_ripeness,
    "avocado-first-steps": build_avocado_first_steps,
}
"""Slug -> the function that writes the contest's folder."""


def baselines(
    slug: str, train: pd.DataFrame, test: pd.DataFrame, sample: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Make the host's own entries of a built-in contest, the weakest first.

    Parameters
    ----------
    slug : str
    train, test, sample : pandas.DataFrame
        The contest's data files.

    Returns
    -------
    dict of str to pandas.DataFrame
        Name of the baseline -> submission, in the form of the sample submission.

    Raises
    ------
    UnknownContest
        If no built-in contest has this slug.
    """
    entries = _reference_functions(slug)
    return _submissions(dict(list(entries.items())[:-1]), train, test, sample)


def reference_entries(
    slug: str, train: pd.DataFrame, test: pd.DataFrame, sample: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Make the baselines and, after them, gradient-boosted trees: the bar for a good entry."""
    return _submissions(_reference_functions(slug), train, test, sample)


_Predict = Callable[[pd.DataFrame, pd.DataFrame], object]


def _reference_functions(slug: str) -> Mapping[str, _Predict]:
    # scikit-learn takes a second to import and only these need it.
    if slug == "avocado-ripeness":
        from competition.contests.avocado_ripeness.references import REFERENCES

        return REFERENCES
    if slug == "avocado-first-steps":
        from competition.contests.avocado_first_steps.references import REFERENCES

        return REFERENCES
    hint = did_you_mean(slug, list(BUILT_IN))
    raise UnknownContest(f"no built-in contest is called {slug!r}{hint}")


def _submissions(
    functions: Mapping[str, _Predict],
    train: pd.DataFrame,
    test: pd.DataFrame,
    sample: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    id_column, target = sample.columns
    ids = test[id_column].to_numpy()
    return {
        name: pd.DataFrame({id_column: ids, target: predict(train, test)})
        for name, predict in functions.items()
    }
