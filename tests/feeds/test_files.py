"""What is found to ingest, how it is grouped and unpacked, and what is refused."""

from __future__ import annotations

import errno
import gzip
import os
import tempfile
import zipfile
from pathlib import Path

import pytest

from tcakit.errors import DataError, DiskError, TcakitError, UsageError
from tcakit.feeds.contract import Source
from tcakit.feeds.files import detect, discover, reader_named, sources

MESSAGE, BOOK = "ACME_2026-03-03_34200000_57600000_message_1.csv", "ACME_2026-03-03_34200000_57600000_orderbook_1.csv"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / MESSAGE).write_text("34200.5,1,7,30,1000000,1\n")
    (tmp_path / BOOK).write_text("1000200,10,1000000,80\n")
    (tmp_path / "trades.csv").write_text("timestamp,symbol,price,size\n2026-03-03T14:30:00Z,ACME,100.5,10\n")
    (tmp_path / "notes.md").write_text("not data\n")
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "quotes.csv.gz").write_bytes(gzip.compress(b"timestamp,symbol,bid,ask\n"))
    return tmp_path


def grouped(*paths: Path) -> list[Source]:
    troubles: list[TcakitError] = []
    found = list(sources(discover([str(path) for path in paths]), troubles))
    assert troubles == []
    return found


def trouble_of(path: Path) -> TcakitError:
    troubles: list[TcakitError] = []
    assert list(sources([path], troubles)) == []
    (trouble,) = troubles
    return trouble


def test_a_folder_gives_its_data_files_in_depth_and_in_order(folder: Path) -> None:
    found = [path.relative_to(folder).as_posix() for path in discover([str(folder)])]
    assert found == [MESSAGE, BOOK, "deeper/quotes.csv.gz", "trades.csv"]


def test_a_file_named_twice_is_found_once(folder: Path) -> None:
    found = discover([str(folder / "trades.csv"), str(folder), str(folder / "t*.csv")])
    assert [path.name for path in found].count("trades.csv") == 1
    assert found[0].name == "trades.csv"


def test_a_path_that_is_not_there_brings_the_nearest(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"did you mean .*trades\.csv"):
        discover([str(folder / "trade.csv")])
    with pytest.raises(UsageError, match="no such file"):
        discover([str(folder / "nowhere" / "*.csv")])


def test_the_two_files_of_a_pair_are_one_source(folder: Path) -> None:
    names = [Path(source.name).name for source in grouped(folder)]
    assert names == [MESSAGE.replace("_message_", "_*_"), "quotes.csv.gz", "trades.csv"]


@pytest.mark.parametrize("given", [MESSAGE, BOOK])
def test_one_file_of_a_pair_brings_the_other(folder: Path, given: str) -> None:
    (source,) = grouped(folder / given)
    assert [path.name for path in source.paths] == [MESSAGE, BOOK]
    assert source.sha256 == grouped(folder)[0].sha256


def test_content_alone_makes_the_hash(folder: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for name in (BOOK, MESSAGE):
            archive.write(folder / name, name)
        archive.writestr("ReadMe.txt", "about this sample")
    (source,) = grouped(packed)
    assert source.name == str(packed)
    assert source.sha256 == grouped(folder / MESSAGE)[0].sha256
    moved = folder / "moved.csv"
    moved.write_bytes((folder / "trades.csv").read_bytes())
    assert grouped(moved)[0].sha256 == grouped(folder / "trades.csv")[0].sha256
    squeezed = folder / "moved.csv.gz"
    squeezed.write_bytes(gzip.compress(moved.read_bytes()))
    assert grouped(squeezed)[0].sha256 == grouped(moved)[0].sha256


def test_several_things_in_one_archive_are_several_sources(folder: Path) -> None:
    packed = folder / "both.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for name in (MESSAGE, BOOK, "trades.csv"):
            archive.write(folder / name, f"inside/{name}")
    found = grouped(packed)
    assert [source.name for source in found] == [
        f"{packed}!inside/{MESSAGE.replace('_message_', '_*_')}",
        f"{packed}!inside/trades.csv",
    ]
    assert [len(source.members) for source in found] == [2, 1]


def test_a_compressed_file_is_read_as_what_is_in_it(folder: Path) -> None:
    (source,) = grouped(folder / "deeper" / "quotes.csv.gz")
    assert source.members == (("quotes.csv", b"timestamp,symbol,bid,ask\n"),)
    assert detect(source).name == "csv"


@pytest.mark.parametrize("name", ["cut.zip", "cut.csv.gz", "fake.zip", "fake.csv.gz"])
def test_damaged_archives_are_told(folder: Path, name: str) -> None:
    whole = folder / "whole.zip"
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("trades.csv", os.urandom(500).hex())
    real = whole.read_bytes() if name.endswith("zip") else gzip.compress(os.urandom(500))
    broken = folder / name
    broken.write_bytes(real[: len(real) // 2] if name.startswith("cut") else b"this is no archive at all")
    trouble = trouble_of(broken)
    assert isinstance(trouble, DataError)
    assert "damaged or cut short" in trouble.message
    assert trouble.place == str(broken)


def test_an_archive_that_unpacks_to_far_too_much_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tcakit.feeds.files._LARGEST_UNPACKED", 1 << 20)
    content = b"0" * (2 << 20)
    (folder / "bomb.csv.gz").write_bytes(gzip.compress(content))
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.csv", content)
    for name in ("bomb.csv.gz", "bomb.zip"):
        assert "unpacks to" in trouble_of(folder / name).message


@pytest.fixture
def small_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Little is kept in memory; gives the folder for temporary files."""
    monkeypatch.setattr("tcakit.feeds.unpacking.LARGEST_IN_MEMORY", 1 << 10)
    monkeypatch.setattr("tcakit.feeds.unpacking._PIECE_BYTES", 1 << 9)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    return temporary


def _pack(folder: Path, ending: str, contents: dict[str, bytes]) -> Path:
    packed = folder / f"{Path(next(iter(contents))).name}{ending}"
    if ending == ".zip":
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in contents.items():
                archive.writestr(name, content)
    else:
        zstandard = pytest.importorskip("zstandard") if ending == ".zst" else None
        (content,) = contents.values()
        packed.write_bytes(zstandard.compress(content) if zstandard else gzip.compress(content))
    return packed


@pytest.mark.parametrize("ending", [".gz", ".zst", ".zip"])
def test_what_is_large_is_unpacked_into_a_file_that_goes_with_its_source(
    folder: Path, small_memory: Path, ending: str
) -> None:
    text = b"timestamp,symbol,price,size\n" + b"2026-03-03T14:30:00Z,ACME,100.5,10\n" * 400
    (folder / "large.csv").write_bytes(text)
    packed = _pack(folder, ending, {"large.csv": text})
    found = sources([packed, folder / "trades.csv"], [])
    source = next(found)
    ((_, content),) = source.members
    assert isinstance(content, Path)
    assert (content.name, content.read_bytes()) == ("large.csv", text)
    assert small_memory in content.parents
    assert source.sha256 == grouped(folder / "large.csv")[0].sha256
    assert detect(source).name == "csv"
    next(found)
    assert list(small_memory.iterdir()) == []


def test_sources_of_one_archive_are_unpacked_one_after_the_other(folder: Path, small_memory: Path) -> None:
    packed = _pack(folder, ".zip", {"a/day.csv": b"a,b\n" * 2_000, "b/day.csv": b"b,c\n" * 2_000})
    held = []
    for source in sources([packed], []):
        held.append(source.members[0][1])
        assert len([path for path in small_memory.rglob("*") if path.is_file()]) == 1
    assert len(set(held)) == 2
    assert list(small_memory.iterdir()) == []


def test_temporary_files_go_when_the_sources_are_left_in_the_middle(folder: Path, small_memory: Path) -> None:
    found = sources([_pack(folder, ".gz", {"day.csv": b"a,b\n" * 2_000})], [])
    next(found)
    assert list(small_memory.iterdir()) != []
    found.close()
    assert list(small_memory.iterdir()) == []


def test_a_bomb_is_stopped_while_it_is_unpacked(
    folder: Path, small_memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tcakit.feeds.files._LARGEST_UNPACKED", 1 << 14)
    for ending in (".gz", ".zst"):
        packed = _pack(folder, ending, {"bomb.csv": b"0" * (1 << 20)})
        assert "unpacks to more than" in trouble_of(packed).message
        assert list(small_memory.iterdir()) == []


def test_no_room_to_unpack_is_told(folder: Path, small_memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = _pack(folder, ".gz", {"day.csv": b"a,b\n" * 2_000})

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", full)
    trouble = trouble_of(packed)
    assert isinstance(trouble, DiskError)
    assert str(small_memory) in str(trouble.place)
    assert "TMPDIR" in str(trouble.remedy)


def test_an_archive_without_data_is_told(folder: Path) -> None:
    with zipfile.ZipFile(folder / "empty.zip", "w") as archive:
        archive.writestr("picture.png", b"png")
    assert "no CSV or Parquet file inside" in trouble_of(folder / "empty.zip").message


def test_formats_are_told_by_name_and_first_bytes(folder: Path) -> None:
    assert [detect(source).name for source in grouped(folder / MESSAGE, folder / "trades.csv")] == ["lobster", "csv"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty"), (b"\n \n", "empty"), (b"\0\1\2\0" * 50, "binary"), (b"once upon a time\n", "not recognised")],
)
def test_what_no_reader_knows_is_told(folder: Path, content: bytes, reason: str) -> None:
    path = folder / "strange.csv"
    path.write_bytes(content)
    (source,) = grouped(path)
    with pytest.raises(DataError, match=reason) as caught:
        detect(source)
    assert caught.value.place == str(path)


def test_a_wrong_format_brings_the_nearest() -> None:
    with pytest.raises(UsageError, match="lobster") as caught:
        reader_named("lobsters")
    assert caught.value.place == "--format"


def test_an_archive_whose_member_has_no_name_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "day.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "timestamp,symbol,price,size\n")
    whole = path.read_bytes()
    directory = whole.index(b"PK\x01\x02")
    nameless = bytearray(whole.replace(b"a.csv", b""))
    at = nameless.index(b"PK\x01\x02")
    nameless[26:28] = nameless[at + 28 : at + 30] = b"\0\0"
    end = nameless.index(b"PK\x05\x06")
    nameless[end + 12 : end + 20] = (end - at).to_bytes(4, "little") + at.to_bytes(4, "little")
    assert directory > at
    path.write_bytes(bytes(nameless))
    assert "damaged" in trouble_of(path).message
