"""Facts of trades that LOB-Bench has none of: memory of signs, and how orders made of trades move the price."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import DataError
from tcakit.impact.random_traders import fit_size_law, proxy_orders, size_sums, trader_runs
from tcakit.impact.tape import Tape
from tcakit.impact.tape_scale import scales
from tcakit.simulator.scores.block_draws import (
    BLOCKS,
    UNKNOWN,
    Estimate,
    block_sums,
    blocks_of_time,
    estimate,
    power_law,
)

SIGN_LAGS = np.unique(np.round(np.logspace(0.0, np.log10(200.0), 24)).astype(np.int64))
TRADERS = 10
DEALS = 5
CHILDREN = 3
PATH = np.array([0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0])
_END, _AFTER = 3, 6  # places of 1 and 2 in `PATH`
PARTS = 13
_FEWEST_TRADES = 1_000
_FEWEST_ORDERS = 500


def sign_memory(tape: Tape) -> tuple[Estimate, Estimate, str | None]:
    """C(l), the mean product of signs l trades apart, its exponent γ in C ~ l^-γ, or why there is none.

    Lillo and Farmer (2004): γ is about 0.5. Blocks are runs of as many trades each.
    """
    signs = tape.trade_sign[tape.trade_sign != 0.0]
    if len(signs) < _FEWEST_TRADES:
        return UNKNOWN, UNKNOWN, f"{len(signs)} trades of a known side, {_FEWEST_TRADES} are needed"
    count = len(signs)
    block = np.arange(count) * BLOCKS // count
    columns = np.zeros((2 * len(SIGN_LAGS), count))
    for place, lag in enumerate(SIGN_LAGS.tolist()):
        columns[2 * place, :-lag] = signs[:-lag] * signs[lag:]
        columns[2 * place + 1, :-lag] = 1.0
    sums = block_sums(block, columns, BLOCKS)

    def correlation(found: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(found[..., ::2] / found[..., 1::2])

    curve = estimate(sums, correlation)
    exponent = estimate(sums, lambda found: power_law(SIGN_LAGS.astype(np.float64), correlation(found)))
    why = None if np.isfinite(exponent.value[0]) else "signs of trades are not alike over any lags"
    return curve, exponent, why


def size_exponent(tape: Tape, *, seed: int = 0) -> tuple[Estimate, str | None]:
    """δ in I(Q) ~ Q^δ of orders made of the tape by ten traders drawn at random (Maitrier, Loeper and Bouchaud 2025).

    About 0.5 in markets. Thirteenths of the session, half-hours of most, are drawn anew. None, and why, where too few
    orders can be made.
    """
    random = np.random.default_rng(seed)
    try:
        (scale,) = scales([tape])
        total = np.zeros(1)
        for _ in range(DEALS):
            orders = proxy_orders(tape, scale, TRADERS, random)
            total = total + size_sums(orders, _part_of(tape, orders.start_ns), PARTS)
        law = fit_size_law(total)
    except DataError as error:
        return UNKNOWN, str(error)
    low, high = law.exponent_interval
    return Estimate(*(np.array([value]) for value in (law.exponent, low, high))), None


def impact_path(tape: Tape, *, seed: int = 0) -> tuple[Estimate, Estimate, str | None]:
    """Mean move at each of `PATH` over that at the end of the same orders, and how much is left at twice their time.

    `PATH` counts an order's own duration from its start. An order is the first three trades of a run of one of ten
    traders drawn at random: a run as a whole ends because its trader turns, and a trade the other way would seem to be
    decay. 0.3 to 0.8 is left of real orders; others' flow goes on after these, as signs are alike. Only orders of which
    three durations lie in the session count. Or why there is none.
    """
    random = np.random.default_rng(seed)
    moves, starts = [], []
    for _ in range(DEALS):
        trades, first, length = trader_runs(tape, TRADERS, random)
        first = first[length >= CHILDREN]
        begin, end = trades[first], trades[first + CHILDREN - 1]
        start, lasted = tape.trade_ns[begin], tape.trade_ns[end] - tape.trade_ns[begin]
        held = (lasted > 0) & (start + 3 * lasted <= tape.close_ns)
        start, lasted, begin = start[held], lasted[held], begin[held]
        before = np.log(tape.mid_before(start))
        path = np.log(tape.mid_at(start[:, None] + np.rint(PATH * lasted[:, None]).astype(np.int64)))
        found = tape.trade_sign[begin][:, None] * (path - before[:, None])
        known = np.isfinite(found).all(axis=1)
        moves.append(found[known])
        starts.append(start[known])
    moved, when = np.concatenate(moves), np.concatenate(starts)
    if len(moved) < _FEWEST_ORDERS:
        return UNKNOWN, UNKNOWN, f"{len(moved)} orders of the tape whose aftermath is seen, {_FEWEST_ORDERS} are needed"
    sums = block_sums(_part_of(tape, when), moved.T, PARTS)

    def path_of(found: NDArray[np.float64]) -> NDArray[np.float64]:
        peak = found[..., _END : _END + 1]
        return np.asarray(np.where(peak > 0.0, found / peak, np.nan))

    left = estimate(sums, lambda found: path_of(found)[..., _AFTER : _AFTER + 1])
    why = None if np.isfinite(left.value[0]) else "orders made of the tape do not move the price their way"
    return estimate(sums, path_of), left, why


def _part_of(tape: Tape, ns: NDArray[np.int64]) -> NDArray[np.int64]:
    return blocks_of_time(ns, tape.open_ns, tape.close_ns, PARTS)
