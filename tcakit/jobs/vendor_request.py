"""Windows of missing market data as rows that a vendor's batch request takes."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tcakit.errors import UsageError
from tcakit.market.clock import NS_PER_SECOND
from tcakit.registry import nearest

# Databento's data set of each market's own feed; a venue that is not here is asked of the consolidated one.
_DATASETS = {
    "XNAS": "XNAS.ITCH",
    "XBOS": "XBOS.ITCH",
    "XPSX": "XPSX.ITCH",
    "XNYS": "XNYS.PILLAR",
    "ARCX": "ARCX.PILLAR",
    "XASE": "XASE.PILLAR",
    "XCHI": "XCHI.PILLAR",
    "BATS": "BATS.PITCH",
    "BATY": "BATY.PITCH",
    "EDGA": "EDGA.PITCH",
    "EDGX": "EDGX.PITCH",
    "IEXG": "IEXG.TOPS",
    "MEMX": "MEMX.MEMOIR",
    "EPRL": "EPRL.DOM",
    "XCME": "GLBX.MDP3",
    "XCBT": "GLBX.MDP3",
    "XNYM": "GLBX.MDP3",
    "XCEC": "GLBX.MDP3",
}
_CONSOLIDATED = "EQUS.MINI"
_TARDIS_TYPES = ("trades", "quotes", "incremental_book_L2")


@dataclass(frozen=True, slots=True)
class Window:
    """What is missing of one symbol and trade date, from `start_ns` to `end_ns`; `venues` are where it traded."""

    symbol: str
    date: str
    start_ns: int
    end_ns: int
    venues: tuple[str, ...] = ()


def vendor_requests(windows: Sequence[Window], vendor: str) -> list[dict[str, str]]:
    """One row a request in the vendor's own field names; UsageError for a vendor that is not known.

    databento: dataset, schema, symbols, stype_in, start, end; the schema is mbp-1 (best bid and offer with trades),
    of the data set of the one venue where the orders traded, else of the consolidated tape. tardis: exchange,
    data_type, symbol and the first and last day, of which the last is not included. csv: one window a row.
    """
    if vendor not in _MAKERS:
        meant = nearest(vendor, list(_MAKERS))
        raise UsageError(
            f"{vendor!r} is no format of a data request",
            place="--format",
            remedy=f"did you mean {meant}?" if meant else f"use {', '.join(_MAKERS)}",
        )
    return _MAKERS[vendor](windows)


def as_csv(rows: Sequence[dict[str, Any]]) -> str:
    """Rows of one shape as CSV text with a header, empty if there are none."""
    if not rows:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _databento(windows: Sequence[Window]) -> list[dict[str, str]]:
    return [
        {
            "dataset": _DATASETS.get(window.venues[0], _CONSOLIDATED) if len(window.venues) == 1 else _CONSOLIDATED,
            "schema": "mbp-1",
            "symbols": window.symbol,
            "stype_in": "raw_symbol",
            "start": _second(window.start_ns),
            "end": _second(window.end_ns + NS_PER_SECOND - 1),
        }
        for window in windows
    ]


def _tardis(windows: Sequence[Window]) -> list[dict[str, str]]:
    rows = []
    for window in windows:
        # Files are whole days of UTC; a pair is asked for without its slash, on the exchange where it traded.
        first, last = _second(window.start_ns)[:10], _second(window.end_ns)[:10]
        after = (datetime.fromisoformat(last) + timedelta(days=1)).date().isoformat()
        for exchange in [venue.lower() for venue in window.venues] or [""]:
            rows += [
                {
                    "exchange": exchange,
                    "data_type": kind,
                    "symbol": window.symbol.split(":")[0].replace("/", ""),
                    "from_date": first,
                    "to_date": after,
                }
                for kind in _TARDIS_TYPES
            ]
    return rows


def _csv(windows: Sequence[Window]) -> list[dict[str, str]]:
    return [
        {
            "symbol": window.symbol,
            "date": window.date,
            "venue": " ".join(window.venues),
            "start": _second(window.start_ns),
            "end": _second(window.end_ns + NS_PER_SECOND - 1),
        }
        for window in windows
    ]


def _second(ns: int) -> str:
    """That second of UTC, in ISO 8601."""
    return datetime.fromtimestamp(ns // NS_PER_SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_MAKERS: dict[str, Callable[[Sequence[Window]], list[dict[str, str]]]] = {
    "databento": _databento,
    "tardis": _tardis,
    "csv": _csv,
}
