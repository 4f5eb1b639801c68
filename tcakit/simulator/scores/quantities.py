"""LOB-Bench's 21 unconditional quantities of a day: what is compared, one value a message, order or second.

Nagy and others (2025), "LOB-Bench: benchmarking generative AI for finance", section 4, as their code has it: the state
of the book is that after a message, depth is the distance to the mid after it, levels of cancels are those before it.
Prices are in ticks here, so that days of unlike tick sizes can be compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tcakit.market import codes
from tcakit.simulator.scores.events import Events, cancels

OFI_EVENTS = 100
_LEAST_PERIOD_NS = 100_000_000
_SECOND_NS = 1_000_000_000
_NO_TIME = 1e-9  # what stands for no time at all, before the logarithm
Sample = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity: its name and unit, whether each value is a bin of its own, and what it needs of a recording.

    `needs_orders`: single orders; `least_levels`: so many levels of the book, with fewer it says nothing of its own.
    """

    name: str
    label: str
    unit: str
    sample: Callable[[Events], Sample]
    discrete: bool = False
    needs_orders: bool = False
    least_levels: int = 1

    def why_not(self, *days: Events) -> str | None:
        """Why it cannot be compared between such recordings, None where it can."""
        if self.needs_orders and not all(day.named for day in days):
            return "the recording names no single orders"
        levels = min(day.levels for day in days)
        if levels < self.least_levels:
            return f"{levels} level of the book is recorded, {self.least_levels} or more are needed"
        return None


def spread(events: Events) -> Sample:
    """Ask less bid in ticks after each message."""
    held = events.two_sided
    return events.spread[held].astype(np.float64)


def imbalance(events: Events) -> Sample:
    """(bid size - ask size) / (bid size + ask size) at the touch after each message."""
    held = events.two_sided
    bid, ask = events.bid_size[held], events.ask_size[held]
    return np.asarray((bid - ask) / (bid + ask))


def log_inter_arrival(events: Events) -> Sample:
    """Logarithm of the milliseconds between a message and the next; 1e-9 stands for none."""
    return _log(np.diff(events.ns) / 1e6)


def log_time_to_cancel(events: Events) -> Sample:
    """Logarithm of the seconds from a new order to its first cancel, whole or in part, of orders that are cancelled."""
    wanted = np.flatnonzero(((events.kind == codes.ADD) | cancels(events)) & (events.order_id >= 0))
    order = wanted[np.argsort(events.order_id[wanted], kind="stable")]
    number, is_new = events.order_id[order], events.kind[order] == codes.ADD
    pair = np.flatnonzero((number[1:] == number[:-1]) & is_new[:-1] & ~is_new[1:])
    return _log((events.ns[order[pair + 1]] - events.ns[order[pair]]) / 1e9)


def bid_touch(events: Events) -> Sample:
    """Size at the best bid after each message, shares."""
    return events.bid_size[events.two_sided]


def ask_touch(events: Events) -> Sample:
    """Size at the best ask after each message, shares."""
    return events.ask_size[events.two_sided]


def bid_depth(events: Events) -> Sample:
    """Size of the best bids, of as many levels as are compared, after each message, shares."""
    return events.bid_depth[events.two_sided]


def ask_depth(events: Events) -> Sample:
    """Size of the best asks, of as many levels as are compared, after each message, shares."""
    return events.ask_depth[events.two_sided]


def _distance(events: Events, chosen: NDArray[np.bool_], sign: int) -> Sample:
    held = chosen & events.two_sided
    away = events.price[held] - events.twice_mid[held] / 2.0
    return np.asarray(np.abs(away[away * sign > 0]))


def _levels(events: Events, chosen: NDArray[np.bool_], side: int) -> Sample:
    return events.level[chosen & (events.side == side) & (events.level > 0)].astype(np.float64)


def ask_limit_depth(events: Events) -> Sample:
    """How many ticks above the mid new orders stand."""
    return _distance(events, events.kind == codes.ADD, 1)


def bid_limit_depth(events: Events) -> Sample:
    """How many ticks below the mid new orders stand."""
    return _distance(events, events.kind == codes.ADD, -1)


def ask_cancel_depth(events: Events) -> Sample:
    """How many ticks above the mid orders are cancelled."""
    return _distance(events, cancels(events), 1)


def bid_cancel_depth(events: Events) -> Sample:
    """How many ticks below the mid orders are cancelled."""
    return _distance(events, cancels(events), -1)


def ask_limit_level(events: Events) -> Sample:
    """Level of the book that new sell orders stand at, 1 the best."""
    return _levels(events, events.kind == codes.ADD, codes.SELL)


def bid_limit_level(events: Events) -> Sample:
    """Level of the book that new buy orders stand at, 1 the best."""
    return _levels(events, events.kind == codes.ADD, codes.BUY)


def ask_cancel_level(events: Events) -> Sample:
    """Level of the book that sell orders are cancelled at, 1 the best."""
    return _levels(events, cancels(events), codes.SELL)


def bid_cancel_level(events: Events) -> Sample:
    """Level of the book that buy orders are cancelled at, 1 the best."""
    return _levels(events, cancels(events), codes.BUY)


def volume_per_minute(events: Events) -> Sample:
    """Shares traded against displayed orders in each second that has a trade, times 60.

    The first and last such second count from the first or up to the last trade, and not at all if that is less than a
    tenth of a second.
    """
    ns, size = events.trade_ns, events.trade_size
    if not len(ns):
        return np.zeros(0)
    second = ns // _SECOND_NS
    first = np.flatnonzero(np.concatenate([[True], np.diff(second) != 0]))
    volume = np.add.reduceat(size, first)
    lasts = np.full(len(first), float(_SECOND_NS))
    lasts[-1] = ns[-1] - second[-1] * _SECOND_NS
    lasts[0] -= ns[0] - second[0] * _SECOND_NS
    kept = lasts >= _LEAST_PERIOD_NS
    return np.asarray(60.0 * volume[kept] * _SECOND_NS / lasts[kept])


def order_flow_imbalance(events: Events) -> Sample:
    """Mean over 100 messages of what each adds to the bid's side of the touch or takes from the ask's, shares.

    Cont, Kukanov and Stoikov (2014), equation 5.
    """
    return _imbalances(events)[0]


def imbalance_before_rise(events: Events) -> Sample:
    """Order-flow imbalance of the 100 messages before one that raises the mid."""
    return _imbalance_before(events, 1)


def imbalance_before_no_move(events: Events) -> Sample:
    """Order-flow imbalance of the 100 messages before one that leaves the mid as it is."""
    return _imbalance_before(events, 0)


def imbalance_before_fall(events: Events) -> Sample:
    """Order-flow imbalance of the 100 messages before one that lowers the mid."""
    return _imbalance_before(events, -1)


def _imbalances(events: Events) -> tuple[Sample, NDArray[np.int64]]:
    """Means over 100 messages, and the changes of twice the mid at each message but the first."""
    held = events.two_sided
    bid, ask = events.bid[held], events.ask[held]
    bid_size, ask_size = events.bid_size[held], events.ask_size[held]
    up, down = np.diff(bid), np.diff(ask)
    flow = (up >= 0) * bid_size[1:] - (up <= 0) * bid_size[:-1]
    flow = flow - (down <= 0) * ask_size[1:] + (down >= 0) * ask_size[:-1]
    total = np.concatenate([[0.0], np.cumsum(flow)])
    if len(flow) < OFI_EVENTS:
        return np.zeros(0), up + down
    return np.asarray((total[OFI_EVENTS:] - total[:-OFI_EVENTS]) / OFI_EVENTS), up + down


def _imbalance_before(events: Events, direction: int) -> Sample:
    means, moves = _imbalances(events)
    return means[:-1][np.sign(moves[OFI_EVENTS:]) == direction] if len(means) else means


def _log(values: Sample) -> Sample:
    return np.asarray(np.log(np.where(values > 0.0, values, _NO_TIME)))


def order_size(events: Events) -> Sample:
    """Sizes of new orders, shares."""
    return events.size[events.kind == codes.ADD]


def trade_size(events: Events) -> Sample:
    """Sizes of prints against displayed orders, shares."""
    return events.trade_size


def log_time_between_trades(events: Events) -> Sample:
    """Logarithm of the milliseconds between prints of different instants."""
    return np.asarray(np.log(np.diff(np.unique(events.trade_ns)) / 1e6))


QUANTITIES = (
    Quantity("spread", "Spread", "ticks", spread, discrete=True),
    Quantity("orderbook_imbalance", "Imbalance at the touch", "share", imbalance),
    Quantity("log_inter_arrival_time", "Time between messages", "log ms", log_inter_arrival),
    Quantity("log_time_to_cancel", "Time to cancel", "log s", log_time_to_cancel, needs_orders=True),
    Quantity("ask_volume_touch", "Size at the best ask", "shares", ask_touch),
    Quantity("bid_volume_touch", "Size at the best bid", "shares", bid_touch),
    Quantity("ask_volume", "Size of the best asks", "shares", ask_depth, least_levels=2),
    Quantity("bid_volume", "Size of the best bids", "shares", bid_depth, least_levels=2),
    Quantity("limit_ask_order_depth", "Depth of new asks", "ticks", ask_limit_depth, needs_orders=True),
    Quantity("limit_bid_order_depth", "Depth of new bids", "ticks", bid_limit_depth, needs_orders=True),
    Quantity("ask_cancellation_depth", "Depth of cancelled asks", "ticks", ask_cancel_depth, needs_orders=True),
    Quantity("bid_cancellation_depth", "Depth of cancelled bids", "ticks", bid_cancel_depth, needs_orders=True),
    Quantity("limit_ask_order_levels", "Level of new asks", "level", ask_limit_level, True, True, 2),
    Quantity("limit_bid_order_levels", "Level of new bids", "level", bid_limit_level, True, True, 2),
    Quantity("ask_cancellation_levels", "Level of cancelled asks", "level", ask_cancel_level, True, True, 2),
    Quantity("bid_cancellation_levels", "Level of cancelled bids", "level", bid_cancel_level, True, True, 2),
    Quantity("vol_per_min", "Volume a minute", "shares", volume_per_minute),
    Quantity("ofi", "Order-flow imbalance", "shares", order_flow_imbalance),
    Quantity("ofi_up", "Imbalance before a rise", "shares", imbalance_before_rise),
    Quantity("ofi_stay", "Imbalance before no move", "shares", imbalance_before_no_move),
    Quantity("ofi_down", "Imbalance before a fall", "shares", imbalance_before_fall),
)
# What the benchmark has no score of.
FURTHER = (
    Quantity("order_size", "Size of new orders", "shares", order_size, needs_orders=True),
    Quantity("trade_size", "Size of executions", "shares", trade_size),
    Quantity("log_time_between_trades", "Time between trades", "log ms", log_time_between_trades),
)
