"""The sides and measures of ``benchmarks/search.py``."""
