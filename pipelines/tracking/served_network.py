"""The code that MLflow loads a single network with (models from code)."""

from pathlib import Path
from typing import Any

import mlflow
import pandas as pd

from pipelines.network import load_network
from pipelines.tracking.models import network_answers


class ServedNetwork(mlflow.pyfunc.PythonModel):  # type: ignore[misc,name-defined]
    """Predicts from the features that the network takes."""

    def load_context(self, context: Any) -> None:
        """Read the network."""
        self.network = load_network(Path(context.artifacts["network"]))

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return the prediction, and the classes' probabilities where there are classes."""
        return network_answers(self.network, model_input)


mlflow.models.set_model(ServedNetwork())
