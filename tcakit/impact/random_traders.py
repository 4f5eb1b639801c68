"""Metaorders made of the tape by giving each trade to a trader drawn at random: Maitrier, Loeper and Bouchaud (2025).

Nobody's orders are known from a tape, but trades dealt out at random and strung together move the price with the size
of the string much as real orders do: concavity may be learned so, the level only in proxy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import DataError, UsageError
from tcakit.impact.tape import Tape
from tcakit.impact.tape_scale import TapeScale

EXPONENTS = np.arange(31) / 20.0
FEWEST_ORDERS = 100
_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class ProxyOrders:
    """Metaorders made of a day's trades, float64 of n each.

    `size_adv` is shares over average daily volume; `moved` the mid from just before the first child to just after the
    last, in daily volatilities and above zero in the order's direction; `duration` the market's volume meanwhile, over
    average daily volume; `start_ns` int64 when the first child traded; `children` how many there are, two or more.
    """

    size_adv: NDArray[np.float64]
    moved: NDArray[np.float64]
    duration: NDArray[np.float64]
    start_ns: NDArray[np.int64]
    children: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.size_adv)


@dataclass(frozen=True, slots=True)
class SizeLaw:
    """moved = prefactor · size_adv^exponent, with 95 % intervals that draw clusters anew, and how many orders."""

    exponent: float
    exponent_interval: tuple[float, float]
    prefactor: float
    prefactor_interval: tuple[float, float]
    orders: int
    clusters: int


def proxy_orders(tape: Tape, scale: TapeScale, traders: int, random: np.random.Generator) -> ProxyOrders:
    """Deal the day's signed trades to so many traders, each as likely, and string each one's runs of one sign together.

    A run, ended by a trade of the other sign by the same trader or else by the day, is an order if it has two children
    or more. UsageError with no trader.
    """
    trades, first, children = trader_runs(tape, traders, random)
    shares = np.add.reduceat(tape.trade_shares[trades], first) if len(first) else np.zeros(0)
    kept = children >= 2
    begin, end = trades[first[kept]], trades[(first + children - 1)[kept]]
    traded = np.cumsum(tape.trade_shares)
    started, ended = tape.mid_before(tape.trade_ns[begin]), tape.mid_at(tape.trade_ns[end])
    moved = tape.trade_sign[begin] * np.log(ended / started) / scale.volatility_daily
    known = np.isfinite(moved)
    volume = traded[end] - traded[begin] + tape.trade_shares[begin]
    return ProxyOrders(
        size_adv=(shares[kept] / scale.adv_shares)[known],
        moved=moved[known],
        duration=(volume / scale.adv_shares)[known],
        start_ns=tape.trade_ns[begin][known],
        children=children[kept][known],
    )


def trader_runs(
    tape: Tape, traders: int, random: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The signed trades, rows of the tape, by trader and time; the places in it at which runs of a sign begin; how long
    each run is. UsageError with no trader.
    """
    if traders < 1:
        raise UsageError(f"{traders} traders", remedy="give one or more")
    signed = np.flatnonzero(tape.trade_sign)
    trader = random.integers(0, traders, len(signed))
    order = np.argsort(trader, kind="stable")
    trades, who = signed[order], trader[order]
    sign = tape.trade_sign[trades]
    first = np.flatnonzero(np.concatenate([[True], (who[1:] != who[:-1]) | (sign[1:] != sign[:-1])])[: len(sign)])
    return trades, first, np.diff(np.append(first, len(sign)))


def size_sums(orders: ProxyOrders, cluster: NDArray[np.int64], clusters: int) -> NDArray[np.float64]:
    """Sums from which the law is fitted, float64 (2 + 2 · exponents, clusters): they add up over deals and days.

    Rows: count, Σ w m², then for each of `EXPONENTS` Σ w q^2δ, and Σ w q^δ m; w = 1 / duration, as the price wanders in
    proportion to the time it has.
    """
    weight = 1.0 / orders.duration
    each = len(EXPONENTS)
    found = np.empty((2 + 2 * each, clusters))

    def summed(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(cluster, weights=values, minlength=clusters).astype(np.float64)

    found[0], found[1] = summed(np.ones(len(orders))), summed(weight * orders.moved**2)
    logarithm = np.log(orders.size_adv)
    for place, exponent in enumerate(EXPONENTS.tolist()):
        powered = np.exp(exponent * logarithm)
        found[2 + place] = summed(weight * powered**2)
        found[2 + each + place] = summed(weight * powered * orders.moved)
    return found


def prefactor_at(sums: NDArray[np.float64], exponent: float) -> float:
    """The prefactor of the law whose exponent is the one tried that is nearest to this, by `size_sums`."""
    place = int(np.argmin(np.abs(EXPONENTS - exponent)))
    return float(sums[2 + len(EXPONENTS) + place].sum() / sums[2 + place].sum())


def fit_size_law(sums: NDArray[np.float64], *, draws: int = 1_000, seed: int = 0) -> SizeLaw:
    """Weighted least squares of the moves on a power of size; orders that moved the price the other way count too.

    `sums` are `size_sums`, added over deals of the same days. Nothing is fitted to logarithms: they would leave out all
    orders with which the price went the other way. DataError with fewer than 100 orders or two clusters.
    """
    held = sums[:, sums[0] > 0.0]
    count, clusters = int(sums[0].sum()), held.shape[1]
    if count < FEWEST_ORDERS or clusters < 2:
        raise DataError(f"{count} orders made of the tape are too few", remedy=f"give {FEWEST_ORDERS} or more")
    exponent, prefactor = _law(held.sum(axis=1)[:, None])
    often = np.random.default_rng(seed).multinomial(clusters, np.full(clusters, 1.0 / clusters), size=draws)
    exponents, prefactors = _law(held @ often.T)
    tails = [(1.0 - _CONFIDENCE) / 2.0, (1.0 + _CONFIDENCE) / 2.0]
    low, high = np.quantile(exponents, tails).tolist()
    least, most = np.quantile(prefactors, tails).tolist()
    return SizeLaw(float(exponent[0]), (low, high), float(prefactor[0]), (least, most), count, clusters)


def _law(sums: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Exponent and prefactor of each column of sums: the exponent of the grid that leaves least, and between."""
    each = len(EXPONENTS)
    squares, products = sums[2 : 2 + each], sums[2 + each :]
    explained = products**2 / squares
    best = np.argmax(explained, axis=0)
    inside = np.clip(best, 1, each - 2)
    column = np.arange(sums.shape[1])
    left, middle, right = (explained[inside + step, column] for step in (-1, 0, 1))
    bend = left - 2.0 * middle + right
    with np.errstate(invalid="ignore", divide="ignore"):
        shift = np.where(bend < 0.0, np.clip(0.5 * (left - right) / bend, -1.0, 1.0), 0.0)
    place = np.where(best == inside, inside + shift, best)
    level = products / squares
    exponent = np.interp(place, np.arange(each), EXPONENTS)
    lower = np.clip(place.astype(np.int64), 0, each - 2)
    part = place - lower
    # The prefactor runs through decades as the exponent moves: its logarithm is straight between two of the grid.
    sign = np.sign(level[best, column])
    logs = [np.log(np.maximum(np.abs(level[lower + step, column]), 1e-300)) for step in (0, 1)]
    return exponent, np.asarray(sign * np.exp(logs[0] * (1.0 - part) + logs[1] * part))
