"""The firm's own parents as a sample to fit impact on: what each cost, and what was known of its symbol before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tcakit.errors import UsageError
from tcakit.impact.facts import OrderFacts
from tcakit.impact.sample import NO_ADV, NO_FILLS, FittingSample
from tcakit.jobs.backtest_orders import chosen_parents
from tcakit.jobs.market import market_day
from tcakit.jobs.report import ReportRequest, measured_blotter
from tcakit.jobs.symbol_facts import LOOKBACK_DAYS, FactsOfSymbols, SymbolFacts
from tcakit.market.clock import NS_PER_SECOND
from tcakit.market.day import MarketDay
from tcakit.store import results
from tcakit.store.database import Store
from tcakit.store.market_data import by_weight, symbol_days
from tcakit.tca.benchmarks import interval_shares
from tcakit.tca.quotes import mid_at, recorded_span

SETTLED_NS = 1_800 * NS_PER_SECOND
"""How long after the last fill the price is taken to have settled: half an hour, as Almgren et al. (2005)."""
_FEW_DAYS = 10
TOO_MUCH = "more filled than the market printed meanwhile"
_LABELS = ("symbol", "algo", "broker", "trader")


@dataclass(frozen=True, slots=True)
class OwnSample:
    """The sample with the run it was measured in, the ingest keys it rests on, and notes for the reader."""

    sample: FittingSample
    run_id: str
    data_keys: tuple[str, ...]
    notes: tuple[str, ...]


def own_sample(
    store: Store,
    *,
    symbol: str | None = None,
    date_from: str | None = None,
    date_to: str | None = None,
    where: Mapping[str, tuple[str, ...]] | None = None,
    lookback_days: int = LOOKBACK_DAYS,
) -> OwnSample:
    """Measure the blotter and put beside each parent its symbol's volume, volatility and spread of earlier days.

    Every parent asked for is in the sample or counted in `excluded`. UsageError where none is asked for.
    """
    run_id, own = measured_blotter(store, ReportRequest(None, True, date_from, date_to))
    conditions = dict(where or {}) | ({"symbol": (symbol,)} if symbol is not None else {})
    parents = chosen_parents(own["parents"], conditions)
    if not parents.height:
        raise UsageError(
            "no stored parent is asked for", place="--symbol, --from, --to, --where", remedy="ask for more of them"
        )
    run = results.run(store, run_id)
    assert run is not None
    measured = results.table(store, "tca_parents", run_id).join(
        parents.select("parent_id", "limit_price", "venue", "trader"), on="parent_id", how="inner"
    )
    excluded, rows = _measured(measured)
    facts = FactsOfSymbols(store)
    columns = [_columns(store, facts, key, group, lookback_days) for key, group in _by_day(rows)]
    told = {name: np.concatenate([piece[name] for piece in columns]) for name in columns[0]} if columns else {}
    names = pl.concat([group for _, group in _by_day(rows)]) if columns else rows
    sample, gone = _sample(names, told)
    for reason, count in gone.items():
        excluded[reason] = excluded.get(reason, 0) + count
    few = int(np.sum(told["days"] < _FEW_DAYS)) if columns else 0
    notes = [
        f"average daily volume, volatility and half spread are of up to {lookback_days} stored days before each order"
    ]
    if few:
        notes.append(f"the volume or volatility of {few} orders rests on fewer than {_FEW_DAYS} earlier days")
    return OwnSample(FittingSample.of(**sample, excluded=excluded), run_id, tuple(run["data_keys"]), tuple(notes))


def _measured(rows: pl.DataFrame) -> tuple[dict[str, int], pl.DataFrame]:
    """The parents with fills and prices, and how many have none, by reason."""
    excluded: dict[str, int] = {}
    empty = pl.col("filled_shares") <= 0
    if count := rows.filter(empty).height:
        excluded[NO_FILLS] = count
    rows = rows.filter(~empty)
    unpriced = rows.filter(~pl.col("priced") | pl.col("arrival_bps_of_executed").is_null())
    for reason, group in unpriced.group_by("unpriced_reason", maintain_order=True):
        name = f"not priced: {reason[0]}" if reason[0] else "no price at arrival"
        excluded[name] = excluded.get(name, 0) + group.height
    return excluded, rows.filter(pl.col("priced") & pl.col("arrival_bps_of_executed").is_not_null())


def _by_day(rows: pl.DataFrame) -> list[tuple[tuple[Any, ...], pl.DataFrame]]:
    return list(rows.sort("date", "symbol").group_by(["symbol", "date", "venue"], maintain_order=True))


def _columns(
    store: Store, facts: FactsOfSymbols, key: tuple[Any, ...], rows: pl.DataFrame, lookback_days: int
) -> dict[str, Any]:
    """What the sample needs of the orders of one symbol and day, a column each."""
    symbol, date, venue = key
    here = [day for day in symbol_days(store, date) if day.instrument.symbol == symbol]
    at_venue = [day for day in here if day.instrument.venue == venue]
    day = (at_venue or by_weight(here))[0]
    known = facts.of(symbol, date, day.instrument.venue, lookback_days)
    return _facts(known, rows) | _market(market_day(store, day), known, rows)


def _facts(known: SymbolFacts, rows: pl.DataFrame) -> dict[str, Any]:
    count = rows.height
    return {
        "adv": np.full(count, known.adv_shares),
        "volatility": np.full(count, known.volatility_daily),
        "half_spread": np.full(count, known.half_spread_bps),
        "outstanding": np.full(count, known.shares_outstanding),
        "days": np.full(count, min(known.adv_days, known.volatility_days)),
    }


def _market(day: MarketDay, known: SymbolFacts, rows: pl.DataFrame) -> dict[str, Any]:
    """Where the price was half an hour before the order and half an hour after, and when in the session it came."""
    side = rows["side"].to_numpy().astype(np.float64)
    arrival, last = rows["arrival_ns"].to_numpy(), rows["last_fill_ns"].to_numpy()
    price = rows["arrival_price"].to_numpy()
    opens = day.instrument.session_open_ns
    start = arrival if opens is None else np.maximum(arrival, opens)
    settled = last + SETTLED_NS
    after = mid_at(day, settled)
    span = recorded_span(day)
    covered = np.zeros(len(arrival), bool) if span is None else (start >= span[0]) & (settled <= span[1])
    traded = np.where(covered, interval_shares(day, start, np.maximum(settled, start)), np.nan)
    before = mid_at(day, start - SETTLED_NS)
    since = np.full(len(arrival), np.nan) if opens is None else (start - opens) / (3_600 * NS_PER_SECOND)
    return {
        "after_bps": side * (after - price) / price * 1e4,
        "after_duration": traded / known.adv_shares,
        "drift_bps": side * (price - before) / before * 1e4,
        "hours_since_open": since,
    }


def _sample(rows: pl.DataFrame, told: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, int]]:
    """The arguments of `FittingSample.of`, and what cannot be told to it, by reason."""
    if not told:
        return {"facts": OrderFacts.of(quantity_adv=np.empty(0)), "cost_bps": np.empty(0), "days": []}, {}
    filled = rows["filled_shares"].to_numpy()
    market = rows["market_shares"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    known, fits = told["adv"] > 0.0, ~(filled > market)
    gone = {NO_ADV: int((~known).sum()), TOO_MUCH: int((known & ~fits).sum())}
    kept = known & fits
    rows = rows.filter(pl.Series(kept))
    told = {name: column[kept] for name, column in told.items()}
    filled, market, adv = filled[kept], market[kept], told["adv"]
    facts = OrderFacts.of(
        quantity_adv=filled / adv,
        volatility_daily=told["volatility"],
        duration=np.where(market > 0.0, market / adv, np.nan),
        half_spread_bps=told["half_spread"],
        shares_outstanding_adv=told["outstanding"] / adv,
        price=rows["arrival_price"].to_numpy(),
    )
    return {
        "facts": facts,
        "cost_bps": rows["arrival_bps_of_executed"].to_numpy(),
        "days": rows["date"].to_list(),
        "side": rows["side"].to_numpy(),
        "symbols": rows["symbol"].to_list(),
        "after_bps": told["after_bps"],
        "after_duration": told["after_duration"],
        "labels": {name: rows[name].to_list() for name in ("parent_id", *_LABELS)},
        "measures": {name: told[name] for name in ("hours_since_open", "drift_bps")},
        "flags": {
            "cancelled": rows["fill_rate"].to_numpy() < 1.0 - 1e-9,
            "limit-priced": rows["limit_price"].is_not_null().to_numpy(),
        },
    }, {reason: count for reason, count in gone.items() if count}
