"""What matters in a study, and Optuna's own plots of it, as one page that needs no network."""

from __future__ import annotations

import html
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

PLOTS_FILE = "plots.html"
SCORE = "score"
FEWEST_FOR_IMPORTANCES = 4
FEWEST_FOR_PLOTS = 2


@dataclass(frozen=True)
class Plot:
    """A figure with its heading and what to look for in it."""

    title: str
    about: str
    figure: Any


def importances(study: Study, objective: int = 0) -> dict[str, float]:
    """Return how much each parameter decided which trials were good, the most first; sum 1.

    Parameters that only some trials have (a third layer's width) are compared among those trials,
    as PED-ANOVA does: it asks how the values of the best tenth differ from all values.

    Parameters
    ----------
    study : optuna.Study
    objective : int
        Position of the objective.

    Returns
    -------
    dict of str to float
        Empty where too few trials are complete, or all are equally good.

    References
    ----------
    Watanabe, Bansal, Hutter (2023), PED-ANOVA, doi 10.24963/ijcai.2023/488.
    """
    import optuna

    done = _complete(study)
    if len(done) < FEWEST_FOR_IMPORTANCES or len({trial.values[objective] for trial in done}) < 2:
        return {}
    with quietly():
        try:
            found = optuna.importance.get_param_importances(
                study, evaluator=_evaluator(), target=_low_is_good(study, objective)
            )
        except (ValueError, RuntimeError):  # no parameter that enough trials have in common
            return {}
    return {name: float(value) for name, value in found.items()}


def _evaluator() -> Any:
    """Return PED-ANOVA: no forest is trained, so it stays fast with thousands of trials."""
    import optuna

    return optuna.importance.PedAnovaImportanceEvaluator()


def _low_is_good(study: Study, objective: int) -> Callable[[FrozenTrial], float]:
    """Return the value whose low side is the good one, which PED-ANOVA looks at."""
    from optuna.study import StudyDirection

    sign = -1.0 if study.directions[objective] is StudyDirection.MAXIMIZE else 1.0
    return lambda trial: sign * float(trial.values[objective])


def _value(objective: int) -> Callable[[FrozenTrial], float]:
    return lambda trial: float(trial.values[objective])


def _complete(study: Study) -> list[FrozenTrial]:
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


@contextmanager
def quietly() -> Iterator[None]:
    """Let Optuna announce neither experiments of its own nor what a plot cannot show."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            warnings.filterwarnings("ignore", category=UserWarning, module=r"optuna\.")
            yield
    finally:
        optuna.logging.set_verbosity(before)


def draw_plots(study: Study) -> list[Plot]:
    """Draw what a study's trials allow: history, Pareto front, importances, parameters.

    Returns
    -------
    list of Plot
        Empty with fewer than two complete trials.
    """
    if len(_complete(study)) < FEWEST_FOR_PLOTS:
        return []
    with quietly():
        return [*_of_every_study(study), *_of_importances(study), *_of_parameters(study)]


def _names(study: Study) -> list[str]:
    return list(study.metric_names or [SCORE])


def _shown(study: Study, objective: int = 0) -> dict[str, Any]:
    """Return what a plot shows; of a single objective Optuna then knows the direction itself."""
    names = _names(study)
    known: dict[str, Any] = {"target_name": names[objective]}
    return known if len(names) == 1 else {**known, "target": _value(objective)}


def _of_every_study(study: Study) -> Iterator[Plot]:
    from optuna import visualization

    names = _names(study)
    for objective, name in enumerate(names):
        yield Plot(
            f"History: {name}",
            "Each trial in the order it began; the line is the best so far. Flat for long: enough.",
            visualization.plot_optimization_history(study, **_shown(study, objective)),
        )
    if len(names) > 1:
        yield Plot(
            "Pareto front",
            "Trials that no other beats in everything.",
            visualization.plot_pareto_front(study, target_names=names),
        )


def _of_importances(study: Study) -> Iterator[Plot]:
    from optuna import visualization

    if importances(study):
        yield Plot(
            "Importances",
            "How much each parameter decided whether a trial was among the best (PED-ANOVA).",
            visualization.plot_param_importances(
                study,
                evaluator=_evaluator(),
                target=_low_is_good(study, 0),
                target_name=_names(study)[0],
            ),
        )


def _of_parameters(study: Study) -> Iterator[Plot]:
    from optuna import visualization

    if not any(trial.params for trial in _complete(study)):
        return
    yield Plot(
        "Parallel coordinates",
        "A line a trial, the darker the better. Drag along an axis to keep what passes there.",
        visualization.plot_parallel_coordinate(study, **_shown(study)),
    )
    yield Plot(
        "Slices",
        "Each parameter against the score; darker trials came later. A good value at an edge: "
        "widen its range.",
        visualization.plot_slice(study, **_shown(study)),
    )


def plots_page(title: str, plots: list[Plot]) -> str:
    """Return the plots as one HTML page, with Plotly's script inside, once."""
    from plotly.offline import get_plotlyjs

    sections = "\n".join(_section(plot) for plot in plots)
    empty = "<p>Too few trials are complete to draw anything yet.</p>"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width, initial-scale=1"><title>{html.escape(title)}'
        "</title><style>body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;"
        "padding:0 1rem;color:#222}h1{font-size:1.5rem}h2{font-size:1.15rem;margin:2rem 0 0}"
        "p{margin:.2rem 0;color:#555}.plot{overflow-x:auto}</style>"
        f"<script>{get_plotlyjs()}</script></head>\n<body><h1>{html.escape(title)}</h1>\n"
        f"{sections or empty}\n</body></html>\n"
    )


def _section(plot: Plot) -> str:
    drawn = plot.figure.update_layout(title=None, margin={"t": 30, "l": 60, "r": 30, "b": 60})
    body = drawn.to_html(
        include_plotlyjs=False, full_html=False, config={"responsive": True, "displaylogo": False}
    )
    about = f"<h2>{html.escape(plot.title)}</h2><p>{html.escape(plot.about)}</p>"
    return f'{about}<div class="plot">{body}</div>'


def write_plots(study: Study, folder: Path, title: str) -> Path | None:
    """Write a study's plots as one page; None where there is nothing to draw.

    Parameters
    ----------
    study : optuna.Study
    folder : pathlib.Path
        Made where it is missing.
    title : str
    """
    plots = draw_plots(study)
    if not plots:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / PLOTS_FILE
    temporary = path.with_name(f".{path.name}")
    temporary.write_text(plots_page(title, plots), encoding="utf-8")
    temporary.replace(path)
    return path
