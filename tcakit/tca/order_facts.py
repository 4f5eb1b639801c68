"""What a parent order was: the columns that orders are chosen and grouped by, of its blotter and of its day.

Buckets have fixed edges, so that the same order lies in the same bucket in every report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import polars as pl

from tcakit.market.codes import BUY

OTHER_NAMES = {
    "portfolio": "account",
    "algorithm": "algo",
    "time_of_day": "half_hour",
    "volatility": "volatility_bucket",
}
"""Names that a desk may use too."""
KNOWN_BEFORE = ("adv_shares", "volatility_daily", "half_spread_bps", "timing_risk_bps")
"""What is known of an order's symbol before its day."""
EDGES: dict[str, tuple[str, tuple[float, ...], str]] = {
    "size_bucket": ("notional", (1e4, 1e5, 1e6, 1e7), ""),
    "adv_bucket": ("adv_pct", (1.0, 5.0, 10.0, 25.0), " %"),
    "spread_bucket": ("spread_bps", (2.0, 5.0, 10.0, 25.0), " bps"),
    "volatility_bucket": ("volatility_pct", (1.0, 2.0, 4.0), " %"),
    "participation_bucket": ("participation_pct", (2.0, 5.0, 10.0, 20.0), " %"),
}
"""Bucket -> the column it cuts, its edges (each belongs to the bucket above it), and their unit."""
_COSTS = {
    "shortfall_bps": "shortfall_bps_of_paper",
    "arrival_bps": "arrival_bps_of_executed",
    "vwap_bps": "vwap_bps_of_executed",
    "twap_bps": "twap_bps_of_executed",
    "close_bps": "close_bps_of_executed",
}
_HALF_HOUR_S = 1_800
_MOSTLY = 2.0 / 3.0


def order_facts(
    parents: pl.DataFrame,
    tca_parents: pl.DataFrame,
    known_before: pl.DataFrame | None = None,
    zones: Mapping[tuple[str, str], str] | None = None,
    tags: pl.DataFrame | None = None,
    worth: Mapping[tuple[str, str], float | None] | None = None,
) -> pl.DataFrame:
    """A row a parent with everything it can be chosen and grouped by; null where it is not known.

    `parents` and `tca_parents` are tables of these names, `known_before` has parent_id and columns of `KNOWN_BEFORE`
    (those absent count as unknown), `zones` the time zone of a (symbol, date), else UTC; `tags` has parent_id and the
    desk's own columns, as texts, under names that are no others'. Fractions are told in per cent, times as seconds of
    the day at the exchange, money in the order's currency, or multiplied by `worth`, what its (date, currency) is
    worth, null where that is unknown.
    """
    asked = parents.select(
        "parent_id", "symbol", "venue", "date", "algo", "broker", "trader", "account", "currency",
        "arrival_ns", "end_ns",
        side=pl.when(pl.col("side") == BUY).then(pl.lit("buy")).otherwise(pl.lit("sell")),
        quantity=pl.col("quantity") / pl.col("size_scale"),
    )  # fmt: skip
    measured = tca_parents.select(
        "parent_id", "priced", "fills", "participation", "fill_rate", "maker_fraction", "unpriced_reason",
        *(pl.col(column).fill_nan(None).alias(name) for name, column in _COSTS.items()),
        cost=pl.col("total_cost").fill_nan(None), fees=pl.col("fees").fill_nan(None),
        notional=pl.col("paper_notional").fill_nan(None), executed=pl.col("executed_notional").fill_nan(None),
        tca_broker="broker", tca_algo="algo",
    )  # fmt: skip
    facts = asked.join(measured, on="parent_id", how="left", maintain_order="left")
    if worth is not None:
        rates = [worth.get(key) for key in facts.select("date", pl.col("currency").fill_null("")).iter_rows()]
        rate = pl.lit(pl.Series(rates, dtype=pl.Float64))
        facts = facts.with_columns(pl.col("cost", "fees", "notional", "executed") * rate)
    facts = facts.join(_known(known_before), on="parent_id", how="left", maintain_order="left")
    if tags is not None:
        facts = facts.join(tags, on="parent_id", how="left", maintain_order="left")
    facts = facts.with_columns(
        pl.coalesce("tca_algo", "algo").alias("algo"),
        pl.coalesce("tca_broker", "broker").alias("broker"),
        pl.col("date").str.slice(0, 7).alias("month"),
        pl.col("priced").fill_null(False),
        pl.col("fills").fill_null(0),
        _local_seconds(facts, zones or {}).alias("time"),
        ((pl.col("end_ns") - pl.col("arrival_ns")) / 1e9).alias("duration_s"),
        *(
            (pl.col(column) * 100.0).alias(name)
            for name, column in {
                "participation_pct": "participation",
                "fill_pct": "fill_rate",
                "maker_pct": "maker_fraction",
                "volatility_pct": "volatility_daily",
            }.items()
        ),
        (pl.col("quantity") / pl.col("adv_shares") * 100.0).alias("adv_pct"),
        (pl.col("half_spread_bps") * 2.0).alias("spread_bps"),
        pl.when(pl.col("maker_fraction") >= _MOSTLY)
        .then(pl.lit("maker"))
        .when(pl.col("maker_fraction") <= 1.0 - _MOSTLY)
        .then(pl.lit("taker"))
        .when(pl.col("maker_fraction").is_not_null())
        .then(pl.lit("both"))
        .alias("liquidity"),
    )
    facts = facts.with_columns(_half_hour().alias("half_hour"), *(_bucket(name) for name in EDGES))
    return facts.drop("tca_algo", "tca_broker", "participation", "fill_rate", "maker_fraction", "arrival_ns", "end_ns")


def bucket_labels(name: str) -> list[str]:
    """The buckets of a column of `EDGES` in their order.

    >>> bucket_labels("volatility_bucket")
    ['below 1 %', '1 to 2 %', '2 to 4 %', '4 % and more']
    """
    _, edges, unit = EDGES[name]
    texts = [_edge(edge) for edge in edges]
    between = [f"{low} to {high}{unit}" for low, high in pairwise(texts)]
    return [f"below {texts[0]}{unit}", *between, f"{texts[-1]}{unit} and more"]


def order_of(name: str, values: Sequence[str | None]) -> list[str | None]:
    """Values of a dimension as a reader expects them: buckets by size, others by name, the unknown last."""
    known = bucket_labels(name) if name in EDGES else sorted(value for value in values if value is not None)
    there = set(values)
    return [*(value for value in known if value in there), *([None] if None in there else [])]


def _edge(value: float) -> str:
    for factor, letter in ((1e6, "m"), (1e3, "k")):
        if value >= factor:
            return f"{value / factor:g}{letter}"
    return f"{value:g}"


def _bucket(name: str) -> pl.Expr:
    column, edges, _ = EDGES[name]
    labels = bucket_labels(name)
    out = pl.when(pl.col(column) >= edges[-1]).then(pl.lit(labels[-1])).otherwise(None)
    for edge, label in zip(reversed(edges), labels[-2::-1], strict=True):
        out = pl.when(pl.col(column) < edge).then(pl.lit(label)).otherwise(out)
    return out.alias(name)


def _half_hour() -> pl.Expr:
    start = (pl.col("time") / _HALF_HOUR_S).floor().cast(pl.Int64) * _HALF_HOUR_S
    hour, minute = (start // 3_600).cast(pl.String), ((start % 3_600) // 60).cast(pl.String)
    return pl.concat_str([hour.str.zfill(2), pl.lit(":"), minute.str.zfill(2)])


def _known(known_before: pl.DataFrame | None) -> pl.DataFrame:
    if known_before is None:
        known_before = pl.DataFrame(schema={"parent_id": pl.String()})
    return known_before.select(
        "parent_id",
        *(
            pl.col(name).cast(pl.Float64).fill_nan(None)
            if name in known_before.columns
            else pl.lit(None, pl.Float64).alias(name)
            for name in KNOWN_BEFORE
        ),
    )


def _local_seconds(facts: pl.DataFrame, zones: Mapping[tuple[str, str], str]) -> pl.Series:
    """Seconds of the day at each order's exchange when it arrived."""
    zone_of = [zones.get(key, "UTC") for key in facts.select("symbol", "date").iter_rows()]
    zone = pl.Series("zone", zone_of, dtype=pl.String)
    clock = pl.from_epoch(pl.col("arrival_ns"), time_unit="ns").dt.replace_time_zone("UTC")
    out = pl.lit(None, pl.Float64)
    for name in sorted(set(zone_of)):
        local = clock.dt.convert_time_zone(name)
        seconds = (
            local.dt.hour().cast(pl.Float64) * 3_600
            + local.dt.minute().cast(pl.Float64) * 60
            + local.dt.second()
            + local.dt.nanosecond() / 1e9
        )
        out = pl.when(pl.col("zone") == name).then(seconds).otherwise(out)
    return facts.with_columns(zone).with_columns(out.alias("time"))["time"]
