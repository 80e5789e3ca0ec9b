"""The code that MLflow loads a champion with (models from code).

MLflow runs it when a model is saved as well: what only loading needs is imported there.
"""

from pathlib import Path
from typing import Any

import mlflow
import pandas as pd


class ServedChampion(mlflow.pyfunc.PythonModel):  # type: ignore[misc,name-defined]
    """Predicts from raw rows as `Champion.predict` does."""

    def load_context(self, context: Any) -> None:
        """Read the champion."""
        from pipelines.models.saving import load_champion

        self.champion = load_champion(Path(context.artifacts["champion"]))

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return the prediction columns of a submission."""
        predictions: pd.DataFrame = self.champion.predict(model_input)
        return predictions


mlflow.models.set_model(ServedChampion())
