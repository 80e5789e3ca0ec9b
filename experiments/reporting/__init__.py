"""The report of a study: what was learned, how well, how surely, and where it goes wrong.

::

    report = build_report(study_folder)
    report.page.read_text(), report.markdown.read_text()
"""

from experiments.reporting.building import Report, build_report, kept_report

__all__ = ["Report", "build_report", "kept_report"]
