"""Two runs over the same parents, set side by side: what the first cost less what the second did, parent by parent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tcakit.errors import UsageError
from tcakit.registry import nearest
from tcakit.tca.resampling import DRAWS, ratio_interval, sign_flip
from tcakit.tca.shortfall import BPS

MEASURES: dict[str, tuple[str, pl.Expr]] = {
    "shortfall": ("all costs and fees, in bps of the paper notional", pl.col("total_cost") / pl.col("paper_notional")),
    "shortfall-before-fees": (
        "all costs but fees, in bps of the paper notional",
        (pl.col("total_cost") - pl.col("fees").fill_null(0.0)) / pl.col("paper_notional"),
    ),
    "arrival": ("fills against the mid at arrival", pl.col("arrival_bps_of_executed") / BPS),
    "vwap": ("fills against the market's VWAP while they lasted", pl.col("vwap_bps_of_executed") / BPS),
}
"""What two runs can be compared by: name -> (in words, cost as a fraction of notional)."""

_WINDOW = ["symbol", "date", "side", "arrival_ns", "end_ns", "ordered_shares"]
_SIDE = ("parent_id", "algo", "bps", "notional", "decision_price", "currency", "why_not")


@dataclass(frozen=True, slots=True)
class Paired:
    """Parents that both runs have, and those that found no partner.

    `pairs` has symbol, date, side, then parent_id, algo, bps, notional of each (suffixes _1, _2), `weight` (currency)
    and `difference_bps`, first less second; `unpaired` are dicts of run (1 or 2), parent_id, symbol, date and reason.
    """

    pairs: pl.DataFrame
    unpaired: list[dict[str, Any]]
    notes: tuple[str, ...] = ()


def pair(
    first: pl.DataFrame, second: pl.DataFrame, measure: str = "shortfall", *, with_unpaired: bool = True
) -> Paired:
    """Find for each parent of one run its partner in the other, from two `tca_parents` frames.

    A parent's partner has its symbol, date, side, window and quantity, and its id too; or else no other of its run has
    them. A pair weighs the mean of its two paper notionals; with several currencies all pairs weigh the same. Without
    `with_unpaired` those left are not listed. Raises UsageError for an unknown measure.
    """
    if measure not in MEASURES:
        guess = nearest(measure, list(MEASURES))
        remedy = f"did you mean {guess}?" if guess else f"known are {', '.join(MEASURES)}"
        raise UsageError(f"no measure {measure!r}", place="--measure", remedy=remedy)
    one, two = _told(first, measure), _told(second, measure)
    by_id, one, two = _matched(one, two, ["parent_id", *_WINDOW])
    by_window, one, two = _matched(one, two, _WINDOW)
    pairs = pl.concat([by_id, by_window]).sort("date", "symbol", "parent_id_1")
    left = ((1, one), (2, two)) if with_unpaired else ()
    unpaired = [row for number, rows in left for row in _left(number, rows)]
    for number, _ in left:
        unusable = pairs.filter(pl.col(f"why_not_{number}").is_not_null())
        unpaired += [
            {"run": number, "parent_id": row[f"parent_id_{number}"], "symbol": row["symbol"], "date": row["date"],
             "reason": row[f"why_not_{number}"]}
            for row in unusable.iter_rows(named=True)
        ]  # fmt: skip
    pairs = pairs.filter(pl.col("why_not_1").is_null() & pl.col("why_not_2").is_null())
    notes = []
    mixed = pl.concat([pairs["currency_1"], pairs["currency_2"]]).n_unique() > 1
    weight = pl.lit(1.0) if mixed else (pl.col("notional_1") + pl.col("notional_2")) / 2
    if mixed:
        notes.append("several currencies: each parent weighs the same")
    apart = (pairs["decision_price_1"] / pairs["decision_price_2"] - 1).abs() > 1e-12
    if measure.startswith("shortfall") and apart.any():
        notes.append(
            f"{int(apart.sum())} pairs were decided at different prices, so that their delay differs: "
            "--measure arrival compares from arrival on"
        )
    pairs = pairs.with_columns(weight.alias("weight"), (pl.col("bps_1") - pl.col("bps_2")).alias("difference_bps"))
    dropped = [f"{name}_{number}" for name in ("decision_price", "currency", "why_not") for number in (1, 2)]
    return Paired(pairs.drop(dropped), unpaired, tuple(notes))


def _told(rows: pl.DataFrame, measure: str) -> pl.DataFrame:
    """Keys, cost and weight of each parent, and why it cannot be compared if so."""
    cost = (MEASURES[measure][1] * BPS).fill_nan(None)
    frame = rows.with_columns(cost.alias("bps"), pl.col("paper_notional").alias("notional"))
    usable = pl.col("bps").is_finite().fill_null(False) & (pl.col("notional") > 0).fill_null(False)
    reason = pl.coalesce(
        "unpriced_reason",
        pl.when(pl.col("fills") == 0).then(pl.lit("nothing was filled, so that it has no such cost")),
        "notes",
        pl.lit("its cost is not known"),
    )
    frame = frame.with_columns(pl.when(~usable).then(reason).alias("why_not"))
    return frame.select(*dict.fromkeys(["parent_id", *_WINDOW, *_SIDE])).with_row_index("row")


def _matched(one: pl.DataFrame, two: pl.DataFrame, keys: list[str]) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Rows of both that alone have a key, joined; and what is left of each."""

    def alone(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.filter(pl.len().over(keys) == 1)

    def sided(rows: pl.DataFrame, number: int) -> pl.DataFrame:
        named = [pl.col(name).alias(f"{name}_{number}") for name in ("row", *_SIDE)]
        shared = [name for name in ("symbol", "date", "side") if name not in keys]
        return rows.select(*keys, *(shared if number == 1 else []), *named)

    joined = sided(alone(one), 1).join(sided(alone(two), 2), on=keys, how="inner", nulls_equal=True)
    left = [
        rows.filter(~pl.col("row").is_in(joined[f"row_{number}"].implode())) for number, rows in ((1, one), (2, two))
    ]
    columns = ["symbol", "date", "side", *(f"{name}_{number}" for number in (1, 2) for name in _SIDE)]
    return joined.select(columns), left[0], left[1]


def _left(number: int, rows: pl.DataFrame) -> list[dict[str, Any]]:
    several = rows.with_columns((pl.len().over(_WINDOW) > 1).alias("several"))
    return [
        {
            "run": number,
            "parent_id": row["parent_id"],
            "symbol": row["symbol"],
            "date": row["date"],
            "reason": "several parents of its run have the same symbol, date, side, window and quantity"
            if row["several"]
            else "the other run has no such parent",
        }
        for row in several.iter_rows(named=True)
    ]


def difference(pairs: pl.DataFrame, *, draws: int = DRAWS, seed: int = 0) -> dict[str, Any]:
    """The weighted mean difference of pairs in bps, first less second, how sure it is, and how sure its sign.

    Gives n, days, first_bps, second_bps, difference_bps, ci ([low, high], 95 %, days and then parents drawn), p_value
    (signs of whole days flipped), cluster, clusters, least_p; numbers are None where they cannot be told.
    """
    weight = pairs["weight"].to_numpy()
    days = pairs["date"].to_list()
    total = float(weight.sum())
    tops = pairs["difference_bps"].to_numpy() * weight
    ci = ratio_interval(tops, weight, days, draws=draws, seed=seed)
    flipped = sign_flip(tops, days, seed=seed)

    def mean(values: np.ndarray[Any, Any]) -> float | None:
        return float((values * weight).sum() / total) if total > 0 else None

    return {
        "n": pairs.height,
        "days": len(set(days)),
        "first_bps": mean(pairs["bps_1"].to_numpy()),
        "second_bps": mean(pairs["bps_2"].to_numpy()),
        "difference_bps": mean(pairs["difference_bps"].to_numpy()),
        "ci": None if ci[0] is None else list(ci),
        "p_value": flipped.p_value,
        "cluster": flipped.cluster,
        "clusters": flipped.clusters,
        "least_p": flipped.least_p,
    }
