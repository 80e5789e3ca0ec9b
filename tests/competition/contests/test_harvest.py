"""The harvest: what the sensors read, against the figures of the literature."""

import ast
import inspect
import itertools
import re
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from competition.contests.avocado_ripeness import fruits, harvest, kinetics, sensors
from competition.contests.avocado_ripeness.fruits import draw_fruits
from competition.contests.avocado_ripeness.harvest import (
    MISSING_SHARE,
    STORAGE_TEMPERATURES_C,
    simulate_harvest,
)
from competition.contests.avocado_ripeness.kinetics import STAGES, hidden_age

SEEDS = range(3)


@pytest.mark.parametrize("seed", SEEDS)
def test_darkness_and_firmness_correlate_as_measured(seed: int) -> None:
    readings = simulate_harvest(np.random.default_rng(seed))
    for colour in ("skin_lightness", "skin_chroma", "skin_hue_deg"):
        assert (-readings[colour]).corr(readings["firmness_n"]) == pytest.approx(-0.6, abs=0.05)


@pytest.mark.parametrize("seed", SEEDS)
def test_sound_and_firmness_correlate_as_measured(seed: int) -> None:
    readings = simulate_harvest(np.random.default_rng(seed))
    assert 0.66 < readings["resonance_hz"].corr(readings["firmness_n"]) < 0.81


def test_age_explains_nine_tenths_of_softening() -> None:
    rng = np.random.default_rng(3)
    lot = draw_fruits(rng, 20_000, STORAGE_TEMPERATURES_C)
    age = hidden_age(rng.integers(1, 12, len(lot)), lot.temperature_c, lot.offset, lot.rate_factor)
    read = sensors.read_firmness(rng, age, lot.harvest_firmness_n, lot.ripe_firmness_n)
    softening = np.polynomial.Polynomial.fit(age, read, 12)
    explained = 1 - np.var(read - softening(age)) / np.var(read)
    assert explained == pytest.approx(0.89, abs=0.03)


def test_firmness_runs_from_harvest_to_eating() -> None:
    age = np.linspace(-8.0, 6.0, 15).repeat(400)
    even = np.ones(len(age))
    read = sensors.read_firmness(np.random.default_rng(0), age, 200.0 * even, 4.0 * even)
    median = np.median(read.reshape(15, 400), axis=1)
    assert (np.diff(median) < 0.5).all()
    assert 150 < median[0] < 250
    assert 2 < median[-1] < 6.7


def test_resonance_falls_two_to_four_times() -> None:
    rng, even = np.random.default_rng(0), np.ones(2000)
    hard, soft = (
        np.median(sensors.read_resonance(rng, age * even, 200.0 * even, even))
        for age in (-5.0, 4.0)
    )
    assert 2 < hard / soft < 4


def test_heavier_fruits_ring_lower() -> None:
    rng, even = np.random.default_rng(0), np.ones(4000)
    light, heavy = (
        np.median(sensors.read_resonance(rng, 0 * even, grams * even, even))
        for grams in (125.0, 343.0)
    )
    assert light / heavy == pytest.approx(1.4, rel=0.02)


def test_hue_is_noisy_where_the_skin_is_nearly_black() -> None:
    rng = np.random.default_rng(0)
    green, black = (sensors.read_colour(rng, np.full(2000, age))[2] for age in (-6.0, 6.0))
    assert black.std() > 4 * green.std()


def test_neighbouring_stages_overlap_in_every_sensor(default_harvest: pd.DataFrame) -> None:
    for column in ("firmness_n", "skin_hue_deg", "resonance_hz"):
        by_stage = default_harvest.groupby("stage")[column]
        lowest, highest = by_stage.quantile(0.05), by_stage.quantile(0.95)
        for firmer, softer in itertools.pairwise(STAGES):
            assert highest[softer] > lowest[firmer]


def test_length_knows_nothing_of_ripeness(default_harvest: pd.DataFrame) -> None:
    index = default_harvest["stage"].map(STAGES.index)
    assert abs(default_harvest["length_mm"].corr(index)) < 0.05


def test_fruits_have_the_size_of_the_trade(default_harvest: pd.DataFrame) -> None:
    assert default_harvest["length_mm"].quantile([0.03, 0.97]).between(75, 120).all()
    assert default_harvest["weight_g"].quantile([0.01, 0.99]).between(110, 350).all()


def test_fruits_lose_weight_slowly_and_faster_where_it_is_warm() -> None:
    start = np.array([200.0, 200.0])
    after = sensors.weight_on_day(start, np.array([10.0, 20.0]), np.array([8.0, 8.0]))
    assert 1 - (after[1] / 200.0) ** (1 / 7) == pytest.approx(0.0075)
    assert after[0] > after[1]


def test_every_stage_is_common(default_harvest: pd.DataFrame) -> None:
    share = default_harvest["stage"].value_counts(normalize=True)
    assert set(share.index) == set(STAGES)
    assert share.min() > 0.1


def test_no_fruit_goes_back_a_stage(default_harvest: pd.DataFrame) -> None:
    index = default_harvest.assign(index=default_harvest["stage"].map(STAGES.index))
    in_time = index.sort_values(["fruit", "days_since_harvest"]).groupby("fruit")["index"]
    assert (in_time.diff().dropna() >= 0).all()


def test_a_fruit_is_seen_on_several_days_and_never_twice_on_one(
    default_harvest: pd.DataFrame,
) -> None:
    assert not default_harvest.duplicated(["fruit", "days_since_harvest"]).any()
    assert default_harvest.groupby("fruit").size().between(1, 4).all()
    assert default_harvest.groupby("fruit").size().mean() > 3.5


def test_what_stays_with_a_fruit_stays(default_harvest: pd.DataFrame) -> None:
    kept = default_harvest.groupby("fruit")[["orchard", "picker", "storage_temperature_c"]]
    assert (kept.nunique() == 1).all(axis=None)


def test_readings_are_missing_at_their_rate(default_harvest: pd.DataFrame) -> None:
    missing = default_harvest.isna().mean()
    for column, share in MISSING_SHARE.items():
        assert missing[column] == pytest.approx(share, abs=0.015)
    assert missing[["fruit", "stage", "orchard", "storage_temperature_c"]].max() == 0


def test_the_same_seed_grows_the_same_harvest() -> None:
    one, other = (simulate_harvest(np.random.default_rng(5), 50) for _ in range(2))
    pd.testing.assert_frame_equal(one, other)
    assert not one.equals(simulate_harvest(np.random.default_rng(6), 50))


def test_orchards_and_pickers_leave_the_mean_fruit_alone() -> None:
    assert sum(fruits.ORCHARDS.values()) == pytest.approx(0)
    assert sum(fruits.PICKERS.values()) == pytest.approx(0)


@pytest.mark.parametrize(
    "arguments", [{"n_fruits": 0}, {"temperatures_c": ()}, {"readings_per_fruit": 0}]
)
def test_an_empty_harvest_is_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="at least one"):
        simulate_harvest(np.random.default_rng(0), **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("module", [kinetics, fruits, sensors, harvest])
def test_every_constant_has_a_source_or_the_word_assumption(module: ModuleType) -> None:
    body = ast.parse(inspect.getsource(module)).body
    for statement, following in zip(body, [*body[1:], ast.Pass()], strict=True):
        name = _constant_name(statement)
        if name is None:
            continue
        assert isinstance(following, ast.Expr), f"{name} has no docstring"
        text = ast.unparse(following)
        assert re.search(r"\[\d\]_|[Aa]ssumption|Calibrated|the sources", text), name


def _constant_name(statement: ast.stmt) -> str | None:
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        return None
    name = statement.targets[0].id
    return name if name.isupper() else None
