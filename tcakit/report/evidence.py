"""The evidence of a report: the rows its numbers rest on, each with a hash that holds all rows before it.

The parts in `verifier` read it back; put together to one program they are written beside every report, and share no
code with the rest.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

import tcakit
from tcakit.market.schema import MARKOUT_HORIZONS_S, REALISED_HORIZONS_S, TCA_BENCHMARKS
from tcakit.report.benchmark_inputs import letters_frame
from tcakit.report.data import ReportData
from tcakit.report.dimensions import known_dimensions
from tcakit.report.fill_inputs import fill_inputs
from tcakit.report.inputs import MARKET_INPUTS, market_frame
from tcakit.report.intraday import market_profile, utc_offset_s
from tcakit.report.json_rows import TEXT, column_texts, json_texts
from tcakit.report.order_inputs import OrderInputs
from tcakit.report.printed import printed_texts
from tcakit.report.rows import finite
from tcakit.report.summary import previous_rows
from tcakit.report.verifier import EVIDENCE_VERSION, pieces

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
_BENCHMARKS = tuple(column.name for column in TCA_BENCHMARKS.columns if column.name not in ("run_id", "notes"))
_TABLES: dict[str, tuple[str, ...]] = {
    "run": ("values",),
    "file": ("path", "sha256", "ingest_key", "rows", "faults"),
    "fault": ("path", "line", "reason"),
    "day": ("symbol", "date", "utc_offset_s", "half_hours"),
    "check": ("date", "symbol", "venue", "check", "count_found", "worst"),
    "rate": ("date", "own", "value", "rate_date", "source"),
    "market": MARKET_INPUTS,
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
_ROWS_AT_ONCE = 5_000


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
        body = TEXT.encode({"row": self.rows, "table": table, "values": values})[:-1].encode()
        self.seal = hashlib.sha256(self.seal.encode() + body).hexdigest()
        self._write(body + f',"hash":"{self.seal}"}}\n'.encode())

    def add_frame(self, table: str, rows: pl.DataFrame) -> None:
        """Write the rows of a frame: as `add` for each of them, many times faster."""
        for some in rows.iter_slices(_ROWS_AT_ONCE):
            self.add_texts(table, json_texts(some))

    def add_texts(self, table: str, texts: pl.Series | Sequence[str]) -> None:
        """Write rows whose values are JSON already, with commas between them."""
        column = pl.Series("_text", texts, dtype=pl.String)
        start, end = f',"table":"{table}","values":[', "]"
        seal, digest = self.seal.encode(), hashlib.sha256
        # Some rows at a time: the memory of those before serves again, and the system need not be asked for more.
        for some in column.to_frame().iter_slices(_ROWS_AT_ONCE):
            number = pl.int_range(self.rows + 1, self.rows + 1 + some.height, dtype=pl.Int64).cast(pl.String)
            bodies = some.select(
                pl.concat_str(pl.lit('{"row":'), number, pl.lit(start), "_text", pl.lit(end)).cast(pl.Binary)
            )
            lines: list[bytes] = []
            for body in bodies.to_series().to_list():
                seal = digest(seal + body).hexdigest().encode()
                lines.append(b'%b,"hash":"%b"}\n' % (body, seal))
            self._write(b"".join(lines))
            self.rows += some.height
        self.seal = seal.decode()

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
    if data.run.get("kind") == "simulated":
        # Measured in markets with the orders in them, which are not stored: the stored one is that without them, and
        # is no ground for these numbers.
        data = replace(data, markets={})
    orders = OrderInputs(data, summary["parents"])
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
            "of_orders": orders.with_numbers(),
            "tags": data.tag_names,
            "previous": data.previous is not None,
            "rows": {
                "parent": orders.columns,
                **_TABLES,
                "previous_parent": orders.columns,
                **{f"previous_{name}": _TABLES[name] for name in ("rate", "market", "fill")},
            },
        },
    )
    for table, values in _few_rows(data, summary):
        file.add(table, values)
    file.add_texts("parent", orders.texts())
    file.add_frame("market", market_frame(data))
    for children in _children(data):
        file.add("children", children)
    file.add_texts("benchmark", _benchmarks(data))
    file.add_frame("measured_benchmark", _first_of_each(data.benchmarks).select(_BENCHMARKS))
    file.add_frame("fill", _fills(data))
    file.add_frame("estimate", data.estimates.select(_TABLES["estimate"]))
    if data.previous is not None and data.previous.data is not None:
        _add_previous(file, data.previous.data, previous_rows(data), orders.columns)
    for texts in printed_texts({name: value for name, value in summary.items() if name != "parents"}):
        file.add_texts("printed", texts)


def _add_previous(file: EvidenceFile, data: ReportData, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    """Write what the costs of the period before rest on: rates, orders, markets and fills as those of the period."""
    for (date, own), rate in data.scope.rates.items():
        if rate is not None:
            file.add("previous_rate", [date, own, rate["value"], rate["date"], rate["source"]])
    file.add_texts("previous_parent", OrderInputs(data, rows).texts(columns))
    file.add_frame("previous_market", market_frame(data))
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


def _benchmarks(data: ReportData) -> pl.Series:
    """The letters of each order's further benchmarks that are known, looked up anew."""
    letters = letters_frame(data)
    name, *texts = column_texts(letters).values()
    known = [pl.lit(f"{TEXT.encode(letter)}:") + text for letter, text in zip(letters.columns[1:], texts, strict=True)]
    told = pl.concat_str(known, separator=",", ignore_nulls=True)
    return letters.select(pl.concat_str(name, pl.lit(",{"), told, pl.lit("}"))).to_series()


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
