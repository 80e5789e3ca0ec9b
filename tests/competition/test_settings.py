"""Settings: one tuple, read from the environment and told in the documentation."""

from pathlib import Path

import pytest

from competition.queue import QueueLimits
from competition.settings import SETTINGS, InvalidSetting

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_every_setting_stands_in_the_documentation_with_its_default():
    text = DOCS.read_text(encoding="utf-8")
    missing = [
        one.name for one in SETTINGS if f"| `{one.variable}` | {one.default:g} |" not in text
    ]
    assert missing == []


def test_every_limit_of_the_queue_is_a_setting():
    assert {one.name for one in SETTINGS} == set(QueueLimits.__dataclass_fields__)


def test_the_environment_changes_a_limit_and_leaves_the_rest():
    environment = {"RIPE_SCORING_SECONDS": "600", "RIPE_MAX_ATTEMPTS": "5", "PATH": "/bin"}
    limits = QueueLimits.from_environment(environment)
    assert limits == QueueLimits(scoring_seconds=600.0, max_attempts=5)
    assert isinstance(limits.max_attempts, int)


@pytest.mark.parametrize("written", ["", "soon", "nan", "inf", "-1", "0.5"])
def test_what_is_no_sensible_number_is_refused_by_name(written):
    with pytest.raises(InvalidSetting, match="RIPE_SCORING_SECONDS must be a number"):
        QueueLimits.from_environment({"RIPE_SCORING_SECONDS": written})
