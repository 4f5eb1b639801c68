"""Rates, sizes and distances out of what was counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tcakit.simulator import calibration_kernel as kernel
from tcakit.simulator.calibration_count import Counted
from tcakit.simulator.flow_layout_kernel import CANCEL_BEST, CANCEL_DEEPER, DEEPER, EVENTS, HIDDEN, IMPROVE, JOIN, TAKE
from tcakit.simulator.flow_tables import Law, law_of

_ROUNDS = 100
_SHRINK = 4.0  # events: a state with few leans on the mean of its row
_IN_SIGHT = 0.3  # share of time in sight, below which a distance is not trusted
_BEYOND = 30  # times the distance in sight that orders are thought to stand
_FASTEST = 1e-3  # of exposure an event, at the least
_BUSIEST = 0.98


@dataclass(frozen=True, slots=True)
class Depth:
    """Behind the best: mean orders by ticks, laws of distance of new and withdrawn orders, and by how much what was
    seen falls short of all there is (a factor on the rates). `order_size`: mean of new orders at the best where a
    recording names none, else 0.
    """

    profile: NDArray[np.float64]
    new: Law
    withdrawn: Law
    new_factor: float
    withdrawn_factor: float
    seen_ticks: int
    order_size: float = 0.0


def rates_and_factors(
    counts: NDArray[np.float64], exposure: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rates (spread, imbalance, events) per unit of exposure and side, and factors (queue, events): products of both
    fit the counts (spread, imbalance, queue, events).

    Poisson regression of a product: margins are matched in turn until they stay (iterative proportional fitting), so
    that events by spread and imbalance, and events by queue, come out as counted. A state with few events is drawn
    towards its spread's mean.
    """
    spreads, imbalances, queues, _ = counts.shape
    rates = np.zeros((spreads, imbalances, EVENTS))
    factors = np.ones((queues, EVENTS))
    for event in range(EVENTS):
        count = counts[..., event]
        if count.sum() <= 0.0:
            continue
        overall = count.sum() / exposure.sum()
        by_state, by_spread, by_queue = count.sum(axis=2), count.sum(axis=(1, 2)), count.sum(axis=(0, 1))
        factor = np.ones(queues)
        base = np.zeros((spreads, imbalances))
        for _ in range(_ROUNDS):
            expected = exposure @ factor
            # A state that was left at once has events and no time.
            of_spread = by_spread / np.maximum(expected.sum(axis=1), _FASTEST * by_spread + 1e-9)
            lean = _SHRINK / overall
            base = (by_state + lean * of_spread[:, None]) / (expected + lean)
            made = np.einsum("si,siq->q", base, exposure)
            factor = (by_queue + _SHRINK) / (made + _SHRINK)
        rates[..., event], factors[:, event] = base, factor
    return rates, factors


def rate_bound(exposure: NDArray[np.float64], rates: NDArray[np.float64], factors: NDArray[np.float64]) -> float:
    """Events a second in a state that is busier than all but a few of the day's seconds, both sides together."""
    side = np.einsum("sie,qe->siq", rates, factors)
    order = np.argsort(side, axis=None)
    held = np.cumsum(exposure.ravel()[order])
    place = int(np.searchsorted(held, _BUSIEST * held[-1]))
    return float(2.0 * side.ravel()[order][min(place, len(order) - 1)])


def depth_of(counted: Counted, best_only: bool, names_orders: bool) -> Depth:
    """What stands behind the best, and beyond what was recorded.

    In sight, rates by distance are counts over the time that far was seen; further out, up to thirty times as far,
    events are thought to thin out as distance to the power -1.5, and orders, which live longer there, to -0.75. Where
    only the best was recorded, nothing behind it is known: half as many orders as at the best are thought to stand a
    tick. Quotes name no orders: as many as of new orders' mean size make the mean queue stand at the best, and behind.
    """
    covered, profile = counted.covered, counted.profile
    found = counted.found
    behind, order_size = 0.5, 0.0
    if not names_orders:
        joined = found[found[:, kernel.EVENT] == JOIN, kernel.EVENT_SIZE]
        order_size = max(1.0, float(joined.mean())) if len(joined) else counted.queue_unit
        profile = np.full_like(profile, counted.queue_unit / order_size)
        behind = 1.0
    far = len(covered) - 1
    seen = int(np.flatnonzero(covered >= _IN_SIGHT)[-1])
    if best_only or seen < 1:
        reach = 60
        orders = np.full(reach + 1, max(0.5, float(profile[0]) * behind))
        orders[0] = profile[0]
        ticks = np.arange(1, reach + 1)
        even = Law(tuple(ticks.astype(float).tolist()), tuple((1.0 / np.sqrt(ticks)).round(4).tolist()))
        return Depth(orders, even, even, 1.0, 1.0, 0, order_size)
    laws, factors = [], []
    whole = covered[far] > 0.9
    for event in (DEEPER, CANCEL_DEEPER):
        at = found[found[:, kernel.EVENT] == event, kernel.DISTANCE]
        count = np.bincount(np.minimum(at, far), minlength=far + 1).astype(float)
        count[0] = 0.0
        if whole:
            # The last hundredth is left where it is: orders far out that nobody will reach.
            seen = max(10, int(np.quantile(at, 0.99))) if len(at) else 10
            laws.append(count[: min(far, seen) + 1])
            factors.append(1.0)
            continue
        rate = np.zeros(min(far, _BEYOND * seen) + 1)
        rate[1 : seen + 1] = count[1 : seen + 1] / covered[1 : seen + 1]
        level = rate[max(1, seen // 2) : seen + 1].mean()
        beyond = np.arange(seen + 1, len(rate))
        rate[seen + 1 :] = level * (seen / beyond) ** 1.5
        laws.append(rate)
        factors.append(float(rate.sum() / max(1.0, count.sum())))
    reach = max(len(law) for law in laws) - 1
    orders = np.zeros(reach + 1)
    seen = min(seen, reach)
    orders[: seen + 1] = profile[: seen + 1]
    beyond = np.arange(seen + 1, reach + 1)
    orders[seen + 1 :] = profile[max(1, seen // 2) : seen + 1].mean() * (1.0 if whole else (seen / beyond) ** 0.75)
    new, withdrawn = (law_of(np.arange(len(law)), law) for law in laws)
    return Depth(orders, new, withdrawn, factors[0], factors[1], seen, order_size)


def size_laws(counted: Counted) -> dict[str, Law]:
    """Sizes by event; takers' are of those that left some of the best queue, as it is these that chose a size."""
    found = counted.found
    laws = {}
    for name, event in (("improve", IMPROVE), ("join", JOIN), ("deeper", DEEPER), ("take", TAKE), ("hidden", HIDDEN)):
        own = found[:, kernel.EVENT] == event
        if event == TAKE and (own & (found[:, kernel.FLAG] == 0)).sum() >= 50:
            own &= found[:, kernel.FLAG] == 0
        sizes = np.maximum(1, found[own, kernel.EVENT_SIZE])
        if not len(sizes):
            # Nothing of the kind was seen: as those that join.
            sizes = np.maximum(1, found[found[:, kernel.EVENT] == JOIN, kernel.EVENT_SIZE])
        laws[name] = law_of(sizes)
    return laws


def inside_laws(counted: Counted) -> tuple[Law, ...]:
    """The spread, ticks, that an order inside it leaves, by bin of the spread before."""
    found = counted.found[counted.found[:, kernel.EVENT] == IMPROVE]
    place = np.searchsorted(counted.spread_from, found[:, kernel.SPREAD], side="right") - 1
    laws = []
    for bin_ in range(len(counted.spread_from)):
        own = found[place == bin_]
        ticks = own[:, kernel.SPREAD] - own[:, kernel.DISTANCE]
        laws.append(law_of(ticks) if len(ticks) else Law((1.0,), (1.0,)))
    return tuple(laws)


def clearing_shares(counted: Counted) -> NDArray[np.float64]:
    """By bin of queue: share of takers that take all of the best queue, and of those the share that go on beyond."""
    found = counted.found[counted.found[:, kernel.EVENT] == TAKE]
    queues = counted.counts.shape[3]
    flags = np.zeros((queues, 3))
    np.add.at(flags, (found[:, kernel.QUEUE_BIN], found[:, kernel.FLAG]), 1.0)
    total = flags.sum(axis=0)
    # Few takers in a bin lean on those of all.
    all_clear = (total[1] + total[2] + 1.0) / (total.sum() + 2.0)
    all_beyond = (total[2] + 1.0) / (total[1] + total[2] + 2.0)
    clear = (flags[:, 1] + flags[:, 2] + 5.0 * all_clear) / (flags.sum(axis=1) + 5.0)
    beyond = (flags[:, 2] + 5.0 * all_beyond) / (flags[:, 1] + flags[:, 2] + 5.0)
    return np.stack([clear, beyond], axis=1).round(4)


def part_share(counted: Counted, event: int, names_orders: bool) -> float:
    """Share of cancels that only shrank an order; none where a recording names no orders, and only sizes shrink."""
    if not names_orders:
        return 0.0
    own = counted.found[counted.found[:, kernel.EVENT] == event, kernel.FLAG]
    return float((own == 1).mean()) if len(own) else 0.0


def rank_law(counted: Counted) -> Law:
    """Places from the end of its queue of an order withdrawn, where orders are known; else the last, mostly."""
    found = counted.found
    cancels = (found[:, kernel.EVENT] == CANCEL_BEST) | (found[:, kernel.EVENT] == CANCEL_DEEPER)
    known = found[cancels & (found[:, kernel.RANK] >= 0), kernel.RANK]
    if len(known) < 50:
        return Law((0.0, 1.0, 2.0, 3.0), (0.6, 0.25, 0.1, 0.05))
    return law_of(np.minimum(known, 63))


def hidden_places(counted: Counted) -> tuple[Law, float]:
    """Where in the spread unseen orders trade (0 their side's best, 1 the other side's), and the share at the
    middle."""
    found = counted.found[counted.found[:, kernel.EVENT] == HIDDEN]
    if not len(found):
        return Law((0.5,), (1.0,)), 1.0
    place = found[:, kernel.DISTANCE] / (2.0 * found[:, kernel.SPREAD])
    middle = np.abs(place - 0.5) * found[:, kernel.SPREAD] < 0.51
    rest = np.clip(place[~middle], 0.0, 1.0).round(2)
    return (law_of(rest) if len(rest) else Law((0.5,), (1.0,))), float(middle.mean())
