"""The store's parts by themselves: frames in and out, units, the column cache, readers and writers at once."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcakit.errors import DataError, StoreBusyError, UsageError
from tcakit.market.instrument import Instrument
from tcakit.market.schema import FAULTS, QUOTES, TRADES
from tcakit.store import database
from tcakit.store import ingest as stored
from tcakit.store.bridge import frame, insert
from tcakit.store.column_cache import cached_columns
from tcakit.store.database import Store
from tcakit.store.market_data import find_symbol_day, plain, quotes, symbol_days, trades
from tcakit.store.staging import MarketRows, Staging

DATE = "2026-03-02"
MAYBE = st.none() | st.integers(-(2**63), 2**63 - 1)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store", create=True, wait_s=5.0)


def instrument(**changed: Any) -> Instrument:
    facts = {"symbol": "ACME", "venue": "XNAS", "currency": "USD", "timezone": "America/New_York"}
    return Instrument(**{**facts, "price_scale": 100, "tick_size": 1, **changed})


def record(key: str, path: str | None = None) -> stored.FileRecord:
    return stored.FileRecord(key, f"hash of {key}", path or f"{key}.csv", "csv", 1, "{}")


def trade_rows(ns: list[int], price: list[int], size: list[int]) -> pl.DataFrame:
    return pl.DataFrame({"seq": range(len(ns)), "ts_ns": ns, "price": price, "size": size}).with_columns(
        aggressor=pl.lit(0)
    )


def put_rows(store: Store, key: str, part: MarketRows) -> None:
    with Staging(lambda: store, key) as staged:
        staged.add(part)
        stored.put(store, record(key), staged, [], FAULTS.empty())


def put_trades(store: Store, key: str, rows: pl.DataFrame, **changed: Any) -> None:
    whole = rows.with_columns(
        [pl.lit(None).cast(dtype).alias(name) for name, dtype in TRADES.polars_schema().items()
         if name not in rows.columns and name not in ("instrument_id", "source_id")]
    )  # fmt: skip
    part = MarketRows("trades", whole, instrument(**changed), DATE, "trades", None)
    with store.writer("test"):
        with store.write_results():
            pass
        put_rows(store, key, part)


# --- frames ------------------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(st.lists(st.tuples(MAYBE, st.none() | st.text(max_size=5)), max_size=20))
def test_frames_come_back_as_they_went_in(rows: list[tuple[int | None, str | None]]) -> None:
    connection = duckdb.connect()
    connection.execute(FAULTS.ddl())
    given_rows = [
        {"ingest_key": "k", "path": "p", "line": number, "reason": "r", "text": text}
        for number, (_, text) in enumerate(rows)
    ]
    whole = pl.DataFrame(given_rows, schema=FAULTS.polars_schema())
    assert insert(connection, FAULTS, whole) == len(rows)
    back = frame(connection, FAULTS, "ORDER BY line")
    assert back.schema == whole.schema
    assert back.equals(whole, null_equal=True)
    connection.close()


@settings(max_examples=40)
@given(st.lists(MAYBE, min_size=1, max_size=20))
def test_missing_whole_numbers_stay_missing_and_large_ones_exact(values: list[int | None]) -> None:
    connection = duckdb.connect()
    connection.execute(QUOTES.ddl())
    n = len(values)
    whole = QUOTES.conform(
        pl.DataFrame(
            {
                "instrument_id": [1] * n, "source_id": [1] * n, "seq": list(range(n)), "ts_ns": [5] * n,
                "recv_ns": [None] * n, "bid": values, "bid_size": values, "ask": [None] * n, "ask_size": [None] * n,
            },
            schema_overrides=QUOTES.polars_schema(),
        )
    )  # fmt: skip
    insert(connection, QUOTES, whole)
    back = frame(connection, QUOTES, "ORDER BY seq")
    assert back["bid"].to_list() == values
    assert back["ask"].null_count() == back["recv_ns"].null_count() == n
    assert back.equals(whole, null_equal=True)
    connection.close()


# --- units ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("finer_first", [False, True])
def test_two_files_of_one_symbol_share_the_finer_units(store: Store, finer_first: bool) -> None:
    coarse = ("coarse", trade_rows([10, 20], [1_001, 1_002], [5, 6]), {"price_scale": 100})
    fine = ("fine", trade_rows([30], [100_155], [75]), {"price_scale": 10_000, "size_scale": 10, "lot_size": 1})
    for key, rows, changed in (fine, coarse) if finer_first else (coarse, fine):
        put_trades(store, key, rows, **changed)
    (day,) = symbol_days(store, DATE)
    assert (day.instrument.price_scale, day.instrument.size_scale) == (10_000, 10)
    found = trades(store, day)
    assert plain(found["price"]).tolist() == [100_100, 100_200, 100_155]
    assert plain(found["size"]).tolist() == [50, 60, 75]


def test_quotes_with_an_empty_side_keep_it_empty_when_units_change(store: Store) -> None:
    rows = pl.DataFrame(
        {
            "seq": [0],
            "ts_ns": [5],
            "recv_ns": [None],
            "bid": [1_000],
            "bid_size": [4],
            "ask": [None],
            "ask_size": [None],
        },
        schema_overrides={name: pl.Int64 for name in ("recv_ns", "ask", "ask_size")},
    )
    with store.writer("test"):
        with store.write_results():
            pass
        part = MarketRows("quotes", rows, instrument(), DATE, "quotes", None)
        put_rows(store, "quotes", part)
    put_trades(store, "fine", trade_rows([6], [100_155], [75]), price_scale=10_000)
    (day,) = symbol_days(store, DATE)
    found = quotes(store, day)
    assert plain(found["bid"], -1).tolist() == [100_000]
    assert plain(found["ask"], -1).tolist() == [-1]


def test_rows_of_one_instant_keep_the_order_of_their_files(store: Store) -> None:
    put_trades(store, "first", trade_rows([7, 7, 7], [3, 1, 2], [1, 1, 1]))
    (day,) = symbol_days(store, DATE)
    assert plain(trades(store, day)["price"]).tolist() == [3, 1, 2]


def test_a_symbol_that_is_not_there_brings_the_nearest(store: Store) -> None:
    put_trades(store, "first", trade_rows([7], [3], [1]))
    with pytest.raises(UsageError, match="did you mean ACME") as caught:
        find_symbol_day(store, "ACMEE")
    assert caught.value.exit_code == 2


def test_a_symbol_of_several_days_has_the_units_and_hours_of_each(store: Store) -> None:
    with store.writer("test"), Staging(lambda: store, "days") as staged:
        for date, tick, opens in (("2026-03-02", 5, 1), ("2026-03-03", 1, 2)):
            rows = pl.DataFrame({"seq": [0], "ts_ns": [7], "bid": [10], "bid_size": [1], "ask": [15], "ask_size": [1]})
            own = instrument(tick_size=tick, session_open_ns=opens)
            staged.add(MarketRows("quotes", rows, own, date, "quotes", None))
        stored.put(store, record("days"), staged, [], FAULTS.empty())
    found = [symbol_days(store, date)[0].instrument for date in store.dates()]
    assert [(day.tick_size, day.session_open_ns) for day in found] == [(5, 1), (1, 2)]


def put_bars(store: Store, key: str, interval_ns: int, starts: list[int], close: int) -> stored.Put:
    prices = {name: [close] * len(starts) for name in ("open", "high", "low", "close", "volume")}
    lengths = {"seq": range(len(starts)), "ts_ns": starts, "interval_ns": [interval_ns] * len(starts)}
    with store.writer("test"), Staging(lambda: store, key) as staged:
        staged.add(MarketRows("bars", pl.DataFrame(lengths | prices), instrument(), DATE, "bars", None))
        return stored.put(store, record(key), staged, [], FAULTS.empty())


def test_bars_are_known_by_length_and_start(store: Store) -> None:
    assert put_bars(store, "seconds", 10**9, [n * 10**9 for n in range(60)], 5) == stored.Put(60)
    assert put_bars(store, "minute", 60 * 10**9, [0], 5) == stored.Put(1)
    assert put_bars(store, "more", 10**9, [n * 10**9 for n in range(50, 70)], 5) == stored.Put(10, 10)
    with pytest.raises(DataError, match=r"seconds\.csv.*other values"):
        put_bars(store, "others", 10**9, [10 * 10**9], 6)


# --- half stored ----------------------------------------------------------------------------------------------------


def test_what_was_half_stored_is_undone_and_what_was_whole_stays(store: Store) -> None:
    put_trades(store, "whole", trade_rows([7], [3], [1]))
    put_trades(store, "half", trade_rows([9], [4], [1]))
    with store.write_results() as connection:
        connection.execute("UPDATE files SET status = 'storing' WHERE ingest_key = 'half'")
    with store.writer("test"):
        assert stored.recover(store) == ["half.csv"]
        assert stored.recover(store) == []
    assert stored.is_stored(store, "whole")
    (day,) = symbol_days(store, DATE)
    assert plain(trades(store, day)["price"]).tolist() == [3]


def test_a_replacement_that_was_killed_early_leaves_the_former_rows(store: Store) -> None:
    put_trades(store, "former", trade_rows([7], [3], [1]))
    with store.write_results() as connection:
        # As `put` writes it down before it touches a day: same content, other key.
        connection.execute("INSERT INTO files SELECT * REPLACE ('next' AS ingest_key, 'storing' AS status) FROM files")
    with store.writer("test"):
        stored.recover(store)
    assert stored.is_stored(store, "former")
    assert len(symbol_days(store, DATE)) == 1


def test_a_replacement_that_was_killed_late_leaves_neither(store: Store) -> None:
    put_trades(store, "former", trade_rows([7], [3], [1]))
    with store.write_results() as connection:
        connection.execute("INSERT INTO files SELECT * REPLACE ('next' AS ingest_key, 'storing' AS status) FROM files")
    with store.write_day(DATE) as connection:
        connection.execute("UPDATE sources SET ingest_key = 'next'")
    with store.writer("test"):
        stored.recover(store)
    assert not stored.is_stored(store, "former")
    assert store.dates() == []


def test_a_drop_that_was_killed_is_finished_by_the_next_writer(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put_trades(store, "first", trade_rows([7], [3], [1]))

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(stored, "_delete_firm", killed)
        with store.writer("test"), pytest.raises(KeyboardInterrupt):
            stored.drop(store, "first")
    assert not stored.is_stored(store, "first")
    with store.writer("test"):
        assert stored.recover(store) == ["first.csv"]
    assert store.dates() == []


def test_an_error_inside_a_transaction_leaves_nothing(store: Store) -> None:
    put_trades(store, "first", trade_rows([7], [3], [1]))
    with pytest.raises(duckdb.Error), store.write_day(DATE) as connection:
        connection.execute("DELETE FROM sources; SELECT no_such_column FROM sources")
    (day,) = symbol_days(store, DATE)
    assert plain(trades(store, day)["price"]).tolist() == [3]


def test_a_database_appears_with_all_its_tables_or_not_at_all(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    real = database.attached

    @contextmanager
    def failing(path: Path, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        with real(path, read_only=read_only) as connection:
            if "unfinished" in path.name:
                raise KeyboardInterrupt
            yield connection

    with monkeypatch.context() as patched:
        patched.setattr(database, "attached", failing)
        with pytest.raises(KeyboardInterrupt), store.write_day(DATE):
            pass
    assert store.dates() == []
    assert [path.name for path in (store.folder / "days").iterdir()] != []
    store.sweep()
    assert list((store.folder / "days").iterdir()) == []


# --- cache -----------------------------------------------------------------------------------------------------------


def test_columns_are_made_once_for_the_same_origin_and_anew_for_another(store: Store) -> None:
    made: list[str] = []

    def make(name: str) -> dict[str, np.ndarray]:
        made.append(name)
        return {"a": np.arange(3), "b": np.array([len(made)], np.int8)}

    first = cached_columns(store, {"keys": ["x"], "recipe": 1}, lambda: make("first"))
    second = cached_columns(store, {"recipe": 1, "keys": ["x"]}, lambda: make("second"))
    assert made == ["first"]
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert second["b"].dtype == np.int8
    for origin in ({"keys": ["x", "y"], "recipe": 1}, {"keys": ["x"], "recipe": 2}):
        cached_columns(store, origin, lambda: make("other"))
    assert made == ["first", "other", "other"]


def test_a_cache_that_was_deleted_is_made_anew(store: Store) -> None:
    origin = {"keys": ["x"]}
    cached_columns(store, origin, lambda: {"a": np.arange(3)})
    (folder,) = (store.folder / "cache").iterdir()
    for path in folder.iterdir():
        path.unlink()
    assert cached_columns(store, origin, lambda: {"a": np.arange(4)})["a"].tolist() == [0, 1, 2, 3]
    folder.joinpath("columns.bin").write_bytes(b"\x93NUMPY")
    assert cached_columns(store, origin, lambda: {"a": np.arange(5)})["a"].tolist() == [0, 1, 2, 3, 4]


# --- at once ----------------------------------------------------------------------------------------------------------


def _count(folder: Path, results: Any) -> None:
    (day,) = symbol_days(Store(folder, wait_s=10.0), DATE)
    results.put(len(trades(Store(folder, wait_s=10.0), day)["ts_ns"]))


def test_many_may_read_at_once(store: Store) -> None:
    put_trades(store, "first", trade_rows(list(range(500)), [3] * 500, [1] * 500))
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    with store.read_day(DATE):
        processes = [context.Process(target=_count, args=(store.folder, results)) for _ in range(2)]
        for process in processes:
            process.start()
        found = [results.get(timeout=60) for _ in processes]
        for process in processes:
            process.join()
    assert found == [500, 500]


def test_a_second_writer_waits_and_then_says_who_holds_it(store: Store) -> None:
    hasty = Store(store.folder, wait_s=0.05)
    with store.writer("ingest"):
        with pytest.raises(StoreBusyError, match=rf"process {os.getpid()} \(ingest\)") as caught, hasty.writer("drop"):
            pass
        assert caught.value.exit_code == 4
    with hasty.writer("drop"):
        pass
    entered = threading.Event()

    def wait_for_it() -> None:
        with store.writer("second"):
            entered.set()

    with store.writer("first"):
        waiting = threading.Thread(target=wait_for_it)
        waiting.start()
        assert not entered.wait(0.2)
    waiting.join(5)
    assert entered.is_set()


# --- what is no store ------------------------------------------------------------------------------------------------


def test_a_folder_that_is_no_store_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no store here"):
        Store(tmp_path / "nothing")
    (tmp_path / "letter.txt").write_text("hello")
    with pytest.raises(UsageError, match="holds other things"):
        Store(tmp_path, create=True)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("text", ['{"format": 99}', "not json", "[]", "{}"])
def test_a_store_of_another_format_is_told(store: Store, text: str) -> None:
    (store.folder / "store.json").write_text(text)
    with pytest.raises(DataError, match="format"):
        Store(store.folder)


def test_a_missing_day_in_a_folder_called_lock_is_told_at_once(tmp_path: Path) -> None:
    held = Store(tmp_path / "lockers", create=True, wait_s=30.0)
    with pytest.raises(DataError, match="cannot be opened"), held.read_day(DATE):
        pass


def test_a_file_that_is_no_database_is_told(store: Store) -> None:
    store.day_path(DATE).write_text("hello, I am a text file of some length " * 200)
    with pytest.raises(DataError), store.read_day(DATE):
        pass
