"""The contest `avocado-first-steps`: three numbers, one question, for a first network."""

from pathlib import Path

import numpy as np
import pandas as pd

from competition.building import SplitPlan, build_contest_folder
from competition.contests.avocado_ripeness.harvest import simulate_harvest
from competition.contests.pages import read_pages
from competition.definition import Contest, MetricChoice

SLUG = "avocado-first-steps"
N_FRUITS = 4500
"""About 3 000 fruits to learn from and 1 000 to predict."""

PERFECTLY_RIPE = "ripe"
"""The stage that counts as perfectly ripe: neither firm-ripe (tomorrow) nor overripe."""


def build_avocado_first_steps(
    destination: Path, *, seed: int = 0, n_fruits: int = N_FRUITS
) -> Contest:
    """Grow a harvest, look at each fruit once and write the contest's folder.

    Parameters
    ----------
    destination : Path
        The folder to make.
    seed : int
        The same seed grows the same harvest and splits it the same way.
    n_fruits : int

    Raises
    ------
    InvalidContest
        If the destination is taken.
    """
    return build_contest_folder(
        destination,
        slug=SLUG,
        title="Avocado: first steps",
        description="Is this avocado perfectly ripe? From height, squishiness and colour alone.",
        train=look_once(np.random.default_rng(seed), n_fruits),
        targets=["perfectly_ripe"],
        labels=(0, 1),
        metric=MetricChoice("auc"),
        split=SplitPlan(test_fraction=0.25, public_fraction=0.4, seed=seed),
        pages=read_pages(Path(__file__).parent / "pages"),
        max_daily_submissions=20,
    )


def look_once(rng: np.random.Generator, n_fruits: int) -> pd.DataFrame:
    """Look at each fruit of a harvest on one day; only complete readings are kept.

    Returns
    -------
    pandas.DataFrame, one row a fruit
        height_mm, firmness_n (8 mm probe; a squishy fruit has little), skin_darkness
        (100 - L*, so 0 is white and 100 black), perfectly_ripe (0 or 1).
    """
    readings = simulate_harvest(rng, n_fruits, readings_per_fruit=1)
    table = pd.DataFrame(
        {
            "height_mm": readings["length_mm"],
            "firmness_n": readings["firmness_n"],
            "skin_darkness": (100.0 - readings["skin_lightness"]).round(1),
            "perfectly_ripe": (readings["stage"] == PERFECTLY_RIPE).astype(int),
        }
    )
    return table.dropna(ignore_index=True)
