"""What search and tracking cost, beside the way most people write them, both sides in one run.

Run it on a quiet machine::

    python benchmarks/search.py                          # every case, about eight minutes
    python benchmarks/search.py --only study overhead
    python benchmarks/search.py --only value --full      # five seeds of 100 trials: an hour

The sides take turns where that is possible. Wall clock is printed, and processor time of the
process with its children, which a busy machine changes less. In `study` and `wide` the other side
runs fewer trials for its rate, unless ``--full`` is given; how many is printed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median, stdev

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))

from searching import peers, stores, studies
from searching.ceiling import bare_rate
from searching.peers import Space
from searching.studies import Cost, cost_of

EPOCHS, BATCH_ROWS = 50, 32


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    trials: int | None
    peer_trials: int | None
    seeds: int
    runs: int
    full: bool


@dataclass(frozen=True)
class Figure:
    """One line of the result: what was compared, what came out, and whether that was the aim."""

    name: str
    got: float
    goal: float
    at_most: bool = False
    unit: str = "x"

    @property
    def reached(self) -> bool:
        """Whether the aim is met."""
        return self.got <= self.goal if self.at_most else self.got >= self.goal

    def __str__(self) -> str:
        aim = f"{'at most ' if self.at_most else ''}{self.goal:g} {self.unit}"
        word = "reached" if self.reached else "MISSED"
        digits = 2 if self.unit else 4
        return f"{self.name:58} {self.got:8.{digits}f} {self.unit:3} goal {aim:14} {word}"


def study(options: Options, folder: Path) -> Iterator[Figure]:
    """Yield the trials a minute of a study of small networks."""
    yield from _rate("study, 4-32 units", Space(4, 32), options, folder, 20, peer_trials=12)


def wide(options: Options, folder: Path) -> Iterator[Figure]:
    """Yield the trials a minute of a study of larger networks."""
    yield from _rate("study, 16-128 units", Space(16, 128), options, folder, 10, peer_trials=6)


def _rate(
    name: str, space: Space, options: Options, folder: Path, goal: float, peer_trials: int
) -> Iterator[Figure]:
    trials = options.trials or 100
    others = options.peer_trials or (trials if options.full else min(trials, peer_trials))
    home = studies.make_home(folder)
    experiment = studies.experiment(space, trials, EPOCHS, BATCH_ROWS)
    peers.open_mlflow(folder)
    theirs = peers.open_optuna(folder, seed=0)
    objective = peers.classifier_trial(studies.peer_folds(home), space, EPOCHS, BATCH_ROWS)
    _, first = cost_of(lambda: peers.optimise(theirs, objective, others // 2))
    told, ours = cost_of(lambda: studies.run(experiment, home))
    _, second = cost_of(lambda: peers.optimise(theirs, objective, others - others // 2))
    peer, own = (first + second) / others, ours / trials
    print(f"    peer: {others} trials of {peer} each; best {theirs.best_value:.4f}")
    print(f"    ours: {trials} trials of {own} each, all included; best {told.best:.4f}")
    print(f"    ours: {told}")
    print(f"    trials a minute: {60 / own.wall:.0f} against {60 / peer.wall:.1f}")
    yield Figure(f"{name}: trials a minute, wall", peer.wall / own.wall, goal)
    yield Figure(f"{name}: the same, processor time", peer.cpu / own.cpu, goal)


def value(options: Options, folder: Path) -> Iterator[Figure]:
    """Yield the best value at equal trials, over seeds; without --full, of few trials."""
    trials, seeds = options.trials or (100 if options.full else 10), options.seeds
    space, home = Space(4, 32), studies.make_home(folder)
    objective = peers.classifier_trial(
        studies.peer_folds(home), space, EPOCHS, BATCH_ROWS, tracked=False
    )
    gains = []
    for seed in range(seeds):
        place = folder / f"seed-{seed}"
        place.mkdir()
        theirs = peers.open_optuna(place, seed)
        theirs.optimize(objective, n_trials=trials)
        ours = studies.run(studies.experiment(space, trials, EPOCHS, BATCH_ROWS, seed=seed), home)
        gains.append(ours.best - theirs.best_value)
        print(f"    seed {seed}: ours {ours.best:.4f}, peer {theirs.best_value:.4f}", flush=True)
    low, high = interval(gains)
    print(f"    gain {mean(gains):+.4f}, 95 % interval {low:+.4f} to {high:+.4f}")
    yield Figure(
        f"best value, {trials} trials, {seeds} seeds: upper end of the gain", high, 0.0, unit=""
    )


def overhead(options: Options, folder: Path) -> Iterator[Figure]:
    """Yield what search and tracking add to a trial of a second."""
    trials = options.trials or 16
    home = studies.make_home(folder)
    studies.run_with_work(home, studies.no_work, 100, 100, EPOCHS)  # the sampler has a past
    work = studies.work_of(1 / EPOCHS)
    _, before = cost_of(lambda: _alone(work, trials // 2))
    ours = studies.run_with_work(home, work, 100 + trials, trials, EPOCHS)
    _, after = cost_of(lambda: _alone(work, trials - trials // 2))
    peer, bare = _peer_trials(folder, work, 4), (before + after) / trials
    print(f"    alone: {trials} trials of {bare} each")
    print(f"    ours:  {trials} trials of {ours.inside} each; its writer {ours.writer}")
    print(f"    peer:  4 trials of {peer} each: adds {100 * (peer.wall / bare.wall - 1):.0f} %")
    wall, cpu = ours.inside.wall / bare.wall - 1, ours.inside.cpu / bare.cpu - 1
    yield Figure("added to a trial of 1 s, wall", 100 * wall, 2, True, "%")
    yield Figure("the same, processor time", 100 * cpu, 2, True, "%")


def _alone(work: Callable[[], object], trials: int) -> None:
    for _ in range(trials * EPOCHS):
        work()


def idle(options: Options, folder: Path) -> Iterator[Figure]:
    """Yield what search and tracking of a trial of no work cost."""
    trials = options.trials or 104
    home = studies.make_home(folder)
    first = _peer_trials(folder, studies.no_work, 8)
    ours = studies.run_with_work(home, studies.no_work, trials, trials, EPOCHS)
    second = _peer_trials(folder, studies.no_work, 8)
    peer = (first + second) / 2
    print(f"    peer: 16 trials of {peer} each")
    print(f"    ours: {trials} trials of {ours.inside} each; its writer {ours.writer}")
    yield Figure("a trial of no work, wall", peer.wall / ours.inside.wall, 40)
    yield Figure("the same, processor time", peer.cpu / ours.inside.cpu, 40)


def _peer_trials(folder: Path, work: Callable[[], object], trials: int) -> Cost:
    peers.open_mlflow(folder)
    theirs = peers.open_optuna(Path(tempfile.mkdtemp(dir=folder)), seed=0)
    _, cost = cost_of(lambda: peers.optimise(theirs, peers.tracked_trial(work, EPOCHS), trials))
    return cost / trials


def workers(options: Options, folder: Path) -> Iterator[Figure]:
    """Yield how much faster two workers search than one, both with their records."""
    trials, rates, bare = options.trials or 300, {1: [], 2: []}, {1: [], 2: []}
    home = studies.make_home(folder)
    for turn, count in enumerate((1, 2, 1, 2)):
        rates[count].append(studies.rate_with(home, count, trials, seed=turn))
        bare[count].append(bare_rate(home, count, trials))
    one, two = (mean(rates[count]) for count in (1, 2))
    print(f"    trials a second: one worker {one:.1f}, two {two:.1f} ({1000 / one:.0f} ms a trial)")
    alone, both = (mean(bare[count]) for count in (1, 2))
    print(
        f"    without study and records: {alone:.1f}, {both:.1f}: {both / alone:.2f} at best here"
    )
    yield Figure("two workers against one, trials of about 50 ms", two / one, 1.8)


def batches(options: Options, folder: Path) -> Iterator[Figure]:
    """Yield whether batches of trials find as good a value as one trial at a time."""
    trials = options.trials or 64
    home = studies.make_home(folder)
    equal_trials, equal_time = [], []
    for seed in range(options.seeds):
        together = studies.search_alone(home, seed, trials, size=8)
        one_by_one = studies.search_alone(home, seed, trials, size=1)
        both = min(together[-1].seconds, one_by_one[-1].seconds)
        equal_trials.append(together[-1].best - one_by_one[-1].best)
        equal_time.append(studies.best_at(together, both) - studies.best_at(one_by_one, both))
        print(
            f"    seed {seed}: eight at once {together[-1]}, one by one {one_by_one[-1]}, "
            f"{studies.best_at(one_by_one, both):.4f} after {both:.1f} s",
            flush=True,
        )
    for name, gains in (("trials", equal_trials), ("time", equal_time)):
        low, high = interval(gains)
        print(f"    equal {name}: gain {mean(gains):+.4f}, interval {low:+.4f} to {high:+.4f}")
        yield Figure(f"eight at once, equal {name}: upper end of the gain", high, 0.0, unit="")


def model(options: Options, folder: Path) -> Iterator[Figure]:
    """Yield how long saving the best model takes."""
    home = studies.make_home(folder)
    result = studies.small_study(home)
    peers.open_mlflow(folder)
    learned, classes, _, _ = studies.peer_folds(home)[0]
    documented = peers.documented_model(learned, classes, "peer")
    own = stores.model_logger(home, result)
    seconds: tuple[list[float], list[float]] = [], []
    for turn in range(6):
        for taken, log in zip(seconds, (documented, own), strict=True):
            _, cost = cost_of(log)
            if turn:  # the first call of each imports what it needs
                taken.append(cost.wall)
    theirs, ours = map(median, seconds)
    print(f"    log_model as documented {1000 * theirs:.0f} ms, ours {1000 * ours:.0f} ms")
    yield Figure("saving the best model", theirs / ours, 20)


def sorting(options: Options, folder: Path) -> Iterator[Figure]:
    """Yield how long MLflow takes to sort runs by a metric, before and after `analyze`."""
    began = time.perf_counter()
    uri = stores.make_runs(folder, options.runs)
    print(f"    {options.runs} runs made in {time.perf_counter() - began:.0f} s")
    before, after = stores.sorted_search(uri, folder)
    print(f"    a page of 100: {1000 * before:.0f} ms, analysed {1000 * after:.0f} ms")
    yield Figure(f"sorted by a metric, {options.runs} runs", before / after, 50)


def server(options: Options, folder: Path) -> Iterator[Figure]:
    """Yield memory and start of the MLflow server."""
    default = stores.default_server(folder)
    ours = stores.own_server(folder)
    print(f"    mlflow server: {default}")
    print(f"    ours:          {ours}")
    yield Figure("memory of the MLflow server", default.pss_mib / ours.pss_mib, 5)
    yield Figure("start of the MLflow server", ours.seconds, 6, True, "s")


def interval(values: list[float]) -> tuple[float, float]:
    """Return the 95 % interval of a mean (Student, 1908)."""
    from scipy.stats import t

    if len(values) < 2:
        return -float("inf"), float("inf")
    half = float(t.ppf(0.975, len(values) - 1)) * stdev(values) / len(values) ** 0.5
    return mean(values) - half, mean(values) + half


Case = Callable[[Options, Path], Iterator[Figure]]
CASES: dict[str, Case] = {
    case.__name__: case
    for case in (study, wide, overhead, idle, model, sorting, server, workers, batches, value)
}
LONG = ("value",)


def main() -> None:
    """Measure the cases asked for, and print what came out."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="*", choices=CASES)
    parser.add_argument("--trials", type=int, help="of our side, in place of each case's own")
    parser.add_argument("--peer-trials", type=int, help="of the other side, for its rate")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=20_000, help="in `sorting`")
    parser.add_argument("--full", action="store_true", help="as many trials on the other side")
    given = parser.parse_args()
    options = Options(given.trials, given.peer_trials, given.seeds, given.runs, given.full)
    figures: list[Figure] = []
    for name in given.only or [name for name in CASES if name not in LONG or given.full]:
        figures += measure(name, options)
    print("\n== figures ==")
    for figure in figures:
        print(figure)


def measure(name: str, options: Options) -> list[Figure]:
    """Measure one case in a folder of its own."""
    load = os.getloadavg()[0]
    print(f"== {name} (load {load:.1f} on {os.cpu_count()} processors) ==", flush=True)
    began, figures = time.perf_counter(), []
    with tempfile.TemporaryDirectory(prefix="ripe-benchmark-") as folder:
        for figure in CASES[name](options, Path(folder)):
            print(figure, flush=True)
            figures.append(figure)
    print(f"    took {time.perf_counter() - began:.0f} s, load {os.getloadavg()[0]:.1f}")
    return figures


if __name__ == "__main__":
    main()
