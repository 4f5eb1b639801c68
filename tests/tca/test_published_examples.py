"""Worked examples that others published, each by its figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tcakit.market.codes import BUY, SELL
from tcakit.tca.benchmarks import relative_performance
from tcakit.tca.shortfall import Shortfall, shortfall
from tcakit.tca.spreads import effective_spread, quoted_spread

KISSELL = [(500, price) for price in (10.0, 11.0) * 5]
EXAMPLES: dict[str, dict[str, Any]] = {
    # CFA Institute practice set, "BYYP"
    "E2": {
        "order": (BUY, 120_000, 40.0, [(10_000, 40.75), (30_000, 41.25), (20_000, 41.5), (30_000, 41.75)]),
        "fees": 1_800.0,
        "end": 42.5,
        "arrival": 40.5,
        "published": {
            "execution_cost": 127_500.0,
            "opportunity": 75_000.0,
            "delay": 45_000.0,
            "trading": 82_500.0,
            "total": 204_300.0,
            "total_bps_of_paper": 425.625,
        },
    },
    # CFA Institute, "West Commerce"; published rounded to 206 bp
    "E3": {
        "order": (SELL, 10_000, 27.1, [(6_000, 26.8), (3_000, 26.3)]),
        "fees": 270.0,
        "end": 26.0,
        "arrival": None,
        "published": {
            "execution_cost": 4_200.0,
            "opportunity": 1_100.0,
            "total": 5_570.0,
            "total_bps_of_paper": 205.535,
        },
    },
    # EDHEC, TCA A-Z (2008), p. 31: missed trade 200 = 0.40 a share
    "E5": {
        "order": (BUY, 500, 20.0, [(200, 21.0), (200, 21.5)]),
        "fees": 0.0,
        "end": 22.0,
        "arrival": None,
        "published": {"execution_cost": 500.0, "opportunity": 200.0},
    },
    # Kissell's shortfall on the inputs of the R package blotter: complete, then two fills short
    "E6a": {
        "order": (BUY, 5_000, 10.0, KISSELL),
        "fees": 100.0,
        "end": 11.0,
        "arrival": None,
        "published": {"total": 2_600.0, "total_bps_of_paper": 520.0, "opportunity": 0.0},
    },
    "E6b": {
        "order": (BUY, 5_000, 10.0, KISSELL[:8]),
        "fees": 80.0,
        "end": 11.0,
        "arrival": 10.25,
        "published": {
            "execution_cost": 2_000.0,
            "opportunity": 1_000.0,
            "total": 3_080.0,
            "total_bps_of_paper": 616.0,
            "order_delay": 1_250.0,
            "trading": 1_000.0,
            "order_opportunity": 750.0,
        },
    },
    # Stalla mock examination, "CMS"
    "E7": {
        "order": (BUY, 8_000, 75.0, [(4_000, 77.0)]),
        "fees": 1_500.0,
        "end": 79.0,
        "arrival": 75.75,
        "published": {"total": 25_500.0, "delay": 3_000.0, "trading": 5_000.0, "opportunity": 16_000.0},
    },
}


def worked(example: dict[str, Any]) -> Shortfall:
    return shortfall(*example["order"], example["fees"], example["end"], example["arrival"])


@pytest.mark.parametrize("name", EXAMPLES)
def test_published_shortfall(name: str) -> None:
    cost = worked(EXAMPLES[name])
    found = {part: getattr(cost, part) for part in EXAMPLES[name]["published"]}
    assert found == pytest.approx(EXAMPLES[name]["published"], rel=1e-6)
    assert cost.perold_total == pytest.approx(cost.total, abs=1e-6)


def test_published_arrival_cost_comes_from_a_rounded_average() -> None:
    exact = worked(EXAMPLES["E2"])
    assert exact.arrival_bps_of_executed == pytest.approx(226.34, abs=0.005)
    rounded = shortfall(BUY, 120_000, 40.0, [(90_000, 41.42)], 1_800.0, 42.5, 40.5)
    assert rounded.arrival_bps_of_executed == pytest.approx(227.2, abs=0.05)


def test_missed_trade_a_share() -> None:
    cost = worked(EXAMPLES["E5"])
    assert cost.opportunity is not None
    assert cost.opportunity / cost.ordered == pytest.approx(0.40)


def test_effective_spread_inside_the_quote() -> None:
    assert float(effective_spread(BUY, 40.47, (40.40 + 40.49) / 2)) == pytest.approx(0.05)
    assert float(quoted_spread(40.40, 40.49)) == pytest.approx(0.09)


def test_effective_spread_takes_the_quote_at_receipt() -> None:
    at_receipt = float(effective_spread(BUY, 20.03, (20.00 + 20.04) / 2))
    at_execution = float(effective_spread(BUY, 20.03, (19.97 + 20.03) / 2))
    assert at_receipt == pytest.approx(0.02)
    assert at_execution == pytest.approx(0.06)


@pytest.mark.parametrize("method", ["volume", "trades-and-volume"])
def test_relative_performance_of_a_sell_and_a_buy(method: str) -> None:
    prices, sizes = [30.0] * 8 + [32.0] * 2, [100] * 10  # 80 % of the activity below 31
    assert relative_performance(SELL, 31.0, prices, sizes, method=method) == pytest.approx(0.8)
    assert relative_performance(BUY, 31.0, prices, sizes, method=method) == pytest.approx(0.2)


@pytest.mark.real
def test_every_collected_example_is_here() -> None:
    path = Path(__file__).resolve().parents[3] / "shared" / "oracles" / "tca.json"
    if not path.exists():
        pytest.skip(f"no {path.name} beside the checkout")
    collected = json.loads(path.read_text(encoding="utf-8"))
    assert {entry["id"] for entry in collected["shortfall"]} == set(EXAMPLES)
    renamed = {
        "total_bps": "total_bps_of_paper",
        "opportunity_cost": "opportunity",
        "delay_executed_basis": "delay",
        "arrival_bps_exact_average": "arrival_bps_of_executed",
    }
    for entry in collected["shortfall"]:
        side = BUY if entry["side"] == "buy" else SELL
        cost = shortfall(
            side,
            entry["ordered"],
            entry["decision_price"],
            entry["fills"],
            entry["fees"],
            entry["end_price"],
            entry.get("arrival_price"),
        )
        expected = dict(entry["expected"])
        for part, figure in expected.pop("order_basis", {}).items():
            expected[part if part == "trading" else f"order_{part}"] = figure
        for part, figure in expected.items():
            assert getattr(cost, renamed.get(part, part)) == pytest.approx(figure, rel=2e-5), (
                entry["id"],
                part,
            )
    for entry in collected["spreads"]:
        bid, ask = entry.get("entry_bid", entry.get("bid")), entry.get("entry_ask", entry.get("ask"))
        side = BUY if entry["side"] == "buy" else SELL
        found = float(effective_spread(side, entry["price"], (bid + ask) / 2))
        assert found == pytest.approx(entry["effective"]), entry["id"]
    assert {entry["id"] for entry in collected["spreads"]} == {"S1", "S3"}
    assert [(entry["sell_rpm"], entry["buy_rpm"]) for entry in collected["rpm"]] == [(0.8, 0.2)]
