"""Experiment files and the studies they run."""
