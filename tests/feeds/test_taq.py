"""Daily TAQ records by hand: the national best of all exchanges, refused records, and a real sample."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from taq_files import file, record

from tcakit.errors import DataError, TcakitError, UsageError
from tcakit.feeds.contract import Batch, Faults, ReaderOptions, Source
from tcakit.feeds.files import detect, sources
from tcakit.feeds.taq import TaqReader
from tcakit.feeds.taq_records import columns
from tcakit.feeds.us_equities import session
from tcakit.market.clock import wall_ns

MIDNIGHT = wall_ns("2014-02-06", 0, "America/New_York")


def read(data: bytes, **options: str) -> tuple[list[Batch], Faults]:
    faults = Faults()
    source = Source("bbo", (Path("bbo"),), (("bbo", data),), "0")
    return list(TaqReader().read(source, ReaderOptions(**options), faults)), faults


def quotes(batches: list[Batch], *names: str) -> list[tuple[object, ...]]:
    return [row for batch in batches for row in batch.frame.select(names or SIDES).iter_rows()]


SIDES = ("bid", "bid_size", "ask", "ask_size")


def test_the_best_of_all_exchanges_with_their_sizes_together() -> None:
    batches, faults = read(
        file(
            record("093000001", "N"),
            record("093000002", "T", bid=(1_000_000, 4), ask=(1_000_300, 9)),
            record("093000003", "Z", bid=(999_900, 4), ask=(1_000_100, 1)),
            record("093000004", "Z", bid=(999_900, 5), ask=(1_000_100, 1)),  # behind the best: no change
            record("093000005", "Z", bid=(0, 0), ask=(0, 0)),
        )
    )
    assert quotes(batches) == [
        (1_000_000, 300, 1_000_200, 200),
        (1_000_000, 700, 1_000_200, 200),
        (1_000_000, 700, 1_000_100, 100),
        (1_000_000, 700, 1_000_200, 200),
    ]
    (batch,) = batches
    assert batch.frame["seq"].to_list() == [0, 1, 2, 4]
    assert batch.frame["ts_ns"][0] == MIDNIGHT + 34_200_001 * 1_000_000
    assert (batch.date, batch.content) == ("2014-02-06", "quotes")
    (instrument,) = batch.instruments.values()
    assert (instrument.symbol, instrument.venue, instrument.tick_size) == ("ACME", "US", 100)
    assert (instrument.session_open_ns, instrument.session_close_ns) == session("2014-02-06")
    assert (faults.found, faults.rows) == ([], 5)


def test_a_quote_that_cannot_be_traded_with_takes_its_exchange_out() -> None:
    batches, _ = read(
        file(record(exchange="N"), record(exchange="T", ask=(1_000_100, 1)), record(exchange="T", condition="N"))
    )
    assert quotes(batches)[-1] == (1_000_000, 300, 1_000_200, 200)


def test_a_cancelled_quote_is_passed_over() -> None:
    batches, faults = read(file(record(), record(exchange="T", bid=(1_000_100, 1), cancel="B")))
    assert quotes(batches) == [(1_000_000, 300, 1_000_200, 200)]
    assert faults.counts == {"quotes cancelled": 1}


def test_symbols_do_not_mix_and_may_have_suffixes() -> None:
    data = file(record(), record(suffix="PRA", bid=(250_050, 1)), record(symbol="BOLT", bid=(500, 1), ask=(501, 1)))
    batches, _ = read(data)
    (batch,) = batches
    names = {batch.instruments[local].symbol for local in batch.frame["local_id"].to_list()}
    assert names == {"ACME", "ACME PRA", "BOLT"}
    ticks = {instrument.symbol: instrument.tick_size for instrument in batch.instruments.values()}
    assert ticks == {"ACME": 100, "ACME PRA": 1, "BOLT": 1}
    batches, _ = read(data, symbol="ACME PRA")
    assert quotes(batches, "bid") == [(250_050,)]
    with pytest.raises(UsageError, match="no BOLD") as caught:
        read(data, symbol="BOLD")
    assert "BOLT" in str(caught.value)


def test_one_exchange_and_another_round_lot_can_be_asked_for() -> None:
    data = file(record(exchange="N"), record(exchange="T", bid=(999_900, 7), ask=(1_000_500, 7)))
    batches, _ = read(data, venue="T", lot_size="10")
    assert quotes(batches) == [(999_900, 70, 1_000_500, 70)]
    assert [instrument.venue for instrument in batches[0].instruments.values()] == ["T"]


def test_records_of_the_first_layout_are_shorter() -> None:
    lines = [line[:87] for line in file(record(), record(exchange="T")).decode().split("\r\n")[:-1]]
    batches, faults = read(("\r\n".join(lines) + "\r\n").encode())
    assert quotes(batches)[-1] == (1_000_000, 600, 1_000_200, 400)
    assert faults.found == []


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (record("0930000x1"), "the time is no number"),
        (record("246000001"), "no time of day"),
        (record("093060000"), "no time of day"),
        (record().replace("00001000000", "0000100x000"), "a price or size is no number"),
        (record(exchange="5"), "the exchange is no letter"),
        (record(symbol="A?ME"), "no symbol"),
        (record()[:50] + "\r\n", "51 bytes instead of 97"),
        (record("093000000"), "backwards"),
        (record("100000000"), "later than that of the symbol's next quote"),
    ],
)
def test_a_bad_record_alone_is_refused(bad: str, reason: str) -> None:
    good = [record(f"09300000{n}", bid=(1_000_000 + 100 * n, 1)) for n in (1, 2, 3)]
    batches, faults = read(file(good[0], bad, *good[1:]))
    (fault,) = faults.found
    assert (fault.path, fault.line) == ("bbo", 3)
    assert reason in fault.reason
    assert [seq for (seq,) in quotes(batches, "seq")] == [0, 2, 3]


def test_a_file_that_is_cut_is_told_by_its_count() -> None:
    batches, faults = read(file(record(), record(exchange="T"), count=9)[:-30])
    assert len(quotes(batches)) == 1
    assert [fault.reason for fault in faults.found] == [
        "68 bytes instead of 97",
        "the header tells of 9 records, the file has 2",
    ]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"hello\n", "no header"),
        (file(record(), date="13452014"), "date is none"),
        (file("x" * 96 + "\r\n"), "no record can be read"),
        (file(), "no record can be read"),
    ],
)
def test_what_is_no_quotes_file_is_refused_whole(data: bytes, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        read(data)


def test_another_date_than_the_headers_is_told() -> None:
    with pytest.raises(UsageError, match="not the date"):
        read(file(record()), date="2014-02-07")


def test_a_file_in_blocks_is_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    records = [
        record(f"0930{n:05d}", "NTZ"[n % 3], "ABCD"[n // 200], bid=(1_000_000 + n % 7 * 100, 1 + n % 5))
        for n in range(800)
    ]
    path = tmp_path / "bbo"
    path.write_bytes(file(*records))
    whole = quotes(read(path.read_bytes())[0], "seq", *SIDES)
    monkeypatch.setattr("tcakit.feeds.taq.line_blocks", lambda place, content: _blocks(place, content, 5_000))
    source = Source("bbo", (path,), ((str(path), path),), "0")
    assert detect(source).name == "taq"
    faults = Faults()
    batches = list(TaqReader().read(source, ReaderOptions(), faults))
    assert len(batches) > 10
    assert quotes(batches, "seq", *SIDES) == whole
    assert faults.found == []


def _blocks(place: str, content: Path | bytes, size: int) -> object:
    from tcakit.feeds.blocks import line_blocks

    return line_blocks(place, content, size)


def test_a_member_of_a_zip_needs_no_ending(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "day.zip", "w") as archive:
        archive.writestr("EQY_US_ALL_BBO_20140206", file(record()))
    troubles: list[TcakitError] = []
    (source,) = sources([tmp_path / "day.zip"], troubles)
    assert detect(source).name == "taq"
    assert troubles == []


def test_damaged_files_give_good_records_faults_or_one_error() -> None:
    generator = random.Random(5)
    whole = file(*(record(f"09300000{n}", "NTZ"[n % 3]) for n in range(8)))
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(generator.randint(1, 5)):
            at = generator.randrange(len(data))
            change = generator.randrange(3)
            if change == 0:
                data[at] = generator.randrange(256)
            elif change == 1:
                del data[at : at + generator.randint(1, 120)]
            else:
                data[at:at] = bytes(generator.choices(b"0123456789 \r\nA", k=generator.randint(1, 99)))
        try:
            batches, _ = read(bytes(data))
        except TcakitError:
            continue
        for batch in batches:
            assert (batch.frame["bid"].drop_nulls() > 0).all()
            assert (batch.frame["bid_size"].drop_nulls() > 0).all()


# --- a real sample, its symbols scrambled by those who published it ------------------------------------------


@pytest.mark.real
def test_a_real_sample_is_read_to_the_last_field(real_data: Path) -> None:
    """The sums are those of the same records as their publishers parsed them."""
    path = real_data / "taq" / "nyse_taq_bbo_small_test_data_public.zip"
    with zipfile.ZipFile(path) as archive:
        data = archive.read(archive.namelist()[0])
    frame = columns(np.frombuffer(data, np.uint8).reshape(-1, 98)[1:, :96])
    assert frame.height == 9_994
    sums = frame.select(pl.col("bid", "ask", "bid_size", "ask_size", "sequence").sum()).row(0)
    assert sums == (6_048_431_431, 6_069_226_249, 246_559, 267_365, 114_627_014_138)
    assert frame["root"].n_unique() == 96
    assert dict(frame["condition"].value_counts().iter_rows()) == {"R": 9_991, "Y": 3}
    assert frame["exchange"].equals(frame["bid_exchange"], check_names=False)
    first = frame.row(0, named=True)
    assert (first["bid"], first["ask"], first["exchange"]) == (241_762, 274_168, "N")
    assert (first["national_bbo"], first["nasdaq_bbo"], first["source"], first["retail_interest"]) == (
        "0",
        "2",
        "C",
        "B",
    )


@pytest.mark.real
def test_a_real_sample_becomes_quotes(real_data: Path) -> None:
    troubles: list[TcakitError] = []
    (source,) = sources([real_data / "taq" / "nyse_taq_bbo_small_test_data_public.zip"], troubles)
    assert detect(source).name == "taq"
    faults = Faults()
    batches = list(TaqReader().read(source, ReaderOptions(), faults))
    assert (troubles, faults.found, faults.rows) == ([], [], 9_994)
    assert len({instrument.symbol for batch in batches for instrument in batch.instruments.values()}) == 97


@pytest.mark.parametrize("date", ["02061914", "02062914", "02302014"])
def test_a_header_of_a_day_that_is_none_or_outside_all_years_is_refused(date: str) -> None:
    with pytest.raises(DataError, match="the header's date is none"):
        read(file(record(), date=date))
