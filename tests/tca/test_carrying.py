"""A mid some time after a fill says something of the fill only where trading went on and the quote is fresh."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from acme_market import at, build_day

from tcakit.market.day import MarketDay
from tcakit.tca.carrying import is_stale, not_to_be_carried
from tcakit.tca.markouts import mids_around
from tcakit.tca.stamps import mids_after

NANOSECOND = 1
PRINTS = [(float(second), 10.0, 100.0) for second in (20, 30, 40, 50, 60)]


def market(prints: list[tuple[float, float, float]] = PRINTS, *halts: tuple[float, float]) -> MarketDay:
    day = build_day([(0, 9.9, 10.1), (10, 10.0, 10.2), (200, 10.1, 10.3), (2_000, 10.1, 10.3)], prints)
    return replace(day, halts=tuple((at(begun), at(ended)) for begun, ended in halts))


def test_a_quote_is_stale_after_a_minute_and_five_prints() -> None:
    moments = np.array([at(70), at(70) + NANOSECOND, at(199), at(200), at(-5)])
    assert is_stale(market(), moments).tolist() == [False, True, True, False, False]


def test_a_market_that_rests_is_not_stale() -> None:
    assert not is_stale(market(PRINTS[:4]), np.array([at(199)])).any()
    assert not is_stale(market([]), np.array([at(1_999)])).any()


@pytest.mark.parametrize(
    ("origin", "moment", "broken"),
    [(15, 95, False), (15, 100, True), (99, 160, True), (120, 130, True), (150, 160, False), (160, 120, True)],
)
def test_a_halt_breaks_what_lies_on_either_side_of_it(origin: float, moment: float, broken: bool) -> None:
    day = market([], (100, 150))
    assert not_to_be_carried(day, np.array([at(origin)]), np.array([at(moment)])).tolist() == [broken]


def test_mids_stop_at_a_halt_and_at_a_stale_quote() -> None:
    horizons = (-1.0, 1.0, 10.0, 300.0)
    times = np.array([at(95)])
    assert mids_around(market([]), times, horizons)[0].tolist() == pytest.approx([10.1, 10.1, 10.1, 10.2])
    halted = mids_around(market([], (100, 150)), times, horizons)[0]
    assert halted.tolist() == pytest.approx([10.1, 10.1, np.nan, np.nan], nan_ok=True)
    stale = mids_around(market(), times, horizons)[0]
    assert stale.tolist() == pytest.approx([np.nan, np.nan, np.nan, 10.2], nan_ok=True)


def test_stamps_of_whole_seconds_stop_there_too() -> None:
    step = np.array([10**9])
    found = mids_after(market([], (100, 150)), np.array([at(95)]), step, (1.0, 300.0))[0]
    assert found.tolist() == pytest.approx([10.1, np.nan], nan_ok=True)
