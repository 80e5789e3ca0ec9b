"""Metrics: one declared registry of scores, their directions and what they want."""

from competition.metrics.metric import Metric, Predicts
from competition.metrics.registry import METRICS, get_metric

__all__ = ["METRICS", "Metric", "Predicts", "get_metric"]
