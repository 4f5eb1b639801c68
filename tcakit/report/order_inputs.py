"""What evidence says of each order: what was asked, known and given, and the numbers of its row in the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from tcakit.market.codes import BUY, SELL
from tcakit.report.data import ReportData
from tcakit.report.inputs import contradicting_orders
from tcakit.report.json_rows import TEXT, column_of, column_texts, frame_of, json_texts
from tcakit.report.rows import rates_of, values_of
from tcakit.tca.order_facts import KNOWN_BEFORE

_INPUTS = (
    *("side", "measured", "contradicts", "known", "given_fees", "given_decision_price", "stored_limit", "quantity"),
    *("size_scale", "price_scale", "decision_ns", "multiplier", "trader", "account", "trade_currency"),
    *("exchange_rate", "utc_offset_s", *KNOWN_BEFORE, "tags"),
)
"""What an order's row has before what the summary says of it."""
_GIVEN = {
    "given_fees": "fees",
    "given_decision_price": "decision_price",
    "stored_limit": "limit_price",
    **{name: name for name in ("size_scale", "price_scale", "decision_ns", "account")},
}
_NO_TAGS = "{}"


class OrderInputs:
    """The rows of a report's orders as evidence has them; `columns` are their names, `rows` those of `parent_rows`."""

    def __init__(self, data: ReportData, rows: Sequence[Mapping[str, Any]]) -> None:
        self._data, self._rows = data, rows
        told = [name for name in (rows[0] if rows else ()) if name != "parent_id" and name not in _INPUTS]
        self.columns = ("parent_id", *_INPUTS, *told)

    def with_numbers(self) -> list[str]:
        """The columns of the report in which some order has a number."""
        names = list(self._rows[0]) if self._rows else []
        held = zip(names, values_of(self._rows, names), strict=True)
        return sorted(name for name, values in held if {*map(type, values)} & {int, float})

    def texts(self, columns: Sequence[str] | None = None) -> pl.Series:
        """The values of these columns (None: all) of each order as JSON, with commas between them."""
        wanted = columns or self.columns
        if not self._rows:
            return pl.Series(dtype=pl.String)
        names = ("multiplier", "trader", *(name for name in wanted if name not in _INPUTS))
        told, ready = frame_of(self._rows, names)
        own = self._own(told["parent_id"])
        quantity, several = self._quantities(own)
        frame = told.with_columns(
            *own.select(*KNOWN_BEFORE, *_GIVEN).get_columns(),
            quantity,
            _tags(self._data.tags, told["parent_id"]),
            pl.Series("side", [BUY if row["side"] == "buy" else SELL for row in self._rows]),
            told["parent_id"].is_in(self._data.tca_parents["parent_id"].to_list()).alias("measured"),
            told["parent_id"].is_in(list(contradicting_orders(self._data))).alias("contradicts"),
            own["_known"].alias("known"),
            column_of([row.get("trade_currency", row["currency"]) for row in self._rows])[0].alias("trade_currency"),
            pl.Series("exchange_rate", rates_of(self._rows), dtype=pl.Float64),
            _offsets_s(told),
        )
        return json_texts(frame.select(wanted), {*ready, "tags", *(["quantity"] if several else [])})

    def _own(self, names: pl.Series) -> pl.DataFrame:
        """What each order's own row says, and what was known of its symbol before; null where there is no row."""
        orders = self._data.parents.unique("parent_id", keep="last").select(
            "parent_id", "quantity", *(pl.col(column).alias(name) for name, column in _GIVEN.items()), _known=True
        )
        told = names.to_frame().join(orders, on="parent_id", how="left", maintain_order="left")
        told = told.with_columns(
            pl.col("_known").fill_null(False), size_scale=pl.when("_known").then("size_scale").otherwise(1)
        )
        before = self._data.known_before
        there = [] if before is None else [name for name in KNOWN_BEFORE if name in before.columns]
        if before is not None:
            held = before.unique("parent_id", keep="last").select("parent_id", *there)
            told = told.join(held, on="parent_id", how="left", maintain_order="left")
        return told.with_columns(pl.lit(None).alias(name) for name in KNOWN_BEFORE if name not in there)

    def _quantities(self, own: pl.DataFrame) -> tuple[pl.Series, bool]:
        """What was asked for; of an order that is measured but whose own row is not there its size is all that is
        known. With it, whether these are JSON."""
        if own["_known"].all():
            return own["quantity"], False
        asked = zip(own["_known"], own["quantity"], self._rows, strict=True)
        column, ready = column_of([given if known else row["ordered_shares"] for known, given, row in asked])
        return column.alias("quantity"), ready


def _tags(tags: pl.DataFrame | None, names: pl.Series) -> pl.Series:
    """The tags of each order as a JSON object."""
    if tags is None:
        return pl.Series("tags", [_NO_TAGS] * len(names))
    held = tags.unique("parent_id", keep="last")
    of_tags = column_texts(held.drop("parent_id"))
    pairs = [pl.lit(f"{TEXT.encode(tag)}:") + text.fill_null("null") for tag, text in of_tags.items()]
    words = pl.concat_str(pl.lit("{"), pl.concat_str(pairs, separator=","), pl.lit("}")) if pairs else pl.lit(_NO_TAGS)
    told = names.to_frame().join(
        held.select("parent_id", tags=words), on="parent_id", how="left", maintain_order="left"
    )
    return told["tags"].fill_null(_NO_TAGS)


def _offsets_s(orders: pl.DataFrame) -> pl.Series:
    """How far each exchange's clock is from UTC when an order arrives."""
    found = np.zeros(orders.height, np.int64)
    arrivals = orders["arrival_ns"].cast(pl.Int64)
    for (zone,), rows in orders.select("timezone").with_row_index("_row").group_by("timezone"):
        if zone is not None:
            places = rows["_row"].to_numpy()
            here = arrivals[places].cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone(str(zone))
            offset = here.dt.base_utc_offset() + here.dt.dst_offset()
            found[places] = offset.dt.total_seconds().fill_null(0).to_numpy()
    return pl.select(pl.when(arrivals.is_not_null()).then(pl.Series(found))).to_series().alias("utc_offset_s")
