"""The numbers of a report as tables, one list of them for the workbook, the Markdown page and the table files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tcakit.report.wording import MEASURE_NAMES

_FIRST_ORDER_COLUMNS = (
    *("parent_id", "symbol", "date", "side", "algo", "broker", "trader", "currency", "ordered_shares", "filled_shares"),
    *("total_cost", "shortfall_bps_of_paper", "arrival_bps_of_executed", "vwap_bps_of_executed"),
)
_LEFT_OUT = frozenset(
    {"titles", "run", "period", "counts", "currencies", "parents", "benchmarks", "config", "versions"}
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table: its name, the names of its columns, and its rows of words, numbers and None."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def sheets_of(summary: Mapping[str, Any]) -> list[Sheet]:
    """Every table of a summary: what it is of, costs and their parts, algorithms, markouts, orders, quality.

    A list of rows under a key that this file does not know becomes a table of that name, so that no number is lost.
    """
    found = [_pairs("Report", _control(summary)), _costs(summary), _parts(summary), _algorithms(summary)]
    found += [_markouts(summary), _orders(summary)]
    found += [
        _table(" ".join(str(part) for part in path), rows)
        for path, rows in _lists({name: value for name, value in summary.items() if name not in _LEFT_OUT})
    ]
    quality = [(name, value) for name, value in summary["quality"].items() if not isinstance(value, list | dict)]
    found += [_pairs("Quality", quality), _table("Benchmarks", summary["benchmarks"])]
    return [sheet for sheet in found if sheet.rows]


def words(value: Any) -> Any:
    """A cell: numbers, words and None as they are, anything else as words.

    >>> words(["a", 1]), words(0.5), words(None)
    ('a, 1', 0.5, None)
    """
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {words(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(str(words(item)) for item in value)
    return value if value is None or isinstance(value, int | float | bool) else str(value)


def _control(summary: Mapping[str, Any]) -> list[tuple[str, Any]]:
    rows = [(name, value) for name, value in summary["titles"].items() if value]
    rows += [(name, summary["run"][name]) for name in ("run_id", "kind", "created")]
    rows += [(name, summary["period"][name]) for name in ("from", "to", "days")]
    rows += [("symbols", words(summary["symbols"])), *summary["counts"].items()]
    rows += [(name, summary[name]) for name in ("sign_convention", "denominators", "intervals")]
    rows += [(f"version of {name}", value) for name, value in summary["versions"].items()]
    return rows


def _costs(summary: Mapping[str, Any]) -> Sheet:
    rows = [
        (currency, MEASURE_NAMES.get(name, name), name, stat["value"], stat["low"], stat["high"], stat["n"])
        for currency, block in summary["currencies"].items()
        for name, stat in block["measures"].items()
    ]
    return Sheet("Costs", ("currency", "measure", "unit", "bps", "low", "high", "orders"), tuple(rows))


def _parts(summary: Mapping[str, Any]) -> Sheet:
    rows = [
        (currency, step["name"], step["cost"], step["bps_of_paper"], step["meaning"])
        for currency, block in summary["currencies"].items()
        for step in block["waterfall"]
    ]
    return Sheet("Shortfall", ("currency", "part", "cost", "bps_of_paper", "meaning"), tuple(rows))


def _algorithms(summary: Mapping[str, Any]) -> Sheet:
    measures = tuple(MEASURE_NAMES)
    rows = [
        (
            currency,
            row["algo"],
            *(row["totals"][name] for name in ("parents", "fills", "paper_notional", "total_cost")),
            *(row["measures"][name][part] for name in measures for part in ("value", "low", "high", "n")),
            *row["shares"].values(),
        )
        for currency, block in summary["currencies"].items()
        for row in block["algos"]
    ]
    parts = tuple(
        f"{name} {part}".removesuffix(" value") for name in measures for part in ("value", "low", "high", "n")
    )
    shares = ("fill_rate_of_paper", "participation_of_market_notional", "maker_fraction_of_executed")
    head = ("currency", "algo", "orders", "fills", "paper_notional", "total_cost")
    return Sheet("Algorithms", (*head, *parts, *shares), tuple(rows))


def _markouts(summary: Mapping[str, Any]) -> Sheet:
    columns = ("horizon_s", "value", "low", "high", "n", "fills")
    rows = [
        (currency, kind, *(point[name] for name in columns))
        for currency, block in summary["currencies"].items()
        for kind, curve in block["markouts"].items()
        for point in curve
    ]
    return Sheet(
        "Markouts", ("currency", "fills_of", "horizon_s", "bps_of_price", "low", "high", "orders", "fills"), tuple(rows)
    )


def _orders(summary: Mapping[str, Any]) -> Sheet:
    sheet = _table("Orders", summary["parents"])
    first = [name for name in _FIRST_ORDER_COLUMNS if name in sheet.columns]
    order = [sheet.columns.index(name) for name in (*first, *(n for n in sheet.columns if n not in first))]
    return Sheet(
        sheet.name,
        tuple(sheet.columns[place] for place in order),
        tuple(tuple(row[p] for p in order) for row in sheet.rows),
    )


def _lists(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Sequence[Mapping[str, Any]]]]:
    """Every list of rows inside a value, with where it stands."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _lists(item, (*path, name))
    elif isinstance(value, list) and value and all(isinstance(row, Mapping) for row in value):
        yield path, value


def _table(name: str, rows: Sequence[Mapping[str, Any]]) -> Sheet:
    flat = [_flat(row) for row in rows]
    columns = tuple(dict.fromkeys(column for row in flat for column in row))
    return Sheet(name, columns, tuple(tuple(row.get(column) for column in columns) for row in flat))


def _flat(row: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """A row whose cells are words and numbers: what a mapping holds becomes columns of its own."""
    out: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            out |= _flat(value, f"{before}{name} ")
        else:
            out[f"{before}{name}"] = words(value)
    return out


def _pairs(name: str, rows: Sequence[tuple[str, Any]]) -> Sheet:
    return Sheet(name, ("what", "value"), tuple((what, words(value)) for what, value in rows))
