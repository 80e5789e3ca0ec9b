"""What the linter finds: one value for each thing a host should know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")

RULES: Mapping[str, str] = {
    "files": "the folder holds a contest with its train, test, sample and solution files",
    "ids": "test, sample and solution name the same ids, each once",
    "perfect": "the truth itself scores as the best value of the metric, on each board",
    "sample": "the sample submission is accepted and scores worse than the truth",
    "constant": "an entry that always says the same is scored, and worse than the truth",
    "row_order": "the order of an entry's rows changes nothing",
    "shuffled": "the truth dealt out to the wrong rows scores worse",
    "refusals": "an entry with an empty cell, or with an id missing or twice, is refused",
    "labels": "every label is in the training rows and on both boards",
    "columns": "train and test have the same features, and no truth is in the test file",
    "solution_in_data": "no file for participants holds the truth of the test rows",
    "duplicates": "no test row stands among the training rows",
    "groups": "no group is on both sides of a split",
    "time": "the test rows are later than the training rows",
    "id_leak": "the id tells nothing about the target",
    "order_leak": "the place in the file tells nothing about the target",
    "feature_leak": "no single feature tells the target",
    "precision": "the boards have enough rows to tell entries apart",
    "dates": "the deadline lies ahead",
}
"""Every rule of the linter by its name."""


@dataclass(frozen=True)
class Finding:
    """One thing that a host should know before a contest opens.

    Parameters
    ----------
    rule
        A key of `RULES`.
    severity
        ``error``: entries would be scored wrongly or the truth is out; ``warning``: the contest
        works, but its board may mislead; ``note``: good to know.
    message
        What was found.
    advice
        What to do about it; empty where there is nothing to do.
    """

    rule: str
    severity: Severity
    message: str
    advice: str = ""


@dataclass(frozen=True)
class LintReport:
    """All findings on a contest, the gravest first, and how the trial entries scored.

    ``probes`` maps the name of a trial entry to its overall score, or to None when it was
    refused; ``decimals`` is how many of a score the contest shows.
    """

    slug: str
    findings: tuple[Finding, ...]
    probes: Mapping[str, float | None] = field(default_factory=dict)
    decimals: int = 5

    @property
    def is_sound(self) -> bool:
        """Whether nothing is in the way of opening the contest."""
        return all(finding.severity != "error" for finding in self.findings)

    def of_severity(self, severity: Severity) -> list[Finding]:
        """Select the findings of one severity."""
        return [finding for finding in self.findings if finding.severity == severity]
