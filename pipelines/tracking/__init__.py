"""Tracked runs: written to disk while training, sent to MLflow by one writer process beside it."""

from pipelines.tracking.rows import RunLog, read_rows
from pipelines.tracking.session import TrackingPlace, TrackingSession, recover_sessions

__all__ = ["RunLog", "TrackingPlace", "TrackingSession", "read_rows", "recover_sessions"]
