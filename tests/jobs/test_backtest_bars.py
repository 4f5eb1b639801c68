"""The bars engine from files to report: days by hand, days that have bars alone, and how far it is from the replay."""

from __future__ import annotations

import json
import math
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tcakit.errors import ConfigError, DataError, UsageError
from tcakit.execution.algorithms import parse_algorithm
from tcakit.feeds.contract import ReaderOptions
from tcakit.jobs.backtest import backtest
from tcakit.jobs.backtest_config import BacktestConfig, config_from_toml, expand
from tcakit.jobs.bar_market import realised_volatility
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.report import ReportRequest, report
from tcakit.market.clock import wall_ns
from tcakit.replay.bars import BarModel
from tcakit.store import market_data, results
from tcakit.store.database import Store
from tcakit.venue.fees import FeeSchedule

DATE = "2026-03-03"
ZONE = "America/New_York"
FREE = BarModel(impact="none", spread_fraction=0.0)


def put(folder: Path, name: str, text: str, **options: str) -> Path:
    path = folder / name
    path.write_text(text)
    ingest(folder / "store", IngestRequest([str(path)], ReaderOptions(**options)))
    return folder / "store"


def quotes(folder: Path, rows: list[str]) -> Path:
    head = "ts,symbol,venue,bid,bid_size,ask,ask_size\n"
    return put(folder, "quotes.csv", head + "\n".join(rows) + "\n", timezone=ZONE)


def prints(folder: Path, rows: list[str]) -> Path:
    return put(folder, "trades.csv", "ts,symbol,venue,price,size\n" + "\n".join(rows) + "\n", timezone=ZONE)


def by_hand(folder: Path) -> Path:
    """Four minutes of ACME from 10:00: bid 10.00, offer 10.02; prints in the first, second and fourth."""
    quotes(folder, [f"{DATE}T{clock},ACME,XNAS,10.00,500,10.02,500" for clock in ("09:59:00", "10:04:30")])
    rows = [("09:59:10", 10.00, 500), ("10:00:10", 10.00, 600), ("10:00:40", 10.02, 400), ("10:01:30", 10.02, 200)]
    rows += [("10:03:20", 10.01, 2000), ("10:04:20", 10.01, 300)]
    return prints(folder, [f"{DATE}T{clock},ACME,XNAS,{price:.2f},{size}" for clock, price, size in rows])


def config(algo: str = "twap", quantity: float = 400, model: BarModel = FREE, **more: Any) -> BacktestConfig:
    words = {"start": "10:00", "end": "10:04", "limit": None} | more
    parents = expand(["ACME"], ["buy"], [quantity], [parse_algorithm(algo)], [DATE], **words)
    return BacktestConfig(tuple(parents), engine="bars", bars=model)


def tables(store: Path, config: BacktestConfig) -> tuple[dict[str, Any], dict[str, pl.DataFrame]]:
    told = backtest(store, config)
    names = ("parents", "orders", "fills", "tca_parents", "tca_fills", "tca_markouts")
    return told, {name: results.table(Store(store), name, told["run_id"]) for name in names}


def prices(fills: pl.DataFrame) -> list[float]:
    return (fills["price"] / fills["price_scale"]).to_list()


def test_a_day_by_hand(tmp_path: Path) -> None:
    store = by_hand(tmp_path)
    told, found = tables(store, config())
    # 100 a minute; a fifth of 200 in the second; nothing printed in the third: the rest is done in the fourth.
    assert found["orders"]["quantity", "filled", "reason"].rows() == [
        (100, 100, "bar model"), (100, 40, "max participation"), (160, 0, "nothing traded"), (260, 260, "bar model"),
    ]  # fmt: skip
    fills = found["fills"]
    assert prices(fills) == pytest.approx([10.008, 10.02, 10.01], abs=1e-9)
    minute = 60 * 10**9
    assert fills["ts_ns"].to_list() == [wall_ns(DATE, (600 + n) * minute, ZONE) for n in (0, 1, 3)]
    assert fills["ts_resolution_ns"].unique().to_list() == [minute]
    assert set(fills["reason"]) == {"bar model"}
    row = found["tca_parents"].row(0, named=True)
    assert (row["priced"], row["filled_shares"], row["arrival_price"]) == (True, 400.0, pytest.approx(10.01))
    average = (100 * 10.008 + 40 * 10.02 + 260 * 10.01) / 400
    assert row["average_price"] == pytest.approx(average)
    assert row["trading_cost"] == pytest.approx(400 * (average - 10.01))
    assert row["interval_vwap"] == pytest.approx((6 * 10.00 + 4 * 10.02 + 2 * 10.02 + 20 * 10.01) / 32)
    assert row["participation"] == pytest.approx(400 / 3200)
    assert row["maker_fraction"] is None
    assert found["tca_fills"]["quoted_spread"].to_list() == pytest.approx([0.02] * 3)
    assert found["tca_fills"]["mid_at_fill"].to_list() == pytest.approx([10.01] * 3)
    assert (told["kind"], told["orders"], told["fills"], told["stored_before"]) == ("bars", 4, 3, False)
    assert backtest(store, config())["stored_before"]


def test_spread_and_impact_by_hand(tmp_path: Path) -> None:
    model = BarModel(daily_volatility=0.02, daily_volume=40_000, prefactor=0.9)
    _, found = tables(by_hand(tmp_path), config(model=model, quantity=100, end="10:01"))
    law = 10.008 * 0.9 * 0.02 * (100 / 40_000) ** 0.5
    assert prices(found["fills"]) == pytest.approx([10.008 + 0.01 + 2 / 3 * law], abs=1e-8)


def test_pov_takes_its_share_of_what_others_printed(tmp_path: Path) -> None:
    told, found = tables(by_hand(tmp_path), config("pov:10", quantity=5000))
    assert found["fills"]["quantity"].to_list() == [1000 // 9, 1200 // 9 - 1000 // 9, 3200 // 9 - 1200 // 9]
    assert any("1 of 1 parents were not filled whole" in note for note in told["notes"])


def test_a_window_that_cuts_an_interval_has_a_part_of_its_volume(tmp_path: Path) -> None:
    told, found = tables(by_hand(tmp_path), config(quantity=1000, start="10:00:30", end="10:01"))
    assert found["fills"]["quantity"].to_list() == [100]  # a fifth of half of 1,000
    assert found["fills"]["ts_resolution_ns"].to_list() == [30 * 10**9]
    assert any("1 slices are of a part of their interval" in note for note in told["notes"])


def test_an_order_of_the_whole_day_is_measured_from_the_first_quote(tmp_path: Path) -> None:
    """The first slice begins at the open, a moment before anything is quoted: somewhere in its minute it filled."""
    quotes(tmp_path, [f"{DATE}T{clock},ACME,XNAS,10.00,500,10.02,500" for clock in ("09:30:00.250", "15:59:59.500")])
    store = prints(tmp_path, [f"{DATE}T{clock},ACME,XNAS,10.01,9000" for clock in ("09:30:20", "15:59:40")])
    _, found = tables(store, config(start=None, end=None))
    row = found["tca_parents"].row(0, named=True)
    assert (row["filled_shares"], row["priced"], row["arrival_price"]) == (400.0, True, pytest.approx(10.01))
    assert "arrived before the first quote of the session: measured from the open" in row["notes"]


def test_fees_are_those_of_a_taker(tmp_path: Path) -> None:
    fees = FeeSchedule(taker_bps=1.0, maker_bps=-5.0, taker_per_share=0.01)
    _, found = tables(by_hand(tmp_path), replace(config(), fees=fees))
    expected = [
        price * shares * 1e-4 + shares * 0.01
        for price, shares in zip(prices(found["fills"]), (100, 40, 260), strict=True)
    ]
    assert found["fills"]["fee"].to_list() == pytest.approx(expected)


def test_nothing_is_filled_while_trading_is_halted(tmp_path: Path) -> None:
    """No prints and no quotes from 10:02 to 10:05; then a reopening at another price."""
    stood, stands = "10.00,500,10.02,500", "9.00,500,9.04,500"
    rows = [("09:59:00", stood), ("10:02:00", ",,,"), ("10:05:00", stands), ("10:07:30", stands)]
    quotes(tmp_path, [f"{DATE}T{clock},ACME,XNAS,{quote}" for clock, quote in rows])
    before, after = ("09:59:30", "10:00:10", "10:01:10"), ("10:05:10", "10:06:10", "10:07:20")
    traded = [(clock, 10.01) for clock in before] + [(clock, 9.02) for clock in after]
    store = prints(tmp_path, [f"{DATE}T{clock},ACME,XNAS,{price},5000" for clock, price in traded])
    _, found = tables(store, config(quantity=700, end="10:07"))
    filled = found["orders"]["submitted_ns", "filled", "reason"].with_columns(
        (pl.col("submitted_ns") - wall_ns(DATE, 36_000 * 10**9, ZONE)) // (60 * 10**9)
    )
    assert filled.rows() == [
        (0, 100, "bar model"), (1, 100, "bar model"), (2, 0, "nothing traded"), (3, 0, "nothing traded"),
        (4, 0, "nothing traded"), (5, 400, "bar model"), (6, 100, "bar model"),
    ]  # fmt: skip
    assert prices(found["fills"]) == pytest.approx([10.01, 10.01, 9.02, 9.02])


# --- days of bars alone ------------------------------------------------------------------------------------------


def lean_bars(folder: Path, dates: tuple[str, ...] = ("20131007",)) -> Path:
    """Lean's minute bars of ACME from 10:00 to 10:03, the third missing, the fourth without a trade."""
    paths = []
    for date in dates:
        rows = [
            "36000000,100000,101000,99000,100000,1000",
            "36060000,100000,102000,100000,102000,500",
            "36180000,102000,102000,102000,102000,0",
            "36240000,103000,103000,101000,101000,2000",
        ]
        path = folder / f"{date}_trade.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"{date}_acme_minute_trade.csv", "\n".join(rows) + "\n")
        paths.append(str(path))
    ingest(folder / "store", IngestRequest(paths))
    return folder / "store"


def of_bars(model: BarModel, algo: str = "twap", **more: Any) -> BacktestConfig:
    words = {"start": "10:00", "end": "10:05", "limit": None} | more
    parents = expand(["ACME"], ["sell"], [500.0], [parse_algorithm(algo)], ["2013-10-07"], **words)
    return BacktestConfig(tuple(parents), engine="bars", bars=model)


def test_bars_alone_need_a_spread_to_be_given(tmp_path: Path) -> None:
    store = lean_bars(tmp_path)
    with pytest.raises(UsageError, match="no quotes, so its spread is not known"):
        backtest(store, of_bars(BarModel()))


def test_bars_alone_are_filled_at_their_mean_and_measured_by_their_opens(tmp_path: Path) -> None:
    told, found = tables(lean_bars(tmp_path), of_bars(BarModel(spread_bps=20.0, impact="none")))
    assert found["orders"]["filled", "reason"].rows() == [
        (100, "bar model"), (100, "bar model"), (0, "no price"), (0, "nothing traded"), (300, "bar model"),
    ]  # fmt: skip
    means = [10.0, 10.1, 10.2]
    assert prices(found["fills"]) == pytest.approx([mean * (1 - 10e-4) for mean in means])
    row = found["tca_parents"].row(0, named=True)
    assert (row["priced"], row["arrival_price"], row["filled_shares"]) == (True, 10.0, 500.0)
    assert row["interval_vwap"] == pytest.approx((1000 * 10.0 + 500 * 10.1 + 2000 * 10.2) / 3500)
    assert row["participation"] == pytest.approx(500 / 3500)
    # What only quotes could tell is not told.
    assert row["spread_cost"] is None
    assert row["drift_cost"] is None
    assert found["tca_fills"].drop("run_id", "fill_id", "parent_id").null_count().sum_horizontal()[0] == 3 * 19
    assert found["tca_markouts"]["markout_bps_of_price"].null_count() == found["tca_markouts"].height == 39
    assert "no quotes: arrival, end, close and TWAP are of opens" in row["notes"]
    assert any("mean of open, high, low and close (3 slices)" in note for note in told["notes"])


def test_longer_intervals_gather_shorter_bars_and_shorter_ones_are_refused(tmp_path: Path) -> None:
    store = lean_bars(tmp_path)
    model = BarModel(interval_ns=300 * 10**9, spread_bps=0.0, impact="none")
    _, found = tables(store, of_bars(model))
    assert found["fills"]["quantity"].to_list() == [500]
    assert prices(found["fills"]) == pytest.approx([(10.0 + 10.3 + 9.9 + 10.1) / 4])
    with pytest.raises(DataError, match=r"nothing to fill intervals of 1 s from"):
        backtest(store, of_bars(replace(model, interval_ns=10**9)))


def bars_day(folder: Path, starts: list[int]) -> Path:
    """A store whose bars of an hour begin so many minutes after midnight, written as a vendor's rows would be."""
    rows = [f"{minutes * 60_000},100000,100000,100000,100000,6000" for minutes in starts]
    path = folder / "20131007_trade.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("20131007_acme_minute_trade.csv", "\n".join(rows) + "\n")
    ingest(folder / "store", IngestRequest([str(path)]))
    return folder / "store"


def test_intervals_lie_where_bars_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hours from half past nine: the bar of 9:30 is that of 9:30 to 10:30, not that of nine o'clock."""
    store = bars_day(tmp_path, [570, 630])
    hour = 3600 * 10**9
    read = market_data.bars
    hours = pl.lit(hour, pl.Int64).alias("interval_ns")
    monkeypatch.setattr(market_data, "bars", lambda *of: read(*of).with_columns(hours))
    model = BarModel(interval_ns=hour, spread_bps=0.0, impact="none")
    _, found = tables(store, of_bars(model, start="09:30", end="11:30"))
    ten = wall_ns("2013-10-07", 10 * hour, "America/New_York")
    assert found["fills"]["ts_ns"].to_list() == [ten - hour // 2, ten + hour // 2]
    half_past = pl.when(pl.int_range(pl.len()) == 1).then(pl.col("ts_ns") - hour // 2).otherwise("ts_ns")
    monkeypatch.setattr(market_data, "bars", lambda *of: read(*of).with_columns(hours, half_past.alias("ts_ns")))
    with pytest.raises(DataError, match="overlap"):
        backtest(store, of_bars(model), again=True)


def test_earlier_bars_give_the_volume_curve(tmp_path: Path) -> None:
    store = lean_bars(tmp_path, ("20131004", "20131007"))
    _, found = tables(store, of_bars(BarModel(spread_bps=0.0, impact="none", max_participation=1.0), "vwap"))
    assert "volume curve: mean of 1 earlier day" in found["parents"]["notes"][0]
    # Bins of five minutes: within the only one, even, but for a double's last digit.
    assert found["orders"]["quantity"].to_list() == pytest.approx([100, 100, 100, 200, 300], abs=1)


def test_volatility_is_of_five_minutes_and_of_known_prices() -> None:
    minute = 60 * 10**9
    closes = [100.0, None, 101.0, 100.0, 102.0, None, 101.0]
    frame = pl.DataFrame({"start_ns": [n * minute for n in range(7)], "close": closes})
    frame = frame.with_columns((pl.col("start_ns") + minute).alias("end_ns"), pl.lit(100.0).alias("open"))
    # 100 at the open, 102 after five minutes, 101 at the end.
    assert realised_volatility(frame) == pytest.approx(math.hypot(math.log(1.02), math.log(101 / 102)))
    assert realised_volatility(frame.head(2)) is None


# --- settings and reports ------------------------------------------------------------------------------------------

FILE = """
[backtest]
engine = "bars"

[bars]
interval = "2m"
spread_fraction = 0.5
impact = "none"

[[parents]]
symbol = "ACME"
side = ["buy", "sell"]
quantity = [200, 300]
algo = ["twap", "is:2m"]
date = "2026-03-03"
start = "10:00"
end = "10:04"
"""


def test_a_file_of_many_parents_and_its_report(tmp_path: Path) -> None:
    store = by_hand(tmp_path)
    path = tmp_path / "wide.toml"
    path.write_text(FILE)
    told = backtest(store, config_from_toml(path))
    assert len(told["parents"]) == 8
    assert {parent["fills"] for parent in told["parents"]} == {2}
    assert results.run(Store(store), told["run_id"])["config"]["bars"]["interval_ns"] == 120 * 10**9
    summary = report(store, ReportRequest(run=told["run_id"], out=tmp_path / "page.html"))
    assert summary["run"]["kind"] == "bars"
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Model of fills over intervals" in page
    json.dumps(told)


def test_settings_of_the_other_engine_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(FILE.replace('engine = "bars"', 'engine = "bars"\nqueue = "fifo"') + '[latency]\nentry = "1ms"\n')
    with pytest.raises(ConfigError) as wrong:
        config_from_toml(path)
    assert [place.split()[-1] for place, _, _ in wrong.value.mistakes] == ["[backtest].queue", "[latency]"]
    path.write_text(FILE.replace('engine = "bars"', "").replace("0.5", "7.0").replace('"none"', '"guess"'))
    with pytest.raises(ConfigError) as wrong:
        config_from_toml(path)
    assert [place.split()[-1] for place, _, _ in wrong.value.mistakes] == [
        "[bars]",
        "[bars].spread_fraction",
        "[bars].impact",
    ]


def test_a_strategy_without_a_schedule_is_refused(tmp_path: Path) -> None:
    mine = [parse_algorithm("mine.own:Immediate")]
    parents = expand(["ACME"], ["buy"], [1.0], mine, [DATE], start=None, end=None, limit=None)
    with pytest.raises(UsageError, match="follows no schedule"):
        backtest(tmp_path / "store", BacktestConfig(tuple(parents), engine="bars"))
