"""Pages of a built-in contest, from the Markdown files beside its code."""

from pathlib import Path

PAGES = ("overview", "data", "evaluation", "rules")


def read_pages(folder: Path) -> dict[str, str]:
    """Read the pages of a contest, in the order in which they are shown."""
    return {name: (folder / f"{name}.md").read_text(encoding="utf-8") for name in PAGES}
