"""An order worked step by step in any market that can be stepped: the loop of an episode in plain Python."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import DataError
from tcakit.learn import episode_layout_kernel as el
from tcakit.learn.episode_kernel import arrive, ask, begin, close_step, filled, step_end_ns
from tcakit.learn.feature_kernel import observe
from tcakit.learn.features import FEATURES
from tcakit.learn.stepped_market import MarketSource, OwnOrders, SteppedMarket
from tcakit.learn.stepper import Arrays
from tcakit.learn.task import ExecutionTask
from tcakit.market import codes

_DEPTH_IMBALANCE = FEATURES["depth_imbalance"].number


class Episode:
    """Episodes of one task, one after the other, in markets of a source.

    `arrays` are those of the last step, written anew at each. What an action asks for, fills and costs are the kernels'
    part, the market is the gateway's.
    """

    def __init__(
        self,
        source: MarketSource,
        task: ExecutionTask,
        settings: NDArray[np.float64],
        features: NDArray[np.int64],
        arrays: Arrays,
    ) -> None:
        self.task, self.settings = task, settings
        self.arrays = arrays
        self.account, self.measures, self.observation = arrays
        self._source, self._features = source, features
        self._at = self.account.data
        self._market: SteppedMarket
        self._orders = OwnOrders()
        self._before = 0, 0, 0
        self._has_depth = _DEPTH_IMBALANCE in features

    def begin(self, draw: int, side: int) -> None:
        """Begin the episode of a draw. DataError where its market shows but one side."""
        task, at = self.task, self._at
        self._orders = orders = OwnOrders()
        orders.on_filled, orders.on_gone = self._filled, self._gone
        self._market = market = self._source.open(draw, task.duration_ns, orders)
        now, lot = market.gateway.now_ns, market.instrument.lot_size
        begin(self.account, self.measures, side, task.quantity, lot, task.steps, now, task.duration_ns)
        at[el.BID] = at[el.ASK] = -1
        self._before = market.traded()
        self._look()
        if at[el.BID] < 0 or at[el.ASK] < 0:
            raise DataError(
                "the market shows but one side when the order arrives",
                place=market.instrument.symbol,
                remedy="let episodes start elsewhere",
            )
        arrive(self.account)
        self._observe()

    def act(self, kind: int, value: float, unit: int) -> None:
        """Take a step with an action of `actions`."""
        ask(self.account, kind, value, unit)
        self.follow()

    def instruct(self, quantity: int, offset: int) -> None:
        """Take a step with a market order of `quantity` and a limit order `offset` ticks from the touch for the rest,
        or NO_LIMIT, or LEAVE."""
        at = self._at
        at[el.ASKED_QUANTITY] = quantity
        at[el.ASKED_OFFSET] = offset
        self.follow()

    def follow(self) -> None:
        """Take a step with what is asked for in the account."""
        at, market = self._at, self._market
        at[el.STEP_FILLED] = 0
        end = step_end_ns(self.account)
        self._send(at[el.ASKED_QUANTITY], at[el.ASKED_OFFSET], end)
        market.advance(end)
        if at[el.STEP] + 1 == at[el.STEPS]:
            self._finish()
        self._look()
        close_step(self.account, self.measures, self.settings)
        self._observe()

    def _send(self, quantity: int, offset: int, end: int) -> None:
        """Send what is wanted, once a limit order that is not is out of the way."""
        at, market = self._at, self._market
        tick = -1
        if offset != el.NO_LIMIT and offset != el.LEAVE:
            touch = at[el.BID] if at[el.SIDE] > 0 else at[el.ASK]
            tick = touch + at[el.SIDE] * offset
        if at[el.ORDER] != el.NO_ORDER and offset != el.LEAVE and (tick != at[el.ORDER_TICK] or quantity > 0):
            market.gateway.cancel(at[el.ORDER])
            while (answered := market.answered_ns) <= end:
                market.advance(answered)
                if at[el.ORDER] == el.NO_ORDER or market.answered_ns <= market.gateway.now_ns:
                    break
        if at[el.ORDER] != el.NO_ORDER and tick >= 0:
            # What has not been taken back in time still stands where it stood.
            tick = -1
        self._submit(quantity, None)
        if tick >= 0 and at[el.ORDER] == el.NO_ORDER:
            self._submit(at[el.LEFT] - at[el.OPEN], tick)

    def _submit(self, size: int, tick: int | None) -> None:
        """Send an order for so much of what is free, in whole lots."""
        at, market = self._at, self._market
        size = min(size, at[el.LEFT] - at[el.OPEN]) // at[el.LOT] * at[el.LOT]
        if size <= 0:
            return
        time_in_force = codes.IOC if tick is None else codes.GTC
        order = market.gateway.submit(at[el.SIDE], size, tick, time_in_force)
        at[el.OPEN] += size
        self._orders.sent(order, size)
        if tick is not None:
            at[el.ORDER], at[el.ORDER_TICK] = order, tick

    def _finish(self) -> None:
        """Take what stands back, and send all that is left as a market order."""
        at = self._at
        if at[el.ORDER] != el.NO_ORDER:
            self._market.gateway.cancel(at[el.ORDER])
        self._settle()
        at[el.LEFT_AT_END] = at[el.LEFT]
        self._submit(at[el.LEFT], None)
        self._settle()

    def _settle(self) -> None:
        """Wait until nothing of ours is under way."""
        market = self._market
        market.advance(market.gateway.now_ns)
        while (until := market.answered_ns) > market.gateway.now_ns:
            market.advance(until)

    def _filled(self, tick: int, size: int) -> None:
        filled(self.account, tick, size)
        self._forget()

    def _gone(self, order: int, leaves: int) -> None:
        self._at[el.OPEN] -= leaves
        self._forget()

    def _forget(self) -> None:
        """Know no more of a limit order that has ended."""
        if self._at[el.ORDER] != el.NO_ORDER and self._at[el.ORDER] not in self._orders.leaves:
            self._at[el.ORDER] = el.NO_ORDER

    def _look(self) -> None:
        """Take down the market as it is seen now, our own order left out."""
        at, market = self._at, self._market
        gateway = market.gateway
        for row, best in enumerate((gateway.best_bid_tick, gateway.best_ask_tick)):
            self._look_at(row, best)
        traded, before = market.traded(), self._before
        self._before = traded
        at[el.STEP_VOLUME] = traded[0] - before[0]
        at[el.STEP_BOUGHT], at[el.STEP_SOLD] = traded[1] - before[1], traded[2] - before[2]
        at[el.VOLUME] += at[el.STEP_VOLUME]

    def _look_at(self, row: int, best: int | None) -> None:
        """Take down the best tick of the bids (0) or the offers (1), what it shows, and what the best ticks show."""
        at, size_at, side = self._at, self._market.gateway.size_at, 1 - 2 * row
        ours = ours_at = 0
        if at[el.SIDE] == side and at[el.ORDER] != el.NO_ORDER:
            ours, ours_at = self._market.shown(at[el.ORDER]), at[el.ORDER_TICK]
        if best is not None and ours and best == ours_at and size_at(side, best) <= ours:
            best = self._behind(side, best)
        if best is None:
            at[el.BID_SIZE + row] = at[el.BID_DEPTH + row] = 0
            return
        at[el.BID + row] = best
        sizes = [size_at(side, best - side * behind) for behind in range(el.DEPTH_TICKS if self._has_depth else 1)]
        behind = side * (best - ours_at)
        if ours and 0 <= behind < len(sizes):
            sizes[behind] -= ours
        at[el.BID_SIZE + row], at[el.BID_DEPTH + row] = sizes[0], sum(sizes)

    def _behind(self, side: int, best: int) -> int | None:
        """The next tick that shows anything behind a best one that is ours alone; None if none is near."""
        for tick in range(best - side, best - side * el.REACH_TICKS, -side):
            if self._market.gateway.size_at(side, tick) > 0:
                return tick
        return None

    def _observe(self) -> None:
        observe(self.account, self.measures, self.settings, self._features, self.observation)
