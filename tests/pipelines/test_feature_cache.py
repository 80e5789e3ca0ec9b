"""Features kept on disk: found by content, never wrong, bounded, shared by processes."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.features import Step, parse_recipe
from pipelines.features.auto import AutoFeatures
from pipelines.features.steps import Setting
from pipelines.folds import Fold, FoldPlan, make_folds
from pipelines.models import PreparedFolds, feature_cache
from pipelines.models.feature_cache import FeatureCache, cache_size
from pipelines.models.prepared import RecipesInMemory, Target, prepare_folds
from pipelines.models.saving import Lesson
from pipelines.models.step_memory import Stage, StepMemory

RECIPE = parse_recipe("auto")


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    generator = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "hue": np.where(generator.random(90) < 0.1, np.nan, generator.normal(100, 20, 90)),
            "orchard": generator.choice(["hill", "river"], 90),
        }
    )


@pytest.fixture(scope="module")
def target() -> Target:
    return Target(np.arange(90) % 2, 2)


@pytest.fixture(scope="module")
def folds(target: Target) -> list[Fold]:
    return make_folds(FoldPlan(folds=3), target.values, classes=True)


@pytest.fixture
def lesson(table: pd.DataFrame, target: Target, folds: list[Fold]) -> Lesson:
    return Lesson(RECIPE, Setting(True), table, target, tuple(folds))


@pytest.fixture
def cache(tmp_path: Path) -> FeatureCache:
    return FeatureCache(tmp_path / "cache", "d" * 64, worth_seconds=0.0)


def prepared(
    table: pd.DataFrame,
    target: Target,
    folds: list[Fold],
    cache: FeatureCache | None,
    recipe: tuple[Step, ...] = RECIPE,
) -> PreparedFolds:
    return prepare_folds(recipe, Setting(True), table, target, folds, table.head(7), cache)


def equal(one: PreparedFolds, other: PreparedFolds) -> bool:
    return all(
        left.learned.tobytes() == right.learned.tobytes()
        and left.scored.tobytes() == right.scored.tobytes()
        and np.asarray(left.test).tobytes() == np.asarray(right.test).tobytes()
        and left.names == right.names
        for left, right in zip(one.folds, other.folds, strict=True)
    )


def test_found_features_equal_computed_ones_bit_for_bit(table, target, folds, cache):
    fresh = prepared(table, target, folds, None)
    first = prepared(table, target, folds, cache)
    assert cache_size(cache.folder)[0] == 3
    again = prepared(table, target, folds, cache)
    assert equal(first, fresh)
    assert equal(again, fresh)


def test_nothing_is_fitted_when_features_are_found(table, target, folds, cache, monkeypatch):
    prepared(table, target, folds, cache)

    def refuse(*arguments: object) -> None:
        raise AssertionError("fitted again")

    monkeypatch.setattr("pipelines.models.prepared.build_features", refuse)
    found = prepared(table, target, folds, cache)
    assert len(found.folds) == 3
    with pytest.raises(AssertionError, match="fitted again"):
        _ = found.folds[0].pipeline


def test_a_pipeline_fitted_later_gives_the_features_that_were_found(table, target, folds, cache):
    prepared(table, target, folds, cache)
    fold = prepared(table, target, folds, cache).folds[1]
    rows = table.iloc[fold.fold.valid]
    assert fold.pipeline.transform(rows).tobytes() == fold.scored.tobytes()


@pytest.mark.parametrize("change", ["recipe", "data", "fold", "target", "code"])
def test_whatever_affects_features_changes_what_they_are_found_by(
    change, table, target, folds, cache, monkeypatch
):
    def key(
        store: FeatureCache = cache,
        recipe: tuple[Step, ...] = RECIPE,
        fold: Fold = folds[0],
        asked: Target = target,
    ) -> str | None:
        return store.key(recipe, Setting(True), table, asked, fold, None)

    before = key()
    if change == "recipe":
        after = key(recipe=(Step("drop", {"columns": ["hue"]}), *RECIPE))
    elif change == "data":
        after = key(FeatureCache(cache.folder, "e" * 64))
    elif change == "fold":
        after = key(fold=folds[1])
    elif change == "target":
        after = key(asked=Target(1 - target.values, 2))
    else:
        monkeypatch.setattr(feature_cache, "_makers", lambda: ("another version",))
        after = key()
    assert before != after


def test_a_step_of_the_users_own_is_never_kept(table, target, folds, cache):
    recipe = (Step("python", {"function": "pipelines.features.derive:given"}), *RECIPE)
    assert cache.key(recipe, Setting(True), table, target, folds[0], None) is None


@pytest.mark.parametrize("content", [b"", b"garbage", None])
def test_a_broken_file_is_computed_again(content, table, target, folds, cache):
    fresh = prepared(table, target, folds, cache)
    for file in cache.folder.iterdir():
        file.write_bytes(file.read_bytes()[:-9] if content is None else content)
    assert equal(prepared(table, target, folds, cache), fresh)
    assert equal(prepared(table, target, folds, cache), fresh)


def test_what_can_neither_be_read_nor_removed_costs_time_only(table, target, folds, cache):
    fresh = prepared(table, target, folds, cache)
    for file in list(cache.folder.iterdir()):
        file.unlink()
        (file / "in the way").mkdir(parents=True)
    assert equal(prepared(table, target, folds, cache), fresh)


def test_files_used_longest_ago_make_room(table, target, folds, cache):
    prepared(table, target, folds, cache)
    size = cache_size(cache.folder)[1] // 3
    files = sorted(cache.folder.iterdir())
    for age, file in enumerate(files):
        os.utime(file, (1_000_000 - age, 1_000_000 - age))
    small = FeatureCache(cache.folder, "f" * 64, worth_seconds=0.0, most_bytes=3 * size + size // 2)
    prepared(table, target, folds[:1], small)
    left = set(cache.folder.iterdir())
    assert files[2] not in left
    assert {files[0], files[1]} <= left
    assert cache_size(cache.folder)[1] <= small.most_bytes


def test_what_a_killed_process_left_half_written_goes(table, target, folds, cache):
    cache.folder.mkdir()
    for name, age in ((".dead.part", 2 * feature_cache.PART_SECONDS), (".alive.part", 0.0)):
        (cache.folder / name).write_bytes(b"half")
        os.utime(cache.folder / name, (time.time() - age,) * 2)
    prepared(table, target, folds, cache)
    assert [path.name for path in cache.folder.glob(".*")] == [".alive.part"]


def test_quick_features_are_not_worth_a_file(table, target, folds, tmp_path):
    slow = FeatureCache(tmp_path / "cache", "d" * 64, worth_seconds=1e6)
    prepared(table, target, folds, slow)
    assert not slow.folder.exists()


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(table, target, folds, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    blocked = FeatureCache(tmp_path / "cache", "d" * 64, worth_seconds=0.0)
    assert equal(prepared(table, target, folds, blocked), prepared(table, target, folds, None))


# scikit-learn empties the filters of warnings, which all threads share, for a moment at each step;
# a thread that sees them so is warned, and one that is warned a moment later would fail.
@pytest.mark.filterwarnings("ignore:.sklearn.utils.parallel.delayed:UserWarning")
def test_many_at_once_leave_whole_files(table, target, folds, cache):
    fresh = prepared(table, target, folds, None)
    with ThreadPoolExecutor(8) as pool:
        runs = [pool.submit(prepared, table, target, folds, cache) for _ in range(8)]
        assert all(equal(run.result(), fresh) for run in runs)
    names = sorted(file.name for file in cache.folder.iterdir())
    assert len(names) == 3
    assert not [name for name in names if name.endswith(".part")]


def test_another_recipe_is_prepared_once_and_the_own_one_never_again(lesson):
    base = replace(
        lesson, choose=lambda label: (Step("drop", {"columns": [label]}), *RECIPE), label="all"
    ).prepare()
    assert base.by_recipe("") is base
    assert base.by_recipe("all").folds is base.folds
    other = base.by_recipe("orchard")
    assert other is base.by_recipe("orchard")
    assert other.folds[0].names == ("hue", "missingindicator_hue")


def test_recipes_in_memory_are_bounded(table, target, folds):
    asked: list[str] = []

    def prepare(label: str) -> PreparedFolds:
        asked.append(label)
        return prepared(table, target, folds, None)

    size = sum(one.size_bytes for one in prepare("size").folds)
    kept = RecipesInMemory(prepare, most_bytes=2 * size)
    for label in ("a", "b", "a", "c", "a", "b"):
        kept(label)
    assert asked == ["size", "a", "b", "c", "b"]


def test_a_lesson_is_the_same_with_and_without_a_cache(lesson, cache):
    assert equal(lesson.prepare(None, cache), replace(lesson).prepare(None))


PICKED = {
    "one": parse_recipe([{"step": "auto"}, {"step": "select", "count": 1}]),
    "two": parse_recipe([{"step": "auto"}, {"step": "select", "count": 2}]),
}


def test_steps_that_recipes_begin_with_alike_are_fitted_once_per_fold(
    lesson, table, target, folds, monkeypatch
):
    fitted: list[int] = []
    plain = AutoFeatures.fit_transform

    def counted(self, X, y, **parameters):
        fitted.append(len(X))
        return plain(self, X, y, **parameters)

    monkeypatch.setattr(AutoFeatures, "fit_transform", counted)
    choosing = replace(lesson, choose=PICKED.__getitem__, label="auto")
    together = choosing.prepare(table.head(7))
    shared = {label: together.by_recipe(label) for label in PICKED}
    assert len(fitted) == len(folds)
    for label, recipe in PICKED.items():
        assert equal(shared[label], prepared(table, target, folds, None, recipe))
        fold = shared[label].folds[0]
        rows = table.iloc[fold.fold.valid]
        assert fold.pipeline.transform(rows).tobytes() == fold.scored.tobytes()


def test_the_memory_of_steps_is_bounded():
    rows = np.zeros(100)
    memory = StepMemory(most_bytes=2500)
    for key in ("a", "b", "a", "c"):
        if memory.find(key) is None:
            memory.keep(key, Stage(None, rows, rows, None))
    assert list(memory.stages) == ["c"]
    assert memory.size == 1600
