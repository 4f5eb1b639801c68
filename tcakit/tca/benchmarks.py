"""Prices to compare an order with: VWAP, TWAP, close, participation-weighted price, relative performance.

Sums over prints are exact integer sums in the instrument's stored units, divided once at the end.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tcakit.errors import DataError
from tcakit.market.codes import BUY, SELL
from tcakit.market.day import MarketDay
from tcakit.tca.quotes import mid_at, quoted_span
from tcakit.tca.shortfall import BPS

_INT64_SAFE = float(2**62)


def cost_bps(side: ArrayLike, average_price: ArrayLike, benchmark: ArrayLike) -> NDArray[np.float64]:
    """Cost of a price against a benchmark in bps of the benchmark: s(P - B)/B x 1e4, cost-positive; NaN
    unless B > 0.

    >>> float(cost_bps(-1, 99.0, 100.0))
    100.0
    """
    price, given = np.asarray(average_price, dtype=np.float64), np.asarray(benchmark, dtype=np.float64)
    against = np.where(given > 0, given, np.nan)
    return np.asarray(side) * (price - against) / against * BPS


def interval_sums(
    day: MarketDay, start_ns: ArrayLike, end_ns: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.generic]]:
    """Volume and sum of price x size of the prints in each closed window [start, end], in stored units,
    exact.

    The second array holds Python integers where 64 bits might not hold the day's sum.
    """
    starts = np.searchsorted(day.print_ns, np.asarray(start_ns, dtype=np.int64), side="left")
    ends = np.searchsorted(day.print_ns, np.asarray(end_ns, dtype=np.int64), side="right")
    ends = np.maximum(starts, ends)
    volume = np.concatenate([np.zeros(1, np.int64), np.cumsum(day.print_size)])
    highest = float(np.max(np.abs(day.print_price), initial=0))
    if highest * float(volume[-1]) < _INT64_SAFE:
        traded = np.concatenate([np.zeros(1, np.int64), np.cumsum(day.print_price * day.print_size)])
    else:
        exact = np.cumsum(day.print_price.astype(object) * day.print_size.astype(object))
        traded = np.concatenate([np.array([0], dtype=object), exact])
    return volume[ends] - volume[starts], traded[ends] - traded[starts]


def interval_vwap(day: MarketDay, start_ns: ArrayLike, end_ns: ArrayLike) -> NDArray[np.float64]:
    """VWAP (currency) of all prints with start <= time <= end, own prints included where the tape has them.

    NaN where nothing printed.
    """
    volume, traded = interval_sums(day, start_ns, end_ns)
    size = np.asarray(volume, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        price = np.asarray(traded).astype(np.float64) / size / day.instrument.price_scale
    return np.where(size > 0, price, np.nan)


def interval_shares(day: MarketDay, start_ns: ArrayLike, end_ns: ArrayLike) -> NDArray[np.float64]:
    """Shares printed with start <= time <= end; NaN where the recording holds no prints at all."""
    volume, _ = interval_sums(day, start_ns, end_ns)
    shares = np.asarray(volume, dtype=np.float64) / day.instrument.size_scale
    return shares if day.print_ns.size else np.full_like(shares, np.nan)


def vwap_without_own(vwap: float, own_average: float, own_fraction: float) -> float:
    """The VWAP of the others, when own prints are `own_fraction` (0 <= f < 1) of the window's volume; NaN
    at 1.

    >>> vwap_without_own(10.1, 10.5, 0.2)
    10.0
    """
    if not 0.0 <= own_fraction < 1.0:
        return math.nan
    return (vwap - own_fraction * own_average) / (1.0 - own_fraction)


def twap(day: MarketDay, start_ns: ArrayLike, end_ns: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Time-weighted mid over each window, and the fraction of the window in which a mid stood.

    The time integral of the mid as a step function over the time with a two-sided quote, divided by that
    time; NaN with fraction 0 where no mid stood. A window of no length gives the mid at that instant.
    """
    starts, ends = np.asarray(start_ns, dtype=np.int64), np.asarray(end_ns, dtype=np.int64)
    average, fraction = time_weighted(day, day.mid, starts, ends)
    instant = ends == starts
    at_once = mid_at(day, starts)
    return (
        np.where(instant, at_once, average),
        np.where(instant, np.isfinite(at_once).astype(np.float64), fraction),
    )


def time_weighted(
    day: MarketDay, values: NDArray[np.float64], start_ns: ArrayLike, end_ns: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Time-weighted average of `values` (one a quote, holding until the next) over each window [start, end), and the
    fraction of the window in which a value stood.

    NaN with fraction 0 where none stood, or the window has no length. Windows of any shape, in ns.
    """
    starts, ends = np.asarray(start_ns, dtype=np.int64), np.asarray(end_ns, dtype=np.int64)
    span = quoted_span(day)
    if span is None or not day.quote_ns.size:
        return np.full(starts.shape, np.nan), np.zeros(starts.shape)
    known = np.isfinite(values)
    # Integrating the distance from one value of the day keeps digits that a sum of whole prices would lose.
    base = float(values[known][0]) if known.any() else 0.0
    above = np.where(known, values - base, 0.0)
    steps = np.diff(day.quote_ns)
    integral = np.concatenate([np.zeros(1), np.cumsum(above[:-1] * steps)])
    time_known = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.where(known[:-1], steps, 0))])

    def up_to(instants: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        instants = np.clip(instants, span[0], span[1])
        row = np.searchsorted(day.quote_ns, instants, side="right") - 1
        held = np.maximum(row, 0)
        since = np.where(row >= 0, instants - day.quote_ns[held], 0)
        return (
            np.where(row >= 0, integral[held] + above[held] * since, 0.0),
            np.where(row >= 0, time_known[held] + np.where(known[held], since, 0), 0),
        )

    (from_area, from_time), (to_area, to_time) = up_to(starts), up_to(ends)
    covered, length = to_time - from_time, ends - starts
    with np.errstate(divide="ignore", invalid="ignore"):
        average = base + (to_area - from_area) / covered
        fraction = covered / length
    return np.where(covered > 0, average, np.nan), np.where(length > 0, fraction, 0.0)


def close_mid(day: MarketDay) -> float:
    """Mid (currency) that stood at the session's close; NaN if the close is unknown or the recording ends
    before.
    """
    closes = day.instrument.session_close_ns
    return math.nan if closes is None else float(mid_at(day, closes))


def participation_weighted_price(
    day: MarketDay,
    start_ns: int,
    shares: float,
    rate: float,
    *,
    side: int = 0,
    limit_price: float | None = None,
) -> float:
    """VWAP (currency) of the prints from `start_ns` until `shares / rate` have traded: the PWP benchmark.

    `rate` is a fraction (0.1 for PWP 10 %). `shares` may be what was ordered or what was filled: say
    which. The last print counts only as far as it is needed. With `side` and `limit_price` prints worse
    than the limit are left out. NaN if the recording ends before enough traded. Raises DataError for a
    rate outside (0, 1] or no shares.
    """
    if not 0.0 < rate <= 1.0 or not shares > 0:
        raise DataError(f"rate {rate!r} or shares {shares!r} is out of range", place="participation weighted price")
    instrument = day.instrument
    first = int(np.searchsorted(day.print_ns, start_ns, side="left"))
    prices, sizes = day.print_price[first:], day.print_size[first:]
    if limit_price is not None and side in (BUY, SELL):
        # Half a stored unit of tolerance: the limit comes as a float, the prints as integers.
        within = side * (prices - limit_price * instrument.price_scale) <= 0.5
        prices, sizes = prices[within], sizes[within]
    wanted = math.ceil(round(shares * instrument.size_scale / rate, 6))
    reached = np.cumsum(sizes)
    last = int(np.searchsorted(reached, wanted, side="left"))
    if last == reached.size:
        return math.nan
    whole = sum(int(p) * int(q) for p, q in zip(prices[:last], sizes[:last], strict=True))
    before = int(reached[last - 1]) if last else 0
    return (whole + int(prices[last]) * (wanted - before)) / wanted / instrument.price_scale


def relative_performance(
    side: int, price: float, print_price: ArrayLike, print_size: ArrayLike, *, method: str = "volume"
) -> float:
    """Fraction of the market's activity that `price` beat (RPM); 1 is best, prices in the same unit.

    "volume": 1/2 (V + V worse - V better) / V, ties count half (Kissell). "trades-and-volume": the mean
    of the shares of trades and of volume at strictly worse prices (EDHEC). Worse is higher for a buy and
    lower for a sell. NaN if nothing printed; DataError for another side or method.

    >>> relative_performance(-1, 31.0, [30.0, 32.0], [80, 20])
    0.8
    >>> relative_performance(1, 31.0, [30.0, 32.0], [80, 20])
    0.2
    """
    if side not in (BUY, SELL):
        raise DataError(f"side {side!r} is neither +1 nor -1", place="relative performance")
    distance = side * (np.asarray(print_price, dtype=np.float64) - price)
    sizes = np.asarray(print_size, dtype=np.int64)
    volume = int(sizes.sum())
    if volume <= 0:
        return math.nan
    worse, better = int(sizes[distance > 0].sum()), int(sizes[distance < 0].sum())
    if method == "volume":
        return (volume + worse - better) / (2 * volume)
    if method == "trades-and-volume":
        return (float(np.mean(distance > 0)) + worse / volume) / 2.0
    raise DataError(f"no method {method!r}", place="relative performance", remedy="volume or trades-and-volume")
