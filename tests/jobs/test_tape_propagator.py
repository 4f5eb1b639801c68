"""The propagator view says what its numbers are worth: found, not found, and seen too late."""

from __future__ import annotations

import numpy as np

from tcakit.impact.tape import Tape
from tcakit.jobs.tape_propagator import propagator_view

SECOND = 1_000_000_000
SESSION_S = 23_400


def market(date: str, seed: int, exponent: float | None, late_ns: int = 1, count: int = 12_000) -> Tape:
    """Signs of hidden orders, and a price that decays as a power of the lag (None: never), seen `late_ns` later."""
    from scipy.signal import fftconvolve

    random = np.random.default_rng(seed)
    lengths = np.floor(random.random(count) ** (-1.0 / 1.5)).astype(np.int64)
    signs = np.repeat(random.choice([-1.0, 1.0], count), np.minimum(lengths, count))[:count]
    lag = np.arange(1.0, count + 1.0)
    kernel = np.ones(count) if exponent is None else (1.0 + lag / 3.0) ** -exponent
    price = 1e6 + 100.0 * fftconvolve(signs, kernel)[:count] + 60.0 * np.cumsum(random.normal(size=count))
    ns = np.linspace(SECOND, (SESSION_S - 1) * SECOND, count).astype(np.int64)
    levels, ones = np.concatenate([[1e6], price]), np.ones(count + 1)
    return Tape.of(
        symbol="ALFA", date=date, open_ns=0, close_ns=SESSION_S * SECOND, tick=0.01,
        quote_ns=np.concatenate([[0], ns + late_ns]), bid=levels, bid_size=ones, ask=levels, ask_size=ones,
        trade_ns=ns, trade_sign=signs, trade_shares=ones[1:],
    )  # fmt: skip


def test_a_decay_that_is_there_is_a_model_with_a_range() -> None:
    view = propagator_view([market(f"2026-03-{day:02d}", day, 0.45) for day in range(1, 11)])
    low, high = view["exponent_ci"]
    assert low < 0.45 < high
    assert high - low < 0.1
    assert view["model"]["parameters"]["decay_exponent"] == view["exponent"]
    assert view["model"]["level_range"][1] == view["model"]["level_fitted"]
    assert view["rests_on"].startswith("intervals rest on 10 days (")
    assert len(view["caveats"]) == 1
    assert view["kernel"][0]["raw_bps"] > view["kernel"][-1]["raw_bps"] > 0.0
    assert abs(view["sign_shuffle"]["level_over_fitted"]) < 0.1


def test_impact_that_never_decays_makes_no_model() -> None:
    view = propagator_view([market("2026-03-02", 1, None)])
    assert view["model"] is None
    assert any("no model is made of it" in sentence for sentence in view["caveats"])
    assert "pieces of one day" in view["rests_on"]


def test_an_exponent_at_its_bound_has_no_interval() -> None:
    view = propagator_view([market("2026-03-02", 1, 9.0)])
    assert view["exponent"] > 1.98
    assert view["exponent_ci"] is view["level_bps_ci"] is view["lag_scale_trades_ci"] is view["model"] is None
    assert any("the largest that is tried" in sentence for sentence in view["caveats"])


def test_quotes_that_come_late_are_said() -> None:
    """Two trades later, so that the first moves are those of earlier trades."""
    late = 3 * SECOND * SESSION_S // 12_000
    view = propagator_view([market(f"2026-03-{day:02d}", day, 0.45, late_ns=late) for day in (2, 3)])
    assert any("quotes may be stamped later than trades" in sentence for sentence in view["caveats"])
    assert "pieces of 2 days" in view["rests_on"]
