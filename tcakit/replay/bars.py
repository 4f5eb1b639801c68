"""The bar model: slices of many parents filled over intervals of many days at once, in polars expressions.

No book and no queue: a slice trades at what its interval traded at, and pays spread and impact by formula.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

SQUARE_ROOT, SQUARE_ROOT_SLICE, NO_IMPACT = "square-root", "square-root-slice", "none"
IMPACT_MODELS = (SQUARE_ROOT, SQUARE_ROOT_SLICE, NO_IMPACT)
NO_PRICE, NO_VOLUME, NOTHING_TRADED = "no price", "no volume known", "nothing traded"
NO_SPREAD, NO_SCALE = "no quoted spread", "no volatility or volume of the day"
BEYOND_LIMIT, MOST = "beyond the limit", "max participation"
_Reason = pl.Enum([NO_PRICE, NO_VOLUME, NOTHING_TRADED, NO_SPREAD, NO_SCALE, BEYOND_LIMIT, MOST])


@dataclass(frozen=True, slots=True)
class BarModel:
    """What a slice pays and how much of an interval it may be.

    `interval_ns` is the length of the intervals. A share pays `spread_fraction` (1 crosses, 0 pays the mid, -1 earns)
    of half the quoted spread; where none is quoted the spread is `spread_bps` of the price, and None leaves it unknown.
    `max_participation` is a fraction of an interval's volume. `impact`, relative to the price, is one of:

    - `square-root`: the law of whole orders, Y sigma (Q/V)^(1/2), Q being what the order has done so far, sigma and V
      the day's volatility and volume. Each slice pays the law's mean over its own stretch of Q, so that a whole order
      pays 2/3 of the law, however it is sliced. Toth and others (2011), Phys. Rev. X 1, 021006: the prefactor Y is of
      order 1. Sato and Kanazawa (2025), Phys. Rev. Lett. 135, 257401: the power is near 1/2 for every stock of Tokyo.
    - `square-root-slice`: Y sigma (q/v)^(1/2), q being the slice and v its interval's volume: what the same law says of
      a whole day traded at that participation. It forgets the slices before, and is dear for orders shorter than a day.
    - `none`.

    `prefactor` is Y; `daily_volatility` (fraction) and `daily_volume` (shares) stand in for the day's own.
    """

    interval_ns: int = 60_000_000_000
    spread_fraction: float = 1.0
    spread_bps: float | None = None
    impact: str = SQUARE_ROOT
    prefactor: float = 1.0
    daily_volatility: float | None = None
    daily_volume: float | None = None
    max_participation: float = 0.2


def fill_slices(slices: pl.DataFrame, intervals: pl.DataFrame, model: BarModel) -> pl.DataFrame:
    """What each slice does and pays: the slices with `sent`, `filled`, `price`, `spread_cost`, `impact` and `reason`.

    `slices`, a parent's together and in order of time: parent, row (of `intervals`), start_ns, end_ns (the part of the
    interval within the parent's window), due (whole lots to be done by its end since the parent's start, stored size
    units), side (+1 or -1), lot, limit (currency, null for none). `intervals`: start_ns, end_ns, price (currency),
    volume (stored size units), spread (quoted, currency), daily_volatility (fraction) and daily_volume (stored size
    units); null where unknown.

    A slice sends what is due and not yet done, so that what one could not do is overdue in the next. It fills whole
    lots of at most `max_participation` of its share of the interval's volume, at side x (spread + impact) from the
    interval's price. `price`, `spread_cost` and `impact` are currency a share, null where nothing filled; `reason` says
    why less filled than was sent, null where all did. A parent with a limit sends nothing in an interval whose price,
    costs included, would be beyond it.

    >>> intervals = pl.DataFrame({"start_ns": [0], "end_ns": [60], "price": [10.0], "volume": [1000], "spread": [0.02],
    ...     "daily_volatility": [0.02], "daily_volume": [40_000.0]})
    >>> slices = pl.DataFrame({"parent": [0], "row": [0], "start_ns": [0], "end_ns": [60], "due": [100], "side": [1],
    ...     "lot": [1], "limit": [None]})
    >>> fill_slices(slices, intervals, BarModel())["filled", "price"].rows()  # 10 + 0.01 + 10 x 2/3 x 0.02 x 0.05
    [(100, 10.0166...)]
    """
    work = _priced(_carried(_offered(slices, intervals, model)), model)
    settled = []
    while (crossed := work.filter(_beyond("price"))).height:
        again = pl.col("parent").is_in(crossed["parent"].unique().implode())
        settled.append(work.filter(~again))
        shut = work.filter(again).with_columns(
            pl.when(_beyond("price")).then(0).otherwise("capacity").alias("capacity"),
            pl.when(_beyond("price")).then(_said(BEYOND_LIMIT)).otherwise("shut").alias("shut"),
        )
        work = _priced(_carried(shut), model)
    if settled:
        work = pl.concat([*settled, work]).sort("parent", "row")
    short = pl.col("filled") < pl.col("sent")
    reason = pl.when(short).then(pl.col("shut").fill_null(_said(MOST))).alias("reason")
    spread_cost = pl.when(pl.col("filled") > 0).then("spread_cost").alias("spread_cost")
    return work.select(*slices.columns, "sent", "filled", "price", spread_cost, "impact", reason)


def _said(reason: str) -> pl.Expr:
    return pl.lit(reason, dtype=_Reason)


def _beyond(price: str) -> pl.Expr:
    """Whether a price is worse than the limit, but for the last digit of a double; null where there is no price."""
    worst = pl.col("limit").fill_null(pl.when(pl.col("side") > 0).then(float("inf")).otherwise(0.0))
    return pl.col("side") * (pl.col(price) - worst) > worst * 1e-12


def _offered(slices: pl.DataFrame, intervals: pl.DataFrame, model: BarModel) -> pl.DataFrame:
    """Each slice with its interval's numbers and `capacity`, the most it may do; `shut` says why that is nothing."""
    market = intervals.select(
        (pl.col("end_ns") - pl.col("start_ns")).alias("length"),
        pl.col("price").alias("reference"),
        *("volume", "spread", "daily_volatility", "daily_volume"),
    )[slices["row"]]
    part = (pl.col("end_ns") - pl.col("start_ns")) / pl.col("length")
    spread = pl.col("spread")
    if model.spread_bps is not None:
        spread = spread.fill_null(pl.col("reference") * (model.spread_bps / 1e4))
    scaled = pl.col("daily_volatility").is_not_null() & (pl.col("daily_volume") > 0)
    unscaled = ~scaled.fill_null(False) if model.impact == SQUARE_ROOT else pl.col("daily_volatility").is_null()
    if model.impact == NO_IMPACT:
        unscaled = pl.lit(False)
    shut = (
        pl.when(pl.col("volume") <= 0)
        .then(_said(NOTHING_TRADED))
        .when(pl.col("reference").is_null())
        .then(_said(NO_PRICE))
        .when(pl.col("volume").is_null())
        .then(_said(NO_VOLUME))
        .when(pl.col("spread_cost").is_null())
        .then(_said(NO_SPREAD))
        .when(unscaled)
        .then(_said(NO_SCALE))
        .when(_beyond("at_least").fill_null(False))
        .then(_said(BEYOND_LIMIT))
        .alias("shut")
    )
    most = (pl.col("own_volume") * model.max_participation // pl.col("lot") * pl.col("lot")).cast(pl.Int64)
    return (
        pl.concat([slices, market], how="horizontal")
        .with_columns(
            pl.col("limit").cast(pl.Float64),
            (pl.col("volume") * part).alias("own_volume"),
            (spread * (0.5 * model.spread_fraction)).alias("spread_cost"),
        )
        .with_columns((pl.col("reference") + pl.col("side") * pl.col("spread_cost")).alias("at_least"))
        .with_columns(shut)
        .with_columns(pl.when(pl.col("shut").is_null()).then(most).otherwise(0).alias("capacity"))
    )


def _carried(work: pl.DataFrame) -> pl.DataFrame:
    """What is `sent`, `filled` and `done` so far, where what was left over is sent again.

    done(i) = min(due(i), done(i - 1) + capacity(i)) is, with C the running sum of the capacity,
    C(i) + min(0, min over j <= i of due(j) - C(j)): no loop over the slices is needed.
    """
    return (
        work.with_columns(pl.col("capacity").cum_sum().over("parent").alias("room"))
        .with_columns((pl.col("due") - pl.col("room")).cum_min().over("parent").alias("least"))
        .with_columns((pl.col("room") + pl.min_horizontal("least", 0)).alias("done"))
        .with_columns(pl.col("done").shift(1, fill_value=0).over("parent").alias("before"))
        .with_columns(
            (pl.col("due") - pl.col("before")).alias("sent"), (pl.col("done") - pl.col("before")).alias("filled")
        )
        .drop("room", "least")
    )


def _priced(work: pl.DataFrame, model: BarModel) -> pl.DataFrame:
    """What the filled shares pay: `impact` in currency a share, and `price`."""
    scale = model.prefactor * pl.col("daily_volatility") * pl.col("reference")
    if model.impact == SQUARE_ROOT:
        stretch = (pl.col("done").cast(pl.Float64) ** 1.5 - pl.col("before").cast(pl.Float64) ** 1.5) / 1.5
        paid = scale * stretch / (pl.col("filled") * pl.col("daily_volume").sqrt())
    elif model.impact == SQUARE_ROOT_SLICE:
        paid = scale * (pl.col("filled") / pl.col("own_volume")).sqrt()
    else:
        paid = pl.lit(0.0)
    traded = pl.col("filled") > 0
    return work.with_columns(pl.when(traded).then(paid).alias("impact")).with_columns(
        pl.when(traded).then(pl.col("at_least") + pl.col("side") * pl.col("impact")).alias("price")
    )
