"""Orders measured end to end against a market that can be checked by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from acme_market import CLOSE, DATE, OPEN, at, build_day, fill, frame_of, parent
from hypothesis import given, settings
from hypothesis import strategies as st

from tcakit.market.day import MarketDay
from tcakit.market.schema import FILLS, MARKOUT_HORIZONS_S, PARENTS, TCA_FILLS, TCA_MARKOUTS, TCA_PARENTS
from tcakit.tca import Measured, measure

KEY = ("ACME", DATE)


def measured(parents: list[dict[str, Any]], fills: list[dict[str, Any]], market: MarketDay | None) -> Measured:
    markets = {} if market is None else {KEY: market}
    return measure(frame_of(parents, PARENTS), frame_of(fills, FILLS), markets, run_id="R1")


def two_fills() -> list[dict[str, Any]]:
    """A taker fill at 12 s, and a maker fill at 20 s whose row records the quote it met."""
    return [
        fill("F1", 12, 100.12, 100, received_ns=at(11)),
        fill("F2", 20, 100.20, 200, received_ns=at(15), liquidity="maker", bid=1_001_700, ask=1_002_100),
    ]


def test_every_column_of_a_parent(day: MarketDay) -> None:
    out = measured([parent()], two_fills(), day).parents
    assert out.schema == TCA_PARENTS.polars_schema()
    expected = {
        "run_id": "R1",
        "parent_id": "P1",
        "symbol": "ACME",
        "date": DATE,
        "side": 1,
        "algo": "vwap",
        "broker": "B1",
        "currency": "USD",
        "priced": True,
        "unpriced_reason": None,
        "ordered_shares": 400.0,
        "filled_shares": 300.0,
        "fills": 2,
        "arrival_ns": at(10),
        "first_fill_ns": at(12),
        "last_fill_ns": at(20),
        "end_ns": at(50),
        "average_price": 30_052 / 300,
        "decision_price": 99.90,
        "arrival_price": 100.10,
        "end_price": 100.40,
        "interval_vwap": (300 * 100.12 + 100 * 100.10) / 400,
        "window_vwap": (300 * 100.12 + 100 * 100.10 + 500 * 100.20 + 1000 * 100.40) / 1900,
        "twap": (100.10 + 100.20 + 100.40) / 3,
        "close_price": 101.05,
        "market_shares": 400.0,
        "participation": 0.75,
        "delay_cost": 60.0,
        "trading_cost": 22.0,
        "spread_cost": 4.0,
        "drift_cost": 18.0,
        "opportunity_cost": 50.0,
        "fees": 2.0,
        "total_cost": 134.0,
        "paper_notional": 39_960.0,
        "executed_notional": 30_030.0,
        "shortfall_bps_of_paper": 33.533533,
        "arrival_bps_of_executed": 7.326007,
        "vwap_bps_of_executed": 5.826633,
        "twap_bps_of_executed": -5.986032,
        "close_bps_of_executed": -86.755731,
        "fill_rate": 0.75,
        "maker_fraction": 2 / 3,
        "notes": "a mid stood during 75.0% of the window: TWAP over that time",
    }
    assert list(expected) == out.columns
    assert out.row(0, named=True) == pytest.approx(expected, abs=1e-6)


def test_every_column_of_a_fill(day: MarketDay) -> None:
    out = measured([parent()], two_fills(), day).fills
    assert out.schema == TCA_FILLS.polars_schema()
    first = {
        "run_id": "R1",
        "fill_id": "F1",
        "parent_id": "P1",
        "mid_at_fill": 100.10,
        "mid_at_receipt": 100.10,
        "quoted_spread": 0.04,
        "effective_spread": 0.04,
        "effective_spread_at_receipt": 0.04,
        "realised_spread_60s": -0.56,
        "price_impact_60s": 0.60,
        "inside_quote": True,
        "realised_spread_50ms": 0.04,
        "price_impact_50ms": 0.0,
        "realised_spread_1s": 0.04,
        "price_impact_1s": 0.0,
        "realised_spread_15s": -0.16,
        "price_impact_15s": 0.20,
        "realised_spread_300s": -0.56,
        "price_impact_300s": 0.60,
        "quoted_spread_at_receipt": 0.04,
        "price_improvement": 0.0,
        "spread_capture": 0.0,
    }
    second = first | {
        "fill_id": "F2",
        "mid_at_fill": 100.19,
        "effective_spread": 0.02,
        "effective_spread_at_receipt": 0.20,
        "realised_spread_60s": -0.40,
        "price_impact_60s": 0.42,
        # A mid stood again from 40 s on; at 35 s there was no bid.
        "realised_spread_50ms": 0.0,
        "price_impact_50ms": 0.02,
        "realised_spread_1s": 0.0,
        "price_impact_1s": 0.02,
        "realised_spread_15s": None,
        "price_impact_15s": None,
        "realised_spread_300s": -0.40,
        "price_impact_300s": 0.42,
        "price_improvement": -0.08,
        "spread_capture": 0.25,
    }
    assert list(first) == out.columns
    for row, expected in zip(out.iter_rows(named=True), (first, second), strict=True):
        assert row == pytest.approx(expected, abs=1e-9)


def test_markouts_are_favourable_positive_and_stop_at_the_session(day: MarketDay) -> None:
    out = measured([parent()], two_fills(), day).markouts
    assert out.schema == TCA_MARKOUTS.polars_schema()
    assert out.height == 2 * len(MARKOUT_HORIZONS_S)
    first = out.filter(pl.col("fill_id") == "F1")
    assert first["horizon_s"].to_list() == list(MARKOUT_HORIZONS_S)
    mids = [None, 100.0, 100.1, 100.1, 100.1, 100.1, 100.1, 100.2, 100.4, 100.4, 100.4, 100.4, 100.4]
    for found, mid in zip(first["markout_bps_of_price"], mids, strict=True):
        assert found == (None if mid is None else pytest.approx((mid - 100.12) / 100.12 * 1e4, abs=1e-6))


def test_a_sell_pays_what_a_buy_gains(day: MarketDay) -> None:
    buy = measured([parent(fees=None)], two_fills(), day)
    turned = [row | {"side": -1} for row in two_fills()]
    sell = measured([parent(side=-1, fees=None)], turned, day)
    for name in ("delay_cost", "trading_cost", "spread_cost", "drift_cost", "opportunity_cost"):
        assert sell.parents[name][0] == pytest.approx(-buy.parents[name][0])
    assert sell.fills["effective_spread"].to_list() == pytest.approx(
        [-spread for spread in buy.fills["effective_spread"]]
    )


def test_a_decision_time_alone_gives_the_mid_at_that_time(day: MarketDay) -> None:
    row = measured([parent(decision_price=None)], two_fills(), day).parents.row(0, named=True)
    assert row["decision_price"] == pytest.approx(100.0)
    assert row["delay_cost"] == pytest.approx(row["filled_shares"] * (row["arrival_price"] - 100.0))
    assert "mid at the decision time" in row["notes"]


def test_no_decision_price_means_no_delay(day: MarketDay) -> None:
    nothing_said = parent(decision_price=None, decision_ns=None)
    row = measured([nothing_said], two_fills(), day).parents.row(0, named=True)
    assert row["decision_price"] == row["arrival_price"] == pytest.approx(100.10)
    assert row["delay_cost"] == 0.0
    assert "no decision price" in row["notes"]


def test_a_filled_order_ends_at_its_last_fill_and_misses_nothing(day: MarketDay) -> None:
    row = measured([parent(quantity=300, end_ns=None)], two_fills(), day).parents.row(0, named=True)
    assert row["end_price"] == pytest.approx(100.20)  # the quote of 20 s stands at 20 s
    assert row["end_ns"] is None
    assert row["opportunity_cost"] == 0.0
    assert row["total_cost"] == pytest.approx(60 + 22 + 2)
    assert row["window_vwap"] == pytest.approx(row["interval_vwap"])


def test_an_order_that_never_traded(day: MarketDay) -> None:
    row = measured([parent(fees=None)], [], day).parents.row(0, named=True)
    assert row["priced"]
    assert (row["fills"], row["filled_shares"], row["fill_rate"]) == (0, 0.0, 0.0)
    assert row["opportunity_cost"] == row["total_cost"] == pytest.approx(400 * 0.5)
    nothing = ("average_price", "first_fill_ns", "interval_vwap", "participation", "spread_cost", "fees")
    assert [row[name] for name in nothing] == [None] * len(nothing)


def test_without_an_end_what_was_missed_is_unknown(day: MarketDay) -> None:
    row = measured([parent(end_ns=None)], two_fills(), day).parents.row(0, named=True)
    assert (row["end_price"], row["opportunity_cost"], row["total_cost"]) == (None, None, None)
    assert row["trading_cost"] == pytest.approx(22.0)
    assert "total are unknown" in row["notes"]


def test_unknown_fees_stay_unknown(day: MarketDay) -> None:
    fills = two_fills()
    fills[0]["fee"] = None
    some = measured([parent(fees=None)], fills, day).parents.row(0, named=True)
    assert some["fees"] == 0.5
    assert some["total_cost"] == pytest.approx(132.5)
    assert "fees of 1 of 2 fills are unknown" in some["notes"]
    fills[1]["fee"] = None
    none = measured([parent(fees=None)], fills, day).parents.row(0, named=True)
    assert none["fees"] is None
    assert none["total_cost"] == pytest.approx(132.0)
    whole = measured([parent(fees=3.0)], fills, day).parents.row(0, named=True)
    assert whole["fees"] == 3.0
    assert "unknown" not in whole["notes"]


def test_without_market_data_what_needs_none_is_told() -> None:
    complete = measured([parent(quantity=300)], two_fills(), None)
    row = complete.parents.row(0, named=True)
    assert not row["priced"]
    assert row["unpriced_reason"] == f"no market data of ACME on {DATE}"
    assert row["average_price"] == pytest.approx(100.173333, abs=1e-6)
    assert row["total_cost"] == pytest.approx(30_052 - 300 * 99.90 + 2.0)
    assert (row["delay_cost"], row["trading_cost"], row["spread_cost"]) == (None, None, None)
    partial = measured([parent(matched=False)], two_fills(), None).parents.row(0, named=True)
    assert partial["unpriced_reason"] == "ACME US is no symbol of the store"
    assert partial["total_cost"] is None
    # The quote that the second fill's row records needs no market data.
    assert complete.fills["mid_at_fill"].to_list() == [None, pytest.approx(100.19)]
    assert complete.markouts["markout_bps_of_price"].null_count() == complete.markouts.height


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"side": 0}, "side 0 is neither buy nor sell"),
        ({"quantity": 0}, "the ordered quantity is not positive"),
        ({"size_scale": 0}, "the ordered quantity is not positive"),
        ({"side": -1}, "2 of 2 fills are on the other side"),
        ({"symbol": "ACME", "raw_symbol": None, "arrival_ns": CLOSE + 1}, "no two-sided quote at arrival"),
        ({"arrival_ns": at(35)}, "no two-sided quote at arrival"),
    ],
)
def test_a_bad_order_keeps_its_row_and_stops_no_other(day: MarketDay, changes: dict[str, Any], reason: str) -> None:
    good = parent(parent_id="P2", quantity=100)
    fills = [*two_fills(), fill("F3", 12, 100.12, 100, parent_id="P2")]
    out = measured([parent(**changes), good], fills, day).parents
    assert out["priced"].to_list() == [False, True]
    assert out["unpriced_reason"].to_list() == [reason, None]
    assert out["trading_cost"][0] is None
    assert out["trading_cost"][1] == pytest.approx(2.0)


def test_fills_that_do_not_fit_are_noted(day: MarketDay) -> None:
    fills = [
        *two_fills(),
        fill("F3", 60, 100.40, 200),
        fill("F4", 13, 100.12, 0),
        fill("F5", 13, 100.12, 10, parent_id="nobody"),
        fill("F6", 13, 100.12, 10, parent_id=None),
        fill("F6", 13, 100.12, 10, parent_id=None),
    ]
    out = measured([parent()], fills, day)
    row = out.parents.row(0, named=True)
    assert (row["fills"], row["filled_shares"], row["fill_rate"]) == (3, 500.0, 1.25)
    assert row["opportunity_cost"] == 0.0
    assert row["paper_notional"] == pytest.approx(39_960.0)
    for words in (
        "filled 500 of 400 ordered",
        "1 of 3 fills lie outside the order's window",
        "1 fills without a positive quantity",
    ):
        assert words in row["notes"]
    assert out.fills.height == len(fills)
    assert out.notes == (
        "1 fills belong to orders that are not there (nobody): in no order's cost",
        "2 fills name no parent order: in no order's cost",
        "1 fills repeat the id of another",
    )


def test_an_order_that_waits_for_the_open_is_measured_from_it() -> None:
    market = build_day([(0.004, 99.98, 100.02), (30.0, 100.08, 100.12)], [(5.0, 100.0, 100), (90.0, 100.0, 1)])
    waiting = parent(arrival_ns=OPEN - 3600 * 10**9, quantity=100, end_ns=None, decision_price=None)
    row = measured([waiting], [fill("F1", 5, 100.02, 100)], market).parents.row(0, named=True)
    assert row["arrival_price"] == pytest.approx(100.0)
    assert row["interval_vwap"] == pytest.approx(100.0)
    assert "arrived before the first quote of the session" in row["notes"]
    early = measured([waiting], [fill("F1", -5, 100.02, 100)], market).parents.row(0, named=True)
    assert early["arrival_price"] is None
    assert early["unpriced_reason"] == "no two-sided quote at arrival"
    assert early["total_cost"] is None


def test_an_order_that_outlives_the_session_ends_at_the_close(day: MarketDay) -> None:
    row = measured([parent(end_ns=CLOSE + 10**12)], two_fills(), day).parents.row(0, named=True)
    assert row["end_price"] == row["close_price"] == pytest.approx(101.05)
    assert "measured to the close" in row["notes"]


def test_an_order_that_outlives_the_recording_has_no_end() -> None:
    market = build_day([(0.0, 99.98, 100.02), (100.0, 100.08, 100.12)])
    row = measured([parent(end_ns=at(200))], two_fills(), market).parents.row(0, named=True)
    assert (row["end_price"], row["twap"], row["window_vwap"], row["close_price"]) == (None,) * 4
    assert (row["interval_vwap"], row["market_shares"]) == (None, None)
    assert "do not cover the order's whole window" in row["notes"]


def test_an_order_received_as_it_filled_met_the_quote_before(day: MarketDay) -> None:
    out = measured([parent()], [fill("F1", 20, 100.12, 100, received_ns=at(20))], day).fills.row(0, named=True)
    assert out["mid_at_receipt"] == out["mid_at_fill"] == pytest.approx(100.10)
    late = measured([parent()], [fill("F1", 20, 100.12, 100, received_ns=at(21))], day).fills
    assert late["mid_at_receipt"][0] is None


def test_fills_in_other_units_count_alike(day: MarketDay) -> None:
    same = two_fills()
    same[1] |= {"price": 10_020, "price_scale": 100, "quantity": 200_000, "size_scale": 1_000}
    same[1] |= {"bid": 10_017, "ask": 10_021}
    one = measured([parent()], two_fills(), day).parents.drop("notes")
    other = measured([parent()], same, day).parents.drop("notes")
    assert other.row(0, named=True) == pytest.approx(one.row(0, named=True))


def test_sums_stay_exact_where_64_bits_do_not_hold_them() -> None:
    units = {"price_scale": 10**8, "size_scale": 10**8}
    market = build_day([(0.0, 60_000.0, 60_001.0), (100.0, 60_000.0, 60_001.0)], [(11.0, 60_000.5, 900.0)] * 3, **units)
    big = parent(quantity=500 * 10**8, **units)
    fills = [
        fill(f"F{n}", 11, 0.0, 250 * 10**8, **units) | {"price": 60_001 * 10**8, "size_scale": 10**8} for n in range(2)
    ]
    row = measured([big], fills, market).parents.row(0, named=True)
    assert row["average_price"] == 60_001.0
    assert row["interval_vwap"] == 60_000.5
    assert row["market_shares"] == 2_700.0


def test_nothing_in_gives_empty_tables() -> None:
    out = measured([], [], None)
    assert (out.parents.height, out.fills.height, out.markouts.height) == (0, 0, 0)
    assert out.parents.schema == TCA_PARENTS.polars_schema()


@given(
    st.lists(
        st.tuples(st.integers(0, 300), st.integers(9_000, 11_000), st.integers(1, 500)),
        min_size=1,
        max_size=12,
    ),
    st.integers(0, 1_000),
    st.sampled_from([1, -1]),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=40)
def test_parts_add_up(trades: list[tuple[int, int, int]], unfilled: int, side: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    times = np.sort(generator.uniform(0, 400, 50))
    bids = generator.integers(9_000, 11_000, 50) / 100
    market = build_day([(0.0, 99.0, 99.1), *((t, b, b + 0.1) for t, b in zip(times, bids, strict=True)), (400.0, 1, 2)])
    fills = [
        fill(f"F{n}", seconds + 10, price / 100, shares, side=side) for n, (seconds, price, shares) in enumerate(trades)
    ]
    quantity = unfilled + sum(shares for _, _, shares in trades)
    order = parent(quantity=quantity, side=side, end_ns=at(390))
    row = measured([order], fills, market).parents.row(0, named=True)
    near = 1e-10 * row["paper_notional"]
    assert row["spread_cost"] + row["drift_cost"] == pytest.approx(row["trading_cost"], abs=near)
    parts = row["delay_cost"] + row["trading_cost"] + row["opportunity_cost"] + row["fees"]
    assert parts == pytest.approx(row["total_cost"], abs=near)
    # Perold's other route: paper return less actual return.
    paid = sum(price / 100 * shares for _, price, shares in trades)
    paper = side * quantity * (row["end_price"] - row["decision_price"])
    actual = side * (row["filled_shares"] * row["end_price"] - paid) - row["fees"]
    assert paper - actual == pytest.approx(row["total_cost"], abs=near)


def test_an_order_in_another_currency_is_not_set_against_the_market(day: MarketDay) -> None:
    measured_ = measured([parent(currency="GBX")], two_fills(), day)
    row = measured_.parents.row(0, named=True)
    assert not row["priced"]
    assert row["unpriced_reason"] == "the order is in GBX, the market data in USD"
    assert row["arrival_price"] is None
    assert measured_.fills["realised_spread_60s"].null_count() == 2
