"""Experiment files: what they may say, reading them, writing them, their JSON schema."""
