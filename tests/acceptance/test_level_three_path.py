"""A simulated day with exact queues, and the same day out as files and in again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from raw_lobster import query, tcakit

from tcakit.jobs.market import market_day
from tcakit.market.day import MarketDay
from tcakit.store.database import Store
from tcakit.store.market_data import find_symbol_day
from tcakit.tca.benchmarks import interval_sums

MAKE = ["simulate", "run", "--symbol", "SIM", "--date", "2026-03-02", "--seed", "11", "--events", "15000"]
TRADE = [
    "backtest", "--symbol", "SIM", "--side", "buy", "--quantity", "2000", "--algo", "twap",
    "--start", "10:00", "--end", "15:00",
]  # fmt: skip
CALL_NS = 60_000_000_000


@dataclass(frozen=True)
class Stores:
    """The same simulated day as level 3, as a LOBSTER window, and as quotes and trades."""

    made: dict[str, Any]
    exact: Path
    window: Path
    touch: Path

    def day(self, which: str) -> MarketDay:
        store = Store(getattr(self, which))
        return market_day(store, find_symbol_day(store, "SIM"))


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Stores:
    root = tmp_path_factory.mktemp("three")
    made = tcakit(*MAKE, "--store", root / "exact")
    files = tcakit(*MAKE, "--out", root / "files", "--format", "lobster,csv")["files"]
    pair = [path for path in files if "_message_" in path or "_orderbook_" in path]
    flat = [path for path in files if path not in pair]
    assert (len(pair), len(flat)) == (2, 2)
    for paths, name in ((pair, "window"), (flat, "touch")):
        answer = tcakit("ingest", *paths, "--store", root / name)
        assert answer["faults"] == 0
    return Stores(made, root / "exact", root / "window", root / "touch")


def test_the_day_is_stored_as_level_three(stores: Stores) -> None:
    (day,) = tcakit("catalog", "--store", stores.exact)["days"]
    assert day["content"] == ["book-l3"]
    assert (day["events"], day["trades"]) == (stores.made["events"], stores.made["trades"])


def test_made_twice_it_is_stored_once(stores: Stores) -> None:
    again = tcakit(*MAKE, "--store", stores.exact)
    assert again["ingest_key"] == stores.made["ingest_key"]
    assert query(stores.exact, "SELECT count(*) AS n FROM book_events") == [{"n": stores.made["events"]}]


@pytest.mark.parametrize("queue", [[], ["--queue", "fifo"], ["--queue", "risk-averse"]])
def test_backtests_run_on_exact_queues(stores: Stores, queue: list[str]) -> None:
    answer = tcakit(*TRADE, *queue, "--store", stores.exact)
    (parent,) = answer["parents"]
    assert parent["filled_shares"] == 2_000
    (note,) = [text for text in answer["notes"] if "queue rule" in text]
    assert "level-3 book: exact place in the queue" in note
    assert ("queue rule risk-averse" in note) == ("risk-averse" in queue)
    assert query(stores.exact, f"SELECT sum(quantity) AS q FROM fills WHERE run_id = '{answer['run_id']}'") == [
        {"q": 2_000}
    ]


def test_fifo_needs_level_three(stores: Stores) -> None:
    error = tcakit(*TRADE, "--queue", "fifo", "--store", stores.window, expect=2)["error"]
    assert "level-3" in error["message"]


@pytest.mark.parametrize("which", ["window", "touch"])
def test_files_of_the_day_give_the_same_prints(stores: Stores, which: str) -> None:
    one, other = stores.day("exact"), stores.day(which)
    assert len(one.print_ns) == stores.made["trades"] > 100
    assert np.array_equal(one.print_ns, other.print_ns)
    assert np.array_equal(one.print_size, other.print_size)
    assert np.array_equal(
        one.print_price * other.instrument.price_scale, other.print_price * one.instrument.price_scale
    )
    for day in (one, other):
        volume, traded = interval_sums(day, [day.print_ns[0]], [day.print_ns[-1]])
        assert int(volume[0]) == sum(one.print_size.tolist())
        value = sum(p * q for p, q in zip(one.print_price.tolist(), one.print_size.tolist(), strict=True))
        assert int(traded[0]) * one.instrument.price_scale == value * day.instrument.price_scale


@pytest.mark.parametrize("which", ["window", "touch"])
def test_files_of_the_day_give_the_same_quotes(stores: Stores, which: str) -> None:
    one, other = stores.day("exact"), stores.day(which)
    # In the calls of the auctions a book may be crossed, and files of quotes say nothing then.
    opened, closed = one.instrument.session_open_ns, one.instrument.session_close_ns
    assert opened is not None
    assert closed is not None
    grid = np.unique(np.concatenate([one.quote_ns, other.quote_ns]))
    grid = grid[(grid > max(opened, int(other.quote_ns[0]))) & (grid < closed - CALL_NS)]
    assert len(grid) > 1_000
    for name in ("bid", "ask", "bid_size", "ask_size"):
        ours, theirs = (
            getattr(day, name)[np.searchsorted(day.quote_ns, grid, side="right") - 1] for day in (one, other)
        )
        assert np.array_equal(ours, theirs, equal_nan=True), name


def test_quotes_and_trades_alone_replay_and_say_how_weak_they_are(stores: Stores) -> None:
    answer = tcakit(*TRADE, "--store", stores.touch)
    (parent,) = answer["parents"]
    # Only what the touch shows can be taken.
    assert 1_900 <= parent["filled_shares"] <= 2_000
    assert any("weakest ground" in note for note in answer["notes"])
    report = tcakit("report", "--run", answer["run_id"], "--store", stores.touch)
    assert "weakest ground" in str(report["quality"])


def test_the_window_replays_and_says_what_it_knows(stores: Stores) -> None:
    answer = tcakit(*TRADE, "--store", stores.window)
    assert answer["parents"][0]["filled_shares"] == 2_000
    assert any("level-2 window" in note for note in answer["notes"])
