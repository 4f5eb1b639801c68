"""Whether the orders were chosen in a way that looks like impact, or hides it."""

from __future__ import annotations

from typing import Any

import numpy as np

from tcakit.impact.clustered import clustered_regression
from tcakit.impact.fit_impact import ImpactFit

_LEAST = 10


def selection_checks(fit: ImpactFit) -> dict[str, dict[str, Any]]:
    """For each flag what its orders cost beyond the model, more than the others; and the slope on the drift before.

    `difference_bps` is weighted as in the fit, with its error over days. Cancelled and limit-priced orders trade when
    the price comes their way, and cost less than the model says of those that must be done. `drift_bps` is how far the
    price had moved in the order's direction before it came: a slope that is not zero says that orders follow (or fade)
    the price, and that part of their cost would have come without them. Flags that under ten orders bear, or do not
    bear, are left out.
    """
    sample = fit.sample
    scale = 1.0 / sample.noise_bps
    out: dict[str, dict[str, Any]] = {}
    for name, flag in sample.flags.items():
        bearing = int(flag.sum())
        if min(bearing, len(sample) - bearing) < _LEAST:
            continue
        columns = np.column_stack([flag * scale, scale])
        found = clustered_regression(columns, fit.surprises, sample.day)
        out[name] = {
            "orders": bearing,
            "difference_bps": float(found.coefficients[0]),
            "se_bps": float(found.errors[0]),
            "p_value": found.p_value(),
        }
    drift = sample.measures.get("drift_bps")
    if drift is not None:
        known = ~np.isnan(drift)
        if int(known.sum()) >= _LEAST and np.ptp(drift[known]) > 0.0:
            columns = np.column_stack([drift * scale, scale])[known]
            found = clustered_regression(columns, fit.surprises[known], sample.day[known])
            out["drift_bps"] = {
                "orders": int(known.sum()),
                "slope": float(found.coefficients[0]),
                "se": float(found.errors[0]),
                "p_value": found.p_value(),
            }
    return out
