"""Optuna studies: the space from the experiment file, trials asked for in batches."""

from pipelines.search.space import Dimension, SearchSpace, check_space, parse_space, suggest
from pipelines.search.storage import StudyPlace
from pipelines.search.study import Budget, open_study

__all__ = [
    "Budget",
    "Dimension",
    "SearchSpace",
    "StudyPlace",
    "check_space",
    "open_study",
    "parse_space",
    "suggest",
]
