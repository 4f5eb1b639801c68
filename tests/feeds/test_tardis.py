"""Tardis.dev's CSV files: contents, when a book starts anew, whole books as changes, faults with their lines."""

from __future__ import annotations

import json
import random
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from crypto_files import fuzz, read, reasons, replayed, rows_of

from tcakit.errors import DataError
from tcakit.feeds import tardis
from tcakit.feeds.blocks import line_blocks, pieces
from tcakit.feeds.tardis import TardisReader
from tcakit.market import codes

HEAD = "exchange,symbol,timestamp,local_timestamp,"
BOOK_HEAD = HEAD + "is_snapshot,side,price,amount\n"
T0 = 1_585_699_200_245_000  # 2020-04-01 in microseconds
BOOK = (
    BOOK_HEAD
    + "deribit,BTC-PERPETUAL,1585699200245000,1585699200355684,true,ask,6421.5,18640\n"
    + "deribit,BTC-PERPETUAL,1585699200245000,1585699200355685,true,bid,6421,10000\n"
    + "deribit,BTC-PERPETUAL,1585699200300000,1585699200400000,false,bid,6420.5,70\n"
    + "deribit,BTC-PERPETUAL,1585699200300000,1585699200400000,false,ask,6421.5,0\n"
    + "deribit,BTC-PERPETUAL,1585699200500000,1585699200600000,true,ask,6422,5\n"
)


def ask(name: str, text: str, **options: str) -> tuple[list, object]:
    return read(TardisReader(), (name, text.encode()), **options)


def test_sniff() -> None:
    reader = TardisReader()
    assert reader.sniff(Path("x.csv"), BOOK.encode())
    assert not reader.sniff(Path("x.csv"), b"symbol,exchange,timestamp,local_timestamp,price\n")
    assert not reader.sniff(Path("x.csv"), b"exchange,symbol,timestamp,local_timestamp\n")


def test_a_book_starts_anew_where_snapshot_rows_follow_updates() -> None:
    (batch,), faults = ask("b.csv", BOOK)
    frame = batch.frame
    assert (batch.content, batch.date, faults.found, faults.rows) == ("book-l2", "2020-04-01", [], 5)
    # Two times of receipt in one run of snapshot rows: still one snapshot.
    kinds = [codes.CLEAR, codes.SNAPSHOT, codes.SNAPSHOT, codes.SET, codes.SET, codes.CLEAR, codes.SNAPSHOT]
    assert frame["kind"].to_list() == kinds
    assert frame["price"].to_list() == [None, 64_215_000, 64_210_000, 64_205_000, 64_215_000, None, 64_220_000]
    assert frame["level_size"].to_list() == [None, 18_640, 10_000, 70, 0, None, 5]
    assert frame["ts_ns"][0] == T0 * 1000
    assert frame["recv_ns"][1] == 1_585_699_200_355_684_000
    assert frame["seq"].to_list() == list(range(7))
    assert batch.instrument.symbol == "BTC-PERPETUAL"
    assert (batch.instrument.venue, batch.instrument.timezone) == ("DERIBIT", "UTC")
    assert (batch.instrument.price_scale, batch.instrument.tick_size) == (10_000, 1_000)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, _ = ask("b.csv", BOOK)
    monkeypatch.setattr(tardis, "pieces", partial(pieces, block_bytes=150))
    parts, _ = ask("b.csv", BOOK)
    assert len(parts) > 1
    assert rows_of(parts, "book_events").equals(rows_of(whole, "book_events"))


def test_lines_of_faults_hold_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = BOOK.replace("false,bid,6420.5,70", "false,buyer,6420.5,70").replace("true,ask,6422,5", "perhaps,ask,6422,5")
    bad += "deribit,BTC-PERPETUAL,x,1585699200600000,true,ask,6422,5\n"
    bad += "deribit,BTC-PERPETUAL,1585699200500000,1585699200600000,true,ask,6422\n"
    bad += "deribit,,1585699200500000,1585699200600000,true,ask,6422,5\n"
    bad += "deribit,BTC-PERPETUAL,1585699200500000,1585699200600000,true,ask,6422,-5\n"
    expected = [
        (4, "side is neither bid nor ask"),
        (6, "is_snapshot is neither true nor false"),
        (7, "time is no number, as it is in other rows"),
        (8, "7 columns where the header has 8"),
        (9, "exchange or symbol is missing"),
        (10, "amount is negative"),
    ]
    _, faults = ask("b.csv", bad)
    assert sorted(reasons(faults)) == expected
    assert faults.rows == 9
    monkeypatch.setattr(tardis, "pieces", partial(pieces, block_bytes=400))
    _, faults = ask("b.csv", bad)
    assert sorted(reasons(faults)) == expected


def test_a_books_stamps_never_run_backwards() -> None:
    late = BOOK + "deribit,BTC-PERPETUAL,1585699200400000,1585699200700000,false,ask,6422,0\n"
    (batch,), faults = ask("b.csv", late)
    assert batch.frame["ts_ns"].to_list()[-1] == 1_585_699_200_500_000_000
    (fault,) = faults.found
    assert (fault.line, fault.kept, faults.refused) == (7, True, 0)
    assert "1 row of the book is stamped before a row above, by up to 100000000 ns" in fault.reason


def test_a_book_that_goes_on_over_midnight_opens_the_new_day() -> None:
    rows = "".join(
        f"bitmex,XBTUSD,{stamp},{stamp},{snapshot},{side},{price},{amount}\n"
        for stamp, snapshot, side, price, amount in [
            (1_585_785_599_000_000, "true", "bid", "100.5", 3),
            (1_585_785_599_000_000, "true", "ask", "101", 4),
            (1_585_785_599_500_000, "false", "bid", "100", 7),
            (1_585_785_599_600_000, "false", "bid", "100.5", 0),
            (1_585_785_600_000_001, "false", "ask", "101", 5),
        ]
    )
    batches, _ = ask("b.csv", BOOK_HEAD + rows)
    assert [batch.date for batch in batches] == ["2020-04-01", "2020-04-02"]
    second = batches[1].frame
    assert second["kind"].to_list() == [codes.CLEAR, codes.SNAPSHOT, codes.SNAPSHOT, codes.SET]
    assert second.select("side", "price", "level_size").rows() == [
        (0, None, None),
        (codes.SELL, 1_010_000, 4),
        (codes.BUY, 1_000_000, 7),
        (codes.SELL, 1_010_000, 5),
    ]
    assert second["ts_ns"].unique().to_list() == [1_585_785_600_000_001_000]


def test_trades_and_liquidations() -> None:
    text = (
        HEAD
        + "id,side,price,amount\n"
        + "".join(
            f"bitmex,XBTUSD,1583020803145000,1583020803307160,{name},{side},8531.5,{amount}\n"
            for name, side, amount in [("a-1", "sell", 2152), ("a-2", "buy", 1), ("", "unknown", 1), ("a-4", "up", 1)]
        )
    )
    (batch,), faults = ask("bitmex_trades_2020-03-01_XBTUSD.csv", text)
    assert batch.content == "trades"
    assert batch.frame["aggressor"].to_list() == [codes.SELL, codes.BUY, 0]
    assert batch.frame["trade_id"].to_list() == ["a-1", "a-2", None]
    assert reasons(faults) == [(5, "side is none of buy, sell, unknown")]
    (notice,), _ = ask("bitmex_liquidations_2020-03-01_XBTUSD.csv", text)
    assert (notice.table, notice.frame["kind"][0]) == ("notices", "liquidation")
    assert json.loads(notice.frame["detail"][0]) == {"id": "a-1", "side": "sell", "price": "8531.5", "amount": "2152"}


def test_quotes_with_an_empty_side() -> None:
    text = HEAD + "ask_amount,ask_price,bid_price,bid_amount\n"
    text += "huobi-dm-swap,BTC-USD,1588291201099000,1588291201234268,5494,8629.3,8629.2,806\n"
    text += "huobi-dm-swap,BTC-USD,1588291201100000,1588291201234269,,,8629.2,807\n"
    (batch,), faults = ask("q.csv", text, currency="USD")
    assert faults.found == []
    assert batch.instrument.currency == "USD"
    assert batch.frame.select("bid", "bid_size", "ask", "ask_size").rows() == [
        (86_292_000, 806, 86_293_000, 5494),
        (86_292_000, 807, None, None),
    ]


def test_tickers_become_notices() -> None:
    text = HEAD + "funding_timestamp,funding_rate,open_interest,mark_price\n"
    text += "bitmex,XBTUSD,1583020803145000,1583020803307160,1583020800000000,0.0001,,9500.25\n"
    (batch,), _ = ask("t.csv", text)
    assert (batch.table, batch.content, batch.frame["kind"][0]) == ("notices", "notices", "derivative_ticker")
    detail = {"funding_timestamp": "1583020800000000", "funding_rate": "0.0001", "mark_price": "9500.25"}
    assert json.loads(batch.frame["detail"][0]) == detail
    options = HEAD + "type,strike_price\nderibit,BTC-9JUN20-9875-P,1591574399413000,1591574400196008,put,9875\n"
    (batch,), _ = ask("o.csv", options)
    assert batch.frame["kind"][0] == "options_chain"


def whole_books(books: list[tuple[list[tuple[str, int]], list[tuple[str, int]]]], depth: int) -> str:
    names = [f"{side}[{i}].{part}" for i in range(depth) for side in ("asks", "bids") for part in ("price", "amount")]
    text = HEAD + ",".join(names) + "\n"
    for number, (bids, asks) in enumerate(books):
        cells = []
        for level in range(depth):
            for side in (asks, bids):
                cells += [str(cell) for cell in side[level]] if level < len(side) else ["", ""]
        stamp = T0 + number * 1000
        text += f"binance-futures,BTCUSDT,{stamp},{stamp + 5},{','.join(cells)}\n"
    return text


def test_whole_books_become_changes() -> None:
    text = whole_books(
        [
            ([("10", 1), ("9", 2)], [("11", 3), ("12", 4)]),
            ([("10.5", 5), ("10", 1)], [("12", 4), ("13", 9)]),  # 9 is pushed out; 11 goes, 13 comes into sight
            ([("10", 2)], [("12", 4)]),  # fewer levels than the depth: nothing hides behind them
        ],
        2,
    )
    (batch,), faults = ask("s.csv", text)
    assert (batch.content, batch.depth, faults.found) == ("book-l2-window", 2, [])
    events = [
        (row["kind"], row["side"], row["price"], row["level_size"])
        for row in batch.frame.sort("seq").iter_rows(named=True)
    ]
    assert events[0] == (codes.CLEAR, 0, None, None)
    assert {event[0] for event in events[1:5]} == {codes.SNAPSHOT}
    assert set(events[5:9]) == {
        (codes.LEAVE, codes.BUY, 90_000, None),
        (codes.SET, codes.BUY, 105_000, 5),
        (codes.SET, codes.SELL, 110_000, 0),
        (codes.ENTER, codes.SELL, 130_000, 9),
    }
    assert set(events[9:]) == {
        (codes.SET, codes.BUY, 105_000, 0),
        (codes.SET, codes.BUY, 100_000, 2),
        (codes.SET, codes.SELL, 130_000, 0),
    }
    assert batch.frame["recv_ns"][0] == (T0 + 5) * 1000


@pytest.mark.parametrize("block_bytes", [500, 1 << 20])
def test_changes_replay_to_the_books_they_came_from(monkeypatch: pytest.MonkeyPatch, block_bytes: int) -> None:
    rng = random.Random(3)
    books = []
    for _ in range(60):
        middle = rng.randint(95, 105)
        bids = sorted(rng.sample(range(middle - 6, middle), rng.randint(0, 4)), reverse=True)
        asks = sorted(rng.sample(range(middle + 1, middle + 7), rng.randint(0, 4)))
        books.append(([(str(p), rng.randint(1, 3)) for p in bids], [(str(p), rng.randint(1, 3)) for p in asks]))
    monkeypatch.setattr(tardis, "pieces", partial(pieces, block_bytes=block_bytes))
    batches, faults = ask("s.csv", whole_books(books, 4))
    assert faults.found == []
    after = {ts: {side: dict(levels) for side, levels in book.items()} for ts, book in snapshots_of(batches)}
    held: dict[int, dict[int, int]] = {codes.BUY: {}, codes.SELL: {}}
    for number, (bids, asks) in enumerate(books):
        held = after.get((T0 + number * 1000) * 1000, held)
        assert held[codes.BUY] == {int(price) * 10_000: size for price, size in bids}
        assert held[codes.SELL] == {int(price) * 10_000: size for price, size in asks}


def snapshots_of(batches: list) -> list[tuple[int, dict[int, dict[int, int]]]]:
    found = []
    for ts, book in replayed(rows_of(batches, "book_events")):
        found.append((ts, {side: dict(levels) for side, levels in book.items()}))
    return found


def test_levels_out_of_order_are_refused() -> None:
    good = ([("10", 1), ("9", 2)], [("11", 3), ("12", 4)])
    text = whole_books([good, ([("9", 1), ("10", 2)], good[1]), (good[0], [("12", 1), ("11", 1)]), good], 2)
    text += "binance-futures,BTCUSDT,1585699200249000,1585699200249005,,,10,1,12,3,9,2\n"
    text += "binance-futures,BTCUSDT,1585699200249000,1585699200249005,11,,10,1,12,3,9,2\n"
    _, faults = ask("s.csv", text)
    assert reasons(faults) == [
        (3, "bids[1].price is not behind the level before it"),
        (4, "asks[1].price is not behind the level before it"),
        (6, "asks[1].price is not behind the level before it"),
        (7, "asks[0].price stands without its amount, or the amount without it"),
    ]


def test_what_is_refused_whole() -> None:
    with pytest.raises(DataError, match="does not begin with exchange"):
        ask("x.csv", "a,b\n1,2\n")
    with pytest.raises(DataError, match="nothing below the header"):
        ask("x.csv", BOOK_HEAD)
    with pytest.raises(DataError, match="levels are missing in the header"):
        ask("x.csv", HEAD + "asks[0].price,asks[0].amount\ndebit,X,1585699200249000,1585699200249005,1,1\n")
    for odd in ("asks[00].price", "asks[٠].price"):
        header = HEAD + f"{odd},asks[0].amount,bids[0].price,bids[0].amount\n"
        with pytest.raises(DataError, match="levels are missing in the header"):
            ask("x.csv", header + "debit,X,1585699200249000,1585699200249005,2,1,1,1\n")
    two = BOOK + BOOK.split("\n")[1].replace("BTC", "ETH") + "\n"
    with pytest.raises(DataError, match="2 symbols in the file, but --symbol names one"):
        ask("x.csv", two, symbol="Y")
    with pytest.raises(DataError, match="cannot be read"):
        read(TardisReader(), ("gone.csv", Path("no/such/file.csv")))
    batches, _ = ask("x.csv", BOOK, symbol="Y", venue="Z", tick_size="0.5")
    assert (batches[0].instrument.symbol, batches[0].instrument.venue) == ("Y", "Z")


def test_blocks_of_a_file_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    path.write_bytes(BOOK.encode())
    for size in (1, 50, 400, 1 << 20):
        for content in (path, BOOK.encode()):
            blocks = list(line_blocks("b", content, size))
            assert b"\n".join(block for _, block in blocks) == BOOK.encode().removesuffix(b"\n")
            lines = BOOK.encode().split(b"\n")
            assert all(block.split(b"\n")[0] == lines[first - 1] for first, block in blocks)
    batches, _ = read(TardisReader(), (str(path), path))
    assert rows_of(batches, "book_events").height == 7


def test_spoilt_files_bring_rows_faults_or_one_error() -> None:
    assert fuzz(TardisReader(), "b.csv", BOOK.encode(), 150) > 15
    books = whole_books([([("10", 1), ("9", 2)], [("11", 3), ("12", 4)]), ([("10", 1)], [("11", 3)])] * 3, 2)
    assert fuzz(TardisReader(), "s.csv", books.encode(), 150) > 15


@pytest.mark.real
def test_official_samples(real_data: Path) -> None:
    folder = real_data / "crypto" / "tardis"
    counts = {}
    for path in sorted(folder.glob("*.csv")):
        assert TardisReader().sniff(path, path.read_bytes())
        batches, faults = read(TardisReader(), (str(path), path))
        assert faults.found == []
        assert faults.rows == len(path.read_text().strip().split("\n")) - 1
        counts[path.stem] = {(batch.content, batch.depth) for batch in batches}
    assert counts["binance-futures_book_snapshot_25_BTCUSDT"] == {("book-l2-window", 25)}
    assert counts["binance-futures_book_snapshot_5_BTCUSDT"] == {("book-l2-window", 5)}
    assert counts["deribit_incremental_book_L2_BTC-PERPETUAL"] == {("book-l2", None)}
    assert counts["huobi-dm-swap_quotes_BTC-USD"] == {("quotes", None)}
    assert counts["options_chain"] == {("notices", None)}


@pytest.mark.real
def test_five_levels_are_the_first_of_twenty_five(real_data: Path) -> None:
    """The two files show one book: at times in both, the best five levels of one are the other's."""
    books = {}
    for depth in (5, 25):
        path = real_data / "crypto" / "tardis" / f"binance-futures_book_snapshot_{depth}_BTCUSDT.csv"
        batches, _ = read(TardisReader(), (str(path), path))
        books[depth] = dict(snapshots_of(batches))
    both = sorted(set(books[5]) & set(books[25]))
    assert len(both) >= 3
    for ts in both:
        for side in (codes.BUY, codes.SELL):
            best = sorted(books[25][ts][side].items(), key=lambda level: -side * level[0])[:5]
            assert dict(best) == books[5][ts][side]
    assert pl.Series(both).is_sorted()


def test_times_after_2099_are_refused_where_rows_are_read_the_short_way() -> None:
    late = "5000000000000000"  # in 2128, as many digits as today's
    text = BOOK + f"deribit,BTC-PERPETUAL,{late},1585699200700000,false,bid,6420,1\n"
    text += f"deribit,BTC-PERPETUAL,1585699200700000,{late},false,bid,6420,1\n"
    (batch,), faults = ask("b.csv", text)
    assert (batch.frame.height, faults.rows) == (7, 7)
    assert [(fault.line, "outside" in fault.reason) for fault in faults.found] == [(7, True), (8, True)]
