"""One order's numbers, each as its formula with the numbers in it, from the same fills and quotes as the evidence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import polars as pl

from tcakit.errors import UsageError
from tcakit.market.clock import format_time
from tcakit.registry import nearest
from tcakit.report.benchmark_inputs import benchmark_letters
from tcakit.report.data import ReportData
from tcakit.report.inputs import MarketInputs, market_inputs
from tcakit.report.wording import number
from tcakit.tca.benchmark_formulas import BENCHMARK_FORMULAS, BENCHMARK_LETTERS
from tcakit.tca.formulas import FORMULAS, LETTERS, Formula

if TYPE_CHECKING:
    from rich.console import Console

_MEANINGS = LETTERS | BENCHMARK_LETTERS


def explain(data: ReportData, order: str, metric: str | None = None) -> dict[str, Any]:
    """The formulas of one order (of one column, or of all) with their numbers, as a JSON-able dict.

    Columns are those of `tca_parents` and, where the run has them, of `tca_benchmarks`.

    Each row has metric, name, formula, worked (the formula with its numbers), letters (value and meaning), value,
    reported (what stands in the report), unit, of, source, and `agrees`, None where either is missing. UsageError for
    an order or a column that is not there.
    """
    held = {row["parent_id"]: row for row in data.tca_parents.iter_rows(named=True)}
    if order not in held:
        known = [*held, *data.parents["parent_id"].to_list()]
        guess = nearest(order, [name for name in known if name != order])
        said = "was not measured: its symbol was not matched" if order in known else "is not in the report"
        raise UsageError(
            f"order {order!r} {said}",
            place="--explain",
            remedy=f"did you mean {guess!r}?" if guess else "name another order",
        )
    formulas = FORMULAS | BENCHMARK_FORMULAS
    if metric is not None and metric not in formulas:
        guess = nearest(metric, list(formulas))
        hint = f"did you mean {guess!r}? " if guess else ""
        raise UsageError(f"no metric {metric!r}", place="--metric", remedy=f"{hint}known are {', '.join(formulas)}")
    row = held[order]
    found = market_inputs(data, order)
    further = benchmark_letters(data, order)
    numbers = letters_of(data, row, found)
    if further is None:
        formulas = FORMULAS
        if metric in BENCHMARK_FORMULAS:
            raise UsageError(
                f"order {order!r} was measured without further benchmarks, so that {metric} is not known of it",
                place="--metric",
                remedy="measure it again, or name a metric of tca_parents",
            )
    else:
        numbers |= {letter: value for letter, value in further.items() if value is not None}
        row |= data.benchmarks.filter(pl.col("parent_id") == order).drop("notes").row(0, named=True)
    wanted = formulas.values() if metric is None else [formulas[metric]]
    return {
        "order": order,
        "symbol": row["symbol"],
        "date": row["date"],
        "side": "buy" if row["side"] > 0 else "sell",
        "currency": row["currency"],
        "unpriced_reason": row["unpriced_reason"],
        "notes": row["notes"],
        "quotes": _quotes(found, data.timezone_of(row["symbol"], row["date"])),
        "formulas": [_row(formula, numbers, row) for formula in wanted],
    }


def letters_of(data: ReportData, row: dict[str, Any], found: MarketInputs | None) -> dict[str, float | None]:
    """Every letter of the formulas for one order: its own fills' sums, and what the market said."""
    order = row["parent_id"]
    asked = next(data.parents.filter(pl.col("parent_id") == order).iter_rows(named=True), {})
    usable = (pl.col("quantity") > 0) & (pl.col("size_scale") > 0) & (pl.col("price_scale") > 0)
    fills = data.fills.filter(pl.col("parent_id") == order).filter(usable)
    mids = fills.select("fill_id").join(
        data.tca_fills.unique("fill_id"), on="fill_id", how="left", maintain_order="left"
    )
    shares = [q / scale for q, scale in fills.select("quantity", "size_scale").iter_rows()]
    prices = [p / scale for p, scale in fills.select("price", "price_scale").iter_rows()]
    at_fills = mids["mid_at_fill"].to_list()
    filled = math.fsum(shares)
    known_fees = [fee for fee in fills["fee"].to_list() if fee is not None]
    passive = [size for size, kind in zip(shares, fills["liquidity"].to_list(), strict=True) if kind == "maker"]
    numbers: dict[str, float | None] = {
        "s": float(row["side"]),
        "S": row["ordered_shares"],
        "S_q": max(row["ordered_shares"], filled) if filled < row["ordered_shares"] * (1 - 1e-12) else filled,
        "Q": filled,
        "paid": math.fsum(size * price for size, price in zip(shares, prices, strict=True)),
        "at_mid": None
        if not shares or None in at_fills
        else math.fsum(size * mid for size, mid in zip(shares, at_fills, strict=True)),
        "passive": None if fills["liquidity"].null_count() else math.fsum(passive),
        "M": asked.get("multiplier") or 1.0,
        "F": row["fees"] or 0.0,
        "fees_of_order": asked.get("fees") if known_fees else asked.get("fees") or row["fees"],
        "fees_of_fills": math.fsum(known_fees) if known_fees else 0.0,
        "P": row["average_price"],
        "P_d": row["decision_price"],
        "P_0": row["arrival_price"],
        "P_n": row["end_price"],
        "P_c": row["close_price"],
        "VWAP": row["interval_vwap"],
        "TWAP": row["twap"],
        "total": row["total_cost"],
    }
    if known_fees and numbers["fees_of_order"] is None:
        numbers["fees_of_order"] = 0.0
    return numbers | _market_letters(found)


def _market_letters(found: MarketInputs | None) -> dict[str, float | None]:
    if found is None:
        return {}
    out: dict[str, float | None] = {
        "price_scale": float(found.price_scale),
        "size_scale": float(found.size_scale),
    }
    for letter, quote in (("0", found.arrival), ("n", found.end), ("c", found.close)):
        if quote is not None:
            out |= {f"bid_{letter}": quote[1], f"ask_{letter}": quote[2]}
    for letter, sums in (("I", found.interval), ("W", found.window)):
        if sums is not None and sums[3]:
            out |= {f"volume_{letter}": float(sums[3]), f"traded_{letter}": float(sums[4])}
    if found.twap is not None:
        out |= {"covered": float(found.twap[2]), "base": found.twap[3], "area": found.twap[4]}
    return out


def _row(formula: Formula, numbers: dict[str, float | None], row: dict[str, Any]) -> dict[str, Any]:
    value, reported = formula.value(numbers), row[formula.column]
    if value == 0.0 and reported is None and "?" in formula.worked(numbers):
        value = None  # nothing times what is missing is no cost that anybody measured
    agrees = None
    if value is not None and reported is not None:
        scale = 0.0 if formula.unit in ("bps", "fraction") else row["paper_notional"] or 0.0
        agrees = math.isclose(value, reported, rel_tol=1e-9, abs_tol=1e-11 * scale + 1e-8)
    return {
        "metric": formula.column,
        "name": formula.name,
        "formula": formula.text,
        "worked": formula.worked(numbers),
        "letters": {
            letter: {"value": numbers.get(letter), "meaning": _MEANINGS[letter]} for letter in formula.letters()
        },
        "value": value,
        "reported": reported,
        "agrees": agrees,
        "unit": formula.unit,
        "of": formula.of or None,
        "source": formula.source,
    }


def _quotes(found: MarketInputs | None, zone: str) -> dict[str, dict[str, Any]]:
    """The quotes that the order's prices are of, with their own times."""
    named = {} if found is None else {"decision": found.decision, "arrival": found.arrival, "end": found.end}
    return {
        name: {"time": format_time(quote[0], zone), "bid": quote[1], "ask": quote[2]}
        for name, quote in named.items()
        if quote is not None
    }


def print_explained(told: dict[str, Any], console: Console) -> None:
    """Print what `explain` gave: a paragraph a number."""
    from rich.text import Text

    from tcakit.report.terminal import printable

    def say(text: str, style: str = "") -> None:
        console.print(Text(printable(text), style=style))

    say(f"{told['order']}: {told['side']} {told['symbol']} on {told['date']}", "bold")
    if told["unpriced_reason"]:
        say(f"not priced: {told['unpriced_reason']}", "yellow")
    if told["notes"]:
        say(f"note: {told['notes']}", "yellow")
    for name, quote in told["quotes"].items():
        say(f"{name}: quote of {quote['time']}, bid {quote['bid']!r}, offer {quote['ask']!r}")
    for row in told["formulas"]:
        of = f" of {row['of']}" if row["of"] else ""
        unit = told["currency"] or row["unit"] if row["unit"] == "currency" else row["unit"]
        console.print()
        say(f"{row['name']} ({row['metric']}), {unit}{of}", "bold")
        say(f"  = {row['formula']}")
        say(f"  = {row['worked']}")
        value = "cannot be worked out: something is missing" if row["value"] is None else number(row["value"], 6)
        said = "" if row["agrees"] in (True, None) else f"; the report says {row['reported']!r}"
        say(f"  = {value}{said}", "red" if said else "")
        for letter, held in row["letters"].items():
            known = "?" if held["value"] is None else f"{held['value']:.15g}"
            say(f"      {letter} = {known}  {held['meaning']}", "dim")
        say(f"      {row['source']}", "dim")
