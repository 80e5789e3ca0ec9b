"""The command line. Nothing else talks to the terminal."""

__version__ = "0.1.0"
