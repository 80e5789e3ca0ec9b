from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from competition.contests.avocado_ripeness.harvest import simulate_harvest


@pytest.fixture(scope="session")
def default_harvest() -> pd.DataFrame:
    return simulate_harvest(np.random.default_rng(7))


@pytest.fixture(scope="session")
def hass_photographs(shared_data: Path) -> pd.DataFrame:
    """Give one row a fruit and day of the real ripening data, with the columns named shortly."""
    table = pd.read_csv(shared_data / "hass-xavier2024" / "avocado_ripening_dataset.csv")
    table.columns = pd.Index(["file", "time", "group", "fruit", "day", "index"])
    return table.drop_duplicates(["group", "fruit", "day"])
