"""The bar model by hand, against a plain loop, and what must hold of every slice."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcakit.replay.bar_tables import fine_scale, slice_tables
from tcakit.replay.bars import IMPACT_MODELS, BarModel, fill_slices

FREE = BarModel(impact="none", spread_fraction=0.0)


def intervals(prices: list[float | None], volumes: list[int | None], **more: Any) -> pl.DataFrame:
    """Intervals of 60 (ns), with a spread of 0.02, a volatility of 2 % and a day's volume of 10,000 unless given."""
    count = len(prices)
    columns: dict[str, Any] = {
        "start_ns": [60 * n for n in range(count)],
        "end_ns": [60 * n + 60 for n in range(count)],
        "price": prices,
        "volume": volumes,
        "spread": more.get("spread", [0.02] * count),
        "daily_volatility": more.get("volatility", [0.02] * count),
        "daily_volume": more.get("day", [10_000.0] * count),
    }
    floats = dict.fromkeys(("price", "spread", "daily_volatility", "daily_volume"), pl.Float64)
    return pl.DataFrame(columns, schema_overrides={**floats, "volume": pl.Int64})


def slices(due: list[int], side: int = 1, **more: Any) -> pl.DataFrame:
    """One parent over the intervals from the first on."""
    count = len(due)
    columns = {
        "parent": [more.get("parent", 0)] * count,
        "row": list(range(count)),
        "start_ns": more.get("start", [60 * n for n in range(count)]),
        "end_ns": [60 * n + 60 for n in range(count)],
        "due": due,
        "side": [side] * count,
        "lot": [more.get("lot", 1)] * count,
        "limit": [more.get("limit")] * count,
    }
    return pl.DataFrame(columns, schema_overrides={"limit": pl.Float64})


def test_what_an_interval_cannot_do_is_sent_again() -> None:
    found = fill_slices(slices([100, 200, 300]), intervals([10.0, 10.1, 10.2], [1000, 200, 1000]), FREE)
    assert found["sent", "filled", "price", "reason"].rows() == [
        (100, 100, 10.0, None),
        (100, 40, 10.1, "max participation"),  # a fifth of 200
        (160, 160, 10.2, None),
    ]


def test_a_buy_and_a_sell_pay_half_the_spread_on_their_own_sides() -> None:
    market = intervals([10.0], [1000], spread=[0.04])
    for side in (1, -1):
        for fraction in (1.0, 0.5, 0.0, -1.0):
            found = fill_slices(slices([10], side), market, BarModel(impact="none", spread_fraction=fraction))
            assert found["price"][0] == pytest.approx(10.0 + side * fraction * 0.02)
            assert found["spread_cost"][0] == pytest.approx(fraction * 0.02)


def test_a_slice_by_itself_pays_the_law_of_its_participation() -> None:
    model = BarModel(impact="square-root-slice", spread_fraction=0.0, prefactor=0.5, max_participation=1.0)
    found = fill_slices(slices([90]), intervals([10.0], [1000]), model)
    assert found["impact"][0] == pytest.approx(10.0 * 0.5 * 0.02 * 0.3)


@pytest.mark.parametrize("due", [[400], [100, 400], [1, 2, 399, 400], [40 * n for n in range(1, 11)]])
def test_a_whole_order_pays_two_thirds_of_the_square_root_law_however_sliced(due: list[int]) -> None:
    market = intervals([10.0] * len(due), [5000] * len(due))
    found = fill_slices(slices(due), market, BarModel(spread_fraction=0.0))
    paid = (found["impact"] * found["filled"]).sum() / 400
    assert paid == pytest.approx(10.0 * 2 / 3 * 0.02 * math.sqrt(400 / 10_000))


def test_what_is_not_known_is_not_filled_and_says_why() -> None:
    market = intervals(
        [None, 10.0, 10.0, 10.0, 10.0, 10.0],
        [1000, None, 0, 1000, 1000, 1000],
        spread=[0.02, 0.02, 0.02, None, 0.02, 0.02],
        volatility=[0.02, 0.02, 0.02, 0.02, None, 0.02],
    )
    due = [10, 20, 30, 40, 50, 60]
    found = fill_slices(slices(due), market, BarModel())
    assert found["reason"].to_list() == [
        "no price", "no volume known", "nothing traded", "no quoted spread", "no volatility or volume of the day", None,
    ]  # fmt: skip
    assert found["filled"].to_list() == [0, 0, 0, 0, 0, 60]
    assert found["price"].null_count() == found["impact"].null_count() == found["spread_cost"].null_count() == 5
    given_spread = fill_slices(slices(due), market, BarModel(spread_bps=4.0, impact="none"))
    assert given_spread["filled"].to_list() == [0, 0, 0, 40, 10, 10]
    assert given_spread["spread_cost"][3] == pytest.approx(10.0 * 2e-4)


def test_a_part_of_an_interval_may_do_a_part_of_its_volume() -> None:
    found = fill_slices(slices([100], start=[45]), intervals([10.0], [1000]), FREE)
    assert found["filled"].to_list() == [50]  # a fifth of a quarter


def test_lots_stay_whole() -> None:
    found = fill_slices(slices([300], lot=100), intervals([10.0], [1300]), FREE)
    assert found["filled"].to_list() == [200]


def test_a_limit_keeps_out_of_intervals_that_would_cost_more() -> None:
    market = intervals([10.0, 10.2, 10.0], [1000, 1000, 1000])
    found = fill_slices(slices([100, 200, 300], limit=10.05), market, BarModel(impact="none"))
    assert found["sent", "filled", "reason"].rows() == [
        (100, 100, None),
        (100, 0, "beyond the limit"),
        (200, 200, None),
    ]
    # 0.01 of spread and 0.0133 of impact: the price itself is within, what it would cost is not.
    dear = fill_slices(slices([100], limit=10.02), intervals([10.0], [1000]), BarModel())
    assert dear["filled", "reason"].rows() == [(0, "beyond the limit")]
    assert fill_slices(slices([100], limit=10.03), intervals([10.0], [1000]), BarModel())["filled"][0] == 100
    low = fill_slices(slices([100], side=-1, limit=9.97), intervals([10.0], [1000]), BarModel())
    assert low["filled"][0] == 100
    assert fill_slices(slices([100], side=-1, limit=9.98), intervals([10.0], [1000]), BarModel())["filled"][0] == 0


def test_parents_do_not_see_each_other() -> None:
    market = intervals([10.0, 10.1], [1000, 1000])
    both = pl.concat([slices([100, 300]), slices([50, 60], -1, parent=1)])
    found = fill_slices(both, market, BarModel())
    assert found.filter(pl.col("parent") == 0).equals(fill_slices(slices([100, 300]), market, BarModel()))


def plain_fills(due: list[int], volumes: list[int | None], most: float, lot: int) -> list[int]:
    done, fills = 0, []
    for wanted, volume in zip(due, volumes, strict=True):
        room = int((volume or 0) * most // lot) * lot
        fills.append(min(wanted - done, room))
        done += fills[-1]
    return fills


@st.composite
def days(draw: st.DrawFn) -> tuple[list[int], list[int | None], list[float | None], int]:
    count = draw(st.integers(1, 12))
    lot = draw(st.sampled_from([1, 10, 100]))
    due = sorted(draw(st.lists(st.integers(0, 50), min_size=count, max_size=count)))
    volumes = draw(st.lists(st.none() | st.integers(0, 5000), min_size=count, max_size=count))
    prices = draw(st.lists(st.none() | st.floats(1.0, 500.0), min_size=count, max_size=count))
    return [lots * lot for lots in due], volumes, prices, lot


@given(days(), st.sampled_from([1, -1]), st.floats(0.01, 1.0), st.sampled_from(IMPACT_MODELS))
def test_every_slice_keeps_the_rules(day: Any, side: int, most: float, impact: str) -> None:
    due, volumes, prices, lot = day
    found = fill_slices(
        slices(due, side, lot=lot), intervals(prices, volumes), BarModel(impact=impact, max_participation=most)
    )
    known = [volume if price is not None else None for volume, price in zip(volumes, prices, strict=True)]
    assert found["filled"].to_list() == plain_fills(due, known, most, lot)
    assert found["filled"].sum() <= due[-1]
    for row, volume, price in zip(found.iter_rows(named=True), known, prices, strict=True):
        assert 0 <= row["filled"] <= row["sent"]
        assert row["filled"] <= (volume or 0) * most * (1 + 1e-12)
        assert row["filled"] % lot == 0
        assert (row["reason"] is None) == (row["filled"] == row["sent"])
        assert (row["price"] is None) == (row["filled"] == 0)
        if row["filled"]:
            assert row["impact"] >= 0.0
            assert side * (row["price"] - price) == pytest.approx(row["spread_cost"] + row["impact"], abs=1e-9)


@given(days(), st.floats(1.0, 500.0), st.sampled_from([1, -1]))
def test_no_price_is_beyond_a_limit(day: Any, limit: float, side: int) -> None:
    due, volumes, prices, lot = day
    found = fill_slices(slices(due, side, lot=lot, limit=limit), intervals(prices, volumes), BarModel())
    worst = found.filter(pl.col("filled") > 0)["price"]
    assert all(side * (price - limit) <= limit * 1e-12 for price in worst)
    assert (found["filled"] >= 0).all()


def test_a_buy_and_a_sell_are_mirrored() -> None:
    market = intervals([10.0, 10.1], [1000, 500])
    buy, sell = (fill_slices(slices([100, 250], side), market, BarModel()) for side in (1, -1))
    assert (buy["price"] + sell["price"]).to_list() == pytest.approx([20.0, 20.2])


def test_the_tables_hold_prices_that_no_venue_quotes() -> None:
    found = fill_slices(slices([100, 200, 200]), intervals([10.0, 10.1, 10.1], [1000, 200, 0]), BarModel())
    parents = pl.DataFrame(
        {
            "parent_id": ["P"],
            "symbol": ["A"],
            "date": ["2026-03-03"],
            "venue": ["X"],
            "price_scale": 100,
            "size_scale": 1,
        }
    )
    orders, fills = slice_tables(found, parents, "r")
    assert orders["order_id", "quantity", "filled", "state", "reason"].rows() == [
        ("P.0", 100, 100, "filled", "bar model"),
        ("P.1", 100, 40, "expired", "max participation"),
        ("P.2", 60, 0, "expired", "nothing traded"),
    ]
    assert fills["fill_id", "order_id", "ts_ns", "ts_resolution_ns", "reason"].rows() == [
        ("P.f0", "P.0", 0, 60, "bar model"),
        ("P.f1", "P.1", 60, 60, "bar model"),
    ]
    assert fills["price_scale"].unique().to_list() == [fine_scale(100)]
    assert (fills["price"] / fills["price_scale"]).to_list() == pytest.approx(found["price"].drop_nulls(), abs=1e-6)
    assert fills["liquidity"].null_count() == fills["bid"].null_count() == 2
