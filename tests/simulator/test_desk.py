"""The made-up desk trades in its market: its fills are on the tape, and what it does is what it was asked to do."""

from __future__ import annotations

from functools import partial

import numpy as np
import polars as pl
import pytest

from tcakit.errors import UsageError
from tcakit.market import codes
from tcakit.simulator.blotter import make_blotter
from tcakit.simulator.desk import work_day
from tcakit.simulator.sample import DESK
from tcakit.simulator.sources import make_market
from tests.made_days import continuous

DATE = "2026-03-03"


def worked(seed: int, parents: int = 12):
    parameters = continuous("alfa", 20_000)
    make = partial(make_market, parameters.model, parameters.world, DATE, 41, symbol="ALFA", rules=DESK)
    random = np.random.Generator(np.random.PCG64(seed))
    day = work_day(make, DATE, random, parents)
    return day, make_blotter([day], random)


@pytest.fixture(scope="module")
def desk():
    return worked(5)


def test_the_same_seed_gives_the_same_blotter(desk):
    again = worked(5)
    assert again[1].parents.equals(desk[1].parents)
    assert again[1].fills.equals(desk[1].fills)
    assert not worked(6, 3)[1].parents.equals(desk[1].parents)


def test_every_fill_is_a_print_of_the_tape(desk):
    day, _ = desk
    printed: dict[tuple[int, int], int] = {}
    for ns, price, size in day.day.trades().select("ts_ns", "price", "size").iter_rows():
        printed[ns, price] = printed.get((ns, price), 0) + size
    # By side: two of the desk's orders may meet, and a print is a fill of both then.
    own = day.fills.group_by("ts_ns", "price", "side").agg(pl.col("quantity").sum())
    assert own.height > 50
    assert all(size <= printed[ns, price] for ns, price, _, size in own.iter_rows())
    assert set(day.fills["liquidity"]) == {"maker", "taker"}


def test_no_order_is_overfilled_nor_traded_beyond_its_limit_or_its_time(desk):
    day, _ = desk
    filled = dict(day.fills.group_by("parent_id").agg(pl.col("quantity").sum()).iter_rows())
    assert sum(filled.values()) > 0.5 * sum(order.quantity for order in day.orders)
    limited = 0
    for order, limit in zip(day.orders, day.limits, strict=True):
        assert filled.get(order.parent_id, 0) <= order.quantity
        own = day.fills.filter(pl.col("parent_id") == order.parent_id)
        assert own.filter((pl.col("ts_ns") < order.arrival_ns) | (pl.col("ts_ns") > order.end_ns)).is_empty()
        assert set(own["side"]) <= {order.side}
        if limit is not None:
            limited += 1
            beyond = order.side * (own["price"] - limit * day.day.instrument.tick_size)
            assert (beyond <= 0).all()
    assert limited


def test_some_orders_show_less_than_they_are(desk):
    day, _ = desk
    assert any(order.shown for order in day.orders)
    # An iceberg's next part comes at the instant its last one traded, as a new order of the same price.
    kind, ns, price = day.day.kind, day.day.ts_ns, day.day.price
    refilled = (kind[1:] == codes.ADD) & (kind[:-1] == codes.EXECUTE) & (ns[1:] == ns[:-1]) & (price[1:] == price[:-1])
    assert refilled.any()


def test_the_blotter_tells_what_was_done(desk):
    day, blotter = desk
    parents, fills = blotter.parents, blotter.fills
    assert parents.height == len(day.orders) + 1
    known = fills.filter(pl.col("venue") == "XSIM")
    assert known["quantity"].sum() == day.fills["quantity"].sum()
    assert known["fee"].sum() == pytest.approx(day.fills["fee"].sum(), abs=0.01)
    assert set(parents["algo"]) <= {"VWAP", "TWAP", "POV", "IS"}
    assert fills["fill_id"].is_unique().all()
    assert fills["time"].is_sorted()
    # One name of the desk is of a stock for which nobody has data.
    assert parents.filter(pl.col("symbol") == "ZZTQ LN Equity").height == 1
    assert set(blotter.aliases["symbol"]) == {"ALFA"}


def test_a_desk_needs_work(desk):
    with pytest.raises(UsageError, match="parents"):
        worked(5, 0)
    with pytest.raises(UsageError, match="needs days"):
        make_blotter([], np.random.default_rng(1))
