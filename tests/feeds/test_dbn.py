"""DBN files and records that are refused, and files that nothing makes the reader fall over."""

from __future__ import annotations

import builtins
import random
from pathlib import Path
from typing import Any

import pytest
import zstandard
from dbn_files import (
    DAY,
    NANO,
    NO_TIME,
    NOON,
    bar,
    events,
    header,
    order,
    read,
    record,
    touch,
    window,
)

from tcakit.errors import DataError, UsageError
from tcakit.feeds.contract import Faults, ReaderOptions
from tcakit.feeds.dbn_stream import (
    DEFINITION,
    MBO,
    MBP_1,
    OHLCV_1M,
    STATISTICS,
    SYMBOL_MAPPING,
)
from tcakit.feeds.files import detect, sources

# --- refused ----------------------------------------------------------------------------------------------------------


def test_records_that_cannot_be_right_are_faults_and_reading_goes_on() -> None:
    wrong_length = bytearray(order("A", order_id=2))
    wrong_length[0] = 255
    unknown = bytearray(order("A"))
    unknown[1] = 0xEE
    got = read(
        header()
        + order("A")
        + bytes(wrong_length)
        + order("A", size=0, order_id=3)
        + bytes(unknown)
        + order("A", "N", order_id=3)
        + order("A", "Z", order_id=3)
        + order("Q", order_id=3)
        + record(MBO, action=b"M", side=b"B", size=5, order_id=3)
        + order("A", order_id=3, ts_event=NO_TIME, ts_recv=NO_TIME)
        + order("A", order_id=3, ts_event=NOON + DAY, ts_recv=NOON)
        + order("A", order_id=3, ts_event=NOON + 9 * DAY)
        + order("A", order_id=3)
        + order("A", order_id=4)[:-1]
    )
    assert got.reasons == [
        (2, "the length is not that of this type of record"),
        (3, "its size is zero"),
        (4, "a type of record that DBN does not know"),
        (5, "an order on neither side"),
        (6, "its side is none of A, B and N"),
        (7, "its action is none of A, C, M, R, T, F, N"),
        (8, "it has no price"),
        (9, "it has no time"),
        (10, "it is received more than an hour before it happened"),
        (11, "its time is outside the period that the file says it holds"),
        (13, "the file ends within this record"),
    ]
    assert got.frame("book_events")["order_id"].to_list() == [1, 3]
    assert got.faults.rows == 13
    found_again = read(header() + order("A") + bytes([1, 0xEE]) + order("A") + order("C"))
    assert found_again.reasons == [(2, "a type of record that DBN does not know")]
    assert [row[0] for row in events(found_again)] == ["add", "delete", "add", "delete"]
    lost = read(header() + order("A") + bytes([1, 0xEE]) + bytes(2_000) + order("A"))
    assert lost.reasons == [(2, "neither type nor length can be right; nothing after this record can be read")]


def test_records_with_the_time_they_were_sent() -> None:
    got = read(header(ts_out=True) + order("A", ts_out=NOON) + order("C", ts_out=NOON))
    assert [row[0] for row in events(got)] == ["add", "delete"]


DBZ = b"P*M\x18\x90\0\0\0DBZ\x01GLBX.MDP3" + bytes(200)


@pytest.mark.parametrize(
    ("name", "data", "said", "remedy"),
    [
        ("x.dbz", DBZ, "DBZ", "convert it"),
        ("x.dbn", DBZ, "DBZ", "convert it"),
        ("x.dbn.frag", order("A"), "no DBN header", "header"),
        ("x.dbn", b"DBN\x03", "no DBN header", "header"),
        ("x.dbn", zstandard.compress(header()), "compressed", ".dbn.zst"),
        ("x.dbn", header()[:-5], "within its header", "again"),
        ("x.dbn", b"DBN\x09" + header()[4:], "cannot be read", "databento-dbn"),
        ("x.dbn", header()[:20] + b"\xff" * 40 + header()[60:], "cannot be read", "again"),
    ],
)
def test_other_files_are_refused_with_the_remedy(
    tmp_path: Path, name: str, data: bytes, said: str, remedy: str
) -> None:
    (tmp_path / name).write_bytes(data)
    (source,) = sources([tmp_path / name], [])
    reader = detect(source)
    assert reader.name == "dbn"
    with pytest.raises(DataError, match=said) as caught:
        list(reader.read(source, ReaderOptions(), Faults()))
    assert remedy in str(caught.value.remedy)


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *more: Any, **kept: Any) -> Any:
        if name == "databento_dbn":
            raise ImportError(name)
        return real(name, *more, **kept)

    data = header() + order("A")
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UsageError, match="databento-dbn") as caught:
        read(data)
    assert caught.value.remedy == 'pip install "tcakit[dbn]"'


def test_compressed_files_of_several_frames_are_read_whole(tmp_path: Path) -> None:
    whole = zstandard.compress(header()) + zstandard.compress(order("A")) + zstandard.compress(order("C"))
    path = tmp_path / "x.dbn.zst"
    path.write_bytes(whole)
    (source,) = sources([path], [])
    assert source.members == (("x.dbn", header() + order("A") + order("C")),)
    path.write_bytes(whole[:-4])
    troubles: list[Any] = []
    assert list(sources([path], troubles)) == []
    assert "cut short" in str(troubles[0])


def test_no_damage_makes_it_fall_over() -> None:
    """Flipped bits, cut ends, wild lengths: good rows, faults, or one plain refusal."""
    rng = random.Random(5)
    defined = record(DEFINITION, min_price_increment=NANO // 100, currency=b"USD", raw_symbol=b"XYZ")
    whole = [
        header() + b"".join(order(rng.choice("AAAMCTFR"), order_id=rng.randint(1, 4)) for _ in range(12)),
        header("mbp-10") + b"".join(window("A", [(10 - k / 100, 1)], [(11, k + 1)]) for k in range(4)),
        header(None) + defined + touch(MBP_1, 10.0, 10.5, action=b"A", side=b"B") + bar(OHLCV_1M) + order("A"),
        header(None, mappings={}) + record(SYMBOL_MAPPING, stype_out_symbol=b"X") + record(STATISTICS, stat_type=3),
    ]
    refused = 0
    for _ in range(300):
        data = bytearray(rng.choice(whole))
        for _ in range(rng.choice((1, 1, 2, 5))):
            data[rng.randrange(len(data))] = rng.choice((0, 1, 127, 255, rng.randrange(256)))
        if rng.random() < 0.2:
            del data[rng.randrange(len(data)) :]
        try:
            got = read(bytes(data))
        except DataError:
            refused += 1
            continue
        for batch in got.batches:
            assert batch.frame.height
            assert batch.frame["ts_ns"].min() > 0  # type: ignore[operator]
    assert 0 < refused < 300
