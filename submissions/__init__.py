"""A participant's files: export, check, score offline, send, download."""
