"""Scores of the real days: quantities from the raw rows, and that a real stock is nearer than a simulated one."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from acceptance_data import FILES, Ingested
from raw_lobster import ASK, BID, DELETE, EXECUTION, NEW, PARTIAL_CANCEL, RawDay, read_raw

from tcakit.jobs.simulate_score import ScoreRequest, read_days, simulate_score
from tcakit.simulator.scores.events import Events
from tcakit.simulator.scores.quantities import QUANTITIES
from tcakit.store.database import Store
from tcakit.store.market_data import find_symbol_day

pytestmark = pytest.mark.real
SAMPLES = {quantity.name: quantity.sample for quantity in QUANTITIES}
TICK = 100
ROWS = 30_000


@pytest.fixture(scope="module")
def amazon(ingested: Ingested) -> Events:
    store = Store(ingested.store)
    (day,) = read_days(store, [find_symbol_day(store, "AMZN")], 5)
    return day.events.rows(0, ROWS)


@pytest.fixture(scope="module")
def raw(real_data: Path) -> RawDay:
    return read_raw(real_data / "lobster" / FILES["AMZN"], rows=ROWS)


@pytest.fixture(scope="module")
def card(ingested: Ingested) -> dict[str, Any]:
    return simulate_score(ingested.store, ScoreRequest("AAPL", against="AMZN"))


def test_states_are_those_of_the_raw_windows(amazon: Events, raw: RawDay) -> None:
    assert len(amazon) == len(raw.kind)
    assert amazon.ns.tolist() == raw.ns
    best = [(raw.best(row, BID), raw.best(row, ASK)) for row in range(len(raw.kind))]
    assert amazon.bid.tolist() == [bid // TICK for bid, _ in best if bid is not None]
    assert SAMPLES["spread"](amazon).tolist() == [(ask - bid) // TICK for bid, ask in best if bid and ask]
    assert SAMPLES["ask_volume_touch"](amazon).tolist() == [
        window[ASK][ask] for window, (_, ask) in zip(raw.windows, best, strict=True) if ask is not None
    ]
    assert SAMPLES["bid_volume"](amazon).tolist() == [sum(window[BID].values()) for window in raw.windows]


@pytest.mark.parametrize(
    ("name", "kinds", "side", "before"),
    [
        ("limit_ask_order_levels", (NEW,), ASK, False),
        ("limit_bid_order_levels", (NEW,), BID, False),
        ("ask_cancellation_levels", (PARTIAL_CANCEL, DELETE), ASK, True),
        ("bid_cancellation_levels", (PARTIAL_CANCEL, DELETE), BID, True),
    ],
)
def test_levels_are_places_in_the_raw_windows(
    amazon: Events, raw: RawDay, name: str, kinds: tuple[int, ...], side: int, before: bool
) -> None:
    """Of new orders in the window after them, of cancels in that before, as the benchmark looks them up."""
    expected = []
    for row in range(1, len(raw.kind)):
        if raw.kind[row] in kinds and raw.side[row] == side:
            prices = sorted(raw.windows[row - before][side], reverse=side == BID)
            if raw.price[row] in prices:
                expected.append(prices.index(raw.price[row]) + 1)
    found = SAMPLES[name](amazon).tolist()
    # The book before the first message is not in the files.
    assert found[-len(expected) :] == expected
    assert len(found) - len(expected) <= 1


def test_depths_and_volume_are_those_of_the_raw_rows(amazon: Events, raw: RawDay) -> None:
    for name, kinds, sign in (
        ("limit_ask_order_depth", (NEW,), 1),
        ("bid_cancellation_depth", (PARTIAL_CANCEL, DELETE), -1),
    ):
        expected = []
        for row, kind in enumerate(raw.kind):
            bid, ask = raw.best(row, BID), raw.best(row, ASK)
            if kind in kinds and bid is not None and ask is not None:
                away = (raw.price[row] - (bid + ask) / 2.0) / TICK
                if away * sign > 0:
                    expected.append(abs(away))
        assert SAMPLES[name](amazon) == pytest.approx(np.array(expected))
    seconds: dict[int, float] = {}
    for ns, kind, size in zip(raw.ns, raw.kind, raw.size, strict=True):
        if kind == EXECUTION:
            seconds[ns // 10**9] = seconds.get(ns // 10**9, 0.0) + size
    inner = [60.0 * volume for volume in list(seconds.values())[1:-1]]
    found = SAMPLES["vol_per_min"](amazon).tolist()
    assert any(found[skip : skip + len(inner)] == inner for skip in (0, 1))


def test_halves_of_the_day_lie_apart_as_was_measured(card: dict[str, Any]) -> None:
    """The floor is no zero: a real day's own halves are this far from each other."""
    floor = {row["name"]: row["total_variation"]["floor"] for row in card["scores"] if row["total_variation"]}
    assert floor["spread"] == pytest.approx(0.262, abs=0.001)
    assert 0.1 < card["averages"]["total_variation"]["median"]["floor"] < 0.2


def test_a_real_stock_is_near_and_its_facts_are_those_of_markets(card: dict[str, Any]) -> None:
    for kind in ("total_variation", "wasserstein"):
        assert card["averages"][kind]["median"]["ratio"] < 2.0
    facts = {row["name"]: row for row in card["facts"]}
    for name, low, high in (("sign_exponent", 0.4, 1.0), ("impact_exponent", 0.4, 0.7), ("hill_index", 2.0, 5.0)):
        for day in ("real", "made"):
            assert low < facts[name][day]["value"] < high
    assert abs(facts["return_memory"]["real"]["value"]) < 0.1
    for row in card["responses"]["kinds"]:
        assert all(value is not None and math.isfinite(value) for value in row["real"]["value"])
    by_kind = {row["kind"]: row["real"]["value"] for row in card["responses"]["kinds"]}
    assert by_kind["MO_1"][-1] > by_kind["MO_1"][0] > 0.5
