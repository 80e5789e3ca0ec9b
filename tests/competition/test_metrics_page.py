"""``docs/metrics.md`` says of every metric what the registry declares."""

from __future__ import annotations

from pathlib import Path

import pytest

from competition.checks import RULES
from competition.metrics import METRICS

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def cells_of(name: str) -> list[str]:
    """The cells of the table row that begins with a name."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith(f"| `{name}` |")]
    assert len(rows) == 1, f"{name} stands in {len(rows)} rows"
    return [cell.strip() for cell in rows[0].strip("|").split("|")]


@pytest.mark.parametrize("name", METRICS)
def test_the_page_says_of_a_metric_what_the_registry_declares(name: str) -> None:
    metric, cells = METRICS[name], cells_of(name)

    assert cells[1] == ("max" if metric.greater_is_better else "min")
    assert cells[2] == metric.predicts.replace("_", " ")
    assert cells[4] == ("yes" if metric.row_losses else "")
    assert cells[5] == ", ".join(f"{key}={value}" for key, value in metric.parameters.items())
    assert cells[6] == ", ".join(metric.aliases)


@pytest.mark.parametrize("rule", RULES)
def test_the_page_names_every_rule_of_the_check(rule: str) -> None:
    assert cells_of(rule)[1] == RULES[rule]
