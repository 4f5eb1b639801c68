"""Recorded days to learn in: each episode replays a part of one, from a start of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import DataError, UsageError
from tcakit.learn.stepped_market import OwnOrders
from tcakit.market.clock import NS_PER_SECOND
from tcakit.market.instrument import Instrument
from tcakit.replay import layout_kernel as lk
from tcakit.replay.columns import Feed
from tcakit.replay.own_gateway import OwnGateway
from tcakit.replay.recorded_market import RecordedMarket
from tcakit.replay.replay import teller
from tcakit.replay.settings import ReplaySettings
from tcakit.venue.wakes import Wakes

_BLOCK_NS = 1_800 * NS_PER_SECOND
_SAMPLES = 2_000


class ReplayedMarket:
    """A recorded market that has been replayed to a start (`stepped_market.SteppedMarket`)."""

    def __init__(self, day: _Day, settings: ReplaySettings, orders: OwnOrders) -> None:
        self.instrument = day.feed.instrument
        self._day = day
        self._market = market = RecordedMarket(day.feed, settings)
        others: dict[str, OwnGateway] = {}
        self.gateway = others[self.instrument.symbol] = OwnGateway(self.instrument.symbol, market, 0, Wakes(), others)
        self._tell = teller(market, [orders], [self.gateway])

    def advance(self, until_ns: int) -> None:
        market, clock = self._market, self._market.clock
        while market.advance(max(until_ns, clock.now)) == lk.RESPONSE:
            self._tell()

    @property
    def answered_ns(self) -> int:
        market = self._market
        return market.clock.now if market.is_done else max(market.clock.now, market.last_arrival_ns)

    def shown(self, order: int) -> int:
        """Nothing: a recording has no orders of ours in it."""
        return 0

    def traded(self) -> tuple[int, int, int]:
        day = self._day
        seen = int(np.searchsorted(day.feed.print_row, self._market.at[lk.LOCAL_ROW]))
        return (int(day.feed.print_volume[seen - 1]), int(day.bought[seen]), int(day.sold[seen])) if seen else (0, 0, 0)


class _Day:
    """A feed, and what takers had bought and sold before each of its prints."""

    __slots__ = ("bought", "feed", "sold")

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        size = np.diff(feed.print_volume, prepend=0)
        # The side of a print is that of the book that was hit.
        side = feed.side[feed.print_row]
        self.bought, self.sold = (_so_far(np.where(side == hit, size, 0)) for hit in (-1, 1))


def _grid(instrument: Instrument) -> tuple[str, int, int, int]:
    return instrument.symbol, instrument.price_scale, instrument.tick_size, instrument.lot_size


def _so_far(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(sizes)])


class ReplayedMarkets:
    """Episodes in recorded days (`stepped_market.MarketSource`).

    Episodes start every `every_s` seconds from `first_ns` on (by default the first row that shows both sides), as long
    as they end before `last_ns` (by default the last row); `draw` n is start n, modulo their number, over all days in
    their order. UsageError if no episode fits.
    """

    def __init__(
        self,
        feeds: Sequence[Feed],
        settings: ReplaySettings | None = None,
        *,
        every_s: float = 60.0,
        first_ns: int | None = None,
        last_ns: int | None = None,
    ) -> None:
        if not feeds:
            raise UsageError("no recorded day to learn in", place="feeds", remedy="give at least one feed")
        if len({_grid(feed.instrument) for feed in feeds}) > 1:
            raise UsageError("the feeds are of several instruments", place="feeds", remedy="take those of one")
        if not every_s > 0:
            raise UsageError(f"every_s is {every_s!r}", place="every_s", remedy="give seconds above zero")
        self.settings = settings or ReplaySettings()
        self._days = [_Day(feed) for feed in feeds]
        self._every_ns = max(1, round(every_s * NS_PER_SECOND))
        self._first_ns, self._last_ns = first_ns, last_ns
        self._starts: dict[int, list[tuple[int, int]]] = {}

    @property
    def instrument(self) -> Instrument:
        return self._days[0].feed.instrument

    @property
    def spread_ticks(self) -> float:
        feed = self._days[0].feed
        rows = np.linspace(0, len(feed.ns) - 1, min(_SAMPLES, len(feed.ns))).astype(np.int64)
        bid, ask = feed.best_bid[rows], feed.best_ask[rows]
        good = (bid >= 0) & (ask < feed.ticks)
        return max(1.0, float(np.median(ask[good] - bid[good]))) if good.any() else 1.0

    def starts(self, duration_ns: int) -> list[tuple[int, int]]:
        """(number of the day, ns) of all starts of episodes that last so long."""
        if duration_ns not in self._starts:
            self._starts[duration_ns] = [
                (number, start)
                for number, day in enumerate(self._days)
                for start in self._starts_of(day.feed, duration_ns)
            ]
        found = self._starts[duration_ns]
        if not found:
            raise UsageError(
                f"no episode of {duration_ns / NS_PER_SECOND:g} s fits into the recording",
                place=self.instrument.symbol,
                remedy="take a shorter one, or a longer recording",
            )
        return found

    def _starts_of(self, feed: Feed, duration_ns: int) -> list[int]:
        both = np.flatnonzero((feed.best_bid >= 0) & (feed.best_ask < feed.ticks))
        if not len(both):
            raise DataError("the book never shows both sides", place=feed.instrument.symbol)
        first = int(feed.ns[both[0]]) if self._first_ns is None else self._first_ns
        last = int(feed.ns[-1]) if self._last_ns is None else self._last_ns
        starts = np.arange(first, last - duration_ns + 1, self._every_ns)
        row = np.searchsorted(feed.ns, starts, side="right") - 1
        seen = row >= 0
        good = seen & (feed.best_bid[row] >= 0) & (feed.best_ask[row] < feed.ticks)
        return [int(start) for start in starts[good]]

    def open(self, draw: int, duration_ns: int, orders: OwnOrders) -> ReplayedMarket:
        starts = self.starts(duration_ns)
        number, start = starts[draw % len(starts)]
        market = ReplayedMarket(self._days[number], self.settings, orders)
        market.advance(start)
        return market

    def episodes(self, duration_ns: int) -> int | None:
        """One for each start."""
        return len(self.starts(duration_ns))

    def block(self, draw: int, duration_ns: int) -> str:
        starts = self.starts(duration_ns)
        number, start = starts[draw % len(starts)]
        return f"{number}:{start // max(_BLOCK_NS, duration_ns)}"
