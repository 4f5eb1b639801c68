"""The day that an order is planned for: its hours, how volume and risk lie in it, and what was given by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tcakit.errors import UsageError
from tcakit.feeds.contract import ReaderOptions
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.order_setting import GivenFacts, OrderSettings, SettingRequest, order_setting
from tcakit.jobs.schedule_problem import Order, day_of
from tcakit.market.clock import format_time
from tcakit.store.database import Store

# Thanksgiving week: New York is closed on the 27th and closes at 13:00 on the 28th.
DAYS = ("2025-11-18", "2025-11-19", "2025-11-20", "2025-11-21", "2025-11-24", "2025-11-25")


def quoted(folder: Path, store: Path, date: str, morning: float, afternoon: float) -> None:
    """A quote every five minutes whose mid swings by so many cents, differently before and after 12:45."""
    rows = []
    for at in range(79):
        minutes = 14 * 60 + 30 + 5 * at
        mid = 100.0 + (at % 2) * (morning if at <= 39 else afternoon) / 100
        stamp = f"{date}T{minutes // 60:02d}:{minutes % 60:02d}:00Z"
        rows.append(f"{stamp},ACME,XNYS,{mid - 0.01:.2f},100,{mid + 0.01:.2f},100")
    path = folder / f"{date}.csv"
    path.write_text("ts,symbol,venue,bid,bid_size,ask,ask_size\n" + "\n".join(rows) + "\n")
    ingest(store, IngestRequest([str(path)], ReaderOptions(currency="USD", timezone="America/New_York")))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("setting")
    for date in DAYS:
        quoted(folder, folder / "store", date, morning=20, afternoon=10)
    return folder / "store"


def hours(store: Path, date: str) -> tuple[str, str, str]:
    found = order_setting(Store(store), SettingRequest("ACME", date))
    opens, closes = (format_time(ns, found.timezone)[11:16] for ns in (found.open_ns, found.close_ns))
    return opens, closes, " ".join(found.notes)


def test_hours_are_the_calendar_s(store: Path) -> None:
    assert hours(store, "2025-11-25")[:2] == ("09:30", "16:00")  # stored
    assert hours(store, "2025-11-26")[:2] == ("09:30", "16:00")  # known from the calendar
    opens, closes, notes = hours(store, "2025-11-28")
    assert (opens, closes) == ("09:30", "13:00")
    assert "the session is short (3.5 and 6.5 hours" in notes
    assert "short" not in hours(store, "2025-11-26")[2]


def test_a_day_on_which_the_venue_is_closed_is_said_to_be(store: Path) -> None:
    for date in ("2025-11-27", "2025-11-29"):
        opens, closes, notes = hours(store, date)
        assert (opens, closes) == ("09:30", "16:00")
        assert f"XNYS does not trade on {date}" in notes


def test_what_is_given_comes_first_and_is_told_apart(store: Path) -> None:
    request = SettingRequest("ACME", "2025-11-26", given=GivenFacts(adv_shares=5e5, currency="EUR"))
    found = order_setting(Store(store), request)
    assert (found.facts.adv_shares, found.facts.currency) == (5e5, "EUR")
    assert found.origins == {
        "adv_shares": "given",
        "volatility_daily": "stored days",
        "half_spread_bps": "stored days",
        "shares_outstanding": "unknown",
        "price": "stored days",
    }
    # The last quote stands at the close: at its edge the swing is over.
    assert found.facts.half_spread_bps == pytest.approx(1.0, rel=2e-3)


def test_hours_and_zone_by_hand() -> None:
    request = SettingRequest(None, "2025-11-26", session=("08:00", "16:30"), timezone="Europe/London")
    found = order_setting(None, request)
    assert format_time(found.open_ns, found.timezone) == "2025-11-26T08:00:00.000000000+00:00"
    assert found.close_ns - found.open_ns == 8.5 * 3600 * 10**9
    assert found.notes == ()
    assumed = order_setting(None, SettingRequest(None, "2025-11-26"))
    assert "hours are not known: 09:30 to 16:00 America/New_York" in assumed.notes[0]


@pytest.mark.parametrize("name", ["adv_shares", "volatility_daily", "shares_outstanding", "price", "half_spread_bps"])
@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_a_fact_that_cannot_be_is_refused(name: str, value: float) -> None:
    with pytest.raises(UsageError):
        GivenFacts(**{name: value})


# --- risk over the day ------------------------------------------------------------------------------------------------


def test_risk_lies_where_earlier_days_moved(store: Path) -> None:
    settings = OrderSettings(Store(store))
    request = SettingRequest("ACME", "2025-11-26")
    curve = settings.variance_curve(request, settings.of(request))
    assert curve is not None
    assert curve.name == "variance of 6 earlier days"
    noon = curve.edges[0] + 39 * 300 * 10**9
    # 39 moves of 20 cents in the morning; one of 20 back, then 38 of 10.
    moves = np.log1p(np.array([0.20, 0.10]) / 100) ** 2
    assert curve.fraction(int(noon)) == pytest.approx(39 * moves[0] / (40 * moves[0] + 38 * moves[1]), rel=1e-6)
    assert (curve.shares[0], curve.shares[-1]) == (0.0, pytest.approx(1.0))


def test_a_schedule_s_risk_is_that_curve_s_and_even_below_five_days(store: Path) -> None:
    def shares(date: str) -> tuple[np.ndarray, str]:
        given = GivenFacts(adv_shares=1e6)
        day = day_of(Store(store), Order("buy", 1_000.0, SettingRequest("ACME", date, given=given), slices=2))
        return day.variance_share, " ".join(day.notes)

    risk, said = shares("2025-11-26")
    assert risk[0] > 3.5 * risk[1]
    assert risk.sum() == pytest.approx(1.0)
    assert "variance of 6 earlier days" in said
    even, said = shares("2025-11-24")
    assert even.tolist() == [0.5, 0.5]
    assert "fewer than five earlier days" in said
