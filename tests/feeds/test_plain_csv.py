"""Machine-written CSV files read the short way give what the long way gives, byte for byte, faults included."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Any

import polars as pl
import pytest
from crypto_files import read
from hypothesis import given, settings
from hypothesis import strategies as st

from tcakit.errors import TcakitError
from tcakit.feeds import binance, plain_csv, tardis
from tcakit.feeds.blocks import pieces
from tcakit.feeds.contract import Faults
from tcakit.feeds.plain_csv import Plain, PlainReader

NUMBERS = ["1", "0", "0.5", "10.25", "94000.10", "94000.1", "94000.0", "0.00000001", "123456789012345", "7.000"]
ODD_NUMBERS = ["", " 1", "1e-7", "-1", "+2", "01", ".5", "5.", '"3"', "x", "1234567890.12345678", "9" * 20, "nan"]
LINE_ENDS = ["\n", "\r\n"]
TARDIS = {
    "incremental_book_L2": "is_snapshot,side,price,amount",
    "trades": "id,side,price,amount",
    "quotes": "ask_amount,ask_price,bid_price,bid_amount",
}
BINANCE = {
    "aggTrades": "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker",
    "bookTicker": "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time",
}
COLUMNS = {
    "is_snapshot": (["true", "false", "false"], ["True", "", "0"]),
    "is_buyer_maker": (["true", "false", "False"], ["TRUE", "maybe", ""]),
    "first_trade_id": (["1", "22"], ["", '"4"', "é"]),
    "last_trade_id": (["1", "22"], ["x"]),
    "event_time": (["1740960000123"], ["", "soon"]),
}
_DAY_END_US = 1_741_046_400_000_000


@st.composite
def files(draw: Any, head: list[str], oddness: list[int]) -> str:
    """A file of a few rows with a header; one in so many fields is odd, if any is."""
    odd = draw(st.sampled_from(oddness))
    rows = draw(st.integers(1, 14))
    end = draw(st.sampled_from(LINE_ENDS))
    stamp = _DAY_END_US - draw(st.integers(0, 12)) * 1000
    number = 100
    lines = [",".join(head)]
    for _ in range(rows):
        stamp += draw(st.sampled_from([0, 1000, 3000] + [-2000] * (odd > 0)))
        number += draw(st.sampled_from([1, 1, 1, 1, 2] if odd else [1]))
        cells = []
        for name in head:
            spoilt = odd > 0 and draw(st.integers(0, odd)) == 0
            if name in ("exchange", "symbol"):
                cell = (
                    draw(st.sampled_from(["okex", "", "a b"])) if spoilt else {"exchange": "deribit"}.get(name, "X-1")
                )
            elif "timestamp" in name:
                cell = draw(st.sampled_from(["", "soon", "1740960000", str(stamp // 1000)])) if spoilt else str(stamp)
            elif name == "transact_time" or name == "transaction_time":
                cell = draw(st.sampled_from(["", str(stamp)])) if spoilt else str(stamp // 1000)
            elif name in ("id", "agg_trade_id", "update_id"):
                cell = draw(st.sampled_from(["", "00012", "8-4-4"])) if spoilt else str(number)
            elif name == "side":
                words = ["bid", "ask"] if "is_snapshot" in head else ["buy", "sell", "unknown"]
                cell = draw(st.sampled_from(["BUY", "", "Bid", "other"] if spoilt else words))
            else:
                plain, strange = COLUMNS.get(name, (NUMBERS, ODD_NUMBERS))
                cell = draw(st.sampled_from(strange if spoilt else plain))
            cells.append(cell)
        if odd and draw(st.integers(0, odd)) == 0:
            cells = draw(st.sampled_from([cells[:-1], [*cells, "1"], [""], [" "]]))
        lines.append(",".join(cells))
    return end.join(lines) + draw(st.sampled_from(["", end, end + end]))


def told(reader: Any, name: str, text: str) -> tuple[Any, ...]:
    """All that a reading gives, or the error that it ends with."""
    try:
        batches, faults = read(reader, (name, text.encode()))
    except TcakitError as error:
        return type(error), str(error)
    frames: dict[tuple[str, str | None], list[pl.DataFrame]] = {}
    for batch in batches:
        assert batch.instrument is not None
        frames.setdefault((batch.table, batch.date), []).append(batch.frame)
    rows = {key: pl.concat(parts).rows() for key, parts in frames.items()}
    types = {key: parts[0].schema for key, parts in frames.items()}
    return rows, types, [batch.instrument for batch in batches], [asdict(fault) for fault in faults.found], faults.rows


def both_ways(module: Any, reader: Any, name: str, text: str, block_bytes: int) -> tuple[Any, Any, int]:
    """(what the short way gives, what the long way gives, how many blocks went the short way)."""
    taken = 0

    def counted(self: PlainReader, piece: Any) -> Plain | None:
        nonlocal taken
        found = short(self, piece)
        taken += found is not None
        return found

    short = PlainReader.read
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "pieces", partial(pieces, block_bytes=block_bytes))
        patch.setattr(PlainReader, "read", counted)
        ours = told(reader, name, text)
        patch.setattr(PlainReader, "read", lambda *_: None)
        return ours, told(reader, name, text), taken


@pytest.mark.parametrize("content", sorted(TARDIS))
@settings(max_examples=40)
@given(data=st.data())
def test_tardis_files_read_alike_both_ways(content: str, data: Any) -> None:
    head = ["exchange", "symbol", "timestamp", "local_timestamp", *TARDIS[content].split(",")]
    text = data.draw(files(head, [0, 10, 60]))
    name = f"deribit_{content}_2025-03-03_X-1.csv"
    ours, witness, _ = both_ways(tardis, tardis.TardisReader(), name, text, data.draw(st.sampled_from([150, 1 << 20])))
    assert ours == witness


@pytest.mark.parametrize("content", sorted(BINANCE))
@pytest.mark.parametrize("header", [True, False])
@settings(max_examples=40)
@given(data=st.data())
def test_binance_files_read_alike_both_ways(content: str, header: bool, data: Any) -> None:
    text = data.draw(files(BINANCE[content].split(","), [0, 10, 60]))
    text = text if header else text.partition("\n")[2]
    blocks = data.draw(st.sampled_from([150, 1 << 20]))
    reader, name = binance.BinanceReader(), f"BTCUSDT-{content}-2025-03-03.csv"
    ours, witness, _ = both_ways(binance, reader, name, text, blocks)
    assert ours == witness


def test_plain_files_do_go_the_short_way() -> None:
    head = "exchange,symbol,timestamp,local_timestamp,"
    rows = "deribit,X-1,1740960000000000,1740960000001000,"
    book = head + TARDIS["incremental_book_L2"] + "\n" + (rows + "false,bid,94000.5,10\n") * 9
    ours, witness, taken = both_ways(tardis, tardis.TardisReader(), "b.csv", book, 200)
    assert ours == witness
    assert taken > 4
    trades = BINANCE["aggTrades"] + "\r\n" + "".join(f"{k},1.5,2,3,4,1740960000000,true\r\n" for k in range(9))
    ours, witness, taken = both_ways(
        binance, binance.BinanceReader(), "BTCUSDT-aggTrades-2025-03-03.csv", trades, 1 << 20
    )
    assert ours == witness
    assert taken == 2


def test_one_odd_block_is_read_the_long_way_and_the_others_are_not() -> None:
    head = "exchange,symbol,timestamp,local_timestamp,"
    rows = ["deribit,X-1,1740960000000000,1740960000001000,false,bid,94000.5,10"] * 12
    rows[7] = rows[7].replace("94000.5", "9.40005e4")
    text = head + TARDIS["incremental_book_L2"] + "\n" + "\n".join(rows)
    ours, witness, taken = both_ways(tardis, tardis.TardisReader(), "b.csv", text, 200)
    assert ours == witness
    assert taken > 4
    assert ours[0]["book_events", "2025-03-03"][7][5] == 940_005_000


def test_blocks_beyond_what_is_kept_are_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_csv, "_KEPT_BYTES", 0)
    test_plain_files_do_go_the_short_way()


def test_a_first_block_of_empty_lines_is_not_the_whole_file() -> None:
    content = b"a,b\n" + b"\n" * 20 + b"1,2\n3,4\n"
    tables = [piece.table(Faults()) for piece in pieces("x", content, block_bytes=16)]
    assert [table.frame.rows() for table in tables if table is not None] == [[("1", "2"), ("3", "4")]]
