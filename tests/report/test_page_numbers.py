"""The numbers of the page's own sections against plain counting over rows and quotes."""

from __future__ import annotations

from typing import Any

import example
import numpy as np
import pytest

from tcakit.errors import UsageError
from tcakit.market import codes
from tcakit.market.instrument import Instrument
from tcakit.report import summarise
from tcakit.report.data import ReportData
from tcakit.report.depth import depth_grid
from tcakit.report.distribution import distribution
from tcakit.report.drilldown import chosen_orders
from tcakit.report.heatmaps import heatmaps
from tcakit.report.order_table import order_table
from tcakit.report.participation import cost_by_participation
from tcakit.report.progress import progress


@pytest.fixture(scope="module")
def data() -> ReportData:
    start = example.OPEN_NS + 1800 * example.SECOND
    parents = [
        example.parent(
            f"P-{place:02d}", ("ACME", "BORA")[place % 2], 1 if place % 3 else -1, 240 * 10 ** (place % 3),
            start + place * 420 * example.SECOND, 15, algo="vwap", broker="B",
        )
        for place in range(40)
    ]  # fmt: skip
    return example.report_data(parents)


@pytest.fixture(scope="module")
def block(data: ReportData) -> dict[str, Any]:
    held: dict[str, Any] = summarise(data)["currencies"]["USD"]
    return held


def test_venues_are_ratios_of_sums_over_their_fills(data: ReportData, block: dict[str, Any]) -> None:
    (venue,) = block["venues"]
    costs = {row["fill_id"]: row for row in data.tca_fills.iter_rows(named=True)}
    top = bottom = notional = maker = fees = 0.0
    for fill in data.fills.iter_rows(named=True):
        cost, shares = costs[fill["fill_id"]], fill["quantity"] / fill["size_scale"]
        worth = shares * fill["price"] / fill["price_scale"]
        top, bottom = top + cost["effective_spread"] * shares, bottom + cost["quoted_spread"] * shares
        notional, fees = notional + worth, fees + fill["fee"]
        maker += worth if fill["liquidity"] == "maker" else 0.0
    assert venue["effective_over_quoted"] == pytest.approx(top / bottom)
    assert venue["passive"] == pytest.approx(maker / notional)
    assert venue["fee_bps"] == pytest.approx(fees / notional * 1e4)
    assert venue["fills"] == data.fills.height
    assert venue["share_of_executed"] == 1.0


def test_heat_maps_hold_every_order_once(data: ReportData) -> None:
    rows = summarise(data)["parents"]
    costed = [row for row in rows if row["trading_cost"] is not None and row["executed_notional"]]
    for grid in heatmaps(rows):
        cells = [cell for row in grid["cells"] for cell in row if cell is not None]
        assert sum(cell["n"] for cell in cells) == len(costed)
        assert all(cell["low"] is None for cell in cells if cell["n"] < 2)
        assert all(cell["low"] <= cell["value"] <= cell["high"] for cell in cells if cell["n"] > 6)
    grid = next(grid for grid in heatmaps(rows) if grid["name"].startswith("Side"))
    mine = [row for row in costed if row["side"] == "buy" and "10:30" <= row["arrival_time"][11:16] < "11:00"]
    assert mine
    cell = grid["cells"][grid["rows"].index("buy")][grid["columns"].index("10:30")]
    expected = sum(r["trading_cost"] for r in mine) / sum(r["executed_notional"] for r in mine) * 1e4
    assert cell["n"] == len(mine)
    assert cell["value"] == pytest.approx(expected)


def test_heat_maps_have_the_buckets_of_the_tables(data: ReportData) -> None:
    summary = summarise(data)
    by_size = next(table for table in summary["groups"] if table["by"] == ["size_bucket"])
    grid = next(grid for grid in summary["currencies"]["USD"]["heatmaps"] if grid["name"].startswith("Ordered"))
    assert grid["rows"] == [cell["key"]["size_bucket"] for cell in by_size["cells"]]
    for label, cells in zip(grid["rows"], grid["cells"], strict=True):
        table = next(cell for cell in by_size["cells"] if cell["key"]["size_bucket"] == label)
        assert sum(cell["n"] for cell in cells if cell is not None) == table["n"]


def test_groups_by_participation_are_ordered_and_hold_the_model(data: ReportData) -> None:
    rows = summarise(data)["parents"]
    points = [{"parent_id": row["parent_id"], "mean_bps": 3.0} for row in rows[:20]]
    held = cost_by_participation(rows, [{"model": "half spread", "source": "published", "points": points}])
    assert held["model"] == "half spread (published)"
    assert sum(part["n"] for part in held["bins"]) == held["orders"] == len(rows)
    assert sum(part["estimated_n"] for part in held["bins"]) == 20
    said = [part["estimated_bps"] for part in held["bins"] if part["estimated_n"]]
    assert said == pytest.approx([3.0] * len(said))
    edges = [part["participation_low"] for part in held["bins"]]
    assert edges == sorted(edges)
    whole = sum(row["trading_cost"] for row in rows)
    notional = {row["parent_id"]: row["executed_notional"] for row in rows}
    assert sum(part["value"] / 1e4 * _worth(part, rows, notional) for part in held["bins"]) == pytest.approx(whole)
    assert cost_by_participation(rows[:4], [])["bins"] == []


def _worth(part: dict[str, Any], rows: list[dict[str, Any]], notional: dict[str, float]) -> float:
    low, high = part["participation_low"], part["participation_high"]
    return sum(notional[row["parent_id"]] for row in rows if low <= row["participation"] <= high)


def test_the_day_profile_holds_all_prints_and_fills(data: ReportData, block: dict[str, Any]) -> None:
    printed = sum(float(day.print_size.sum()) for day in data.markets.values())
    assert sum(row["market_shares"] for row in block["intraday"]) == pytest.approx(printed)
    assert sum(row["own_shares"] for row in block["intraday"]) == pytest.approx(data.fills["quantity"].sum())
    times = [row["time"] for row in block["intraday"]]
    assert times == [f"{minute // 60:02}:{minute % 60:02}" for minute in range(570, 960, 30)]
    day = data.markets["ACME", example.DATE]
    # A plain loop over the quotes of the first half hour, both symbols.
    top = stood = 0.0
    for day in data.markets.values():
        for row in range(day.quote_ns.size - 1):
            if day.quote_ns[row] < example.OPEN_NS + 1800 * example.SECOND:
                seconds = float(day.quote_ns[row + 1] - day.quote_ns[row]) / 1e9
                top += (day.ask[row] - day.bid[row]) / (day.ask[row] + day.bid[row]) * 2e4 * seconds
                stood += seconds
    assert block["intraday"][0]["spread_bps"] == pytest.approx(top / stood)


def test_the_distribution_counts_each_order_once(block: dict[str, Any], data: ReportData) -> None:
    held = block["distribution"]
    values = data.tca_parents["arrival_bps_of_executed"].drop_nulls().to_numpy()
    for kind in ("raw", "winsorised"):
        assert sum(held[kind]["counts"]) == held[kind]["n"] == values.size
        assert len(held[kind]["edges"]) == len(held[kind]["counts"]) + 1
    assert held["raw"]["mean"] == pytest.approx(values.mean())
    assert held["winsorised"]["edges"][0] == pytest.approx(held["winsorised_at"][0])
    assert [row["value"] for row in held["worst"]] == sorted(values, reverse=True)[:10]
    assert [row["value"] for row in held["best"]] == sorted(values)[:10]
    assert distribution([]) is None


def test_the_order_table_says_what_the_rows_say(data: ReportData) -> None:
    rows = summarise(data)["parents"]
    columns = {column["title"]: column for column in order_table(rows)}
    assert columns["Order"]["data"] == [row["parent_id"] for row in rows]
    symbols = columns["Symbol"]
    assert [symbols["words"][place] for place in symbols["data"]] == [row["symbol"] for row in rows]
    assert columns["Cost, USD"]["data"] == [round(row["total_cost"], 2) for row in rows]
    assert columns["Filled"]["data"] == [round(row["fill_rate"] * 100, 1) for row in rows]
    seconds = columns["Arrival, UTC-04:00"]["data"]
    assert seconds == [(row["arrival_ns"] - example.OPEN_NS) // example.SECOND + 34_200 for row in rows]


def test_orders_that_can_be_opened() -> None:
    rows: list[dict[str, Any]] = [
        {"parent_id": f"P{place}", "shortfall_bps_of_paper": None if place >= 98 else 98.0 - place}
        for place in range(100)
    ]
    chosen = [row["parent_id"] for row in chosen_orders(rows, ["P50", "P99"], each=3)]
    assert chosen == ["P50", "P99", "P0", "P1", "P2", "P95", "P96", "P97"]
    assert len(chosen_orders(rows[:6], each=3)) == 6
    with pytest.raises(UsageError, match="no order 'P5o'"):
        chosen_orders(rows, ["P5o"])


def plain_book(events: list[tuple[int, int, int, int, int]], until: int) -> dict[tuple[int, int], int]:
    book: dict[tuple[int, int], int] = {}
    for ns, kind, side, price, size in events:
        if ns > until:
            break
        if kind == codes.CLEAR:
            book.clear()
        elif kind in codes.BOOK_KINDS:
            book[side, price] = 0 if kind == codes.LEAVE else size
    return {key: size for key, size in book.items() if size}


def test_the_depth_grid_is_the_book_at_its_times() -> None:
    random = np.random.default_rng(5)
    kinds = np.array([codes.SET, codes.ADD, codes.LEAVE, codes.CLEAR, codes.PRINT])
    events = []
    for ns in np.sort(random.integers(0, 10_000, 400)).tolist():
        side = int(random.choice([codes.BUY, codes.SELL]))
        price = 1_000 - int(random.integers(0, 6)) if side == codes.BUY else 1_001 + int(random.integers(0, 6))
        kind = int(random.choice(kinds, p=[0.5, 0.3, 0.14, 0.01, 0.05]))
        events.append((ns, kind, side, price, int(random.integers(0, 50)) * 10))
    names = ("ts_ns", "kind", "side", "price", "level_size")
    columns = {name: np.array([row[place] for row in events], np.int64) for place, name in enumerate(names)}
    grid = depth_grid(columns, Instrument("X", price_scale=100, size_scale=10), 2_000, 9_000, columns=30, prices=50)
    assert grid is not None
    for column, ns in enumerate(grid.times_ns.tolist()):
        book = plain_book(events, ns)
        shown = {
            round(grid.prices[row] * 100): grid.shares[row, column] * 10
            for row in np.flatnonzero(grid.shares[:, column])
        }
        assert shown == {price: size for (_, price), size in book.items()}
        bids = [price for side, price in book if side == codes.BUY]
        assert grid.best_bid[column] * 100 == pytest.approx(max(bids)) if bids else np.isnan(grid.best_bid[column])
    (bid, offer), *_ = grid.mean_by_level()
    best = [plain_book(events, ns) for ns in grid.times_ns.tolist()]
    tops = [
        book[max(key for key in book if key[0] == codes.BUY)] / 10
        for book in best
        if any(k[0] == codes.BUY for k in book)
    ]
    assert bid == pytest.approx(np.mean(tops))
    assert offer is not None
    near = depth_grid(columns, Instrument("X", price_scale=100), 2_000, 9_000, columns=30, prices=4)
    assert near is not None
    assert near.prices.size == 4
    assert "prices farther away are left out" in near.note
    assert depth_grid({name: columns[name][:0] for name in names}, Instrument("X"), 0, 1) is None


def test_an_order_stands_beside_the_markets_volume(data: ReportData) -> None:
    rows = summarise(data)["parents"][:3]
    for name, steps in progress(data, rows).items():
        order = next(row for row in rows if row["parent_id"] == name)
        day = data.markets[order["symbol"], order["date"]]
        fills = [fill for fill in data.fills.iter_rows(named=True) if fill["parent_id"] == name]
        assert len(steps) == 25
        for seconds, own, market in steps:
            now = order["arrival_ns"] + round(seconds * 1e9)
            done = sum(fill["quantity"] for fill in fills if fill["ts_ns"] <= now)
            assert own == pytest.approx(done / order["ordered_shares"])
            printed = day.print_size[(day.print_ns >= order["arrival_ns"]) & (day.print_ns <= now)].sum()
            whole = day.print_size[(day.print_ns >= order["arrival_ns"]) & (day.print_ns <= order["end_ns"])].sum()
            assert market == pytest.approx(printed / whole)
        assert steps[-1][2] == 1.0
    bare = {**rows[0], "end_ns": None, "parent_id": "nobody"}
    assert progress(data, [bare]) == {"nobody": []}
