"""The evidence of a report: the rows its numbers rest on, each with a hash that holds all rows before it.

`verify_evidence.py` beside this file reads it back; it is written beside every report and shares no code with the rest.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

import polars as pl

import tcakit
from tcakit.market.codes import BUY, SELL
from tcakit.market.schema import MARKOUT_HORIZONS_S
from tcakit.report.data import ReportData
from tcakit.report.inputs import MarketInputs, fill_inputs, market_inputs
from tcakit.report.rows import finite
from tcakit.report.verify_evidence import EVIDENCE_VERSION, numbers_of, pieces

_MEASURED = (
    *("ordered_shares", "filled_shares", "fills", "first_fill_ns", "last_fill_ns", "average_price", "decision_price"),
    *("arrival_price", "end_price", "interval_vwap", "window_vwap", "twap", "close_price", "market_shares"),
    *("participation", "delay_cost", "trading_cost", "spread_cost", "drift_cost", "opportunity_cost", "fees"),
    *("total_cost", "paper_notional", "executed_notional", "shortfall_bps_of_paper", "arrival_bps_of_executed"),
    *("vwap_bps_of_executed", "twap_bps_of_executed", "close_bps_of_executed", "fill_rate", "maker_fraction"),
)
_ASKED = ("quantity", "size_scale", "price_scale", "limit_price", "decision_ns", "multiplier", "trader", "account")
_SHOWN = (
    "symbol",
    "date",
    "algo",
    "broker",
    "currency",
    "matched",
    "priced",
    "unpriced_reason",
    "arrival_ns",
    "end_ns",
)
_PARENT = (
    "parent_id",
    "side",
    "measured",
    "contradicts",
    "given_fees",
    "given_decision_price",
    "exchange_rate",
    *_ASKED,
    *_SHOWN,
    *_MEASURED,
)
_FILL_COLUMNS = (
    *("fill_id", "order_id", "parent_id", "symbol", "date", "ts_ns", "side", "price", "price_scale", "quantity"),
    *("size_scale", "liquidity", "fee", "venue"),
)
_FILL = (*_FILL_COLUMNS, "mid_at_fill", "inside_quote", "quote_ns", "bid", "ask", "mids", "markouts")
_PIECES_A_ROW = 1_000


def evidence_name(out: Path) -> Path:
    """Where the evidence of a report lies: beside it.

    >>> str(evidence_name(Path("june/desk.html")))
    'june/desk.html.evidence.jsonl'
    """
    return out.with_name(f"{out.name}.evidence.jsonl")


class EvidenceFile:
    """Writes rows one by one and keeps the hash of the last: the seal of all rows so far."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self.seal = "0" * 64
        self.rows = 0

    def add(self, table: str, values: Any) -> None:
        """Write a row of a table; its hash is that of the row before and of its own bytes."""
        self.rows += 1
        text = json.dumps(
            {"row": self.rows, "table": table, "values": values}, allow_nan=False, separators=(",", ":"), default=str
        )
        body = text[:-1].encode()
        self.seal = hashlib.sha256(self.seal.encode() + body).hexdigest()
        self._write(body + f',"hash":"{self.seal}"}}\n'.encode())

    def close(self, name: str, report: bytes) -> None:
        """Write what the report's own bytes were, and the end; nothing can be added after it."""
        digest = hashlib.sha256(report).hexdigest()
        self.add("report", {"name": name, "bytes": len(report), "sha256": digest})
        sums = [f"{zlib.crc32(piece):08x}" for _, piece in pieces(report)]
        for first in range(0, len(sums), _PIECES_A_ROW):
            self.add("pieces", ["".join(sums[first : first + _PIECES_A_ROW])])
        self.add("end", {"rows": self.rows + 1})


def add_rows(file: EvidenceFile, data: ReportData, summary: dict[str, Any], redacted: tuple[str, ...] = ()) -> None:
    """Write every row that the numbers of `summary` rest on, then those numbers."""
    market_columns = [field.name for field in fields(MarketInputs)]
    file.add(
        "header",
        {
            "evidence_version": EVIDENCE_VERSION,
            "tcakit": tcakit.__version__,
            "run_id": data.run.get("run_id"),
            "kind": data.run.get("kind"),
            "summary_version": summary["summary_version"],
            "redacted": list(redacted),
            "columns": {"parent": _PARENT, "market": market_columns, "fill": _FILL, "printed": ["path", "value"]},
            "measured": _MEASURED,
            "horizons_s": MARKOUT_HORIZONS_S,
        },
    )
    for row in data.files.select("path", "sha256", "ingest_key", "rows", "faults").iter_rows():
        file.add("file", row)
    inputs = market_inputs(data)
    for values in _parents(data, summary):
        file.add("parent", values)
    for found in inputs.values():
        file.add("market", [finite(value) for value in astuple(found)])
    for values in _fills(data):
        file.add("fill", values)
    for path, value in numbers_of({name: value for name, value in summary.items() if name != "parents"}):
        file.add("printed", [path, value])


def _parents(data: ReportData, summary: dict[str, Any]) -> Iterator[list[Any]]:
    asked = {row["parent_id"]: row for row in data.parents.iter_rows(named=True)}
    measured = set(data.tca_parents["parent_id"].to_list())
    contradicting = contradicting_orders(data)
    for row in summary["parents"]:
        name = row["parent_id"]
        own = asked.get(name, {})
        values = {column: own.get(column) for column in _ASKED} | row
        # An order that is measured but whose own row is not there: its size is all that is known of it.
        values["quantity"] = own.get("quantity", row["ordered_shares"])
        values["size_scale"] = own.get("size_scale", 1)
        values |= {
            "side": BUY if row["side"] == "buy" else SELL,
            "measured": name in measured,
            "contradicts": name in contradicting,
            "given_fees": own.get("fees"),
            "exchange_rate": row.get("exchange_rate", 1.0),
            "given_decision_price": own.get("decision_price"),
            "limit_price": own.get("limit_price"),
        }
        yield [finite(values[column]) for column in _PARENT]


def contradicting_orders(data: ReportData) -> set[str]:
    """Orders that say what cannot be, so that nothing of them was priced: no side, no size, fills of another order."""
    parents = data.parents.unique("parent_id", keep="first")
    own = parents.select("parent_id", pl.col("side").alias("_side"), pl.col("symbol").alias("_symbol"))
    joined = data.fills.join(own, on="parent_id")
    other = joined.filter((pl.col("side") != pl.col("_side")) | (pl.col("symbol") != pl.col("_symbol")))
    wrong = parents.filter(~pl.col("side").is_in([BUY, SELL]) | (pl.col("quantity") <= 0) | (pl.col("size_scale") <= 0))
    return {*other["parent_id"].to_list(), *wrong["parent_id"].to_list()}


def _fills(data: ReportData) -> Iterator[list[Any]]:
    measured = data.tca_fills.unique("fill_id", keep="first").select("fill_id", "mid_at_fill", "inside_quote")
    joined = data.fills.select(_FILL_COLUMNS).join(measured, on="fill_id", how="left", maintain_order="left")
    marks: dict[str, dict[float, float | None]] = {}
    for name, horizon, value in data.markouts.select("fill_id", "horizon_s", "markout_bps_of_price").iter_rows():
        marks.setdefault(name, {})[horizon] = finite(value)
    rows = zip(joined.iter_rows(), fill_inputs(data).iter_rows(), strict=True)
    for values, (quote_ns, bid, ask, mids) in rows:
        held = marks.get(values[0], {})
        kept = [
            None if mid is not None else held.get(horizon)
            for mid, horizon in zip(mids, MARKOUT_HORIZONS_S, strict=True)
        ]
        yield [*(finite(value) for value in values), quote_ns, bid, ask, mids, kept]
