"""The report as one self-contained HTML page."""

from functools import cache
from importlib import resources

from jinja2 import Environment, StrictUndefined, Template

from pipelines.tables.schema.values import SchemaReport


def report_page(report: SchemaReport, title: str) -> str:
    """Return a report as an HTML page that loads nothing and runs nothing.

    Names and values of columns are escaped, whatever they hold.

    Parameters
    ----------
    report : SchemaReport
    title : str
        What the tables belong to: a contest, an experiment, a folder.
    """
    return _template().render(report=report, title=title)


@cache
def _template() -> Template:
    text = resources.files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["share"] = _share
    return environment.from_string(text)


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"
