"""Level 3 with whole fills against hftbacktest: what fills otherwise is what its exchange passed over."""

from __future__ import annotations

from typing import Any

import pytest
from hftbacktest_peer import our_log, theirs
from test_against_hftbacktest import plan, whole

from benchmarks.bench_level3 import order_flow, our_feed, peer_feed
from tcakit.market import codes
from tcakit.replay import layout_kernel as lk
from tcakit.venue.latency import ConstantLatency

ENTRY_NS, RESPONSE_NS = 1_000_000, 700_000
LOT = 10


def _fills(seed: int, takers: float, roi: bool) -> tuple[dict[int, Any], dict[int, Any], set[int]]:
    """Instant, side and tick of every fill, ours and theirs, by order; and the orders that an execution at the best
    displayed price filled here, though theirs was the better price."""
    columns = order_flow(60_000, seed)
    data, feed = peer_feed(columns), our_feed(columns)
    messages = plan(data, 4_000, seed + 1, takers)
    messages.lots[:] = LOT * (1 + messages.lots // LOT)
    sent, filled = theirs(data, messages, codes.FIFO, 1.0, (ENTRY_NS, RESPONSE_NS), roi)
    settings = whole(codes.FIFO, 1.0, ConstantLatency(0, ENTRY_NS, RESPONSE_NS))
    engine, of = our_log(feed, sent, settings)
    log = engine.state.log[: int(engine.cursor[lk.N_LOG])]
    mine, passed_over = {}, set()
    for row in log[log[:, lk.LOG_EVENT] == codes.FILLED].tolist():
        number, side = of[row[lk.LOG_ORDER]], 1 - 2 * int(engine.state.orders[row[lk.LOG_ORDER], lk.SIDE])
        mine[number] = (row[lk.LOG_NS], side, row[lk.LOG_TICK] + feed.base_tick)
        at = row[lk.LOG_ROW]
        best = (feed.best_bid if side > 0 else feed.best_ask)[at - 1]
        if row[lk.LOG_REASON] == codes.TRADED_THROUGH and feed.tick2[at] == 2 * best:
            passed_over.add(number)
    return mine, {order: (ns, side, tick) for order, ns, side, tick in filled}, passed_over


@pytest.mark.parametrize(("seed", "takers", "roi"), [(1, 0.0, False), (1, 0.0, True), (3, 0.5, False), (5, 0.5, True)])
def test_orders_fill_alike_but_for_those_passed_over(seed: int, takers: float, roi: bool) -> None:
    mine, filled, passed_over = _fills(seed, takers, roi)
    differ = {order for order in mine.keys() | filled.keys() if mine.get(order) != filled.get(order)}
    assert len(filled) > 500
    # Passed over there, an order fills later or never, and here no later than there.
    assert 0 < len(differ) < len(mine) / 10
    assert differ <= passed_over
    assert all(order not in filled or mine[order][0] < filled[order][0] for order in differ)
