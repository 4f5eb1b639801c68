"""The worked auctions of docs/matching.md come out of the engine as they stand there."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest

from tcakit.market import codes
from tcakit.venue import engine_layout_kernel as layout
from tcakit.venue import engine_messages_kernel as message
from tcakit.venue.engine import MatchingEngine

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "matching.md").read_text(encoding="utf-8")
ORDER = re.compile(r"(?:([a-z]) )?([BS]) (\d+) @ (M|\d+)(?: (hidden|opening|shows (\d+)))?")


def table(head):
    """The rows of the table of the page that begins with these headings."""
    lines = PAGE[PAGE.index(head) :].splitlines()[2:]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            return rows
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def gathered(orders, reference=10.0):
    """An engine in the call before the open, and the owners of the orders by their letters."""
    market = MatchingEngine(20, slots=16, rows=400)
    market.send(message.START_CALL, level=layout.PRE_OPEN)
    owners = {}
    for number, text in enumerate(orders.split(", "), start=1):
        letter, side, size, price, dress, tip = ORDER.fullmatch(text).groups()
        owners[number] = letter
        status, _ = market.send(
            message.NEW_ORDER,
            owner=number,
            side=codes.BUY if side == "B" else codes.SELL,
            size=int(size),
            level=-1 if price == "M" else int(price),
            type=codes.MARKET if price == "M" else codes.LIMIT,
            time_in_force=codes.AT_OPEN if dress == "opening" else codes.GTC,
            hidden=int(dress == "hidden"),
            display=int(tip or 0),
        )
        assert status == 0
    return market, owners


def uncrossed(market, reference):
    half = int(reference % 1 > 0)
    return market.send(message.UNCROSS, level=int(reference), size=half)


PRICES = table("| case | orders | reference | price | volume | surplus |")
FILLS = table("| case | orders | fills |")
STOPS = table("| stop | comes | the auction trades at | goes |")


@pytest.mark.parametrize(("case", "orders", "reference", "price", "volume", "surplus"), PRICES)
def test_price_volume_and_surplus(case, orders, reference, price, volume, surplus):
    market, _ = gathered(orders)
    from tcakit.venue.engine_auction_kernel import indicative

    level = -1 if price == "none" else int(price)
    half = int(float(reference) % 1 > 0)
    told = indicative(market.engine, int(float(reference)), half)
    assert told == (level, int(volume), int(surplus))
    assert uncrossed(market, float(reference)) == (0, level)
    prints = market.tape()[market.tape()[:, layout.TAPE_KIND] == codes.PRINT_CROSS]
    expected = [] if price == "none" else [[level, int(volume)]]
    assert prints[:, [layout.TAPE_LEVEL, layout.TAPE_SIZE]].tolist() == expected
    best = market.engine.best[layout.DISPLAYED]
    assert best[0] < best[1]


@pytest.mark.parametrize(("case", "orders", "fills"), FILLS)
def test_who_trades(case, orders, fills):
    market, owners = gathered(orders)
    uncrossed(market, 10)
    reports = market.reports()
    filled = reports[reports[:, layout.REPORT_REASON] == codes.AUCTION]
    got = [
        f"{owners[int(owner)]} {size}"
        for owner, size in filled[:, [layout.REPORT_OWNER, layout.REPORT_SIZE]].tolist()
        if owners[int(owner)]
    ]
    assert ", ".join(got) == fills


@pytest.mark.parametrize(("stop", "comes", "auction", "goes"), STOPS)
def test_which_stops_go_after_a_call(stop, comes, auction, goes):
    market = MatchingEngine(60, slots=16, rows=400)
    market.engine.counters[layout.BAND_HIGH] = 51
    side, level = stop.split(" at ")
    side = codes.BUY if side == "buy" else codes.SELL
    send_stop = partial(market.send, message.NEW_ORDER, owner=1, side=side, size=5, type=codes.MARKET, stop=int(level))
    sells = [market.send(message.NEW_LIMIT, side=codes.SELL, level=at, size=10)[1] for at in (50, 51, 52)]
    if comes == "before":
        send_stop()
    assert market.send(message.NEW_LIMIT, side=codes.BUY, level=52, size=30)[0] == layout.INTERRUPTED
    if comes == "in the call":
        send_stop()
    if auction == "nothing":
        market.send(message.CANCEL_ORDER, order=sells[2])
    market.engine.counters[layout.BAND_HIGH] = 59
    crossed = -1 if auction == "nothing" else int(auction)
    assert market.send(message.UNCROSS, level=52) == (0, crossed)
    triggered = codes.TRIGGERED in market.reports()[:, layout.REPORT_EVENT]
    assert triggered == (goes == "yes")


def test_the_page_has_its_tables():
    assert len(PRICES) == 12
    assert len(FILLS) == 6
    assert len(STOPS) == 9
