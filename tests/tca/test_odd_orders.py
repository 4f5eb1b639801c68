"""Orders that fit nothing: each keeps its row, says why a number is missing, and stops no other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from acme_market import CLOSE, DATE, SECOND, at, build_day, fill, frame_of, parent

from tcakit.market.day import MarketDay
from tcakit.market.schema import FILLS, PARENTS
from tcakit.tca import BenchmarkContext, Measured, measure

DAY_S = 24 * 3600


def measured(parents: list[dict[str, Any]], fills: list[dict[str, Any]], market: MarketDay) -> Measured:
    markets = {("ACME", DATE): market}
    context = BenchmarkContext()
    return measure(frame_of(parents, PARENTS), frame_of(fills, FILLS), markets, run_id="R1", context=context)


ODD: dict[str, tuple[dict[str, Any], list[dict[str, Any]], str | None, str]] = {
    "no fills": ({}, [], None, ""),
    "one instant": ({"arrival_ns": at(12), "end_ns": at(12)}, [fill("F1", 12, 100.12, 400)], None, ""),
    "no market that day": (
        {"date": "2020-01-03"},
        [fill("F1", 12, 100.12, 400, date="2020-01-03")],
        "no market data of ACME on 2020-01-03",
        "",
    ),
    "no quote at arrival": (
        {"arrival_ns": at(32)},
        [fill("F1", 41, 100.38, 400)],
        "no two-sided quote at arrival",
        "",
    ),
    "past midnight": (
        {"end_ns": at(10 + DAY_S)},
        [fill("F1", 12, 100.12, 200), fill("F2", DAY_S, 100.2, 200, date="2020-01-03")],
        None,
        "ends after the session: measured to the close",
    ),
    "after the close": ({"arrival_ns": CLOSE + SECOND, "end_ns": CLOSE + 60 * SECOND}, [], "no two-sided quote", ""),
    "ends before it arrives": ({"end_ns": at(5)}, [fill("F1", 12, 100.12, 400)], None, "outside the order's window"),
    "a halt": ({}, [fill("F1", 12, 100.12, 400)], None, "trading was halted during the order"),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_order_has_a_row_and_a_reason(day: MarketDay, name: str) -> None:
    changes, fills, reason, note = ODD[name]
    market = replace(day, halts=((at(15), at(35)),)) if name == "a halt" else day
    good = parent(parent_id="GOOD"), fill("G1", 12, 100.12, 400, parent_id="GOOD")
    alone = measured([good[0]], [good[1]], market)
    both = measured([parent(**changes), good[0]], [*fills, good[1]], market)
    row = both.parents.row(0, named=True)
    assert row["priced"] == (reason is None)
    assert (reason or "") in (row["unpriced_reason"] or "")
    assert note in (row["notes"] or "")
    assert both.benchmarks["parent_id"].to_list() == ["P1", "GOOD"]
    # The good order beside it is measured as if it were alone.
    assert both.parents.row(1) == alone.parents.row(0)
    assert both.benchmarks.row(1) == alone.benchmarks.row(0)


def test_nothing_after_a_halt_is_set_against_a_fill_before_it(day: MarketDay) -> None:
    market = replace(day, halts=((at(15), at(35)),))
    out = measured([parent()], [fill("F1", 12, 100.12, 400)], market)
    assert out.fills["realised_spread_1s"][0] is not None
    assert out.fills["realised_spread_60s"][0] is None
    assert out.benchmarks["reversion_60s_bps"][0] is None


def test_a_market_of_prints_alone_gives_what_prints_tell() -> None:
    out = measured([parent()], [fill("F1", 12, 100.12, 400)], build_day([], [(11, 100.0, 900.0), (30, 100.1, 900.0)]))
    row, more = out.parents.row(0, named=True), out.benchmarks.row(0, named=True)
    assert row["unpriced_reason"] == "no two-sided quote at arrival"
    assert row["interval_vwap"] is None or row["interval_vwap"] == 100.0
    assert more["order_delay_cost"] is more["leakage_60s_bps"] is None
