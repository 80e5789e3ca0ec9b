"""The contest `avocado-ripeness`: the folder that a host adds."""

from pathlib import Path

import numpy as np

from competition.building import SplitPlan, build_contest_folder
from competition.contests.avocado_ripeness.harvest import simulate_harvest
from competition.contests.avocado_ripeness.kinetics import STAGES
from competition.contests.pages import read_pages
from competition.definition import Contest, MetricChoice

SLUG = "avocado-ripeness"
N_FRUITS = 1500
"""About 4 000 readings to learn from and 1 700 to predict: a network trains in seconds."""


def build_avocado_ripeness(
    destination: Path, *, seed: int = 0, n_fruits: int = N_FRUITS
) -> Contest:
    """Grow a harvest and write the contest's folder.

    Parameters
    ----------
    destination : Path
        The folder to make.
    seed : int
        The same seed grows the same harvest and splits it the same way: keep it to yourself
        where the contest counts.
    n_fruits : int

    Raises
    ------
    InvalidContest
        If the destination is taken.
    """
    return build_contest_folder(
        destination,
        slug=SLUG,
        title="Avocado ripeness",
        description="How ripe is this avocado? Tell its stage from what instruments read on it.",
        train=simulate_harvest(np.random.default_rng(seed), n_fruits),
        targets=["stage"],
        labels=STAGES,
        metric=MetricChoice("quadratic_weighted_kappa", beside=("accuracy",)),
        split=SplitPlan(group_column="fruit", test_fraction=0.3, public_fraction=0.4, seed=seed),
        pages=read_pages(Path(__file__).parent / "pages"),
        max_daily_submissions=20,
    )
