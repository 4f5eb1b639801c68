"""The random-trader view of the tape: how moves grow with the size of metaorders that are made of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import DataError
from tcakit.impact.random_traders import FEWEST_ORDERS, ProxyOrders, fit_size_law, prefactor_at, proxy_orders, size_sums
from tcakit.impact.tape import Tape
from tcakit.impact.tape_controls import shuffle_signs
from tcakit.impact.tape_scale import TapeScale, days_that_move, scales
from tcakit.jobs.tape_order_flow import days_left_out, rests_on

TRADERS = (4, 10, 20, 40, 100)
DEALS = 5
_PART_NS = 1_800_000_000_000
_SIZE_BINS = 8


def random_traders_view(
    tapes: Sequence[Tape], *, traders: Sequence[int] = TRADERS, deals: int = DEALS, seed: int = 0
) -> dict[str, Any]:
    """The law of size for each number of traders, each from so many `deals` of all trades, and with signs shuffled.

    `by_traders` has a row a number of traders; those with too few orders are null. Days are drawn anew for intervals,
    or half-hours of the one day. `spread_over_deals` is how much chance in the dealing moves the exponent.
    DataError where no number of traders gives enough orders.
    """
    given, tapes = tapes, days_that_move(tapes)
    of_day = scales(tapes)
    random = np.random.default_rng(seed)
    rows = [_row(tapes, of_day, number, deals, random) for number in traders]
    if all(row["exponent"] is None for row in rows):
        raise DataError(f"no {FEWEST_ORDERS} orders can be made of the tape", remedy="give more trades")
    days = len({tape.date for tape in tapes})
    known = [row["exponent"] for row in rows if row["exponent"] is not None]
    return {
        "deals": deals,
        "by_traders": rows,
        "exponent_range": [min(known), max(known)],
        "rests_on": rests_on(
            days,
            round(rows[0]["orders_a_deal"]) if days > 1 else max(row["clusters"] for row in rows),
            f"orders of {traders[0]} traders" if days > 1 else "half-hours",
        ),
        "caveats": [
            "nobody knows how many traders there are: read the rows together, not one of them",
            "orders are made of other people's trades: the prefactor is a proxy, thought to be up to twice too high",
            *days_left_out(given, tapes),
        ],
    }


def _row(
    tapes: Sequence[Tape], of_day: Sequence[TapeScale], traders: int, deals: int, random: np.random.Generator
) -> dict[str, Any]:
    dealt = [_deal(tapes, of_day, traders, random) for _ in range(deals)]
    total = np.sum([sums for sums, _ in dealt], axis=0)
    orders = [own for _, each in dealt for own in each]
    row: dict[str, Any] = {
        "traders": traders,
        "orders_a_deal": sum(len(own) for own in orders) / deals,
        "clusters": int((total[0] > 0.0).sum()),
    }
    try:
        law = fit_size_law(total)
    except DataError:
        unknown = (
            "exponent",
            "exponent_ci",
            "prefactor",
            "prefactor_ci",
            "spread_over_deals",
            "sign_shuffle_prefactor",
        )
        return row | dict.fromkeys(unknown) | {"by_size": []}
    alone = [fit_size_law(sums, draws=1).exponent for sums, _ in dealt if sums[0].sum() >= FEWEST_ORDERS]
    nothing = [_deal([shuffle_signs(tape, random) for tape in tapes], of_day, traders, random)[0] for _ in range(deals)]
    return row | {
        "exponent": law.exponent,
        "exponent_ci": list(law.exponent_interval),
        "prefactor": law.prefactor,
        "prefactor_ci": list(law.prefactor_interval),
        "spread_over_deals": float(np.std(alone)) if len(alone) > 1 else None,
        # With the exponent of the real tape: nothing has no exponent of its own.
        "sign_shuffle_prefactor": prefactor_at(np.sum(nothing, axis=0), law.exponent),
        "by_size": _by_size(orders),
    }


def _deal(
    tapes: Sequence[Tape], of_day: Sequence[TapeScale], traders: int, random: np.random.Generator
) -> tuple[NDArray[np.float64], list[ProxyOrders]]:
    """The sums of one deal of all days, a column a day or, of one day, a column a half-hour; and its orders."""
    orders = [proxy_orders(tape, scale, traders, random) for tape, scale in zip(tapes, of_day, strict=True)]
    if len(tapes) > 1:
        each = [size_sums(own, np.zeros(len(own), np.int64), 1) for own in orders]
        return np.concatenate(each, axis=1), orders
    (tape,), (own,) = tapes, orders
    parts = int((tape.close_ns - tape.open_ns) // _PART_NS) + 1
    return size_sums(own, (own.start_ns - tape.open_ns) // _PART_NS, parts), orders


def _by_size(orders: Sequence[ProxyOrders]) -> list[dict[str, Any]]:
    """Mean move by size, in bins of as many orders each: to be drawn, nothing is fitted to them."""
    size = np.concatenate([own.size_adv for own in orders])
    moved = np.concatenate([own.moved for own in orders])
    place = np.array_split(np.argsort(size, kind="stable"), _SIZE_BINS)
    return [
        {"size_adv": float(size[rows].mean()), "moved": float(moved[rows].mean()), "orders": len(rows)}
        for rows in place
    ]
