"""What a plan that is solved again was worth on a stored day, and the strategy that does it in a backtest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tcakit.errors import UsageError
from tcakit.execution.algorithms import parse_algorithm
from tcakit.jobs.backtest import backtest
from tcakit.jobs.backtest_config import BacktestConfig, expand
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.market import market_day
from tcakit.jobs.order_setting import SettingRequest
from tcakit.jobs.schedule import ScheduleRequest, schedule
from tcakit.jobs.schedule_problem import Auction, Order
from tcakit.jobs.stored_days import StoredDays
from tcakit.store.database import Store
from tcakit.store.market_data import find_symbol_day

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data" / "lobster"
DATE = "2026-03-04"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("regret") / "store"
    ingest(folder, IngestRequest([str(SAMPLE)]))
    return folder


def planned(store: Path, algo: str = "is:1h", symbol: str | None = "ALFA", **more: Any) -> dict[str, Any]:
    date = more.pop("date", DATE)
    order = Order("buy", 20_000.0, SettingRequest(symbol, date), slices=13, **more)
    return schedule(store, ScheduleRequest(order, algo, regret=True))


@pytest.mark.parametrize("symbol", ["ALFA", "BRVO"])
def test_regret_is_what_the_plan_that_knew_would_have_saved(store: Path, symbol: str) -> None:
    result = planned(store, symbol=symbol)
    told = result["regret"]
    day = market_day(Store(store), find_symbol_day(Store(store), symbol, DATE))
    opens = day.instrument.session_open_ns
    # The closing auction prints at the close, when the last slice is over.
    traded = day.print_ns < day.instrument.session_close_ns
    edges = opens + np.arange(14) * 1_800 * 10**9
    sizes, _ = np.histogram(day.print_ns[traded], bins=edges, weights=day.print_size[traded])
    assert told["volume"] == pytest.approx(sizes)
    assert told["knew_the_day"]["regret_bps"] == 0.0
    for plan in ("morning", "solved_again"):
        assert told[plan]["regret_bps"] > 0.0
        assert sum(told[plan]["quantities"]) == pytest.approx(20_000)
    # The plan of the morning is the one that is told, but for lots.
    assert np.abs(np.subtract(told["morning"]["quantities"], result["quantities"])).max() < 2.0
    # Until the first slice is over nothing is known that was not in the morning.
    assert told["solved_again"]["quantities"][0] == pytest.approx(told["morning"]["quantities"][0])
    assert "nobody knew before" in result["notes"][-1]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"algo": "vwap"}, "no regret of vwap"),
        ({"algo": "target-close:1h"}, "no regret of target-close"),
        ({"algo": "is:1h", "participation": 0.5}, "leave them out"),
        ({"algo": "is:1h", "auctions": (Auction("close", 0.1),)}, "leave them out"),
        ({"algo": "is:1h", "date": "2026-03-05"}, "2026-03-05"),
    ],
)
def test_what_has_no_regret_is_refused(store: Path, given: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        planned(store, **given)
    assert said in str(refused.value)


def test_a_curve_of_earlier_days_knows_how_much_they_traded(store: Path) -> None:
    held = Store(store)
    today, earlier = (find_symbol_day(held, "ALFA", date) for date in (DATE, "2026-03-03"))
    opens, closes = today.instrument.session_open_ns, today.instrument.session_close_ns
    curve = StoredDays(held).curve(today, opens, closes)
    assert curve.day_volume == market_day(held, earlier).print_size.sum()
    first = StoredDays(held).curve(earlier, earlier.instrument.session_open_ns, earlier.instrument.session_close_ns)
    assert first.day_volume is None


def test_a_backtest_works_it_to_the_end_and_says_what_curve_it_followed(store: Path) -> None:
    algos = [parse_algorithm(text) for text in ("optimal:20m", "is:20m", "vwap")]
    window = {"start": "10:00", "end": "11:00", "limit": None}
    parents = expand(["ALFA"], ["buy", "sell"], [1_200.0], algos, [DATE], **window)
    result = backtest(store, BacktestConfig(tuple(parents)))
    assert {row["algo"] for row in result["algorithms"]} == {"optimal:20m", "is:20m", "vwap"}
    for row in result["parents"]:
        assert row["filled_shares"] == 1_200
    held = Store(store)
    from tcakit.store import results

    notes = results.table(held, "parents", result["run_id"])
    told = dict(zip(notes["algo"], notes["notes"], strict=True))
    first = backtest(store, BacktestConfig(tuple(expand(["ALFA"], ["buy"], [200.0], algos, ["2026-03-03"], **window))))
    assert "no earlier day is stored: optimal and vwap used the default U-shaped volume curve" in first["notes"]
    assert "volume curve: mean of 1 earlier day" in told["optimal:20m"]
    assert told["is:20m"] is None
