"""Logging an MLflow model: from code, with its requirements said outright.

MLflow's own inference of requirements runs the model in a child process and takes seconds; a list
takes none. Its `log_model` also loads the model again and lets it answer the example: half of what
is left, and what the tests do. So the same steps are taken here, through the client, without it.
"""

import tempfile
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel, Run

    from pipelines.network.estimator import Network

CHAMPION_FOLDER, NETWORK_FILE = "champion", "network.safetensors"
EXAMPLE_FILE, ANSWERS_FILE = "example.parquet", "answers.parquet"
CHAMPION_CODE = Path(__file__).with_name("served_model.py")
NETWORK_CODE = Path(__file__).with_name("served_network.py")
ABOUT_MODELS = "Load the one in charge with mlflow.pyfunc.load_model('models:/{name}@champion')."
MARK = "ripe.sent_as"
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


def keep_network(folder: Path, network: "Network", example: Any) -> None:
    """Write a fitted network, a few rows of features and what it says of them.

    Parameters
    ----------
    folder : pathlib.Path
    network : NetworkClassifier or NetworkRegressor
    example : array-like or pandas.DataFrame, shape (a few rows, n_features)
    """
    import pandas as pd

    from pipelines.network import save_network

    save_network(network, folder / NETWORK_FILE)
    table = pd.DataFrame(example)
    table = as_served(table.rename(columns=str))
    keep_example(folder, table, network_answers(network, table))


def network_answers(network: "Network", features: "pd.DataFrame") -> "pd.DataFrame":
    """Return a network's prediction, and with classes the probability of each, row by row."""
    import pandas as pd

    given = features if hasattr(network, "feature_names_in_") else features.to_numpy()
    predicted = network.predict(given)
    names = (
        ["prediction"]
        if predicted.ndim == 1
        else [f"prediction_{n}" for n in range(predicted.shape[1])]
    )
    answers = pd.DataFrame(predicted, columns=names, index=features.index)
    if predicted.ndim == 1 and hasattr(network, "predict_proba"):
        for label, column in zip(network.classes_, network.predict_proba(given).T, strict=True):
            answers[f"probability_{label}"] = column
    return answers


def log_model(
    client: "MlflowClient",
    run_id: str,
    folder: Path,
    name: str,
    alias: str | None,
    mark: str | None = None,
) -> str:
    """Log a saved champion with signature, example and requirements; register it.

    A writer that was killed sends what it was sending again: of a mark there is one model.

    Parameters
    ----------
    client : mlflow.MlflowClient
    run_id : str
    folder : pathlib.Path
        Holds the champion's folder, or a network's file, and its example.
    name : str
        Name in the model registry.
    alias : str or None
        Alias that the new version takes over; None leaves the model unregistered.
    mark : str, optional
        Tells this model from any other that is sent; without one it is never sent again.

    Returns
    -------
    str
        Address of the model.
    """
    from mlflow.entities import LoggedModelOutput, LoggedModelStatus

    run = client.get_run(run_id)
    model = _find_or_make(client, run, mark)
    if model.model_id not in _models_of(run):
        client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])
    if model.status is not LoggedModelStatus.READY:
        _copy_metrics(client, run, model)
        with tempfile.TemporaryDirectory(prefix="ripe-model-") as place:
            local = Path(place) / "model"
            _save(local, folder, model, run_id)
            client.log_model_artifacts(model.model_id, str(local))
        client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    if alias is not None:
        _register(client, model.model_uri, run, name, alias)
    return str(model.model_uri)


def _find_or_make(client: "MlflowClient", run: "Run", mark: str | None) -> "LoggedModel":
    """Return the model of a mark, made where it is not there."""
    place = run.info.experiment_id
    if mark is not None:
        found = client.search_logged_models([place], f"tags.`{MARK}` = '{mark}'", max_results=1)
        if found:
            return found[0]
    tags = None if mark is None else {MARK: mark}
    return client.create_logged_model(
        place, "model", source_run_id=run.info.run_id, tags=tags, params=run.data.params
    )


def _models_of(run: "Run") -> set[str]:
    outputs = run.outputs.model_outputs if run.outputs is not None else []
    return {str(one.model_id) for one in outputs}


def _copy_metrics(client: "MlflowClient", run: "Run", model: "LoggedModel") -> None:
    """Show the run's scores on the model's page too."""
    from mlflow.entities import Metric

    points = [
        Metric(one.key, one.value, one.timestamp, one.step, model.model_id, run_id=run.info.run_id)
        for name in run.data.metrics
        for one in client.get_metric_history(run.info.run_id, name)
        if one.step == 0
    ]
    client.log_batch(run.info.run_id, metrics=points)


def _save(place: Path, folder: Path, model: "LoggedModel", run_id: str) -> None:
    """Write the model as MLflow keeps models."""
    import mlflow
    import pandas as pd
    from mlflow.models import Model, infer_signature

    example = pd.read_parquet(folder / EXAMPLE_FILE)
    mlflow.pyfunc.save_model(
        str(place),
        mlflow_model=Model(
            model.artifact_location, run_id, model_uuid=model.model_id, model_id=model.model_id
        ),
        **_served(folder),
        signature=infer_signature(example, pd.read_parquet(folder / ANSWERS_FILE)),
        input_example=example,
        pip_requirements=requirements(),
    )


def _served(folder: Path) -> dict[str, Any]:
    """Return the code and the files of what a folder holds."""
    if (folder / NETWORK_FILE).exists():
        return {
            "python_model": str(NETWORK_CODE),
            "artifacts": {"network": str(folder / NETWORK_FILE)},
        }
    return {
        "python_model": str(CHAMPION_CODE),
        "artifacts": {"champion": str(folder / CHAMPION_FOLDER)},
    }


def _register(client: "MlflowClient", uri: str, run: "Run", name: str, alias: str) -> None:
    import mlflow
    from mlflow.exceptions import MlflowException

    mlflow.set_tracking_uri(client.tracking_uri)  # the registry looks the model up there
    try:
        client.create_registered_model(name, description=ABOUT_MODELS.format(name=name))
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    run_id, made_by = run.info.run_id, run.info.run_name
    there = client.search_model_versions(f"run_id = '{run_id}'")
    numbers = [one.version for one in there if (one.name, one.source) == (name, uri)]
    if not numbers:
        about = f"Made by run {made_by}."
        numbers = [client.create_model_version(name, uri, run_id, description=about).version]
    client.set_registered_model_alias(name, alias, numbers[0])


def requirements() -> list[str]:
    """Return what a machine needs to load the model, pinned to what is installed here."""
    installed = []
    for name in REQUIRED:
        try:
            installed.append(f"{name}=={metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return installed


def as_served(rows: "pd.DataFrame", table: "pd.DataFrame | None" = None) -> "pd.DataFrame":
    """Return raw rows in types that MLflow's signatures bear.

    They bear no integers that may be missing, and no dates beyond those that nanoseconds count
    (1677 to 2262): the former become floats, columns with the latter text.

    Parameters
    ----------
    rows : pandas.DataFrame
    table : pandas.DataFrame, optional
        The table that they are an example of: a date anywhere in it counts.
    """
    whole_table = rows if table is None else table
    whole = rows.select_dtypes("integer").columns
    served = rows.astype(dict.fromkeys(whole, "float64"))
    for name in rows.select_dtypes("datetime").columns:
        if not _is_near(whole_table[name]):
            served[name] = rows[name].map(lambda moment: moment.isoformat(), na_action="ignore")
    return served


def _is_near(moments: "pd.Series[Any]") -> bool:
    import pandas as pd

    known = moments.dropna()
    return bool(known.between(pd.Timestamp.min, pd.Timestamp.max).all())
