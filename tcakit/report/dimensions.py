"""By what a report can be cut: columns of orders and of fills, under the names that a desk gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from tcakit.errors import UsageError
from tcakit.market.codes import BUY
from tcakit.registry import nearest
from tcakit.report.data import ReportData
from tcakit.tca.order_facts import EDGES, OTHER_NAMES, order_facts

BY_NAMES: dict[str, str] = {
    **OTHER_NAMES,
    **{name.removesuffix("_bucket"): name for name in EDGES},
    "time": "half_hour",
    "type": "order_type",
}
"""Shorter and other names of dimensions."""
OF_ORDERS = (
    "broker", "algo", "trader", "account", "symbol", "side", "date", "month", "currency", "half_hour", *EDGES,
)  # fmt: skip
OF_FILLS = ("venue", "liquidity", "order_type", "time_in_force")
"""Dimensions of fills and their child orders: an order may lie in several of their cells, each with its part."""
NAMES = {
    "algo": "algorithm",
    "half_hour": "time of day",
    "size_bucket": "order size",
    "adv_bucket": "size in % of daily volume",
    "spread_bucket": "quoted spread before the day",
    "volatility_bucket": "daily volatility before the day",
    "participation_bucket": "participation",
    "liquidity": "maker or taker",
    "order_type": "child order type",
    "time_in_force": "time in force",
}
DEFAULT = (
    ("algo",), ("broker",), ("broker", "algo"), ("trader",), ("account",), ("side",), ("venue",), ("liquidity",),
    ("size_bucket",), ("adv_bucket",), ("spread_bucket",), ("volatility_bucket",), ("half_hour",),
    ("size_bucket", "half_hour"),
)  # fmt: skip
"""Tables that every report has where anything is known of their dimensions."""
FILL_MEASURES: dict[str, tuple[pl.Expr, pl.Expr]] = {
    "arrival_bps_of_executed": (pl.col("arrival_cost"), pl.col("arrival_notional")),
    "spread_bps_of_executed": (pl.col("spread_cost"), pl.col("spread_notional")),
    "fees_bps_of_executed": (pl.col("fee_cost"), pl.col("arrival_notional")),
}


def facts_of(data: ReportData, worth: Mapping[tuple[str, str], float | None] | None = None) -> pl.DataFrame:
    """`order_facts` of a report's orders at their exchanges' clocks."""
    keys = data.parents.select("symbol", "date").unique().rows()
    zones = {key: data.timezone_of(*key) for key in keys}
    return order_facts(data.parents, data.tca_parents, data.known_before, zones, data.tags, worth)


def known_dimensions(names: Sequence[str], tags: Sequence[str] = ()) -> tuple[str, ...]:
    """The columns that those names stand for; UsageError with the nearest name for one that is none.

    >>> known_dimensions(["broker", "adv", "portfolio"])
    ('broker', 'adv_bucket', 'account')
    """
    known = [*OF_ORDERS, *OF_FILLS, *tags]
    out = []
    for name in names:
        column = name if name in known else BY_NAMES.get(name.lower(), name.lower())
        if column not in known:
            guess = nearest(name, [*known, *BY_NAMES])
            remedy = f"did you mean {guess}?" if guess else f"known are {', '.join(known)}"
            raise UsageError(f"no dimension {name!r}", place="--by", remedy=remedy)
        out.append(column)
    if len(set(out)) < len(out):
        raise UsageError(f"{', '.join(names)} names a dimension twice", place="--by", remedy="leave one out")
    return tuple(out)


def is_of_fills(by: Sequence[str]) -> bool:
    """Whether a table needs fills: one of its dimensions is a fill's."""
    return any(name in OF_FILLS for name in by)


def fill_lines(data: ReportData, orders: pl.DataFrame) -> pl.DataFrame:
    """A row a fill with its own dimensions, those of its order, and its part of the order's cost.

    `orders` has parent_id, dimensions, side_code, arrival_price, filled_shares and executed_notional (currency). The
    costs against arrival of an order's fills add up to the order's; spread is against the mid at the fill.
    """
    fills = data.fills.select(
        "fill_id", "parent_id", "order_id", "venue", "liquidity", "fee",
        price=pl.col("price") / pl.col("price_scale"), shares=pl.col("quantity") / pl.col("size_scale"),
    )  # fmt: skip
    children = data.orders.select("order_id", "time_in_force", order_type="type").unique("order_id", keep="first")
    mids = data.tca_fills.select("fill_id", mid=pl.col("mid_at_fill").fill_nan(None)).unique("fill_id", keep="first")
    taken = orders.drop([name for name in OF_FILLS if name in orders.columns])
    joined = (
        fills.join(children, on="order_id", how="left", maintain_order="left")
        .join(mids, on="fill_id", how="left", maintain_order="left")
        .join(taken, on="parent_id", how="inner", maintain_order="left")
    )
    # Currency of the report for one share at a price of one: the contract's multiplier and the rate.
    unit = pl.col("executed_notional") / (pl.col("filled_shares") * pl.col("arrival_price"))
    signed = pl.col("side_code") * pl.col("shares") * unit
    known_mid = pl.col("mid").is_not_null()
    return joined.with_columns(
        arrival_cost=signed * (pl.col("price") - pl.col("arrival_price")),
        arrival_notional=pl.col("shares") * pl.col("arrival_price") * unit,
        spread_cost=pl.when(known_mid).then(signed * (pl.col("price") - pl.col("mid"))),
        spread_notional=pl.when(known_mid).then(pl.col("shares") * pl.col("mid") * unit),
        fee_cost=pl.col("fee") * pl.col("exchange_rate"),
    )


def side_code() -> pl.Expr:
    """+1 for a buy, -1 for a sell, from the words of a report."""
    return pl.when(pl.col("side") == "buy").then(BUY).otherwise(-BUY).cast(pl.Float64).alias("side_code")
