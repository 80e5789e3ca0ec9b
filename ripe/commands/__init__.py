"""One small module per noun: each parses, calls and prints."""
