from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from competition.contests import BUILT_IN, baselines, reference_entries
from competition.contests.avocado_first_steps.contest import look_once
from competition.contests.avocado_ripeness.kinetics import STAGES
from competition.definition import Contest, load_contest
from competition.errors import InvalidContest, UnknownContest
from competition.tables import read_table

FILES = ("train", "test", "sample_submission")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("contests")
    for slug, build in BUILT_IN.items():
        build(root / slug)
    return {slug: root / slug for slug in BUILT_IN}


@pytest.fixture
def tables(folders: dict[str, Path]) -> Callable[[str], list[pd.DataFrame]]:
    """Read the train, test and sample tables of a contest."""
    return lambda slug: [read_table(folders[slug] / "data" / f"{name}.csv") for name in FILES]


@pytest.fixture
def contest_of(folders: dict[str, Path]) -> Callable[[str], Contest]:
    return lambda slug: load_contest(folders[slug])


def truth_beside(entry: pd.DataFrame, folder: Path) -> tuple[pd.Series, pd.Series]:
    both = read_table(folder / "solution.csv").merge(entry, on="id", validate="one_to_one")
    return both.iloc[:, 1], both.iloc[:, -1]


@pytest.mark.parametrize("slug", BUILT_IN)
def test_a_folder_loads_as_the_contest_that_was_built(
    slug: str, contest_of: Callable[[str], Contest]
) -> None:
    contest = contest_of(slug)
    assert contest.slug == slug
    assert set(contest.pages) == {"overview", "data", "evaluation", "rules"}


@pytest.mark.parametrize("slug", BUILT_IN)
def test_the_data_page_names_every_column(
    slug: str,
    contest_of: Callable[[str], Contest],
    tables: Callable[[str], list[pd.DataFrame]],
) -> None:
    for column in tables(slug)[0]:
        assert f"`{column}`" in contest_of(slug).pages["data"]


def test_the_ripeness_contest_ranks_ordered_stages(contest_of: Callable[[str], Contest]) -> None:
    contest = contest_of("avocado-ripeness")
    assert contest.labels == STAGES
    assert contest.metric.name == "quadratic_weighted_kappa"
    assert contest.metric.beside == ("accuracy",)


def test_no_fruit_stands_on_both_sides(tables: Callable[[str], list[pd.DataFrame]]) -> None:
    train, test, _ = tables("avocado-ripeness")
    assert not set(train["fruit"]) & set(test["fruit"])
    assert 3000 <= len(train) <= 5000
    assert "stage" not in test


def test_no_fruit_is_scored_on_both_boards(
    folders: dict[str, Path], tables: Callable[[str], list[pd.DataFrame]]
) -> None:
    solution = read_table(folders["avocado-ripeness"] / "solution.csv")
    usage = solution.merge(tables("avocado-ripeness")[1], on="id").groupby("fruit")["Usage"]
    assert (usage.nunique() == 1).all()


def test_first_steps_shows_three_sensors_and_no_gap(
    tables: Callable[[str], list[pd.DataFrame]],
) -> None:
    train, test, _ = tables("avocado-first-steps")
    assert list(test) == ["id", "height_mm", "firmness_n", "skin_darkness"]
    assert not train.isna().any(axis=None)
    assert 0.15 < train["perfectly_ripe"].mean() < 0.3


@pytest.mark.parametrize("slug", BUILT_IN)
def test_references_are_submissions_in_the_samples_form(
    slug: str, tables: Callable[[str], list[pd.DataFrame]]
) -> None:
    train, test, sample = tables(slug)
    for entry in baselines(slug, train, test, sample).values():
        assert list(entry) == list(sample)
        assert entry["id"].tolist() == sample["id"].tolist()


def test_reference_entries_of_ripeness_stand_clearly_apart(
    folders: dict[str, Path], tables: Callable[[str], list[pd.DataFrame]]
) -> None:
    scores = []
    for entry in reference_entries("avocado-ripeness", *tables("avocado-ripeness")).values():
        truth, predicted = truth_beside(entry, folders["avocado-ripeness"])
        pair = [column.map(STAGES.index) for column in (truth, predicted)]
        scores.append(cohen_kappa_score(*pair, labels=range(5), weights="quadratic"))
    assert scores[0] == pytest.approx(0)
    assert 0.8 < scores[1] < 0.93
    assert (np.diff(scores) > 0.008).all()
    assert scores[-1] < 0.98


def test_reference_entries_of_first_steps_stand_apart(
    folders: dict[str, Path], tables: Callable[[str], list[pd.DataFrame]]
) -> None:
    scores = [
        roc_auc_score(*truth_beside(entry, folders["avocado-first-steps"]))
        for entry in reference_entries(
            "avocado-first-steps", *tables("avocado-first-steps")
        ).values()
    ]
    assert scores[0] == 0.5
    assert (np.diff(scores) > 0.003).all()
    assert scores[-1] < 0.96


def test_height_alone_is_nearly_worthless() -> None:
    fruits = look_once(np.random.default_rng(0), 20_000)
    area = roc_auc_score(fruits["perfectly_ripe"], fruits["height_mm"])
    assert area == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("slug", BUILT_IN)
def test_the_same_seed_writes_the_same_files(
    slug: str, folders: dict[str, Path], tmp_path: Path
) -> None:
    BUILT_IN[slug](tmp_path / "again")
    for file in sorted(folders[slug].rglob("*.csv")):
        again = tmp_path / "again" / file.relative_to(folders[slug])
        assert again.read_bytes() == file.read_bytes()


def test_another_seed_grows_other_fruits(folders: dict[str, Path], tmp_path: Path) -> None:
    BUILT_IN["avocado-ripeness"](tmp_path / "other", seed=1)
    one, other = (
        (f / "solution.csv").read_bytes() for f in (folders["avocado-ripeness"], tmp_path / "other")
    )
    assert one != other


def test_a_taken_place_is_refused(folders: dict[str, Path]) -> None:
    with pytest.raises(InvalidContest, match="exists already"):
        BUILT_IN["avocado-ripeness"](folders["avocado-ripeness"])


def test_an_unknown_slug_is_told_its_neighbour() -> None:
    empty = pd.DataFrame()
    with pytest.raises(UnknownContest, match="avocado-ripeness"):
        baselines("avocado-ripenes", empty, empty, empty)
