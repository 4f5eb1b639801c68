"""What must not change a cost: splitting or shuffling fills, another currency unit, the mirrored market."""

from __future__ import annotations

from typing import Any

import pytest
from acme_market import DATE, at, build_day, fill, frame_of, parent
from hypothesis import given, settings
from hypothesis import strategies as st

from tcakit.market.schema import FILLS, PARENTS
from tcakit.tca import BenchmarkContext, measure

Rows = list[tuple[float, float, float]]
TICKS = st.integers(9_900, 10_100)
QUOTES = st.lists(st.tuples(st.integers(1, 399), TICKS, st.integers(0, 5)), max_size=12)
PRINTS = st.lists(st.tuples(st.integers(1, 399), TICKS, st.integers(1, 90)), max_size=12)
TRADES = st.lists(st.tuples(st.integers(10, 380), TICKS, st.integers(1, 90)), min_size=1, max_size=6)
MIDDLE = 100.0


class Case:
    """An order, its fills and its market; prices are pushed through `price` on their way in."""

    def __init__(self, quotes: Any, prints: Any, trades: Any, side: int, unfilled: int) -> None:
        self.quotes = [(0, 10_000, 2), *sorted(quotes), (400, 10_001, 3)]
        self.prints, self.trades, self.side, self.unfilled = sorted(prints), trades, side, unfilled

    def run(self, price: Any = float, side: int | None = None, split: bool = False, turned: bool = False) -> Any:
        """The measured parent: its `tca_parents` and `tca_benchmarks` as one dict."""
        sides = self.side if side is None else side
        shown: Rows = []
        for seconds, bid, width in self.quotes:
            low, high = sorted((price(bid / 100), price((bid + width) / 100)))
            shown.append((seconds, low, high))
        printed = [(seconds, price(ticks / 100), size) for seconds, ticks, size in self.prints]
        fills = []
        for number, (seconds, ticks, shares) in enumerate(self.trades):
            parts = [shares, shares] if split else [2 * shares]
            fills += [
                fill(f"F{number}.{part}", seconds, price(ticks / 100), quantity, side=sides, fee=None)
                for part, quantity in enumerate(parts)
            ]
        order = parent(
            side=sides,
            quantity=self.unfilled + sum(2 * shares for *_, shares in self.trades),
            end_ns=at(390),
            decision_price=price(99.90),
            fees=None,
        )
        out = measure(
            frame_of([order], PARENTS),
            frame_of(fills[::-1] if turned else fills, FILLS),
            {("ACME", DATE): build_day(shown, printed)},
            run_id="R1",
            context=BenchmarkContext(own_prints=False),
        )
        return out.parents.row(0, named=True) | out.benchmarks.row(0, named=True)


CASES = st.builds(Case, QUOTES, PRINTS, TRADES, st.sampled_from([1, -1]), st.integers(0, 200))


def same(one: dict[str, Any], other: dict[str, Any], but: tuple[str, ...] = ()) -> None:
    for name, value in one.items():
        if name not in but:
            near = pytest.approx(value, rel=1e-9, abs=1e-7) if isinstance(value, float) else value
            assert other[name] == near, name


@given(CASES)
@settings(max_examples=25, deadline=None)
def test_splitting_and_shuffling_fills_change_nothing(case: Case) -> None:
    once = case.run()
    same(once, case.run(split=True), but=("fills",))
    same(once, case.run(turned=True))


@given(CASES)
@settings(max_examples=25, deadline=None)
def test_another_unit_of_currency_scales_prices_and_costs_and_nothing_else(case: Case) -> None:
    once, tenfold = case.run(), case.run(price=lambda price: price * 10)
    money = {name for name in once if name.endswith(("_cost", "_price", "_notional", "vwap", "twap"))}
    money |= {name for name in once if "pwp_" in name} | {"interval_vwap_without_own"}
    for name, value in once.items():
        wanted = value * 10 if name in money and value is not None else value
        same({name: wanted}, tenfold)


@given(CASES)
@settings(max_examples=25, deadline=None)
def test_the_mirrored_order_in_the_mirrored_market_costs_the_same(case: Case) -> None:
    once = case.run()
    mirrored = case.run(price=lambda price: 2 * MIDDLE - price, side=-case.side)
    for name, value in once.items():
        if name.endswith("_cost") or name.startswith("rpm_"):
            same({name: value}, mirrored)
        elif name in ("best_price", "worst_price") and value is not None:
            same({name: 2 * MIDDLE - value}, mirrored)


@given(CASES)
@settings(max_examples=25, deadline=None)
def test_both_bases_and_both_routes_give_one_total(case: Case) -> None:
    row = case.run()
    total = row["total_cost"]
    assert total is not None
    parts = [row[name] for name in ("delay_cost", "trading_cost", "opportunity_cost")]
    by_order = [row[name] for name in ("order_delay_cost", "order_trading_cost", "order_opportunity_cost")]
    assert sum(parts) == pytest.approx(total, abs=1e-7)
    assert sum(by_order) == pytest.approx(total, abs=1e-7)
    side, ordered, filled = row["side"], row["ordered_shares"], row["filled_shares"]
    paper = side * ordered * (row["end_price"] - row["decision_price"])
    actual = side * filled * (row["end_price"] - row["average_price"])
    assert paper - actual == pytest.approx(total, abs=1e-7)
    assert row["permanent_impact_300s_bps"] is None or row["permanent_impact_300s_bps"] + row[
        "temporary_impact_300s_bps"
    ] == pytest.approx(row["arrival_bps_of_executed"], abs=1e-7)


@given(st.lists(st.tuples(st.integers(11, 380), TICKS, st.integers(1, 90)), min_size=1, max_size=8), TRADES)
@settings(max_examples=25, deadline=None)
def test_own_prints_come_out_by_their_share(others: Any, trades: Any) -> None:
    # Ours last, so that the interval holds all prints; every fill is a print of its own time, price and size.
    last = max(seconds for seconds, *_ in [*others, *trades])
    trades = [*trades, (last, 10_000, 5)]
    printed = sorted((seconds, ticks / 100, shares) for seconds, ticks, shares in [*others, *trades])
    fills = [fill(f"F{n}", seconds, ticks / 100, shares) for n, (seconds, ticks, shares) in enumerate(trades)]
    order = parent(quantity=sum(shares for *_, shares in trades), end_ns=at(390))
    market = build_day([(0, 99.9, 100.1), (400, 99.9, 100.1)], printed)
    out = measure(
        frame_of([order], PARENTS), frame_of(fills, FILLS), {("ACME", DATE): market}, run_id="R1",
        context=BenchmarkContext(),
    )  # fmt: skip
    row = out.parents.row(0, named=True) | out.benchmarks.row(0, named=True)
    rest = sum(ticks / 100 * shares for _, ticks, shares in others) / sum(shares for *_, shares in others)
    assert row["interval_vwap_without_own"] == pytest.approx(rest, rel=1e-9)
    left = row["average_price"] - row["interval_vwap"]
    assert left == pytest.approx((1 - row["participation"]) * (row["average_price"] - rest), abs=1e-8)
