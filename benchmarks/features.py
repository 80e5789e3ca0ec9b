"""What a search saves when features are kept: the same search with and without, side by side.

    python benchmarks/features.py [--trials 32] [--rows 4000]

Both sides try the same candidates of one network on the same recipes, in batches. One prepares the
folds anew for every batch, as a loop around a scikit-learn pipeline does; the other asks for them
by recipe, and finds them in memory, or on disk from an earlier study.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from pipelines.features import Step, parse_recipe
from pipelines.features.steps import Setting
from pipelines.folds import FoldPlan, make_folds
from pipelines.models import Candidate, PreparedFolds, Target, fit_candidates
from pipelines.models.feature_cache import FeatureCache
from pipelines.models.saving import Lesson

RECIPES: dict[str, tuple[Step, ...]] = {
    "auto": parse_recipe("auto"),
    "picked": parse_recipe([{"step": "auto"}, {"step": "select", "count": 12}]),
    "permuted": parse_recipe(
        [{"step": "auto"}, {"step": "select", "count": 12, "by": "permutation"}]
    ),
}
BATCH = 4


def make_lesson(rows: int) -> Lesson:
    """Return a table of numbers, gaps and categories with a target, and its folds."""
    generator = np.random.default_rng(0)
    numbers = generator.normal(size=(rows, 16))
    numbers[generator.random(numbers.shape) < 0.05] = np.nan
    table = pd.DataFrame(numbers, columns=[f"x{place}" for place in range(16)])
    for place, many in enumerate((3, 12, 200)):
        table[f"c{place}"] = generator.choice([f"k{one}" for one in range(many)], rows)
    signal = np.nan_to_num(numbers[:, :4]).sum(axis=1) + generator.normal(size=rows)
    target = Target((signal > 0).astype(np.int64), 2)
    folds = make_folds(FoldPlan(), target.values, classes=True)
    return Lesson(
        RECIPES["auto"], Setting(True), table, target, tuple(folds), choose=RECIPES.__getitem__
    )


def search(trials: int, prepared: Callable[[], PreparedFolds]) -> float:
    """Try candidates in batches, each on the recipe of its turn; return the seconds."""
    names = list(RECIPES)
    began = time.perf_counter()
    for batch in range(trials // BATCH):
        label = names[batch % len(names)]
        candidates = [
            Candidate({"hidden_layer_sizes": (16,), "max_epochs": 10}, seed, label)
            for seed in range(BATCH)
        ]
        fit_candidates("network", candidates, prepared())
    return time.perf_counter() - began


def main() -> None:
    """Run the three sides and print their seconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=32)
    parser.add_argument("--rows", type=int, default=4000)
    wish = parser.parse_args()
    lesson = make_lesson(wish.rows)
    with threadpool_limits(1), tempfile.TemporaryDirectory() as folder:
        shell = replace(lesson.prepare(), variants=None)
        search(BATCH, lambda: shell)  # warm up

        def anew() -> PreparedFolds:
            return replace(shell, variants=lambda label: lesson.by_recipe(label).prepare())

        without = search(wish.trials, anew)
        cache = FeatureCache(Path(folder), "0" * 64)
        first = replace(shell, variants=lesson.prepare(None, cache).variants)
        in_memory = search(wish.trials, lambda: first)
        later = replace(shell, variants=lesson.prepare(None, cache).variants)
        on_disk = search(wish.trials, lambda: later)
    size = f"{wish.rows} rows, {len(lesson.folds)} folds"
    print(f"{wish.trials} trials in batches of {BATCH} on {len(RECIPES)} recipes, {size}")
    print(f"prepared for every batch  {without:7.2f} s")
    print(f"kept in memory            {in_memory:7.2f} s  {without / in_memory:5.1f} times as fast")
    print(f"found on disk             {on_disk:7.2f} s  {without / on_disk:5.1f} times as fast")


if __name__ == "__main__":
    main()
