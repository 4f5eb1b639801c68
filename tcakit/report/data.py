"""What a report is made of: the rows of one run, handed over by `jobs`; nothing here opens a store."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tcakit.errors import DataError
from tcakit.market import schema
from tcakit.market.day import MarketDay
from tcakit.report.depth import DepthGrid

if TYPE_CHECKING:
    import polars as pl

_TABLE_OF_FIELD = {
    "parents": schema.PARENTS,
    "orders": schema.ORDERS,
    "fills": schema.FILLS,
    "tca_parents": schema.TCA_PARENTS,
    "tca_fills": schema.TCA_FILLS,
    "markouts": schema.TCA_MARKOUTS,
    "benchmarks": schema.TCA_BENCHMARKS,
    "files": schema.FILES,
    "faults": schema.FAULTS,
    "estimates": schema.ESTIMATES,
}
_JSON_OF_RUN = {"config": dict, "data_keys": list, "versions": dict, "notes": list}


@dataclass(frozen=True, slots=True)
class PageChoice:
    """What stands on the page: the template's name, more sections, and orders to open besides dearest and cheapest.

    Templates and sections are names of the house or "package.module:NAME" (see `report.sections`).
    """

    template: str = "tca"
    sections: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """What was asked of a report beside its dates: the condition on orders as written, one more table by these
    dimensions, and the currency of all sums with its rates, (date, currency) -> value, date, source and how, or None
    where there is none.
    """

    where: str | None = None
    by: tuple[str, ...] = ()
    currency: str | None = None
    rates: Mapping[tuple[str, str], Mapping[str, Any] | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Previous:
    """The period before a report's own: its dates, what it is in words (why there is none, where `data` is None), and
    its rows.
    """

    what: str
    date_from: str | None = None
    date_to: str | None = None
    data: ReportData | None = None


@dataclass(frozen=True, slots=True)
class ReportData:
    """Everything one report shows.

    `run` is a row of `runs` with its JSON columns parsed (see `run_of_row`); the frames are rows of the tables
    of `market.schema` named like the fields (`markouts` is `tca_markouts`, `benchmarks` is `tca_benchmarks`, without
    rows for runs that were measured before it was kept). `markets` gives the quotes of a
    (symbol, date) for the drill-down and may lack entries; `order_event_counts` counts rows of `order_events`
    by event; `titles` may hold `title`, `subtitle`, `client` and `prepared_by`. `checks` are rows (date, symbol, venue,
    check, count, worst, unit) of what was looked for in the market data, `clocks` each broker's clock offset (broker,
    offset_s, low_s, high_s, inside_before, inside_after, fills, applied_s, and `ground`, what they rest on: see
    `jobs.align`). `known_before` has parent_id and columns of
    `tca.order_facts.KNOWN_BEFORE`, `tags` parent_id and the desk's own columns as texts; `half_spreads_in_estimates`
    says by fit_id (None: published models) how many half spreads are in an estimate. `depth` is the displayed book
    around some parents, by parent_id, and `page` says what stands on the page. `previous` is the period before, with
    its rows of parents, fills and `tca_parents`; None where nobody looked for one. `curves` say by currency what a
    model expects of an order of median length that takes more or less of the volume. Raises DataError when a frame
    lacks a column of its table.
    """

    run: dict[str, Any]
    parents: pl.DataFrame
    orders: pl.DataFrame
    fills: pl.DataFrame
    tca_parents: pl.DataFrame
    tca_fills: pl.DataFrame
    markouts: pl.DataFrame
    files: pl.DataFrame
    faults: pl.DataFrame
    markets: Mapping[tuple[str, str], MarketDay] = field(default_factory=dict)
    order_event_counts: Mapping[str, int] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    checks: Sequence[Mapping[str, Any]] = ()
    clocks: Sequence[Mapping[str, Any]] = ()
    estimates: pl.DataFrame = field(default_factory=schema.ESTIMATES.empty)
    depth: Mapping[str, DepthGrid] = field(default_factory=dict)
    page: PageChoice = field(default_factory=PageChoice)
    scope: Scope = field(default_factory=lambda: Scope())
    known_before: pl.DataFrame | None = None
    tags: pl.DataFrame | None = None
    half_spreads_in_estimates: Mapping[str | None, float] = field(default_factory=dict)
    benchmarks: pl.DataFrame = field(default_factory=schema.TCA_BENCHMARKS.empty)
    previous: Previous | None = None
    curves: Sequence[Mapping[str, Any]] = ()

    def __post_init__(self) -> None:
        for name, table in _TABLE_OF_FIELD.items():
            object.__setattr__(self, name, table.conform(getattr(self, name)))

    @property
    def tag_names(self) -> list[str]:
        """The desk's own columns, where the report has some."""
        return [] if self.tags is None else [name for name in self.tags.columns if name != "parent_id"]

    def timezone_of(self, symbol: str, date: str) -> str:
        """The zone to show that symbol's times in: its exchange's, else this report's only one, else UTC."""
        day = self.markets.get((symbol, date))
        if day is not None:
            return day.instrument.timezone
        of_symbol = {held.instrument.timezone for (name, _), held in self.markets.items() if name == symbol}
        zones = of_symbol or {held.instrument.timezone for held in self.markets.values()}
        return zones.pop() if len(zones) == 1 else "UTC"


def run_of_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `runs` with its JSON columns parsed; DataError if one of them is no JSON of the right kind.

    >>> run_of_row({"run_id": "r1", "notes": '["default volume curve"]'})["notes"]
    ['default volume curve']
    """
    run = dict(row)
    for name, kind in _JSON_OF_RUN.items():
        text = run.get(name)
        try:
            value = kind() if text is None else json.loads(text) if isinstance(text, str) else text
        except ValueError as error:
            raise DataError(f"column {name!r} holds no JSON: {error}", place="runs") from error
        if not isinstance(value, kind):
            raise DataError(f"column {name!r} holds no JSON {kind.__name__}", place="runs")
        run[name] = value
    return run
