"""Does cross-validation tell the host's private score? Ten studies on each of three contests.

Run: ``python benchmarks/honesty.py [--runs 10] [--titanic FOLDER] [--draw docs/pictures]``

Avocados: every run has a harvest of its own. Titanic: Kaggle's own split, so that all runs share
the same passengers, and then the same passengers split anew in every run.

For every run a study is searched, finished and its predictions are scored against the host's
solution. The interval of the difference holds the chance of both sides: the training rows behind
the cross-validated score and the test rows behind the host's are resampled independently, whole
fruits at a time where the contest names a group column (Efron 1979; 2000 resamples).
"""

import argparse
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.building import SplitPlan, build_contest_folder
from competition.contests import BUILT_IN
from competition.definition import Contest, load_contest
from competition.metrics import get_metric
from competition.scoring import score_frames
from competition.tables import read_table
from experiments import StudyResult, load_experiment, run_experiment

RESAMPLES = 2000
LEVELS = (0.025, 0.975)
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Side:
    """A score with resamples of its rows."""

    score: float
    resampled: Numbers

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval."""
        low, high = np.quantile(self.resampled, LEVELS)
        return float(low), float(high)

    def minus(self, other: "Side") -> "Side":
        """Return the difference; both sides were resampled independently."""
        return Side(self.score - other.score, self.resampled - other.resampled)


@dataclass(frozen=True)
class Run:
    """One study: cross-validated, private and public score, and that of all test rows."""

    name: str
    validated: Side
    private: Side
    public: Side
    overall: float

    @property
    def is_within(self) -> bool:
        """Whether the interval of private minus cross-validated holds 0."""
        low, high = self.private.minus(self.validated).interval
        return low <= 0 <= high


def avocado(seed: int, trials: int) -> Run:
    """Grow a harvest of its own, search, and score."""
    with TemporaryDirectory() as folder:
        home = Path(folder)
        place = home / "contests" / "avocado-ripeness"
        BUILT_IN["avocado-ripeness"](place, seed=seed)
        return study(f"harvest {seed}", "avocado_ripeness", home, place, seed, trials)


def titanic(
    seed: int, trials: int, files: Path, *, anew: bool, settings: Sequence[str] = ()
) -> Run:
    """Search the Titanic table with other folds and other networks, and score."""
    train, test, solution = titanic_tables(files)
    if anew:
        train, test, solution = split_anew(train, test, solution, seed)
    with TemporaryDirectory() as folder:
        home = Path(folder)
        place = home / "contests" / "titanic"
        build_contest_folder(
            place,
            slug="titanic",
            train=train,
            test=test,
            solution=solution,
            targets=["Survived"],
            id_column="PassengerId",
            metric="accuracy",
            split=SplitPlan(seed=seed),
        )
        name = f"{'split' if anew else 'seed'} {seed}"
        return study(name, "titanic", home, place, seed, trials, settings)


def print_simpler_models(files: Path) -> None:
    """Print how other models fare on Kaggle's own split, and the rule that women survive."""
    train, test, solution = titanic_tables(files)
    both = (train, test.merge(solution, on="PassengerId"))
    women = [((table["Sex"] == "female") == (table["Survived"] == 1)).mean() for table in both]
    print("\n**Kaggle's split: training table (models: cross-validated), test table**\n")
    print(f"women survive: {women[0]:.3f}, {women[1]:.3f}")
    for model in ("linear", "gradient_boosting"):
        settings = (f"model={model}", "search.space={}")
        run = titanic(1, 1, files, anew=False, settings=settings)
        print(f"{model}: {run.validated.score:.3f}, {run.overall:.3f}")


def titanic_tables(files: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Read train, test and solution as Kaggle has them."""
    names = ("train.csv", "test.csv", "solution_from_titanic3.csv")
    train, test, solution = (read_table(files / name) for name in names)
    return train, test, solution[["PassengerId", "Survived"]]


def split_anew(
    train: pd.DataFrame, test: pd.DataFrame, solution: pd.DataFrame, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Deal all passengers anew into as many training and test rows as there were."""
    whole = pd.concat([train, test.merge(solution, on="PassengerId")], ignore_index=True)
    order = np.random.default_rng(seed).permutation(len(whole))
    learned, held = (whole.iloc[np.sort(part)] for part in np.split(order, [len(train)]))
    return learned, held.drop(columns="Survived"), held[["PassengerId", "Survived"]]


def study(
    name: str,
    experiment: str,
    home: Path,
    place: Path,
    seed: int,
    trials: int,
    more: Sequence[str] = (),
) -> Run:
    """Run a study in a home of its own and score it on both sides."""
    settings = [f"seed={seed}", f"validation.seed={seed}", f"search.trials={trials}"]
    settings += ["ensemble.greedy=false", "report.enabled=false", *more]
    result = run_experiment(load_experiment(experiment, settings), home)
    contest = load_contest(place)
    solution = read_table(place / "solution.csv", text_columns=contest.targets)
    assert result.predictions is not None
    scores = score_frames(contest, solution, result.predictions.astype({contest.targets[0]: str}))
    private, public = (
        host_side(contest, place, solution, result, usage, seed) for usage in ("Private", "Public")
    )
    told = np.array([scores.private, scores.public], np.float64)
    assert np.allclose([private.score, public.score], told)
    validated = validated_side(contest, place, result, seed)
    return Run(name, validated, private, public, scores.overall)


def validated_side(contest: Contest, place: Path, result: StudyResult, seed: int) -> Side:
    """Score the out-of-fold answers, decided as the submission's are."""
    from pipelines.models.decisions import decide

    train = read_table(place / "data" / "train.csv", text_columns=contest.targets)
    answers = pd.read_parquet(result.out_of_fold)
    labels = labels_of(contest, train)
    metric = get_metric(contest.metric.name)
    said = decide(metric, answers[labels].to_numpy(np.float64), len(labels))
    side = resampled(contest, train, codes(train[contest.targets[0]], labels), said, seed)
    assert np.isclose(side.score, result.score)
    return side


def host_side(
    contest: Contest,
    place: Path,
    solution: pd.DataFrame,
    result: StudyResult,
    usage: str,
    seed: int,
) -> Side:
    """Score the predictions on the rows of one part of the solution."""
    assert result.predictions is not None
    [target] = contest.targets
    rows = solution[solution["Usage"] == usage].set_index(contest.id_column)
    said = result.predictions.set_index(contest.id_column)[target].loc[rows.index]
    test = read_table(place / "data" / "test.csv").set_index(contest.id_column).loc[rows.index]
    labels = labels_of(contest, solution)
    return resampled(contest, test, codes(rows[target], labels), codes(said, labels), seed + 1)


def labels_of(contest: Contest, table: pd.DataFrame) -> list[str]:
    """Return the contest's labels in their order."""
    return [str(one) for one in contest.labels or sorted(table[contest.targets[0]].unique())]


def codes(column: Any, labels: list[str]) -> NDArray[np.int64]:
    """Return the number of each row's label."""
    number = {label: place for place, label in enumerate(labels)}
    return np.array([number[str(one)] for one in column])


def resampled(
    contest: Contest, table: pd.DataFrame, truth: NDArray[Any], said: NDArray[Any], seed: int
) -> Side:
    """Score the rows, and resamples of them: whole groups where there are groups."""
    metric = get_metric(contest.metric.name)
    group = contest.group_column
    names = table[group].to_numpy() if group else np.arange(len(table))
    blocks = list(pd.Series(np.arange(len(table))).groupby(names).indices.values())
    generator = np.random.default_rng(seed)
    scores = []
    for _ in range(RESAMPLES):
        drawn = generator.integers(len(blocks), size=len(blocks))
        rows = np.concatenate([blocks[one] for one in drawn])
        scores.append(metric(truth[rows], said[rows]))
    return Side(metric(truth, said), np.array(scores))


def report(title: str, runs: Sequence[Run]) -> None:
    """Print a Markdown table and what it comes to."""
    print(f"\n**{title}**\n")
    print(
        "| run | cross-validated | private | public | private − cross-validated (95 %) | within |"
    )
    print("|---|---:|---:|---:|---:|---|")
    for run in runs:
        low, high = run.private.minus(run.validated).interval
        difference = f"{run.private.score - run.validated.score:+.4f} ({low:+.4f} to {high:+.4f})"
        scores = (run.validated.score, run.private.score, run.public.score)
        cells = [run.name, *(f"{score:.4f}" for score in scores), difference]
        print(f"| {' | '.join(cells)} | {'yes' if run.is_within else 'no'} |".replace("-0.", "−0."))
    differences = np.array([run.private.score - run.validated.score for run in runs])
    mean, spread = differences.mean(), differences.std(ddof=1)
    widths = [np.diff(run.private.minus(run.validated).interval)[0] / 2 for run in runs]
    print(f"\nwithin: {sum(run.is_within for run in runs)} of {len(runs)}")
    print(f"mean difference {mean:+.4f}, standard error {spread / np.sqrt(len(runs)):.4f}")
    print(
        f"standard deviation {spread:.4f}, mean half width of the intervals {np.mean(widths):.4f}"
    )


def draw(parts: dict[str, Sequence[Run]], path: Path) -> None:
    """Draw private against cross-validated scores, and the differences with their intervals."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 4.2 * len(parts)), layout="constrained")
    rows = figure.subplots(len(parts), 2, squeeze=False)
    for (title, runs), (left, right) in zip(parts.items(), rows, strict=True):
        for place, run in enumerate(runs):
            draw_pair(left, run)
            draw_difference(right, place, run)
        middle = runs[0].validated.score
        left.axline((middle, middle), slope=1, linestyle=":", color="0.4")
        left.set(title=title, xlabel="cross-validated score", ylabel="private score")
        right.axhline(0, linestyle=":", color="0.4")
        right.set_xticks(range(len(runs)), [run.name.split()[-1] for run in runs])
        right.set(
            title="private − cross-validated, with 95 % intervals",
            xlabel=runs[0].name.split()[0],
            ylabel="difference",
        )
        for axes in (left, right):
            axes.grid(alpha=0.25)
            axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})


def draw_pair(axes: Any, run: Run) -> None:
    """Draw one run with both intervals."""
    across = np.abs(np.array(run.validated.interval) - run.validated.score)[:, None]
    upward = np.abs(np.array(run.private.interval) - run.private.score)[:, None]
    axes.errorbar(
        run.validated.score,
        run.private.score,
        xerr=across,
        yerr=upward,
        fmt="o",
        color="#1f6f4a",
        ecolor="0.75",
    )


def draw_difference(axes: Any, place: int, run: Run) -> None:
    """Draw one difference; a cross where its interval leaves 0 out."""
    side = run.private.minus(run.validated)
    span = np.abs(np.array(side.interval) - side.score)[:, None]
    mark, colour = ("o", "#1f6f4a") if run.is_within else ("X", "#b4521f")
    axes.errorbar(place, side.score, yerr=span, fmt=mark, color=colour, ecolor="0.65", capsize=3)


def main() -> None:
    """Run the studies, print the tables, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--titanic", type=Path, help="folder with Titanic's files and solution")
    parser.add_argument("--draw", type=Path, help="folder for the picture")
    wish = parser.parse_args()
    logging.disable(logging.INFO)
    parts: dict[str, Sequence[Run]] = {
        "avocado-ripeness": [avocado(seed, wish.trials) for seed in range(1, wish.runs + 1)]
    }
    if wish.titanic:
        seeds = range(1, wish.runs + 1)
        for title, anew in (("titanic, Kaggle's split", False), ("titanic, split anew", True)):
            parts[title] = [titanic(seed, wish.trials, wish.titanic, anew=anew) for seed in seeds]
    for title, runs in parts.items():
        report(title, runs)
    if wish.titanic:
        print_simpler_models(wish.titanic)
    if wish.draw:
        draw(parts, wish.draw / "cv_private.svg")


if __name__ == "__main__":
    main()
