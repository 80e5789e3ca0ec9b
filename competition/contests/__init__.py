"""The contests that come with Ripe: a folder each, a simulator behind them."""
