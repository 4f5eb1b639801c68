"""A small whole file of every format, made by hand: what the contract of readers and the fuzzing begin from."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from tcakit.feeds.contract import ReaderOptions, Source
from tests.feeds import dbn_files, iex_files, itch_files, taq_files
from tests.feeds.workbook import workbook


@dataclass(frozen=True, slots=True)
class Sample:
    """A file, or files that belong together, as (name, content), with the options that its format needs.

    `told_apart` says that each line below the header lines makes its own rows, whatever stands in the others.
    """

    format: str
    members: tuple[tuple[str, bytes], ...]
    options: dict[str, Any] = field(default_factory=dict)
    told_apart: bool = False
    header_lines: int = 1
    # What --format or a mapping must say, where a file's beginning alone does not.
    known_by_itself: bool = True

    @property
    def size(self) -> int:
        return sum(len(content) for _, content in self.members)

    def source(self, members: Sequence[tuple[str, bytes | Path]] | None = None) -> Source:
        given = tuple(self.members if members is None else members)
        return Source(given[0][0], (Path(given[0][0]),), given, "0" * 64)

    def reader_options(self) -> ReaderOptions:
        return ReaderOptions(**self.options)


def one(format: str, name: str, content: str | bytes, *, told_apart: bool = False, header_lines: int = 1, **o: Any):
    """A sample of one file."""
    data = content.encode() if isinstance(content, str) else content
    return Sample(format, ((name, data),), o, told_apart, header_lines)


def parquet(**columns: list[Any]) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(columns).write_parquet(buffer)
    return buffer.getvalue()


def _itch() -> bytes:
    made = itch_files
    return made.framed(
        made.system("O", 1),
        made.directory(),
        made.directory("BETA", made.BETA),
        made.system("Q"),
        made.add(1, shares=100),
        made.add(2, "S", 50, 1_000_200),
        made.add(3, "B", 70, 20_000, "BETA", locate=made.BETA),
        made.executed(1, 40),
        made.priced(2, 10, "Y", 1_000_100),
        made.cancelled(1, 10),
        made.replaced(2, 4, 60, 1_000_300),
        made.hidden(),
        made.cross(500),
        made.halt("H"),
        made.halt("T"),
        made.deleted(4),
        made.system("M", made.OPEN + 1),
        made.system("C", made.OPEN + 2),
    )


def _iex(protocol: int = iex_files.DEEP) -> tuple[bytes, ...]:
    made = iex_files
    return (
        made.segment(made.level("8", 300, 1_000_000), made.level("5", 200, 1_000_300), protocol=protocol),
        made.segment(made.trade(0x20, 10, 1_000_300, 77), made.level("5", 190, 1_000_300), first=3, protocol=protocol),
        made.segment(made.message("H", b"H", "ACME", "4s", b"T1  "), first=5, protocol=protocol),
        made.segment(made.trade(0, 10, 1_000_300, 77, "B"), first=6, protocol=protocol),
    )


def _tops() -> tuple[bytes, ...]:
    made = iex_files
    quote = made.message("Q", 0x40, "ACME", "IqqI", 100, 1_000_000, 1_000_300, 200)
    return (
        made.segment(quote, made.trade(0, 10, 1_000_300, 78), protocol=made.TOPS),
        made.segment(made.trade(0, 20, 1_000_300, 79), first=3, protocol=made.TOPS),
    )


def _dbn() -> tuple[Sample, ...]:
    made = dbn_files
    orders = (
        made.header()
        + made.order("R", "N")
        + made.order("A", size=5)
        + made.order("A", "A", 10.5, 7, 2)
        + made.order("M", "A", 10.4, 6, 2)
        + made.order("T", "B", 10.4, 2, 0)
        + made.order("F", "A", 10.4, 2, 2)
        + made.order("C", "A", 10.4, 2, 2, flags=128)
    )
    windows = made.header("mbp-10") + b"".join(
        made.window("A", [(10.0, 5), (9.9, 3 + number)], [(10.1, 4)], depth=0, flags=128, ts_event=made.NOON + number)
        for number in range(4)
    )
    trades = made.header("trades") + b"".join(
        made.record(0, action=b"T", side=b"A", price=10 * made.NANO + number * 10_000_000, size=3, sequence=number)
        for number in range(4)
    )
    touches = made.header("mbp-1") + made.touch(1, 10.0, 10.1) + made.touch(1, 10.0, None)
    bars = made.header("ohlcv-1m") + made.bar(0x21) + made.bar(0x21, ts_event=made.NOON + 60 * 10**9)
    files = {"mbo": orders, "mbp-10": windows, "trades": trades, "mbp-1": touches, "ohlcv-1m": bars}
    return tuple(one("dbn", f"day.{name}.dbn", data) for name, data in files.items())


def fix_message(body: str) -> str:
    """One line of a log, with the BodyLength and CheckSum that belong to it."""
    inner = body.replace("|", "\x01") + "\x01"
    whole = f"8=FIX.4.2\x019={len(inner)}\x01{inner}"
    return f"{whole}10={sum(whole.encode()) % 256:03d}\x01\n"


def _fix() -> Sample:
    order = "55=ACME|54=1|38=300|40=2|44=10.5|59=0"
    head = "34=1|49={}|56={}|52=20240102-10:00:0{}|60=20240102-10:00:0{}"
    sent, back = (lambda at: head.format("DESK", "BRK", at, at)), (lambda at: head.format("BRK", "DESK", at, at))
    return one(
        "fix",
        "desk.log",
        fix_message(f"35=D|{sent(0)}|11=A|{order}")
        + fix_message(f"35=8|{back(1)}|37=O1|11=A|17=E0|20=0|150=0|39=0|{order}|32=0|31=0|14=0|6=0|151=300")
        + fix_message(f"35=8|{back(2)}|37=O1|11=A|17=E1|20=0|150=1|39=1|{order}|32=100|31=10.40|14=100|6=10.4|151=200")
        + fix_message(f"35=0|{back(3)}")
        + fix_message(f"35=8|{back(4)}|37=O1|11=A|17=E2|20=0|150=2|39=2|{order}|32=200|31=10.45|14=300|6=10.43|151=0"),
    )


def _lobster() -> Sample:
    stem = "ACME_2026-03-03_34200000_57600000_{}_2.csv"
    messages = (
        "34200.5,1,7,30,1000000,1\n34200.6,1,8,20,1000200,-1\n34200.7,4,8,5,1000200,-1\n"
        "34201.000000001,5,0,10,1000100,1\n34202,2,7,10,1000000,1\n34203.25,7,0,0,-1,-1\n34204,3,7,20,1000000,1\n"
    )
    books = (
        "1000300,10,1000000,80,1000400,20,999900,40\n1000200,20,1000000,80,1000300,10,999900,40\n"
        "1000200,15,1000000,80,1000300,10,999900,40\n1000200,15,1000000,80,1000300,10,999900,40\n"
        "1000200,15,1000000,70,1000300,10,999900,40\n1000200,15,1000000,70,1000300,10,999900,40\n"
        "1000200,15,1000000,50,1000300,10,999900,40\n"
    )
    members = ((stem.format("message"), messages.encode()), (stem.format("orderbook"), books.encode()))
    return Sample("lobster", members, header_lines=0)


_LEAN_TRADES = (
    "14400614,139400,500,P,20002020,0\n14400615,139500,100,D,1,1\n57604718,138100,2000995,N,80,0\n"
    "57604719,138200,5,N,80,0\n"
)
_LEAN_QUOTES = "1000,0,0,140200,500,Q,1,0\n1001,138400,700,0,0,P,1,0\n1003,0,0,139500,200,Z,1,0\n1006,0,0,0,0,Z,8,0\n"
_LEAN_BARS = "14400000,139400,139500,139300,139400,1000\n14460000,139400,139600,139300,139500,900\n"
_LEAN_DAYS = "20131004 00:00,138000,139000,137000,138500,100\n20131007 00:00,139000,139500,138000,138100,62286611\n"
_LEAN_DAYS += "20131008 00:00,138100,138500,137000,137500,5\n20131009 00:00,137500,137600,136000,136500,7\n"

_TARDIS_HEAD = "exchange,symbol,timestamp,local_timestamp,"
_TARDIS_BOOK = (
    _TARDIS_HEAD
    + "is_snapshot,side,price,amount\n"
    + "deribit,BTC-PERPETUAL,1585699200245000,1585699200355684,true,ask,6421.5,18640\n"
    + "deribit,BTC-PERPETUAL,1585699200245000,1585699200355684,true,bid,6421,10000\n"
    + "deribit,BTC-PERPETUAL,1585699200300000,1585699200400000,false,bid,6420.5,70\n"
    + "deribit,BTC-PERPETUAL,1585699200300000,1585699200400000,false,ask,6421.5,0\n"
)
_TARDIS_TRADES = (
    _TARDIS_HEAD
    + "id,side,price,amount\n"
    + "".join(
        f"bitmex,XBTUSD,{1585699200245000 + n},{1585699200355684 + n},t{n},{side},{6421 + n / 2},{n + 1}\n"
        for n, side in enumerate(("buy", "sell", "sell", "buy"))
    )
)
_TARDIS_QUOTES = (
    _TARDIS_HEAD
    + "ask_amount,ask_price,bid_price,bid_amount\n"
    + "bitmex,XBTUSD,1585699200245000,1585699200355684,5,6421.5,6421,7\n"
    + "bitmex,XBTUSD,1585699200246000,1585699200356684,6,6421.5,6421,7\n"
)
_TARDIS_SNAPSHOTS = (
    _TARDIS_HEAD
    + "asks[0].price,asks[0].amount,bids[0].price,bids[0].amount,asks[1].price,asks[1].amount,bids[1].price,"
    + "bids[1].amount\nbinance,BTCUSDT,1585699200245000,1585699200355684,10.1,5,10.0,4,10.2,6,9.9,3\n"
    + "binance,BTCUSDT,1585699200345000,1585699200455684,10.1,5,10.0,2,10.2,6,9.8,3\n"
)


def capture_lines(*messages: Any) -> str:
    """Messages a millisecond apart, after nanoseconds of receipt."""
    start = 1_723_161_255_000
    return "".join(f"{(start + n) * 1_000_000 + 7} {json.dumps(entry)}\n" for n, entry in enumerate(messages))


def _captures() -> tuple[Sample, ...]:
    ms, stamp = 1_723_161_255_000, "2024-08-08T23:54:15.244075Z"
    update = {"e": "depthUpdate", "E": ms + 3, "T": ms + 2, "s": "BTCUSDT", "U": 91, "u": 104, "pu": 90}
    trade = {"e": "trade", "E": ms, "T": ms, "s": "BTCUSDT", "t": 1, "p": "10.5", "q": "2", "m": False}
    match = {"maker_order_id": "x", "taker_order_id": "y", "side": "sell", "size": "0.04", "price": "14.5"}
    asks = [[f"{price}.10", "0.50", "1723161255.123456"] for price in range(101, 111)]
    bids = [[f"{price}.90", "1.00", "1723161255.123456"] for price in range(99, 89, -1)]
    coinbase = {"product_id": "SKL-USD"}
    bybit = {"s": "BTCUSDT", "b": [["1", "3"]], "a": [["1.1", "2"]], "u": 1}
    binance = capture_lines(
        {"lastUpdateId": 100, "E": ms + 1, "T": ms, "bids": [["10", "5"]], "asks": [["11", "5"]]},
        {"stream": "btcusdt@depth", "data": update | {"b": [["10", "2"]], "a": [["11", "0"]]}},
        {"stream": "btcusdt@trade", "data": trade},
    )
    others = capture_lines(
        [1664, {"as": asks, "bs": bids}, "book-10", "XBT/EUR"],
        [1664, {"a": [["101.10", "0.60", "1723161255.2"]], "c": "7"}, "book-10", "XBT/EUR"],
        coinbase | {"type": "snapshot", "bids": [["14.4", "1"]], "asks": [["14.6", "1.5"]]},
        coinbase | {"type": "l2update", "changes": [["buy", "14.5", "3"]], "time": stamp},
        coinbase | {"type": "match", "trade_id": 5, "time": stamp, **match},
        coinbase | {"type": "ticker", "best_bid": "14.5", "best_ask": "14.7", "time": stamp, "price": "14.5"},
        {"topic": "orderbook.1.BTCUSDT", "type": "snapshot", "ts": ms, "data": bybit},
    )
    framed = f"wss://fstream.binance.com/stream <-> 1723161255.1\n1723161255.3: {json.dumps(trade)}\n"
    return (
        one("capture", "btcusdt_20240808", binance, header_lines=0),
        one("capture", "others_20240808", others, header_lines=0),
        one("capture", "BINANCE_FUTURES.ws.1.0", framed),
    )


def _bybit() -> Sample:
    def entry(kind: str, number: int, bids: list[list[str]], asks: list[list[str]]) -> str:
        data = {"s": "XRPUSDT", "b": bids, "a": asks, "u": number, "seq": 1}
        text = {"topic": "orderbook.500.XRPUSDT", "type": kind, "ts": 1_733_011_200_691 + number, "data": data}
        return json.dumps(text, separators=(",", ":")) + "\n"

    text = entry("snapshot", 5, [["1.95", "10"]], [["1.96", "20"]])
    text += entry("delta", 6, [["1.95", "0"], ["1.94", "3.5"]], []) + entry("delta", 7, [], [["1.96", "21"]])
    return one("bybit", "2024-12-01_XRPUSDT_ob500.data", text, header_lines=0)


_BINANCE_TRADES = "id,price,qty,quote_qty,time,is_buyer_maker\n" + "".join(
    f"{10 + n},{100.5 + n / 10},{n + 1},{(100.5 + n / 10) * (n + 1)},{1577836801481 + n},{flag}\n"
    for n, flag in enumerate(("true", "false", "false", "true"))
)
_BINANCE_SPOT = (
    "26129,0.01633102,4.70443515,27781,27781,1498793709153,True,True\n"
    "26130,0.01633103,1.5,27782,27783,1498793709163,False,True\n"
)
_BINANCE_QUOTES = (
    "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time\n"
    "1,100.5,3,100.6,4.5,1577836801481,1577836801490\n3,100.5,2,100.6,4.5,1577836801482,1577836801491\n"
)


def _binance_depth() -> Sample:
    head = "symbol,timestamp,first_update_id,last_update_id,side,update_type,price,qty,pu\n"
    start = "BTCUSDT,1667346579100,50,50,"
    snapshot = head + f"{start}b,snap,10.1,1.5,-1\n{start}b,snap,10.0,2,-1\n{start}a,snap,10.2,3,-1\n"
    updates = (
        head
        + "BTCUSDT,1667346579050,46,49,b,set,9.9,2,45\nBTCUSDT,1667346579120,50,55,b,set,10.1,0,49\n"
        + "BTCUSDT,1667346579120,50,55,a,set,10.2,5,49\nBTCUSDT,1667346579150,56,60,a,set,10.3,1,55\n"
    )
    names = ("BTCUSDT_depth_snap.csv", "BTCUSDT_depth_update.csv")
    return Sample("binance", ((names[0], snapshot.encode()), (names[1], updates.encode())))


_BITSTAMP = "id,timestamp,exchange_timestamp,price,volume,action,direction\n" + "".join(
    f"{number},{1777689380441 + ms},{1777689380521 + ms},{price},{volume},{action},{direction}\n"
    for number, ms, price, volume, action, direction in (
        (1, 0, 100.0, 1.5, "created", "bid"),
        (2, 0, 100.0, 0.5, "created", "bid"),
        (3, 1, 101.0, 2.0, "created", "ask"),
        (1, 5, 100.0, 1.25, "changed", "bid"),
        (1, 6, 100.0, 1.25, "deleted", "bid"),
        (3, 7, 101.0, 0.0, "deleted", "ask"),
    )
)
_CSV_TRADES = "timestamp,symbol,price,size,taker_side,trade_id\n" + "".join(
    f"{1704186000000 + n},AAA,{10.25 + n / 100},{100 + n},{side},x{n}\n"
    for n, side in enumerate(("buy", "sell", "S", "B", "buy"))
)
_CSV_QUOTES = (
    "DT,SYMBOL,BID,OFR,OFRSIZ,BIDSIZ\n1704186000.5,A,10,10.01,7,5\n1704186001,A,0,10.01,7,0\n"
    "1704186002,A,9.99,10.01,7,\n"
)
_CSV_BOOK = "symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n" + "".join(
    f"A,{1704186000000 + at},{1704186000001 + at},{flag},{side},{price},{size}\n"
    for at, flag, side, price, size in (
        (0, "true", "bid", "10.0", 5),
        (0, "true", "ask", "10.1", 6),
        (1, "false", "bid", "10.0", 0),
        (2, "false", "bid", "9.9", 1),
    )
)
_CSV_WORDS = '"time";"symbol";"price";"size"\n2024-01-02T10:00:00.5Z;AAA;10.25;100\n"2024-01-02T10:00:01Z";AAA;10.5;1\n'
_FILLS = "fill_id,parent_id,symbol,side,time,price,quantity,liquidity,fee,venue\n" + "".join(
    f"f{n},p1,ACME,{side},2024-01-02T10:00:0{n}Z,{10.125 + n},{100 + n},Add,-0.2,XNAS\n"
    for n, side in enumerate(("BOT", "SLD", "B", "S"))
)
_PARENTS = (
    "parent_id,symbol,side,quantity,arrival_time,end_time,limit_price,decision_price,algo,fees\n"
    "p1,ACME,SS,15,2024-01-02T23:30:00-05:00,2024-01-02T23:40:00-05:00,9.5,9.75,vwap,\n"
    "p2,ACME,B,15,2024-01-02T13:30:00-05:00,2024-01-02T13:40:00-05:00,9.5,9.75,twap,1.5\n"
)
_GERMAN = {
    "timezone": "Europe/Berlin",
    "time_format": "%d.%m.%Y %H:%M:%S",
    "decimal_comma": True,
    "separator": ";",
    "sides": {"Kauf": "buy", "Verkauf": "sell"},
    "fills": {
        "fill_id": "#row",
        "symbol": ["Isin", "Name"],
        "side": "Art",
        "time": ["Tag", "Zeit"],
        "price": "Kurs",
        "quantity": "Stueck",
    },
}
_GERMAN_FILLS = (
    "Isin;Name;Art;Tag;Zeit;Kurs;Stueck\nDE1;;Kauf;02.01.2024;11:00:00;1.012,5;2\n"
    ";ACME;verkauf;02.01.2024;11:00:01;9,75;1\n"
)


def _fill_sheet() -> bytes:
    head, *lines = (line.split(",") for line in _FILLS.splitlines())
    return workbook(Fills=[head, *([*row[:5], float(row[5]), int(row[6]), *row[7:]] for row in lines)])


def _fill_objects() -> str:
    head, *lines = (line.split(",") for line in _FILLS.splitlines())
    return "".join(json.dumps(dict(zip(head, row, strict=True))) + "\n" for row in lines)


_HEADLINES = (
    "published,title,tickers,source\n"
    "2024-01-02T10:00:00Z,Profit rises at Acme,ACME,Wire\n"
    "2024-01-02T10:00:05Z,Loss narrows at Bora,BORA,Wire\n"
    "2024-01-02T10:01:00Z,Rates are left as they were,,\n"
)
_HEADLINE_LINES = (
    '{"time": "2024-01-02T10:00:00Z", "headline": "Profit rises at Acme", "symbols": ["ACME"]}\n'
    '{"time": "2024-01-02T10:00:05Z", "headline": "Two agree to merge", "symbols": ["ACME", "BORA"]}\n'
)


def _all() -> dict[str, tuple[Sample, ...]]:
    millis = [1704186000000, 1704186000001, 1704186000002]
    trades = {"timestamp": millis, "symbol": ["A"] * 3, "price": ["10.5", "10.6", "10.7"], "size": [1, 2, 3]}
    return {
        "dbn": _dbn(),
        "fix": (_fix(),),
        "lobster": (_lobster(),),
        "itch": (one("itch", itch_files.NAME, _itch()),),
        "iex": (
            one("iex", "day.pcap", iex_files.capture(*_iex())),
            one("iex", "day.pcapng", iex_files.capture_ng(*_iex())),
            one("iex", "tops.pcap", iex_files.capture(*_tops(), nano=True)),
        ),
        "taq": (
            one(
                "taq",
                "taqnbbo20140206",
                taq_files.file(
                    taq_files.record(),
                    taq_files.record("093000001", "P", bid=(1_000_100, 4)),
                    taq_files.record("093000002", "N", ask=(1_000_150, 9), symbol="BETA"),
                    taq_files.record("093000003", "P", bid=(0, 0)),
                ),
            ),
        ),
        "lean": (
            one("lean", "20131007_acme_Trade_Tick.csv", _LEAN_TRADES, told_apart=True, header_lines=0),
            one("lean", "20131007_acme_Quote_Tick.csv", _LEAN_QUOTES, header_lines=0),
            one("lean", "20131007_acme_minute_trade.csv", _LEAN_BARS, told_apart=True, header_lines=0),
            one("lean", "acme.csv", _LEAN_DAYS, told_apart=True, header_lines=0),
        ),
        "tardis": (
            one("tardis", "deribit_book.csv", _TARDIS_BOOK),
            one("tardis", "bitmex_trades.csv", _TARDIS_TRADES, told_apart=True),
            one("tardis", "bitmex_quotes.csv", _TARDIS_QUOTES),
            one("tardis", "binance_book_snapshot_2.csv", _TARDIS_SNAPSHOTS),
        ),
        "capture": _captures(),
        "bybit": (_bybit(),),
        "binance": (
            one("binance", "BTCUSDT-trades-2020-01-01.csv", _BINANCE_TRADES),
            one("binance", "ETHBTC-aggTrades-2017-06.csv", _BINANCE_SPOT, header_lines=0),
            one("binance", "BTCUSDT-bookTicker-2020-01-01.csv", _BINANCE_QUOTES),
            _binance_depth(),
        ),
        "bitstamp": (one("bitstamp", "orders.csv", _BITSTAMP, symbol="BTCUSD"),),
        "csv": (
            one("csv", "trades.csv", _CSV_TRADES, told_apart=True),
            one("csv", "quotes.csv", _CSV_QUOTES, told_apart=True),
            one("csv", "book.csv", _CSV_BOOK),
            one("csv", "words.csv", _CSV_WORDS),
            one("csv", "trades.parquet", parquet(**trades)),
        ),
        "news": (
            one("news", "headlines.csv", _HEADLINES, told_apart=True),
            one("news", "headlines.jsonl", _HEADLINE_LINES, header_lines=0),
        ),
        "blotter": (
            one("blotter", "fills.csv", _FILLS, told_apart=True),
            one("blotter", "parents.csv", _PARENTS, told_apart=True, timezone="America/New_York"),
            Sample(
                "blotter",
                (("umsatz.csv", _GERMAN_FILLS.encode()),),
                {"mapping": _GERMAN},
                known_by_itself=False,
            ),
            Sample("blotter", (("fills.json", _fill_objects().encode()),), header_lines=0, known_by_itself=False),
            one("blotter", "fills.xlsx", _fill_sheet()),
        ),
    }


SAMPLES = _all()
