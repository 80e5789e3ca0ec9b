"""Building a study's report from its folder, and keeping it there."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from competition.files import replaced_file
from experiments.reporting.facts import gather_facts
from experiments.reporting.markdown import as_markdown
from experiments.reporting.material import read_material
from experiments.reporting.network import draw_first_network
from experiments.reporting.page import as_page
from experiments.reporting.sections import compose
from pipelines.models.saving import Learned

REPORT_FOLDER = "report"
PAGE, MARKDOWN, FACTS = "index.html", "report.md", "facts.json"


@dataclass(frozen=True)
class Report:
    """A report's files.

    Attributes
    ----------
    folder : pathlib.Path
    """

    folder: Path

    @property
    def page(self) -> Path:
        """The HTML page."""
        return self.folder / PAGE

    @property
    def markdown(self) -> Path:
        """The Markdown text."""
        return self.folder / MARKDOWN

    @property
    def facts(self) -> dict[str, Any]:
        """Everything that it tells, as plain data."""
        return dict(json.loads((self.folder / FACTS).read_text(encoding="utf-8")))

    @property
    def is_whole(self) -> bool:
        """Whether all files are there."""
        return all((self.folder / name).is_file() for name in (PAGE, MARKDOWN, FACTS))


def kept_report(study: Path) -> Report | None:
    """Return the report that lies in a study's folder, None where there is none."""
    report = Report(study / REPORT_FOLDER)
    return report if report.is_whole else None


def build_report(
    study: Path, baselines: Iterable[str] = (), *, learned: Learned | None = None
) -> Report:
    """Build the report of a finished study and write it into the study's folder.

    Parameters
    ----------
    study : pathlib.Path
        The study's folder.
    baselines : iterable of str
        Baselines to compare with. They are fitted on the study's folds once and kept.
    learned : Learned, optional
        The chosen model, where it is at hand; else it is read back.

    Raises
    ------
    MissingReport
        When the folder does not hold what a report is made of.
    """
    material = read_material(study, learned)
    facts = gather_facts(material, baselines)
    document = compose(facts, draw_first_network(material))
    report = Report(study / REPORT_FOLDER)
    report.folder.mkdir(exist_ok=True)
    told = json.dumps(facts.as_dict(), indent=1, default=str, allow_nan=False, ensure_ascii=False)
    _write(report.folder / FACTS, told)
    _write(report.markdown, as_markdown(document))
    _write(report.page, as_page(document))
    return report


def _write(path: Path, text: str) -> None:
    with replaced_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
