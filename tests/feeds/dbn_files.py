"""DBN files made record by record, and what reading them gives."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import databento_dbn
import numpy as np
import polars as pl

from tcakit.feeds import dbn_stream
from tcakit.feeds.contract import Batch, Faults, ReaderOptions, Source
from tcakit.feeds.dbn import DbnReader
from tcakit.feeds.dbn_stream import MBO, MBP_10
from tcakit.feeds.files import detect, sources
from tcakit.market import codes
from tcakit.market.clock import parse_time
from tcakit.market.instrument import Instrument

NOON = parse_time("2024-03-05T12:00:00-05:00")
DAY = 86_400_000_000_000
UNDEFINED = (1 << 63) - 1
NO_TIME = (1 << 64) - 1
NANO = 1_000_000_000
SNAPSHOT, TOP, BAD_RECEIPT = 32, 64, 8


def header(
    schema: str | None = "mbo",
    *,
    dataset: str = "XNAS.ITCH",
    version: int = 3,
    mappings: dict[str, list[tuple[str, str, str]]] | None = None,
    ts_out: bool = False,
    start: int = NOON - DAY,
    end: int | None = NOON + 2 * DAY,
    stype_in: str = "raw_symbol",
    stype_out: str = "instrument_id",
) -> bytes:
    names = {"ABC": [("2024-03-01", "2024-03-31", "7")]} if mappings is None else mappings

    def date(text: str) -> datetime.date:
        return datetime.date.fromisoformat(text)

    made = databento_dbn.Metadata(
        dataset=dataset,
        start=start,
        stype_in=databento_dbn.SType(stype_in),
        stype_out=databento_dbn.SType(stype_out),
        schema=None if schema is None else databento_dbn.Schema(schema),
        symbols=list(names),
        mappings=[
            SimpleNamespace(
                raw_symbol=name,
                intervals=[SimpleNamespace(start_date=date(b), end_date=date(e), symbol=key) for b, e, key in steps],
            )
            for name, steps in names.items()
        ],
        end=end,
        ts_out=ts_out,
        version=version,
    )
    return bytes(made.encode())


def record(rtype: int, *, version: int = 3, ts_out: int | None = None, **values: Any) -> bytes:
    layouts = getattr(databento_dbn, f"v{version}")
    layout = np.dtype(getattr(layouts, dbn_stream._STRUCTURES[rtype])._dtypes)
    one = np.zeros(1, layout)
    size = layout.itemsize + (0 if ts_out is None else 8)
    for name in layout.names or ():
        if "px_" in name or name == "price":
            one[name] = UNDEFINED
    told = {"length": size // 4, "rtype": rtype, "publisher_id": 2, "instrument_id": 7, "ts_event": NOON} | values
    if "ts_recv" in (layout.names or ()):
        told.setdefault("ts_recv", told["ts_event"] + 100 if told["ts_event"] != NO_TIME else NOON)
    for name, value in told.items():
        one[name] = value
    return one.tobytes() + (b"" if ts_out is None else ts_out.to_bytes(8, "little"))


def order(action: str, side: str = "B", price: float = 10.0, size: int = 5, order_id: int = 1, **more: Any) -> bytes:
    nano = UNDEFINED if action == "R" else round(price * NANO)
    return record(MBO, action=action.encode(), side=side.encode(), price=nano, size=size, order_id=order_id, **more)


@dataclass
class Got:
    batches: list[Batch]
    faults: Faults

    def frame(self, table: str) -> pl.DataFrame:
        """All rows of a table with symbol, venue and date."""
        parts = []
        for batch in self.batches:
            if batch.table == table:
                of = {key: instrument.symbol for key, instrument in batch.instruments.items()}
                at = {key: instrument.venue for key, instrument in batch.instruments.items()}
                parts.append(
                    batch.frame.with_columns(
                        symbol=pl.col("local_id").replace_strict(of, return_dtype=pl.String),
                        venue=pl.col("local_id").replace_strict(at, return_dtype=pl.String),
                        date=pl.lit(batch.date),
                    )
                )
        return pl.concat(parts) if parts else pl.DataFrame()

    @property
    def reasons(self) -> list[tuple[int, str]]:
        return [(fault.line, fault.reason) for fault in self.faults.found]

    @property
    def instruments(self) -> list[Instrument]:
        found = {}
        for batch in self.batches:
            found.update(batch.instruments)
        return [found[key] for key in sorted(found)]


def read(data: bytes, **options: Any) -> Got:
    faults = Faults()
    source = Source("x.dbn", (Path("x.dbn"),), (("x.dbn", data),), "0" * 64)
    return Got(list(DbnReader().read(source, ReaderOptions(**options), faults)), faults)


def events(got: Got, *columns: str) -> list[tuple[Any, ...]]:
    frame = got.frame("book_events").with_columns(kind=pl.col("kind").replace_strict(codes.EVENT_NAMES))
    return frame.select(columns or ("kind", "side", "price", "size", "level_size", "order_id")).rows()


def window(action: str, bids: list[tuple[float, int]], asks: list[tuple[float, int]], **more: Any) -> bytes:
    values: dict[str, Any] = {}
    for side, levels in (("bid", bids), ("ask", asks)):
        for number, (price, size) in enumerate(levels):
            values[f"{side}_px_{number:02d}"] = round(price * NANO)
            values[f"{side}_sz_{number:02d}"] = size
    return record(MBP_10, action=action.encode(), side=more.pop("side", b"N"), **values, **more)


def touch(rtype: int, bid: float | None, ask: float | None, **more: Any) -> bytes:
    values = {}
    for side, price in (("bid", bid), ("ask", ask)):
        if price is not None:
            values |= {f"{side}_px_00": round(price * NANO), f"{side}_sz_00": 3}
    return record(rtype, **values, **more)


def bar(rtype: int, **more: Any) -> bytes:
    values = {"open": 10 * NANO, "high": 12 * NANO, "low": 9 * NANO, "close": 11 * NANO, "volume": 70}
    return record(rtype, **(values | more))


def of(path: Path, **options: Any) -> Got:
    (source,) = sources([path], [])
    faults = Faults()
    return Got(list(detect(source).read(source, ReaderOptions(**options), faults)), faults)


def chicago(text: str) -> int:
    """An instant by the clocks of Chicago."""
    return parse_time(text, timezone="America/Chicago")
