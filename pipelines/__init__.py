"""From a table to features, folds, a network, a search and tracked runs."""
