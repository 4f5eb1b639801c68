"""Costs by dimension: a cell for each combination of values, its interval, and whether it differs from the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
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
Floats = NDArray[np.float64]


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
    return Lines(lines, measures).table(by, tested, draws=draws, confidence=confidence, seed=seed)


class Lines:
    """Lines of which several tables are made: `lines` and `measures` as `cell_table` takes them, added up once."""

    def __init__(self, lines: pl.DataFrame, measures: Mapping[str, tuple[pl.Expr, pl.Expr]]) -> None:
        self.lines, self._names = lines, list(measures)
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
        self._sums = lines.select(order, *columns, pl.lit(1, pl.Int64).alias("_lines"))
        self._are_orders = bool(lines["parent_id"].drop_nulls().is_unique().all())

    def table(
        self,
        by: Sequence[str],
        tested: str,
        *,
        draws: int = DRAWS,
        confidence: float = CONFIDENCE,
        seed: int = 0,
    ) -> tuple[list[Cell], Cell]:
        """As `cell_table`."""
        missing = [name for name in by if name not in self.lines.columns]
        if missing:
            raise UsageError(
                f"no columns {missing}", place="cells", remedy=f"known are {', '.join(self.lines.columns)}"
            )
        orders = self._by_order(list(by))
        if by:
            ranks = [_ranks(orders[name], name) for name in by]
            orders = orders.with_columns(rank.alias(f"_rank_{place}") for place, rank in enumerate(ranks))
            orders = orders.sort([f"_rank_{place}" for place in range(len(by))], maintain_order=True)

        def told(key: Mapping[str, Any], sums: _Sums, rows: slice) -> Cell:
            return {
                "key": dict(key),
                "n": rows.stop - rows.start,
                "lines": int(sums.lines[rows].sum()),
                "measures": _statistics(
                    self._names, sums.tops[rows], sums.bottoms[rows], sums.counts[rows], draws, confidence, seed
                ),
            }

        sums, bounds = _Sums.of(orders, self._names), _bounds(orders, list(by))
        cells = [told(key, sums, rows) for key, rows in bounds]
        ranked = RankedCosts(sums.paid(self._names.index(tested)))
        p_values = [ranked.p_against_others(rows) for _, rows in bounds]
        for cell, p_value, q_value in zip(cells, p_values, benjamini_hochberg(p_values), strict=True):
            cell |= {"p_value": p_value, "q_value": q_value}
        return cells, told({}, self._whole, slice(0, len(self._whole.lines)))

    @cached_property
    def _whole(self) -> _Sums:
        return _Sums.of(self._by_order([]), self._names)

    def _by_order(self, by: list[str]) -> pl.DataFrame:
        """A row a cell and order with its sums; what lacks a cost or notional counts as nothing of both."""
        told = self._sums.with_columns(self.lines.select(by).get_columns())
        if self._are_orders:
            return told
        names = [name for name in self._sums.columns if name != "_order"]
        sums = group_sums(told, [*by, "_order"], *(pl.col(name) for name in names))
        # Of an order's lines it counts whether any has the number.
        return sums.with_columns(pl.col(name).clip(0, 1) for name in names if name.startswith("count "))


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sums of some orders: matrices (orders, measures), and how many lines each has."""

    tops: Floats
    bottoms: Floats
    counts: Floats
    lines: NDArray[np.int64]

    @classmethod
    def of(cls, orders: pl.DataFrame, names: Sequence[str]) -> _Sums:
        tops, bottoms, counts = (_matrix(orders, kind, names) for kind in ("top", "bottom", "count"))
        return cls(tops, bottoms, counts, orders["_lines"].to_numpy())

    def paid(self, measure: int) -> Floats:
        """What each order paid of its notional, NaN where it has none."""
        tops, bottoms = self.tops[:, measure], self.bottoms[:, measure]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(bottoms > 0, tops / bottoms, np.nan)


def _ranks(values: pl.Series, name: str) -> pl.Series:
    ordered = order_of(name, values.unique().to_list())
    numbers = list(range(len(ordered)))
    return values.replace_strict(pl.Series(ordered, dtype=values.dtype), numbers, return_dtype=pl.Int64)


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
