"""A report as Markdown text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape

from experiments.reporting.document import Block, Document, Section, Table, Text
from experiments.reporting.wording import line

SPECIAL = re.compile(r"[\\`*{}\[\]|~$]|(?<![^\W_])_|_(?![^\W_])")
AT_THE_START = re.compile(r"^(\d*)(?=([.)+-]|#+)(\s|$)|=+$|-+$)")
LONGEST = 2000


def as_markdown(document: Document) -> str:
    """Return the document as Markdown: figures as what is to be seen in them.

    Whatever the tables' names and values hold, they stay text: signs that mean something in
    Markdown or HTML are written so that they do not.
    """
    lines = [f"# {escaped(document.title)}: study {escaped(document.name)}", ""]
    if document.subtitle:
        lines += [escaped(document.subtitle), ""]
    lines += [
        f"**{escaped(document.score_name)}: {escaped(document.score)}** "
        f"(95 % interval {escaped(document.interval)})",
        "",
        *(f"- {escaped(name)}: {escaped(told)}" for name, told in document.facts),
        "",
    ]
    for section in document.sections:
        lines += _section(section)
    return "\n".join(lines).rstrip() + "\n"


def escaped(text: str) -> str:
    r"""Return text on one line that means nothing but itself in Markdown and in HTML.

    Examples
    --------
    >>> escaped("a|b <script> skin_hue_deg")
    'a\\|b &lt;script&gt; skin_hue_deg'
    >>> escaped("# no title"), escaped("1. no list")
    ('\\# no title', '1\\. no list')
    """
    plain = escape(line(text, LONGEST), quote=False)
    unmeant = SPECIAL.sub(lambda found: f"\\{found.group()}", plain)
    return AT_THE_START.sub(lambda found: f"{found.group(1)}\\", unmeant)


def _section(section: Section) -> Iterator[str]:
    yield f"## {escaped(section.title)}"
    yield ""
    for block in section.blocks:
        yield from _block(block)


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Text):
        yield from (escaped(block.words), "")
    elif isinstance(block, Table):
        yield from _table(block)
    else:
        for figure in block.figures:
            yield from (f"*{escaped(figure.caption)}* {escaped(figure.words)}", "")


def _table(block: Table) -> Iterator[str]:
    yield f"**{escaped(block.caption)}**"
    yield ""
    yield _row(map(escaped, block.headers))
    yield _row("---:" if number else "---" for number in block.are_numbers)
    for place, row in enumerate(block.rows):
        bold = "**" if place in block.marked else ""
        yield _row(f"{bold}{escaped(cell)}{bold}" if cell else "" for cell in row)
    yield ""


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
