"""Feature recipes: from lines in an experiment file to one leakage-free scikit-learn pipeline."""

from pipelines.features.recipe import Step, build_features, check_recipe, parse_recipe
from pipelines.features.steps import STEPS

__all__ = ["STEPS", "Step", "build_features", "check_recipe", "parse_recipe"]
