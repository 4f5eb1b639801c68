"""A power law that decays, (1 + t / tau)^-beta, as a sum of exponentials whose weights are none below zero."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError

_POINTS = 400


def power_law(elapsed_s: NDArray[np.float64], tau_s: float, beta: float) -> NDArray[np.float64]:
    """(1 + t / tau)^-beta."""
    return np.asarray((1.0 + elapsed_s / tau_s) ** -beta)


def exponential_terms(
    tau_s: float, beta: float, horizon_s: float, terms: int = 12
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights and decay rates (1/s), of up to so many terms: within 1 % of the power law up to `horizon_s`.

    A completely monotone law is a mix of exponentials (Bernstein), its rates spread evenly in logarithm; weights by
    least squares of relative errors that are none below zero. UsageError for what no such sum can be.

    >>> weight, rate = exponential_terms(20.0, 0.5, 3600.0)
    >>> t = np.array([0.0, 5.0, 100.0, 3000.0])
    >>> bool((np.abs(np.exp(-np.outer(t, rate)) @ weight / power_law(t, 20.0, 0.5) - 1) < 0.01).all())
    True
    """
    from scipy.optimize import nnls

    for name, value in (("tau_s", tau_s), ("beta", beta), ("horizon_s", horizon_s), ("terms", float(terms))):
        if not (np.isfinite(value) and value > 0.0):
            raise UsageError(f"{name} is {value:g}", place=name, remedy="give a number above zero")
    grid = np.concatenate([[0.0], np.geomspace(tau_s * 1e-3, max(horizon_s, 2.0 * tau_s), _POINTS)])
    rates = np.geomspace(0.2 / max(horizon_s, 2.0 * tau_s), 8.0 / tau_s, terms)
    wanted = power_law(grid, tau_s, beta)
    weights, _ = nnls(np.exp(-np.outer(grid, rates)) / wanted[:, None], np.ones(len(grid)), maxiter=10_000)
    kept = weights > 0.0
    return weights[kept], rates[kept]
