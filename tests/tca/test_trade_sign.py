"""Trades signed by quotes and ticks, and the spreads that another library publishes for a real stock."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tcakit.feeds.contract import ReaderOptions
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.market import market_day
from tcakit.store.database import Store
from tcakit.store.market_data import symbol_days
from tcakit.tca.quotes import quotes_at
from tcakit.tca.spreads import effective_spread, price_impact, quoted_spread, realised_spread
from tcakit.tca.trade_sign import lee_ready

NAN = float("nan")


def test_quotes_decide_first_and_ticks_where_they_do_not() -> None:
    assert lee_ready([10.0, 10.1, 9.9], [10.05, 10.05, 9.8]).tolist() == [-1, 1, 1]
    # Nothing came before the first; a price that stays goes by the last that moved.
    assert lee_ready([10.0, 10.0, 10.1, 10.1, 10.0, 10.0], [10.0, NAN, 10.1, NAN, 10.0, 10.0]).tolist() == [
        0, 0, 1, 1, -1, -1,
    ]  # fmt: skip
    assert lee_ready([], []).tolist() == []


@pytest.mark.real
def test_spreads_of_a_real_stock_are_the_published_ones(real_data: Path, tmp_path: Path) -> None:
    """Through the store and back: two days of trades against the quotes that stood."""
    folder = real_data / "highfrequency"
    options = ReaderOptions(timezone="America/New_York")
    files = [str(folder / name) for name in ("sampleTData.csv", "sampleQData.csv")]
    ingest(tmp_path / "store", IngestRequest(files, options))
    store = Store(tmp_path / "store")
    columns: dict[str, list[np.ndarray]] = {"price": [], "bid": [], "ask": [], "size": [], "shown": []}
    for date in store.dates():
        day = market_day(store, symbol_days(store, date)[0])
        bid, ask = quotes_at(day, day.print_ns)
        at = np.searchsorted(day.quote_ns, day.print_ns, side="right") - 1
        columns["price"].append(day.print_price / day.instrument.price_scale)
        columns["size"].append(day.print_size / day.instrument.size_scale)
        columns["bid"].append(bid)
        columns["ask"].append(ask)
        columns["shown"].append(np.log(day.ask_size[at]) + np.log(day.bid_size[at]))
    price, bid, ask, size = (np.concatenate(columns[name]) for name in ("price", "bid", "ask", "size"))
    mid = (bid + ask) / 2
    side = lee_ready(price, mid)
    effective = effective_spread(side, price, mid)
    published = json.loads((real_data.parent / "oracles" / "market_data.json").read_text())["highfrequency_R"]
    ours = {
        "effectiveSpread_mean": effective.mean(),
        "proportionalEffectiveSpread_mean": (effective / mid).mean(),
        "quotedSpread_mean": quoted_spread(bid, ask).mean(),
        "halfTradedSpread_mean": (effective / 2).mean(),
        "midpoints_mean": mid.mean(),
        "valueTrade_mean": (price * size).mean(),
        "logQuotedSize_mean": np.concatenate(columns["shown"]).mean(),
    }
    # The library's "realised" looks 300 trades ahead, over the night too, and its impact is half of ours.
    later = np.concatenate([mid[300:], np.full(300, np.nan)])
    realised = realised_spread(side, price, later)
    ours |= {
        "direction_mean": side.mean(),
        "realizedSpread_mean_win300obs": np.nanmean(realised),
        "priceImpact_mean": np.nanmean(price_impact(effective, realised)) / 2,
    }
    assert len(price) == 7168
    for name, value in ours.items():
        assert float(f"{value:.10g}") == published["published_in_tests"][name], name
    # Of quotes two seconds old only a sum of signs is published, and not what trades without such a quote count as.
    assert set(published["published_in_tests"]) - set(ours) == {"LeeReady_sum_lag2"}
