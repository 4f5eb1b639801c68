"""Markout curves venue by venue: where the mid went after what each of them filled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from tcakit.report.data import ReportData
from tcakit.report.markouts import points_of, weighed_fills
from tcakit.report.wording import NOT_STATED

VENUES_SHOWN = 8


def venue_markouts(data: ReportData, rows: Sequence[Mapping[str, Any]], venues: list[str]) -> list[dict[str, Any]]:
    """For the first `VENUES_SHOWN` of `venues` (the largest first) its curve, as those of `markout_curves`.

    A row has `venue` and `points`; fills of no stated venue stand together. Bands draw whole orders.
    """
    fills = weighed_fills(data, rows).with_columns(pl.col("venue").fill_null(NOT_STATED))
    markouts = data.markouts.with_columns(pl.col("markout_bps_of_price").fill_nan(None))
    return [
        {"venue": venue, "points": points_of(markouts, fills.filter(pl.col("venue") == venue))}
        for venue in venues[:VENUES_SHOWN]
    ]
