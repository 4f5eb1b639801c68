"""What spoiling begins from: the samples made by hand, and small cuts of real files where they are at hand."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from pathlib import Path

from tcakit.feeds.unpacking import zstd_pieces
from tests.contracts.samples import SAMPLES, Sample

_ROOT = Path(__file__).resolve().parents[2]
_MOST_BYTES = 6_000
# Format -> (pattern, bytes kept); lines stay whole where it is text.
_CUTS: dict[str, tuple[tuple[str, int], ...]] = {
    "dbn": (("dbn/dbn_repo/*.dbn", 6_000), ("dbn/python_repo/*/*.zst", 6_000)),
    "fix": (("fix/*.log", 73_000),),
    "itch": (("itch/*.bin", 2_000), ("itch/*.gz", 2_000)),
    "iex": (("iex/*.pcap", 5_000), ("iex/*.gz", 3_000)),
    "lean": (("lean/equity/usa/*/aapl.zip", 1_000), ("lean/equity/usa/*/bac/20131007_*.zip", 1_000)),
    "tardis": (("crypto/tardis/*.csv", 3_000),),
    "capture": (("crypto/cryptofeed/*", 4_000), ("crypto/hftbacktest/*.gz", 4_000)),
    "binance": (("crypto/binance_csv/*depth-snap.csv", 1_000),),
    "csv": (("highfrequency/*.csv", 1_000),),
}
_FORMAT_OPTIONS = {"csv": {"symbol": "SPY"}, "bitstamp": {"symbol": "BTCUSD"}}


def real_folder() -> Path | None:
    """$TCAKIT_REAL_DATA, else ../shared/data beside the repository; None if there is none."""
    given = os.environ.get("TCAKIT_REAL_DATA")
    folder = Path(given) if given else _ROOT.parent / "shared" / "data"
    return folder if folder.is_dir() else None


def _plain(path: Path, most: int) -> tuple[str, bytes]:
    """(name inside, beginning of the content) of a file or of what it packs."""
    if path.suffix == ".gz":
        with gzip.open(path, "rb") as file:
            return path.stem, file.read(most)
    if path.suffix == ".zst":
        return path.stem, b"".join(zstd_pieces(path))[:most]
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            name = archive.namelist()[0]
            with archive.open(name) as member:
                return name, member.read(most)
    with path.open("rb") as file:
        return path.name, file.read(most)


def real(format: str, folder: Path) -> list[Sample]:
    """The beginnings of the format's real files in that folder."""
    found = []
    for pattern, most in _CUTS.get(format, ()):
        for path in sorted(folder.glob(pattern)):
            name, data = _plain(path, most)
            if format == "fix":
                # The night's heartbeats go before the first order.
                data = data[data.rfind(b"\n", 0, max(data.find(b"35=8"), 0)) + 1 :]
            if b"\0" not in data and b"\n" in data:
                data = data[: data.rfind(b"\n") + 1]
            found.append(Sample(format, ((name, data),), dict(_FORMAT_OPTIONS.get(format, {}))))
    if format == "lobster":
        for message in sorted(folder.glob("lobster/*/*_message_*.csv"))[:4]:
            book = message.with_name(message.name.replace("_message_", "_orderbook_"))
            if not book.exists():
                continue
            members = []
            for path in (message, book):
                with path.open("rb") as file:
                    members.append((path.name, b"".join(file.readline() for _ in range(12))))
            found.append(Sample(format, tuple(members), header_lines=0))
    return found


def packed(sample: Sample) -> list[Sample]:
    """The files of a sample in a .zip, and its first in a .gz and a .zst."""
    import zstandard

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sample.members:
            archive.writestr(name, content)
    name, content = sample.members[0]
    whole = zstandard.ZstdCompressor().compress(content)
    return [
        Sample("packed", (("day.zip", buffer.getvalue()),), sample.options),
        Sample("packed", ((name + ".gz", gzip.compress(content, mtime=0)),), sample.options),
        Sample("packed", ((name + ".zst", whole),), sample.options),
    ]


def seeds(format: str) -> list[Sample]:
    """What the format's spoilt files are made from; "packed" is archives of some of them."""
    if format == "packed":
        chosen = [SAMPLES[name][0] for name in ("csv", "lobster", "lean", "dbn", "bybit", "itch")]
        return [archive for sample in chosen for archive in packed(sample)]
    folder = real_folder()
    return [*SAMPLES[format], *(real(format, folder) if folder else [])]
