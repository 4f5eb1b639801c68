"""The main job on a real day: eight parents in one backtest, and everything it says checked against the raw file."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from acceptance_data import Ingested
from displayed_size import check_taken, takes_of
from raw_lobster import ASK, BID, EXECUTION, HIDDEN, RawDay, sql, tcakit

from tcakit.market import codes
from tcakit.market.schema import tables_of
from tcakit.report.wording import number, price
from tcakit.store.database import Store
from tcakit.store.market_data import book_events, find_symbol_day
from tcakit.venue.order_state import OrderLife

pytestmark = pytest.mark.real
ALGORITHMS = ("twap", "vwap", "pov:10", "is:30m")
JOB = [
    "backtest", "--symbol", "AMZN", "--side", "buy", "--side", "sell", "--quantity", "5000",
    *(word for name in ALGORITHMS for word in ("--algo", name)), "--start", "10:00", "--end", "15:00",
]  # fmt: skip
EVENT_CODES = {name: code for code, name in codes.STATE_NAMES.items()}
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Run:
    """A run's tables as `tcakit sql` gives them, and what the command printed."""

    answer: dict[str, Any]
    fills: Rows
    orders: Rows
    order_events: Rows
    tca_parents: Rows

    @property
    def id(self) -> str:
        return str(self.answer["run_id"])


@pytest.fixture(scope="module")
def store(ingested: Ingested) -> Path:
    return ingested.store


def run(store: Path, *flags: str) -> Run:
    answer = tcakit(*JOB, *flags, "--store", store)
    names = ("fills", "orders", "order_events", "tca_parents")
    return Run(answer, *(sql(store, f"SELECT * FROM {name} WHERE run_id = '{answer['run_id']}'") for name in names))


@pytest.fixture(scope="module")
def alone(store: Path) -> Run:
    return run(store)


@pytest.fixture(scope="module")
def together(store: Path) -> Run:
    return run(store, "--together")


@pytest.fixture(scope="module")
def raw(raw_days: dict[str, RawDay]) -> RawDay:
    return raw_days["AMZN"]


@pytest.fixture(scope="module")
def events(store: Path) -> list[tuple[int, int, int, int | None]]:
    held = Store(store)
    found = book_events(held, find_symbol_day(held, "AMZN"))
    return list(zip(*(found[name].tolist() for name in ("kind", "side", "price", "level_size")), strict=True))


RUNS = pytest.mark.parametrize("which", ["alone", "together"])


def _rows_of_fills(found: Run) -> dict[str, int]:
    """The market row of each fill: the n-th fill of an order is the n-th of its events that fills."""
    filling: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in found.order_events:
        if event["event"] in ("partial", "filled"):
            filling[event["order_id"]].append(event)
    out = {}
    for fill in found.fills:
        event = filling[fill["order_id"]].pop(0)
        assert (event["ts_ns"], event["price"], event["size"]) == (fill["ts_ns"], fill["price"], fill["quantity"])
        assert event["reason"] == fill["reason"]
        out[fill["fill_id"]] = event["market_row"]
    assert not any(filling.values())
    return out


def test_eight_parents_run_as_one_backtest(alone: Run) -> None:
    parents = alone.answer["parents"]
    assert [(row["side"], row["algo"]) for row in parents] == [(s, a) for s in (1, -1) for a in ALGORITHMS]
    assert all(row["filled_shares"] == row["ordered_shares"] == 5_000 for row in parents)
    assert alone.answer["stored_before"] is False


def test_a_run_whose_kernels_are_compiled_takes_seconds(store: Path, alone: Run) -> None:
    begun = time.monotonic()
    answer = tcakit(*JOB, "--again", "--store", store)
    # The margin is for busy machines.
    assert time.monotonic() - begun < 30
    assert answer["run_id"] == alone.id


@RUNS
def test_fills_lie_inside_the_quote_or_on_a_print_that_was_there(
    which: str, raw: RawDay, request: pytest.FixtureRequest
) -> None:
    found: Run = request.getfixturevalue(which)
    assert found.fills
    ns = np.asarray(raw.ns)
    used: dict[tuple[str, int, int], int] = defaultdict(int)
    for fill in found.fills:
        side, at = fill["side"], fill["ts_ns"]
        first, after = (int(np.searchsorted(ns, at, side=edge)) for edge in ("left", "right"))
        if fill["reason"] == "took":
            # What the venue showed when our order came in: after all messages up to that instant.
            assert raw.windows[after - 1][-side].get(fill["price"], 0) >= fill["quantity"]
            standing = [after - 1]
        else:
            assert first < after, "a passive fill without a message at its time"
            standing = list(range(first - 1, after - 1))
        inside = []
        for row in standing:
            bid, ask = raw.best(row, BID), raw.best(row, ASK)
            assert bid is not None
            assert ask is not None
            if fill["bid"] <= bid and fill["ask"] >= ask:
                # What we took no longer counts as a quote: ours can only be the wider one.
                inside.append(fill["bid"] <= fill["price"] <= fill["ask"])
        assert inside, "the quote said to have stood before the fill was not there"
        prints = [
            row
            for row in range(first, after)
            if raw.kind[row] in (EXECUTION, HIDDEN)
            and ((raw.price[row] - fill["price"]) * side < 0
                 or (raw.price[row] == fill["price"] and raw.kind[row] == EXECUTION and raw.side[row] == side))
        ]  # fmt: skip
        if fill["reason"] in ("queue reached", "traded through"):
            assert sum(raw.size[row] for row in prints) >= fill["quantity"]
            strict = fill["reason"] == "traded through"
            assert any((raw.price[row] != fill["price"]) == strict for row in prints)
            used[fill["parent_id"] if which == "alone" else "", side, at] += fill["quantity"]
            assert (
                sum(raw.size[row] for row in range(first, after) if raw.kind[row] in (EXECUTION, HIDDEN))
                >= (used[fill["parent_id"] if which == "alone" else "", side, at])
            )
        elif fill["reason"] == "crossed":
            # The other side was displayed at our price or better right then.
            reach = [raw.windows[row][-side] for row in range(first, after)]
            assert any((fill["price"] - shown) * side >= 0 for window in reach for shown in window)
        assert any(inside) or prints, "neither inside the quote nor on a print"


@RUNS
def test_no_displayed_share_is_taken_twice(
    which: str, events: list[tuple[int, int, int, int | None]], request: pytest.FixtureRequest
) -> None:
    found: Run = request.getfixturevalue(which)
    rows = _rows_of_fills(found)
    markets = {row["parent_id"] for row in found.fills} if which == "alone" else {None}
    taken = 0
    for parent in markets:
        own = [row for row in found.fills if parent in (None, row["parent_id"])]
        own.sort(key=lambda row: (row["ts_ns"], int(row["fill_id"].rpartition("f")[2])))
        taken += check_taken(events, takes_of(own, rows, events))
    assert taken == sum(row["quantity"] for row in found.fills if row["reason"] in ("took", "crossed")) > 0


@RUNS
def test_fills_add_up_everywhere(which: str, request: pytest.FixtureRequest) -> None:
    found: Run = request.getfixturevalue(which)
    parent_of = {order["order_id"]: order["parent_id"] for order in found.orders}
    sums: dict[str, dict[str, float]] = {name: defaultdict(float) for name in ("fills", "orders", "events", "value")}
    for fill in found.fills:
        sums["fills"][fill["parent_id"]] += fill["quantity"]
        sums["value"][fill["parent_id"]] += fill["quantity"] * fill["price"] / fill["price_scale"]
        assert parent_of[fill["order_id"]] == fill["parent_id"]
    for order in found.orders:
        sums["orders"][order["parent_id"]] += order["filled"]
        assert 0 <= order["filled"] <= order["quantity"]
    for event in found.order_events:
        sums["events"][parent_of[event["order_id"]]] += event["size"]
    for row in found.tca_parents:
        held = [sums[name][row["parent_id"]] for name in ("fills", "orders", "events")]
        assert held == [row["filled_shares"]] * 3
        assert row["filled_shares"] <= row["ordered_shares"]
        average = sums["value"][row["parent_id"]] / row["filled_shares"]
        assert row["average_price"] == pytest.approx(average, rel=1e-12)
    assert len(found.tca_parents) == 8


@RUNS
def test_the_log_obeys_the_life_of_an_order(which: str, request: pytest.FixtureRequest) -> None:
    found: Run = request.getfixturevalue(which)
    by_order: dict[str, Rows] = defaultdict(list)
    for event in found.order_events:
        by_order[event["order_id"]].append(event)
    assert by_order.keys() == {order["order_id"] for order in found.orders}
    for order in found.orders:
        # As the desk learnt of it: a cancel may be sent while the news of a fill is still under way.
        log = sorted(by_order[order["order_id"]], key=lambda event: event["local_ns"])
        assert log[0]["event"] == "new"
        life, leaves = OrderLife(), order["quantity"]
        for event in log[1:]:
            life.apply(EVENT_CODES[event["event"]])
            if event["event"] in ("partial", "filled"):
                assert event["size"] > 0
                leaves -= event["size"]
                assert event["leaves"] == leaves
            else:
                assert event["size"] == 0
            assert event["ts_ns"] <= event["local_ns"]
        assert life.is_over
        assert codes.STATE_NAMES[life.state] == order["state"]
        assert order["filled"] == order["quantity"] - leaves


def test_report_page_and_store_say_the_same(store: Path, alone: Run, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    report = tcakit("report", "--run", alone.id, "--out", page, "--store", store)
    text = page.read_text(encoding="utf-8")
    stored = {row["parent_id"]: row for row in alone.tca_parents}
    printed = {row["parent_id"]: row for row in alone.answer["parents"]}
    assert len(report["parents"]) == len(stored) == len(printed) == 8
    for row in report["parents"]:
        own = stored[row["parent_id"]]
        shared = [
            name for name in ("filled_shares", "average_price", "arrival_price", "interval_vwap", "total_cost",
                              "shortfall_bps_of_paper", "arrival_bps_of_executed", "participation")
        ]  # fmt: skip
        assert {name: row[name] for name in shared if name in row} == {
            name: own[name] for name in shared if name in row
        }
        assert {"total_cost", "average_price", "shortfall_bps_of_paper"} <= row.keys()
        assert {name: printed[row["parent_id"]][name] for name in shared} == {name: own[name] for name in shared}
        for shown in (
            number(own["total_cost"]),
            price(own["average_price"]),
            number(own["shortfall_bps_of_paper"]),
            number(own["arrival_bps_of_executed"]),
        ):
            assert shown in text, (row["parent_id"], shown)
    (block,) = report["currencies"].values()
    assert block["totals"]["total_cost"] == pytest.approx(sum(row["total_cost"] for row in stored.values()), rel=1e-12)
    assert block["headline"] in text.replace("&#39;", "'")
    assert report["counts"]["fills"] == len(alone.fills) == alone.answer["fills"]
    assert report["counts"]["child_orders"] == len(alone.orders) == alone.answer["orders"]
    cost = sum(row["trading_cost"] for row in stored.values()) / sum(r["executed_notional"] for r in stored.values())
    assert alone.answer["cost_bps"] == pytest.approx(cost * 1e4, rel=1e-12)


def _counts(store: Path) -> list[dict[str, Any]]:
    parts = [f"SELECT '{table.name}' AS name, count(*) AS n FROM {table.name}" for table in tables_of("results")]
    return sql(store, " UNION ALL ".join(parts) + " ORDER BY name")


def test_the_same_backtest_again_is_done_already(store: Path, alone: Run) -> None:
    before, made = _counts(store), sql(store, f"SELECT created_ns FROM runs WHERE run_id = '{alone.id}'")
    answer = tcakit(*JOB, "--store", store)
    assert (answer["run_id"], answer["stored_before"]) == (alone.id, True)
    assert answer["parents"] == alone.answer["parents"]
    assert _counts(store) == before
    assert sql(store, f"SELECT created_ns FROM runs WHERE run_id = '{alone.id}'") == made


def test_run_anew_it_gives_the_same_to_the_last_digit(store: Path, alone: Run) -> None:
    second = run(store, "--again")
    assert second.id == alone.id
    assert json.dumps(second.fills) == json.dumps(alone.fills)
    assert json.dumps(second.order_events) == json.dumps(alone.order_events)
    assert json.dumps(second.tca_parents) == json.dumps(alone.tca_parents)


def test_parents_that_share_a_market_are_another_run_and_compete(alone: Run, together: Run) -> None:
    assert together.id != alone.id
    assert any("share one market" in note for note in together.answer["notes"])
    assert len(together.tca_parents) == 8
    assert together.answer["events"] < alone.answer["events"]
    # Eight orders of one side after another cannot all be as cheap as each alone.
    prices = [[row["average_price"] for row in found.answer["parents"]] for found in (alone, together)]
    assert prices[0] != prices[1]
