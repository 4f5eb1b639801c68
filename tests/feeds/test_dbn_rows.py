"""DBN of ten levels, best quotes, prints and bars."""

from __future__ import annotations

from typing import Any

import pytest
from dbn_files import (
    DAY,
    NANO,
    NO_TIME,
    NOON,
    UNDEFINED,
    bar,
    events,
    header,
    read,
    record,
    touch,
    window,
)

from tcakit.errors import UsageError
from tcakit.feeds.dbn_stream import (
    BBO_1S,
    CMBP_1,
    MBP_1,
    OHLCV_1D,
    OHLCV_1M,
    OHLCV_DEPRECATED,
    TRADES,
)
from tcakit.market.clock import parse_time

# --- ten levels ---------------------------------------------------------------------------------------------------


def test_ten_levels_become_sets_and_what_the_windows_end_hides() -> None:
    full = [(10.0 - k / 100, 5 + k) for k in range(10)]
    better = [(10.01, 2), *full[:9]]
    trade = {"side": b"A", "price": round(10.01 * NANO), "size": 1}
    got = read(
        header("mbp-10")
        + window("A", full, [(10.02, 4)])
        + window("A", better, [(10.02, 4)], ts_event=NOON + 1)
        + window("T", better, [(10.02, 4)], ts_event=NOON + 2, **trade)
        + window("M", [(10.01, 1), *full[:9]], [(10.02, 4)], ts_event=NOON + 3)
        + window("C", full, [], ts_event=NOON + 4)
        + window("R", [], [], ts_event=NOON + 5)
        + window("A", [(9.0, 3)], [], ts_event=NOON + DAY)
        + window("A", [(9.0, 3), (8.5, 1)], [], ts_event=NOON + DAY + 1)
        + window("C", [(8.5, 1)], [], ts_event=NOON + 2 * DAY)
    )
    assert got.reasons == []
    rows = events(got, "kind", "side", "price", "size", "level_size")
    assert rows[0] == ("clear", 0, None, None, None)
    assert rows[1:12] == [
        *(("snapshot", 1, 100_000 - 100 * k, 5 + k, 5 + k) for k in range(10)),
        ("snapshot", -1, 100_200, 4, 4),
    ]
    assert rows[12:] == [
        ("set", 1, 100_100, None, 2),
        ("leave", 1, 99_100, None, None),
        ("print", 1, 100_100, 1, None),
        ("set", 1, 100_100, None, 1),
        ("set", 1, 100_100, None, 0),
        ("enter", 1, 99_100, 14, 14),
        ("set", -1, 100_200, None, 0),
        ("clear", 0, None, None, None),
        # each trade date begins with the window as it stands
        ("clear", 0, None, None, None),
        ("set", 1, 90_000, None, 3),
        ("set", 1, 85_000, None, 1),
        ("clear", 0, None, None, None),
        ("snapshot", 1, 90_000, 3, 3),
        ("snapshot", 1, 85_000, 1, 1),
        ("set", 1, 90_000, None, 0),
    ]
    assert {(batch.content, batch.depth) for batch in got.batches} == {("book-l2-window", 10)}


def test_levels_out_of_order_are_refused() -> None:
    got = read(header("mbp-10") + window("A", [(10.0, 1), (10.0, 2)], []) + window("A", [(10.0, 1)], [(9, 1), (8, 1)]))
    assert got.reasons == [(k, "its levels are not in order from best to worst") for k in (1, 2)]
    assert got.batches == []


# --- prints, quotes, bars ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("schema", "rtype"), [("mbp-1", MBP_1), ("cmbp-1", CMBP_1)])
def test_the_best_of_both_sides_and_the_prints_among_them(schema: str, rtype: int) -> None:
    data = (
        header(schema)
        + touch(rtype, 10.0, None, action=b"A", side=b"B")
        + touch(rtype, 10.0, 10.02, action=b"A", side=b"A", ts_event=NOON + 5)
        + touch(rtype, 10.0, 10.02, action=b"T", side=b"B", price=round(10.02 * NANO), size=2, ts_event=NOON + 3)
        + touch(rtype, None, None, action=b"R", side=b"N", ts_event=NOON + 9)
    )
    got = read(data)
    assert got.reasons == []
    assert got.frame("quotes").select("ts_ns", "bid", "bid_size", "ask", "ask_size").rows() == [
        (NOON, 100_000, 3, None, None),
        (NOON + 5, 100_000, 3, 100_200, 3),
        (NOON + 5, 100_000, 3, 100_200, 3),
        (NOON + 9, None, None, None, None),
    ]
    assert got.frame("trades").select("ts_ns", "price", "size", "aggressor", "condition", "trade_id").rows() == [
        (NOON + 3, 100_200, 2, 1, None, None)
    ]
    assert {batch.content for batch in read(data, content="quotes").batches} == {"quotes"}
    with pytest.raises(UsageError, match="book-l2"):
        read(data, content="book-l2")


def test_a_sampled_quote_stands_at_the_end_of_its_interval_and_is_no_print() -> None:
    got = read(
        header("bbo-1s")
        + touch(BBO_1S, 10.0, 10.02, ts_event=NO_TIME, ts_recv=NOON, side=b"N")
        + touch(BBO_1S, 10.0, 10.02, ts_event=NOON - 9, ts_recv=NOON + NANO, price=NANO, size=4, side=b"A")
    )
    assert got.frame("quotes").select("ts_ns", "recv_ns").rows() == [(NOON, None), (NOON + NANO, None)]
    assert {batch.table for batch in got.batches} == {"quotes"}


def test_prints_keep_their_exact_price_and_who_took() -> None:
    def trade(price: int, side: str, **more: Any) -> bytes:
        return record(TRADES, **({"action": b"T", "side": side.encode(), "price": price, "size": 3} | more))

    got = read(
        header("trades")
        + trade(10_012_345_678, "B")
        + trade(10_000_000_000, "A")
        + trade(-2_500_000_000, "N")
        + trade(UNDEFINED, "B")
        + trade(NANO, "B", size=0)
        + trade(NANO, "X")
        + trade(NANO, "B", action=b"A")
    )
    assert got.frame("trades").select("price", "aggressor").rows() == [
        (10_012_345_678, 1),
        (10_000_000_000, -1),
        (-2_500_000_000, 0),
    ]
    assert got.instruments[0].price_scale == NANO
    assert got.reasons == [
        (4, "a print without a price"),
        (5, "a print of size zero"),
        (6, "its side is none of A, B and N"),
        (7, "a print whose action is not T"),
    ]


def test_bars_keep_their_length_and_daily_ones_their_utc_day() -> None:
    start = parse_time("2024-03-05T00:00:00Z")
    got = read(header("ohlcv-1m") + bar(OHLCV_1M, ts_event=start) + bar(OHLCV_1D, ts_event=start))
    rows = got.frame("bars").select("date", "interval_ns", "open", "high", "low", "close", "volume").rows()
    prices = (100_000, 120_000, 90_000, 110_000, 70)
    assert rows == [("2024-03-04", 60 * NANO, *prices), ("2024-03-05", 86_400 * NANO, *prices)]
    old = read(header("ohlcv-1h") + bar(OHLCV_DEPRECATED, open=UNDEFINED)).frame("bars")
    assert old.select("interval_ns", "open").rows() == [(3_600 * NANO, None)]
    bad = read(header("ohlcv-1m") + bar(OHLCV_1M, close=13 * NANO) + bar(OHLCV_1M, volume=1 << 63))
    assert [line for line, _ in bad.reasons] == [1, 2]
    assert read(header("mbo") + bar(OHLCV_DEPRECATED)).reasons == [(1, "a bar of unknown length")]


# --- numbers that nothing true can be -----------------------------------------------------------------------------


def test_a_time_after_all_years_is_refused_and_not_left_out_in_silence() -> None:
    good = {"action": b"T", "side": b"A", "price": 10 * NANO, "size": 1}
    late = parse_time("2126-06-01T12:00:00Z")
    got = read(
        header("trades")
        + record(TRADES, **good)
        + record(TRADES, **good, ts_event=late, ts_recv=NOON)
        + record(TRADES, **good, ts_recv=late)
        + record(TRADES, **good, ts_recv=NO_TIME)
    )
    assert got.reasons == [(line, "time lies outside the years 1970 to 2099") for line in (2, 3)]
    assert got.frame("trades")["recv_ns"].to_list() == [NOON + 100, None]


@pytest.mark.parametrize("schema", ["trades", "ohlcv-1m", "mbp-1"])
def test_a_price_that_is_the_lowest_number_of_all_is_refused(schema: str) -> None:
    lowest = -(1 << 63)
    rows = {
        "trades": record(TRADES, action=b"T", side=b"A", price=lowest, size=1),
        "ohlcv-1m": record(OHLCV_1M, open=0, high=0, low=lowest, close=0, volume=1),
        "mbp-1": record(MBP_1, action=b"A", side=b"B", price=NANO, size=1, bid_px_00=lowest, bid_sz_00=1),
    }
    assert read(header(schema) + rows[schema]).reasons == [(1, "a price that is too low to hold")]


def test_a_volume_that_fills_63_bits_is_refused() -> None:
    full = record(OHLCV_1M, open=NANO, high=NANO, low=NANO, close=NANO, volume=UNDEFINED)
    assert read(header("ohlcv-1m") + full).reasons == [(1, "its volume is too large to hold")]


def test_a_trade_with_its_quote_is_one_record_and_refused_once() -> None:
    traded = {"action": b"T", "side": b"B", "price": round(10.02 * NANO), "size": 2}
    data = (
        header("tbbo")
        + touch(MBP_1, 10.0, 10.02, ts_event=NOON, **traded)
        + touch(MBP_1, 10.0, 10.02, ts_event=NOON + 90 * DAY, **traded)
    )
    got = read(data)
    assert [line for line, _ in got.reasons] == [2]
    assert got.faults.rows == 2
    assert (got.frame("trades").height, got.frame("quotes").height) == (1, 1)
