"""A simulated day as recordings of the trading session have it: from the opening auction on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tcakit.market import codes
from tcakit.simulator.recorded_day import RecordedDay


def published(day: RecordedDay) -> RecordedDay:
    """The day with all that came before its opening auction's print as the orders that stood at the open.

    Files of the session (LOBSTER's, quotes, trades) begin with that print then; the call before it shows nowhere. A day
    without an opening call is left as it is.
    """
    open_ns = day.session[0]
    at_open = np.flatnonzero((day.ts_ns == open_ns) & np.isin(day.kind, (codes.PRINT_CROSS, codes.TRADE_RESUME)))
    return replace(day, opening_rows=int(at_open[0])) if len(at_open) else day
