"""A straight line through a time series, with errors that hold where neighbouring residuals are alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tcakit.errors import DataError


@dataclass(frozen=True, slots=True)
class Line:
    """y = intercept + slope x: standard errors by Newey and West (1987), R² in sample, and how many points."""

    intercept: float
    slope: float
    intercept_se: float
    slope_se: float
    r_squared: float
    count: int

    @property
    def slope_t(self) -> float:
        """The slope in its standard errors; infinite where the fit is perfect."""
        return float(np.divide(self.slope, self.slope_se)) if self.slope_se else float(np.copysign(np.inf, self.slope))


def newey_west_lags(count: int) -> int:
    """How many lags to count in of so many points: 4 (n/100)^(2/9), as Newey and West (1994) propose.

    >>> newey_west_lags(180)
    4
    """
    return int(4.0 * (count / 100.0) ** (2.0 / 9.0))


def fit_line(x: ArrayLike, y: ArrayLike, lags: int | None = None) -> Line:
    """Ordinary least squares of y on x; pairs with a NaN are left out.

    `lags` of the Newey-West errors, `newey_west_lags` if None; 0 gives White's. Weights are Bartlett's, and n / (n - 2)
    corrects for the two parameters. DataError with fewer than three points or an x that never changes.

    >>> line = fit_line([0.0, 1.0, 2.0, 3.0], [1.0, 3.0, 5.0, 7.0])
    >>> round(line.intercept, 9), round(line.slope, 9), round(line.r_squared, 9)
    (1.0, 2.0, 1.0)
    """
    across, up = np.asarray(x, np.float64), np.asarray(y, np.float64)
    known = np.isfinite(across) & np.isfinite(up)
    across, up = across[known], up[known]
    count = len(across)
    if count < 3:
        raise DataError(f"{count} points are too few for a line", remedy="give at least three")
    centre = across.mean()
    spread = across - centre
    squares = float(spread @ spread)
    # A column of one number has a mean that is off by its rounding.
    if squares <= count * (1e-12 * float(np.abs(across).max())) ** 2:
        raise DataError("the explaining column never changes", remedy="give points that differ")
    # Centred both: what rounding leaves of one mean would be multiplied by the other.
    slope = float(spread @ (up - up.mean())) / squares
    intercept = float(up.mean()) - slope * float(centre)
    residual = up - intercept - slope * across
    total = float(np.sum((up - up.mean()) ** 2))
    used = newey_west_lags(count) if lags is None else lags
    # With (1, x - mean) the two columns are orthogonal, and the inverse of their products is known.
    scores = np.column_stack([residual / count, residual * spread / squares])
    covariance = _long_run(scores, min(used, count - 1)) * count / (count - 2)
    turn = np.array([1.0, -centre])
    return Line(
        intercept=intercept,
        slope=slope,
        intercept_se=float(np.sqrt(max(turn @ covariance @ turn, 0.0))),
        slope_se=float(np.sqrt(max(covariance[1, 1], 0.0))),
        r_squared=1.0 - float(residual @ residual) / total if total > 0.0 else float("nan"),
        count=count,
    )


def _long_run(scores: NDArray[np.float64], lags: int) -> NDArray[np.float64]:
    total = scores.T @ scores
    for lag in range(1, lags + 1):
        cross = scores[lag:].T @ scores[:-lag]
        total = total + (1.0 - lag / (lags + 1.0)) * (cross + cross.T)
    return total
