"""The page of the MLflow UI that answers which run is best, and why.

MLflow keeps a shared view of a page as a tag of the experiment; the view's key in the address
opens it.
"""

import base64
import json
import zlib

VIEW_KEY = "ripe"
COLUMNS = (
    "attributes.`Created`",
    "metrics.`cv.score`",
    "metrics.`cv.low`",
    "metrics.`cv.high`",
    "metrics.`cv.std`",
    "metrics.`leaderboard.public_score`",
    "params.`hidden_layer_sizes`",
    "params.`learning_rate`",
)


def shared_view(*, lowest_first: bool) -> tuple[str, str]:
    """Return the tag that holds the view, and its value: columns and order of the runs.

    Examples
    --------
    >>> shared_view(lowest_first=True)[0]
    'mlflow.sharedViewState.ripe'
    """
    state = {
        "selectedColumns": list(COLUMNS),
        "orderByKey": "metrics.`cv.score`",
        "orderByAsc": lowest_first,
    }
    packed = base64.b64encode(zlib.compress(json.dumps(state).encode())).decode()
    return f"mlflow.sharedViewState.{VIEW_KEY}", f"deflate;{packed}"
