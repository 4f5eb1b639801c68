"""Costs by dimension: a cell for each combination of values, its interval, and whether it differs from the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.tca.group_sums import group_sums
from tcakit.tca.inference import CONFIDENCE, bootstrap_ratio
from tcakit.tca.order_facts import order_of
from tcakit.tca.shortfall import BPS
from tcakit.tca.significance import RankedCosts, benjamini_hochberg

DRAWS = 1_000
Cell = dict[str, Any]


def cell_table(
    lines: pl.DataFrame,
    by: Sequence[str],
    measures: Mapping[str, tuple[pl.Expr, pl.Expr]],
    tested: str,
    *,
    draws: int = DRAWS,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> tuple[list[Cell], Cell]:
    """The cells of a table, and its total over all of them.

    `lines` are orders, or parts of orders (fills) whose order is `parent_id`, with the columns of `by`; each of
    `measures` is (cost, notional) in one currency. A cell has `key` (value by dimension, None where unknown), `n`
    (orders), `lines`, `measures` (each value, low, high in bps and n), `p_value` (Mann-Whitney of the orders' costs of
    `tested` against all other cells') and `q_value` (Benjamini-Hochberg over the table). Ratios are of sums;
    intervals draw whole orders. Raises UsageError for a dimension that is not there.
    """
    missing = [name for name in by if name not in lines.columns]
    if missing:
        raise UsageError(f"no columns {missing}", place="cells", remedy=f"known are {', '.join(lines.columns)}")
    names = list(measures)
    orders = _by_order(lines, list(by), measures)
    ranks = [_ranks(orders[name], name) for name in by]
    if by:
        orders = orders.with_columns(rank.alias(f"_rank_{place}") for place, rank in enumerate(ranks))
        orders = orders.sort([f"_rank_{place}" for place in range(len(by))], maintain_order=True)
    tops, bottoms, counts = (_matrix(orders, kind, names) for kind in ("top", "bottom", "count"))
    held = orders["_lines"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        column = names.index(tested)
        paid = np.where(bottoms[:, column] > 0, tops[:, column] / bottoms[:, column], np.nan)

    def told(key: Mapping[str, Any], rows: slice) -> Cell:
        return {
            "key": dict(key),
            "n": rows.stop - rows.start,
            "lines": int(held[rows].sum()),
            "measures": _statistics(names, tops[rows], bottoms[rows], counts[rows], draws, confidence, seed),
        }

    bounds = _bounds(orders, list(by))
    cells = [told(key, rows) for key, rows in bounds]
    ranked = RankedCosts(paid)
    p_values = [ranked.p_against_others(rows) for _, rows in bounds]
    for cell, p_value, q_value in zip(cells, p_values, benjamini_hochberg(p_values), strict=True):
        cell |= {"p_value": p_value, "q_value": q_value}
    whole = _by_order(lines, [], measures)
    tops, bottoms, counts = (_matrix(whole, kind, names) for kind in ("top", "bottom", "count"))
    held = whole["_lines"].to_numpy()
    return cells, told({}, slice(0, whole.height))


def _by_order(lines: pl.DataFrame, by: list[str], measures: Mapping[str, tuple[pl.Expr, pl.Expr]]) -> pl.DataFrame:
    """A row a cell and order with its sums; what lacks a cost or notional counts as nothing of both."""
    columns: list[pl.Expr] = []
    for name, (cost, notional) in measures.items():
        top, bottom = cost.cast(pl.Float64).fill_nan(None), notional.cast(pl.Float64).fill_nan(None)
        usable = top.is_not_null() & (bottom > 0).fill_null(False)
        columns += [
            pl.when(usable).then(top).otherwise(0.0).alias(f"top {name}"),
            pl.when(usable).then(bottom).otherwise(0.0).alias(f"bottom {name}"),
            usable.cast(pl.Int64).alias(f"count {name}"),
        ]
    own = pl.concat_str(pl.lit("line "), pl.int_range(pl.len()).cast(pl.String))
    order = pl.coalesce(pl.lit("order ") + pl.col("parent_id"), own).alias("_order")
    told = lines.select(*by, order, *columns, pl.lit(True).alias("_lines"))
    if lines["parent_id"].drop_nulls().is_unique().all():
        return told.with_columns(pl.col("_lines").cast(pl.Int64))  # each line is an order
    names = [name for name in told.columns if name not in (*by, "_order")]
    sums = group_sums(told, [*by, "_order"], *(pl.col(name) for name in names))
    # Of an order's lines it counts whether any has the number.
    return sums.with_columns(pl.col(name).clip(0, 1) for name in names if name.startswith("count "))


def _ranks(values: pl.Series, name: str) -> pl.Series:
    ordered = order_of(name, values.unique().to_list())
    place = {value: number for number, value in enumerate(ordered)}
    return pl.Series([place[value] for value in values.to_list()], dtype=pl.Int64)


def _matrix(orders: pl.DataFrame, kind: str, names: Sequence[str]) -> NDArray[np.float64]:
    return np.column_stack([orders[f"{kind} {name}"].to_numpy() for name in names]).astype(np.float64)


def _bounds(orders: pl.DataFrame, by: list[str]) -> list[tuple[dict[str, Any], slice]]:
    """Where each cell's orders lie among the sorted ones."""
    if not by or not orders.height:
        return []
    runs = orders.select(pl.struct(by).rle_id().alias("run")).to_series().to_numpy()
    starts = np.flatnonzero(np.diff(runs, prepend=-1))
    stops = [*starts[1:].tolist(), orders.height]
    keys = orders.select(by)[starts.tolist()].to_dicts()
    return [(key, slice(start, stop)) for key, start, stop in zip(keys, starts.tolist(), stops, strict=True)]


def _statistics(
    names: Sequence[str],
    tops: NDArray[np.float64],
    bottoms: NDArray[np.float64],
    counts: NDArray[np.float64],
    draws: int,
    confidence: float,
    seed: int,
) -> dict[str, dict[str, Any]]:
    low, high = bootstrap_ratio(tops, bottoms, draws=draws, confidence=confidence, seed=seed)
    out = {}
    for place, name in enumerate(names):
        base, orders = float(bottoms[:, place].sum()), int(counts[:, place].sum())
        sure = orders >= 2 and np.isfinite(low[place])
        out[name] = {
            "value": float(tops[:, place].sum()) / base * BPS if base > 0 else None,
            "low": float(low[place]) * BPS if sure else None,
            "high": float(high[place]) * BPS if sure else None,
            "n": orders,
        }
    return out
