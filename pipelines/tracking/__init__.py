"""Tracked runs: written to disk while training, sent to MLflow by one writer process beside it."""

from pipelines.tracking.handmade import track
from pipelines.tracking.rows import RunLog, read_rows
from pipelines.tracking.session import TrackingPlace, TrackingSession, recover_sessions
from pipelines.tracking.tracked import TrackedRun

__all__ = [
    "RunLog",
    "TrackedRun",
    "TrackingPlace",
    "TrackingSession",
    "read_rows",
    "recover_sessions",
    "track",
]
