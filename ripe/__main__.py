"""`python -m ripe` is the `ripe` command."""

from ripe.cli import main

if __name__ == "__main__":
    main()
