"""Rows of the market in their files: what goes in comes out, in whatever units, and nothing is left lying about."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcakit.errors import DataError, StoreBusyError, UsageError
from tcakit.jobs.sql import query
from tcakit.market.instrument import Instrument
from tcakit.market.schema import FAULTS
from tcakit.store import ingest as stored
from tcakit.store import market_data, market_files
from tcakit.store.database import Store
from tcakit.store.market_data import symbol_days, trade_conditions
from tcakit.store.market_files import FILE_TABLES, MARKET_TABLES, PRICES, SIZES, write_part
from tcakit.store.rows import day_tables, instrument_rows
from tcakit.store.staging import MarketRows, Staging

DATE = "2026-03-02"
WHOLE = st.integers(-(2**63), 2**63 - 1)
MAYBE = st.none() | WHOLE


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store", create=True, wait_s=5.0)


def acme(symbol: str = "ACME", **changed: Any) -> Instrument:
    return Instrument(symbol, venue="XNAS", currency="USD", **{"price_scale": 100, "tick_size": 1, **changed})


def trades(ns: list[int], price: list[int], size: list[int] | None = None, **more: Any) -> pl.DataFrame:
    columns = {"seq": range(len(ns)), "ts_ns": ns, "price": price, "size": size or [1] * len(ns), **more}
    return pl.DataFrame(columns).with_columns(aggressor=pl.lit(0))


def put(store: Store, key: str, *parts: MarketRows) -> stored.Put:
    record = stored.FileRecord(key, f"hash of {key}", f"{key}.csv", "csv", 1, "{}")
    with store.writer("test"), Staging(lambda: store, key) as staged:
        for part in parts:
            staged.add(part)
        return stored.put(store, record, staged, [], FAULTS.empty())


def put_trades(store: Store, key: str, rows: pl.DataFrame, **changed: Any) -> stored.Put:
    return put(store, key, MarketRows("trades", rows, acme(**changed), DATE, "trades", None))


def parts(store: Store) -> dict[Path, bytes]:
    return {path.relative_to(store.folder): path.read_bytes() for path in store.folder.rglob("*.parquet")}


def prices(store: Store) -> list[int]:
    (day,) = symbol_days(store, DATE)
    return instrument_rows(store, DATE, "trades", day.instrument_id, ["price"])["price"].to_list()


def test_units_are_those_of_the_schema() -> None:
    assert PRICES["book_events"] == ("price", "print_price")
    assert SIZES["bars"] == ("volume",)
    assert PRICES["notices"] == SIZES["notices"] == ()


@settings(max_examples=60)
@given(st.lists(st.tuples(WHOLE, MAYBE, st.none() | st.text(max_size=20)), min_size=1, max_size=30))
def test_a_part_comes_back_as_it_was_written(rows: list[tuple[int, int | None, str | None]]) -> None:
    n = len(rows)
    frame = FILE_TABLES["trades"].conform(
        pl.DataFrame(
            {
                "source_key": [1 << 32] * n, "seq": range(n), "ts_ns": [row[0] for row in rows],
                "recv_ns": [row[1] for row in rows], "price": [row[0] for row in rows], "size": [1] * n,
                "aggressor": [-1] * n, "condition": [row[2] for row in rows], "trade_id": [row[2] for row in rows],
            },
            schema_overrides=FILE_TABLES["trades"].polars_schema(),
        )
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "it's one.parquet"
        write_part(path, frame)
        back = pl.read_parquet(path, hive_partitioning=False)
    assert back.schema == frame.schema
    assert back.equals(frame, null_equal=True)


def test_a_file_of_many_symbols_gives_each_its_own(store: Store) -> None:
    rows = trades([5, 6, 7, 8], [1, 2, 3, 4], local_id=[20, 10, 20, 10])
    many = {10: acme("BRAVO"), 20: acme("ALFA", price_scale=1_000)}
    put(store, "many", MarketRows("trades", rows, None, DATE, "trades", None, many))
    alfa, bravo = symbol_days(store, DATE)
    found = [instrument_rows(store, DATE, "trades", day.instrument_id, ["price"]) for day in (alfa, bravo)]
    assert [frame["price"].to_list() for frame in found] == [[1, 3], [2, 4]]
    assert alfa.instrument.price_scale == 1_000
    assert len(parts(store)) == 1
    told = query(store.folder, "SELECT symbol, price FROM trades JOIN instruments USING (instrument_id) ORDER BY ts_ns")
    assert told["rows"] == [["ALFA", 1], ["BRAVO", 2], ["ALFA", 3], ["BRAVO", 4]]


@pytest.mark.parametrize("ns", [[5, 6, 6, 8], [8, 6, 5, 6]])
@pytest.mark.parametrize("far", [0, 1 << 40])
def test_what_each_symbol_has_is_counted(store: Store, ns: list[int], far: int) -> None:
    events = {"seq": range(4), "ts_ns": ns, "price": [1] * 4, "size": [1] * 4, "side": [1] * 4, "kind": [1, 4, 9, 4]}
    many = {far + 3: acme("BRAVO"), far + 7: acme("ALFA")}
    rows = pl.DataFrame({**events, "local_id": [far + 7, far + 3, far + 7, far + 7]})
    put(store, "many", MarketRows("book_events", rows, None, DATE, "book-l2", None, many))
    told = query(
        store.folder,
        "SELECT symbol, rows, first_ns, last_ns, prints FROM sources JOIN instruments USING (instrument_id)",
    )
    own = {"ALFA": [ns[0], *ns[2:]], "BRAVO": [ns[1]]}
    expected = {"ALFA": ["ALFA", 3, min(own["ALFA"]), max(own["ALFA"]), 1], "BRAVO": ["BRAVO", 1, ns[1], ns[1], 1]}
    assert {row[0]: row for row in told["rows"]} == expected


def test_a_row_of_an_instrument_that_nobody_named_is_refused(store: Store) -> None:
    rows = trades([5, 6], [1, 2], local_id=[1, 2])
    part = MarketRows("trades", rows, None, DATE, "trades", None, {1: acme(), 3: acme("BRAVO")})
    with store.writer("test"), Staging(lambda: store, "many") as staged, pytest.raises(ValueError):
        staged.add(part)


def test_finer_units_change_no_file(store: Store) -> None:
    put_trades(store, "coarse", trades([10, 20], [1_001, -5]))
    before = parts(store)
    put_trades(store, "fine", trades([30], [100_155]), price_scale=10_000)
    assert {path: content for path, content in parts(store).items() if path in before} == before
    assert prices(store) == [100_100, -500, 100_155]
    assert query(store.folder, "SELECT price FROM trades ORDER BY ts_ns")["rows"] == [[100_100], [-500], [100_155]]


@pytest.mark.parametrize("finer_first", [True, False])
def test_units_too_far_apart_are_refused_and_nothing_is_stored(store: Store, finer_first: bool) -> None:
    large = ("large", trades([10], [2**62]), {"price_scale": 1})
    fine = ("fine", trades([30], [155]), {"price_scale": 10_000})
    first, second = (fine, large) if finer_first else (large, fine)
    put_trades(store, first[0], first[1], **first[2])
    before = parts(store), prices(store)
    with pytest.raises(DataError, match="too far apart"):
        put_trades(store, second[0], second[1], **second[2])
    with store.writer("test"):
        stored.recover(store)
    assert (parts(store), prices(store)) == before


@pytest.mark.parametrize(("symbol", "fits"), [("LOW", True), ("HIGH", False)])
def test_room_is_asked_of_the_instrument_that_becomes_finer_alone(store: Store, symbol: str, fits: bool) -> None:
    many = {1: acme("LOW", price_scale=1), 2: acme("HIGH", price_scale=1)}
    put(
        store,
        "both",
        MarketRows(
            "trades", trades([5, 6, 7], [8, -(2**62), 2**62], local_id=[1, 2, 2]), None, DATE, "trades", None, many
        ),
    )
    finer = MarketRows("trades", trades([30], [155]), acme(symbol, price_scale=10_000), DATE, "trades", None)
    if fits:
        put(store, "finer", finer)
        told = query(store.folder, "SELECT price FROM trades ORDER BY ts_ns")
        assert told["rows"] == [[80_000], [-(2**62)], [2**62], [155]]
        return
    with pytest.raises(DataError, match=r"both\.csv are in units too far apart"):
        put(store, "finer", finer)


def test_rows_are_not_read_in_units_that_a_writer_has_changed_since(store: Store) -> None:
    put_trades(store, "coarse", trades([5], [101]))
    (day,) = symbol_days(store, DATE)
    assert market_data.trades(store, day)["price"].tolist() == [101]
    put_trades(store, "fine", trades([50], [10_155]), price_scale=10_000)
    with pytest.raises(StoreBusyError, match="was changed by another process"):
        market_data.trades(store, day)
    with pytest.raises(StoreBusyError), day_tables(store, DATE, ["trades"], day.instrument_id, day.standing):
        pass
    with pytest.raises(StoreBusyError):
        market_data.bars(store, day)
    (day,) = symbol_days(store, DATE)
    assert market_data.trades(store, day)["price"].tolist() == [10_100, 10_155]


def test_rows_are_not_those_of_another_symbol_that_got_the_number(store: Store) -> None:
    put_trades(store, "first", trades([5], [101]))
    (day,) = symbol_days(store, DATE)
    with store.writer("test"):
        stored.drop(store, "first.csv")
    put_trades(store, "second", trades([5], [777]), symbol="ZULU")
    with pytest.raises(StoreBusyError, match="ACME"):
        market_data.trades(store, day)


def test_rows_of_several_files_come_by_time_then_file(store: Store) -> None:
    put_trades(store, "first", trades([5, 9], [1, 2], trade_id=["a", "b"]))
    put_trades(store, "second", trades([7, 9, 9], [3, 2, 4], trade_id=["c", "b", "d"]))
    assert prices(store) == [1, 3, 2, 4]
    (day,) = symbol_days(store, DATE)
    early = instrument_rows(store, DATE, "trades", day.instrument_id, ["price", "ts_ns"], until_ns=7)
    assert early.rows() == [(1, 5), (3, 7)]


def test_a_table_without_rows_is_an_empty_table(store: Store) -> None:
    put_trades(store, "first", trades([5], [1]))
    (day,) = symbol_days(store, DATE)
    empty = instrument_rows(store, DATE, "quotes", day.instrument_id, ["bid", "ts_ns"])
    assert (empty.height, empty.columns) == (0, ["bid", "ts_ns"])
    with day_tables(store, DATE) as connection:
        for table in MARKET_TABLES.values():
            found = connection.execute(f'SELECT * FROM "{table.name}"')
            assert [column[0] for column in found.description] == table.names
    assert query(store.folder, "SELECT count(*) FROM bars")["rows"] == [[0]]


def test_conditions_are_counted(store: Store) -> None:
    put_trades(store, "first", trades([5, 6, 7, 8], [1, 1, 1, 1], condition=["@", None, "F", "@"]))
    (day,) = symbol_days(store, DATE)
    assert trade_conditions(store, day) == [("@", 2), ("F", 1)]


def test_files_are_partitions_that_others_read(store: Store) -> None:
    put_trades(store, "first", trades([5, 6], [1, 2]))
    put(store, "next", MarketRows("trades", trades([7], [3]), acme(), "2026-03-03", "trades", None))
    whole = pl.scan_parquet(store.folder / "rows" / "trades", hive_partitioning=True).collect().sort("ts_ns")
    assert whole["price"].to_list() == [1, 2, 3]
    assert [str(date) for date in whole["date"]] == [DATE, DATE, "2026-03-03"]


def test_a_query_reaches_rows_but_no_other_file(store: Store, tmp_path: Path) -> None:
    put_trades(store, "first", trades([5], [1]))
    (tmp_path / "secret.csv").write_text("a\n1\n")
    write_part(tmp_path / "secret.parquet", FILE_TABLES["trades"].empty())
    assert query(store.folder, "SELECT TRADES.price FROM Trades")["rows"] == [[1]]
    for path in ("secret.csv", "secret.parquet", "store/rows/../../secret.parquet", "store/store.json"):
        with pytest.raises(UsageError, match="out of reach"):
            query(store.folder, f"SELECT * FROM '{tmp_path / path}'")


@pytest.mark.parametrize("harm", ["missing", "cut"])
def test_a_part_that_is_not_there_or_not_whole_is_told(store: Store, harm: str) -> None:
    put_trades(store, "first", trades([5], [1]))
    for name, content in parts(store).items():
        (store.folder / name).unlink()
        if harm == "cut":
            (store.folder / name).write_bytes(content[:-9])
    with pytest.raises(DataError, match="cannot be read"):
        prices(store)
    with pytest.raises(DataError, match="cannot be read"), day_tables(store, DATE) as connection:
        connection.execute("SELECT * FROM trades").fetchall()
    with pytest.raises(DataError, match="cannot be read"):
        query(store.folder, "SELECT * FROM trades")
    with store.writer("test"):
        stored.drop(store, "first.csv")
    put_trades(store, "first", trades([5], [1]))
    assert prices(store) == [1]


def test_a_store_named_relatively_can_be_asked(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put_trades(store, "first", trades([5], [1]))
    monkeypatch.chdir(store.folder.parent)
    assert query(Path("store"), "SELECT price FROM trades")["rows"] == [[1]]


@pytest.mark.parametrize("how", ["EXPLAIN ANALYZE", "EXPLAIN (ANALYZE)", "explain /**/ analyze", "EXPLAIN"])
def test_a_query_writes_nothing(store: Store, how: str) -> None:
    put_trades(store, "first", trades([5], [1]))
    before = parts(store)
    for path in (store.folder / next(iter(before)), store.folder / "rows" / "more.parquet"):
        with pytest.raises(UsageError):
            query(store.folder, f"{how} COPY (SELECT 1) TO '{path}' (FORMAT parquet)")
    assert parts(store) == before


@pytest.mark.parametrize("how", ["EXPLAIN", "EXPLAIN ANALYZE", "explain (analyze, format json)"])
def test_a_query_can_be_explained(store: Store, how: str) -> None:
    put_trades(store, "first", trades([5], [1]))
    assert query(store.folder, f"{how} WITH t AS (SELECT price FROM trades) SELECT * FROM t")["rows"]


@pytest.mark.parametrize("text", ["SHOW TABLES", "SELECT table_name FROM information_schema.tables"])
def test_a_list_of_tables_has_those_of_the_market(store: Store, text: str) -> None:
    put_trades(store, "first", trades([5], [1]))
    assert set(MARKET_TABLES) <= {row[0] for row in query(store.folder, text)["rows"]}


def test_spilled_rows_are_no_file_that_a_query_reaches(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_trades(store, "first", trades([5], [1]))
    (tmp_path / ".tmp").mkdir()
    (tmp_path / ".tmp" / "secret.csv").write_text("a\n1\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="out of reach"):
        query(store.folder, "SELECT * FROM '.tmp/secret.csv'")


@pytest.mark.parametrize("name", ["date=2020-01-01", "price=3", "source_key=7", "it's [1]", "a*b", "[!x]"])
def test_a_store_may_lie_anywhere(tmp_path: Path, name: str) -> None:
    """In a folder named like a partition, or like a pattern that another store's name would match."""
    store, other = (Store(tmp_path / folder / "store", create=True) for folder in (name, name.translate(_MATCHED)))
    put_trades(store, "first", trades([5, 6], [1, 2], trade_id=["a", "b"]))
    if other.folder != store.folder:
        put_trades(other, "first", trades([5, 6], [8, 9], trade_id=["a", "b"]))
    put_trades(store, "second", trades([6, 7], [2, 3], trade_id=["b", "c"]))
    assert prices(store) == [1, 2, 3]
    with day_tables(store, DATE) as connection:
        assert connection.execute("SELECT price FROM trades ORDER BY ts_ns").fetchall() == [(1,), (2,), (3,)]
    told = query(store.folder, "SELECT date, price FROM trades ORDER BY ts_ns")
    assert told["rows"] == [[DATE, 1], [DATE, 2], [DATE, 3]]


_MATCHED = {ord("["): "", ord("]"): "", ord("!"): "y", ord("*"): "X"}


def _killed(*_: Any, **__: Any) -> Any:
    raise KeyboardInterrupt


@pytest.mark.parametrize("at", ["_insert_market", "_delete_market", "_delete_firm", "remove"])
def test_parts_of_a_killed_process_are_removed_by_the_next(
    store: Store, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    put_trades(store, "kept", trades([5], [1], trade_id=["a"]))
    before = parts(store)
    with monkeypatch.context() as patched:
        patched.setattr(stored, at, _killed)
        with pytest.raises(KeyboardInterrupt):
            put_trades(store, "lost", trades([50], [2], trade_id=["b"]))
    with store.writer("test"):
        stored.recover(store)
    assert parts(store) == before
    assert prices(store) == [1]


def test_parts_of_a_day_that_a_killed_process_began_are_removed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Store, "write_day", _killed)
        with pytest.raises(KeyboardInterrupt):
            put_trades(store, "lost", trades([50], [2]))
    assert parts(store)
    with store.writer("test"):
        stored.recover(store)
    assert not parts(store)
    assert not list((store.folder / "rows" / "trades").iterdir())


def test_parts_are_removed_where_the_one_that_was_to_remove_them_is_killed_too(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_trades(store, "kept", trades([5], [1], trade_id=["a"]))
    before = parts(store)
    with monkeypatch.context() as patched:
        patched.setattr(stored, "_insert_market", _killed)
        with pytest.raises(KeyboardInterrupt):
            put_trades(store, "lost", trades([50], [2], trade_id=["b"]))
    with monkeypatch.context() as patched, store.writer("test"):
        patched.setattr(stored, "_sweep_day", _killed)
        with pytest.raises(KeyboardInterrupt):
            stored.recover(store)
    with store.writer("test"):
        stored.recover(store)
    assert parts(store) == before


@pytest.mark.parametrize("killed", [False, True])
def test_a_dropped_file_leaves_no_part(store: Store, monkeypatch: pytest.MonkeyPatch, killed: bool) -> None:
    put_trades(store, "first", trades([5], [1], trade_id=["a"]))
    put_trades(store, "second", trades([9], [2], trade_id=["b"]))
    with store.writer("test"):
        if killed:
            with monkeypatch.context() as patched:
                patched.setattr(stored, "remove", _killed)
                with pytest.raises(KeyboardInterrupt):
                    stored.drop(store, "second.csv")
            assert len(parts(store)) == 2
            stored.recover(store)
        else:
            stored.drop(store, "second.csv")
    assert prices(store) == [1]
    assert len(parts(store)) == 1
    with store.writer("test"):
        stored.drop(store, "first.csv")
    assert not parts(store)
    assert store.dates() == []


def test_a_part_is_on_the_disk_before_a_transaction_speaks_of_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    real: dict[str, Callable[..., Any]] = {"fsync": os.fsync, "insert": stored._insert_market}

    def told(name: str) -> Callable[..., Any]:
        def call(*given: Any) -> Any:
            order.append(name)
            return real[name](*given)

        return call

    monkeypatch.setattr(market_files.os, "fsync", told("fsync"))
    monkeypatch.setattr(stored, "_insert_market", told("insert"))
    put_trades(store, "first", trades([5], [1]))
    # The part, its folder, and those above it up to the store's.
    assert order == ["fsync"] * 5 + ["insert"]


def test_units_that_64_bits_do_not_hold_together_are_refused_and_nothing_changes(store: Store) -> None:
    put_trades(store, "threes", trades([1, 2], [5, 6]), price_scale=3**30)
    with pytest.raises(DataError, match="no unit that 64 bits hold") as told:
        put_trades(store, "twos", trades([3, 4], [7, 8]), price_scale=2**40)
    assert told.value.place == "ACME@XNAS"
    assert prices(store) == [5, 6]


@pytest.mark.parametrize("name", ["what?", "back\\slash"])
def test_a_path_that_the_database_would_not_open_is_refused_before_anything_is_made(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot hold a store"):
        Store(tmp_path / name / "store", create=True)
    assert list(tmp_path.iterdir()) == []
