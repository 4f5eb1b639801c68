"""Every two algorithms (or brokers, or any groups) set against each other: by all their orders, and in pairs."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.tca.inference import CONFIDENCE, bootstrap_ratio_draws
from tcakit.tca.paired import difference, pair
from tcakit.tca.shortfall import BPS
from tcakit.tca.significance import LEAST_ORDERS, benjamini_hochberg, paired_p, to_ten_digits, unpaired_p

DRAWS = 1_000
MOST_GROUPS = 12
"""Groups that are compared: those with most orders; 12 make 66 comparisons."""


def pairwise(orders: pl.DataFrame, group: str, *, seed: int = 0) -> list[dict[str, Any]]:
    """A row for every two of the groups: what orders of the first cost less what those of the second did.

    `orders` has parent_id, cost and notional (one currency) and the column `group`. A row has first, second, n_first,
    n_second, first_bps, second_bps, difference_bps (ratios of sums), low, high (95 %, orders drawn in each), p_value
    (Mann-Whitney of the orders' costs) and q_value (Benjamini-Hochberg over the rows). Groups of fewer than four
    orders are left out, and those beyond the 12 with most.
    """
    known = orders.filter(
        pl.col(group).is_not_null() & pl.col("cost").is_finite() & (pl.col("notional") > 0).fill_null(False)
    )
    counted = sorted(Counter(known[group].to_list()).items(), key=lambda item: (-item[1], item[0]))
    names = sorted(name for name, count in counted[:MOST_GROUPS] if count >= LEAST_ORDERS)
    held = {name: known.filter(pl.col(group) == name) for name in names}
    sums = {name: (rows["cost"].to_numpy(), rows["notional"].to_numpy()) for name, rows in held.items()}
    draws = {
        name: bootstrap_ratio_draws(cost, notional, size=len(cost), draws=DRAWS, seed=seed + place)
        for place, (name, (cost, notional)) in enumerate(sums.items())
    }
    out = []
    for one, two in combinations(names, 2):
        first, second = (float(cost.sum() / notional.sum()) * BPS for cost, notional in (sums[one], sums[two]))
        low, high = _interval(draws[one] - draws[two])
        out.append(
            {
                "first": one,
                "second": two,
                "n_first": held[one].height,
                "n_second": held[two].height,
                "first_bps": first,
                "second_bps": second,
                "difference_bps": first - second,
                "low": low * BPS,
                "high": high * BPS,
                "p_value": unpaired_p(*(cost / notional for cost, notional in (sums[one], sums[two]))),
            }
        )
    return _with_q_values(out)


def pairwise_same_orders(tca_parents: pl.DataFrame, measure: str = "arrival") -> list[dict[str, Any]]:
    """As `pairwise`, for algorithms that worked the same orders, pair by pair: a backtest of several on one list.

    `tca_parents` are rows of that table. A row has first, second, n (pairs), days, difference_bps (weighted by
    notional), low, high (days and then pairs drawn), p_value (Wilcoxon's signed ranks), p_by_day (signs of whole days
    flipped) and q_value of the former. Empty where no two algorithms have orders in common.
    """
    counted = sorted(Counter(tca_parents["algo"].drop_nulls().to_list()).items(), key=lambda item: (-item[1], item[0]))
    algos = sorted(name for name, _ in counted[:MOST_GROUPS])
    out = []
    for one, two in combinations(algos, 2):
        first, second = (tca_parents.filter(pl.col("algo") == name) for name in (one, two))
        found = pair(first, second, measure, with_unpaired=False)
        if not found.pairs.height:
            continue
        told = difference(found.pairs, draws=DRAWS)
        low, high = told["ci"] or (None, None)
        out.append(
            {
                "first": one,
                "second": two,
                "n": told["n"],
                "days": told["days"],
                "first_bps": told["first_bps"],
                "second_bps": told["second_bps"],
                "difference_bps": told["difference_bps"],
                "low": low,
                "high": high,
                "p_value": paired_p(
                    to_ten_digits(found.pairs["bps_1"].to_numpy()) - to_ten_digits(found.pairs["bps_2"].to_numpy())
                ),
                "p_by_day": told["p_value"] if told["cluster"] == "day" else None,
            }
        )
    return _with_q_values(out)


def _interval(draws: NDArray[np.float64]) -> tuple[float, float]:
    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = np.quantile(draws, [tail, 1.0 - tail])
    return float(low), float(high)


def _with_q_values(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    q_values = benjamini_hochberg([row["p_value"] for row in rows])
    return [row | {"q_value": q_value} for row, q_value in zip(rows, q_values, strict=True)]
