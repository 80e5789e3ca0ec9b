"""The host: serves contests to Kaggle's official clients and to browsers."""

from __future__ import annotations

from competition.host.app import create_app
from competition.host.observing import JsonLines
from competition.host.serving import (
    Certificate,
    open_port,
    read_certificate,
    running_app,
    running_host,
    serve,
)

__all__ = [
    "Certificate",
    "JsonLines",
    "create_app",
    "open_port",
    "read_certificate",
    "running_app",
    "running_host",
    "serve",
]
