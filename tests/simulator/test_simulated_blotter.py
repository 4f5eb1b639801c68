"""The made-up desk trades only at prices that were there."""

from __future__ import annotations

import numpy as np
import pytest

from tcakit.errors import UsageError
from tcakit.market.clock import parse_time
from tcakit.simulator.blotter import make_blotter
from tcakit.simulator.order_flow import FlowParameters, make_day


@pytest.fixture(scope="module")
def days():
    parameters = FlowParameters(events_per_day=8_000)
    return [make_day("ALFA", date, 41, parameters) for date in ("2026-03-03", "2026-03-04")]


@pytest.fixture(scope="module")
def blotter(days):
    return make_blotter(days, 5, 8)


def test_the_same_seed_gives_the_same_blotter(days, blotter):
    again = make_blotter(days, 5, 8)
    assert again.parents.equals(blotter.parents)
    assert again.fills.equals(blotter.fills)
    assert not make_blotter(days, 6, 8).parents.equals(blotter.parents)


def test_fills_are_at_displayed_quotes_or_at_real_prints(days, blotter):
    markets = {day.date: day.market_day() for day in days}
    kinds = set()
    for fill in blotter.fills.filter(blotter.fills["symbol"].str.starts_with("ALFA")).iter_rows(named=True):
        market = markets[fill["time"][:10]]
        ns, buys = parse_time(fill["time"]), fill["side"] == "buy"
        kinds.add(fill["liquidity"])
        if fill["liquidity"] == "taker":
            row = np.searchsorted(market.quote_ns, ns, side="left") - 1
            assert fill["price"] == pytest.approx(market.ask[row] if buys else market.bid[row])
            assert fill["quantity"] <= (market.ask_size[row] if buys else market.bid_size[row])
        else:
            rows = np.flatnonzero(market.print_ns == ns)
            stored = round(fill["price"] * 10_000)
            met = [
                row
                for row in rows
                if market.print_price[row] == stored and market.print_aggressor[row] == (-1 if buys else 1)
            ]
            assert any(fill["quantity"] <= market.print_size[row] for row in met)
    assert kinds == {"maker", "taker"}


def test_no_parent_is_filled_beyond_its_quantity_limit_or_window(blotter):
    parents = {row["parent_id"]: row for row in blotter.parents.iter_rows(named=True)}
    assert len(parents) == blotter.parents.height == 17
    done: dict[str, int] = {}
    for fill in blotter.fills.iter_rows(named=True):
        parent = parents[fill["parent_id"]]
        sign = 1 if parent["side"] == "buy" else -1
        assert fill["side"] == parent["side"]
        assert fill["symbol"] == parent["symbol"]
        assert parse_time(parent["arrival_time"]) <= parse_time(fill["time"]) <= parse_time(parent["end_time"])
        if parent["limit_price"] is not None:
            assert sign * (fill["price"] - parent["limit_price"]) <= 1e-9
        done[fill["parent_id"]] = done.get(fill["parent_id"], 0) + fill["quantity"]
    assert all(filled <= parents[name]["quantity"] for name, filled in done.items())
    assert any(filled < parents[name]["quantity"] for name, filled in done.items())
    assert all(parse_time(row["decision_time"]) <= parse_time(row["arrival_time"]) for row in parents.values())


def test_names_are_those_of_the_alias_file_but_for_one(blotter):
    known = set(blotter.aliases["alias"]) | set(blotter.aliases["symbol"])
    assert {"ALFA US Equity", "ALFA.OQ", "ALFA"} == known
    assert set(blotter.parents["symbol"]) - known == {"ZZTQ LN Equity"}


def test_files_have_the_documented_headers(blotter, tmp_path):
    parents, fills, aliases = blotter.write(tmp_path)
    assert parents.read_text().splitlines()[0] == (
        "parent_id,symbol,side,quantity,limit_price,decision_time,decision_price,arrival_time,end_time,"
        "algo,broker,trader,account,currency,fees"
    )
    assert fills.read_text().splitlines()[0] == (
        "fill_id,parent_id,order_id,symbol,side,time,price,quantity,liquidity,fee,venue"
    )
    assert aliases.read_text().splitlines()[0] == "alias,kind,symbol,valid_from,valid_to"


def test_no_days_is_a_mistake():
    with pytest.raises(UsageError, match="days"):
        make_blotter([], 1)
