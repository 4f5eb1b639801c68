"""The evidence of a report: the rows its numbers rest on, each with a hash that holds all rows before it.

The parts in `verifier` read it back; put together to one program they are written beside every report, and share no
code with the rest.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

import tcakit
from tcakit.market.clock import NS_PER_SECOND, zone
from tcakit.market.codes import BUY, SELL
from tcakit.market.schema import MARKOUT_HORIZONS_S, REALISED_HORIZONS_S, TCA_BENCHMARKS
from tcakit.report.benchmark_inputs import benchmark_letters
from tcakit.report.data import ReportData
from tcakit.report.dimensions import known_dimensions
from tcakit.report.fill_inputs import fill_inputs
from tcakit.report.inputs import MarketInputs, contradicting_orders, market_inputs
from tcakit.report.intraday import market_profile, utc_offset_s
from tcakit.report.rows import finite
from tcakit.report.summary import previous_rows
from tcakit.report.verifier import EVIDENCE_VERSION, pieces, printed_together
from tcakit.tca.order_facts import KNOWN_BEFORE

_FILL_COLUMNS = (
    *("fill_id", "order_id", "parent_id", "symbol", "date", "ts_ns", "side", "price", "price_scale", "quantity"),
    *("size_scale", "liquidity", "fee", "venue"),
)
_OF_CHILD = ("order_type", "time_in_force")
_MEASURED = (
    *("mid_at_fill", "quoted_spread", "effective_spread", "inside_quote"),
    *("mid_at_receipt", "effective_spread_at_receipt", "price_improvement"),
)
_LOOKED_UP = ("quote_ns", "bid", "ask", "mids", "markouts", "receipt_bid", "receipt_ask", "after", "realised")
_FILL = (*_FILL_COLUMNS, *_OF_CHILD, *_MEASURED, *_LOOKED_UP)
_INPUTS = (
    *("side", "measured", "contradicts", "known", "given_fees", "given_decision_price", "stored_limit", "quantity"),
    *("size_scale", "price_scale", "decision_ns", "multiplier", "trader", "account", "trade_currency"),
    *("exchange_rate", "utc_offset_s", *KNOWN_BEFORE, "tags"),
)
"""What an order's row has before what the summary says of it."""
_BENCHMARKS = tuple(column.name for column in TCA_BENCHMARKS.columns if column.name not in ("run_id", "notes"))
_TABLES: dict[str, tuple[str, ...]] = {
    "run": ("values",),
    "file": ("path", "sha256", "ingest_key", "rows", "faults"),
    "fault": ("path", "line", "reason"),
    "day": ("symbol", "date", "utc_offset_s", "half_hours"),
    "check": ("date", "symbol", "venue", "check", "count_found", "worst"),
    "rate": ("date", "own", "value", "rate_date", "source"),
    "market": tuple(field.name for field in fields(MarketInputs)),
    "children": ("parent_id", "orders"),
    "fill": _FILL,
    "estimate": ("parent_id", "model", "fit_id", "source", "mean_bps", "order_low_bps", "order_high_bps", "outside",
                 "reason"),
    "clock": ("broker", "shifts_ns", "applied_s"),
    "clock_order": ("clock", "fills", "inside"),
    "curve": ("currency", "values"),
    "benchmark": ("parent_id", "letters"),
    "measured_benchmark": _BENCHMARKS,
    "policy": ("classes", "thresholds", "decisions"),
}  # fmt: skip
"""The columns of each table but `parent`."""
_PIECES_A_ROW = 1_000
_TEXT = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=str)


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
        body = _TEXT.encode({"row": self.rows, "table": table, "values": values})[:-1].encode()
        self.seal = hashlib.sha256(self.seal.encode() + body).hexdigest()
        self._write(body + f',"hash":"{self.seal}"}}\n'.encode())

    def add_frame(self, table: str, rows: pl.DataFrame) -> None:
        """Write the rows of a frame: as `add` for each of them, many times faster."""
        start = f'"table":"{table}","values":['
        for text in json_texts(rows):
            self.rows += 1
            body = f'{{"row":{self.rows},{start}{text}]'.encode()
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


def json_texts(rows: pl.DataFrame) -> pl.Series:
    """The values of each row as JSON with commas between them: numbers, texts, truths and lists of numbers.

    >>> json_texts(pl.DataFrame({"a": [1, None], "b": ['"x"', None], "c": [[0.5, None], None]})).to_list()
    ['1,"\\\\"x\\\\"",[0.5,null]', 'null,null,null']
    """
    texts = []
    for name, kind in rows.schema.items():
        column = pl.col(name)
        if kind == pl.String:
            # The text of {"x":...} without what stands around the value.
            encoded = pl.struct(column.alias("x")).struct.json_encode()
            text = encoded.str.slice(5, encoded.str.len_chars() - 6)
        elif kind == pl.List:
            number = pl.element().fill_nan(None).cast(pl.String).fill_null("null")
            text = pl.lit("[") + column.list.eval(number).list.join(",") + pl.lit("]")
        elif kind.is_float():
            text = pl.when(column.is_finite()).then(column).cast(pl.String)
        else:
            text = column.cast(pl.String)
        texts.append(text.fill_null("null"))
    return rows.select(pl.concat_str(texts, separator=",")).to_series()


def add_rows(file: EvidenceFile, data: ReportData, summary: dict[str, Any], redacted: tuple[str, ...] = ()) -> None:
    """Write every row that the numbers of `summary` rest on, then those numbers."""
    rows = summary["parents"]
    of_orders = sorted({name for row in rows for name, value in row.items() if type(value) in (int, float)})
    columns = ("parent_id", *_INPUTS, *(name for name in (rows[0] if rows else ()) if name not in _TAKEN))
    file.add(
        "header",
        {
            "evidence_version": EVIDENCE_VERSION,
            "tcakit": tcakit.__version__,
            "run_id": data.run.get("run_id"),
            "kind": data.run.get("kind"),
            "redacted": list(redacted),
            "scope": {
                "where": data.scope.where,
                "by": known_dimensions(data.scope.by, data.tag_names),
                "currency": data.scope.currency,
            },
            "horizons_s": MARKOUT_HORIZONS_S,
            "realised_horizons_s": list(REALISED_HORIZONS_S.values()),
            "half_spreads_in_estimates": {key or "": half for key, half in data.half_spreads_in_estimates.items()},
            "of_orders": of_orders,
            "tags": data.tag_names,
            "previous": data.previous is not None,
            "rows": {
                "parent": columns,
                **_TABLES,
                "previous_parent": columns,
                **{f"previous_{name}": _TABLES[name] for name in ("rate", "market", "fill")},
            },
        },
    )
    for table, values in _few_rows(data, summary):
        file.add(table, values)
    for parent in _parents(data, summary, columns):
        file.add("parent", parent)
    for found in market_inputs(data).values():
        file.add("market", [getattr(found, name) for name in _TABLES["market"]])
    for children in _children(data):
        file.add("children", children)
    for benchmarks in _benchmarks(data):
        file.add("benchmark", benchmarks)
    file.add_frame("measured_benchmark", _first_of_each(data.benchmarks).select(_BENCHMARKS))
    file.add_frame("fill", _fills(data))
    file.add_frame("estimate", data.estimates.select(_TABLES["estimate"]))
    if data.previous is not None and data.previous.data is not None:
        _add_previous(file, data.previous.data, previous_rows(data), columns)
    for printed in printed_together({name: value for name, value in summary.items() if name != "parents"}):
        file.add("printed", printed)


_TAKEN = ("parent_id", *_INPUTS)


def _add_previous(file: EvidenceFile, data: ReportData, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    """Write what the costs of the period before rest on: rates, orders, markets and fills as those of the period."""
    for (date, own), rate in data.scope.rates.items():
        if rate is not None:
            file.add("previous_rate", [date, own, rate["value"], rate["date"], rate["source"]])
    for parent in _parents(data, {"parents": rows}, columns):
        file.add("previous_parent", parent)
    for found in market_inputs(data).values():
        file.add("previous_market", [getattr(found, name) for name in _TABLES["market"]])
    file.add_frame("previous_fill", _fills(data))


def _few_rows(data: ReportData, summary: dict[str, Any]) -> Iterator[tuple[str, Sequence[Any]]]:
    """(table, values) of the rows that are not of single orders and fills."""
    said = {
        "summary_version": summary["summary_version"],
        **{f"run.{name}": summary["run"][name] for name in ("seconds", "events")},
        "quality.order_events": summary["quality"]["order_events"],
        "config": summary["config"],
    }
    yield "run", [said]
    for row in data.files.select(_TABLES["file"]).iter_rows():
        yield "file", row
    for row in data.faults.sort("path", "line").select(_TABLES["fault"]).iter_rows():
        yield "fault", row
    for check in data.checks:
        yield "check", [finite(check["count" if name == "count_found" else name]) for name in _TABLES["check"]]
    for (symbol, date), day in sorted(data.markets.items()):
        yield "day", [symbol, date, utc_offset_s(day), market_profile(day)]
    for (date, own), rate in data.scope.rates.items():
        if rate is not None:
            yield "rate", [date, own, rate["value"], rate["date"], rate["source"]]
    for place, clock in enumerate(data.clocks):
        ground = clock.get("ground", {"shifts_ns": [], "orders": []})
        yield "clock", [clock["broker"], ground["shifts_ns"], clock["applied_s"]]
        for fills, inside in ground["orders"]:
            yield "clock_order", [place, fills, inside]
    for curve in data.curves:
        yield "curve", [curve["currency"], curve]
    if "monitoring" in summary:
        told = summary["monitoring"]
        yield "policy", [told["classes"], told["thresholds"], told["decisions"]]


def _parents(data: ReportData, summary: dict[str, Any], columns: tuple[str, ...]) -> Iterator[list[Any]]:
    asked = {row["parent_id"]: row for row in data.parents.iter_rows(named=True)}
    measured = set(data.tca_parents["parent_id"].to_list())
    contradicting = contradicting_orders(data)
    before = {} if data.known_before is None else {r["parent_id"]: r for r in data.known_before.iter_rows(named=True)}
    tags = {} if data.tags is None else {r["parent_id"]: r for r in data.tags.iter_rows(named=True)}
    for row in summary["parents"]:
        name = row["parent_id"]
        own = asked.get(name, {})
        values = {column: own.get(column) for column in _INPUTS} | row
        # An order that is measured but whose own row is not there: its size is all that is known of it.
        values["quantity"] = own.get("quantity", row["ordered_shares"])
        values["size_scale"] = own.get("size_scale", 1)
        values |= {
            "side": BUY if row["side"] == "buy" else SELL,
            "measured": name in measured,
            "contradicts": name in contradicting,
            "known": name in asked,
            "given_fees": own.get("fees"),
            "given_decision_price": own.get("decision_price"),
            "stored_limit": own.get("limit_price"),
            "account": own.get("account"),
            "trade_currency": row.get("trade_currency", row["currency"]),
            "exchange_rate": row.get("exchange_rate", 1.0),
            "utc_offset_s": _offset_s(row),
            **{column: before.get(name, {}).get(column) for column in KNOWN_BEFORE},
            "tags": {tag: value for tag, value in tags.get(name, {}).items() if tag != "parent_id"},
        }
        yield [finite(values[column]) for column in columns]


def _offset_s(row: dict[str, Any]) -> int | None:
    """How far the exchange's clock is from UTC when an order arrives."""
    if row["arrival_ns"] is None:
        return None
    moment = datetime.fromtimestamp(row["arrival_ns"] // NS_PER_SECOND, tz=zone(row["timezone"]))
    offset = moment.utcoffset()
    return 0 if offset is None else round(offset.total_seconds())


def _benchmarks(data: ReportData) -> Iterator[list[Any]]:
    """The letters of each order's further benchmarks, looked up anew."""
    for name, letters in benchmark_letters(data).items():
        known = {letter: value for letter, value in letters.items() if finite(value) is not None}
        yield [name, known]


def _first_of_each(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.unique("parent_id", keep="first", maintain_order=True)


def _children(data: ReportData) -> Iterator[list[Any]]:
    """Child orders by parent: id, type, time in force, last state and whether anything of it was filled."""
    held: dict[str | None, list[Any]] = {}
    columns = ("parent_id", "order_id", "type", "time_in_force", "state")
    for parent, *values in data.orders.select(*columns, pl.col("filled") > 0).iter_rows():
        held.setdefault(parent, []).append(values)
    for parent, orders in held.items():
        yield [parent, orders]


def _fills(data: ReportData) -> pl.DataFrame:
    """A row a fill with what it met and what it cost against that."""
    measured = data.tca_fills.unique("fill_id", keep="first").select("fill_id", *_MEASURED)
    children = data.orders.select("order_id", "time_in_force", order_type="type").unique("order_id", keep="first")
    joined = (
        data.fills.select(_FILL_COLUMNS)
        .join(children, on="order_id", how="left", maintain_order="left")
        .join(measured, on="fill_id", how="left", maintain_order="left")
    )
    return pl.concat([joined, fill_inputs(data)], how="horizontal").select(_FILL)
