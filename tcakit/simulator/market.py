"""A simulated market that can be run to any time, and the orders that strategies sent to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tcakit.book import fifo_kernel as fk
from tcakit.market import codes
from tcakit.market.instrument import Instrument
from tcakit.simulator import market_layout_kernel as ml
from tcakit.simulator.market_room import enlarged, longer
from tcakit.simulator.market_table import MarketTable
from tcakit.simulator.seen_kernel import BEST_ASK, BEST_BID, SEEN, SEEN_VOLUME, see
from tcakit.venue import engine_layout_kernel as ek
from tcakit.venue import midpoint_layout_kernel as mp
from tcakit.venue.latency import CANCEL, MODIFY, SUBMIT, ConstantLatency, Latency
from tcakit.venue.limits import OrderGuard, PreTradeLimits
from tcakit.venue.order_parts import OrderParts, check_parts, check_size

_ASKS = {ml.SEND_NEW: SUBMIT, ml.SEND_CANCEL: CANCEL, ml.SEND_MODIFY: MODIFY}
_OVER = frozenset((codes.FILLED, codes.CANCELLED, codes.REJECTED, codes.EXPIRED))


@dataclass(frozen=True, slots=True)
class TradingRules:
    """How our messages get there and back, and what the most is that one strategy may send.

    Times in ns. `limits` are those of `venue.limits`, checked before a message leaves.
    """

    latency: Latency = field(default_factory=ConstantLatency)
    limits: PreTradeLimits | None = None


@dataclass(slots=True)
class OwnOrder:
    """One of our orders as it was sent; `tick` None for a market order, or in the dark for one without limit; times ns
    since 1970."""

    owner: int
    side: int
    quantity: int
    tick: int | None
    time_in_force: int
    parts: OrderParts
    submitted_ns: int
    leaves: int
    is_over: bool = False
    is_dark: bool = False
    minimum_quantity: int = 0


class SimulatedMarket:
    """A market of background flow and participants with our orders in it.

    `market` are its arrays as `simulator.sources` makes them; ticks of the outside are `base_tick` above the engine's
    levels. `now` is the time it has come to. Orders are numbered from 0 in the order in which they were sent.
    """

    def __init__(
        self,
        market: ml.Market,
        instrument: Instrument,
        base_tick: int,
        rules: TradingRules | None = None,
        dark_venue: str | None = None,
    ) -> None:
        self.market = market
        self.table = MarketTable()
        self.instrument = instrument
        self.base_tick = base_tick
        self.rules = rules or TradingRules()
        self.dark_venue = dark_venue
        self.orders: list[OwnOrder] = []
        self.local_events: list[tuple[int, int, int, int | None, int]] = []
        """(ns, order, event, tick, size) of what we asked of an order after it was sent, and of what never left."""
        self.refused: list[tuple[int, int, int]] = []
        self._guards: dict[int, OrderGuard] = {}
        self._messages = 0
        self._last_arrival = 0
        self._seen = np.zeros(SEEN, np.int64)
        self._seen[BEST_BID], self._seen[BEST_ASK] = -1, self._ladder
        self._sizes = np.zeros((2, self._ladder), np.int64) if self.rules.latency.feed_ns else None
        market.at[ml.RESPONSE_NS] = self.rules.latency.response_ns

    # --- time ------------------------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        return int(self.market.at[ml.NOW])

    @property
    def events(self) -> int:
        """What has happened so far: proposals, wakes of participants, messages, dates of the calendar."""
        return int(self.market.at[ml.EVENTS])

    @property
    def phase(self) -> int:
        """The phase of trading (venue.engine_layout_kernel)."""
        return int(self.market.engine.counters[ek.PHASE])

    def advance(self, until: int) -> int:
        """Run to a time (ns), or to the first answer or watched change before it; gives which (AT_TIME, RESPONSE or
        TOUCHED of `market_layout_kernel`). DataError where the market cannot go on."""
        while True:
            status = self.table.run(self.market, until)
            if status in (ml.AT_TIME, ml.RESPONSE, ml.TOUCHED):
                return status
            self.market = enlarged(self.market, status, self.instrument.symbol)

    def enlarge(self, status: int) -> None:
        """Make room for what a run came back for. DataError where no room would help."""
        self.market = enlarged(self.market, status, self.instrument.symbol)

    @property
    def is_idle(self) -> bool:
        """Whether neither message of ours nor answer is under way."""
        at = self.market.at
        return at[ml.DELIVERED] == at[ml.LOG_ROWS] and self._last_arrival <= at[ml.NOW]

    @property
    def last_arrival_ns(self) -> int:
        """When the last message that was sent arrives, and its answer."""
        return self._last_arrival + self.rules.latency.response_ns

    # --- what is seen of it ------------------------------------------------------------------------------------

    @property
    def _ladder(self) -> int:
        return int(self.market.engine.levels.shape[2])

    def _look(self) -> None:
        engine = self.market.engine
        until = self.now - self.rules.latency.feed_ns
        see(engine.tape, engine.counters[ek.TAPE_ROWS], until, self._seen, self._sizes)

    def best_tick(self, row: int) -> int | None:
        """The best displayed tick that has reached us, of the bids (0) or the offers (1)."""
        if self._sizes is None:
            level = int(self.market.engine.best[ek.DISPLAYED, row])
        else:
            self._look()
            level = int(self._seen[BEST_BID + row])
        return level + self.base_tick if 0 <= level < self._ladder else None

    def size_at(self, side: int, tick: int) -> int:
        """Displayed size at a level that has reached us; ours is part of it."""
        level, row = tick - self.base_tick, 0 if side > 0 else 1
        if not 0 <= level < self._ladder:
            return 0
        if self._sizes is None:
            return int(self.market.engine.levels[ek.DISPLAYED, row, level, fk.LEVEL_SIZE])
        self._look()
        return int(self._sizes[row, level])

    @property
    def dark_volume(self) -> int:
        """Size printed in the dark that has reached us."""
        dark = self.market.dark
        prints = dark.prints[: dark.counters[mp.PRINT_ROWS]]
        heard = np.searchsorted(prints[:, mp.PRINT_TS], self.now - self.rules.latency.feed_ns, "right")
        return int(prints[:heard, mp.PRINT_SIZE].sum())

    @property
    def market_volume(self) -> int:
        """Printed size that has reached us."""
        if self._sizes is None:
            return int(self.market.at[ml.VOLUME])
        self._look()
        return int(self._seen[SEEN_VOLUME])

    # --- what is sent to it ------------------------------------------------------------------------------------

    def submit(
        self, owner: int, side: int, quantity: int, tick: int | None, time_in_force: int, parts: OrderParts
    ) -> int:
        """Send an order of a strategy (numbered from 0) now; gives its number. ValueError for what cannot be."""
        check_size(side, quantity, self.instrument.lot_size)
        check_parts(parts, quantity, tick, time_in_force, self.instrument.lot_size)
        _check_together(parts, time_in_force)
        number = self._noted(OwnOrder(owner, side, quantity, tick, time_in_force, parts, self.now, quantity))
        if self.orders[number].is_over:
            return number
        stop = ek.NO_LEVEL if parts.stop_tick is None else self._level(parts.stop_tick)
        is_limit = tick is not None or parts.peg is not None
        level = ek.NO_LEVEL if tick is None else self._level(tick)
        if tick is None and parts.peg is not None:
            level = self._ladder - 2 if side > 0 else 1
        self._send(ml.SEND_NEW, number, level, quantity, codes.LIMIT if is_limit else codes.MARKET, stop)
        return number

    def submit_dark(
        self, owner: int, side: int, quantity: int, tick: int | None, time_in_force: int, minimum_quantity: int
    ) -> int:
        """Send an order of a strategy to the dark venue; gives its number. ValueError for what cannot be."""
        lot = self.instrument.lot_size
        check_size(side, quantity, lot)
        if time_in_force not in (codes.GTC, codes.DAY, codes.IOC):
            raise ValueError("in the dark an order is good till cancelled, for the day, or immediate or cancel")
        if not 0 <= minimum_quantity <= quantity or minimum_quantity % lot:
            raise ValueError(f"minimum_quantity {minimum_quantity}: a multiple of {lot}, no more than {quantity}")
        parts = OrderParts(peg=codes.MIDPOINT_PEG, is_hidden=True)
        number = self._noted(
            OwnOrder(
                owner, side, quantity, tick, time_in_force, parts, self.now, quantity,
                is_dark=True, minimum_quantity=minimum_quantity,
            )
        )  # fmt: skip
        if not self.orders[number].is_over:
            level = ek.NO_LEVEL if tick is None else self._level(tick)
            self._send(ml.SEND_NEW, number, level, quantity, codes.LIMIT, ek.NO_LEVEL)
        return number

    def _noted(self, order: OwnOrder) -> int:
        """Give a new order its number; it is over at once where a limit of ours refuses it."""
        number = len(self.orders)
        if number >= self.market.own.shape[0]:
            self.market = self.market._replace(own=longer(self.market.own, -1))
        self.orders.append(order)
        self.market.own[number] = -1, order.owner
        refusal = self._refusal_of_new(
            self.now, order.owner, number, order.side, order.quantity, order.tick, order.parts
        )
        if refusal:
            order.is_over = True
            self._refuse(number, refusal, codes.REJECTED)
        return number

    def cancel(self, owner: int, number: int) -> None:
        """Ask now for an order to be taken back; nothing happens where it is known to be over."""
        if not self._is_open(owner, number):
            return
        order = self.orders[number]
        if self.rules.limits is not None:
            self._guard(owner).counted(self.now)
        self.local_events.append((self.now, number, codes.PENDING_CANCEL, order.tick, 0))
        self._send(ml.SEND_CANCEL, number, 0, 0, codes.LIMIT, -1)

    def modify(self, owner: int, number: int, quantity: int, tick: int | None) -> None:
        """Ask now for another limit or open size of an order; None for no limit is for orders in the dark."""
        lot = self.instrument.lot_size
        if quantity <= 0 or quantity % lot:
            raise ValueError(f"quantity {quantity}: a multiple of {lot} above zero; to take an order back, cancel it")
        if not self._is_open(owner, number):
            return
        order, now = self.orders[number], self.now
        if self.rules.limits is not None:
            guard = self._guard(owner)
            touch = self.best_tick(0), self.best_tick(1)
            refusal = guard.refusal(order.side, quantity, tick, *touch, now_ns=now, worst_tick=tick, order=number)
            if refusal:
                self._refuse(number, refusal, codes.MODIFY_REJECTED)
                return
            guard.sent(now, number, order.side, quantity)
        self.local_events.append((now, number, codes.PENDING_MODIFY, tick, quantity))
        level = ek.NO_LEVEL if tick is None else self._level(tick)
        self._send(ml.SEND_MODIFY, number, level, quantity, codes.LIMIT, ek.NO_LEVEL)

    def _level(self, tick: int) -> int:
        """The engine's level of a tick; one below its ladder must not be taken for none at all."""
        level = tick - self.base_tick
        return level if level >= 0 else ek.NO_LEVEL - 1

    def _is_open(self, owner: int, number: int) -> bool:
        return 0 <= number < len(self.orders) and self.orders[number].owner == owner and not self.orders[number].is_over

    def _send(self, what: int, number: int, level: int, quantity: int, order_type: int, stop: int) -> None:
        """Put a message on its way; messages of ours never overtake each other."""
        from tcakit.simulator.bus_kernel import post

        market, order = self.market, self.orders[number]
        if market.at[ml.BUS_COUNT] + 1 >= market.bus.shape[0]:
            self.market = market = enlarged(market, ml.BUS_FULL, self.instrument.symbol)
        under_way = self.rules.latency.entry(_ASKS[what], self._messages, self.now)
        self._messages += 1
        if under_way < 0:
            lost = codes.REJECTED if what == ml.SEND_NEW else codes.CANCEL_REJECTED
            self._refuse(number, codes.NEVER_ARRIVED, lost if what != ml.SEND_MODIFY else codes.MODIFY_REJECTED)
            return
        arrival = max(self.now + under_way, self._last_arrival)
        self._last_arrival = arrival
        owner = int(market.at[ml.FIRST_OWN]) + order.owner
        row = post(
            market.at, market.bus, market.heap, market.spare, arrival, what, owner, number, 0, order.side, level,
            quantity, order_type, order.time_in_force, ml.NO_TAG,
        )  # fmt: skip
        if order.is_dark:
            market.bus[row, ml.VENUE] = ml.DARK
            market.bus[row, ml.LEAST] = order.minimum_quantity
            return
        market.bus[row, ml.STOP] = stop
        market.bus[row, ml.HIDDEN] = int(order.parts.is_hidden)
        market.bus[row, ml.DISPLAY] = order.parts.display_quantity or 0
        market.bus[row, ml.PEG] = order.parts.peg or codes.NO_PEG
        market.bus[row, ml.PEG_OFFSET] = order.parts.peg_offset_ticks

    # --- limits and answers ------------------------------------------------------------------------------------

    def _refusal_of_new(
        self, now: int, owner: int, number: int, side: int, quantity: int, tick: int | None, parts: OrderParts
    ) -> int:
        if self.rules.limits is None:
            return codes.NO_REASON
        collared = None if parts.is_priced_later else tick
        worst = tick if tick is not None else parts.stop_tick
        guard, touch = self._guard(owner), (self.best_tick(0), self.best_tick(1))
        refusal = guard.refusal(side, quantity, collared, *touch, now_ns=now, worst_tick=worst)
        if refusal == codes.NO_REASON:
            guard.sent(now, number, side, quantity)
        return refusal

    def _guard(self, owner: int) -> OrderGuard:
        if owner not in self._guards:
            value = self.instrument.tick_size / self.instrument.price_scale
            self._guards[owner] = OrderGuard(self.rules.limits or PreTradeLimits(), value, self.instrument.size_scale)
        return self._guards[owner]

    def _refuse(self, number: int, reason: int, event: int) -> None:
        """Write into the log that a message never left, or never arrived: it is told at once."""
        if self.market.at[ml.LOG_ROWS] >= self.market.log.shape[0]:
            self.market = enlarged(self.market, ml.LOG_FULL, self.instrument.symbol)
        market, order = self.market, self.orders[number]
        row = market.log[market.at[ml.LOG_ROWS]]
        row[:] = 0
        row[[ml.LOG_NS, ml.LOG_LOCAL_NS]] = self.now
        row[ml.LOG_ORDER], row[ml.LOG_EVENT], row[ml.LOG_REASON] = number, event, reason
        row[ml.LOG_LEVEL] = -1 if order.tick is None else order.tick - self.base_tick
        row[ml.LOG_LEAVES] = 0 if event == codes.REJECTED else order.leaves
        row[[ml.LOG_BID, ml.LOG_ASK]] = market.engine.best[ek.DISPLAYED]
        row[[ml.LOG_TAPE_ROW, ml.LOG_AHEAD]] = -1
        market.at[ml.LOG_ROWS] += 1

    def answers(self) -> Sequence[NDArray[np.int64]]:
        """Rows of the log that have reached us and were not read before; they are read now."""
        at, log = self.market.at, self.market.log
        first, last = int(at[ml.DELIVERED]), int(at[ml.LOG_ROWS])
        end = first
        while end < last and log[end, ml.LOG_LOCAL_NS] <= at[ml.NOW]:
            row = log[end]
            event, number = int(row[ml.LOG_EVENT]), int(row[ml.LOG_ORDER])
            self.orders[number].leaves = int(row[ml.LOG_LEAVES])
            if event in _OVER:
                self.orders[number].is_over = True
            if self.rules.limits is not None:
                guard = self._guard(self.orders[number].owner)
                answers_change = event in (codes.REPLACED, codes.MODIFY_REJECTED)
                guard.told(number, int(row[ml.LOG_LEAVES]), int(row[ml.LOG_SIZE]), event in _OVER, answers_change)
            end += 1
        at[ml.DELIVERED] = end
        return [log[place].copy() for place in range(first, end)]


def _check_together(parts: OrderParts, time_in_force: int) -> None:
    """ValueError for parts that a replay takes together, and the matching engine does not."""
    _, display, peg, _, is_hidden = parts
    if peg is not None and (display is not None or is_hidden or time_in_force == codes.POST_ONLY):
        raise ValueError("in a simulated market a pegged order is unseen and passive anyway: no iceberg, no post-only")
    if parts.stop_tick is not None and (display is not None or is_hidden):
        raise ValueError("in a simulated market a stop order is no iceberg and not hidden")
