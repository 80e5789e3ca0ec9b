"""What an experiment file may say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipelines.folds import FoldKind

LARGEST_SEED = 4_000_000_000  # below what numpy takes: trials count on from it
Fraction = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80)]


class Section(BaseModel):
    """A table of the file: nothing unknown, nothing changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DataFiles(Section):
    """Tables of one's own, where no contest describes them. Paths are relative to the file."""

    train: str
    test: str | None = None
    target: str | list[str]
    metric: str
    id_column: str | None = None
    labels: list[str | int | bool] = []
    group_column: str | None = None
    time_column: str | None = None


class Validation(Section):
    """How training rows are dealt into folds; the contest chooses `kind` unless it is given."""

    kind: FoldKind | None = None
    folds: int = Field(default=5, ge=2, le=100)
    repeats: int = Field(default=1, ge=1, le=100)
    seed: int = Field(default=0, ge=0, le=LARGEST_SEED)
    fold_column: str | None = None


class Search(Section):
    """What varies, how it is drawn, and for how long."""

    trials: int = Field(default=20, ge=1, description="trials in all")
    seconds: float | None = Field(default=None, gt=0, description="search no longer than this")
    patience: int | None = Field(
        default=None, ge=1, description="stop after so many trials without a gain"
    )
    batch: int = Field(default=8, ge=1, le=256, description="trials trained side by side")
    sampler: Literal["tpe", "random", "qmc", "grid", "cmaes", "gp"] = Field(
        default="tpe",
        description="how points are drawn: tpe (tree-structured Parzen estimators), random, qmc "
        "(quasi-random), grid (every point of a finite space), cmaes (CMA-ES, for ranges of "
        "numbers), gp (Gaussian process; needs ripeness[gp])",
    )
    pruner: Literal["none", "median", "hyperband", "wilcoxon"] = Field(
        default="none",
        description="how poor trials are given up early: by the validation loss of few epochs "
        "(median, hyperband), or fold after fold by the contest's metric (wilcoxon)",
    )
    objectives: list[Literal["score", "size"]] = Field(
        default=["score"],
        min_length=1,
        description="what is searched for, the score first; size: fewer weights are better",
    )
    start: list[Mapping[str, Any]] = Field(
        default=[],
        max_length=1000,
        description="points to try after the defaults, each a table of parameters as in [network]",
    )
    start_from: str | None = Field(
        default=None,
        min_length=1,
        description="an earlier study, by its name, its run or a model of it in MLflow's registry "
        "(models:/NAME@champion), whose best points are tried after the defaults",
    )
    start_best: int = Field(
        default=5, ge=1, le=100, description="how many points are taken from start_from"
    )
    space: Mapping[str, Any] = Field(
        default={},
        description="parameter -> list of choices, or table of low, high, step and log; layers "
        "and units together make hidden_layer_sizes",
    )


class Ensemble(Section):
    """What is built of the best trial after the search."""

    seeds: int = Field(default=4, ge=1, le=100, description="networks per fold of the best trial")
    greedy: bool = Field(default=True, description="also choose an ensemble of trials greedily")


class Submission(Section):
    """Which of the models makes the submission."""

    model: Literal["best", "seeds", "greedy"] = "seeds"


class Reporting(Section):
    """The report that is made when a study is finished."""

    enabled: bool = True
    tables: bool = Field(default=True, description="describe the tables too: gaps, shifts, leaks")
    baselines: list[Literal["majority", "linear", "random_forest", "gradient_boosting"]] = Field(
        default=["majority", "linear"],
        description="fitted on the study's folds, to stand beside its models",
    )


class Experiment(Section):
    """One experiment: a contest, features, folds, a model, a search."""

    name: Name
    description: str = ""
    contest: str | None = None
    data: DataFiles | None = None
    seed: int = Field(default=0, ge=0, le=LARGEST_SEED)
    model: str = "network"
    features: str | list[dict[str, Any]] = Field(
        default="auto", description="auto, the name of a recipe, or steps"
    )
    recipes: Mapping[Name, list[dict[str, Any]]] = Field(
        default={}, description="steps by name, for features and search.space.features"
    )
    validation: Validation = Validation()
    network: Mapping[str, Any] = {}
    baseline: Mapping[str, Any] = Field(default={}, description="fixed values of another model")
    search: Search = Search()
    ensemble: Ensemble = Ensemble()
    submission: Submission = Submission()
    report: Reporting = Reporting()

    @property
    def fixed(self) -> dict[str, Any]:
        """Fixed values of the model's parameters."""
        return dict(self.network if self.model == "network" else self.baseline)
