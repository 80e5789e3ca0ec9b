"""What a contest is, how entries are scored, who leads, and the host that serves it."""
