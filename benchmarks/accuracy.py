"""How well the network learns, untuned, beside other untuned learners.

    python benchmarks/accuracy.py                  # bundled tables, then larger ones
    python benchmarks/accuracy.py --only bundled
    python benchmarks/accuracy.py --only options   # what each option is worth

Bundled tables: (stratified) five folds, shuffled with seeds 0, 1 and 2, which the learners get as
their random state; inputs standardised in the fold for all but trees; means over folds, then seeds.
These tables are small: guards, not claims. The larger ones are made: the avocado contest, and
scikit-learn's generators with a held-out test set.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import pandas as pd
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
    make_classification,
    make_friedman1,
)
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, cohen_kappa_score, log_loss, root_mean_squared_error
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from competition.contests.avocado_ripeness.kinetics import STAGES
from pipelines.network import NetworkClassifier, NetworkRegressor, fit_together

BUNDLED = {
    "iris": load_iris,
    "wine": load_wine,
    "breast_cancer": load_breast_cancer,
    "digits": load_digits,
    "diabetes": load_diabetes,
}
SEEDS = (0, 1, 2)
Learner = Callable[[int], Any]


def scaled(learner: Any) -> Any:
    """Put a learner behind a standard scaler."""
    return make_pipeline(StandardScaler(), learner)


CLASSIFIERS: dict[str, Learner] = {
    "logistic regression": lambda seed: scaled(LogisticRegression(max_iter=5000)),
    "MLPClassifier": lambda seed: scaled(MLPClassifier(random_state=seed)),
    "random forest": lambda seed: RandomForestClassifier(random_state=seed),
    "histogram boosting": lambda seed: HistGradientBoostingClassifier(random_state=seed),
}
REGRESSORS: dict[str, Learner] = {
    "ridge": lambda seed: scaled(Ridge()),
    "MLPRegressor": lambda seed: scaled(MLPRegressor(random_state=seed)),
    "random forest": lambda seed: RandomForestRegressor(random_state=seed),
    "histogram boosting": lambda seed: HistGradientBoostingRegressor(random_state=seed),
}


def folds(name: str) -> Iterator[tuple[int, Any, Any, Any, Any]]:
    """Yield (seed, training rows, their targets, test rows, their targets) of a bundled table."""
    x, y = BUNDLED[name](return_X_y=True)
    kind = KFold if name == "diabetes" else StratifiedKFold
    for seed in SEEDS:
        for train, test in kind(5, shuffle=True, random_state=seed).split(x, y):
            yield seed, x[train], y[train], x[test], y[test]


def judged(name: str, learner: Any, x: Any, y: Any) -> tuple[float, ...]:
    """Return accuracy and log loss, or the root mean squared error."""
    if name == "diabetes":
        return (float(root_mean_squared_error(y, learner.predict(x))),)
    said = np.asarray(learner.predict_proba(x), dtype=np.float64)
    said /= said.sum(axis=1, keepdims=True)
    classes = learner.classes_
    return (
        float(accuracy_score(y, learner.predict(x))),
        float(log_loss(y, said, labels=classes)),
    )


def network_scores(name: str, **settings: Any) -> list[tuple[float, ...]]:
    """Fit our network on every fold and seed side by side; return each one's scores."""
    kind = NetworkRegressor if name == "diabetes" else NetworkClassifier
    parts = list(folds(name))
    scalers = [StandardScaler().fit(x) for _, x, _, _, _ in parts]
    networks = [kind(random_state=seed, **settings) for seed, *_ in parts]
    tables = [(s.transform(x), y) for s, (_, x, y, _, _) in zip(scalers, parts, strict=True)]
    fit_together(networks, tables)
    return [
        judged(name, network, s.transform(x), y)
        for network, s, (_, _, _, x, y) in zip(networks, scalers, parts, strict=True)
    ]


def told(scores: list[tuple[float, ...]]) -> str:
    """Return means as text."""
    means = np.mean(scores, axis=0)
    return f"{means[0]:.4f} / {means[1]:.4f}" if len(means) == 2 else f"{means[0]:.2f}"


def bundled() -> None:
    """Print the bundled tables: accuracy / log loss, and RMSE for diabetes."""
    lines: dict[str, list[str]] = {}
    for name in BUNDLED:
        lines.setdefault("Ripe, defaults", []).append(told(network_scores(name)))
        learners = REGRESSORS if name == "diabetes" else CLASSIFIERS
        for (row, learner), label in zip(learners.items(), CLASSIFIERS, strict=True):
            scores = [
                judged(name, learner(seed).fit(x, y), a, b) for seed, x, y, a, b in folds(name)
            ]
            lines.setdefault(f"{label} ({row})" if row != label else row, [])
            lines.setdefault(label, []).append(told(scores))
    print(f"| | {' | '.join(BUNDLED)} |\n|---|{'---|' * len(BUNDLED)}")
    for row, cells in lines.items():
        if cells:
            print(f"| {row} | {' | '.join(cells)} |", flush=True)


OPTIONS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "one network instead of eight": {"n_members": 1},
    "ReLU instead of SiLU": {"activation": "relu"},
    "constant learning rate": {"schedule": "constant"},
    "beta2 0.999": {"beta2": 0.999},
    "no weight decay": {"weight_decay": 0.0},
    "no dropout": {"dropout": 0.0},
    "robust scaling, smooth clipping": {"scaling": "robust"},
    "piecewise-linear embedding": {"embedding": "piecewise"},
    "periodic embedding": {"embedding": "periodic"},
    "label smoothing 0.05": {"label_smoothing": 0.05},
    "clip_norm 1": {"clip_norm": 1.0},
}


def options() -> None:
    """Print what each option is worth, on two bundled and two made tables."""
    made = {name: table for name, table in made_tables() if name.endswith("5 000 rows")}
    print(f"| | breast_cancer | diabetes | {' | '.join(made)} |\n|---|---|---|---|---|")
    for row, settings in OPTIONS.items():
        cells = []
        for name in ("breast_cancer", "diabetes"):
            own = without_classes(settings) if name == "diabetes" else settings
            cells.append(told(network_scores(name, **own)))
        for x, y, a, b in made.values():
            cells.append(told([network_on(x, y, a, b, settings)[0]]))
        print(f"| {row} | {' | '.join(cells)} |", flush=True)


def without_classes(settings: dict[str, Any]) -> dict[str, Any]:
    """Drop what only a classifier has."""
    return {k: v for k, v in settings.items() if k != "label_smoothing"}


def network_on(
    x: Any, y: Any, a: Any, b: Any, settings: dict[str, Any]
) -> tuple[tuple[float, ...], float]:
    """Fit our network once; return its scores and the seconds it took."""
    regression = y.dtype.kind == "f"
    kind = NetworkRegressor if regression else NetworkClassifier
    own = without_classes(settings) if regression else settings
    start = time.perf_counter()
    network = kind(random_state=0, **own).fit(x, y)
    seconds = time.perf_counter() - start
    return judged("diabetes" if regression else "", network, a, b), seconds


def made_tables() -> Iterator[tuple[str, tuple[Any, Any, Any, Any]]]:
    """Yield made tables: training rows, targets, test rows, targets."""
    for rows in (1_000, 5_000, 20_000):
        x, y = make_classification(
            rows + 10_000, 20, n_informative=10, n_redundant=4, n_classes=4, flip_y=0.05,
            random_state=0,
        )  # fmt: skip
        yield f"classification, {rows:,} rows".replace(",", " ", 2).replace("  ", ", "), (
            x[:rows], y[:rows], x[rows:], y[rows:],
        )  # fmt: skip
        x, y = make_friedman1(rows + 10_000, 10, noise=1.0, random_state=0)
        yield f"friedman, {rows:,} rows".replace(",", " ", 2).replace("  ", ", "), (
            x[:rows], y[:rows], x[rows:], y[rows:],
        )  # fmt: skip


def made() -> None:
    """Print the made tables: accuracy / log loss or RMSE (noise 1.0), and seconds to fit."""
    for name, (x, y, a, b) in made_tables():
        regression = y.dtype.kind == "f"
        print(f"\n{name}")
        scores, seconds = network_on(x, y, a, b, {})
        print(f"    {'Ripe, defaults':22s} {told([scores])}  {seconds:.1f} s")
        for label, learner in (REGRESSORS if regression else CLASSIFIERS).items():
            start = time.perf_counter()
            fitted = learner(0).fit(x, y)
            seconds = time.perf_counter() - start
            scores = judged("diabetes" if regression else "", fitted, a, b)
            print(f"    {label:22s} {told([scores])}  {seconds:.1f} s", flush=True)


def avocado() -> None:
    """Print the avocado contest at two sizes: kappa, accuracy, log loss, seconds to fit."""
    for fruits in (1_900, 19_000):
        train, test, truth = avocado_tables(fruits)
        stages = pd.unique(pd.concat([train["stage"], truth]))
        order = [stage for stage in STAGES if stage in stages]
        print(f"\navocado, {len(train):,} readings")
        x, a = encoded(train.drop(columns="stage"), test)
        y = train["stage"].to_numpy(dtype=object)
        for label, learner in {"Ripe, defaults": NETWORK, **CLASSIFIERS}.items():
            start = time.perf_counter()
            fitted = learner(0).fit(x, y)
            seconds = time.perf_counter() - start
            kappa = cohen_kappa_score(truth, fitted.predict(a), labels=order, weights="quadratic")
            scores = told([judged("", fitted, a, truth.to_numpy(dtype=object))])
            print(f"    {label:22s} kappa {kappa:.4f}  {scores}  {seconds:.1f} s", flush=True)


def NETWORK(seed: int) -> Any:  # noqa: N802  (a learner like the others)
    """Return our classifier with its defaults."""
    return NetworkClassifier(random_state=seed)


def avocado_tables(fruits: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series[Any]]:
    """Return the contest's train and test tables and the truth of the latter."""
    from competition.contests.avocado_ripeness.contest import build_avocado_ripeness
    from competition.tables import read_table

    with TemporaryDirectory() as folder:
        place = Path(folder) / "avocado"
        build_avocado_ripeness(place, seed=0, n_fruits=fruits)
        train, test = (read_table(place / "data" / f"{n}.csv") for n in ("train", "test"))
        solution = read_table(place / "solution.csv")
    truth = test[["id"]].merge(solution, on="id")["stage"]
    drop = ["id", "fruit"]
    return train.drop(columns=drop), test.drop(columns=drop), truth


def encoded(train: pd.DataFrame, test: pd.DataFrame) -> tuple[Any, Any]:
    """Return both tables as numbers: one-hot words, medians for what is missing, and a mark."""
    both = pd.concat([train, test], ignore_index=True)
    words = [c for c in both if not pd.api.types.is_numeric_dtype(both[c])]
    numbers = both.drop(columns=words).astype(float)
    marks = numbers.isna().loc[:, numbers.isna().any()].add_suffix(" missing").astype(float)
    filled = numbers.fillna(numbers.iloc[: len(train)].median())
    hot = pd.get_dummies(both[words], dtype=float)
    table = pd.concat([filled, marks, hot], axis=1).to_numpy()
    return table[: len(train)], table[len(train) :]


PARTS = {"bundled": bundled, "made": made, "avocado": avocado, "options": options}


def main() -> None:
    """Print the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", choices=PARTS, default=["bundled", "made", "avocado"])
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for part in parser.parse_args().only:
            print(f"\n== {part} ==", flush=True)
            PARTS[part]()


if __name__ == "__main__":
    main()
