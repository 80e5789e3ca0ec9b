"""A study from data to predictions: search, library of trials, finishing, record."""
