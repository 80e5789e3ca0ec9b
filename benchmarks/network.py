"""How fast the network learns and answers, beside its peers, both sides in one run.

Run it on a quiet machine::

    python benchmarks/network.py                # AVX2 kernels, then the CPU's own
    python benchmarks/network.py --rounds 3 --only single

Each block is a case: the sides take turns for some rounds; what is printed is the median of each
and the ratio of medians (peer / ours: how many times faster we are). One BLAS thread everywhere.
Peers that are not installed are left out. OpenBLAS's kernels are chosen in child processes by
``OPENBLAS_CORETYPE``; `threadpool_info` is printed with the figures.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import peers
from peers import Run
from threadpoolctl import threadpool_info, threadpool_limits

from pipelines.network import NetworkClassifier, fit_together

EPOCHS = 10
PLAIN = {
    "activation": "relu",
    "optimiser": "adam",
    "schedule": "constant",
    "learning_rate": peers.LEARNING_RATE,
    "beta2": 0.999,
    "weight_decay": 0.0,
    "dropout": 0.0,
    "scaling": "none",
    "early_stopping": False,
    "patience": None,
    "n_members": 1,
    "dtype": "float32",
    "random_state": 0,
}


@dataclass
class Case:
    """What is compared: our side first, then the others, and how much work one call is."""

    group: str
    name: str
    sides: dict[str, Run | None]
    work: float = 0.0  # samples a call, where a rate is to be told
    scale: dict[str, float] = field(default_factory=dict)  # sides that do a share of the work


def rows(count: int, inputs: int) -> tuple[Any, Any]:
    """Return a table of noise: what a step costs does not depend on what is learned."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(count, inputs)).astype(np.float32)
    return x, generator.integers(0, 5, count)


def ours(x: Any, y: Any, hidden: tuple[int, ...], batch: int, epochs: int, **more: Any) -> Run:
    """Return a fit of one network of ours."""
    settings = {**PLAIN, "batch_size": batch, "max_epochs": epochs, **more}
    return lambda: NetworkClassifier(hidden, **settings).fit(x, y)


def many(
    x: Any, y: Any, hidden: tuple[int, ...], batch: int, epochs: int, members: int, loop: bool
) -> Run:
    """Return a fit of many networks of ours, side by side or one after another."""
    settings = {**PLAIN, "batch_size": batch, "max_epochs": epochs}

    def run() -> None:
        networks = [
            NetworkClassifier(hidden, **{**settings, "random_state": i}) for i in range(members)
        ]
        if loop:
            for network in networks:
                network.fit(x, y)
        else:
            fit_together(networks, [(x, y)] * members)

    return run


def single() -> Iterator[Case]:
    """Yield one network at several sizes and batches."""
    sizes = [
        ((64, 32), 32, 5_000, "relu"),
        ((64, 32), 256, 20_000, "relu"),
        ((64, 32), 2048, 40_960, "relu"),
        ((256, 256), 256, 4_096, "relu"),
        ((512, 512, 512), 2048, 4_096, "relu"),
        ((64, 32), 256, 20_000, "sigmoid"),
    ]
    for hidden, batch, count, activation in sizes:
        x, y = rows(count, 20)
        peer = "logistic" if activation == "sigmoid" else activation
        sides: dict[str, Run | None] = {
            "ours": ours(x, y, hidden, batch, EPOCHS, activation=activation),
            "MLPClassifier": peers.scikit_learn(x, y, hidden, batch, EPOCHS, activation=peer),
        }
        if activation == "relu":
            steps = EPOCHS * -(-count // batch)
            sides["products alone"] = peers.products_alone(20, hidden, 5, batch, steps)
            sides["PyTorch"] = peers.pytorch(x, y, hidden, batch, EPOCHS)
        if (hidden, batch, activation) == ((64, 32), 256, "relu"):
            sides["skorch"] = peers.skorch(x, y, hidden, batch, EPOCHS)
        yield Case("single", f"{activation} {hidden} batch {batch}", sides, count * EPOCHS)


def compiled() -> Iterator[Case]:
    """Yield the numba engine against its peers."""
    if find_spec("numba") is None:
        return
    for hidden, batch, count in (((64, 32), 32, 8_000), ((64, 32), 256, 40_000)):
        x, y = rows(count, 20)
        sides = {
            "ours, numba": ours(x, y, hidden, batch, EPOCHS, engine="numba"),
            "MLPClassifier": peers.scikit_learn(x, y, hidden, batch, EPOCHS),
            "JAX scan": peers.jax_scan(x, y, hidden, batch, EPOCHS),
            "ours, NumPy": ours(x, y, hidden, batch, EPOCHS),
        }
        yield Case("compiled", f"relu {hidden} batch {batch}, numba", sides, count * EPOCHS)


def stacked() -> Iterator[Case]:
    """Yield many networks side by side."""
    sizes = [
        (64, 3, (16, 8), 50, 4),
        (64, 20, (64, 32), 50, 4),
        (5, 3, (16, 8), 50, 5),
        (64, 20, (256, 256), 3, 2),
    ]
    for members, inputs, hidden, epochs, share in sizes:
        x, y = rows(1000, inputs)
        widths = "-".join(map(str, (inputs, *hidden, 5)))
        one = peers.scikit_learn(x, y, hidden, 32, epochs)
        part = min(share, members)
        sides = {
            "ours, side by side": many(x, y, hidden, 32, epochs, members, loop=False),
            "ours, looped": many(x, y, hidden, 32, epochs, part, loop=True),
            "MLPClassifier, looped": lambda one=one, part=part: [one() for _ in range(part)],
            "PyTorch baddbmm": peers.pytorch_stacked(x, y, hidden, 32, epochs, members),
        }
        scale = dict.fromkeys(("ours, looped", "MLPClassifier, looped"), members / part)
        name = f"{members} x {widths}, 1 000 rows, {epochs} epochs, batch 32"
        yield Case("stacked", name, sides, scale=scale)


def answering() -> Iterator[Case]:
    """Yield `predict_proba` of 100 000 rows."""
    from sklearn.neural_network import MLPClassifier

    x, y = rows(100_000, 20)
    for activation, peer in (("relu", "relu"), ("sigmoid", "logistic")):
        settings = {**PLAIN, "activation": activation, "max_epochs": 1}
        network = NetworkClassifier((64, 32), **settings)
        network.fit(x[:2000], y[:2000])
        other = MLPClassifier((64, 32), activation=peer, max_iter=1, tol=1e9)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            other.fit(x[:2000], y[:2000])
        sides = {
            "ours": lambda network=network: network.predict_proba(x),
            "MLPClassifier": lambda other=other: other.predict_proba(x),
        }
        yield Case("answering", f"predict_proba, {activation}", sides, len(x))
        for name, call in sides.items():
            print(f"    memory of {name}: {peak_mib(call):.0f} MiB")


def peak_mib(call: Run) -> float:
    """Return the most memory a call holds at once."""
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def measure(case: Case, rounds: int, clock: Callable[[], float]) -> None:
    """Let the sides take turns, and print medians and ratios."""
    sides = {name: run for name, run in case.sides.items() if run is not None}
    times: dict[str, list[float]] = {name: [] for name in sides}
    for name, run in sides.items():
        if "numba" in name:
            run()  # compiled on the first call
    for _ in range(rounds):
        for name, run in sides.items():
            start = clock()
            run()
            times[name].append((clock() - start) * case.scale.get(name, 1.0))
    first = median(times[next(iter(sides))])
    print(f"{case.name}")
    for name, values in times.items():
        rate = f"{case.work / median(values) / 1000:8.0f} thousand rows/s" if case.work else ""
        ratio = median(values) / first
        print(f"    {name:24s} {median(values):9.4f} s {rate}  x {ratio:.2f}", flush=True)


CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
GROUPS = {"single": single, "compiled": compiled, "stacked": stacked, "answering": answering}


def run_here(groups: list[str], rounds: int, clock: Callable[[], float]) -> None:
    """Measure in this process."""
    with threadpool_limits(1):
        for group in groups:
            for case in GROUPS[group]():
                measure(case, rounds, clock)
        for pool in threadpool_info():
            told = ("internal_api", "version", "architecture", "num_threads")
            print("   ", {key: pool.get(key) for key in told})


def main() -> None:
    """Measure with AVX2 kernels and with the CPU's own, each in a child process."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", choices=GROUPS, default=list(GROUPS))
    parser.add_argument("--kernels", choices=("both", "avx2", "native", "here"), default="both")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu on a busy machine")
    options = parser.parse_args()
    if options.kernels == "here":
        run_here(options.only, options.rounds, CLOCKS[options.clock])
        return
    chosen = {"avx2": "Haswell", "native": None}
    for name, core in chosen.items():
        if options.kernels not in (name, "both"):
            continue
        environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"}
        environment |= {"OPENBLAS_CORETYPE": core} if core else {}
        environment |= {"OMP_NUM_THREADS": "1"}
        print(f"\n== kernels: {name} ==", flush=True)
        arguments = ["--kernels", "here", "--rounds", str(options.rounds)]
        arguments += ["--clock", options.clock, "--only", *options.only]
        subprocess.run([sys.executable, __file__, *arguments], env=environment, check=True)


if __name__ == "__main__":
    main()
