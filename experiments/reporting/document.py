"""A report as a document: sections of text, tables and figures, whatever form it is shown in.

The page and the Markdown text are two renderings of the same document, so that both tell the same
facts in the same figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    words: str


@dataclass(frozen=True)
class Table:
    """Rows under headers.

    Attributes
    ----------
    caption : str
    columns : tuple of str
        Headers; one that starts with ``>`` stands over numbers, which are set to the right.
    rows : tuple of tuple of str
        The first cell heads its row.
    marked : frozenset of int
        Rows to set in bold.
    folded : bool
        Whether a page shows it only when asked: the numbers behind a figure.
    wide : bool
        Whether it needs the page's whole width.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: frozenset[int] = frozenset()
    folded: bool = False
    wide: bool = False

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers as they are read."""
        return tuple(name.removeprefix(">") for name in self.columns)

    @property
    def are_numbers(self) -> tuple[bool, ...]:
        """Which columns are set to the right."""
        return tuple(name.startswith(">") for name in self.columns)


@dataclass(frozen=True)
class Figure:
    """A picture.

    Attributes
    ----------
    svg : str
        An ``<svg>`` element that names and describes itself.
    caption : str
    words : str
        What is to be seen, for those who do not see it.
    wide : bool
        Whether it needs the page's whole width.
    """

    svg: str = field(repr=False)
    caption: str
    words: str
    wide: bool = False


@dataclass(frozen=True)
class Figures:
    """Pictures side by side, where there is room."""

    figures: tuple[Figure, ...]


Block = Text | Table | Figures


@dataclass(frozen=True)
class Section:
    """Blocks under a title.

    Attributes
    ----------
    key, title : str
    blocks : tuple of Text, Table or Figures
    beside : bool
        Whether words and tables stand beside the figure, where there is room.
    """

    key: str
    title: str
    blocks: tuple[Block, ...]
    beside: bool = False


@dataclass(frozen=True)
class Document:
    """A whole report.

    Attributes
    ----------
    name, title, subtitle : str
    score, interval, score_name : str
        The headline.
    facts : tuple of (str, str)
        What it is about, by name.
    sections : tuple of Section
    """

    name: str
    title: str
    subtitle: str
    score: str
    interval: str
    score_name: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]


def table(
    caption: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    marked: Sequence[int] = (),
    folded: bool = False,
    wide: bool = False,
) -> Table:
    """Return a table of sequences."""
    body = tuple(tuple(row) for row in rows)
    return Table(caption, tuple(columns), body, frozenset(marked), folded, wide)
