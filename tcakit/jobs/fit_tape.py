"""What the tape alone says of impact: fits on the market's trades and quotes, without a fill of ours."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from tcakit.errors import DataError
from tcakit.jobs.tape import read_tapes
from tcakit.jobs.tape_order_flow import order_flow_view
from tcakit.store.database import Store

SOURCE = "tape-proxy"


def fit_tape(store: Store, symbols: Sequence[str] | None = None, dates: Sequence[str] | None = None) -> dict[str, Any]:
    """Fit each symbol's stored days (None: all): one JSON-able entry a symbol under `symbols`, with its caveats.

    `order_flow`: see `tape_order_flow`. A view that a symbol's tape is too thin for is null, and `caveats` says why.
    DataError where nothing of what is asked for is stored or can be read.
    """
    begun = time.perf_counter()
    tapes = read_tapes(store, symbols, dates)
    fitted = []
    for symbol in tapes.symbols:
        own = tapes.of(symbol)
        entry: dict[str, Any] = {"symbol": symbol, "source": SOURCE, "dates": [tape.date for tape in own]}
        caveats: list[str] = []
        for name, view in (("order_flow", order_flow_view),):
            try:
                entry[name] = view(own)
            except DataError as error:
                entry[name] = None
                caveats.append(f"{name}: {error}")
        entry["caveats"] = caveats
        fitted.append(entry)
    return {"symbols": fitted, "notes": list(tapes.notes), "seconds": round(time.perf_counter() - begun, 3)}
