"""`estimate` and `schedule` from the command line: numbers of the papers, limits, and what people read."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

_AC = (
    "schedule", "--algo", "almgren-chriss", "--quantity", "1000000", "--days", "5", "--slices", "5",
    "--volatility-currency", "0.95", "--permanent", "2.5e-7", "--temporary", "2.5e-6", "--fixed", "0.0625",
)  # fmt: skip


def test_almgren_and_chriss_from_the_command_line(tcakit: Callable) -> None:
    told = tcakit(*_AC, "--risk-aversion", "1e-6", "--json").json
    assert told["left"] == pytest.approx([541955.5544, 289854.2194, 147897.4878, 62141.8016, 0.0], abs=1e-4)
    assert told["expected_cost"] == pytest.approx(911226.9863, abs=1e-4)
    assert told["variance"] == pytest.approx(364128572058.14, rel=1e-12)
    half_life = str(told["half_life_days"])
    for written in (half_life, f"{half_life}d"):
        again = tcakit(*_AC, "--half-life", written, "--json").json
        assert again["quantities"] == pytest.approx(told["quantities"], rel=1e-9)


def test_limits_from_the_command_line(tcakit: Callable) -> None:
    told = tcakit(*_AC, "--risk-aversion", "0", "--json").json
    assert told["quantities"] == pytest.approx([200_000.0] * 5)
    assert (told["expected_cost"], told["half_life_days"]) == (pytest.approx(662_500.0), None)
    told = tcakit(*_AC, "--risk-aversion", "1e6", "--json").json
    assert told["quantities"][0] == pytest.approx(1e6)
    assert all(math.isfinite(shares) for shares in told["quantities"])
    refused = tcakit(*_AC, "--risk-aversion", "1e-6", "--permanent", "2.2e-6", "--slices", "1")
    assert refused.code == 2
    assert "no schedule would be the best; use 3 intervals or more" in refused.err
    assert tcakit(*_AC, "--risk-aversion", "1e-6", "--permanent", "2.2e-6", "--slices", "3").code == 0


def test_obizhaeva_and_wang_from_the_command_line(tcakit: Callable) -> None:
    words = ("schedule", "--algo", "obizhaeva-wang", "--quantity", "100000", "--depth", "500000", "--json")
    told = tcakit(*words, "--time", "60m", "--half-life", "5m", "--slices", "11").json
    assert told["quantities"][0] == pytest.approx(14119.26, abs=0.005)
    assert told["expected_cost"] == pytest.approx(2026.503, abs=5e-4)
    assert tcakit(*words, "--time", "60", "--half-life", "5", "--slices", "11").json == told
    table = tcakit(*words, "--time", "1", "--resilience", "50").json
    assert table["continuous"]["block"] == pytest.approx(1923.0769, abs=1e-4)
    assert sum(table["quantities"]) == pytest.approx(1e5)


def test_power_law_decay_from_the_command_line(tcakit: Callable) -> None:
    words = (
        "schedule",
        "--algo",
        "power-kernel",
        "--quantity",
        "1",
        "--time",
        "1",
        "--decay-exponent",
        "0.5",
        "--json",
    )
    assert tcakit(*words).json["optimal_over_even"] == pytest.approx(0.98327, abs=5e-6)


@pytest.mark.usefixtures("store")
def test_a_schedule_is_told_in_slices_that_add_up(tcakit: Callable) -> None:
    words = ("schedule", "--symbol", "ALFA", "--quantity", "20000", "--date", "2026-03-04", "--participation", "20%")
    told = tcakit(*words, "--algo", "is:30m", "--no-trade", "12:00-12:30", "--auction", "close:8%,10%", "--json").json
    assert sum(told["quantities"]) == pytest.approx(20_000)
    assert max(told["participation"][:-1]) <= 0.2 + 1e-9
    assert told["auction"] == [False] * (len(told["auction"]) - 1) + [True]
    assert told["participation"][-1] <= 0.1
    assert told["variance"] == pytest.approx(told["deviation"] ** 2)
    shown = tcakit(*words, "--algo", "is:30m").out
    assert "09:30" in shown
    assert "█" in shown
    assert "is:30m (this)" in shown
    assert "published" in shown


@pytest.mark.usefixtures("store")
def test_an_estimate_sets_all_models_side_by_side(tcakit: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    words = ("estimate", "--symbol", "ALFA", "--quantity", "20000", "--date", "2026-03-04", "--participation", "10%")
    told = tcakit(*words, "--json").json
    names = {model["name"] for model in told["models"]}
    assert names >= {"half-spread", "linear", "square-root", "power-law", "almgren-2005", "i-star"}
    for model in told["models"]:
        assert {"name", "mean_bps", "mean_ci", "order_ci"} <= model.keys()
        assert (model["mean_bps"] is None) == (model["reason"] is not None)
    shown = tcakit(*words).out
    assert "8.841% of average daily volume" in shown
    assert "says nothing without shares outstanding: give --shares-outstanding" in shown
    outside = tcakit(*words[:4], "90000", *words[5:]).out
    assert "* square-root: outside the orders it was fitted on: quantity_adv 0.398 is above 0.1" in outside


def test_an_estimate_needs_no_store(tcakit: Callable, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TCAKIT_STORE", raising=False)
    words = ("estimate", "--quantity", "65610", "--adv", "656100", "--volatility", "1.57%", "--participation", "50%")
    told = tcakit(*words, "--shares-outstanding", "172800000", "--model", "almgren-2005", "--json").json
    # Almgren et al. (2005), table of examples: IBM at T = 0.2, 20 bps lasting and 15 temporary.
    (row,) = told["models"]
    assert row["impact_bps"] == pytest.approx(24.638405637, rel=1e-9)
    assert row["permanent_bps"] == pytest.approx(19.859701912, rel=1e-9)
    assert list(tmp_path.iterdir()) == []
