"""IEX captures by hand: what each message becomes, what damage does, and a real day's first minute."""

from __future__ import annotations

import gzip
import json
import random
import struct
from pathlib import Path

import polars as pl
import pytest
from iex_files import T0, TOPS, capture, capture_ng, datagram, level, message, segment, trade

from tcakit.errors import DataError, TcakitError, UsageError
from tcakit.feeds.contract import Batch, Faults, ReaderOptions, Source
from tcakit.feeds.files import detect
from tcakit.feeds.iex import IexReader
from tcakit.feeds.iex_messages import sale_condition
from tcakit.feeds.iex_segments import Segments, chunks
from tcakit.feeds.pcap import packets, udp_payload
from tcakit.market import codes


def read(data: bytes, **options: str) -> tuple[dict[str, Batch], Faults]:
    faults = Faults()
    source = Source("day.pcap", (Path("day.pcap"),), (("day.pcap", data),), "0")
    batches = list(IexReader().read(source, ReaderOptions(**options), faults))
    assert len({(batch.table, batch.date) for batch in batches}) == len(batches)
    return {batch.table: batch for batch in batches}, faults


def events(batch: Batch) -> list[tuple[object, ...]]:
    frame = batch.frame.select("kind", "side", "price", "size", "level_size", "trade_id")
    return [(codes.EVENT_NAMES[kind], *rest) for kind, *rest in frame.iter_rows()]


def test_levels_and_trades_become_book_events() -> None:
    found, faults = read(
        capture(
            segment(level("8", 300, 1_000_000), level("5", 200, 1_000_300)),
            segment(
                trade(0x20, 10, 1_000_300, 77),
                trade(0x08, 500, 1_000_100, 78),
                level("5", 0, 1_000_300),
                trade(0x20, 10, 1_000_300, 77, "B"),
                first=3,
            ),
        )
    )
    batch = found["book_events"]
    assert events(batch) == [
        ("set", 1, 1_000_000, None, 300, None),
        ("set", -1, 1_000_300, None, 200, None),
        ("print", 0, 1_000_300, 10, None, 77),
        ("print cross", 0, 1_000_100, 500, None, 78),
        ("set", -1, 1_000_300, None, 0, None),
        ("bust", 0, 1_000_300, 10, None, 77),
    ]
    assert batch.frame["seq"].to_list() == [0, 1, 2, 3, 4, 5]
    assert batch.frame["ts_ns"].to_list() == [T0] * 6
    assert batch.frame["recv_ns"].to_list() == [T0 + 1_000_000] * 2 + [T0 + 1_001_000] * 4
    assert (batch.content, batch.date) == ("book-l2", "2023-10-02")
    (instrument,) = batch.instruments.values()
    assert (instrument.symbol, instrument.venue, instrument.tick_size) == ("ACME", "IEXG", 100)
    kinds = found["notices"].frame.select("seq", "kind", "detail").rows()
    assert [(seq, kind) for seq, kind, _ in kinds] == [(2, "sale condition"), (3, "sale condition"), (5, "trade break")]
    assert json.loads(kinds[0][2]) == {"trade_id": 77, "condition": "ODD_LOT"}
    assert (faults.found, faults.rows) == ([], 6)


def test_a_price_between_cents_makes_the_tick_finer() -> None:
    found, _ = read(capture(segment(level("8", 300, 9_999))))
    assert [instrument.tick_size for instrument in found["book_events"].instruments.values()] == [1]


def test_best_quotes_and_trades_of_tops() -> None:
    quotes = (
        message("Q", 0, "ACME", "IqqI", 300, 1_000_000, 1_000_300, 200),
        message("Q", 0, "ACME", "IqqI", 0, 0, 1_000_300, 200),
    )
    found, faults = read(
        capture(
            segment(*quotes, trade(0x60, 10, 1_000_300, 77), message("H", b"H", "ACME", "4s", b"T1  "), protocol=TOPS)
        )
    )
    assert found["quotes"].frame.select("bid", "bid_size", "ask", "ask_size").rows() == [
        (1_000_000, 300, 1_000_300, 200),
        (None, None, 1_000_300, 200),
    ]
    names = ("price", "size", "aggressor", "condition", "trade_id")
    assert found["trades"].frame.select(names).rows() == [(1_000_300, 10, 0, "EXTENDED_HOURS|ODD_LOT", "77")]
    # A file of quotes has no book: its halts are told as notices alone.
    assert "book_events" not in found
    assert found["notices"].frame["kind"].to_list() == ["status"]
    assert faults.found == []


def test_halts_are_changes_of_state() -> None:
    found, _ = read(
        capture(
            segment(
                message("H", b"T", "ACME", "4s", b"    "),
                message("H", b"H", "ACME", "4s", b"T1  "),
                message("H", b"H", "ACME", "4s", b"T1  "),
                message("H", b"O", "ACME", "4s", b"    "),
                message("H", b"T", "ACME", "4s", b"    "),
                message("O", b"O", "ACME"),
                message("O", b"N", "ACME"),
                message("H", b"P", "BOLT", "4s", b"IPO1"),
            )
        )
    )
    assert [row[0] for row in events(found["book_events"])] == [
        "halt",
        "quote resume",
        "trade resume",
        "halt",
        "trade resume",
        "halt",
    ]
    details = [json.loads(text) for text in found["notices"].frame["detail"]]
    assert details[1] == {"status": "H", "reason": "T1"}
    assert len(details) == 8


def test_all_else_is_told_as_notices() -> None:
    found, faults = read(
        capture(
            segment(
                b"S" + b"O" + struct.pack("<q", T0),
                message("D", 0x40, "ACME", "IqB", 100, 1_234_500, 1),
                message("P", 1, "ACME", "c", b"A"),
                message("I", b"B", "ACME"),
                message("E", b"O", "ACME"),
                message("X", b"Q", "ACME", "q", 1_234_000),
                message("A", b"C", "ACME", "IqqIcBIqqqq", 1, 2, 3, 4, b"B", 0, 57_600, 5, 6, 7, 8) + b"later field",
            )
        )
    )
    notices = found["notices"]
    told = dict(notices.frame.select("kind", "detail").rows())
    assert list(told) == [
        "system event",
        "definition",
        "short sale restriction",
        "retail liquidity",
        "security event",
        "official price",
        "imbalance",
    ]
    assert json.loads(told["definition"]) == {
        "flags": 64,
        "round_lot_size": 100,
        "adjusted_previous_close": 1_234_500,
        "luld_tier": 1,
    }
    assert json.loads(told["imbalance"])["scheduled_auction_s"] == 57_600
    names = [notices.instruments[local].symbol for local in notices.frame["local_id"].to_list()]
    assert names == ["IEXG"] + ["ACME"] * 6
    assert faults.found == []


def test_a_symbol_is_kept_alone() -> None:
    data = capture(segment(level("8", 1, 100), level("8", 2, 200, "BOLT"), level("8", 3, 300, "CORE")))
    found, _ = read(data, symbol="BOLT")
    assert found["book_events"].frame["level_size"].to_list() == [2]
    found, _ = read(data, symbol="ACME, CORE")
    assert found["book_events"].frame["level_size"].to_list() == [1, 3]
    with pytest.raises(UsageError, match="no BOLD") as caught:
        read(data, symbol="BOLD")
    assert "BOLT" in str(caught.value)


def test_a_day_is_a_batch_of_its_own() -> None:
    day = 86_400 * 10**9
    data = capture(segment(level("8", 1, 100), level("8", 2, 200, ts=T0 + day)))
    faults = Faults()
    source = Source("x", (Path("x"),), (("x", data),), "0")
    batches = list(IexReader().read(source, ReaderOptions(), faults))
    assert [batch.date for batch in batches] == ["2023-10-02", "2023-10-03"]
    found, faults = read(data, date="2023-10-03")
    assert found["book_events"].date == "2023-10-03"
    assert faults.counts == {"rows of other days than --date": 1}


def test_repeated_segments_count_once_and_missing_ones_are_told() -> None:
    one, two, three, four = (level("8", size, 100) for size in (1, 2, 3, 4))
    found, faults = read(
        capture(
            segment(one, two),
            segment(one, two),
            segment(two, three, first=2),
            segment(first=4, count=0),
            segment(four, first=9),
        )
    )
    assert found["book_events"].frame["level_size"].to_list() == [1, 2, 3, 4]
    assert faults.counts == {"messages repeated": 3, "heartbeats": 1}
    (fault,) = faults.found
    assert "5 messages before this one are missing" in fault.reason
    _, faults = read(capture(segment(one, first=1_000)))
    (fault,) = faults.found
    assert (fault.kept, "begins with message 1000" in fault.reason) == (True, True)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"?" + bytes(29), "an unknown type of message"),
        (level("8", 1, 100)[:29], "29 bytes are too few"),
        (level("8", 1, -100), "price must be above zero"),
        (trade(0, 0, 100, 1), "size must be above zero"),
        (trade(0, 1, 0, 1), "price must be above zero"),
        (trade(0, 1, 100, -1), "trade id"),
        (level("8", 1, 100, "AC ME"), "the symbol is no text"),
        (level("8", 1, 100, ""), "the symbol is no text"),
        (level("8", 1, 100, ts=5), "days away"),
        (level("8", 1, 100, ts=2**62), "days away"),
        (message("Q", 0, "ACME", "IqqI", 1, -1, 1, 1), "bid must be above zero"),
        (message("H", b"T", "AC\0E", "4s", b"    "), "the symbol is no text"),
    ],
)
def test_a_bad_message_alone_is_refused(bad: bytes, reason: str) -> None:
    found, faults = read(capture(segment(level("8", 1, 100), bad, level("8", 2, 100))))
    assert found["book_events"].frame["level_size"].to_list() == [1, 2]
    (fault,) = faults.found
    assert (fault.path, fault.line) == ("day.pcap", 2)
    assert reason in fault.reason


def test_lengths_are_not_believed() -> None:
    good = segment(level("8", 1, 100))
    longer = good[:40] + struct.pack("<H", 60_000) + good[42:]
    for bad in (longer, segment(level("8", 1, 100), count=2), segment(level("8", 1, 100), length=5)):
        found, faults = read(capture(bad, segment(level("8", 9, 100), first=3)))
        assert 9 in found["book_events"].frame["level_size"].to_list()
        assert any("reaches beyond its segment" in fault.reason for fault in faults.found)


@pytest.mark.parametrize(
    "data",
    [
        capture(segment(level("8", 1, 100)), order=">"),
        capture(segment(level("8", 1, 100)), nano=True),
        capture(datagram(segment(level("8", 1, 100)), vlan=True), frames=True),
        capture_ng(segment(level("8", 1, 100))),
        capture_ng(segment(level("8", 1, 100)), order=">"),
        capture_ng(segment(level("8", 1, 100)), resolution=9),
        capture_ng(segment(level("8", 1, 100)), resolution=0x80 | 30),
        capture_ng(segment(level("8", 1, 100)), kind=2),
    ],
)
def test_every_form_of_capture_gives_the_same(data: bytes) -> None:
    found, faults = read(data)
    assert events(found["book_events"]) == [("set", 1, 100, None, 1, None)]
    assert abs(found["book_events"].frame["recv_ns"][0] - T0) <= 1_000_000
    assert faults.found == []


def test_a_packet_without_a_time_has_none() -> None:
    found, _ = read(capture_ng(segment(level("8", 1, 100)), kind=3))
    assert found["book_events"].frame["recv_ns"].to_list() == [None]


def test_other_traffic_is_passed_over() -> None:
    payload = segment(level("8", 1, 100))
    other = [
        datagram(payload, protocol=6),
        datagram(payload, fragment=0x2000),
        datagram(b"hello"),
        bytes(12) + b"\x86\xdd" + bytes(60),
        b"",
    ]
    found, faults = read(capture(*other, datagram(payload), frames=True))
    assert found["book_events"].frame.height == 1
    assert faults.counts == {"packets of other traffic": 5}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"time,price\n", "no network capture"),
        (capture()[:10], "within its header"),
        (capture(), "no messages of IEX"),
        (capture(b"hello"), "no messages of IEX"),
        (capture(segment(level("8", 1, 100), protocol=0x8005)), "DEEP\\+ 1.0"),
    ],
)
def test_what_is_no_capture_of_iex_is_refused_whole(data: bytes, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        read(data)


@pytest.mark.parametrize("make", [capture, capture_ng])
def test_a_capture_that_is_cut_gives_what_was_whole(make: object) -> None:
    data = make(segment(level("8", 1, 100)), segment(level("8", 2, 100), first=2))  # type: ignore[operator]
    found, faults = read(data[:-3])
    assert found["book_events"].frame["level_size"].to_list() == [1]
    (fault,) = faults.found
    assert (fault.line, "cut short" in fault.reason) == (2, True)


def test_a_packet_of_four_gigabytes_is_none() -> None:
    data = capture(segment(level("8", 1, 100))) + struct.pack("<IIII", 0, 0, 0xFFFFFFFF, 0) + bytes(64)
    found, faults = read(data)
    assert found["book_events"].frame.height == 1
    assert "4294967295 bytes is none" in faults.found[0].reason


def test_a_file_is_read_like_its_bytes(tmp_path: Path) -> None:
    data = capture(*(segment(level("8", n, 100), first=n) for n in range(1, 50)))
    path = tmp_path / "day.pcap"
    path.write_bytes(data)
    source = Source(str(path), (path,), ((str(path), path),), "0")
    assert detect(source).name == "iex"
    (batch,) = IexReader().read(source, ReaderOptions(), Faults())
    assert batch.frame.equals(read(data)[0]["book_events"].frame)


def test_damaged_captures_give_good_rows_faults_or_one_error() -> None:
    generator = random.Random(11)
    payloads = [
        segment(level("8", 300, 1_000_000), trade(0x20, 10, 1_000_300, 77), message("H", b"H", "ACME", "4s", b"T1  ")),
        segment(message("D", 0, "ACME", "IqB", 100, 1, 1), message("I", b"B", "ACME"), first=4),
        segment(message("Q", 0, "ACME", "IqqI", 1, 2, 3, 4), trade(0, 1, 5, 9), protocol=TOPS),
    ]
    whole = [capture(*payloads), capture_ng(*payloads)]
    for _ in range(300):
        data = bytearray(generator.choice(whole))
        for _ in range(generator.randint(1, 5)):
            at = generator.randrange(len(data))
            change = generator.randrange(4)
            if change == 0:
                data[at] ^= 1 << generator.randrange(8)
            elif change == 1:
                data[at : at + 4] = generator.choice([b"\xff" * 4, bytes(4), b"\xff\xff\xff\x7f"])
            elif change == 2:
                del data[at : at + generator.randint(1, 9)]
            else:
                del data[max(at, 100) :]
        faults = Faults()
        source = Source("x", (Path("x"),), (("x", bytes(data)),), "0")
        try:
            batches = list(IexReader().read(source, ReaderOptions(), faults))
        except TcakitError:
            continue
        for batch in batches:
            assert set(batch.frame["local_id"].to_list()) <= set(batch.instruments)
            if batch.table == "book_events":
                assert (batch.frame["price"].drop_nulls() >= 0).all()


# --- real files -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def deep(real_data: Path) -> bytes:
    return gzip.decompress((real_data / "iex" / "Sai271828_test.pcap.gz").read_bytes())


@pytest.mark.real
def test_a_real_capture_gives_the_published_rows(deep: bytes, real_data: Path) -> None:
    """The published rows tell the capture time through a double, and the send time, which is not stored."""
    wanted = (real_data / "iex" / "expected" / "symbols.txt").read_text().split()
    sent: dict[int, int] = {}
    flags: dict[int, int] = {}
    for chunk in chunks("x", deep, Segments(), Faults()):
        sent.update(zip((chunk.number - 1).tolist(), chunk.send_ns.tolist(), strict=True))
        flags.update(zip((chunk.number - 1).tolist(), chunk.raw[chunk.place + 1].tolist(), strict=True))
    found, _ = read(deep, symbol=",".join(wanted))
    batch = found["book_events"]
    levels, trades = [], []
    for row in batch.frame.iter_rows(named=True):
        name = batch.instruments[row["local_id"]].symbol
        captured, price, seq = int(float(row["recv_ns"])), f"{row['price'] / 10_000:.6f}", row["seq"]
        if row["kind"] == codes.SET:
            side, size = int(row["side"] == codes.SELL), row["level_size"]
            record = "R" if size else "Z"
            levels.append(
                f"{captured},{sent[seq]},{side},{row['ts_ns']},PRL,{name},{price},{size},{record},{flags[seq]}"
            )
        elif row["kind"] == codes.PRINT:
            said = sale_condition(flags[seq])
            trades.append(
                f"{captured},{sent[seq]},{row['ts_ns']},T,{name},{row['size']},{price},{row['trade_id']},{said}"
            )
    folder = real_data / "iex" / "expected"
    assert levels == (folder / "test_prl.csv").read_text().split("\n")[1:3]
    assert trades == (folder / "test_trd.csv").read_text().split("\n")[1:7]


@pytest.mark.real
def test_a_real_capture_has_the_known_counts(deep: bytes) -> None:
    found, faults = read(deep)
    kinds = found["book_events"].frame["kind"].value_counts()
    counts = {codes.EVENT_NAMES[kind]: count for kind, count in kinds.rows()}
    assert (counts["set"], counts["print"]) == (2_752, 37)
    notices = found["notices"]
    status = notices.frame.filter(pl.col("kind") == "status")
    assert status.height == 11_311
    assert (faults.found, faults.rows) == ([], 48_325)


@pytest.mark.real
def test_a_real_capture_of_tops_is_read_to_its_cut(real_data: Path) -> None:
    data = (real_data / "iex" / "IEXTools_example1.pcap").read_bytes()
    found, faults = read(data)
    assert found["quotes"].frame.height == 13
    assert found["quotes"].date == "2018-01-03"
    assert [fault.reason.split(":")[0] for fault in faults.found] == ["the capture is cut short"]
    assert all(udp_payload(packet) for packet in packets("x", data, Faults()))
