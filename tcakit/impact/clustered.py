"""Regression whose errors go together within days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Regression:
    """Coefficients and their standard errors, float64 of the columns; NaN where the columns say the same."""

    coefficients: NDArray[np.float64]
    errors: NDArray[np.float64]
    clusters: int

    def p_value(self, column: int = 0) -> float:
        """Two-sided, of a coefficient of zero, by Student's law with one degree of freedom less than clusters."""
        from scipy.stats import t

        if self.clusters < 2 or not self.errors[column] > 0.0:
            return float("nan")
        return float(2.0 * t.sf(abs(self.coefficients[column] / self.errors[column]), self.clusters - 1))


def clustered_regression(
    columns: NDArray[np.float64], response: NDArray[np.float64], clusters: NDArray[np.int64]
) -> Regression:
    """Least squares with the sandwich error of Liang and Zeger (1986), times G/(G-1) for G clusters.

    >>> found = clustered_regression(np.ones((4, 1)), np.array([1.0, 1.0, 3.0, 3.0]), np.array([0, 0, 1, 1]))
    >>> found.coefficients.tolist(), found.errors.tolist()
    ([2.0], [1.0])
    """
    width = columns.shape[1]
    named, place = np.unique(clusters, return_inverse=True)
    count = len(named)
    square = columns.T @ columns
    if count < 2 or np.linalg.matrix_rank(square, hermitian=True) < width:
        return Regression(np.full(width, np.nan), np.full(width, np.nan), count)
    found = np.linalg.solve(square, columns.T @ response)
    scores = columns * (response - columns @ found)[:, None]
    summed = np.column_stack([np.bincount(place, weights=scores[:, column]) for column in range(width)])
    inverse = np.linalg.inv(square)
    variance = inverse @ (summed.T @ summed) @ inverse * count / (count - 1)
    return Regression(np.asarray(found, np.float64), np.asarray(np.sqrt(np.diag(variance)), np.float64), count)
