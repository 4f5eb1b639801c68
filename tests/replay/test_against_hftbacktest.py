"""Our replay with whole fills against hftbacktest: the same orders filled, at the same instant and price."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hftbacktest.types import DEPTH_EVENT, EXCH_EVENT, LOCAL_EVENT, TRADE_EVENT
from hftbacktest_peer import Messages, events, our_feed, ours, theirs
from numpy.typing import NDArray

from tcakit.market import codes
from tcakit.replay.replay import ReplaySettings
from tcakit.venue.latency import ConstantLatency, RecordedLatency

BEGIN = 1_700_000_000_000_000_000
RULES = [
    (codes.RISK_AVERSE, 1.0), (codes.LOG_PROB, 1.0), (codes.LOG_PROB2, 1.0), (codes.POWER_PROB, 2.0),
    (codes.POWER_PROB2, 2.0), (codes.POWER_PROB3, 3.0),
]  # fmt: skip


def hostile(rows: int, seed: int) -> NDArray[Any]:
    """Sides that cross each other, trades anywhere around the middle, levels of any size and none."""
    random = np.random.default_rng(seed)
    middle = 500_000 + np.cumsum(random.integers(-1, 2, rows) * (random.random(rows) < 0.02))
    side = np.where(random.random(rows) < 0.5, 1, -1)
    trade = random.random(rows) < 0.1
    away = random.geometric(0.25, rows) - 2
    tick = np.where(trade, middle + random.integers(-4, 5, rows), middle - side * away)
    lots = np.where(random.random(rows) < 0.3, 0, random.integers(1, 5_000, rows))
    lots = np.where(trade, random.integers(1, 3_000, rows), lots)
    ns = BEGIN + np.cumsum(random.exponential(1e6, rows).astype(np.int64))
    local_ns = np.maximum.accumulate(ns + 2_000_000 + random.exponential(3e5, rows).astype(np.int64))
    return events(ns, local_ns, trade, side, tick, lots)


def orderly(rows: int, seed: int) -> NDArray[Any]:
    """A book that never crosses: trades take from the best level, and the next row says what is left of it."""
    random = np.random.default_rng(seed)
    levels = ({500_000 - k: 1_000 for k in range(20)}, {500_001 + k: 1_000 for k in range(20)})
    out: list[tuple[int, bool, int, int, int]] = []
    ns = BEGIN
    for side in (0, 1):
        out += [(ns, False, 1 - 2 * side, tick, lots) for tick, lots in levels[side].items()]
    while len(out) < rows:
        ns += int(random.exponential(1e6)) + 1
        side = int(random.integers(0, 2))
        book, sign = levels[side], 1 - 2 * side
        best = max(book) if side == 0 else min(book)
        what = random.random()
        if what < 0.1:
            lots = min(book[best], 1 + int(random.exponential(400)))
            out.append((ns, True, -sign, best, lots))
            book[best] -= lots
            tick = best
        elif what < 0.14 and abs(best - (min(levels[1]) if side == 0 else max(levels[0]))) > 1:
            tick = best + sign
            book[tick] = int(random.integers(1, 3_000))
        else:
            tick = best - sign * min(10, int(random.exponential(2.5)))
            gone = random.random() < 0.15 and len(book) > 8
            book[tick] = 0 if gone else int(random.integers(1, 3_000))
        out.append((ns, False, sign, tick, book[tick]))
        if book[tick] == 0:
            del book[tick]
            far = (min(book) if side == 0 else max(book)) - sign
            book[far] = 1_000
            out.append((ns, False, sign, far, 1_000))
    columns = [np.array(column) for column in zip(*out[:rows], strict=True)]
    time = columns[0].astype(np.int64)
    local_ns = np.maximum.accumulate(time + 1_500_000 + random.exponential(3e5, rows).astype(np.int64))
    return events(time, local_ns, columns[1], columns[2], columns[3], columns[4])


FEEDS = {"orderly": orderly, "hostile": hostile}


def plan(data: NDArray[Any], count: int, seed: int, takers: float = 0.0) -> Messages:
    """Orders near the touch and cancels of some of them; `takers` is the share that is to take, or to be refused."""
    random = np.random.default_rng(seed)
    first, last = int(data["local_ts"][100]), int(data["exch_ts"][-1]) - 50_000_000
    ns = np.sort(random.integers(first, last, count))
    ns += np.arange(count)
    cancels = np.full(count, -1)
    for at in range(1, count):
        if random.random() < 0.35:
            cancels[at] = random.integers(max(0, at - 30), at)
    cancels[(cancels >= 0) & (cancels[cancels] >= 0)] = -1
    taking = random.random(count) < takers
    force = np.where(taking, random.choice([codes.IOC, codes.FOK, codes.GTC, codes.POST_ONLY], count), codes.POST_ONLY)
    away = np.where(taking, -random.integers(-2, 6, count), random.integers(0, 4, count))
    market = taking & (random.random(count) < 0.2)
    force = np.where(market, codes.GTC, force)
    side = random.choice([1, -1], count)
    return Messages(ns, cancels, side, away, random.integers(1, 300, count), force, market)


def whole(rule: int, power: float, latency: Any) -> ReplaySettings:
    return ReplaySettings(latency, rule, power, partial_fills=False, depletes_book=False)


@pytest.mark.parametrize(("rule", "power"), RULES, ids=[codes.QUEUE_RULE_NAMES[rule] for rule, _ in RULES])
@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize("roi", [False, True])
def test_passive_orders_fill_alike(feed: str, rule: int, power: float, roi: bool) -> None:
    data = FEEDS[feed](60_000, 1)
    sent, filled = theirs(data, plan(data, 4_000, 2), rule, power, (1_000_000, 700_000), roi)
    mine = ours(our_feed(data), sent, whole(rule, power, ConstantLatency(0, 1_000_000, 700_000)))
    assert len(filled) > 300
    assert (sent[:, 0] == 1).sum() > 100
    assert mine == filled


@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize("entry_ns", [0, 1, 5_000_000])
def test_takers_fill_alike(feed: str, entry_ns: int) -> None:
    data = FEEDS[feed](60_000, 3)
    sent, filled = theirs(data, plan(data, 4_000, 4, takers=0.7), codes.LOG_PROB2, 1.0, (entry_ns, 0))
    mine = ours(our_feed(data), sent, whole(codes.LOG_PROB2, 1.0, ConstantLatency(0, entry_ns, 0)))
    assert len(filled) > 1_000
    assert mine == filled


@pytest.mark.parametrize("feed", FEEDS)
def test_recorded_latencies_are_taken_alike(feed: str) -> None:
    data = FEEDS[feed](60_000, 5)
    random = np.random.default_rng(6)
    count = 300
    requests = np.sort(random.integers(int(data["local_ts"][0]), int(data["exch_ts"][-1]), count)) + np.arange(count)
    arrivals = np.maximum.accumulate(requests + random.integers(100_000, 9_000_000, count))
    answers = arrivals + random.integers(100_000, 9_000_000, count)
    rows = np.zeros(count, [("req_ts", "i8"), ("exch_ts", "i8"), ("resp_ts", "i8"), ("_padding", "i8")])
    rows["req_ts"], rows["exch_ts"], rows["resp_ts"] = requests, arrivals, answers
    sent, filled = theirs(data, plan(data, 4_000, 7, takers=0.3), codes.POWER_PROB3, 3.0, rows)
    mine = ours(our_feed(data), sent, whole(codes.POWER_PROB3, 3.0, RecordedLatency(requests, arrivals, answers)))
    assert len(filled) > 500
    assert mine == filled


@pytest.fixture(scope="module")
def binance(real_data: Path) -> NDArray[Any]:
    """A minute and more of a real contract, as hftbacktest's own converter reads it: the changes and trades that
    have one place in both orders of time."""
    from hftbacktest.data.utils import binancefutures

    data = binancefutures.convert(str(real_data / "crypto" / "hftbacktest" / "usdm_btcusdt_20240808.gz"))
    data = data[(data["ev"] & EXCH_EVENT != 0) & (data["ev"] & LOCAL_EVENT != 0)]
    assert np.isin(data["ev"] & 0xFF, (DEPTH_EVENT, TRADE_EVENT)).all()
    return np.ascontiguousarray(data[:150_000])


@pytest.mark.real
@pytest.mark.parametrize(("rule", "power"), RULES, ids=[codes.QUEUE_RULE_NAMES[rule] for rule, _ in RULES])
def test_orders_in_a_real_market_fill_alike(binance: NDArray[Any], rule: int, power: float) -> None:
    sent, filled = theirs(binance, plan(binance, 5_000, 8, takers=0.1), rule, power, (2_000_000, 1_000_000))
    mine = ours(our_feed(binance), sent, whole(rule, power, ConstantLatency(0, 2_000_000, 1_000_000)))
    assert len(filled) > 200
    assert mine == filled
