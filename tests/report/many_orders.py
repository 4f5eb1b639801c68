"""A made-up blotter of many days that a report can say everything of: brokers, tags, estimates, currencies, clocks."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import example
import polars as pl

from tcakit.jobs.align import clock_offsets
from tcakit.market import schema
from tcakit.market.day import MarketDay
from tcakit.report.data import Previous, ReportData, Scope
from tcakit.tca import measure
from tcakit.tca.benchmark_context import FACTS, BenchmarkContext, SymbolIndex
from tcakit.tca.order_facts import KNOWN_BEFORE

DAYS = [f"2024-03-{day:02}" for day in (1, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15, 18, 19, 20, 21, 22, 25)]
BROKERS = ("North Desk", "Harbour", "Quayside", None)
RATES = {"GBP": 1.25, "JPY": 0.0067}
LISTS = 18


def orders(seed: int) -> list[dict[str, Any]]:
    """Lists of orders that four algorithms work alike, each list on a day of its own, and some of other kinds."""
    chance = random.Random(seed)
    rows = []
    for number in range(LISTS):
        symbol, currency = chance.choice([("ACME", "USD"), ("BORA", "USD"), ("CORN", "GBP")])
        start = example.OPEN_NS + chance.randrange(10) * 1_800 * example.SECOND
        size, side = chance.choice([240, 2_400, 24_000]), chance.choice([1, -1])
        for algo in example.ALGOS[: chance.choice([2, 4])]:
            more = {"algo": algo, "broker": chance.choice(BROKERS), "currency": currency, "date": DAYS[number % 17]}
            more["trader"], more["account"] = chance.choice("AB"), chance.choice(["F1", None])
            more |= {"multiplier": chance.choice([None, 10.0]), "fees": chance.choice([None, 3.25])}
            more |= {"idle": chance.random() < 0.1, "notes": chance.choice([None, None, "by hand"])}
            rows.append(example.parent(f"L{number}-{algo}", symbol, side, size, start, 30, **more))
    lost = {"algo": "vwap", "currency": "JPY"}
    rows.append(example.parent("lost", "DORA", 1, 500, example.OPEN_NS, 30, **lost, matched=False))
    rows.append(example.parent("no rate", "BORA", 1, 480, example.OPEN_NS, 30, algo="is", currency="XTS"))
    return rows


def estimates(rows: list[dict[str, Any]], chance: random.Random) -> pl.DataFrame:
    """Two models: a published one for all orders, a fitted one for most."""
    out = []
    for row in rows:
        for model, fit, source in (("square root", None, "published"), ("power fit 1a2b", "1a2b", "own-fills")):
            known = chance.random() < 0.9
            mean, width = chance.uniform(1.0, 20.0), chance.uniform(10.0, 40.0)
            told = {"mean_bps": mean, "order_low_bps": mean - width, "order_high_bps": mean + width} if known else {}
            out.append(
                {"run_id": example.RUN, "parent_id": row["parent_id"], "model": model, "fit_id": fit, "source": source,
                 "outside": chance.random() < 0.2, "reason": None if known else "no volume", "made_from": "x", **told}
            )  # fmt: skip
    return example.frame(schema.ESTIMATES, out)


def curve(currency: str) -> dict[str, Any]:
    """What the first model expects of an order that takes more of the volume."""
    points = [
        {
            "participation": share,
            "mean_bps": 90.0 * share,
            "low_bps": None,
            "high_bps": 99.0 * share,
            "outside": share > 1,
        }
        for share in (0.0001, 0.001, 0.01, 0.1, 1.0, 9.0)
    ]
    told = {"model": "square root", "source": "published", "fit_id": None, "orders": 7, "fitted_on": "many orders"}
    return {"currency": currency, **told, "duration": 0.3, "volatility_daily": 0.02, "points": points}


@cache
def report_of_many(currency: str | None = "USD", seed: int = 5, before: bool = True) -> ReportData:
    """The blotter measured, with everything that a report knows beside it."""
    chance = random.Random(seed)
    rows = orders(seed)
    days = {"ACME": ("USD", 84.0), "BORA": ("USD", 23.5), "CORN": ("GBP", 11.0)}
    tapes = {
        name: example.market_day(name, price, place, 4_000, own)
        for place, (name, (own, price)) in enumerate(days.items())
    }
    markets: dict[tuple[str, str], MarketDay] = {(name, day): tape for name, tape in tapes.items() for day in DAYS}
    made = example.report_data(rows, {(name, example.DATE): tape for name, tape in tapes.items()})
    dates = {row["parent_id"]: row["date"] for row in rows}
    dated = pl.col("parent_id").replace_strict(dates, return_dtype=pl.String).alias("date")
    fills = made.fills.with_columns(
        dated, venue=pl.col("venue").replace({"XNAS": "XNAS"}), fee=pl.when(pl.col("quantity") > 99).then("fee")
    )
    fills = fills.with_columns(
        venue=pl.when(pl.int_range(pl.len()) % 3 == 0).then(pl.lit("DARK")).otherwise("venue"),
        liquidity=pl.when(pl.int_range(pl.len()) % 17 > 0).then("liquidity"),
    )
    facts = [
        {"parent_id": row["parent_id"], "adv_shares": chance.choice([None, 4_000.0, 1e5, 2e6]),
         "volatility_daily": chance.choice([None, 0.005, 0.03]), "half_spread_bps": chance.choice([None, 0.5, 30.0]),
         "previous_close": chance.choice([None, 25.0]), "previous_close_date": None}
        for row in rows
    ]  # fmt: skip
    context = BenchmarkContext(
        orders=made.orders,
        facts=pl.DataFrame(facts, schema=FACTS),
        own_prints=False,
        indices={("ACME", example.DATE): SymbolIndex("IX", 0.8, tapes["BORA"])},
        closes={(row["parent_id"], row["date"]): 24.0 for row in rows[::2]},
    )
    matched = made.parents.filter(pl.col("matched"))
    found = measure(matched, fills, markets, run_id=example.RUN, context=context)
    clocks = clock_offsets(made.parents, fills, markets, {}, within_s=1.0, with_ground=True)["offsets"]
    names = [row["parent_id"] for row in rows]
    checks = [
        {"date": day, "symbol": "ACME", "venue": "XNAS", "check": check, "count": chance.randrange(3),
         "worst": chance.choice([None, 0.5, 2.0]), "unit": "s"}
        for day in DAYS for check in ("gap", "crossed quotes")
    ]  # fmt: skip
    rates = {
        (day, own): {"value": value, "date": day, "source": "bank", "how": "as stored"}
        for day in DAYS for own, value in RATES.items()
    }  # fmt: skip
    rates |= {(day, "XTS"): None for day in DAYS} | {(day, "USD"): {**rates[day, "GBP"], "value": 1.0} for day in DAYS}
    fields = {name: getattr(made, name) for name in ReportData.__slots__}
    fields |= {"fills": fills, "tca_parents": found.parents, "tca_fills": found.fills, "markouts": found.markouts}
    fields |= {"markets": markets, "estimates": estimates(rows, chance), "checks": checks, "clocks": clocks}
    fields |= {"benchmarks": found.benchmarks, "known_before": found.benchmarks.select("parent_id", *KNOWN_BEFORE)}
    fields["curves"] = [curve("GBP"), curve("USD")]
    if before:
        what, earlier = "the days before", report_of_many(currency, seed + 1, before=False)
        fields["previous"] = Previous(what, DAYS[0], DAYS[-1], earlier)
    fields["tags"] = pl.DataFrame(
        {"parent_id": names, "strategy": [chance.choice(["hedge", "alpha", None]) for _ in names]}
    )
    fields["half_spreads_in_estimates"] = {None: 1.0, "1a2b": 0.4}
    by = ("strategy", "adv_bucket")
    fields["scope"] = Scope(None, by, currency, rates if currency else {})
    return ReportData(**fields)
