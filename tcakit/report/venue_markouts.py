"""Markout curves venue by venue: where the mid went after what each of them filled."""

from __future__ import annotations

from typing import Any

from tcakit.report.markouts import points_of
from tcakit.report.wording import NOT_STATED
from tcakit.tca.markout_curves import MarkedFills

VENUES_SHOWN = 8


def venue_markouts(marked: MarkedFills, venues: list[str]) -> list[dict[str, Any]]:
    """For the first `VENUES_SHOWN` of `venues` (the largest first) its curve, as those of `markout_curves`.

    A row has `venue` and `points`; fills of no stated venue stand together. Bands draw whole orders.
    """
    own = marked.fills["venue"].fill_null(NOT_STATED)
    return [{"venue": venue, "points": points_of(marked, (own == venue).to_numpy())} for venue in venues[:VENUES_SHOWN]]
