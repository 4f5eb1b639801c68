"""The checks of market data, each against a day made odd on purpose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from acme_market import build_day

from tcakit.tca.market_quality import check_day

QUOTES = [(float(second), 99.98, 100.02) for second in range(0, 1000, 5)]
PRINTS = [(float(second) + 0.5, 100.0, 100) for second in range(0, 1000, 10)]


def found(quotes, prints):
    return {check.check: check for check in check_day(build_day(quotes, prints))}


def test_a_sound_stretch_has_no_findings_but_its_end() -> None:
    checks = found(QUOTES, PRINTS)
    assert {name for name, check in checks.items() if check.count} == {"ends early"}


def test_crossed_locked_and_one_sided_quotes_are_counted() -> None:
    odd = [(1001.0, 100.03, 100.01), (1002.0, 100.0, 100.0), (1003.0, np.nan, 100.02)]
    checks = found([*QUOTES, *odd], PRINTS)
    assert checks["crossed quote"].count == 1
    assert checks["crossed quote"].worst == pytest.approx(0.02 / 100.02 * 1e4)
    assert checks["locked quote"].count == 1
    assert checks["one-sided quote"].count == 1


def test_a_book_in_a_call_is_no_quote() -> None:
    odd = [(1001.0, 100.03, 100.01), (1002.0, 100.0, 100.0), (1003.0, np.nan, 100.02)]
    day = build_day([*QUOTES, *odd], PRINTS)
    first, last = (int(day.quote_ns[row]) for row in (-3, -1))
    told = {check.check: check.count for check in check_day(replace(day, halts=((first, last),)))}
    assert [told[name] for name in ("crossed quote", "locked quote", "one-sided quote")] == [0, 0, 0]


def test_a_gap_and_a_stale_quote_differ() -> None:
    checks = found([*QUOTES, (1200.0, 99.98, 100.02)], PRINTS)
    assert (checks["gap"].count, checks["gap"].worst) == (1, pytest.approx(205.0))
    assert checks["stale quote"].count == 0
    busy = [(1000.0 + 10 * k, 100.0, 100) for k in range(20)]
    checks = found([*QUOTES, (1200.0, 99.98, 100.02)], [*PRINTS, *busy])
    assert checks["gap"].count == 0
    assert (checks["stale quote"].count, checks["stale quote"].worst) == (1, pytest.approx(205.0))


def test_prints_outside_the_quote_are_measured_but_sweeps_count_once() -> None:
    prints = [*PRINTS, (996.0, 100.05, 100), (997.0, 100.02, 100), (997.0, 100.03, 100)]
    checks = found(QUOTES, sorted(prints))
    assert checks["print outside the quote"].count == 1
    assert checks["print outside the quote"].worst == pytest.approx(0.03 / 100.05 * 1e4)


def test_a_wild_print_is_an_outlier() -> None:
    checks = found(QUOTES, sorted([*PRINTS, (500.7, 120.0, 100)]))
    assert checks["outlier print"].count == 1
    assert checks["outlier print"].worst == pytest.approx(0.2)
