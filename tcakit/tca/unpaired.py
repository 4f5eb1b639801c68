"""Two sets of different orders set against each other: two periods, two brokers, two algorithms."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from tcakit.errors import UsageError
from tcakit.registry import nearest
from tcakit.tca.paired import MEASURES
from tcakit.tca.resampling import DRAWS, drawn_sums
from tcakit.tca.shortfall import BPS
from tcakit.tca.significance import unpaired_p
from tcakit.tca.weighted_mean import weighted_mean


def set_against(
    first: pl.DataFrame, second: pl.DataFrame, measure: str = "arrival", *, seed: int = 0
) -> dict[str, Any]:
    """What orders of the first set cost less what those of the second did, from two `tca_parents` frames.

    Costs are ratios of sums, in bps of paper notional for shortfalls and of executed notional else; with several
    currencies each order weighs the same. Gives n_first, n_second, days_first, days_second, left_out, first_bps,
    second_bps, difference_bps, ci ([low, high], 95 %, days and then orders drawn in each set), p_value (Mann-Whitney of
    the orders' costs) and notes; numbers are None where they cannot be told. UsageError for an unknown measure.
    """
    if measure not in MEASURES:
        guess = nearest(measure, list(MEASURES))
        remedy = f"did you mean {guess}?" if guess else f"known are {', '.join(MEASURES)}"
        raise UsageError(f"no measure {measure!r}", place="--measure", remedy=remedy)
    sides = [_usable(rows, measure) for rows in (first, second)]
    mixed = pl.concat([side["currency"] for side in sides]).drop_nulls().n_unique() > 1
    if mixed:
        sides = [side.with_columns(weight=pl.lit(1.0)) for side in sides]
    values = [side["bps"].to_numpy() for side in sides]
    weights = [side["weight"].to_numpy() for side in sides]
    means = [weighted_mean(bps, held) if len(bps) else None for bps, held in zip(values, weights, strict=True)]
    ci = None
    if min(len(bps) for bps in values) >= 2:
        ratios = []
        for number, side in enumerate(sides):
            columns = np.column_stack([values[number] * weights[number], weights[number]])
            sums = drawn_sums(columns, side["date"].to_list(), draws=DRAWS, seed=seed + number)
            ratios.append(sums[:, 0] / sums[:, 1])
        low, high = np.quantile(ratios[0] - ratios[1], [0.025, 0.975])
        ci = [float(low), float(high)]
    notes = ["several currencies: each order weighs the same"] if mixed else []
    both = len(set(first["parent_id"].to_list()) & set(second["parent_id"].to_list()))
    if both:
        notes.append(f"{both} orders are in both sets")
    return {
        "n_first": sides[0].height,
        "n_second": sides[1].height,
        "days_first": sides[0]["date"].n_unique(),
        "days_second": sides[1]["date"].n_unique(),
        "left_out": first.height + second.height - sides[0].height - sides[1].height,
        "first_bps": means[0],
        "second_bps": means[1],
        "difference_bps": None if means[0] is None or means[1] is None else means[0] - means[1],
        "ci": ci,
        "p_value": unpaired_p(*values),
        "notes": notes,
    }


def _usable(rows: pl.DataFrame, measure: str) -> pl.DataFrame:
    base = "paper_notional" if measure.startswith("shortfall") else "executed_notional"
    told = rows.select("date", "currency", bps=(MEASURES[measure][1] * BPS).fill_nan(None), weight=pl.col(base))
    return told.filter(pl.col("bps").is_finite().fill_null(False) & (pl.col("weight") > 0).fill_null(False))
