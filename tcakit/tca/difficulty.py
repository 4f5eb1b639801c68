"""Brokers compared by what they were given: cost less what each order was estimated to cost before it was traded."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tcakit.tca.inference import bootstrap_ratio
from tcakit.tca.significance import LEAST_ORDERS, benjamini_hochberg, unpaired_p
from tcakit.tca.weighted_mean import weighted_mean

DRAWS = 1_000


def difficulty_adjusted(
    groups: Sequence[str | None], costs_bps: ArrayLike, estimates_bps: ArrayLike, risks_bps: ArrayLike
) -> dict[str, list[dict[str, Any]]]:
    """How much dearer than estimated each group was (`groups`), and every two of them against each other (`pairs`).

    One value an order: its group, cost against arrival, estimate of that before its day, and timing risk (one standard
    deviation of what chance does to its cost). A residual is cost less estimate; orders weigh 1 / risk squared, as
    the noisier of two orders says less of who worked it. A group has n, cost_bps, estimate_bps, residual_bps (each so
    weighted), low and high (95 %, orders drawn). A pair has first, second, difference_bps, p_value (Mann-Whitney of
    residual / risk) and q_value (Benjamini-Hochberg). Orders without one of the numbers are left out.

    >>> told = difficulty_adjusted(["A", "A", "B"], [5.0, 9.0, 4.0], [4.0, 8.0, 1.0], [20.0, 40.0, 20.0])
    >>> [(row["group"], row["n"], row["residual_bps"]) for row in told["groups"]]
    [('A', 2, 1.0), ('B', 1, 3.0)]
    """
    costs, estimates, risks = (np.asarray(values, np.float64) for values in (costs_bps, estimates_bps, risks_bps))
    known = np.isfinite(costs) & np.isfinite(estimates) & (risks > 0) & np.isfinite(risks)
    known &= np.array([group is not None for group in groups], np.bool_)
    names = sorted({group for group, use in zip(groups, known, strict=True) if use and group is not None})
    residuals = costs - estimates
    rows: list[dict[str, Any]] = []
    standard: dict[str, NDArray[np.float64]] = {}
    for name in names:
        mine = known & np.array([group == name for group in groups], np.bool_)
        weights = risks[mine] ** -2.0
        low, high = bootstrap_ratio(residuals[mine] * weights, weights, draws=DRAWS)
        sure = bool(np.isfinite(low[0]))
        rows.append(
            {
                "group": name,
                "n": int(mine.sum()),
                "cost_bps": weighted_mean(costs[mine], weights),
                "estimate_bps": weighted_mean(estimates[mine], weights),
                "residual_bps": weighted_mean(residuals[mine], weights),
                "low": float(low[0]) if sure else None,
                "high": float(high[0]) if sure else None,
            }
        )
        standard[name] = residuals[mine] / risks[mine]
    by_name = {row["group"]: row for row in rows}
    pairs: list[dict[str, Any]] = [
        {
            "first": one,
            "second": two,
            "difference_bps": by_name[one]["residual_bps"] - by_name[two]["residual_bps"],
            "p_value": unpaired_p(standard[one], standard[two]),
        }
        for one, two in combinations([name for name in names if by_name[name]["n"] >= LEAST_ORDERS], 2)
    ]
    for row, q_value in zip(pairs, benjamini_hochberg([row["p_value"] for row in pairs]), strict=True):
        row["q_value"] = q_value
    return {"groups": rows, "pairs": pairs}
