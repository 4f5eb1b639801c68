"""The numbers of a report as tables, one list of them for the workbook, the Markdown page and the table files.

Every number of the summary stands in one of them: tables that a reader looks for have names and columns of their own,
and whatever else a summary holds, however deep, becomes a table named after where it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tcakit.report.dimensions import NAMES
from tcakit.report.wording import MEASURE_NAMES

Row = dict[str, Any]
_FIRST_ORDER_COLUMNS = (
    *("parent_id", "symbol", "date", "side", "algo", "broker", "trader", "currency", "ordered_shares", "filled_shares"),
    *("total_cost", "shortfall_bps_of_paper", "arrival_bps_of_executed", "vwap_bps_of_executed"),
)
_OF_THE_WHOLE = (
    *("titles", "run", "period", "symbols", "counts", "sign_convention", "denominators", "intervals", "scope"),
    *("summary_version", "data_keys", "evidence"),
)
_OWN_TABLES = frozenset({*_OF_THE_WHOLE, "currencies", "parents", "groups", "quality", "benchmarks", "versions"})
_NAMES = {
    "order_benchmarks": "Order benchmarks",
    "executive measures": "Executive summary",
    "executive estimate": "Against estimate",
    "executive drivers groups": "Drivers",
    "executive drivers orders": "Dearest orders",
    "benchmark_costs measures": "Further benchmarks",
    "benchmark_costs splits executed steps": "Shortfall, executed basis",
    "benchmark_costs splits order steps": "Shortfall, order basis",
    "benchmark_costs splits timestamps steps": "Shortfall, four timestamps",
    "benchmark_costs splits days steps": "Shortfall, day by day",
    "estimates points": "Estimates by order",
    "outliers orders": "Outlying orders",
    "control rows": "Control limits",
    "tests rows": "Tests by pair",
    "tests groups": "Difficulty-adjusted",
    "tests pairs": "Difficulty-adjusted by pair",
}
"""Names of tables that would otherwise be called after where they stand."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table: its name, the names of its columns, and its rows of words, numbers and None."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def sheets_of(summary: Mapping[str, Any]) -> list[Sheet]:
    """Every table of a summary: what it is of, costs and their parts, algorithms, orders, groups, quality, all else.

    No number is lost: lists of rows inside rows become tables of their own, with the words that say whose they are.
    """
    found = [_pairs("Report", _control(summary))]
    first, later = _currencies(summary["currencies"])
    found += first
    found.append(_orders(summary["parents"]))
    rest = {name: value for name, value in summary.items() if name not in _OWN_TABLES}
    tables = _Tables()
    loose = {name: value for name, value in rest.items() if not isinstance(value, Mapping | list)}
    for name, value in rest.items():
        if name not in loose:
            tables.add(name, value, {})
    found += later
    found += _groups(summary["groups"], len(summary["currencies"]) > 1)
    found += tables.sheets()
    flat, deep, series = _flat(summary["quality"])
    quality = _Tables()
    for name, value in (deep | series).items():
        quality.add(f"quality {name}", value, {})
    found += [_pairs("Quality", list(flat.items())), *quality.sheets(), _table("Benchmarks", summary["benchmarks"])]
    if loose:
        found.append(_pairs("Other", [(name, value) for name, value in loose.items()]))
    return [sheet for sheet in found if sheet.rows]


def words(value: Any) -> Any:
    """A cell: numbers, words and None as they are, anything else as words.

    >>> words(["a", "b"]), words(0.5), words(None)
    ('a, b', 0.5, None)
    """
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {words(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(str(words(item)) for item in value)
    return value if value is None or isinstance(value, int | float | bool) else str(value)


class _Tables:
    """Tables by name, made of whatever a summary holds."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {}

    def add(self, name: str, value: Any, owner: Row) -> None:
        """A value that stands at `name`; `owner` are the words that say whose it is, the first columns of its rows."""
        if isinstance(value, Mapping):
            self._add_row(name, value, owner)
        elif isinstance(value, list | tuple):
            self._add_list(name, value, owner)

    def _add_list(self, name: str, values: Sequence[Any], owner: Row) -> None:
        if all(isinstance(value, Mapping) for value in values):
            for value in values:
                self._add_row(name, value, owner)
            return
        for place, value in enumerate(values):
            here = owner | {"place": place}
            if isinstance(value, Mapping | list | tuple):
                self.add(name, value, here)
            elif value is not None:
                self.rows.setdefault(name, []).append(here | {"value": value})

    def _add_row(self, name: str, row: Mapping[str, Any], owner: Row) -> None:
        flat, deep, series = _flat(row)
        if flat:
            self.rows.setdefault(name, []).append(owner | flat)
        own = owner | {key: value for key, value in flat.items() if _names(key, value)}
        if series:
            longest = max(len(values) for values in series.values())
            for place in range(longest):
                cells = {key: values[place] if place < len(values) else None for key, values in series.items()}
                self.rows.setdefault(f"{name} by place", []).append(own | {"place": place} | cells)
        for key, value in deep.items():
            self.add(f"{name} {key}", value, own)

    def sheets(self) -> list[Sheet]:
        return [_table(_NAMES.get(name, _title(name)), rows) for name, rows in self.rows.items()]


def _names(key: str, value: Any) -> bool:
    """Whether a cell says what its row is of: words of the row itself, not too many."""
    return isinstance(value, str) and 0 < len(value) < 80 and " " not in key


def _title(name: str) -> str:
    return name[:1].upper() + name[1:].replace("_", " ")


def _flat(row: Mapping[str, Any], before: str = "") -> tuple[Row, Row, dict[str, list[Any]]]:
    """A row's cells (what a mapping holds becomes columns of its own), what needs tables of its own, and its lists of
    numbers."""
    flat: Row = {}
    deep: Row = {}
    series: dict[str, list[Any]] = {}
    for name, value in row.items():
        key = f"{before}{name}"
        if isinstance(value, Mapping):
            inner = _flat(value, f"{key} ")
            for mine, its in zip((flat, deep, series), inner, strict=True):
                mine.update(its)
        elif isinstance(value, list | tuple) and any(isinstance(item, Mapping | list | tuple) for item in value):
            deep[key] = value
        elif isinstance(value, list | tuple) and any(isinstance(item, int | float) for item in value):
            series[key] = list(value)
        else:
            flat[key] = words(value)
    return flat, deep, series


def _control(summary: Mapping[str, Any]) -> list[tuple[str, Any]]:
    rows = [(name, value) for name, value in summary["titles"].items() if value]
    rows += list(summary["run"].items())
    rows += [(name, summary["period"][name]) for name in ("from", "to", "days")]
    rows += [("symbols", words(summary["symbols"])), *summary["counts"].items()]
    rows += [(name, summary[name]) for name in ("sign_convention", "denominators", "intervals")]
    rows += [(name, value) for name, value in (summary.get("scope") or {}).items() if value]
    rows += [("summary_version", summary["summary_version"])]
    rows += [(name, value) for name, value in (summary.get("evidence") or {}).items()]
    rows += [(f"version of {name}", value) for name, value in summary["versions"].items()]
    return rows + [("data key", key) for key in summary["data_keys"]]


def _currencies(currencies: Mapping[str, Mapping[str, Any]]) -> tuple[list[Sheet], list[Sheet]]:
    """The tables of every currency's block: those read first, and the rest."""
    blocks = list(currencies.items())
    costs = [
        (currency, MEASURE_NAMES.get(name, name), name, stat["value"], stat["low"], stat["high"], stat["n"])
        for currency, block in blocks
        for name, stat in block["measures"].items()
    ]
    totals = [
        {"currency": currency, **block["totals"], **block["shares"], "headline": block["headline"]}
        for currency, block in blocks
    ]
    parts = [{"currency": currency, **step} for currency, block in blocks for step in block["waterfall"]]
    algorithms = [{"currency": currency, **_flat(row)[0]} for currency, block in blocks for row in block["algos"]]
    first = [
        Sheet("Costs", ("currency", "measure", "unit", "bps", "low", "high", "orders"), tuple(costs)),
        _table("Totals", totals),
        _table("Shortfall", parts),
        _table("Algorithms", [_short(row) for row in algorithms]),
        _markouts(blocks),
        _table("Heat maps", [row for currency, block in blocks for row in _heatmap_rows(currency, block["heatmaps"])]),
    ]
    known = {"currency", "totals", "measures", "shares", "waterfall", "algos", "markouts", "heatmaps", "headline"}
    tables = _Tables()
    for currency, block in blocks:
        for name, value in block.items():
            if name not in known:
                tables.add(name, value, {"currency": currency})
    return first, tables.sheets()


def _short(row: Row) -> Row:
    """Names of columns without what stands before every one of them."""
    out: Row = {}
    for name, value in row.items():
        kind, _, rest = name.partition(" ")
        out[(rest if kind in ("totals", "measures", "shares") else name).removesuffix(" value")] = value
    return out


def _markouts(blocks: Sequence[tuple[str, Mapping[str, Any]]]) -> Sheet:
    rows = [
        {"currency": currency, "fills_of": kind, **point}
        for currency, block in blocks
        for kind, curve in block["markouts"].items()
        for point in curve
    ]
    sheet = _table("Markouts", rows)
    titles = {"value": "bps_of_price", "n": "orders"}
    return Sheet(sheet.name, tuple(titles.get(name, name) for name in sheet.columns), sheet.rows)


def _heatmap_rows(currency: str, grids: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    for grid in grids:
        for down, cells in zip(grid["rows"], grid["cells"], strict=True):
            for across, cell in zip(grid["columns"], cells, strict=True):
                if cell is not None:
                    yield {"currency": currency, "map": grid["name"], "row": down, "column": across, **cell}


def _groups(groups: Sequence[Mapping[str, Any]], several: bool) -> list[Sheet]:
    """A table a set of dimensions: a row a cell, the total last, all currencies in one."""
    tables: dict[str, list[Row]] = {}
    for table in groups:
        name = "By " + ", ".join(NAMES.get(word, word) for word in table["by"])
        about = {key: value for key, value in table.items() if not isinstance(value, Mapping | list) and key != "asked"}
        if not several:
            del about["currency"]
        for cell in [*table["cells"], table["total"]]:
            key = {word: cell["key"].get(word) if cell["key"] else "all" for word in table["by"]}
            rest = _flat({column: value for column, value in cell.items() if column != "key"})[0]
            tables.setdefault(name, []).append(key | _short(rest) | about)
    return [_table(name, rows) for name, rows in tables.items()]


def _orders(parents: Sequence[Row]) -> Sheet:
    sheet = _table("Orders", [_flat(row)[0] for row in parents])
    first = [name for name in _FIRST_ORDER_COLUMNS if name in sheet.columns]
    order = [sheet.columns.index(name) for name in (*first, *(n for n in sheet.columns if n not in first))]
    return Sheet(
        sheet.name,
        tuple(sheet.columns[place] for place in order),
        tuple(tuple(row[p] for p in order) for row in sheet.rows),
    )


def _table(name: str, rows: Sequence[Mapping[str, Any]]) -> Sheet:
    columns = tuple(dict.fromkeys(column for row in rows for column in row))
    return Sheet(name, columns, tuple(tuple(words(row.get(column)) for column in columns) for row in rows))


def _pairs(name: str, rows: Sequence[tuple[str, Any]]) -> Sheet:
    return Sheet(name, ("what", "value"), tuple((what, words(value)) for what, value in rows))
