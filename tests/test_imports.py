"""Who may import whom, read from the sources and followed transitively."""

from __future__ import annotations

import ast
import functools
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("competition", "experiments", "pipelines", "ripe", "submissions")
MAY_IMPORT = {
    "competition": {"competition"},
    "pipelines": {"pipelines", "competition"},
    "submissions": {"submissions", "competition"},
    "experiments": {"experiments", "pipelines", "submissions", "competition"},
    "ripe": set(PACKAGES),
}
FLOORS = (
    {"errors"},
    {"definition"},
    {"data"},
    {"ledger"},
    {"reporting"},
    {"study"},
    {"overviews", "workers"},
    {"running"},
)
"""Rooms of `experiments`, the ground first; each imports from the floors below it alone."""
SERVING = ("competition.store", "competition.queue", "competition.host", "competition.visibility")
NETWORK_CORE_MAY_IMPORT = {"numpy", "pipelines"}
NETWORK_EDGES = {
    "classifier": {"sklearn"},
    "regressor": {"sklearn"},
    "estimator": {"sklearn"},
    "saving": {"safetensors"},
    "plots": {"matplotlib"},
    "kernels": {"numba"},
}
"""Modules around the core, each with the one library that it may import."""


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules_of(package: str) -> dict[str, Path]:
    return {module_name(path): path for path in sorted((ROOT / package).rglob("*.py"))}


ALL_MODULES = {name: path for package in PACKAGES for name, path in modules_of(package).items()}


def imported_names(module: str, path: Path) -> Iterator[str]:
    """Every module that `module` imports anywhere, also inside functions."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level else ""
            source = ".".join(part for part in (base, node.module) if part)
            yield source
            yield from (f"{source}.{alias.name}" for alias in node.names)


@functools.cache
def own_imports(module: str) -> frozenset[str]:
    names = imported_names(module, ALL_MODULES[module])
    return frozenset(name for name in names if name in ALL_MODULES)


def reached_from(module: str) -> set[str]:
    reached: set[str] = set()
    waiting = [module]
    while waiting:
        for name in own_imports(waiting.pop()) - reached:
            reached.add(name)
            waiting.append(name)
    return reached


def test_rooms_of_experiments_import_from_the_floors_below_them_alone() -> None:
    floor_of = {room: number for number, floor in enumerate(FLOORS) for room in floor}
    rooms = {name.split(".")[1] for name in modules_of("experiments") if "." in name}
    assert rooms == floor_of.keys()
    for module in modules_of("experiments"):
        room = module.split(".")[1] if "." in module else None
        for name in own_imports(module):
            other = name.split(".")[1] if name.startswith("experiments.") else room
            if room is not None and other != room:
                assert floor_of[other] < floor_of[room], (module, name)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_reaches_only_the_packages_below_it(package: str) -> None:
    for module in modules_of(package):
        strangers = {
            name for name in reached_from(module) if name.split(".")[0] not in MAY_IMPORT[package]
        }
        assert not strangers, f"{module} reaches {sorted(strangers)}"


@pytest.mark.parametrize("package", ["pipelines", "submissions"])
def test_a_participants_packages_never_reach_the_store_or_the_host(package: str) -> None:
    for module in modules_of(package):
        serving = {name for name in reached_from(module) if name.startswith(SERVING)}
        assert not serving, f"{module} reaches {sorted(serving)}"


def test_the_networks_core_imports_numpy_alone() -> None:
    standard = set(__import__("sys").stdlib_module_names)
    for module, path in modules_of("pipelines/network").items():
        names = set(imported_names(module, path))
        roots = {name.split(".")[0] for name in names} - standard
        allowed = NETWORK_CORE_MAY_IMPORT | NETWORK_EDGES.get(path.stem, set())
        assert roots <= allowed, f"{module} imports {sorted(roots - allowed)}"
        outside = {
            n for n in names if n.startswith("pipelines.") and not n.startswith("pipelines.network")
        }
        assert not outside, f"{module} imports {sorted(outside)}"


@pytest.mark.parametrize("package", PACKAGES)
def test_what_a_package_exports_exists_and_is_documented(package: str) -> None:
    module = importlib.import_module(package)
    assert module.__doc__
    for name in getattr(module, "__all__", ()):
        assert getattr(module, name).__doc__ if callable(getattr(module, name)) else True
