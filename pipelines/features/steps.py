"""The feature steps by name: what each takes, and the transformer it becomes.

A step is a function from its parameters (those of the experiment file) and a `Setting` to one
scikit-learn transformer from frame to frame. Its signature is its schema.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    KBinsDiscretizer,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    SplineTransformer,
    StandardScaler,
)

from pipelines.features import derive
from pipelines.features.auto import AutoFeatures, one_hot_treatment
from pipelines.features.columns import Selection
from pipelines.features.derive import Derive
from pipelines.features.encode import CrossFittedTargetEncoder, Frequencies, GroupStatistics
from pipelines.features.scale import SmoothRobustScaler
from pipelines.features.select import KeepBest

Columns = Sequence[str]
AtLeast2 = Annotated[int, Field(ge=2)]
Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Filling = Literal["mean", "median", "most_frequent"]
Worth = Literal["mutual_information", "permutation"]
Statistics = Sequence[Literal["mean", "std", "min", "max", "median", "sum", "count", "nunique"]]
NUMERIC = ("numeric",)
CATEGORICAL = ("categorical",)


@dataclass(frozen=True)
class Setting:
    """What every step may know of the contest: class or value target, group column, seed."""

    classes: bool
    group_column: str | None = None
    seed: int = 0


def auto(setting: Setting) -> Any:
    """Treat all columns by their kind; a strong default, and the usual last step."""
    return AutoFeatures(setting.classes, setting.group_column, setting.seed)


def drop(setting: Setting, columns: Columns) -> Any:
    """Leave columns out."""
    return _treat("drop", "drop", columns, setting)


def keep(setting: Setting, columns: Columns) -> Any:
    """Leave all other columns out (the group column stays for later steps)."""
    return _keep(columns, setting)


def impute(setting: Setting, columns: Columns = NUMERIC, strategy: Filling = "median") -> Any:
    """Fill missing numbers (mean, median, most_frequent), each with an indicator column."""
    filling = SimpleImputer(strategy=strategy, add_indicator=True)
    return _treat("impute", filling, columns, setting)


def scale(setting: Setting, columns: Columns = NUMERIC) -> Any:
    """Scale robustly: median, quartile range, smooth clipping at 3."""
    return _treat("scale", SmoothRobustScaler(), columns, setting)


def standardise(setting: Setting, columns: Columns = NUMERIC) -> Any:
    """Scale to mean 0 and variance 1."""
    return _treat("standardise", StandardScaler(), columns, setting)


def quantile(setting: Setting, columns: Columns = NUMERIC, quantiles: AtLeast2 = 100) -> Any:
    """Map to a normal distribution by ranks."""
    mapping = QuantileTransformer(
        n_quantiles=quantiles, output_distribution="normal", random_state=setting.seed
    )
    return _treat("quantile", mapping, columns, setting)


def power(setting: Setting, columns: Columns = NUMERIC) -> Any:
    """Make skewed numbers normal-like (Yeo-Johnson)."""
    return _treat("power", PowerTransformer(), columns, setting)


def spline(setting: Setting, columns: Columns, knots: AtLeast2 = 5, degree: Count = 3) -> Any:
    """Replace numbers by a B-spline basis with knots at quantiles."""
    basis = SplineTransformer(n_knots=knots, degree=degree, knots="quantile")
    return _treat("spline", _filled(basis), columns, setting)


def bins(setting: Setting, columns: Columns, count: AtLeast2 = 8) -> Any:
    """Cut numbers into bins of equal counts, one column per bin."""
    cut = KBinsDiscretizer(
        n_bins=count,
        encode="onehot-dense",
        strategy="quantile",
        quantile_method="averaged_inverted_cdf",
        subsample=None,
    )
    return _treat("bins", _filled(cut), columns, setting)


def interactions(setting: Setting, columns: Columns, degree: AtLeast2 = 2) -> Any:
    """Add the products of every pair (or more) of columns."""
    products = PolynomialFeatures(degree, interaction_only=True, include_bias=False)
    return _treat("interactions", _filled(products), columns, setting)


def one_hot(
    setting: Setting,
    columns: Columns = CATEGORICAL,
    rare_share: Share = 0.01,
    most: AtLeast2 | None = None,
) -> Any:
    """One column per category; rare categories go together, unseen ones join them."""
    return _treat("one_hot", one_hot_treatment(rare_share, most), columns, setting)


def target_encode(setting: Setting, columns: Columns, folds: AtLeast2 = 5) -> Any:
    """Replace categories by cross-fitted means of the target."""
    return CrossFittedTargetEncoder(
        tuple(columns), setting.classes, setting.group_column, folds, setting.seed
    )


def frequency(setting: Setting, columns: Columns = CATEGORICAL) -> Any:
    """Replace each value by the share of training rows that carry it."""
    return _treat("frequency", Frequencies(), columns, setting)


def aggregate(
    setting: Setting, by: str, columns: Columns, statistics: Statistics = ("mean", "std")
) -> Any:
    """Add statistics of columns within each group, and the distance from the group's mean."""
    return GroupStatistics(by, tuple(columns), tuple(statistics))


def select(setting: Setting, count: Count, by: Worth = "mutual_information") -> Any:
    """Keep the best columns, by mutual information with the target or permutation importance."""
    return KeepBest(count, by, setting.classes, setting.group_column, setting.seed)


def dates(setting: Setting, column: str) -> Any:
    """Turn a date into days, and sines and cosines of year, week and day."""
    return Derive("dates", derive.date_parts, (column,), {"column": column})


def angle(setting: Setting, column: str, period: float = 360.0) -> Any:
    """Turn an angle such as hue into its sine and cosine."""
    return Derive("angle", derive.angle, (column,), {"column": column, "period": period})


def ratio(setting: Setting, numerator: str, denominator: str, name: str | None = None) -> Any:
    """Add the ratio of two columns."""
    called = name or f"{numerator}_per_{denominator}"
    values = {"numerator": numerator, "denominator": denominator, "name": called}
    return Derive("ratio", derive.ratio, (numerator, denominator), values)


def difference(setting: Setting, left: str, right: str, name: str | None = None) -> Any:
    """Add the difference of two columns."""
    values = {"left": left, "right": right, "name": name or f"{left}_minus_{right}"}
    return Derive("difference", derive.difference, (left, right), values)


def product(setting: Setting, columns: Columns, name: str | None = None) -> Any:
    """Add the product of columns."""
    values = {"columns": tuple(columns), "name": name or "_times_".join(columns)}
    return Derive("product", derive.product, tuple(columns), values)


def sum_of(setting: Setting, columns: Columns, name: str, plus: float = 0.0) -> Any:
    """Add the sum of columns and a constant."""
    values = {"columns": tuple(columns), "name": name, "plus": plus}
    return Derive("sum", derive.total, tuple(columns), values)


def log(setting: Setting, column: str, name: str | None = None) -> Any:
    """Add sign(x) log(1 + abs(x)) of a column."""
    return Derive("log", derive.logarithm, (column,), {"column": column, "name": name or column})


def extract(setting: Setting, column: str, pattern: str, name: str) -> Any:
    """Add the first group of a regular expression found in a text."""
    values = {"column": column, "pattern": pattern, "name": name}
    return Derive("extract", derive.extract, (column,), values)


def given(setting: Setting, column: str, name: str | None = None) -> Any:
    """Add 1 where a value is there, else 0."""
    values = {"column": column, "name": name or f"{column}_given"}
    return Derive("given", derive.given, (column,), values)


def python(setting: Setting, function: str) -> Any:
    """Add the columns that your own ``module:function`` returns for a frame."""
    return Derive("python", derive.user_function, (), {"function": function})


STEPS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "auto": auto,
        "drop": drop,
        "keep": keep,
        "impute": impute,
        "scale": scale,
        "standardise": standardise,
        "quantile": quantile,
        "power": power,
        "spline": spline,
        "bins": bins,
        "interactions": interactions,
        "one_hot": one_hot,
        "target_encode": target_encode,
        "frequency": frequency,
        "aggregate": aggregate,
        "select": select,
        "dates": dates,
        "angle": angle,
        "ratio": ratio,
        "difference": difference,
        "product": product,
        "sum": sum_of,
        "log": log,
        "extract": extract,
        "given": given,
        "python": python,
    }
)
"""Step name -> function from a `Setting` and the step's parameters to a transformer."""


def _filled(treatment: Any) -> Any:
    return make_pipeline(SimpleImputer(strategy="median"), treatment)


def _treat(step: str, treatment: Any, columns: Columns, setting: Setting) -> ColumnTransformer:
    groups = () if setting.group_column is None else (setting.group_column,)
    return ColumnTransformer(
        [(step, treatment, Selection(columns, step, groups))],
        remainder="passthrough",
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")


def _keep(columns: Columns, setting: Setting) -> ColumnTransformer:
    groups = () if setting.group_column is None else (setting.group_column,)
    kept = [("keep", "passthrough", Selection(columns, "keep"))]
    if groups and groups[0] not in columns:
        kept.append(("group", "passthrough", Selection(groups, "keep")))
    return ColumnTransformer(kept, remainder="drop", verbose_feature_names_out=False).set_output(
        transform="pandas"
    )
