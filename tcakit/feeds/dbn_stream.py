"""The records of a DBN file, a bounded number at a time: header read by the official package, records by numpy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import DataError, UsageError
from tcakit.feeds import dbn_kernel
from tcakit.feeds.contract import Faults

CHUNK_RECORDS = 1 << 18
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_PREFIX = 8
_REASONS = {
    dbn_kernel.WRONG_LENGTH: "the length is not that of this type of record",
    dbn_kernel.UNKNOWN_TYPE: "a type of record that DBN does not know",
    dbn_kernel.CUT_SHORT: "the file ends within this record",
    dbn_kernel.LOST: "neither type nor length can be right; nothing after this record can be read",
}

# --- types of records (rtype) --------------------------------------------------------------------------------
TRADES = 0x00
MBP_1 = 0x01
MBP_10 = 0x0A
OHLCV_DEPRECATED = 0x11
STATUS = 0x12
DEFINITION = 0x13
IMBALANCE = 0x14
ERROR = 0x15
SYMBOL_MAPPING = 0x16
SYSTEM = 0x17
STATISTICS = 0x18
OHLCV_1S = 0x20
OHLCV_1M = 0x21
OHLCV_1H = 0x22
OHLCV_1D = 0x23
OHLCV_EOD = 0x24
MBO = 0xA0
CMBP_1 = 0xB1
CBBO_1S = 0xC0
CBBO_1M = 0xC1
TCBBO = 0xC2
BBO_1S = 0xC3
BBO_1M = 0xC4
TBBO = 0xC5
_STRUCTURES = {
    TRADES: "TradeMsg",
    MBP_1: "MBP1Msg",
    TBBO: "MBP1Msg",
    MBP_10: "MBP10Msg",
    STATUS: "StatusMsg",
    DEFINITION: "InstrumentDefMsg",
    IMBALANCE: "ImbalanceMsg",
    ERROR: "ErrorMsg",
    SYMBOL_MAPPING: "SymbolMappingMsg",
    SYSTEM: "SystemMsg",
    STATISTICS: "StatMsg",
    MBO: "MBOMsg",
    CMBP_1: "CMBP1Msg",
    TCBBO: "CMBP1Msg",
    **dict.fromkeys((OHLCV_DEPRECATED, OHLCV_1S, OHLCV_1M, OHLCV_1H, OHLCV_1D, OHLCV_EOD), "OHLCVMsg"),
    **dict.fromkeys((CBBO_1S, CBBO_1M), "CBBOMsg"),
    **dict.fromkeys((BBO_1S, BBO_1M), "BBOMsg"),
}


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself; `mappings` are (from symbol, first date, end date, to symbol)."""

    version: int
    dataset: str
    schema: str | None
    start_ns: int
    end_ns: int
    by_id: bool  # mappings lead from instrument ids to names, not from names to ids
    mappings: tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Records:
    """Records of one type in file order: a structured array, and each record's number in the file, from 1."""

    rtype: int
    fields: NDArray[Any]
    number: NDArray[np.int64]

    def where(self, keep: NDArray[np.bool_]) -> Records:
        return Records(self.rtype, self.fields[keep], self.number[keep])


def package() -> Any:
    """The official package; UsageError if it is not installed."""
    try:
        import databento_dbn
    except ImportError:
        raise UsageError(
            "DBN files need the databento-dbn library", place="--format dbn", remedy='pip install "tcakit[dbn]"'
        ) from None
    return databento_dbn


class Stream:
    """A DBN file: `header`, and its records as often as they are asked for."""

    def __init__(self, label: str, content: Path | bytes) -> None:
        self.label = label
        self._package = package()
        self._data = _bytes(label, content)
        head = bytes(self._data[:_PREFIX])
        _refuse_others(label, head, bytes(self._data[:64]))
        length = _PREFIX + int.from_bytes(head[4:8], "little")
        if length > len(self._data):
            raise DataError("the file ends within its header", place=label, remedy="fetch it again")
        self.header, with_sent_time = self._metadata(bytes(self._data[:length]), head[3])
        self._begin = length
        self.types = self._types(8 if with_sent_time else 0)

    def _metadata(self, data: bytes, version: int) -> tuple[Header, bool]:
        try:
            found = self._package.Metadata.decode(data)
            schema = found.schema
            header = Header(
                version=version,
                dataset=str(found.dataset),
                schema=None if schema is None else str(schema),
                start_ns=int(found.start or 0),
                end_ns=int(found.end or 0),
                by_id=str(found.stype_in) == "instrument_id",
                mappings=tuple(
                    (str(name), str(step["start_date"]), str(step["end_date"]), str(step["symbol"]))
                    for name, steps in found.mappings.items()
                    for step in steps
                ),
            )
            return header, bool(found.ts_out)
        except (self._package.DBNError, ValueError, TypeError, OverflowError) as error:
            raise DataError(
                f"the DBN header cannot be read ({error})",
                place=self.label,
                remedy="fetch the file again; a newer DBN version needs a newer databento-dbn",
            ) from None

    def _types(self, extra: int) -> dict[int, np.dtype[Any]]:
        """The record layouts of the file's version, as the package declares them."""
        layouts = getattr(self._package, f"v{self.header.version}", None)
        if layouts is None:
            raise DataError(
                f"DBN version {self.header.version} is not known", place=self.label, remedy="update databento-dbn"
            )
        sent = [("ts_out", "u8")] if extra else []
        found = {}
        for rtype, name in _STRUCTURES.items():
            found[rtype] = np.dtype([*getattr(layouts, name)._dtypes, *sent])
        return found

    def chunks(self, faults: Faults | None = None) -> Iterator[list[Records]]:
        """Lists of records by type, each list up to 262,144 records; unreadable ones go to `faults`, if given."""
        sizes = np.zeros(256, np.int64)
        for rtype, layout in self.types.items():
            sizes[rtype] = layout.itemsize
        offsets = np.empty(CHUNK_RECORDS, np.int64)
        status = np.empty(CHUNK_RECORDS, np.uint8)
        position, before = self._begin, 0
        while position < len(self._data):
            count, position = dbn_kernel.walk(self._data, position, sizes, offsets, status)
            good = status[:count] == dbn_kernel.GOOD
            if faults is not None:
                faults.rows += int(count)
                for bad in np.flatnonzero(~good).tolist():
                    begin = int(offsets[bad])
                    text = bytes(self._data[begin : begin + dbn_kernel.HEADER]).hex(" ")
                    faults.add(self.label, before + bad + 1, _REASONS[int(status[bad])], text)
            yield self._by_type(offsets[:count][good], np.flatnonzero(good) + before + 1)
            before += int(count)

    def _by_type(self, offsets: NDArray[np.int64], number: NDArray[np.int64]) -> list[Records]:
        rtypes = self._data[offsets + 1]
        found = []
        for rtype in np.unique(rtypes).tolist():
            own = rtypes == rtype
            found.append(Records(rtype, self._gather(offsets[own], self.types[rtype]), number[own]))
        return found

    def _gather(self, offsets: NDArray[np.int64], layout: np.dtype[Any]) -> NDArray[Any]:
        size, count = layout.itemsize, len(offsets)
        if offsets[-1] - offsets[0] == size * (count - 1):
            begin = int(offsets[0])
            return np.frombuffer(self._data[begin : begin + size * count].tobytes(), layout)
        rows = self._data[offsets[:, None] + np.arange(size)]
        return np.frombuffer(rows.tobytes(), layout)


def _bytes(label: str, content: Path | bytes) -> NDArray[np.uint8]:
    if isinstance(content, bytes):
        return np.frombuffer(content, np.uint8)
    try:
        if content.stat().st_size == 0:
            return np.zeros(0, np.uint8)
        return np.memmap(content, np.uint8, "r")
    except PermissionError:
        raise UsageError("may not be read", place=label, remedy="check its permissions") from None
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})", place=label, remedy="check the disk") from None


def _refuse_others(label: str, head: bytes, more: bytes) -> None:
    if is_legacy(more):
        raise DataError(
            "this is DBZ, the format before DBN",
            place=label,
            remedy="convert it with the vendor's `dbn` tool (dbn FILE.dbz --dbn -o FILE.dbn), or request it again",
        )
    if head[:4] == ZSTD_MAGIC:
        raise DataError("the file is compressed", place=label, remedy="name it .dbn.zst")
    if head[:3] != b"DBN" or len(head) < _PREFIX:
        raise DataError(
            "no DBN header: a fragment of a stream, or another kind of file",
            place=label,
            remedy="fragments cannot be read alone; store the stream with its header (metadata)",
        )


def is_legacy(head: bytes) -> bool:
    """Whether this is the beginning of a DBZ file: a skippable zstd frame that says so."""
    return head[1:4] == b"\x2a\x4d\x18" and head[8:11] == b"DBZ"
