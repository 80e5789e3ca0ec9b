"""Print the scores of the reference entries of the built-in contests.

Run: ``python benchmarks/reference_scores.py [seed ...]``; several seeds give mean and spread.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from competition.contests import BUILT_IN, reference_entries
from competition.scoring import score_frames
from competition.tables import read_table


def main(seeds: list[int]) -> None:
    """Print a Markdown table for each contest."""
    for slug in BUILT_IN:
        scores = pd.DataFrame([scores_of(slug, seed) for seed in seeds])
        print(f"\n## {slug}, seeds {', '.join(map(str, seeds))}\n")
        print("| entry | mean | spread over seeds |\n|---|---|---|")
        for name in scores:
            print(f"| {name} | {scores[name].mean():.4f} | {scores[name].std(ddof=0):.4f} |")


def scores_of(slug: str, seed: int) -> dict[str, float]:
    """Build a contest and give the overall score of each reference entry, other metrics beside."""
    with TemporaryDirectory() as folder:
        place = Path(folder) / slug
        contest = BUILT_IN[slug](place, seed=seed)
        train, test, sample = (
            read_table(place / "data" / f"{name}.csv")
            for name in ("train", "test", "sample_submission")
        )
        solution = read_table(place / "solution.csv")
    entries = reference_entries(slug, train, test, sample)
    if slug == "avocado-first-steps":
        entries |= one_sensor_entries(train, test)
    found: dict[str, float] = {}
    for name, submission in entries.items():
        scores = score_frames(contest, solution, submission)
        found[name] = scores.overall
        found |= {f"{name}, {beside}": s.overall for beside, s in scores.beside.items()}
    return found


def one_sensor_entries(train: pd.DataFrame, test: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Fit boosted trees on each sensor alone and on all but one."""
    from competition.contests.avocado_first_steps.references import FEATURES, TARGET
    from competition.contests.models import boosted_trees

    choices = {f"Trees, {one} alone": [one] for one in FEATURES}
    choices |= {f"Trees without {one}": [f for f in FEATURES if f != one] for one in FEATURES}
    entries = {}
    for name, features in choices.items():
        fitted = boosted_trees(train[features]).fit(train[features], train[TARGET])
        chance = np.asarray(fitted.predict_proba(test[features])[:, 1])
        entries[name] = pd.DataFrame({"id": test["id"], TARGET: chance})
    return entries


if __name__ == "__main__":
    main([int(seed) for seed in sys.argv[1:]] or [0])
