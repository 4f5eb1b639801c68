"""Benchmarks that need every print of an order's window: extremes, what was beaten, the limit, participation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tcakit.market.day import MarketDay

Floats = NDArray[np.float64]
Ns = NDArray[np.int64]
PWP_RATES = {5: 0.05, 10: 0.10, 20: 0.20}
_LIMITED_RATE = 10
# The columns of `print_window_kernel.walk_windows`, in its order.
_SUMS = (
    "lowest", "highest", "volume", "worse", "better", "prints", "worse_prints", "limit_volume", "limit_above",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class WindowOrders:
    """n orders on one market: times in ns (`last_ns`, `stop_ns` before `start_ns` where unknown), sizes in shares.

    `start_ns` is the arrival within the session, `last_ns` the last fill, `stop_ns` the end; `side` is +1 or -1;
    `average`, `limit` (currency), `ordered` and `filled` are NaN where there is none.
    """

    start_ns: Ns
    last_ns: Ns
    stop_ns: Ns
    side: Floats
    average: Floats
    limit: Floats
    ordered: Floats
    filled: Floats


def print_benchmarks(day: MarketDay, orders: WindowOrders) -> dict[str, Floats]:
    """Columns of `tca_benchmarks` by name, each of n, prices in currency; NaN where the prints do not say.

    Windows are closed at both ends. Relative performance after Kissell (ties count half) and EDHEC (trades and volume);
    PWP is the VWAP from the start until the order's size / rate has traded.
    """
    count, scale = orders.start_ns.size, day.instrument.price_scale
    sums = window_sums(day, orders)
    limit, traded = orders.limit * scale, np.isfinite(orders.average)
    with np.errstate(divide="ignore", invalid="ignore"):
        volume = sums["volume"]
        beaten = (volume + sums["worse"] - sums["better"]) / (2.0 * volume)
        shares = (sums["worse_prints"] / sums["prints"] + sums["worse"] / volume) / 2.0
        within = (_base(day) + sums["limit_above"] / sums["limit_volume"]) / scale
    buys = orders.side > 0
    found = {
        "best_price": np.where(buys, sums["lowest"], sums["highest"]) / scale,
        "worst_price": np.where(buys, sums["highest"], sums["lowest"]) / scale,
        "rpm_volume": np.where(traded, beaten, np.nan),
        "rpm_trades_and_volume": np.where(traded, shares, np.nan),
        "limit_vwap": np.where(np.isfinite(limit), within, np.nan),
    }
    first = np.searchsorted(day.print_ns, orders.start_ns, side="left")
    for basis, quantity in (("ordered", orders.ordered), ("filled", orders.filled)):
        for name, rate in PWP_RATES.items():
            found[f"pwp_{name}_of_{basis}"] = _until(day, first, quantity, rate, orders.side, np.full(count, np.nan))
        found[f"limit_pwp_{_LIMITED_RATE}_of_{basis}"] = np.where(
            np.isfinite(limit), _until(day, first, quantity, PWP_RATES[_LIMITED_RATE], orders.side, limit), np.nan
        )
    return found


def window_sums(day: MarketDay, orders: WindowOrders) -> dict[str, Floats]:
    """Sums over the prints of each order's window, in stored units, each of n.

    `lowest` and `highest` (NaN without prints) up to the end; up to the last fill `volume`, `prints`, what was `worse`
    and `better` than the average price, `worse_prints`, and within the limit `limit_volume` and `limit_above`, the sum
    of (price - the day's first) x size.
    """
    from tcakit.tca.print_window_kernel import COLUMNS, walk_windows

    scale = day.instrument.price_scale
    first = np.searchsorted(day.print_ns, orders.start_ns, side="left")
    after_interval = np.maximum(first, np.searchsorted(day.print_ns, orders.last_ns, side="right"))
    after_window = np.maximum(first, np.searchsorted(day.print_ns, orders.stop_ns, side="right"))
    out = np.empty((orders.start_ns.size, COLUMNS))
    walk_windows(
        day.print_price, day.print_size, first, after_interval, after_window,
        orders.side, orders.average * scale, orders.limit * scale, _base(day), out,
    )  # fmt: skip
    return {name: out[:, place] for place, name in enumerate(_SUMS)}


def sums_until(
    day: MarketDay, start_ns: Ns, shares: Floats, rate: int, side: Floats, limit: Floats
) -> tuple[Floats, Floats]:
    """Stored size and stored price x size of the prints from each start on until shares / `rate` % have traded.

    `limit` in currency, NaN where there is none. NaN where the prints end before.
    """
    first = np.searchsorted(day.print_ns, start_ns, side="left")
    scale = day.instrument.price_scale
    wanted = _wanted(day, shares, PWP_RATES[rate])
    average = _until(day, first, shares, PWP_RATES[rate], side, limit * scale) * scale
    above = np.round((average - _base(day)) * wanted)
    return np.where(np.isfinite(above), wanted, np.nan), above + float(_base(day)) * wanted


def _until(day: MarketDay, first: Ns, shares: Floats, rate: float, side: Floats, limit: Floats) -> Floats:
    """PWP of each order in currency; `limit` in stored units."""
    from tcakit.tca.print_window_kernel import walk_until

    out, base = np.empty(shares.size), _base(day)
    walk_until(day.print_price, day.print_size, first, _wanted(day, shares, rate), side, limit, base, out)
    return (base + out) / day.instrument.price_scale


def _wanted(day: MarketDay, shares: Floats, rate: float) -> Ns:
    """How much must trade, in stored units; zero where the size is unknown."""
    known = np.isfinite(shares) & (shares > 0)
    # 0.1 is no binary fraction: 30 shares at 10 % are 300, not 301.
    wanted = np.zeros(shares.size, np.int64)
    wanted[known] = np.ceil(np.round(shares[known] * day.instrument.size_scale / rate, 6)).astype(np.int64)
    return wanted


def _base(day: MarketDay) -> int:
    """A price of the day: sums of distances from it keep digits that sums of whole prices would lose."""
    return int(day.print_price[0]) if day.print_price.size else 0
