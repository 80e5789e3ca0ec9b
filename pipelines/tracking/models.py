"""Logging a champion as an MLflow model: from code, with its requirements said outright.

MLflow's own inference of requirements runs the model in a child process and takes seconds; a list
takes none.
"""

from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient

CHAMPION_FOLDER = "champion"
EXAMPLE_FILE, ANSWERS_FILE = "example.parquet", "answers.parquet"
CODE = Path(__file__).with_name("served_model.py")
REQUIRED = ("ripeness", "numpy", "pandas", "pyarrow", "safetensors", "scikit-learn")


def keep_example(folder: Path, example: "pd.DataFrame", answers: "pd.DataFrame") -> None:
    """Write a few raw rows and their predictions beside a champion, for the model's signature.

    Parameters
    ----------
    folder : pathlib.Path
        Holds the champion in a folder of its own.
    example : pandas.DataFrame
        As `as_served` returns it.
    answers : pandas.DataFrame
    """
    for name, frame in ((EXAMPLE_FILE, example), (ANSWERS_FILE, answers)):
        temporary = folder / f".{name}"
        frame.to_parquet(temporary, index=False)
        temporary.replace(folder / name)


def log_model(
    client: "MlflowClient", run_id: str, folder: Path, name: str, alias: str | None
) -> str:
    """Log a saved champion with signature, example and requirements; register it.

    Parameters
    ----------
    client : mlflow.MlflowClient
    run_id : str
    folder : pathlib.Path
        Holds the champion's folder and its example.
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
    import pandas as pd
    from mlflow.models import infer_signature

    example = pd.read_parquet(folder / EXAMPLE_FILE)
    mlflow.set_tracking_uri(client.tracking_uri)
    with mlflow.start_run(run_id=run_id):
        logged = mlflow.pyfunc.log_model(
            name="model",
            python_model=str(CODE),
            artifacts={"champion": str(folder / CHAMPION_FOLDER)},
            signature=infer_signature(example, pd.read_parquet(folder / ANSWERS_FILE)),
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


def as_served(rows: "pd.DataFrame") -> "pd.DataFrame":
    """Return raw rows in types that MLflow's signatures bear: no integers that may be missing."""
    whole = rows.select_dtypes("integer").columns
    return rows.astype(dict.fromkeys(whole, "float64"))
