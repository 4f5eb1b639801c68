"""Our own executions in the form of Rule 605: against numbers by hand, and against a slow plain witness."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import polars as pl
import pytest
from acme_market import CLOSE, DATE, at, build_day, fill, frame_of, parent

from tcakit.market.day import MarketDay
from tcakit.market.rule605 import size_class
from tcakit.market.schema import FILLS, ORDERS, PARENTS, REALISED_HORIZONS_S
from tcakit.tca.covered_orders import CoveredOrders, covered_orders
from tcakit.tca.execution_summary import summary_rows

SCALE = 10_000
CHANGED = "it was changed on its way, or its fills restated after a split"


def order(order_id: str, seconds: float, shares: int, limit: float | None, **changes: Any) -> dict[str, Any]:
    """A child order of P1 that the venue had that many seconds after the open."""
    row: dict[str, Any] = {
        "order_id": order_id, "parent_id": "P1", "symbol": "ACME", "side": 1,
        "type": "market" if limit is None else "limit", "time_in_force": "day",
        "price": None if limit is None else round(limit * SCALE), "stop_price": None, "peg": None, "peg_offset": None,
        "price_scale": SCALE, "quantity": shares, "display_quantity": None, "filled": 0, "size_scale": 1,
        "state": "filled", "reason": None, "submitted_ns": at(seconds) - 1_000, "acknowledged_ns": at(seconds),
        "ended_ns": None,
    }  # fmt: skip
    return row | changes


def sift(orders: list[dict], fills: list[dict], day: MarketDay, **options: Any) -> CoveredOrders:
    return covered_orders(
        frame_of([parent()], PARENTS),
        frame_of(orders, ORDERS),
        frame_of(fills, FILLS),
        {("ACME", DATE): day},
        **options,
    )


def row_of(covered: CoveredOrders, size: str, kind: str) -> dict[str, Any]:
    rows = summary_rows(covered, "Q", "ACME", {"ACME"})
    return rows.filter((pl.col("size") == size) & (pl.col("order_type") == kind)).row(0, named=True)


def test_one_order_by_hand(day: MarketDay) -> None:
    """10 shares bought at 100.11 half a second after receipt at 100.08/100.12, mid 100.20 15 s on, none 60 s on."""
    covered = sift([order("O1", 11, 10, None)], [fill("F1", 11.5, 100.11, 10, order_id="O1")], day)
    assert covered.left_out == {}
    row = row_of(covered, "1000", "M")
    # 15 s after the fill the mid of 100.20 stands; 60 s after it that of 100.40.
    want = {
        "participant": "Q", "entity": "ACME", "month": "202001", "sp500": "Y", "average_order_shares": 10.0,
        "average_order_notional": 1001.0, "average_mid": 100.10, "at_quote_or_better": 1.0, "improved_share": 1.0,
        "improvement_of_mid": 0.01 / 100.10, "effective_of_mid": 0.02 / 100.10, "quoted_of_mid": 0.04 / 100.10,
        "effective_over_quoted": 0.5, "realised_15s_of_mid": 2 * (100.11 - 100.20) / 100.10,
        "realised_60s_of_mid": 2 * (100.11 - 100.40) / 100.10, "execution_ms": 500.0,
        "realised_50ms_of_mid": 2 * (100.11 - 100.10) / 100.10, "improvement_per_share": 0.01,
        "orders": 1, "shares": 10.0, "executed_shares": 10.0, "realised_15s_shares": 10.0,
    }  # fmt: skip
    for name, value in want.items():
        assert row[name] == (pytest.approx(value) if isinstance(value, float) else value), name
    assert row_of(covered, "199999", "M") == row | {"size": "199999"}


def test_a_sell_is_the_mirror_of_a_buy(day: MarketDay) -> None:
    covered = sift([order("O1", 11, 10, 100.05, side=-1)], [fill("F1", 11.5, 100.09, 10, order_id="O1", side=-1)], day)
    row = row_of(covered, "1000", "ML")
    assert row["effective_over_quoted"] == pytest.approx(0.5)
    assert row["improvement_per_share"] == pytest.approx(0.01)
    assert row["realised_15s_of_mid"] == pytest.approx(2 * (100.20 - 100.09) / 100.10)


def test_what_no_quote_tells_is_null_and_counted(day: MarketDay) -> None:
    """15 s after the fill at 16 s one side is empty, so no realised spread is known there."""
    fills = [fill("F1", 16, 100.12, 30, order_id="O1"), fill("F2", 11, 100.12, 10, order_id="O1")]
    row = row_of(sift([order("O1", 10.5, 40, None)], fills, day), "1000", "M")
    assert (row["executed_shares"], row["realised_15s_shares"], row["realised_60s_shares"]) == (40.0, 10.0, 40.0)
    assert row["realised_15s_of_mid"] == pytest.approx(2 * (100.12 - 100.20) / 100.10)
    unfilled = row_of(sift([order("O1", 10.5, 40, None)], [], day), "1000", "M")
    assert (unfilled["orders"], unfilled["shares"], unfilled["executed_shares"]) == (1, 40.0, 0.0)
    assert {
        unfilled[name] for name in ("average_mid", "effective_of_mid", "effective_over_quoted", "execution_ms")
    } == {None}


def test_after_the_close_the_sessions_last_quote_stands(day: MarketDay) -> None:
    covered = sift([order("O1", 23_399.2, 10, None)], [fill("F1", 23_399.5, 101.10, 10, order_id="O1")], day)
    executed = covered.executions.row(0, named=True)
    assert {name: executed[f"mid_{name}"] for name in REALISED_HORIZONS_S} == dict.fromkeys(
        REALISED_HORIZONS_S, pytest.approx(101.05)
    )


def test_at_the_instant_of_receipt_the_quote_before_it_stands() -> None:
    """A quote that the fill itself made is not the one it met; a replay's own row says which it met."""
    day = build_day([(0, 99.98, 100.02), (10, 100.00, 100.10)])
    covered = sift([order("O1", 10, 10, None)], [fill("F1", 10, 100.02, 10, order_id="O1")], day)
    assert covered.orders["mid"].to_list() == [pytest.approx(100.0)]
    shown = fill("F1", 10, 100.04, 10, order_id="O1", bid=round(99.98 * SCALE), ask=round(100.04 * SCALE))
    covered = sift([order("O1", 10, 10, None)], [shown], day)
    assert covered.orders["mid"].to_list() == [pytest.approx(100.01)]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"parent_id": "P9"}, "its parent is not known"),
        ({"type": "unknown"}, "its type is not told"),
        ({"state": "rejected"}, "it was rejected"),
        ({"stop_price": 1}, "it is a stop or pegged order"),
        ({"peg": "midpoint"}, "it is a stop or pegged order"),
        ({"time_in_force": "ioc"}, "it is immediate-or-cancel or fill-or-kill"),
        ({"time_in_force": "opening"}, "its time in force is another, or not told"),
        ({"time_in_force": "unknown"}, "its time in force is another, or not told"),
        ({"acknowledged_ns": at(-1)}, "it was not received during regular hours"),
        ({"acknowledged_ns": CLOSE + 1}, "it was not received during regular hours"),
        ({"acknowledged_ns": at(31)}, "no two-sided quote stood at its receipt"),
        ({"price": round(100.11 * SCALE), "type": "limit"}, "its limit could not be executed at receipt"),
    ],
)
def test_what_is_left_out_is_counted_by_its_reason(day: MarketDay, changes: dict[str, Any], words: str) -> None:
    covered = sift([order("O1", 11, 10, None, **changes), order("O2", 11, 10, 100.12)], [], day)
    assert covered.left_out == {words: 1}
    assert covered.orders["order_id"].to_list() == ["O2"]


def test_fills_may_leave_their_order_out_too(day: MarketDay) -> None:
    def left_out(*fills: dict[str, Any], **options: Any) -> dict[str, int]:
        return sift([order("O1", 11, 10, None)], list(fills), day, **options).left_out

    told = fill("F0", 12, 100.12, 1, order_id="O9", received_ns=at(11))
    loose = {"a fill whose child order is not known: its type, size and receipt are not told": 1}
    assert left_out(told) == loose
    assert left_out(fill("F1", 10.9, 100.12, 10, order_id="O1")) == {
        "it was filled before it was received, by the stamps": 1
    }
    assert left_out(fill("F1", 12, 100.12, 10, order_id="O1", ts_resolution_ns=10**9)) == {
        "its stamps are whole seconds or coarser; the rule counts milliseconds": 1
    }
    assert left_out(fill("F1", 24_000, 100.12, 10, order_id="O1")) == {"it was filled after regular hours": 1}
    assert left_out(fill("F1", 12, 100.12, 11, order_id="O1")) == {"its fills are more than its size": 1}
    assert left_out(told, fill("F1", 12, 100.12, 10, order_id="O1")) == {CHANGED: 1, **loose}
    assert left_out(changed={"O1"}) == {CHANGED: 1}


def test_an_id_that_comes_again_is_another_order() -> None:
    """The desk used O1 at eleven and a half seconds, and again half an hour later: each has its own fill."""
    day = build_day([(0, 99.98, 100.02), (1000, 100.08, 100.12), (23_399, 100.08, 100.12)])
    orders = [order("O1", 11, 10, None), order("O1", 1800, 20, None)]
    fills = [fill("F1", 12, 100.02, 10, order_id="O1"), fill("F2", 1801, 100.12, 20, order_id="O1")]
    covered = sift(orders, fills, day)
    assert covered.left_out == {}
    assert covered.executions.select("order_row", "shares", "ask").rows() == [(0, 10.0, 100.02), (1, 20.0, 100.12)]
    assert row_of(covered, "1000", "M")["effective_over_quoted"] == pytest.approx(1.0)
    assert row_of(covered, "199999", "M")["executed_shares"] == 30.0


def test_an_order_of_a_later_day_has_that_days_quotes(day: MarketDay) -> None:
    """The parent lives for two days; the child order came on the second."""
    night = 24 * 3600 * 10**9
    hours = dataclasses.replace(
        day.instrument,
        session_open_ns=day.instrument.session_open_ns + night,
        session_close_ns=day.instrument.session_close_ns + night,
    )
    second = dataclasses.replace(
        day, instrument=hours, date="2020-01-03", quote_ns=day.quote_ns + night, bid=day.bid + 1, ask=day.ask + 1
    )
    covered = covered_orders(
        frame_of([parent()], PARENTS),
        frame_of([order("O1", 24 * 3600 + 11, 10, None)], ORDERS),
        frame_of([fill("F1", 24 * 3600 + 12, 101.12, 10, order_id="O1", date="2020-01-03")], FILLS),
        {("ACME", DATE): day, ("ACME", "2020-01-03"): second},
    )
    assert covered.left_out == {}
    assert covered.orders.select("date", "mid").row(0) == ("2020-01-03", pytest.approx(101.10))


def test_other_markets_are_left_out(day: MarketDay) -> None:
    euro = dataclasses.replace(day, instrument=dataclasses.replace(day.instrument, currency="EUR"))
    assert sift([order("O1", 11, 10, None)], [], euro).left_out == {"it is not priced in US dollars": 1}
    none = covered_orders(
        frame_of([parent()], PARENTS), frame_of([order("O1", 11, 10, None)], ORDERS), frame_of([], FILLS), {}
    )
    assert none.left_out == {"no market data of its symbol and day is stored": 1}
    assert summary_rows(none, None, None, None).height == 0


def test_immediate_or_cancel_orders_count_on_request(day: MarketDay) -> None:
    rows = [order("O1", 11, 10, 100.12, time_in_force="ioc"), order("O2", 11, 10, 100.12, time_in_force="fok")]
    assert sift(rows, [], day, with_ioc=True).orders["order_type"].to_list() == ["ML", "ML"]


def test_what_is_not_told_is_null(day: MarketDay) -> None:
    rows = summary_rows(sift([order("O1", 11, 10, None)], [], day), None, None, None)
    assert rows.select("participant", "entity", "sp500").unique().rows() == [(None, None, None)]
    assert summary_rows(sift([order("O1", 11, 10, None)], [], day), None, None, set())["sp500"].unique().to_list() == [
        "N"
    ]


# --- the slow plain witness -------------------------------------------------------------------------------------------


def witness(
    orders: list[dict], fills: list[dict], quotes: list[tuple[float, float, float]], size: str, kind: str
) -> dict:
    """The row of one class, order by order and fill by fill."""

    def quote(ns: int, before: bool = False) -> tuple[float, float]:
        standing = [(b, a) for s, b, a in quotes if (at(s) < ns if before else at(s) <= ns)]
        return standing[-1]

    n = shares = notional = 0.0
    q = value = at_or_better = improved = gain = paid = shown = time = 0.0
    kept: dict[str, list[float]] = {name: [0.0, 0.0] for name in ("15s", "60s")}
    for row in orders:
        own = sorted((f for f in fills if f["order_id"] == row["order_id"]), key=lambda f: f["ts_ns"])
        receipt = row["acknowledged_ns"]
        bid, ask = quote(receipt, before=bool(own) and own[0]["ts_ns"] == receipt)
        mid, side = (bid + ask) / 2, row["side"]
        if row["price"] is not None and side * (row["price"] / SCALE - (ask if side > 0 else bid)) < 0:
            continue
        its_class = size_class(row["quantity"] * mid)
        here = its_class != "200000" if size == "199999" else its_class == size
        if not here or (row["price"] is None) != (kind == "M"):
            continue
        n, shares, notional = n + 1, shares + row["quantity"], notional + row["quantity"] * mid
        for f in own:
            price, filled = f["price"] / SCALE, f["quantity"]
            better = side * ((ask if side > 0 else bid) - price)
            better = 0.0 if abs(better) < 1e-7 else better
            q, value = q + filled, value + filled * mid
            at_or_better += filled * (better >= 0)
            improved += filled * (better > 0)
            gain += filled * better
            paid += filled * 2 * side * (price - mid)
            shown += filled * (ask - bid)
            time += filled * (f["ts_ns"] - receipt) / 1e6
            for name, total in kept.items():
                later = sum(quote(f["ts_ns"] + round(REALISED_HORIZONS_S[name] * 1e9))) / 2
                total[0] += filled * 2 * side * (price - later)
                total[1] += filled * mid
    return {
        "orders": n, "average_order_shares": shares / n, "average_order_notional": notional / n,
        "average_mid": value / q, "at_quote_or_better": at_or_better / q, "improved_share": improved / q,
        "improvement_of_mid": gain / value, "effective_of_mid": paid / value, "quoted_of_mid": shown / value,
        "effective_over_quoted": paid / shown, "execution_ms": time / q,
        "realised_15s_of_mid": kept["15s"][0] / kept["15s"][1],
        "realised_60s_of_mid": kept["60s"][0] / kept["60s"][1],
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_a_months_orders_are_those_of_the_witness(seed: int) -> None:
    rng = random.Random(seed)
    bid = 50.0
    quotes = []
    for second in range(0, 23_400, 60):
        bid = round(bid + rng.choice((-0.02, -0.01, 0.0, 0.01, 0.02)), 2)
        quotes.append((float(second), bid, round(bid + rng.choice((0.01, 0.02, 0.05)), 2)))
    orders, fills = [], []
    for number in range(120):
        seconds = rng.uniform(100, 23_000)
        _, low, high = [row for row in quotes if row[0] <= seconds][-1]
        side = rng.choice((1, -1))
        far = high if side > 0 else low
        limit = None if rng.random() < 0.5 else round(far + side * rng.choice((-0.01, 0.0, 0.03)), 2)
        shares = rng.choice((3, 15, 60, 150, 300, 900, 2000, 9000))
        orders.append(order(f"O{number}", seconds, shares, limit, side=side))
        wait, left = 0.0, shares
        for part in range(rng.choice((0, 1, 1, 2))):
            filled = left if part else max(1, left // 2)
            left -= filled
            price = round(far + side * rng.choice((-0.01, -0.005, 0.0, 0.01)), 3)
            fills.append(fill(f"F{number}.{part}", seconds + wait, price, filled, order_id=f"O{number}", side=side))
            wait += rng.choice((0.0004, 0.3, 40.0))
            if not left:
                break
    covered = sift(orders, fills, build_day(quotes))
    rows = summary_rows(covered, "Q", "ACME", set())
    told = rows.filter(pl.col("executed_shares") > 0)
    assert told.height > 10
    for row in told.iter_rows(named=True):
        for name, value in witness(orders, fills, quotes, row["size"], row["order_type"]).items():
            assert row[name] == pytest.approx(value, rel=1e-9, abs=1e-12), (row["size"], row["order_type"], name)
