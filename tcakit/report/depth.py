"""The displayed book around an order: how many shares stood at each price while it was worked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.market import codes
from tcakit.market.instrument import Instrument

COLUMNS = 120
PRICES = 40
LEVELS = 5


@dataclass(frozen=True, slots=True)
class DepthGrid:
    """Displayed shares at `prices` (currency, ascending) and `times_ns` (UTC).

    `shares` is (prices, times), zero where nothing stood; `best_bid` and `best_offer` (currency) stand inside at each
    time, NaN where a side was empty. `note` says what a reader must know of the picture.
    """

    times_ns: NDArray[np.int64]
    prices: NDArray[np.float64]
    shares: NDArray[np.float64]
    best_bid: NDArray[np.float64]
    best_offer: NDArray[np.float64]
    note: str = ""

    def mean_by_level(self, levels: int = LEVELS) -> list[tuple[float | None, float | None]]:
        """Mean shares over time at the best bid and offer, the next prices with shares, and so on; None where none."""
        found: list[tuple[list[float], list[float]]] = [([], []) for _ in range(levels)]
        for column in range(self.times_ns.size):
            standing = np.flatnonzero(self.shares[:, column] > 0)
            prices = self.prices[standing]
            bids = standing[prices <= self.best_bid[column] + 1e-9][::-1]
            offers = standing[prices >= self.best_offer[column] - 1e-9]
            for side, rows in enumerate((bids, offers)):
                for level, row in enumerate(rows[:levels]):
                    found[level][side].append(float(self.shares[row, column]))
        means = [tuple(float(np.mean(side)) if side else None for side in level) for level in found]
        return [(bid, offer) for bid, offer in means if bid is not None or offer is not None]


def depth_grid(
    events: Mapping[str, Any],
    instrument: Instrument,
    start_ns: int,
    end_ns: int,
    *,
    columns: int = COLUMNS,
    prices: int = PRICES,
) -> DepthGrid | None:
    """The book at `columns` equal times of [start, end] from `book_events`, at up to `prices` prices by the mid.

    `events` has the columns ts_ns, kind, side, price and level_size of one symbol in the order of the tape, from the
    day's first row to the end of the window at least. None where no level stood in the window.
    """
    times = np.linspace(start_ns, end_ns, columns).astype(np.int64)
    seen = _levels(events, times)
    if not seen:
        return None
    best = {side: np.full(columns, np.nan) for side in (codes.BUY, codes.SELL)}
    for (side, price), sizes in seen.items():
        better = np.fmax if side == codes.BUY else np.fmin
        best[side] = np.where(sizes > 0, better(best[side], float(price)), best[side])
    inside = np.concatenate([best[codes.BUY], best[codes.SELL]])
    if not np.isfinite(inside).any():
        return None
    centre = float(np.nanmedian(inside))
    wanted = sorted({price for _, price in seen}, key=lambda price: (abs(price - centre), price))
    kept = sorted(wanted[:prices])
    row_of = {price: row for row, price in enumerate(kept)}
    shares = np.zeros((len(kept), columns))
    for (_, price), sizes in seen.items():
        if price in row_of:
            shares[row_of[price]] += sizes / instrument.size_scale
    left_out = len(wanted) - len(kept)
    note = f"{left_out} prices farther away are left out." if left_out else ""
    scale = instrument.price_scale
    best_bid, best_offer = best[codes.BUY] / scale, best[codes.SELL] / scale
    return DepthGrid(times, np.array(kept) / scale, shares, best_bid, best_offer, note)


def _levels(events: Mapping[str, Any], times: NDArray[np.int64]) -> dict[tuple[int, int], NDArray[np.float64]]:
    """Stored size of every level of (side, price) at those times, for levels that stood at one of them."""
    ns, kind = np.asarray(events["ts_ns"]), np.asarray(events["kind"])
    side, price, size = (np.asarray(events[name]) for name in ("side", "price", "level_size"))
    # The last row of each time counts: a time stands after all rows up to and at it.
    reach = np.searchsorted(ns, times, side="right")
    clears = np.flatnonzero(kind == codes.CLEAR)
    last_clear = np.concatenate([[-1], clears])[np.searchsorted(clears, reach, side="left")]
    rows = np.flatnonzero(np.isin(kind, list(codes.BOOK_KINDS)))
    shown = np.where(kind[rows] == codes.LEAVE, 0, size[rows])
    order = np.lexsort((rows, price[rows], side[rows]))
    rows, shown = rows[order], shown[order]
    edges = np.flatnonzero((np.diff(side[rows]) != 0) | (np.diff(price[rows]) != 0)) + 1
    found = {}
    for own, own_shown in zip(np.split(rows, edges), np.split(shown, edges), strict=True):
        if not own.size:
            continue
        at = np.searchsorted(own, reach, side="left") - 1
        held = np.where((at >= 0) & (own[at] > last_clear), own_shown[at], 0).astype(np.float64)
        if held.any():
            found[int(side[own[0]]), int(price[own[0]])] = held
    return found
