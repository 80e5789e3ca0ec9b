"""Validation folds: chosen from the contest unless stated."""

from pipelines.folds.plan import Fold, FoldKind, FoldPlan, choose_kind, make_folds

__all__ = ["Fold", "FoldKind", "FoldPlan", "choose_kind", "make_folds"]
