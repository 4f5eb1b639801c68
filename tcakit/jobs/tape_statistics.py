"""Sums for the flow-state regression, taken by DuckDB over binned rows by part of a day, kernel and half-life."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np

from tcakit.errors import DataError, UsageError
from tcakit.impact.flow_state import (
    BIN_S,
    HALF_LIVES_S,
    HORIZON_S,
    KERNELS,
    SKIPPED_S,
    FlowStatistics,
    fading_flow,
    impact_state,
)
from tcakit.impact.tape import Tape
from tcakit.impact.tape_scale import TapeScale
from tcakit.store.bridge import lent

PART_S = 1_800.0
# x and y are changes over the same time, which begins with every bin; a part of the day holds what begins in it.
_SUMS = """
    WITH changes AS (
        SELECT trial, part, bin,
            lead(state, $ahead) OVER later - state AS x,
            lead(price, $ahead) OVER later - price AS y
        FROM bins WINDOW later AS (PARTITION BY trial ORDER BY bin))
    SELECT trial, part, sum(x * x) AS xx, sum(x * y) AS xy, sum(y * y) AS yy, count(*)::DOUBLE AS pairs
    FROM changes WHERE isfinite(x) AND isfinite(y) AND bin >= $first
    GROUP BY ALL ORDER BY ALL
"""


def flow_statistics(
    tapes: Sequence[Tape],
    scales: Sequence[TapeScale],
    *,
    kernels: Sequence[str] = KERNELS,
    half_lives_s: Sequence[float] = HALF_LIVES_S,
    horizon_s: float = HORIZON_S,
    skipped_s: float = SKIPPED_S,
) -> list[FlowStatistics]:
    """The sums of each kernel over all days; what begins in the first `skipped_s` of a session is left out.

    UsageError where the horizon is no whole number of bins. DataError where no day is long enough.
    """
    ahead = round(horizon_s / BIN_S)
    if ahead < 1 or abs(ahead * BIN_S - horizon_s) > 1e-9:
        raise UsageError(f"a horizon of {horizon_s:g} s", remedy=f"give a multiple of {BIN_S:g} s")
    trials = [(kernel, half_life) for kernel in kernels for half_life in half_lives_s]
    found: list[dict[str, Any]] = []
    dates: list[str] = []
    with duckdb.connect() as connection:
        for tape, scale in zip(tapes, scales, strict=True):
            with lent(connection, bins=_bins(tape, scale, trials)):
                sums = connection.execute(_SUMS, {"ahead": ahead, "first": round(skipped_s / BIN_S)}).fetchnumpy()
            if len(sums["trial"]):
                found.append(sums)
                dates += [tape.date] * (len(sums["trial"]) // len(trials))
    if not found:
        raise DataError(
            f"no session is longer than the {skipped_s:g} s left out and {horizon_s:g} s", remedy="give longer days"
        )
    shape = (len(trials), -1)
    xx, xy, yy, pairs = (
        np.concatenate([sums[name].reshape(shape) for sums in found], axis=1) for name in ("xx", "xy", "yy", "pairs")
    )
    each = len(half_lives_s)
    return [
        FlowStatistics(kernel, tuple(half_lives_s), tuple(dates), xx[rows], xy[rows], yy[rows.start], pairs[rows.start])
        for number, kernel in enumerate(kernels)
        for rows in [slice(number * each, (number + 1) * each)]
    ]


def _bins(tape: Tape, scale: TapeScale, trials: Sequence[tuple[str, float]]) -> dict[str, Any]:
    """A row a bin and trial; price is that at the end of the bin, in daily volatilities."""
    price = np.log(tape.mid_at(tape.edges(BIN_S)[1:])) / scale.volatility_daily
    count = len(price)
    fading = {half_life: fading_flow(tape, scale, half_life) for half_life in {row[1] for row in trials}}
    states = [impact_state(fading[half_life], kernel) for kernel, half_life in trials]
    number = np.arange(count, dtype=np.int64)
    return {
        "trial": np.repeat(np.arange(len(trials), dtype=np.int64), count),
        "bin": np.tile(number, len(trials)),
        "part": np.tile((number * BIN_S // PART_S).astype(np.int64), len(trials)),
        "state": np.concatenate(states),
        "price": np.tile(price, len(trials)),
    }
