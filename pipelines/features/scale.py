"""Scaling that outliers do not rule."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

CLIP_SCALE = 3.0
LARGEST = 1e120  # beyond what tables hold; squares and quotients of it are finite


class SmoothRobustScaler(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Centre on the median, divide by the quartile range, then clip smoothly to (-3, 3).

    A column whose quartiles agree is divided by half its range; a constant one becomes 0.

    References
    ----------
    Holzmüller, Grinsztajn, Steinwart (2024). Better by default: strong pre-tuned MLPs and boosted
    trees on tabular data. arXiv:2407.04491, appendix A (robust scaling and smooth clipping).
    """

    def fit(self, X: object, y: object = None) -> Self:
        """Learn medians and ranges, shape (n_features,) each."""
        values: NDArray[np.float64] = validate_data(
            self, X, dtype=np.float64, ensure_all_finite="allow-nan"
        )
        values = np.clip(values, -LARGEST, LARGEST)
        low, middle, high = np.nanquantile(values, [0.25, 0.5, 0.75], axis=0)
        spread = high - low
        half_range = 0.5 * (np.nanmax(values, axis=0) - np.nanmin(values, axis=0))
        spread = np.where(spread > 0, spread, half_range)
        self.center_ = middle
        divisor = np.where(spread > 0, np.maximum(spread, 1.0 / LARGEST), 1.0)
        self.scale_ = np.where(spread > 0, 1.0 / divisor, 0.0)
        return self

    def transform(self, X: object) -> NDArray[np.float64]:
        """Return the scaled values, shape (n_rows, n_features)."""
        check_is_fitted(self)
        values: Any = validate_data(
            self, X, dtype=np.float64, reset=False, ensure_all_finite="allow-nan"
        )
        scaled = (np.clip(values, -LARGEST, LARGEST) - self.center_) * self.scale_
        scaled = np.clip(scaled, -LARGEST, LARGEST)
        return np.asarray(scaled / np.sqrt(1.0 + (scaled / CLIP_SCALE) ** 2))
