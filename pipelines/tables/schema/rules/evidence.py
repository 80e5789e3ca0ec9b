"""What findings are drawn from."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.tables.reading import TablePair
from pipelines.tables.schema.leaks import Skill
from pipelines.tables.schema.values import ColumnFacts, Duplicates, Roles, Shift, TargetFacts


@dataclass(frozen=True)
class Evidence:
    """Everything that findings are drawn from."""

    roles: Roles
    pair: TablePair
    columns: tuple[ColumnFacts, ...]
    targets: tuple[TargetFacts, ...]
    shift: Shift | None
    duplicates: Duplicates
    skills: Mapping[str, Skill]
    id_skill: Skill | None
    order_skill: Skill | None

    @property
    def features(self) -> list[ColumnFacts]:
        """The columns that may be learned from."""
        return [one for one in self.columns if one.role == "feature"]

    @property
    def shared(self) -> list[ColumnFacts]:
        """The features that both tables have."""
        return [one for one in self.features if one.train_kind and one.test_kind]
