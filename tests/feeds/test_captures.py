"""Raw captures: how lines are stamped, and what the messages of each venue become."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from crypto_files import fuzz, is_crossed, read, reasons, replayed, rows_of

from tcakit.errors import DataError
from tcakit.feeds import captures
from tcakit.feeds.captures import CaptureReader
from tcakit.feeds.contract import Batch, Faults
from tcakit.market import codes

S0 = 1_723_161_255  # 2024-08-08T23:54:15Z
MS0 = S0 * 1000


def lines(*messages: Any) -> bytes:
    """Messages a millisecond apart, after nanoseconds of receipt."""
    texts = [message if isinstance(message, str) else json.dumps(message) for message in messages]
    return "".join(f"{(MS0 + number) * 1_000_000 + 7} {text}\n" for number, text in enumerate(texts)).encode()


def take(*messages: Any, **options: str) -> tuple[list[Batch], Faults]:
    return read(CaptureReader(), ("btcusdt_20240808", lines(*messages)), **options)


def depth(first: int, last: int, previous: int | None, bids: list, asks: list, ms: int = 0) -> dict[str, Any]:
    """A depth update of futures, or with `previous` None of spot."""
    data: dict[str, Any] = {"e": "depthUpdate", "E": MS0 + ms + 1, "s": "BTCUSDT", "U": first, "u": last}
    if previous is not None:
        data |= {"T": MS0 + ms, "pu": previous}
    return {"stream": "btcusdt@depth", "data": data | {"b": bids, "a": asks}}


def answer(last: int, bids: list, asks: list, ms: int | None = 0) -> dict[str, Any]:
    """A REST snapshot, without times as spot gives it where `ms` is None."""
    times = {} if ms is None else {"E": MS0 + ms + 1, "T": MS0 + ms}
    return {"lastUpdateId": last, **times, "bids": bids, "asks": asks}


def book(batches: list[Batch], symbol: str | None = None) -> list[tuple[int, int, int | None, int | None]]:
    """(kind, side, price in currency, level size) of each row."""
    out = []
    for batch in batches:
        if batch.table == "book_events" and symbol in (None, batch.instrument.symbol):
            scale = batch.instrument.price_scale
            for kind, side, price, level in batch.frame.select("kind", "side", "price", "level_size").iter_rows():
                out.append((kind, side, None if price is None else price / scale, level))
    return out


CLEAR = (codes.CLEAR, 0, None, None)


def level(kind: int, side: int, price: float, size: int) -> tuple[int, int, float, int]:
    return kind, side, price, size


BID, ASK, SET, SNAP = codes.BUY, codes.SELL, codes.SET, codes.SNAPSHOT


# --- framing ------------------------------------------------------------------------------------------------


def test_sniff() -> None:
    reader = CaptureReader()
    assert reader.sniff(Path("x"), lines({"a": 1}))
    assert reader.sniff(Path("x"), b'1626992741.06217: {"stream":"x"}\n')
    assert reader.sniff(Path("x"), b"wss://ws.kraken.com <-> 1618678132.368463\n")
    assert reader.sniff(Path("x"), b"https://fapi.binance.com/fapi/v1/depth?symbol=X -> 1626992741.3: {}\n")
    assert not reader.sniff(Path("x"), b"1723161255030314667,12,13\n")
    assert not reader.sniff(Path("x"), b'{"topic":"orderbook.500.X"}\n')


def test_addresses_say_which_market() -> None:
    trade = {"e": "trade", "E": MS0, "T": MS0, "s": "BTCUSDT", "t": 1, "p": "1.5", "q": "2", "m": False}
    for address, venue in [
        ("wss://fstream.binance.com/stream", "BINANCE-FUTURES"),
        ("wss://dstream.binance.com/stream", "BINANCE-DELIVERY"),
        ("wss://stream.binance.com:9443/ws", "BINANCE"),
    ]:
        text = f"{address} <-> 1723161255.1\n{address} <- 1723161255.2: {{}}\n1723161255.3: {json.dumps(trade)}\n\n"
        (batch,), faults = read(CaptureReader(), ("x.ws.1.0", text.encode()))
        assert (batch.instrument.venue, batch.instrument.symbol, faults.found) == (venue, "BTCUSDT", [])
        assert batch.frame["recv_ns"].to_list() == [1_723_161_255_300_000_000]


def test_without_an_address_the_messages_say_which_market() -> None:
    trade = {"e": "trade", "E": MS0, "T": MS0, "t": 1, "p": "1.5", "q": "2", "m": True}
    batches, _ = take(
        {"stream": "x", "data": trade | {"s": "BTCUSDT", "M": True}},
        {"stream": "x", "data": trade | {"s": "BTCUSDT", "X": "MARKET"}},
        {"stream": "x", "data": trade | {"s": "BTCUSD_PERP"}},
    )
    found = [(batch.instrument.venue, batch.instrument.symbol, batch.instrument.currency) for batch in batches]
    assert found == [
        ("BINANCE", "BTCUSDT", "USDT"),
        ("BINANCE-FUTURES", "BTCUSDT", "USDT"),
        ("BINANCE-DELIVERY", "BTCUSD_PERP", "USD"),
    ]
    assert batches[0].frame["aggressor"].to_list() == [codes.SELL]


def test_members_are_joined_by_time_of_receipt() -> None:
    ws = "wss://fstream.binance.com/stream?streams=x <-> 1723161255.0\n" + "".join(
        f"{S0 + number}.5: {json.dumps(depth(*ids, [['10', str(number)]], [], number))}\n"
        for number, ids in enumerate([(1, 5, 0), (6, 9, 5), (10, 12, 9)])
    )
    rest = answer(9, [["9", "4"]], [["11", "5"]], 1)
    http = f"https://fapi.binance.com/fapi/v1/depth?symbol=BTCUSDT&limit=9 -> {S0 + 1}.7: {json.dumps(rest)}\n"
    batches, faults = read(CaptureReader(), ("X.http.0.0", http.encode()), ("X.ws.1.0", ws.encode()))
    assert faults.found == []
    assert [event[0] for event in book(batches)] == [SET, SET, codes.CLEAR, SNAP, SNAP, SET]


def test_lines_that_are_none_are_faults_with_their_number() -> None:
    good = depth(1, 5, 0, [["10", "1"]], [])
    text = lines(good, "{broken", '{"what": 1}', "[1, 2]", '{"e": "depthUpdate", "s": "X"}', '{"a": NaN}')
    text += b"no line at all\n\xff\xfe\xfd\n"
    _, faults = read(CaptureReader(), ("x", text))
    assert [line for line, _ in reasons(faults)] == [2, 3, 4, 5, 6, 7, 8]
    told = [reason for _, reason in sorted(reasons(faults))]
    assert told[0] == "no JSON"
    assert told[1].startswith("no message of Binance")
    assert told[3] == "not as the venue writes it: KeyError 'E'"
    assert told[5:] == ["no line of a capture", "no UTF-8 text"]
    assert faults.rows == 8


def test_a_capture_of_nothing_that_is_known_is_refused() -> None:
    with pytest.raises(DataError, match="no message of Binance, Bybit, Coinbase Exchange or Kraken"):
        take({"arg": {"channel": "books"}, "data": []})
    two = (
        depth(1, 2, 0, [["1", "1"]], []),
        {"stream": "x", "data": depth(1, 2, 0, [["1", "1"]], [])["data"] | {"s": "Y"}},
    )
    with pytest.raises(DataError, match="2 symbols in the capture, but --symbol names one"):
        take(*two, symbol="Z")


def test_small_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    messages = [depth(n, n, n - 1, [[str(n % 7 + 1), str(n % 3)]], [[str(n % 5 + 9), "0.5"]], n) for n in range(1, 60)]
    whole, _ = take(*messages)
    monkeypatch.setattr("tcakit.feeds.tape.FULL_ROWS", 10)
    parts, _ = take(*messages)
    assert len(parts) > 5
    assert rows_of(parts, "book_events").equals(rows_of(whole, "book_events"))


# --- Binance ------------------------------------------------------------------------------------------------


def test_futures_updates_join_their_snapshot() -> None:
    batches, faults = take(
        answer(100, [["10", "5"], ["9", "5"]], [["11", "5"]], 0),
        depth(80, 90, 79, [["10", "1"]], [], 1),  # the snapshot contains it
        depth(91, 104, 90, [["10", "2"]], [], 2),  # reaches over it
        depth(110, 115, 104, [], [["11", "0"], ["12", "3"]], 3),
    )
    assert faults.found == []
    assert book(batches) == [
        CLEAR,
        level(SNAP, BID, 10, 5),
        level(SNAP, BID, 9, 5),
        level(SNAP, ASK, 11, 5),
        level(SET, BID, 10, 2),
        level(SET, ASK, 11, 0),
        level(SET, ASK, 12, 3),
    ]
    (batch,) = batches
    assert (batch.instrument.venue, batch.content, batch.date) == ("BINANCE-FUTURES", "book-l2", "2024-08-08")
    assert batch.frame["ts_ns"][0] == MS0 * 1_000_000
    assert batch.frame["recv_ns"][0] == MS0 * 1_000_000 + 7


def test_a_gap_is_told_with_both_ids_and_the_book_starts_anew() -> None:
    batches, faults = take(
        depth(1, 5, 0, [["10", "5"]], [], 0),
        depth(8, 9, 7, [["9", "5"]], [], 1),
        depth(10, 12, 9, [], [["11", "5"]], 2),
    )
    assert book(batches) == [level(SET, BID, 10, 5), CLEAR, level(SET, BID, 9, 5), level(SET, ASK, 11, 5)]
    (fault,) = faults.found
    assert (fault.line, fault.kept) == (2, True)
    assert "the update that ends at 9 follows 7, but the one before ends at 5" in fault.reason


def test_a_snapshot_that_its_updates_do_not_reach_is_told() -> None:
    batches, faults = take(answer(100, [["10", "5"]], [["11", "5"]], 0), depth(102, 104, 101, [["10", "2"]], [], 2))
    assert book(batches) == [CLEAR, level(SNAP, BID, 10, 5), level(SNAP, ASK, 11, 5), CLEAR, level(SET, BID, 10, 2)]
    assert "update 102 does not join snapshot 100" in faults.found[0].reason


def test_a_late_snapshot_is_brought_up_to_the_updates_seen() -> None:
    batches, faults = take(
        depth(80, 90, 79, [["10", "1"]], [], 1),
        depth(91, 104, 90, [["10.0", "0"], ["8", "7"]], [["11", "2"]], 2),
        answer(95, [["10", "5"], ["9", "5"]], [["11", "5"]], 1),
        depth(105, 106, 104, [["9", "6"]], [], 3),
    )
    assert faults.found == []
    rows = book(batches)
    at = rows.index(CLEAR)
    assert rows[at:] == [
        CLEAR,
        level(SNAP, BID, 9, 5),
        level(SNAP, BID, 8, 7),
        level(SNAP, ASK, 11, 2),
        level(SET, BID, 9, 6),
    ]
    stamps = rows_of(batches, "book_events")["ts_ns"]
    assert stamps.is_sorted()
    assert stamps[at] == (MS0 + 2) * 1_000_000


def test_a_snapshot_older_than_all_updates_is_not_used() -> None:
    batches, faults = take(depth(80, 90, 79, [["10", "1"]], [], 1), answer(50, [["10", "5"]], [["11", "5"]], 1))
    assert book(batches) == [level(SET, BID, 10, 1)]
    assert "snapshot 50 is older than the updates kept, which end at 90" in faults.found[0].reason
    assert faults.refused == 1


def test_an_update_that_comes_again_is_refused() -> None:
    update = depth(80, 90, 79, [["10", "1"]], [], 1)
    batches, faults = take(update, update)
    assert len(book(batches)) == 1
    assert reasons(faults) == [(2, "update 90 comes after update 90")]


def test_spot_numbers_without_gaps_and_gives_snapshots_no_time() -> None:
    batches, faults = take(
        answer(100, [["10", "5"]], [["11", "5"]], None),
        depth(99, 100, None, [["10", "9"]], [], 5),  # contained
        depth(101, 104, None, [["10", "2"]], [], 6),
        depth(106, 107, None, [["10", "3"]], [], 7),
    )
    assert book(batches) == [
        CLEAR,
        level(SNAP, BID, 10, 5),
        level(SNAP, ASK, 11, 5),
        level(SET, BID, 10, 2),
        CLEAR,
        level(SET, BID, 10, 3),
    ]
    (batch,) = batches
    assert batch.instrument.venue == "BINANCE"
    # The snapshot counts from the first update that follows it.
    assert batch.frame["ts_ns"][0] == (MS0 + 7) * 1_000_000
    assert "the update that ends at 107 begins at 106, but the one before ends at 104" in faults.found[0].reason


def test_an_untimed_snapshot_without_updates_counts_from_its_receipt() -> None:
    batches, _ = take(depth(1, 2, None, [["10", "1"]], [], 0), answer(9, [["10", "5"]], [["11", "5"]], None))
    frame = rows_of(batches, "book_events")
    assert frame["ts_ns"].to_list()[-1] == (MS0 + 1) * 1_000_000 + 7


def test_trades_of_both_kinds_are_counted_once() -> None:
    trade = {"e": "trade", "E": MS0, "T": MS0, "s": "BTCUSDT", "t": 7, "p": "61800.30", "q": "0.006", "m": False}
    single = trade | {"X": "MARKET"}
    aggregated = {key: value for key, value in trade.items() if key != "t"} | {"e": "aggTrade", "a": 3, "q": "0.012"}
    marker = trade | {"X": "NA", "p": "0", "q": "0", "t": 8}
    fund = trade | {"X": "INSURANCE_FUND", "t": 9}
    batches, faults = take(aggregated, single, marker, fund)
    frame = rows_of(batches, "trades")
    assert faults.found == []
    assert frame["trade_id"].to_list() == ["7", "9"]
    assert frame["condition"].to_list() == [None, "INSURANCE_FUND"]
    assert (frame["price"][0], frame["size"][0], frame["aggressor"][0]) == (618_003_000, 6, codes.BUY)
    batches, _ = take(aggregated)
    assert rows_of(batches, "trades")["trade_id"].to_list() == ["3"]


def test_best_quotes_bars_and_the_rest() -> None:
    best = {"u": 4, "s": "BTCUSDT", "b": "10.5", "B": "1", "a": "10.6", "A": "2"}
    bar = {"t": MS0, "T": MS0 + 59_999, "i": "1m", "o": "1", "h": "3", "l": "1", "c": "2", "v": "95"}
    batches, faults = take(
        {"stream": "x", "data": best},
        {"stream": "x", "data": best | {"e": "bookTicker", "T": MS0 - 5, "E": MS0}},
        {"stream": "x", "data": {"e": "kline", "E": MS0, "s": "BTCUSDT", "k": bar | {"x": False}}},
        {"stream": "x", "data": {"e": "kline", "E": MS0, "s": "BTCUSDT", "k": bar | {"x": True}}},
        {"stream": "x", "data": {"e": "markPriceUpdate", "E": MS0, "s": "BTCUSDT", "p": 1.25}},
        {"stream": "x@depth5", "data": answer(1, [], [])},
        {"stream": "x@depth5", "data": answer(2, [], [])},
        {"result": None, "id": 1},
    )
    spot, futures = [batch for batch in batches if batch.table == "quotes"]
    assert spot.instrument.venue == "BINANCE"
    assert spot.frame.select("ts_ns", "bid", "bid_size", "ask", "ask_size").rows() == [
        (MS0 * 1_000_000 + 7, 105_000, 1, 106_000, 2)
    ]
    assert futures.frame["ts_ns"].to_list() == [(MS0 - 5) * 1_000_000]
    (bars,) = [batch for batch in batches if batch.table == "bars"]
    assert bars.frame.select("ts_ns", "interval_ns", "open", "high", "low", "close", "volume").rows() == [
        (MS0 * 1_000_000, 60_000_000_000, 10_000, 30_000, 10_000, 20_000, 95)
    ]
    (notice,) = [batch for batch in batches if batch.table == "notices"]
    assert json.loads(notice.frame["detail"][0])["p"] == "1.25"
    assert [(fault.line, fault.kept) for fault in faults.found] == [(6, True)]


def test_bad_numbers_inside_a_message_are_faults() -> None:
    batches, faults = take(
        depth(1, 5, 0, [["10", "5"], ["9", "x"], ["-1", "4"], ["0", "4"]], [["11", "-5"]], 0),
        depth(6, 7, 5, [["10", None]], [], 0),
        depth(9, 8, 5, [["10", "1"]], [], 0),
    )
    assert book(batches) == [level(SET, BID, 10, 5)]
    assert [line for line, _ in reasons(faults)] == [2, 3, 1, 1, 1, 1]
    assert faults.found[2].text == "price 9, level_size x"


# --- Coinbase -----------------------------------------------------------------------------------------------


def coinbase(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "product_id": "SKL-USD", **fields}


def test_coinbase() -> None:
    match = {"maker_order_id": "x", "taker_order_id": "y", "side": "sell", "size": "0.04", "price": "14.5"}
    stamp = "2024-08-08T23:54:15.244075Z"
    batches, faults = take(
        coinbase("subscriptions"),
        coinbase("last_match", trade_id=4, time=stamp, **match),
        coinbase("snapshot", bids=[["14.4", "1"], ["14.3", "2"]], asks=[["14.6", "1.5"]]),
        coinbase("l2update", changes=[["buy", "14.5", "3"], ["sell", "14.6", "0.0"]], time=stamp),
        coinbase("match", trade_id=5, time=stamp, **match | {"side": "buy"}),
        coinbase("last_match", trade_id=5, time=stamp, **match),  # subscribed again
        coinbase("match", trade_id=8, time=stamp, **match),
        coinbase("match", trade_id=7, time=stamp, **match),
        coinbase("ticker", best_bid="14.5", best_ask="14.7", time=stamp, price="14.5"),
        coinbase("activate", time=stamp),
        {"type": "error", "message": "no such channel"},
        coinbase("l2update", changes=[["up", "14.5", "3"]], time=stamp),
        coinbase("l2update", changes=[["buy", "14.5", "3"]], time="yesterday"),
    )
    assert (
        book(batches)
        == [
            CLEAR,
            level(SNAP, BID, 14.4, 10),
            level(SNAP, BID, 14.3, 20),
            level(SNAP, ASK, 14.6, 15),
            level(SET, BID, 14.5, 30),
            level(SET, ASK, 14.6, 0),
        ]
        or book(batches)[1][3] == 100
    )
    assert rows_of(batches, "book_events")["ts_ns"].unique().to_list() == [1_723_161_255_244_075_000]
    trades = rows_of(batches, "trades")
    # The file names the side that rested.
    assert trades["aggressor"].to_list() == [codes.BUY, codes.SELL, codes.BUY]
    assert trades["trade_id"].to_list() == ["4", "5", "8"]
    quotes = rows_of(batches, "quotes")
    assert quotes.select("bid", "bid_size", "ask").rows() == [(145_000, None, 147_000)]
    assert {batch.instrument.venue for batch in batches} == {"COINBASE"}
    assert {batch.instrument.currency for batch in batches} == {"USD"}
    told = dict(reasons(faults))
    assert told[7] == "SKL-USD: trades are missing: 8 follows 5"
    assert told[8] == "SKL-USD: trade 7 comes after trade 8"
    assert "activate" in told[10]
    assert told[11] == "the venue told of an error: no such channel"
    assert told[12].startswith("not as the venue writes it")
    assert told[13].startswith("not as the venue writes it")


def test_a_coinbase_snapshot_without_updates_counts_from_its_receipt() -> None:
    batches, _ = take(coinbase("snapshot", bids=[["14.4", "1"]], asks=[]))
    assert rows_of(batches, "book_events")["ts_ns"].to_list() == [MS0 * 1_000_000 + 7] * 2


# --- Kraken -------------------------------------------------------------------------------------------------


def crc(asks: list[tuple[str, str]], bids: list[tuple[str, str]]) -> str:
    """The venue's documented checksum, from levels already in order."""
    digits = "".join(text.replace(".", "").lstrip("0") for level in asks[:10] + bids[:10] for text in level)
    return str(zlib.crc32(digits.encode()))


def kraken(*parts: dict[str, Any], name: str = "book-10") -> list[Any]:
    return [1664, *parts, name, "XBT/EUR"]


STAMP = f"{S0}.123456"
ASKS = [(f"{price}.10", "0.50") for price in range(101, 111)]
BIDS = [(f"{price}.90", "1.00") for price in range(99, 89, -1)]


def opened() -> list[Any]:
    return kraken({"as": [[*entry, STAMP] for entry in ASKS], "bs": [[*entry, STAMP] for entry in BIDS]})


def test_kraken_checks_every_update() -> None:
    asks = [("100.50", "2.00"), *ASKS[:9]]
    bids = [("99.90", "3.00"), *BIDS[1:]]
    batches, faults = take(
        {"event": "systemStatus", "status": "online"},
        {"event": "subscriptionStatus", "status": "error", "errorMessage": "no such pair"},
        opened(),
        # A level better than all pushes the tenth out, without a word.
        kraken({"a": [["100.50", "2.00", f"{S0}.2"]], "c": crc(asks, BIDS)}),
        kraken(
            {"a": [["100.50", "0.00", f"{S0}.3"], ["110.10", "0.50", STAMP, "r"]]},
            {"b": [["99.90", "3.00", f"{S0}.3"]], "c": crc(ASKS, bids)},
        ),
    )
    assert [fault.reason for fault in faults.found] == ["the venue told of an error: no such pair"]
    rows = book(batches)
    assert rows[0] == CLEAR
    assert (
        rows[21:]
        == [
            (SET, ASK, 100.5, 200),
            (codes.LEAVE, ASK, 110.1, None),
            (SET, ASK, 100.5, 0),
            (codes.ENTER, ASK, 110.1, 50),
            (SET, BID, 99.9, 300),
        ]
        or rows[21][3] == 20
    )
    (batch,) = batches
    assert (batch.content, batch.depth) == ("book-l2-window", 10)
    assert (batch.instrument.venue, batch.instrument.symbol) == ("KRAKEN", "XBT/EUR")
    assert batch.instrument.currency == "EUR"
    assert batch.frame["ts_ns"].to_list()[-1] == S0 * 10**9 + 300_000_000
    entered = batch.frame.filter(pl.col("kind") == codes.ENTER)
    assert entered["size"].to_list() == entered["level_size"].to_list()


def test_a_checksum_that_does_not_match_is_told_once_and_the_book_starts_anew() -> None:
    right = crc([("101.10", "0.70"), *ASKS[1:]], BIDS)
    batches, faults = take(
        opened(),
        kraken({"a": [["101.10", "0.60", f"{S0}.2"]], "c": right}),
        kraken({"a": [["101.10", "0.70", f"{S0}.3"]], "c": "1"}),
        opened(),
        kraken({"a": [["101.10", "0.70", f"{S0}.4"]], "c": right}),
    )
    (fault,) = faults.found
    assert (fault.line, fault.kept) == (2, True)
    assert f"the venue's checksum is {right}" in fault.reason
    kinds = [event[0] for event in book(batches)]
    assert kinds == [codes.CLEAR, *[SNAP] * 20, SET, codes.CLEAR, SET, codes.CLEAR, *[SNAP] * 20, SET]


def test_kraken_trades_tickers_and_trouble() -> None:
    batches, faults = take(
        [
            993,
            [["354.11", "0.895", f"{S0}.557535", "s", "l", ""], ["354.5", "1", f"{S0}.6", "b", "m", ""]],
            "trade",
            "XMR/USD",
        ],
        [996, {"a": ["354.74", 6, "6.85"], "b": ["354.11", 28, "28.5"]}, "ticker", "XMR/USD"],
        kraken({"a": [["1", "1", STAMP]], "c": "1"}),
        [1, {}, "spread", "XMR/USD"],
        kraken({"as": [["x", "1", STAMP]], "bs": []}),
        {"event": "surprise"},
    )
    trades = rows_of(batches, "trades")
    assert trades["aggressor"].to_list() == [codes.SELL, codes.BUY]
    assert trades["ts_ns"].to_list() == [S0 * 10**9 + 557_535_000, S0 * 10**9 + 600_000_000]
    quotes = rows_of(batches, "quotes")
    assert quotes.select("ts_ns", "bid", "ask").rows() == [(MS0 * 1_000_000 + 1_000_007, 3_541_100, 3_547_400)]
    told = dict(reasons(faults))
    assert told[3] == "XBT/EUR: an update of a book before its snapshot"
    assert "'spread'" in told[4]
    assert told[5].startswith("not as the venue writes it")
    assert "'surprise'" in told[6]


# --- all together ---------------------------------------------------------------------------------------------


def test_spoilt_captures_bring_rows_faults_or_one_error() -> None:
    good = lines(
        answer(100, [["10", "5"]], [["11", "5"]], 0),
        depth(91, 104, 90, [["10", "2"]], [["11", "0"]], 2),
        opened(),
        kraken({"a": [["101.10", "0.60", f"{S0}.2"]], "c": "7"}),
        coinbase("snapshot", bids=[["14.4", "1"]], asks=[]),
        coinbase("l2update", changes=[["buy", "14.5", "3"]], time="2024-08-08T23:54:15.244075Z"),
        {
            "topic": "orderbook.1.BTCUSDT",
            "type": "delta",
            "ts": MS0,
            "data": {"s": "BTCUSDT", "b": [], "a": [["1", "2"]], "u": 1},
        },
    )
    assert fuzz(CaptureReader(), "x", good, 120) > 80
    assert fuzz(CaptureReader(), "x", b'wss://ws.kraken.com <-> 1618678132.3\n1618678132.5: {"event":"x"}\n', 100) > 10


class _Kept(captures.Streams):
    """The decoders, kept so that a test can ask what they counted."""

    made: list[captures.Streams]

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.made.append(self)


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch) -> list[captures.Streams]:
    monkeypatch.setattr(_Kept, "made", [], raising=False)
    monkeypatch.setattr(captures, "Streams", _Kept)
    return _Kept.made


def read_real(folder: Path, pattern: str) -> tuple[list[Batch], Faults]:
    return read(CaptureReader(), *[(str(path), path) for path in sorted(folder.glob(pattern))])


def never_crossed(batches: list[Batch], every: int = 1) -> None:
    symbols = {batch.instrument.symbol for batch in batches if batch.table == "book_events"}
    for symbol in symbols:
        for number, (_, books) in enumerate(replayed(rows_of(batches, "book_events", symbol))):
            assert number % every or not is_crossed(books)


@pytest.mark.real
def test_kraken_checksums_all_match(real_data: Path, streams: list[captures.Streams]) -> None:
    batches, faults = read_real(real_data / "crypto" / "cryptofeed", "KRAKEN.*")
    counted = streams[-1].kraken
    assert (counted.matched, counted.checked, counted.book_messages) == (4269, 4269, 4279)
    assert rows_of(batches, "trades").height == 10
    assert faults.found == []
    never_crossed(batches)


@pytest.mark.real
def test_a_lost_kraken_message_is_found_by_its_checksum(real_data: Path, streams: list[captures.Streams]) -> None:
    path = real_data / "crypto" / "cryptofeed" / "KRAKEN.ws.50.0"
    text = path.read_bytes().split(b"\n")
    assert b'"c":' in text[24]
    _, faults = read(CaptureReader(), ("KRAKEN.ws.50.0", b"\n".join(text[:24] + text[25:])))
    assert [fault.kept for fault in faults.found] == [True]
    assert faults.found[0].reason.startswith("XMR/USD: updates are missing: the venue's checksum is ")
    assert streams[-1].kraken.checked < 4268


@pytest.mark.real
def test_coinbase_counts(real_data: Path, streams: list[captures.Streams]) -> None:
    batches, faults = read_real(real_data / "crypto" / "cryptofeed", "COINBASE.*")
    counted = streams[-1].coinbase
    assert (counted.updates + counted.snapshots, counted.snapshots) == (9729, 10)
    assert rows_of(batches, "trades").height == 107
    assert faults.found == []
    never_crossed(batches, 20)


@pytest.mark.real
def test_binance_futures_counts(real_data: Path, streams: list[captures.Streams]) -> None:
    batches, faults = read_real(real_data / "crypto" / "cryptofeed", "BINANCE_FUTURES.*")
    assert streams[-1].binance.updates == 756
    assert (rows_of(batches, "trades").height, rows_of(batches, "quotes").height) == (91, 613)
    assert faults.found == []
    assert (rows_of(batches, "book_events")["kind"] == codes.CLEAR).sum() == 4
    never_crossed(batches)


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "venue", "counts", "skew_ns"),
    [
        ("usdm_btcusdt_20240808.gz", "BINANCE-FUTURES", (6551, 21_313, 66_089), -1_268_124_505),
        ("spot_btcusdt_20240808.gz", "BINANCE", (3451, 9757, 28_040), -1_271_172_856),
    ],
)
def test_binance_without_gaps_and_a_recorder_behind(
    real_data: Path,
    streams: list[captures.Streams],
    name: str,
    venue: str,
    counts: tuple[int, int, int],
    skew_ns: int,
) -> None:
    import gzip

    data = gzip.decompress((real_data / "crypto" / "hftbacktest" / name).read_bytes())
    batches, faults = read(CaptureReader(), (name.removesuffix(".gz"), data))
    assert faults.found == []
    assert {batch.instrument.venue for batch in batches} == {venue}
    found = streams[-1].binance.updates, rows_of(batches, "trades").height, rows_of(batches, "quotes").height
    assert found == counts
    never_crossed(batches, 50)
    # The book that opens the second day replaces nothing but what stood.
    days = [
        rows_of([batch for batch in batches if batch.date == day], "book_events")
        for day in ("2024-08-08", "2024-08-09")
    ]
    *_, (_, before) = replayed(days[0])
    opening = days[1].filter(pl.col("kind") == codes.SNAPSHOT)
    standing = {(side, price): size for side, levels in before.items() for price, size in levels.items()}
    assert {(s, p): size for s, p, size in opening.select("side", "price", "level_size").iter_rows()} == standing
    timed = pl.concat(
        [
            rows_of(batches, "book_events").select("ts_ns", "recv_ns"),
            rows_of(batches, "trades").select("ts_ns", "recv_ns"),
        ]
    )
    late = timed["recv_ns"] - timed["ts_ns"]
    assert late.max() < 0
    assert late.median() == pytest.approx(skew_ns, abs=10_000_000)


def test_half_a_character_is_a_fault_and_no_symbol() -> None:
    update = depth(1, 2, 0, [["1.0", "2"]], [])
    spoilt = json.dumps(update).replace("BTCUSDT", "BTC\\ud800USDT")
    _, faults = take(update, spoilt)
    assert [(fault.line, fault.reason[:16]) for fault in faults.found if "half" in fault.reason] == [
        (2, "half a character")
    ]


@pytest.mark.parametrize("stamp", ["6733011200.696", "6733011200696000000"])
def test_a_line_received_after_all_years_is_a_fault(stamp: str) -> None:
    colon = ":" if "." in stamp else ""
    text = json.dumps(depth(1, 2, 0, [["1.0", "2"]], []))
    content = lines(depth(1, 2, 0, [["1.0", "2"]], [])) + f"{stamp}{colon} {text}\n".encode()
    _, faults = read(CaptureReader(), ("btcusdt_20240808", content))
    assert (2, "time lies outside the years 1970 to 2099") in [(fault.line, fault.reason) for fault in faults.found]


@pytest.mark.parametrize("ms", [6_733_011_200_696, "\u0661" * 13])
def test_a_message_of_a_time_that_is_none_is_a_fault(ms: Any) -> None:
    late = depth(3, 4, 2, [["1.0", "3"]], [])
    late["data"]["T"] = ms
    batches, faults = take(depth(1, 2, 0, [["1.0", "2"]], []), late)
    assert [fault.line for fault in faults.found if fault.reason.startswith("not as the venue")] == [2]
    assert all(batch.date == "2024-08-08" for batch in batches)


def test_each_bad_level_of_a_message_is_a_row_of_its_own() -> None:
    bids = [["10.0", "1"], ["x", "1"], ["9.0", "y"], ["-8", "1"]]
    batches, faults = take(answer(1, [["7.0", "1"]], [["20.0", "1"]]), depth(2, 3, 1, bids, []))
    assert len(faults.found) == 3
    # Two messages, one of which is three faults instead of one.
    assert faults.rows == 4
    assert [price for _, _, price, _ in book(batches) if price is not None] == [7, 20, 10]
