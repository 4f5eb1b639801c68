"""The table `tca_benchmarks`, each column by hand, and why a column is null."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from acme_market import DATE, SECOND, at, build_day, fill, frame_of, parent

from tcakit.market.day import MarketDay
from tcakit.market.schema import FILLS, ORDERS, PARENTS, TCA_BENCHMARKS
from tcakit.tca import BenchmarkContext, Measured, measure
from tcakit.tca.benchmark_context import FACTS, SymbolIndex

KEY = ("ACME", DATE)


def measured(parents: list[dict[str, Any]], fills: list[dict[str, Any]], market: MarketDay, **context: Any) -> Measured:
    return measure(
        frame_of(parents, PARENTS),
        frame_of(fills, FILLS),
        {KEY: market},
        run_id="R1",
        context=BenchmarkContext(**context),
    )


def row_of(parents: list[dict[str, Any]], fills: list[dict[str, Any]], market: MarketDay, **context: Any) -> Any:
    return measured(parents, fills, market, **context).benchmarks.row(0, named=True)


def two_fills(**changes: Any) -> list[dict[str, Any]]:
    return [
        fill("F1", 12, 100.12, 100, **changes),
        fill("F2", 20, 100.20, 200, liquidity="maker", **changes),
    ]


def children(*submitted_s: float, filled: int = 100) -> pl.DataFrame:
    rows = [
        {
            "run_id": "R1",
            "order_id": f"O{number}",
            "parent_id": "P1",
            "symbol": "ACME",
            "side": 1,
            "type": "limit",
            "time_in_force": "day",
            "price_scale": 10_000,
            "quantity": 100,
            "filled": filled if number == 0 else 0,
            "size_scale": 1,
            "state": "done",
            "submitted_ns": at(seconds),
        }
        for number, seconds in enumerate(submitted_s)
    ]
    return ORDERS.conform(pl.DataFrame(rows))


def test_every_column_by_hand(day: MarketDay) -> None:
    facts = pl.DataFrame([("P1", 4_000.0, 0.02, 1.5, 99.5, "2020-01-01")], schema=FACTS, orient="row")
    closes = {"closes": {("P1", DATE): 99.5}}
    out = measured(
        [parent(limit_price=1_001_500)], two_fills(), day, orders=children(11, 20), facts=facts, **closes
    ).benchmarks
    assert out.schema == TCA_BENCHMARKS.polars_schema()
    session_s = 6.5 * 3600
    expected = {
        "run_id": "R1",
        "parent_id": "P1",
        "open_price": 100.02,
        "previous_close": 99.5,
        "previous_close_date": "2020-01-01",
        "day_vwap": (10_002 + 300 * 100.12 + 10_010 + 500 * 100.20 + 1000 * 100.40 + 50 * 101.05) / 2050,
        # What others would have printed, 99.94, lies below every print: our fills are not all on this tape.
        "interval_vwap_without_own": None,
        # 4,000 and more shares did not trade any more; 1,500 did.
        **{f"pwp_{rate}_of_ordered": None for rate in (5, 10, 20)},
        **{f"pwp_{rate}_of_filled": None for rate in (5, 10)},
        "pwp_20_of_filled": (300 * 100.12 + 100 * 100.10 + 500 * 100.20 + 600 * 100.40) / 1500,
        "best_price": 100.10,
        "worst_price": 100.40,
        "rpm_volume": 0.0,
        "rpm_trades_and_volume": 0.0,
        "limit_vwap": (300 * 100.12 + 100 * 100.10) / 400,
        "limit_pwp_10_of_ordered": None,
        "limit_pwp_10_of_filled": None,
        "index_cost_bps": None,
        "beta": None,
        "market_adjusted_bps_of_executed": None,
        "order_delay_cost": 80.0,
        "order_trading_cost": 22.0,
        "order_opportunity_cost": 30.0,
        "broker_start_ns": at(11),
        "broker_start_price": 100.10,
        "market_timing_cost": 0.0,
        "broker_execution_cost": 22.0,
        "fill_days": 1,
        "close_before_fills": 99.5,
        "realised_cost": 300 * (30_052 / 300 - 99.5),
        "delay_to_close_cost": 300 * (99.5 - 99.9),
        "adv_shares": 4_000.0,
        "quantity_adv": 0.1,
        "volatility_daily": 0.02,
        "half_spread_bps": 1.5,
        "timing_risk_bps": 200.0 * (40 / session_s / 3) ** 0.5,
        "first_fill_s": 2.0,
        "last_fill_s": 10.0,
        "weighted_fill_s": 22 / 3,
        "permanent_impact_300s_bps": 0.30 / 100.10 * 1e4,
        "temporary_impact_300s_bps": (30_052 / 300 - 100.40) / 100.10 * 1e4,
        "permanent_impact_1800s_bps": 0.30 / 100.10 * 1e4,
        "temporary_impact_1800s_bps": (30_052 / 300 - 100.40) / 100.10 * 1e4,
        "reversion_60s_bps": -0.20 / 100.20 * 1e4,
        "reversion_300s_bps": -0.20 / 100.20 * 1e4,
        "leakage_60s_bps": None,
        "adverse_selection_60s_bps": -0.20 / 100.20 * 1e4,
        "child_orders": 2,
        "child_fill_rate": 0.5,
        "notes": "VWAP without own prints is unknown: our fills are not all among the prints",
    }
    assert list(expected) == out.columns
    assert out.row(0, named=True) == pytest.approx(expected, abs=1e-6)


def test_both_bases_and_the_four_timestamps_give_one_total(day: MarketDay) -> None:
    given = measured([parent()], two_fills(), day, orders=children(22))
    cost, row = given.parents.row(0, named=True), given.benchmarks.row(0, named=True)
    order = row["order_delay_cost"] + row["order_trading_cost"] + row["order_opportunity_cost"]
    stamps = cost["delay_cost"] + row["market_timing_cost"] + row["broker_execution_cost"] + cost["opportunity_cost"]
    assert order + cost["fees"] == pytest.approx(cost["total_cost"])
    assert stamps + cost["fees"] == pytest.approx(cost["total_cost"])
    assert row["market_timing_cost"] == pytest.approx(300 * 0.10)


def test_own_prints_are_taken_out_of_the_vwap() -> None:
    market = build_day(
        [(0, 99.98, 100.02), (23_399, 99.98, 100.02)],
        [(11, 100.00, 300), (12, 100.12, 100), (20, 100.20, 200)],
    )
    row = row_of([parent()], two_fills(), market)
    assert row["interval_vwap_without_own"] == pytest.approx(100.0)
    # Replayed fills are not on the tape: nothing is taken out.
    replayed = measured([parent()], two_fills(), market, own_prints=False)
    assert replayed.benchmarks["interval_vwap_without_own"][0] == pytest.approx(replayed.parents["interval_vwap"][0])


@pytest.mark.parametrize(
    ("fills", "reason"),
    [
        ([fill("F1", 12, 100.12, 100), fill("F2", 60, 100.2, 10)], "some fills lie outside the window"),
        ([fill("F1", 12, 100.12, 400)], "we filled as much as printed, or more"),
    ],
)
def test_why_own_prints_cannot_be_taken_out(day: MarketDay, fills: list[dict[str, Any]], reason: str) -> None:
    row = row_of([parent()], fills, day)
    assert row["interval_vwap_without_own"] is None
    assert reason in row["notes"]


def test_a_sale_has_its_best_price_at_the_top(day: MarketDay) -> None:
    row = row_of([parent(side=-1)], two_fills(side=-1), day)
    assert (row["best_price"], row["worst_price"]) == (100.40, 100.10)
    assert row["rpm_volume"] == 1.0


def test_participation_at_every_rate_and_within_the_limit() -> None:
    prints = [(11 + second, 100.0 + second / 100, 100) for second in range(40)]
    market = build_day([(0, 99.98, 100.02), (23_399, 99.98, 100.02)], prints)
    order = parent(quantity=200, limit_price=1_000_600)
    row = row_of([order], [fill("F1", 12, 100.01, 100)], market)
    for rate in (5, 10, 20):
        for basis, shares in (("ordered", 200), ("filled", 100)):
            places = shares * 100 // rate // 100
            expected = None if places > 40 else 100.0 + (places - 1) / 200
            assert row[f"pwp_{rate}_of_{basis}"] == pytest.approx(expected), (rate, basis)
    # Seven hundred shares printed within the limit, of which 2,000 and 1,000 would be wanted.
    assert row["limit_pwp_10_of_ordered"] is None
    assert row["limit_pwp_10_of_filled"] is None
    small = row_of([order | {"quantity": 40}], [fill("F1", 12, 100.01, 30)], market)
    assert small["limit_pwp_10_of_ordered"] == pytest.approx(100.015)
    assert small["limit_pwp_10_of_filled"] == pytest.approx(100.01)


def test_the_market_is_taken_out_by_beta(day: MarketDay) -> None:
    index = build_day([(0, 999.0, 1001.0), (23_399, 999.0, 1001.0)], [(11, 1001.0, 10), (15, 1003.0, 10)])
    indices = {("ACME", DATE): SymbolIndex("INDX", 0.5, index)}
    given = measured([parent()], two_fills(), day, indices=indices)
    row = given.benchmarks.row(0, named=True)
    assert (row["index_cost_bps"], row["beta"]) == (pytest.approx(20.0), 0.5)
    arrival = given.parents["arrival_bps_of_executed"][0]
    assert row["market_adjusted_bps_of_executed"] == pytest.approx(arrival - 10.0)
    silent = build_day([(0, 999.0, 1001.0), (23_399, 999.0, 1001.0)], [])
    for other, words in (
        (None, f"no market data of INDX, its index, on {DATE}"),
        (silent, "INDX, its index, has no quote at arrival or no print until the last fill"),
    ):
        row = row_of([parent()], two_fills(), day, indices={("ACME", DATE): SymbolIndex("INDX", 1.0, other)})
        assert row["index_cost_bps"] is row["market_adjusted_bps_of_executed"] is None
        assert words in row["notes"]


def test_an_order_over_several_days_says_so(day: MarketDay) -> None:
    later = fill("F3", 10, 101.0, 50, date="2020-01-03", ts_ns=at(10) + 24 * 3600 * SECOND)
    row = row_of([parent(end_ns=None)], [*two_fills(), later], day)
    assert row["fill_days"] == 2
    assert f"filled on 2 days: benchmarks are of {DATE}" in row["notes"]


def test_a_child_sent_before_arrival_prices_nothing(day: MarketDay) -> None:
    row = row_of([parent()], two_fills(), day, orders=children(9))
    assert row["broker_start_price"] is row["market_timing_cost"] is row["broker_execution_cost"] is None
    assert "sent before arrival" in row["notes"]


def test_an_order_without_fills_has_its_window_all_the_same(day: MarketDay) -> None:
    row = row_of([parent()], [], day)
    assert (row["best_price"], row["worst_price"]) == (100.10, 100.40)
    assert row["order_opportunity_cost"] == pytest.approx(400 * 0.30)
    assert row["rpm_volume"] is row["first_fill_s"] is row["reversion_60s_bps"] is row["fill_days"] is None


def test_a_contract_counts_its_multiplier(day: MarketDay) -> None:
    once, fifty = (row_of([parent(multiplier=times)], two_fills(), day) for times in (None, 50.0))
    for name in ("order_delay_cost", "order_trading_cost", "order_opportunity_cost"):
        assert fifty[name] == pytest.approx(50 * once[name])


def test_an_order_in_another_currency_meets_no_market(day: MarketDay) -> None:
    row = row_of([parent(currency="GBX")], two_fills(), day)
    assert row["best_price"] is row["day_vwap"] is row["order_delay_cost"] is None
    assert row["first_fill_s"] == 2.0


def test_a_recording_that_begins_late_has_no_open() -> None:
    market = build_day([(100, 9.9, 10.1), (23_399, 9.9, 10.1)], [(120, 10.0, 100)])
    row = row_of([parent(arrival_ns=at(110), end_ns=at(200))], [], market)
    assert row["open_price"] is row["day_vwap"] is None
    assert row["best_price"] == 10.0


def test_without_a_session_there_is_no_open_and_no_timing_risk(day: MarketDay) -> None:
    instrument = replace(day.instrument, session_open_ns=None, session_close_ns=None)
    facts = pl.DataFrame([("P1", 4_000.0, 0.02, 1.5, None, None)], schema=FACTS, orient="row")
    row = row_of([parent()], two_fills(), replace(day, instrument=instrument), facts=facts)
    assert row["open_price"] is row["day_vwap"] is row["timing_risk_bps"] is None
    assert row["quantity_adv"] == 0.1


def test_nothing_in_gives_an_empty_table(day: MarketDay) -> None:
    out = measured([], [], day, orders=children(1), facts=pl.DataFrame(schema=FACTS)).benchmarks
    assert out.height == 0
    assert out.schema == TCA_BENCHMARKS.polars_schema()


@pytest.mark.parametrize("odd", [{"side": 0}, {"quantity": 0}])
def test_an_order_that_contradicts_itself_meets_no_market(day: MarketDay, odd: dict[str, Any]) -> None:
    row = row_of([parent(**odd)], two_fills(), day)
    unknown = ("best_price", "rpm_volume", "order_trading_cost", "reversion_60s_bps", "leakage_60s_bps")
    assert [row[name] for name in unknown] == [None] * len(unknown)
