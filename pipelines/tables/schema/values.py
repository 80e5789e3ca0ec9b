"""What a schema report says: facts on columns, on the target, on shifts, and findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
Z_95 = 1.96  # standard errors on either side of a 95 % interval
Role: TypeAlias = Literal["feature", "target", "id", "group", "time"]


@dataclass(frozen=True)
class Roles:
    """Which columns are not features, and what is asked.

    Attributes
    ----------
    targets : tuple of str
    id_column, group_column, time_column : str or None
    classes : bool or None
        Whether the target holds classes; None tells it by the column's kind.
    """

    targets: tuple[str, ...]
    id_column: str | None = None
    group_column: str | None = None
    time_column: str | None = None
    classes: bool | None = None

    def of(self, column: str) -> Role:
        """Return the role of one column."""
        if column in self.targets:
            return "target"
        named: dict[str | None, Role] = {
            self.time_column: "time",
            self.group_column: "group",
            self.id_column: "id",
        }
        return named.get(column, "feature")


@dataclass(frozen=True)
class Bar:
    """One value or range of a column, with its share of the rows of each side."""

    label: str
    train: float
    test: float | None = None


@dataclass(frozen=True)
class Drift:
    """How far the test rows of a column lie from its training rows.

    Attributes
    ----------
    psi : float
        Population stability index over ten ranges of equal counts, or over categories.
    psi_by_chance : float
        What it stays below in 999 of 1000 samples without any shift.
    ks : float or None
        Kolmogorov-Smirnov distance of the two distributions, for numbers and dates.
    """

    psi: float
    psi_by_chance: float
    ks: float | None = None


@dataclass(frozen=True)
class ColumnFacts:
    """One column on both sides.

    Attributes
    ----------
    name : str
    role : {"feature", "target", "id", "group", "time"}
    train_kind, test_kind : str or None
        None where that table lacks the column.
    train_missing, test_missing : float or None
        Share of rows without a value.
    distinct : int
        Different values in the rows where it stands.
    summary : str
        Range and median, or the commonest values.
    unseen : float or None
        Share of test rows whose value no training row has; for categories and truth values.
    unseen_values : tuple of str
        Some of those values.
    drift : Drift or None
    bars : tuple of Bar
        Its distribution on both sides.
    skill : float or None
        How much of the target the column alone tells out of fold: 0 nothing, 1 all.
    importance : float or None
        How much of the adversarial AUC is lost when the column is shuffled.
    """

    name: str
    role: Role
    train_kind: str | None
    test_kind: str | None
    train_missing: float | None = None
    test_missing: float | None = None
    distinct: int = 0
    summary: str = ""
    unseen: float | None = None
    unseen_values: tuple[str, ...] = ()
    drift: Drift | None = None
    bars: tuple[Bar, ...] = ()
    skill: float | None = None
    importance: float | None = None


@dataclass(frozen=True)
class Shift:
    """Adversarial validation: how well a classifier tells test rows from training rows.

    Attributes
    ----------
    auc, low, high : float
        Cross-validated area under the ROC curve and its 95 % interval; 0.5 is no shift.
    train_rows, test_rows : int
        Rows that were looked at; one of each group where both tables have groups.
    """

    auc: float
    low: float
    high: float
    train_rows: int
    test_rows: int


@dataclass(frozen=True)
class Duplicates:
    """Rows, or columns, that say the same.

    Attributes
    ----------
    train, test : int
        Rows whose features an earlier row of the same table has.
    shared : int
        Test rows whose features a training row has.
    contradicting : int
        Training rows whose features another row has, with another target.
    rows_looked_at : int
        Most rows of a table that were compared.
    columns : tuple of (str, str)
        Pairs of features that are equal, or equal up to the names of their values.
    """

    train: int
    test: int
    shared: int
    contradicting: int
    rows_looked_at: int
    columns: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class TargetFacts:
    """The distribution of a target: rows of each class, or quantiles of values."""

    name: str
    classes: bool
    rows: int
    counts: tuple[tuple[str, int], ...] = ()
    quantiles: tuple[tuple[str, float], ...] = ()
    skewness: float | None = None
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One thing worth knowing before a model is trained.

    Attributes
    ----------
    rule : str
    severity : {"error", "warning", "note"}
        ``error``: learning will fail or mislead; ``warning``: scores may not hold; ``note``:
        good to know.
    message, advice : str
        What was found, and what to do.
    columns : tuple of str
    """

    rule: str
    severity: Severity
    message: str
    advice: str = ""
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class SchemaReport:
    """Everything that was found out about a pair of tables, the gravest findings first."""

    train_rows: int
    test_rows: int | None
    digest: str
    columns: tuple[ColumnFacts, ...]
    targets: tuple[TargetFacts, ...]
    shift: Shift | None
    duplicates: Duplicates
    findings: tuple[Finding, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing is in the way of learning from these tables."""
        return not self.of_severity("error")

    def of_severity(self, severity: Severity) -> list[Finding]:
        """Select the findings of one severity."""
        return [finding for finding in self.findings if finding.severity == severity]

    def shifted(self) -> Sequence[ColumnFacts]:
        """Return the columns that give a shift away, the most telling first."""
        told = [one for one in self.columns if one.importance is not None and one.importance > 0]
        return sorted(told, key=lambda one: -(one.importance or 0.0))

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values for a program."""
        return {**asdict(self), "is_sound": self.is_sound}
