"""One row a parent order: what was asked, what it cost, and what a reader must know of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any

import polars as pl

from tcakit.market.codes import BUY
from tcakit.report.data import ReportData
from tcakit.report.wording import NO_CURRENCY, NOT_STATED

COSTS = ("delay_cost", "trading_cost", "spread_cost", "drift_cost", "opportunity_cost", "fees", "total_cost")
_FROM_TCA = (
    "fills",
    "first_fill_ns",
    "last_fill_ns",
    "average_price",
    "arrival_price",
    "end_price",
    "interval_vwap",
    "window_vwap",
    "twap",
    "close_price",
    "market_shares",
    "participation",
    *COSTS,
    "paper_notional",
    "executed_notional",
    "shortfall_bps_of_paper",
    "arrival_bps_of_executed",
    "vwap_bps_of_executed",
    "twap_bps_of_executed",
    "close_bps_of_executed",
    "maker_fraction",
)

_COLUMNS = (
    *("parent_id", "symbol", "raw_symbol", "matched", "date", "timezone", "side", "algo", "broker", "trader"),
    *(
        "currency",
        "multiplier",
        "priced",
        "unpriced_reason",
        "ordered_shares",
        "filled_shares",
        "fill_rate",
        "limit_price",
    ),
    *("decision_price", "arrival_ns", "end_ns", "notes", *_FROM_TCA, "arrival_time", "end_time"),
)
_MEASURED = " as measured"
_ISO = "%Y-%m-%dT%H:%M:%S%.9f%:z"


class Rows(list[dict[str, Any]]):
    """Rows of one kind that many tables ask for columns: these are taken once. Nobody may change them.

    `frame` has the same rows, where they were made of one (`Rows.of`).
    """

    frame: pl.DataFrame | None = None

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Rows:
        """The rows of a frame.

        >>> rows = Rows.of(pl.DataFrame({"a": [1, None]}))
        >>> rows, rows.column("a")
        ([{'a': 1}, {'a': None}], [1, None])
        """
        rows = cls(frame.to_dicts())
        rows.frame = frame
        return rows

    def at(self, places: Sequence[int]) -> Rows:
        """The rows at those places, in that order."""
        rows = Rows([self[place] for place in places])
        rows.frame = None if self.frame is None else self.frame[places]
        return rows

    def column(self, name: str) -> Sequence[Any]:
        """The values of a column, in the order of the rows."""
        if self.frame is None:
            return self._columns[name]
        if name not in self._columns:
            self._columns[name] = self.frame[name].to_list()
        return self._columns[name]

    @cached_property
    def _columns(self) -> dict[str, Sequence[Any]]:
        if self.frame is not None:
            return {}
        names = list(self[0])
        return dict(zip(names, _taken(self, names), strict=True))


def parent_rows(data: ReportData) -> Rows:
    """Every parent as a JSON-able row, the dearest first, those without a total last.

    Dearest is by total cost, or, where there are several currencies, by shortfall in bps of paper.
    A parent that the measurement left out stays in the list with its reason; a value that is not a finite
    number is None.
    """
    measured = data.tca_parents.unique("parent_id", keep="last").with_columns(measured=pl.lit(True))
    asked = data.parents.unique("parent_id", keep="last").with_columns(asked=pl.lit(True))
    filled = data.fills.group_by("parent_id").agg(own=(pl.col("quantity") / pl.col("size_scale")).sum())
    both = asked.join(measured, on="parent_id", how="full", coalesce=True, suffix=_MEASURED)
    both = both.join(filled, on="parent_id", how="left")
    told = both.select("parent_id", **_told(set(asked.columns), set(measured.columns)))
    told = told.join(_zones(data, told), on=["symbol", "date"], how="left", nulls_equal=True)
    told = told.with_columns(_time(told, "arrival_ns"), _time(told, "end_ns"))
    floats = pl.selectors.float()
    return ranked(Rows.of(told.with_columns(pl.when(floats.is_finite()).then(floats)).select(_COLUMNS)))


def ranked(rows: Rows) -> Rows:
    """Rows with the dearest first, those without a cost last."""
    # Amounts of several currencies cannot be ranked against each other; basis points can.
    rank = "total_cost" if len({row["currency"] for row in rows}) <= 1 else "shortfall_bps_of_paper"
    keys = [(row[rank] is None, -(row[rank] or 0.0), row["parent_id"]) for row in rows]
    return rows.at(sorted(range(len(rows)), key=keys.__getitem__))


def _told(asked: set[str], measured: set[str]) -> dict[str, pl.Expr]:
    """What is told of an order, from its own row and what was measured, which are joined under these columns."""

    def of_measured(column: str) -> pl.Expr:
        return pl.col(column + _MEASURED if column in asked else column)

    def either(column: str) -> pl.Expr:
        found = [of_measured(column)] if column in measured else []
        return pl.coalesce(*found, *([pl.col(column)] if column in asked else []))

    def words(*texts: pl.Expr) -> pl.Expr:
        return pl.coalesce(*(pl.when(text != "").then(text) for text in texts))

    there = pl.col("measured").is_not_null()
    matched = pl.col("matched").fill_null(True)
    ordered = pl.coalesce(of_measured("ordered_shares"), pl.col("quantity") / pl.col("size_scale"))
    filled = pl.coalesce(of_measured("filled_shares"), pl.col("own")).fill_null(0.0)
    unmeasured = pl.when(matched).then(pl.lit("not measured")).otherwise(pl.lit("symbol not matched"))
    return {
        "symbol": either("symbol"),
        "raw_symbol": pl.col("raw_symbol"),
        "matched": matched,
        "date": either("date"),
        "side": pl.when(either("side") == BUY).then(pl.lit("buy")).otherwise(pl.lit("sell")),
        "algo": words(either("algo")).fill_null(NOT_STATED),
        "broker": either("broker"),
        "trader": pl.col("trader"),
        "currency": words(either("currency")).fill_null(NO_CURRENCY),
        "multiplier": pl.col("multiplier").fill_null(1.0),
        "priced": of_measured("priced").fill_null(False),
        "unpriced_reason": pl.when(there).then(of_measured("unpriced_reason")).otherwise(unmeasured),
        "ordered_shares": ordered,
        "filled_shares": filled,
        "fill_rate": pl.when(ordered != 0).then(filled / ordered),
        "limit_price": pl.col("limit_price") / pl.col("price_scale"),
        "decision_price": either("decision_price"),
        "arrival_ns": either("arrival_ns"),
        "end_ns": either("end_ns"),
        # What is measured of an order says first what its own row says.
        "notes": words(of_measured("notes"), pl.col("notes")),
    } | {column: of_measured(column).fill_null(0) if column == "fills" else of_measured(column) for column in _FROM_TCA}


def _zones(data: ReportData, told: pl.DataFrame) -> pl.DataFrame:
    keys = told.select("symbol", "date").unique()
    zones = [data.timezone_of(symbol, date) for symbol, date in keys.iter_rows()]
    return keys.with_columns(timezone=pl.Series(zones, dtype=pl.String))


def _time(told: pl.DataFrame, column: str) -> pl.Expr:
    """Instants as `format_time` writes them, each on its exchange's clock."""
    moment = pl.col(column).cast(pl.Datetime("ns", "UTC"))
    by_zone = [
        pl.when(pl.col("timezone") == zone).then(moment.dt.convert_time_zone(zone).dt.strftime(_ISO))
        for zone in told["timezone"].unique().sort().to_list()
    ]
    return pl.coalesce(*by_zone, pl.lit(None, pl.String)).alias(column.replace("_ns", "_time"))


def finite(value: Any) -> Any:
    """The value itself, None where it is a float that is not finite."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def values_of(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[Sequence[Any]]:
    """The values of each of several columns, in the order of the rows.

    >>> values_of([{"a": 1, "b": 2}, {"a": 3, "b": None}], ["b", "a"])
    [(2, None), (1, 3)]
    """
    if isinstance(rows, Rows) and rows:
        return [rows.column(name) for name in names]
    return _taken(rows, names)


def _taken(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[Sequence[Any]]:
    if len(names) < 2:
        return [tuple(row[name] for row in rows) for name in names]
    # Row by row: what a row holds lies together in memory.
    return list(zip(*map(itemgetter(*names), rows), strict=True)) if rows else [()] * len(names)


def rate_of(row: Mapping[str, Any]) -> float | None:
    """What a unit of the currency that an order was traded in is worth in its row's; None where no rate says.

    >>> rate_of({"currency": "EUR"}), rate_of({"exchange_rate": None})
    (1.0, None)
    """
    rate: float | None = row.get("exchange_rate", 1.0)
    return rate


def rates_of(rows: Sequence[Mapping[str, Any]]) -> list[float | None]:
    """`rate_of` each of the rows.

    >>> rates_of([{"currency": "EUR"}, {"exchange_rate": 1.1}])
    [1.0, 1.1]
    """
    return [row.get("exchange_rate", 1.0) for row in rows]
