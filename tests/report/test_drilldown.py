"""The drill-down's thinned quotes keep what matters, and its events are all there."""

from __future__ import annotations

import dataclasses
from typing import Any

import example
import numpy as np
import pytest
from numpy.typing import NDArray

from tcakit.report.drilldown import EVENTS_SHOWN, POINTS_PER_ORDER, drilldown, event_rows, quote_path
from tcakit.report.rows import parent_rows

START = example.OPEN_NS + 3600 * example.SECOND


def decoded(path: dict[str, Any], side: str) -> NDArray[np.float64]:
    level, out = 0, []
    for step in path[side]:
        level += step or 0
        out.append(np.nan if step is None else level * path["price_unit"])
    return np.array(out)


def test_a_short_path_is_whole() -> None:
    day = example.market_day("ACME", 84.0, 3, rows=2_000)
    end = START + 600 * example.SECOND
    path = quote_path(day, START, end, 1_000)
    assert path is not None
    first = int(np.searchsorted(day.quote_ns, START, side="right")) - 1
    last = int(np.searchsorted(day.quote_ns, end, side="right"))
    changed = np.flatnonzero((np.diff(day.bid[first:last]) != 0) | (np.diff(day.ask[first:last]) != 0)) + 1
    kept = np.concatenate([[0], changed])
    assert decoded(path, "bids")[:-1] == pytest.approx(day.bid[first:last][kept])
    assert decoded(path, "asks")[:-1] == pytest.approx(day.ask[first:last][kept])
    times = np.cumsum(path["times"]) * 1_000 + START
    assert np.abs(times[1:-1] - day.quote_ns[first:last][kept][1:]).max() < 1_000
    assert times[0] == START
    assert times[-1] == end
    assert decoded(path, "bids")[-1] == pytest.approx(day.bid[last - 1])


def test_a_long_path_keeps_its_extremes() -> None:
    day = example.market_day("ACME", 84.0, 4, rows=200_000)
    day.bid[90_000] -= 3.0
    day.ask[110_000] += 3.0
    path = quote_path(day, int(day.quote_ns[0]), int(day.quote_ns[-1]), 1_000_000)
    assert path is not None
    assert path["rows"] == 200_000
    assert len(path["times"]) <= POINTS_PER_ORDER + 1
    bids, asks = decoded(path, "bids"), decoded(path, "asks")
    assert bids.min() == pytest.approx(day.bid.min())
    assert bids.max() == pytest.approx(day.bid.max())
    assert asks.min() == pytest.approx(day.ask.min())
    assert asks.max() == pytest.approx(day.ask.max())
    assert min(path["times"]) >= 0


def test_a_missing_side_stays_missing() -> None:
    day = example.market_day("ACME", 84.0, 5, rows=100_000)
    day.ask[50_000:50_400] = np.nan
    path = quote_path(day, int(day.quote_ns[0]), int(day.quote_ns[-1]), 1_000_000)
    assert path is not None
    assert None in path["asks"]
    assert None not in path["bids"]
    asks = decoded(path, "asks")
    assert np.nanmin(asks) == pytest.approx(np.nanmin(day.ask))


def test_a_window_before_the_recording_has_no_path() -> None:
    day = example.market_day("ACME", 84.0, 6, rows=1_000)
    early = int(day.quote_ns[0]) - 100 * example.SECOND
    assert quote_path(day, early, early + example.SECOND, 1_000) is None


def test_a_path_ends_where_the_recording_ends() -> None:
    day = example.market_day("ACME", 84.0, 7, rows=1_000)
    last = int(day.quote_ns[-1])
    path = quote_path(day, last - 600 * example.SECOND, last + 600 * example.SECOND, 1_000)
    assert path is not None
    assert sum(path["times"]) * 1_000 <= 600 * example.SECOND


def test_events_are_in_time_order_and_capped() -> None:
    data = example.report_data(example.eight_parents()[:1], shares=(0.5,))
    orders, fills = data.orders.to_dicts(), data.fills.to_dicts()
    events = event_rows(orders, fills, example.ZONE)
    assert [row[0] for row in events] == sorted(row[0] for row in events)
    assert sum(row[1] == "sent" for row in events) == 24
    assert sum(row[1] == "fill" for row in events) == 12
    assert sum(row[1] == "cancelled" for row in events) == 12
    assert sum(row[5] for row in events if row[1] == "fill") == data.fills["quantity"].sum()
    row = parent_rows(data)[0]
    many = [fill | {"fill_id": f"{copy}"} for copy in range(20) for fill in fills]
    shown = drilldown(row, None, orders, many)
    assert len(shown["events"]) == EVENTS_SHOWN
    assert shown["events_left_out"] == 24 + 12 + 240 - EVENTS_SHOWN


def test_times_stand_on_the_exchange_clock() -> None:
    data = example.report_data(example.eight_parents()[:1])
    row = parent_rows(data)[0]
    shown = drilldown(row, data.markets[("ACME", example.DATE)], [], [])
    arrival_ms = shown["base_ms"] + shown["arrival"] * shown["unit_ms"]
    # 10:30 on the wall clock, drawn by a chart that knows no zones
    assert arrival_ms % 86_400_000 == pytest.approx(10.5 * 3_600_000, abs=1.0)


def test_a_day_in_another_zone_is_shown_in_it() -> None:
    day = example.market_day("ACME", 84.0, 1)
    tokyo = dataclasses.replace(day, instrument=dataclasses.replace(day.instrument, timezone="Asia/Tokyo"))
    data = example.report_data(example.eight_parents()[:1], {("ACME", example.DATE): tokyo})
    row = parent_rows(data)[0]
    assert row["timezone"] == "Asia/Tokyo"
    assert row["arrival_time"].endswith("+09:00")
    assert "Asia/Tokyo (UTC+09:00)" in drilldown(row, tokyo, [], [])["axis"]
