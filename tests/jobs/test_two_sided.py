"""A strategy that bought and sold is measured as what it bought and what it sold."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tcakit.errors import UsageError
from tcakit.jobs.backtest import backtest
from tcakit.jobs.backtest_config import BacktestConfig, config_from_toml
from tcakit.jobs.backtest_orders import OrdersRequest, backtest_orders
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.sweep import sweep
from tcakit.jobs.sweep_config import sweep_from_toml
from tcakit.jobs.two_sided import earned, split_sides
from tcakit.market.codes import BUY, SELL
from tcakit.store import results
from tcakit.store.database import Store

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
WINDOW = '[[parents]]\nsymbol = "ALFA"\nside = "sell"\nquantity = 500\nstart = "10:00"\nend = "10:20"\n'


def frames() -> dict[str, pl.DataFrame]:
    """`a` buys 30 and sells 10, `b` only buys, `c` is to sell and only buys."""
    parents = {
        "parent_id": ["a", "b", "c"],
        "side": [BUY, BUY, SELL],
        "quantity": [100, 100, 100],
        "limit_price": [55, None, None],
        "multiplier": [50.0, None, None],
        "notes": ["first", None, None],
    }
    traded = {
        "parent_id": ["a", "a", "b", "c", "a"],
        "side": [BUY, SELL, BUY, BUY, BUY],
        "quantity": [20, 10, 7, 5, 10],
        "id": ["1", "2", "3", "4", "5"],
    }
    fills = pl.DataFrame(traded)
    return {"parents": pl.DataFrame(parents), "orders": fills, "fills": fills, "order_events": pl.DataFrame()}


def test_each_side_is_a_parent_with_what_it_traded() -> None:
    found = split_sides(frames())
    rows = found["parents"].select("parent_id", "side", "quantity", "limit_price").rows()
    assert rows == [
        ("a", BUY, 30, 55),
        ("a-sold", SELL, 10, None),
        ("b", BUY, 100, None),
        # Nothing on its own side: what it was asked for stands.
        ("c", SELL, 100, None),
        ("c-bought", BUY, 5, None),
    ]
    assert found["fills"]["parent_id"].to_list() == ["a", "a-sold", "b", "c-bought", "a"]
    assert found["orders"]["parent_id"].to_list() == ["a", "a-sold", "b", "c-bought", "a"]
    notes = dict(found["parents"].select("parent_id", "notes").iter_rows())
    assert notes["b"] is None
    assert notes["a"].startswith("first; traded on both sides")
    assert notes["c-bought"].startswith("traded on both sides")


def test_one_sided_runs_are_left_as_they_are() -> None:
    given = frames()
    given["fills"] = given["orders"] = given["fills"].filter(pl.col("parent_id") == "b")
    for name, frame in split_sides(given).items():
        assert frame.equals(given[name])


def test_what_was_earned_is_cash_less_fees_and_what_is_left_at_the_mid() -> None:
    parents = split_sides(frames())["parents"].filter(pl.col("parent_id").str.starts_with("a"))
    legs = {
        "parent_id": ["a", "a-sold"],
        "side": [BUY, SELL],
        "filled_shares": [30.0, 10.0],
        "average_price": [10.0, 11.0],
        "fees": [2.0, 1.0],
        "end_price": [10.5, 10.5],
    }
    # 50 a point: 110 got, 300 paid, 20 left at 10.5 are 210; 20 x 50 - 3.
    assert earned(parents, pl.DataFrame(legs)) == [
        "a: bought 30 at 10, sold 10 at 11, 20 left at a mid of 10.5: earned 997.00 after fees of 3.00"
    ]
    blind = pl.DataFrame(legs | {"end_price": [None, None]}, schema_overrides={"end_price": pl.Float64})
    assert earned(parents, blind) == ["a: bought 30 at 10, sold 10 at 11, 20 left and no mid to value them at"]
    flat = pl.DataFrame(legs | {"filled_shares": [10.0, 10.0]})
    assert earned(parents, flat) == ["a: bought 10 at 10, sold 10 at 11: earned 497.00 after fees of 3.00"]


def test_a_market_makers_run_adds_up_and_a_sweep_of_it_says_the_same(tmp_path: Path) -> None:
    store = tmp_path / "store"
    ingest(store, IngestRequest([str(SAMPLE / "lobster" / "ALFA_2026-03-03_34200000_57600000_5.zip")]))
    text = f'[fees]\nmaker_per_share = -0.002\n{WINDOW}date = "2026-03-03"\n'
    (tmp_path / "one.toml").write_text(text + 'algo = "market-maker:100"\n')
    run = backtest(store, config_from_toml(tmp_path / "one.toml"))
    legs = {row["side"]: row for row in run["parents"]}
    fills = results.table(Store(store), "fills", run["run_id"])
    assert set(legs) == {BUY, SELL}
    for side, leg in legs.items():
        mine = fills.filter(pl.col("side") == side)
        assert leg["fills"] == mine.height > 3
        assert leg["filled_shares"] == leg["ordered_shares"] == mine["quantity"].sum()
    signed = fills.select(pl.col("side") * pl.col("quantity") * pl.col("price") / pl.col("price_scale")).to_series()
    worth = -signed.sum() - fills["fee"].sum()
    told = next(note for note in run["notes"] if "earned" in note)
    assert told.endswith(f"earned {worth:,.2f} after fees of {fills['fee'].sum():,.2f}")
    assert legs[BUY]["filled_shares"] == legs[SELL]["filled_shares"]

    (tmp_path / "many.toml").write_text(text + '[[sets]]\nalgo = "market-maker"\nposition = [100, 50]\n')
    swept = sweep(store, sweep_from_toml(tmp_path / "many.toml"), jobs=1, again=True)
    assert [one["parents"] for one in swept["runs"]] == [2, 2]
    again = results.table(Store(store), "fills", swept["runs"][0]["run_id"])
    assert again.drop("run_id").equals(fills.drop("run_id"))


def test_it_does_nobodys_order(tmp_path: Path) -> None:
    ingest(tmp_path / "store", IngestRequest([str(SAMPLE / "blotter")]))
    with pytest.raises(UsageError, match="both sides"):
        backtest_orders(tmp_path / "store", OrdersRequest(("twap", "market-maker:100"), BacktestConfig(())))
