"""What there is, for people to read: runs, studies, recipes, tables."""
