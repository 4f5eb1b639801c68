"""Files that grow, come in pieces, overlap or contradict each other: the store holds what was recorded, once."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from raw_lobster import query
from store_content import ordered_rows, table_hashes

from tcakit.errors import DataError, TcakitError
from tcakit.feeds.contract import ReaderOptions
from tcakit.jobs.catalog import drop
from tcakit.jobs.ingest import IngestRequest, ingest

TRADES = "timestamp,symbol,price,size,side,trade_id"
PLAIN_TRADES = "timestamp,symbol,price,size,side"
QUOTES = "timestamp,symbol,bid,bid_size,ask,ask_size"
BOOK = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"
MIDNIGHT_US = 1_772_409_600_000_000  # 2026-03-02 in UTC


def _clock(number: int) -> int:
    """Microseconds: two rows in three share their instant with the row before, so that pieces end inside instants."""
    return MIDNIGHT_US + 36_000_000_000 + (number // 3) * 1_000


def _trades(count: int, ids: bool = True) -> list[str]:
    # Prices repeat, so that rows of one instant may be equal but for the id.
    rows = [f"{_clock(n)},ACME,{100 + n % 7 / 100:.2f},{10 + n % 3},{'buy' if n % 2 else 'sell'}" for n in range(count)]
    return [f"{row},{n}" for n, row in enumerate(rows)] if ids else rows


def _quotes(count: int) -> list[str]:
    return [f"{_clock(n)},ACME,{99 + n % 40 / 100:.2f},{n + 1},{101 + n % 30 / 100:.2f},{n + 2}" for n in range(count)]


def _book(count: int) -> list[str]:
    """A book recording that begins anew, with a snapshot, after every 40 rows."""
    return [
        f"deribit,ACME,{_clock(n)},{_clock(n) + 50 + n},{'true' if n % 40 < 4 else 'false'},"
        f"{'bid' if n % 2 else 'ask'},{100 - n % 10 if n % 2 else 101 + n % 10},{n % 5 + (n % 40 < 4)}"
        for n in range(count)
    ]


def _write(path: Path, header: str, rows: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join([header, *rows]) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def put(store: Path, *paths: Path, replace: bool = False, **options: str) -> list[dict[str, Any]]:
    request = IngestRequest([str(path) for path in paths], ReaderOptions(**options), replace=replace)
    files: list[dict[str, Any]] = ingest(store, request)["files"]
    return files


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


KINDS = {
    "trades": (TRADES, _trades(120), (33, 77)),
    "trades without ids": (PLAIN_TRADES, _trades(120, ids=False), (34, 77)),
    "quotes": (QUOTES, _quotes(120), (34, 77)),
    "book": (BOOK, _book(120), (40, 80)),
}


by_kind = pytest.mark.parametrize("name", list(KINDS))
# --- pieces -------------------------------------------------------------------------------------------------------


@by_kind
def test_three_consecutive_pieces_are_the_whole(store: Path, tmp_path: Path, name: str) -> None:
    header, rows, (first, second) = KINDS[name]
    put(tmp_path / "clean", _write(tmp_path / "whole.csv", header, rows))
    parts = [rows[:first], rows[first:second], rows[second:]]
    for number, part in enumerate(parts):
        put(store, _write(tmp_path / f"piece{number}.csv", header, part))
    assert ordered_rows(store) == ordered_rows(tmp_path / "clean")


@pytest.mark.parametrize("name", ["quotes", "book"])
def test_pieces_may_come_in_any_order(store: Path, tmp_path: Path, name: str) -> None:
    header, rows, (first, second) = KINDS[name]
    put(tmp_path / "clean", _write(tmp_path / "whole.csv", header, rows))
    for number, part in ((2, rows[second:]), (1, rows[first:second]), (0, rows[:first])):
        put(store, _write(tmp_path / f"piece{number}.csv", header, part))
    assert ordered_rows(store) == ordered_rows(tmp_path / "clean")


@by_kind
def test_pieces_that_overlap_give_common_rows_once(store: Path, tmp_path: Path, name: str) -> None:
    header, rows, (first, second) = KINDS[name]
    put(tmp_path / "clean", _write(tmp_path / "whole.csv", header, rows))
    put(store, _write(tmp_path / "piece0.csv", header, rows[:second]))
    (joined,) = put(store, _write(tmp_path / "piece1.csv", header, rows[first:]))
    # A book that begins within a recording begins with a CLEAR of its own, which is in the whole too.
    assert joined["stored_before"] >= second - first
    assert ordered_rows(store) == ordered_rows(tmp_path / "clean")


@pytest.mark.parametrize("name", ["trades", "quotes", "book"])
def test_the_whole_after_its_pieces_adds_only_the_rest(store: Path, tmp_path: Path, name: str) -> None:
    header, rows, (first, second) = KINDS[name]
    whole = _write(tmp_path / "whole.csv", header, rows)
    put(tmp_path / "clean", whole)
    put(store, _write(tmp_path / "piece0.csv", header, rows[:first]))
    put(store, _write(tmp_path / "piece1.csv", header, rows[first:second]))
    (last,) = put(store, whole)
    clears = 2 if header == BOOK else 0  # one before each snapshot
    assert (last["rows"], last["stored_before"]) == (len(rows) - second + clears // 2, second + clears)
    assert ordered_rows(store) == ordered_rows(tmp_path / "clean")
    (again,) = put(store, whole)
    assert again["skipped"] is True


def test_a_page_that_begins_with_the_last_instant_of_the_one_before(store: Path, tmp_path: Path) -> None:
    rows = _quotes(60)
    put(tmp_path / "clean", _write(tmp_path / "whole.csv", QUOTES, rows))
    put(store, _write(tmp_path / "page1.csv", QUOTES, rows[:30]))
    (second,) = put(store, _write(tmp_path / "page2.csv", QUOTES, rows[27:]))
    assert second["stored_before"] == 3
    assert ordered_rows(store) == ordered_rows(tmp_path / "clean")


def test_a_file_with_a_hole_takes_what_fills_it_by_trade_ids(store: Path, tmp_path: Path) -> None:
    rows = _trades(90)
    put(tmp_path / "clean", _write(tmp_path / "whole.csv", TRADES, rows))
    put(store, _write(tmp_path / "holed.csv", TRADES, rows[:30] + rows[60:]))
    (filling,) = put(store, _write(tmp_path / "filling.csv", TRADES, rows[27:63]))
    assert (filling["rows"], filling["stored_before"]) == (30, 6)
    assert sorted(ordered_rows(store).splitlines()) == sorted(ordered_rows(tmp_path / "clean").splitlines())


# --- contradictions ----------------------------------------------------------------------------------------------


def _refused(store: Path, path: Path, other: Path, **options: str) -> DataError:
    before = table_hashes(store)
    with pytest.raises(DataError) as caught:
        put(store, path, **options)
    assert caught.value.place == str(path)
    assert str(other) in caught.value.message
    assert table_hashes(store) == before
    return caught.value


@by_kind
def test_files_that_contradict_each_other_are_both_named(store: Path, tmp_path: Path, name: str) -> None:
    header, rows, (first, second) = KINDS[name]
    one = _write(tmp_path / "one.csv", header, rows[:second])
    column = header.split(",").index("price" if "price" in header.split(",") else "bid")
    fields = rows[first + 10].split(",")
    fields[column] = "77.77"
    other = _write(tmp_path / "other.csv", header, [*rows[first : first + 10], ",".join(fields), *rows[first + 11 :]])
    put(store, one)
    _refused(store, other, one)


@pytest.mark.parametrize("header", [PLAIN_TRADES, QUOTES])
def test_another_recording_of_the_same_hours_is_refused(store: Path, tmp_path: Path, header: str) -> None:
    rows = _quotes(60) if header == QUOTES else _trades(60, ids=False)
    one = _write(tmp_path / "one.csv", header, rows)
    other = _write(tmp_path / "other.csv", header, [*rows[:20], *rows[21:]])
    put(store, one)
    _refused(store, other, one)


def test_trades_under_other_ids_are_not_mixed(store: Path, tmp_path: Path) -> None:
    one = _write(tmp_path / "one.csv", TRADES, _trades(60))
    other = _write(tmp_path / "other.csv", TRADES, [f"{row}0001" for row in _trades(60)])
    put(store, one)
    assert "no trade in common" in _refused(store, other, one).message


# --- files that grow -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "name"), [("trades", "day.csv"), ("quotes", "day.csv.gz"), ("book", "day.csv")])
def test_a_file_that_has_grown_is_the_longer_file(store: Path, tmp_path: Path, kind: str, name: str) -> None:
    header, rows, (first, _) = KINDS[kind]
    for count in (first, len(rows)):
        (file,) = put(store, _write(tmp_path / name, header, rows[:count]))
        assert "stored_before" not in file
    put(tmp_path / "clean", tmp_path / name)
    assert table_hashes(store) == table_hashes(tmp_path / "clean")
    assert len(query(store, "SELECT * FROM files")) == 1


def test_a_file_cut_within_a_line_is_mended_by_the_whole(store: Path, tmp_path: Path) -> None:
    path = _write(tmp_path / "day.csv", TRADES, _trades(90))
    whole = path.read_bytes()
    path.write_bytes(whole[:-2])  # the last trade's id has lost a digit
    put(store, path)
    path.write_bytes(whole)
    put(store, path)
    put(tmp_path / "clean", path)
    assert table_hashes(store) == table_hashes(tmp_path / "clean")


def test_other_content_from_the_same_path_is_no_growth(store: Path, tmp_path: Path) -> None:
    rows = _trades(90)
    path = _write(tmp_path / "day.csv", TRADES, rows[:40])
    put(store, path)
    _write(path, TRADES, rows[40:])
    put(store, path)
    put(tmp_path / "clean", _write(tmp_path / "whole.csv", TRADES, rows))
    assert ordered_rows(store) == ordered_rows(tmp_path / "clean")
    assert len(query(store, "SELECT * FROM files")) == 2


# --- the same content, and who leans on whom ----------------------------------------------------------------------


def test_one_content_for_two_symbols_stands_twice_from_two_paths(store: Path, tmp_path: Path) -> None:
    rows = [row.replace(",ACME", "") for row in _quotes(30)]
    header = QUOTES.replace(",symbol", "")
    one, two = (_write(tmp_path / name, header, rows) for name in ("one.csv", "two.csv"))
    put(store, one, symbol="ONE")
    put(store, two, symbol="TWO")
    assert query(store, "SELECT symbol FROM instruments ORDER BY 1") == [{"symbol": "ONE"}, {"symbol": "TWO"}]
    put(store, one, symbol="THREE")  # from the same path it was a mistake before
    assert query(store, "SELECT symbol FROM instruments ORDER BY 1") == [{"symbol": "THREE"}, {"symbol": "TWO"}]
    put(store, two, symbol="TWO", tick_size="0.05")  # nor are two ticks of one symbol two files
    (_write(tmp_path / "copy.csv", header, rows))
    put(store, tmp_path / "copy.csv", symbol="TWO", tick_size="0.01")
    assert [file["path"] for file in query(store, "SELECT path FROM files ORDER BY 1")] == [
        str(tmp_path / "copy.csv"),
        str(one),
    ]


def test_a_file_on_whose_rows_another_leans_is_not_taken_out(store: Path, tmp_path: Path) -> None:
    rows = _quotes(90)
    one = _write(tmp_path / "one.csv", QUOTES, rows[:60])
    two = _write(tmp_path / "two.csv", QUOTES, rows[30:60])
    put(store, one)
    put(store, two)
    with pytest.raises(TcakitError, match=r"left out of .*two\.csv"):
        drop(store, str(one))
    with pytest.raises(DataError, match=r"left out of .*two\.csv"):
        put(store, one, symbol="OTHER")
    # When it grows, it still has them.
    _write(one, QUOTES, rows[:75])
    put(store, one)
    with pytest.raises(TcakitError, match=r"left out of .*two\.csv"):
        drop(store, str(one))
    drop(store, str(two))
    drop(store, str(one))
    assert query(store, "SELECT * FROM files") == []


def test_two_files_do_not_come_to_lean_on_each_other(store: Path, tmp_path: Path) -> None:
    rows = _quotes(90)
    one = _write(tmp_path / "one.csv", QUOTES, rows[:60])
    two = _write(tmp_path / "two.csv", QUOTES, rows[30:])
    put(store, one)
    put(store, two)
    _write(one, QUOTES, rows[:75])
    with pytest.raises(DataError, match=r"left out of .*two\.csv"):
        put(store, one)
    drop(store, str(two))
    put(store, one)
    put(store, two)
    put(tmp_path / "clean", _write(tmp_path / "whole.csv", QUOTES, rows))
    assert ordered_rows(store) == ordered_rows(tmp_path / "clean")
