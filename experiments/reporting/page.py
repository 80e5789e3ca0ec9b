"""A report as one HTML page: nothing is fetched, nothing needs a script."""

from __future__ import annotations

from importlib import resources

from jinja2 import Environment
from markupsafe import Markup

from experiments.reporting.document import Document, Figures, Table, Text

TEMPLATE = "page.html.jinja"
STYLE = "page.css"
KINDS = {Text: "text", Table: "table", Figures: "figures"}


def as_page(document: Document) -> str:
    """Return the document as an HTML page.

    All words are escaped by the template; only the pictures, which escape their own, and the style
    go in as they are.
    """
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(_read(TEMPLATE))
    return template.render(
        document=document,
        style=Markup(_read(STYLE)),
        kind_of=lambda block: KINDS[type(block)],
        as_picture=Markup,
    )


def _read(name: str) -> str:
    return (resources.files("experiments.reporting") / name).read_text(encoding="utf-8")
