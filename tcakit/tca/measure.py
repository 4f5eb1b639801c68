"""The one measuring of orders, replayed or real: parents, fills and market days in, `tca_*` tables out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from tcakit.errors import TcakitError
from tcakit.market.clock import NS_PER_SECOND
from tcakit.market.codes import BUY, SELL
from tcakit.market.day import MarketDay
from tcakit.market.numbers import known
from tcakit.market.schema import FILLS, PARENTS, TCA_BENCHMARKS, TCA_PARENTS
from tcakit.tca.benchmark_context import BenchmarkContext
from tcakit.tca.child_columns import child_totals
from tcakit.tca.measure_benchmarks import measure_benchmarks
from tcakit.tca.measure_fills import measure_fills
from tcakit.tca.measure_parents import MISSING_NS, MarketPrices, exact_sums, fill_totals, market_prices
from tcakit.tca.shortfall import Shortfall, bps, shortfall_of_sums
from tcakit.tca.symbol_columns import with_facts

_STEPS_TOLD = 3
# ISO 4217 for "no currency": what a file gives that does not say one.
NO_CURRENCY = "X" * 3


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run cost: frames of the tables `tca_parents`, `tca_fills`, `tca_markouts`, notes on the whole run, and the
    frame of `tca_benchmarks` (without rows where it was not asked for).
    """

    parents: pl.DataFrame
    fills: pl.DataFrame
    markouts: pl.DataFrame
    notes: tuple[str, ...] = ()
    benchmarks: pl.DataFrame = field(default_factory=TCA_BENCHMARKS.empty)


def measure(
    parents: pl.DataFrame,
    fills: pl.DataFrame,
    markets: Mapping[tuple[str, str], MarketDay],
    *,
    run_id: str,
    restated: Mapping[tuple[str, str], float] | None = None,
    context: BenchmarkContext | None = None,
) -> Measured:
    """Cost of every parent order, spreads and markouts of every fill.

    `parents` and `fills` follow the tables of those names (run_id may be absent; it is set to `run_id`);
    `markets` is keyed by (symbol, date). An order that contradicts itself, or that no market data cover,
    keeps its row, with the reason in `unpriced_reason` or `notes`; it stops nothing. Raises DataError
    only where a frame lacks a column. Money of a parent with a `multiplier` is multiplied by it, except fees, which are
    money already. `restated` says by (fill_id, date) what factor a fill's price was brought to the shares of its
    order's arrival with, after a split; the quotes of its day are brought there too. With a `context` the table
    `tca_benchmarks` is made as well.
    """
    parents = PARENTS.conform(parents.with_columns(run_id=pl.lit(run_id)))
    fills = FILLS.conform(fills.with_columns(run_id=pl.lit(run_id)))
    foreign = in_another_currency(parents, markets)
    by_fill = measure_fills(_out_of_market(fills, foreign), markets, run_id, restated)
    joined = parents.join(fill_totals(parents, fills, by_fill.fills), on="parent_id", how="left", maintain_order="left")
    first = joined["first_fill_latest_ns"].fill_null(MISSING_NS).to_numpy()
    last = joined["last_fill_ns"].fill_null(MISSING_NS).to_numpy()
    latest = joined["latest_fill_ns"].fill_null(MISSING_NS).to_numpy()
    ordered = joined["quantity"] / joined["size_scale"]
    complete = (joined["filled"].fill_null(0.0) >= ordered * (1 - 1e-12)).fill_null(False).to_numpy()
    ends = {} if context is None else context.ends
    prices = market_prices(_out_of_market(parents, foreign), markets, first, last, latest, complete, ends)
    repeated = {name for name, times in Counter(parents["parent_id"].to_list()).items() if times > 1}
    rows = [
        _measure_parent(row, place, prices, repeated, foreign) for place, row in enumerate(joined.iter_rows(named=True))
    ]
    frame = pl.DataFrame(rows, schema=TCA_PARENTS.polars_schema()).with_columns(pl.lit(run_id).alias("run_id"))
    costs = TCA_PARENTS.conform(frame)
    benchmarks = TCA_BENCHMARKS.empty()
    if context is not None:
        # An order that contradicts itself has no market columns: it meets no market here either.
        apart = foreign | {str(row["parent_id"]): "" for row in rows if "arrival_price" not in row}
        children = child_totals(parents, fills, by_fill.markouts, context.orders)
        met = _out_of_market(parents, apart)
        theirs = fills.filter(~pl.col("parent_id").is_in(list(apart))) if apart else fills
        benchmarks = measure_benchmarks(met, costs, prices, children, markets, context, theirs, restated)
        if context.facts is not None:
            benchmarks = with_facts(benchmarks, costs, context.facts, markets)
    return Measured(costs, by_fill.fills, by_fill.markouts, _run_notes(parents, fills), benchmarks)


def in_another_currency(parents: pl.DataFrame, markets: Mapping[tuple[str, str], MarketDay]) -> dict[str, str]:
    """Parents whose currency is not their market's, and why they cannot be set against it."""
    apart = []
    for symbol, date, own in parents.select("symbol", "date", "currency").unique().iter_rows():
        its = markets[symbol, date].instrument.currency if (symbol, date) in markets else None
        if own and its and NO_CURRENCY not in (own, its) and own != its:
            apart.append((symbol, date, own, f"the order is in {own}, the market data in {its}"))
    schema = dict.fromkeys(("symbol", "date", "currency", "why"), pl.String)
    why = pl.DataFrame(apart, schema, orient="row")
    keys = ["symbol", "date", "currency"]
    return dict(parents.join(why, on=keys, how="inner", maintain_order="left").select("parent_id", "why").iter_rows())


def _out_of_market(frame: pl.DataFrame, foreign: dict[str, str]) -> pl.DataFrame:
    """The same rows, those of `foreign` parents under a symbol that no market has."""
    if not foreign:
        return frame
    apart = pl.col("parent_id").is_in(list(foreign)).fill_null(False)
    return frame.with_columns(pl.when(apart).then(pl.lit("\0")).otherwise(pl.col("symbol")).alias("symbol"))


def _measure_parent(
    row: dict[str, Any], place: int, prices: MarketPrices, repeated: set[str], foreign: dict[str, str]
) -> dict[str, object]:
    """The `tca_parents` row of one parent, joined with the sums over its fills."""
    notes = [row["notes"]] if row["notes"] else []
    notes += prices.notes.get(place, [])
    if row["parent_id"] in repeated:
        notes.append("more than one order has this id, and all fills of the id count for each")
    filled, paid = exact_sums(row) if row["fills"] else (0.0, 0.0)
    ordered = row["quantity"] / row["size_scale"] if row["size_scale"] > 0 else 0.0
    arrival = known(prices.arrival[place])
    fault = _contradiction(row, ordered)
    reason = fault or foreign.get(row["parent_id"]) or _unpriced(row, bool(prices.covered[place]), arrival)
    notes += _fill_notes(row, ordered, filled)
    out: dict[str, object] = {
        **{name: row[name] for name in ("parent_id", "symbol", "date", "side", "algo", "broker", "currency")},
        "priced": reason is None,
        "unpriced_reason": reason,
        "ordered_shares": ordered,
        "filled_shares": filled,
        "fills": row["fills"] or 0,
        **{name: row[name] for name in ("arrival_ns", "first_fill_ns", "last_fill_ns", "end_ns")},
        "average_price": paid / filled if filled else None,
        "decision_price": known(row["decision_price"]),
        "fees": _fees(row),
        "fill_rate": filled / ordered if ordered > 0 else 0.0,
        "maker_fraction": row["maker"] / filled if filled and not row["liquidity_unknown"] else None,
    }
    if fault is None:
        out |= _market_columns(place, prices, filled)
        out |= _cost_columns(row, out, ordered, filled, paid, notes)
    out["notes"] = "; ".join(notes) or None
    return out


def _market_columns(place: int, prices: MarketPrices, filled: float) -> dict[str, float | None]:
    shares = known(prices.shares[place])
    return {
        "arrival_price": known(prices.arrival[place]),
        "end_price": known(prices.end[place]),
        "interval_vwap": known(prices.interval_vwap[place]),
        "window_vwap": known(prices.window_vwap[place]),
        "twap": known(prices.twap[place]),
        "close_price": known(prices.close[place]),
        "market_shares": shares,
        "participation": filled / shares if shares else None,
        "twap_fraction": known(prices.twap_fraction[place]),
        "mid_at_decision": known(prices.decision[place]),
    }


def _cost_columns(
    row: dict[str, Any], out: dict[str, Any], ordered: float, filled: float, paid: float, notes: list[str]
) -> dict[str, object]:
    """Shortfall, its parts, and the slippage against each benchmark; adds to `notes`."""
    side, arrival, average = row["side"], out["arrival_price"], out["average_price"]
    fraction = out.pop("twap_fraction")
    if fraction is not None and fraction < 1.0:
        notes.append(f"a mid stood during {fraction:.1%} of the window: TWAP over that time")
    columns: dict[str, object] = {
        f"{name}_bps_of_executed": _slippage(side, average, out[benchmark])
        for name, benchmark in (("vwap", "interval_vwap"), ("twap", "twap"), ("close", "close_price"))
    }
    decision = out["decision_price"]
    at_decision = out.pop("mid_at_decision")
    if decision is None and at_decision is not None:
        decision = at_decision
        notes.append("no decision price: the mid at the decision time stands in")
    if decision is None and arrival is not None:
        decision = arrival
        notes.append("no decision price: the arrival mid stands in, so delay is zero")
    columns["decision_price"] = decision
    if decision is None:
        return columns
    # A contract is worth its multiplier times its price: so many units of the underlying were ordered and filled.
    multiplier = row["multiplier"] or 1.0
    ordered, filled, paid = ordered * multiplier, filled * multiplier, paid * multiplier
    cost = _shortfall(side, ordered, filled, paid, decision, arrival, out, notes)
    if cost is None:
        return columns
    if filled < ordered and out["end_price"] is None:
        notes.append("no price at the end of the order: opportunity and total are unknown")
    # What was ordered is the paper portfolio even where more was filled.
    paper = ordered * decision
    columns |= {
        "delay_cost": cost.delay,
        "trading_cost": cost.trading,
        "opportunity_cost": cost.opportunity,
        "total_cost": cost.total,
        "paper_notional": paper,
        "executed_notional": cost.executed_notional,
        "shortfall_bps_of_paper": bps(cost.total, paper),
        "arrival_bps_of_executed": cost.arrival_bps_of_executed,
    }
    at_mid = row["paid_at_mid"]
    if at_mid is not None and arrival is not None and filled:
        at_mid *= multiplier
        columns["spread_cost"] = side * (paid - at_mid)
        columns["drift_cost"] = side * (at_mid - filled * arrival)
    return columns


def _shortfall(
    side: int,
    ordered: float,
    filled: float,
    paid: float,
    decision: float,
    arrival: float | None,
    out: dict[str, Any],
    notes: list[str],
) -> Shortfall | None:
    # An overfilled order left nothing unfilled: it is measured on what was filled, and a note says so.
    intended = filled if filled >= ordered * (1 - 1e-12) else ordered
    try:
        cost = shortfall_of_sums(side, intended, decision, filled, paid, out["fees"] or 0.0, out["end_price"], arrival)
    except TcakitError as error:
        notes.append(f"no cost: {error.message}")
        return None
    scale = abs(paid) + abs(cost.paper_notional)
    if cost.total is not None and not math.isclose(cost.total, cost.perold_total or 0.0, abs_tol=1e-9 * scale):
        notes.append("the parts do not add up to the paper return less the actual return")
    return cost


def _contradiction(row: dict[str, Any], ordered: float) -> str | None:
    """Why no cost can be told of this order at all, None if it can."""
    if row["side"] not in (BUY, SELL):
        return f"side {row['side']} is neither buy nor sell"
    if not ordered > 0:
        return "the ordered quantity is not positive"
    if row["other_side"]:
        return f"{row['other_side']} of {row['fills']} fills are on the other side"
    if row["other_symbol"]:
        return f"{row['other_symbol']} of {row['fills']} fills are in another symbol"
    return None


def _unpriced(row: dict[str, Any], covered: bool, arrival: float | None) -> str | None:
    if covered:
        return None if arrival is not None else "no two-sided quote at arrival"
    if not row["matched"]:
        return f"{row['raw_symbol'] or row['symbol']} is no symbol of the store"
    return f"no market data of {row['symbol']} on {row['date']}"


def _fill_notes(row: dict[str, Any], ordered: float, filled: float) -> list[str]:
    notes = []
    if row["unusable"]:
        notes.append(f"{row['unusable']} fills without a positive quantity or scale are left out")
    if not row["fills"]:
        return [*notes, "not filled: what it cost is opportunity"]
    if filled > ordered * (1 + 1e-12):
        notes.append(f"filled {filled:g} of {ordered:g} ordered: measured on what was filled")
    if row["outside"]:
        notes.append(f"{row['outside']} of {row['fills']} fills lie outside the order's window")
    if row["worse_than_limit"]:
        notes.append(f"{row['worse_than_limit']} of {row['fills']} fills are worse than the limit")
    if row["fees_unknown"] and (row["fees"] is None or row["fees_unknown"] < row["fills"]):
        notes.append(f"fees of {row['fees_unknown']} of {row['fills']} fills are unknown and not in the total")
    return notes


def _fees(row: dict[str, Any]) -> float | None:
    """Known explicit costs: of the whole order and of its fills; None if none is known."""
    of_fills = row["fill_fees"] if row["fills"] and row["fees_unknown"] < row["fills"] else None
    fees = [fee for fee in (known(row["fees"]), known(of_fills)) if fee is not None]
    return math.fsum(fees) if fees else None


def _slippage(side: int, average: float | None, benchmark: float | None) -> float | None:
    if average is None or benchmark is None:
        return None
    return bps(side * (average - benchmark), benchmark)


def _run_notes(parents: pl.DataFrame, fills: pl.DataFrame) -> tuple[str, ...]:
    """What is wrong with the run as a whole."""
    notes = []
    ids = parents["parent_id"].unique().implode()
    orphans = fills.filter(~pl.col("parent_id").is_in(ids) & pl.col("parent_id").is_not_null())
    if orphans.height:
        named = ", ".join(orphans["parent_id"].unique(maintain_order=True).head(3).to_list())
        notes.append(f"{orphans.height} fills belong to orders that are not there ({named}): in no order's cost")
    loose = fills["parent_id"].null_count()
    if loose:
        notes.append(f"{loose} fills name no parent order: in no order's cost")
    notes += _coarse_notes(parents, fills)
    doubled = fills.height - fills["fill_id"].n_unique()
    if doubled:
        notes.append(f"{doubled} fills repeat the id of another")
    return tuple(notes)


def _coarse_notes(parents: pl.DataFrame, fills: pl.DataFrame) -> list[str]:
    """What stamps of whole seconds or minutes do to the numbers."""
    notes = []
    of_fills = fills["ts_resolution_ns"].drop_nulls().value_counts().sort("ts_resolution_ns")
    if of_fills.height > _STEPS_TOLD:
        shortest, longest = (of_fills["ts_resolution_ns"][place] / NS_PER_SECOND for place in (0, -1))
        notes.append(
            f"stamps of {of_fills['count'].sum()} fills are windows of {shortest:g} to {longest:g} s: each is set "
            "against all that was quoted in its window, and intervals run to the end of the last one"
        )
        of_fills = of_fills.clear()
    for step, count in of_fills.rows():
        notes.append(
            f"stamps of {count} fills are whole {_unit(step)[0]}: each is set against all that was quoted in its "
            f"{_unit(step)[1]}, and intervals run to the end of the last one"
        )
    steps = parents["arrival_resolution_ns"].drop_nulls().value_counts().sort("arrival_resolution_ns")
    for step, count in steps.rows():
        notes.append(
            f"stamps of {count} arrivals are whole {_unit(step)[0]}: arrival prices are those at its beginning, the "
            "earliest it can have been"
        )
    return notes


def _unit(step_ns: int) -> tuple[str, str]:
    """How stamps of that step are called, and one of it."""
    known = {NS_PER_SECOND: ("seconds", "second"), 60 * NS_PER_SECOND: ("minutes", "minute")}
    length = f"{step_ns / NS_PER_SECOND:g} s"
    return known.get(step_ns, (f"steps of {length}", length))
