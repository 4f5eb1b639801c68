"""The market that the tests of this room share."""

from __future__ import annotations

import pytest
from acme_market import build_day

from tcakit.market.day import MarketDay


@pytest.fixture
def day() -> MarketDay:
    """Mids of 100, 100.1, 100.2, none, 100.4 from 0, 10, 20, 30, 40 s on; one more before the close."""
    nan = float("nan")
    quotes = [
        (0.0, 99.98, 100.02),
        (10.0, 100.08, 100.12),
        (20.0, 100.18, 100.22),
        (30.0, nan, 100.30),
        (40.0, 100.38, 100.42),
        (23_399.0, 101.00, 101.10),
    ]
    prints = [
        (5.0, 100.02, 100),
        (12.0, 100.12, 300),
        (15.0, 100.10, 100),
        (25.0, 100.20, 500),
        (45.0, 100.40, 1000),
        (23_399.5, 101.05, 50),
    ]
    return build_day(quotes, prints)
