"""Whether chance is as large and as normal as the fit takes it to be."""

from __future__ import annotations

from typing import Any

import numpy as np

from tcakit.impact.fit_impact import ImpactFit

_PROBABILITIES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99, 0.995)


def surprise_checks(fit: ImpactFit) -> dict[str, Any]:
    """What is left of the costs in standard deviations of timing risk, against the standard normal law.

    `sd` above 1 says that costs vary by more than σ √(T/3), which makes bands of single orders too narrow; `kurtosis`
    is the excess over the normal law's; `quantiles` are pairs of the normal law's and the orders'.
    """
    from scipy.stats import kurtosis, norm, skew

    left = fit.surprises
    found = np.quantile(left, _PROBABILITIES)
    return {
        "mean": float(np.mean(left)),
        "sd": float(np.std(left)),
        "within_95": float(np.mean(np.abs(left) < 1.96)),
        "beyond_4": int(np.sum(np.abs(left) > 4.0)),
        "skewness": float(skew(left)),
        "kurtosis": float(kurtosis(left)),
        "dispersion": fit.dispersion,
        "quantiles": [
            [float(norm.ppf(probability)), float(value)]
            for probability, value in zip(_PROBABILITIES, found, strict=True)
        ],
    }
