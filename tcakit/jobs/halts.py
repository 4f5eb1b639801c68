"""When trading in a symbol was stopped: by its book's own rows, and by what the venue gave notice of."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.market import codes
from tcakit.store import market_data
from tcakit.store.database import Store
from tcakit.store.market_data import SymbolDay, plain

_STOPS = ("halt", "pause", "suspend")
_RESUMES = ("trading", "cross", "rotation")
UNENDED = int(np.iinfo(np.int64).max)


def halt_columns(store: Store, day: SymbolDay, book: dict[str, Any] | None) -> dict[str, NDArray[np.int64]]:
    """`halt_from` and `halt_to` (ns) of each halt of a stored day; `book` are its book events where it has any."""
    found: list[tuple[int, int]] = []
    if book is not None:
        found += book_halts(book)
    notices = market_data.status_notices(store, day)
    actions = [json.loads(detail).get("action") for detail in notices["detail"]]
    of_trading = np.array([action in (*_STOPS, *_RESUMES) for action in actions], np.bool_)
    stops = np.array([action in _STOPS for action in actions], np.bool_)
    found += halts(notices["ts_ns"].to_numpy()[of_trading], stops[of_trading])
    return {
        "halt_from": np.array([begun for begun, _ in found], np.int64),
        "halt_to": np.array([ended for _, ended in found], np.int64),
    }


def book_halts(book: dict[str, Any]) -> tuple[tuple[int, int], ...]:
    """The halts that a book's own rows tell of; where quotes alone are resumed, in an auction's call, nothing
    trades."""
    kind = plain(book["kind"])
    at = np.flatnonzero(np.isin(kind, (codes.HALT, codes.QUOTE_RESUME, codes.TRADE_RESUME)))
    return tuple(halts(plain(book["ts_ns"])[at], kind[at] != codes.TRADE_RESUME))


def halts(ts_ns: NDArray[np.int64], stops: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """From changes of state in order of time, each a stop or a resumption, the (first, last) instants of each halt.

    A stop within a halt and a resumption out of one change nothing; a halt that was not ended lasts to the end of time.

    >>> halts(np.array([1, 2, 5, 9]), np.array([True, True, False, True])) == [(1, 5), (9, UNENDED)]
    True
    """
    found: list[tuple[int, int]] = []
    begun: int | None = None
    for moment, stop in zip(ts_ns.tolist(), stops.tolist(), strict=True):
        if stop and begun is None:
            begun = moment
        elif not stop and begun is not None:
            found.append((begun, moment))
            begun = None
    return found if begun is None else [*found, (begun, UNENDED)]
