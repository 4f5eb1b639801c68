"""Halts of a stored day, from its book and from the venue's notices, reach the market that is measured against."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from test_data_warnings import DATE, SECOND, T0, good, stored_day

from tcakit.jobs.halts import UNENDED, halts
from tcakit.jobs.market import market_day
from tcakit.market import codes
from tcakit.store.database import Store
from tcakit.store.market_data import symbol_days


def halts_of(folder: Path) -> tuple[tuple[int, int], ...]:
    store = Store(folder)
    return market_day(store, symbol_days(store, DATE)[0]).halts


def test_a_halt_in_the_book(tmp_path: Path) -> None:
    rows = good()
    middle = next(at for at, row in enumerate(rows) if row[0] > 50)
    odd = [(50.5, codes.HALT, 0, None, 0), (51.5, codes.TRADE_RESUME, 0, None, 0)]
    store = stored_day(tmp_path, rows[:middle] + odd + rows[middle:])
    assert halts_of(store) == ((T0 + round(50.5 * SECOND), T0 + round(51.5 * SECOND)),)


def test_nothing_trades_while_quotes_alone_are_resumed(tmp_path: Path) -> None:
    """The call of an auction: begun by a halt or not, it lasts until trading resumes."""
    rows = good()
    middle = next(at for at, row in enumerate(rows) if row[0] > 50)
    odd = [(50.5, codes.QUOTE_RESUME, 0, None, 0), (51.5, codes.TRADE_RESUME, 0, None, 0)]
    store = stored_day(tmp_path, rows[:middle] + odd + rows[middle:])
    assert halts_of(store) == ((T0 + round(50.5 * SECOND), T0 + round(51.5 * SECOND)),)


def test_a_halt_that_the_venue_gave_notice_of(tmp_path: Path) -> None:
    details = [json.dumps({"action": word}) for word in ("trading", "halt", "quoting", "pause", "trading", "suspend")]
    # Made notices all have one time; their order is that of the file.
    found = halts_of(stored_day(tmp_path, good(), (*details, '{"reason": "none"}')))
    assert found == ((T0, T0), (T0, UNENDED))


def test_a_day_without_halts_has_none(tmp_path: Path) -> None:
    assert halts_of(stored_day(tmp_path, good())) == ()


def test_a_resumption_before_any_stop_is_none() -> None:
    assert halts(np.array([1, 2, 3]), np.array([False, False, True])) == [(3, UNENDED)]
