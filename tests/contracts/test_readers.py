"""What every reader keeps, whatever its format: the same tests for each entry of READERS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from tcakit.errors import DataError, TcakitError
from tcakit.feeds.contract import Batch, Faults, ReaderOptions
from tcakit.feeds.files import HEAD_BYTES, READERS, detect, reader_named, sources
from tcakit.jobs.catalog import drop
from tcakit.jobs.ingest import IngestRequest, ingest
from tests.contracts.samples import SAMPLES, Sample
from tests.fuzz import oracle
from tests.fuzz.seeds import packed, real

EVERY = [
    pytest.param(sample, id=f"{sample.format}-{sample.members[0][0]}") for held in SAMPLES.values() for sample in held
]
# A batch is what is held in memory at once: of the big formats that many rows at most.
MOST_ROWS_A_BATCH = 4_000_000
GARBAGE = bytes(range(256)) * 40
# What the instrument of a file must be called, where the user says so.
STATED = {"symbol": "OTHER", "venue": "ELSEWHERE", "currency": "CHF"}


def read(sample: Sample, members: Any = None, **options: Any) -> tuple[list[Batch], Faults]:
    """Batches and faults, every one of them as the contract has it."""
    given = ReaderOptions(**(sample.options | options))
    faults = Faults()
    batches = list(reader_named(sample.format).read(sample.source(members), given, faults))
    oracle.check_faults(faults)
    for batch in batches:
        oracle.check_batch(batch)
    return batches, faults


def on_disk(sample: Sample, folder: Path) -> list[tuple[str, Path]]:
    for name, content in sample.members:
        (folder / name).write_bytes(content)
    return [(name, folder / name) for name, _ in sample.members]


def frames(batches: list[Batch]) -> list[tuple[Any, ...]]:
    """Batches as values that can be compared."""
    return [
        (b.table, b.date, b.content, b.depth, b.instrument, dict(b.instruments), b.frame.columns, b.frame.rows())
        for b in batches
    ]


def instruments(batches: list[Batch]) -> Iterator[Any]:
    for batch in batches:
        yield from batch.instruments.values()
        if batch.instrument is not None:
            yield batch.instrument


def test_every_reader_has_samples() -> None:
    assert set(SAMPLES) == set(READERS), "a reader without a small file of its format in tests/contracts/samples.py"
    assert all(SAMPLES.values())


@pytest.mark.parametrize("name", READERS)
def test_a_reader_says_what_it_is(name: str) -> None:
    reader = reader_named(name)
    assert reader.name == name
    assert isinstance(reader.version, int)
    assert reader.version >= 1
    assert reader.sniff(Path("nothing.bin"), b"") is False


@pytest.mark.parametrize("sample", EVERY)
def test_its_files_are_known_as_its_own(sample: Sample, tmp_path: Path) -> None:
    paths = on_disk(sample, tmp_path)
    for members in (sample.members, paths):
        source = sample.source(members)
        if sample.known_by_itself:
            assert detect(source).name == sample.format
    label, content = sample.members[0]
    claimed = [name for name in READERS if reader_named(name).sniff(Path(label), content[:HEAD_BYTES])]
    assert claimed[:1] == ([sample.format] if sample.known_by_itself else [])


@pytest.mark.parametrize("sample", EVERY)
def test_rows_are_the_same_from_disk_and_from_memory_and_each_time(sample: Sample, tmp_path: Path) -> None:
    first, faults = read(sample)
    again, faults_again = read(sample)
    from_disk, faults_from_disk = read(sample, on_disk(sample, tmp_path))
    assert frames(first) == frames(again) == frames(from_disk)
    assert faults == faults_again == faults_from_disk


@pytest.mark.parametrize("sample", EVERY)
def test_rows_are_whole_counted_and_in_order(sample: Sample) -> None:
    batches, faults = read(sample)
    assert sum(batch.frame.height for batch in batches) > 0
    assert faults.rows > 0
    assert faults.refused == 0, faults.found
    last: dict[tuple[Any, ...], int] = {}
    numbers: Counter[tuple[str, int]] = Counter()
    for batch in batches:
        if batch.table not in oracle.MARKET:
            assert batch.date is None
            continue
        assert batch.content
        assert all(kind.is_integer() for name, kind in batch.frame.schema.items() if name in ("price", "size", "ts_ns"))
        numbers.update((batch.table, number) for number in batch.frame["seq"])
        local = batch.frame["local_id"] if "local_id" in batch.frame.columns else [None] * batch.frame.height
        for own, number, ts in zip(local, batch.frame["seq"], batch.frame["ts_ns"], strict=True):
            key = (batch.table, batch.instrument or batch.instruments[own])
            if batch.table == "book_events":
                assert ts >= last.get((*key, "ts"), ts), "a book's time runs backwards"
                last[*key, "ts"] = ts
            assert number > last.get((*key, "seq"), -1), "rows out of file order"
            last[*key, "seq"] = number
    assert all(count == 1 for count in numbers.values()), "two rows of a table have one place in the file"


@pytest.mark.parametrize("sample", EVERY)
def test_a_file_cut_short_gives_the_rows_before_the_cut(sample: Sample) -> None:
    """Whole lines or messages before the cut give what they give in the whole file; else it is refused or told of."""
    whole = oracle.values(read(sample)[0])
    contents = [content for _, content in sample.members]
    shares = {1 - 2**-n for n in range(1, 9)} | {0.02, 0.1, 0.25, 0.35, 0.6, 0.65, 0.7, 0.8}
    survived = 0
    for share in sorted(shares):
        cut = [(name, content[: int(len(content) * share)]) for name, content in sample.members]
        try:
            batches, faults = read(sample, cut)
        except TcakitError as error:
            oracle.check_error(error)
            continue
        survived += 1
        rows = oracle.values(batches)
        assert len(rows) <= len(whole) + len(contents)
        if sample.told_apart:
            # The line that is cut may still be a row, of a shorter number; those above it are what they were.
            assert rows[: len(rows) - 1] == whole[: len(rows) - 1]
            assert len(rows) + faults.refused >= int(len(whole) * share) - 1
    assert survived or any(content[:4] in (b"PAR1", b"PK\x03\x04") for content in contents)


@pytest.mark.parametrize("sample", EVERY)
@pytest.mark.parametrize("spoilt", [b"", b" \n\n", b"\0" * 100, GARBAGE, b"\n" * 1000], ids=repr)
def test_a_file_of_nothing_or_of_noise_is_refused(sample: Sample, spoilt: bytes) -> None:
    members = [(name, spoilt) for name, _ in sample.members]
    if not spoilt.strip():
        with pytest.raises(DataError):
            detect(sample.source(members))
    with pytest.raises(TcakitError) as caught:
        read(sample, members)
    oracle.check_error(caught.value)


@pytest.mark.parametrize("sample", EVERY)
def test_what_the_user_states_counts(sample: Sample) -> None:
    batches, _ = read(sample)
    told = [instrument.symbol for instrument in instruments(batches)]
    if not told:
        return  # a firm's rows name the symbols of their lines
    several = len(set(told)) > 1
    # Of a file of many symbols --symbol chooses one, where the format has them mixed; of a file of one it is the name
    # that counts, or must be its own.
    for symbol in ("OTHER", told[0]):
        try:
            named, _ = read(sample, symbol=symbol)
        except TcakitError as error:
            oracle.check_error(error)
            assert symbol == "OTHER" or several
            continue
        assert {instrument.symbol for instrument in instruments(named)} == {symbol}
    stated, _ = read(sample, currency="CHF", tick_size="0.5", lot_size="2")
    assert {instrument.currency for instrument in instruments(stated)} == {"CHF"}
    assert {instrument.tick_size * 2 for instrument in instruments(stated)} == {
        instrument.price_scale for instrument in instruments(stated)
    }
    for wrong in ({"tick_size": "abc"}, {"tick_size": "-1"}):
        with pytest.raises(TcakitError) as caught:
            read(sample, **wrong)
        oracle.check_error(caught.value)


@pytest.mark.parametrize("sample", EVERY)
def test_what_is_stored_can_be_dropped_without_a_trace(sample: Sample, tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    paths = [str(path) for _, path in on_disk(sample, files)]
    store = tmp_path / "store"
    request = IngestRequest(paths, options=ReaderOptions(**sample.options), format=sample.format)
    done = ingest(store, request)
    (entry,) = done["files"]
    assert entry["rows"] == done["rows"] > 0
    assert rows_in(store) >= entry["rows"]
    drop(store, entry["ingest_key"])
    assert rows_in(store) == 0


def rows_in(store: Path) -> int:
    """Rows of all tables but the list of symbols, which are no file's."""
    total = 0
    for path in sorted(store.rglob("*.duckdb")):
        with duckdb.connect(str(path), read_only=True) as connection:
            for (table,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
                if table != "instruments":
                    (count,) = connection.execute(f'SELECT count(*) FROM "{table}"').fetchone() or (0,)
                    total += count
    return total + sum(pl.read_parquet(path, hive_partitioning=False).height for path in store.rglob("*.parquet"))


@pytest.mark.parametrize("format", READERS)
def test_archives_give_what_the_file_gives(format: str, tmp_path: Path) -> None:
    sample = SAMPLES[format][0]
    expected = oracle.values(read(sample)[0])
    for archive in packed(sample):
        name, content = archive.members[0]
        if len(sample.members) > 1 and not name.endswith(".zip"):
            continue
        path = tmp_path / name
        path.write_bytes(content)
        troubles: list[TcakitError] = []
        (source,) = sources([path], troubles)
        assert troubles == []
        faults = Faults()
        batches = list(reader_named(format).read(source, sample.reader_options(), faults))
        assert oracle.values(batches) == expected


@pytest.mark.real
@pytest.mark.parametrize("format", READERS)
def test_beginnings_of_real_files_keep_it_too(format: str, real_data: Path) -> None:
    samples, rows = real(format, real_data), 0
    for sample in samples:
        try:
            batches, _ = read(sample)
        except TcakitError as error:
            oracle.check_error(error)
            continue
        # Some hold what is no row of ours: requests for nothing, or symbols without a quote.
        rows += sum(batch.frame.height for batch in batches)
    assert rows > 0 or not samples


@pytest.mark.real
@pytest.mark.parametrize(
    ("format", "pattern", "least"),
    [("csv", "highfrequency/sampleQData.csv", 10_000), ("itch", "itch/*.bin", 9_000), ("fix", "fix/*.log", 50)],
)
def test_real_files_as_a_whole(format: str, pattern: str, least: int, real_data: Path) -> None:
    for path in sorted(real_data.glob(pattern)):
        sample = Sample(format, ((path.name, path.read_bytes()),))
        batches, faults = read(sample)
        assert sum(batch.frame.height for batch in batches) >= least
        assert all(batch.frame.height <= MOST_ROWS_A_BATCH for batch in batches)
        assert faults.rows >= faults.refused
