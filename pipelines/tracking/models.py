"""Logging a champion as an MLflow model: from code, with its requirements said outright.

MLflow's own inference of requirements runs the model in a child process and takes seconds; a list
takes none.
"""

import json
import pickle
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow import MlflowClient

CHAMPION_FILE = "champion.pkl"
EXAMPLE_FILE = "example.json"
REQUIRED = ("ripeness", "numpy", "pandas", "scikit-learn")


def save_champion(folder: Path, champion: Any, example: Any) -> None:
    """Write a champion and a few raw rows beside it, to be logged by the writer process.

    Parameters
    ----------
    folder : pathlib.Path
        Made here.
    champion : pipelines.models.champion.Champion
    example : pandas.DataFrame
        Raw rows, for the model's signature and example.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / CHAMPION_FILE, pickle.dumps(champion))
    rows = example.to_json(orient="split", index=False, date_format="iso")
    kinds = {name: str(kind) for name, kind in example.dtypes.items()}
    _write(folder / EXAMPLE_FILE, json.dumps({"rows": rows, "kinds": kinds}).encode())


def load_champion(path: Path) -> Any:
    """Read a champion of our own making; never one of unknown origin (it is a pickle)."""
    return pickle.loads(path.read_bytes())


def log_model(
    client: "MlflowClient", run_id: str, folder: Path, name: str, alias: str | None
) -> str:
    """Log a saved champion with signature, example and requirements; register it.

    Parameters
    ----------
    client : mlflow.MlflowClient
    run_id : str
    folder : pathlib.Path
        As `save_champion` wrote it.
    name : str
        Name in the model registry.
    alias : str or None
        Alias that the new version takes over; None leaves the model unregistered.

    Returns
    -------
    str
        Address of the model.
    """
    import mlflow
    from mlflow.models import infer_signature

    from pipelines.tracking import served_model

    champion = load_champion(folder / CHAMPION_FILE)
    example = as_served(_read_example(folder / EXAMPLE_FILE))
    mlflow.set_tracking_uri(client.tracking_uri)
    with mlflow.start_run(run_id=run_id):
        logged = mlflow.pyfunc.log_model(
            name="model",
            python_model=str(served_model.__file__),
            artifacts={"champion": str(folder / CHAMPION_FILE)},
            signature=infer_signature(example, champion.predict(example)),
            input_example=example,
            pip_requirements=requirements(),
        )
    if alias is not None:
        _register(client, logged.model_uri, run_id, name, alias)
    return str(logged.model_uri)


def _register(client: "MlflowClient", uri: str, run_id: str, name: str, alias: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    version = client.create_model_version(name, uri, run_id)
    client.set_registered_model_alias(name, alias, version.version)


def requirements() -> list[str]:
    """Return what a machine needs to load the model, pinned to what is installed here."""
    installed = []
    for name in REQUIRED:
        try:
            installed.append(f"{name}=={metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return installed


def as_served(rows: Any) -> Any:
    """Return raw rows in types that MLflow's signatures bear: no integers that may be missing."""
    whole = rows.select_dtypes("integer").columns
    return rows.astype(dict.fromkeys(whole, "float64"))


def _read_example(path: Path) -> Any:
    import io

    import pandas as pd

    content = json.loads(path.read_bytes())
    rows = pd.read_json(io.StringIO(content["rows"]), orient="split", convert_dates=False)
    return rows.astype(content["kinds"])


def _write(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}")
    temporary.write_bytes(data)
    temporary.replace(path)
