"""Cost by day or month with the limits that chance alone keeps it in: a process in control, or one to look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.tca.inference import bootstrap_ratio_draws
from tcakit.tca.shortfall import BPS

SIGMAS = 3.0
DRAWS = 1_000
MOST_DAYS = 62
"""With more days than these the periods are months."""
LEAST_PERIODS = 3


def period_of(dates: Sequence[str]) -> str:
    """Whether a chart of orders of those dates is by day or by month.

    >>> period_of(["2026-03-02", "2026-03-03"])
    'day'
    """
    return "day" if len(set(dates)) <= MOST_DAYS else "month"


def control_chart(
    dates: Sequence[str], costs: NDArray[np.float64], notionals: NDArray[np.float64], *, seed: int = 0
) -> list[dict[str, Any]]:
    """A row a day (a month with more than 62 days): period, n, bps, centre_bps, low_bps, high_bps, outside.

    `costs` and `notionals` (currency, above zero) are of orders. The centre is the cost of all; the limits are
    three standard deviations of the cost of as many orders as the period has, drawn from all of them, so that a day of
    few orders has wide limits (Shewhart, 1931, with the spread by bootstrap). None with fewer than three periods.

    >>> rows = control_chart(["2026-03-02", "2026-03-03", "2026-03-04"], np.array([1.0, 1.0, 1.0]), np.full(3, 1e4))
    >>> [(row["period"], row["bps"], row["outside"]) for row in rows][0]
    ('2026-03-02', 1.0, False)
    """
    if not len(dates):
        return []
    days = np.asarray(dates, dtype=np.str_)
    periods = days if period_of(dates) == "day" else np.array([day[:7] for day in dates])
    names = np.unique(periods)
    centre = float(costs.sum() / notionals.sum() * BPS)
    widths: dict[int, float] = {}
    out = []
    for name in names.tolist():
        mine = periods == name
        count = int(mine.sum())
        bps = float(costs[mine].sum() / notionals[mine].sum() * BPS)
        row: dict[str, Any] = {"period": name, "n": count, "bps": bps, "centre_bps": centre}
        if len(names) < LEAST_PERIODS:
            out.append(row | {"low_bps": None, "high_bps": None, "outside": False})
            continue
        if count not in widths:
            draws = bootstrap_ratio_draws(costs, notionals, size=count, draws=DRAWS, seed=seed)
            widths[count] = SIGMAS * float(np.std(draws)) * BPS
        low, high = centre - widths[count], centre + widths[count]
        # What differs by rounding only is not outside.
        slack = 1e-9 * max(abs(centre), 1e-300)
        out.append(row | {"low_bps": low, "high_bps": high, "outside": not low - slack <= bps <= high + slack})
    return out
