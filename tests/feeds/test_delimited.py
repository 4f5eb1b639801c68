"""CSV and Parquet of trades, quotes and book deltas: exact rows, faults with their line, errors with a remedy."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcakit.errors import DataError, UsageError
from tcakit.feeds.contract import Batch, Faults, ReaderOptions, Source
from tcakit.feeds.delimited import DelimitedReader
from tcakit.market import codes, schema

TRADES = "timestamp,symbol,price,size,taker_side,trade_id\n"
T0 = 1_704_186_000_000_000_000


def read(text: str | bytes, **options: str) -> tuple[list[Batch], Faults]:
    data = text.encode() if isinstance(text, str) else text
    faults = Faults()
    source = Source("day.csv", (Path("day.csv"),), (("day.csv", data),), "")
    batches = list(DelimitedReader().read(source, ReaderOptions(**options), faults))
    for batch in batches:
        table = next(table for table in schema.TABLES if table.name == batch.table)
        ids = {"instrument_id": pl.lit(0), "source_id": pl.lit(0)}
        table.conform(batch.frame.with_columns(**ids))
        assert batch.instrument is not None
    return batches, faults


def parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def test_trades() -> None:
    batches, faults = read(TRADES + "1704186000000,AAA,10.25,100,buy,x1\n1704186000001,AAA,10.2,5.5,S,x2\n")
    (batch,) = batches
    assert (batch.table, batch.date, batch.content) == ("trades", "2024-01-02", "trades")
    assert batch.frame.rows() == [
        (0, T0, None, 102_500, 1000, 1, None, "x1"),
        (1, T0 + 1_000_000, None, 102_000, 55, -1, None, "x2"),
    ]
    assert (batch.instrument.symbol, batch.instrument.price_scale, batch.instrument.size_scale) == (
        "AAA",
        10_000,
        10,
    )
    assert (faults.rows, faults.found) == (2, [])


def test_maker_flags_and_unknown_sides() -> None:
    head = "time,px,qty,isBuyerMaker\n"
    batches, _ = read(head + "1704186000,10,1,true\n1704186000,10,1,False\n1704186000,10,1,\n", symbol="A")
    assert batches[0].frame["aggressor"].to_list() == [-1, 1, 0]


@given(
    st.lists(
        st.tuples(
            st.decimals(Decimal("0.000001"), Decimal(99_999), places=6),
            st.decimals(Decimal("0.001"), 9999, places=3),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_prices_and_sizes_are_exact(rows: list[tuple[Decimal, Decimal]]) -> None:
    text = "ts,price,size\n" + "".join(f"1704186000,{price},{size}\n" for price, size in rows)
    (batch,), faults = read(text, symbol="A")
    unit = batch.instrument
    got = [
        (Decimal(price) / unit.price_scale, Decimal(size) / unit.size_scale)
        for price, size in batch.frame.select("price", "size").rows()
    ]
    assert got == rows
    assert faults.found == []
    assert all(price % unit.tick_size == 0 for price in batch.frame["price"]) or len(rows) >= 9


def test_quotes_with_empty_sides() -> None:
    text = (
        "DT,SYMBOL,BID,OFR,OFRSIZ,BIDSIZ\n1704186000.5,A,10,10.01,7,5\n1704186001,A,0,10.01,7,0\n"
        "1704186002,A,,10.01,7,\n1704186003,A,0,10.01,7,3\n"
    )
    (batch,), faults = read(text)
    assert batch.table == "quotes"
    assert batch.frame.select("ts_ns", "bid", "bid_size", "ask", "ask_size").rows() == [
        (T0 + 500_000_000, 100_000, 5, 100_100, 7),
        (T0 + 1_000_000_000, None, None, 100_100, 7),
        (T0 + 2_000_000_000, None, None, 100_100, 7),
    ]
    assert [(fault.line, fault.reason) for fault in faults.found] == [(5, "bid is zero")]


def test_book_deltas_with_snapshots() -> None:
    head = "symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n"
    text = head + "".join(
        f"A,{1704186000000 + at},{1704186000001 + at},{flag},{side},{price},{size}\n"
        for at, flag, side, price, size in [
            (0, "true", "bid", "10.0", 5),
            (0, "true", "ask", "10.1", 6),
            (1, "false", "bid", "10.0", 0),
            (2, "true", "bid", "9.9", 1),
            (3, "true", "bid", "9.8", 1),
        ]
    )
    (batch,), faults = read(text)
    clear, snapshot, level = codes.CLEAR, codes.SNAPSHOT, codes.SET
    assert batch.content == "book-l2"
    assert batch.frame.select("kind", "side", "price", "size", "level_size").rows() == [
        (clear, 0, None, None, None),
        (snapshot, 1, 100_000, None, 5),
        (snapshot, -1, 101_000, None, 6),
        (level, 1, 100_000, None, 0),
        (clear, 0, None, None, None),
        (snapshot, 1, 99_000, None, 1),
        (clear, 0, None, None, None),
        (snapshot, 1, 98_000, None, 1),
    ]
    assert batch.frame["seq"].to_list() == list(range(8))
    assert batch.frame["recv_ns"][0] == T0 + 1_000_000
    assert faults.found == []


def test_actions_of_deltas() -> None:
    head = "ts,side,price,size,action\n"
    rows = "1704186000,b,10,5,partial\n1704186000,b,10,5,delete\n1704186000,a,11,,delete\n1704186000,b,10,5,T\n"
    (batch,), faults = read(head + rows, symbol="A")
    assert batch.frame["level_size"].to_list() == [None, 5, 0, 0]
    assert [fault.line for fault in faults.found] == [5]


def test_sides_decide_where_the_header_fits_both() -> None:
    head = "ts,side,price,size\n"
    assert read(head + "1704186000,buy,10,5\n", symbol="A")[0][0].table == "trades"
    assert read(head + "1704186000,bid,10,0\n", symbol="A")[0][0].table == "book_events"
    with pytest.raises(DataError, match=r"--content trades or --content book-l2"):
        read(head + "1704186000,buy,10,5\n1704186000,sell,10,0\n", symbol="A")
    assert read(head + "1704186000,buy,10,0\n", symbol="A", content="book-l2")[0][0].table == "book_events"


FAULTY = [
    ("1704186000000,A,abc,1,buy,", "price is no number"),
    ("1704186000000,A,,1,buy,", "price is missing"),
    ("1704186000000,A,0,1,buy,", "price is zero"),
    ("1704186000000,A,-1,1,buy,", "price is negative"),
    ("1704186000000,A,NaN,1,buy,", "price is missing"),
    ("1704186000000,A,10,0,buy,", "size is zero"),
    ("1704186000000,A,10,-3,buy,", "size is negative"),
    ("1704186000000,A,10,1,up,", "side is neither"),
    ("yesterday,A,10,1,buy,", "time is no number"),
    (",A,10,1,buy,", "time is missing"),
    ("1704186000000,,10,1,buy,", "symbol is missing"),
    ("1704185999999,A,10,1,buy,", "time runs backwards"),
    ("1704186000000,A,10,1,buy", "5 columns where the header has 6"),
    ("1704186000000,A,10,1,buy,x,y", "7 columns where the header has 6"),
    ("1704186000000,A,99999999999999999999,1,buy,", "price is no number, or too large"),
]


@pytest.mark.parametrize(("row", "reason"), FAULTY)
def test_a_bad_row_is_a_fault_with_its_line_and_text(row: str, reason: str) -> None:
    good = "1704186000000,A,10.00,1,buy,ok\n"
    batches, faults = read(TRADES + good + row + "\n" + good)
    (fault,) = faults.found
    assert (fault.line, fault.text, fault.path) == (3, row, "day.csv")
    assert reason in fault.reason
    assert faults.rows == 3
    assert sum(batch.frame.height for batch in batches) == 2
    assert "seq" in batches[0].frame.columns


def test_quoted_newlines_and_blank_lines_shift_no_line() -> None:
    text = TRADES + '1704186000000,"A",10,1,buy,"two\nlines, ""quoted"""\n\n\r\n1704186000000,A,bad,1,buy,z\n\n'
    (batch,), faults = read(text)
    assert batch.frame["trade_id"].to_list() == ['two\nlines, "quoted"']
    assert [(fault.line, fault.text) for fault in faults.found] == [(6, "1704186000000,A,bad,1,buy,z")]


@pytest.mark.parametrize("ending", ["\n", "\r\n", ""])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_endings_and_a_byte_order_mark(separator: str, ending: str) -> None:
    lines = [TRADES.strip(), "1704186000000,A,10,1,buy,x", "1704186000000,A,11,2,sell,y"]
    text = (ending or "\n").join(line.replace(",", separator) for line in lines) + ending
    (batch,), faults = read(b"\xef\xbb\xbf" + text.encode())
    assert batch.frame["trade_id"].to_list() == ["x", "y"]
    assert faults.found == []


UNREADABLE = [
    (b"", "empty"),
    (b" \n", "empty"),
    (TRADES.encode(), "nothing below the header"),
    (b"\x7fELF\x00\x01\x02", "binary"),
    ("ts,price,size\n".encode("utf-16"), "UTF-16"),
    (TRADES.encode() + b"1704186000000,M\xfcnchen,10,1,buy,x\n", "not UTF-8"),
    (TRADES.encode() + b'1704186000000,"A,10,1,buy,x\n1704186000000,A,10,1,buy,y\n', "never closed"),
    (b"PAR1 this is not Parquet PAR1", "damaged Parquet"),
    (b"a,b\n1,2\n", "no column of times"),
    (b"time,colour\n1704186000,2\n", "neither trades, quotes nor book deltas"),
    (b"time,open,high,low,close,volume,price\n1704186000,2,2,2,2,2,2\n", "bars"),
    (b"time,price,size,bid,ask\n1704186000,2,2,2,2\n", "both trades and quotes"),
    (b"time,price,price\n1704186000,2,2\n", "twice"),
    (TRADES.encode() + b"1704186000000,A,x,1,buy,x\n", "every row is refused"),
    (b"time,price,size\n1704186000,2,2\n", "does not name its symbol"),
    (b"time,price,size\n2\n", "no row has as many columns"),
]


@pytest.mark.parametrize(("content", "message"), UNREADABLE)
def test_what_is_no_such_file_is_told_once_with_place_and_remedy(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read(content)
    assert caught.value.place is not None
    assert caught.value.place.startswith("day.csv")
    assert caught.value.remedy


def test_the_place_of_a_wrong_byte() -> None:
    with pytest.raises(DataError) as caught:
        read(TRADES.encode() + b"1704186000000,A,10,1,buy,x\n1704186000000,\xff,10,1,buy,x\n")
    assert caught.value.place == "day.csv:3"


def test_symbols_and_dates_are_batches() -> None:
    rows = "1704153600,A,1,1\n1704153600,B,2,1\n1704240000,A,3,1\n1704153601,B,4,1\n"
    batches, faults = read("time,symbol,price,size\n" + rows, timezone="America/New_York")
    assert [(b.instrument.symbol, b.date, b.frame["seq"].to_list()) for b in batches] == [
        ("A", "2024-01-01", [0]),
        ("A", "2024-01-02", [2]),
        ("B", "2024-01-01", [1, 3]),
    ]
    assert faults.found == []
    with pytest.raises(DataError, match="2 symbols in the file"):
        read("time,symbol,price,size\n" + rows, symbol="C")


def test_a_day_column_beside_times_of_day() -> None:
    text = "Date,Time,Symbol,Price,Volume\n2012-06-21,9:30:00.000000001,A,10,1\n2012-06-22,09:30:00,A,10,1\n"
    batches, _ = read(text, timezone="America/New_York")
    assert [batch.date for batch in batches] == ["2012-06-21", "2012-06-22"]
    assert batches[0].frame["ts_ns"][0] == 1340285400000000001


def test_parquet_floats_and_datetimes() -> None:
    frame = pl.DataFrame(
        {
            "timestamp": pl.Series([T0, T0 + 1]).cast(pl.Datetime("ns", "UTC")),
            "symbol": ["A", "A"],
            "price": [0.1 + 0.2, 1e-5],
            "quantity": [0.00031099999999999997, 2.0],
            "buyer_maker": [True, False],
        }
    )
    (batch,), faults = read(parquet(frame))
    assert faults.found == []
    assert batch.frame.select("ts_ns", "price", "size", "aggressor").rows() == [
        (T0, 30_000, 311, -1),
        (T0 + 1, 1, 2_000_000, 1),
    ]
    assert (batch.instrument.price_scale, batch.instrument.size_scale) == (100_000, 1_000_000)


def test_parquet_faults_give_the_row_number() -> None:
    frame = pl.DataFrame({"ts": [1704186000] * 3, "price": [1.0, None, 2.0], "size": [1, 1, 1]})
    (batch,), faults = read(parquet(frame), symbol="A")
    assert [(fault.line, fault.reason) for fault in faults.found] == [(2, "price is missing")]
    assert batch.frame["seq"].to_list() == [0, 2]
    with pytest.raises(DataError, match="no rows"):
        read(parquet(frame.clear()), symbol="A")
    with pytest.raises(DataError, match="of type"):
        read(parquet(frame.with_columns(price=pl.lit(b"x"))), symbol="A")


def test_the_tick_is_given_or_inferred() -> None:
    quotes = "ts,bid,ask\n" + "".join(f"1704186000,{10 + step / 20:.4f},{11 + step / 20:.4f}\n" for step in range(30))
    assert read(quotes, symbol="A")[0][0].instrument.tick_size == 500
    assert read(quotes, symbol="A", tick_size="0.01")[0][0].instrument.tick_size == 100
    few = "ts,bid,ask\n1704186000,10.00,11.00\n"
    assert read(few, symbol="A")[0][0].instrument.tick_size == 100
    prints = "ts,price,size\n" + "".join(f"1704186000,{10 + step / 100:.3f},1\n" for step in range(40))
    assert read(prints + "1704186000,10.005,1\n", symbol="A")[0][0].instrument.tick_size == 100
    for wrong in ("0", "-1", "x", "0.00001", "nan", "inf"):
        with pytest.raises(UsageError, match="--tick-size"):
            read(quotes, symbol="A", tick_size=wrong)


def test_what_the_user_says_and_the_file_says() -> None:
    text = "exchange,symbol,timestamp,price,amount\nX1,A,1704186000,1,1\n"
    named = read(text)[0][0].instrument
    assert (named.venue, named.timezone) == ("X1", "UTC")
    told = read(text, venue="XNAS", currency="EUR", lot_size="100")[0][0].instrument
    assert (told.venue, told.currency, told.lot_size) == ("XNAS", "EUR", 100)
    with pytest.raises(DataError, match="did you mean 'quotes'"):
        read(text, content="quote")
    with pytest.raises(DataError, match="no column for bid, ask"):
        read(text, content="quotes")


@pytest.mark.parametrize(
    ("header", "known"),
    [
        (b"ts,px,qty\n", True),
        (b"Timestamp;BidPrice;AskPrice\n1;2;3", True),
        (b"fill_id,symbol,side,time,price,quantity\n", False),
        (b"date,open,high,low,close,volume\n", False),
        (b"34200.1,5,0,100,2231800,-1\n", False),
        (b"\x00\x01", False),
        (b"", False),
    ],
)
def test_sniff(header: bytes, known: bool) -> None:
    assert DelimitedReader().sniff(Path("day.csv"), header) is known


def test_sniff_of_parquet_reads_its_columns(tmp_path: Path) -> None:
    for names, known in ((["ts", "bid", "ask"], True), (["fill_id", "price"], False)):
        path = tmp_path / "day.parquet"
        path.write_bytes(parquet(pl.DataFrame({name: [1] for name in names})))
        assert DelimitedReader().sniff(path, path.read_bytes()[:4]) is known


def test_members_of_one_source_go_on_counting() -> None:
    data = b"ts,symbol,price,size\n1704186000,A,1,1\n"
    source = Source("day.zip", (Path("day.zip"),), (("a.csv", data), ("b.csv", data)), "")
    batches = list(DelimitedReader().read(source, ReaderOptions(), Faults()))
    assert [batch.frame["seq"].to_list() for batch in batches] == [[0], [1]]


@given(st.binary(max_size=200))
def test_no_bytes_bring_another_error(content: bytes) -> None:
    good = b"1704186000000,A,10,1,buy,x\n"
    try:
        batches, faults = read(TRADES.encode() + good + content)
    except DataError:
        return
    # Whatever follows, no row is lost: each is stored or told.
    assert sum(batch.frame.height for batch in batches) + len(faults.found) == faults.rows >= 1
