"""Published numbers of impact models and schedules, and ours beside them: the table of docs/impact.md.

A number is written with the digits that its source gives; ours must round to the same. Where a paper prints an example
with few digits, more were worked out from its inputs by routes independent of this code ("recomputed").
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tcakit.execution.almgren_chriss import AlmgrenChriss, Trajectory
from tcakit.execution.almgren_power import PowerImpactOrder
from tcakit.execution.transient_schedule import ObizhaevaWangOrder, PowerDecaySchedule, optimal_trades
from tcakit.impact.almgren import Almgren2005
from tcakit.impact.decay import ExponentialDecay
from tcakit.impact.facts import OrderFacts
from tcakit.impact.i_star import LARGE_CAP, IStar
from tcakit.impact.manipulation import pump_and_dump_cost
from tcakit.impact.power_law import SquareRoot
from tcakit.impact.response import differential_propagator, response_function
from tcakit.impact.trades import schedule_cost


@dataclass(frozen=True)
class Published:
    """A quantity, where its value is printed, the value as printed (numbers with blanks between), and how we get it."""

    quantity: str
    source: str
    printed: str
    ours: Callable[[], Any]

    def ours_printed(self) -> str:
        """Our numbers with as many decimals as the printed ones."""
        values = np.atleast_1d(np.asarray(self.ours(), np.float64)).tolist()
        words = self.printed.split()
        assert len(values) == len(words), f"{self.quantity}: {len(values)} values for {len(words)}"
        return " ".join(_like(value, word) for value, word in zip(values, words, strict=True))


def _like(value: float, printed: str) -> str:
    if math.isinf(value):
        return f"{value:g}"
    decimals = len(printed.partition(".")[2])
    # Adding zero takes the sign off a zero.
    return f"{round(value, decimals) + 0.0:.{decimals}f}"


# --- whole orders -------------------------------------------------------------------------------------------

_ATHL = "Almgren, Thum, Hauptmann and Li (2005), IBM, 10 % of ADV"
_IBM = OrderFacts.of(
    quantity_adv=0.1, duration=[0.1, 0.2, 0.5], volatility_daily=0.0157, shares_outstanding_adv=1_728e6 / 6.561e6
)
_SIGMA_BPS = 157.0
_FIT = Almgren2005()

_KISSELL = OrderFacts.of(quantity_adv=0.1, participation=0.1, volatility_daily=0.25 / 250**0.5)
_ISTAR = "Kissell's parameters, 10 % of ADV at 10 % of volume, 25 % a year"

_ONE_PERCENT = OrderFacts.of(quantity_adv=0.01, volatility_daily=0.02)

ORDERS = [
    Published("shares outstanding / ADV", _ATHL, "263", lambda: _IBM.shares_outstanding_adv[0]),
    Published("permanent impact I / σ", _ATHL, "0.126", lambda: _FIT.permanent_bps(_IBM)[0] / _SIGMA_BPS),
    Published("permanent impact I, bps", _ATHL, "20", lambda: _FIT.permanent_bps(_IBM)[0]),
    Published(
        "temporary impact K / σ at T = 0.1, 0.2, 0.5",
        _ATHL,
        "0.142 0.094 0.054",
        lambda: _FIT.temporary_bps(_IBM) / _SIGMA_BPS,
    ),
    Published("temporary impact K, bps", _ATHL, "22 15 8", lambda: _FIT.temporary_bps(_IBM)),
    Published("cost J, bps", _ATHL, "32 25 18", lambda: _FIT.cost_bps(_IBM)),
    Published(
        "permanent impact I, bps", f"{_ATHL}; recomputed", "19.859701911853", lambda: _FIT.permanent_bps(_IBM)[0]
    ),
    Published(
        "temporary impact K, bps",
        f"{_ATHL}; recomputed",
        "22.294000000000 14.708554681385 8.488012181946",
        lambda: _FIT.temporary_bps(_IBM),
    ),
    Published(
        "cost J, bps",
        f"{_ATHL}; recomputed",
        "32.223850955926 24.638405637312 18.417863137873",
        lambda: _FIT.cost_bps(_IBM),
    ),
    Published("I*, bps, all shares", _ISTAR, "74.571119646842", lambda: IStar().instant_bps(_KISSELL)),
    Published("cost, bps, all shares", _ISTAR, "24.601251796726", lambda: IStar().cost_bps(_KISSELL)),
    Published("I*, bps, large caps", _ISTAR, "50.521186710445", lambda: LARGE_CAP().instant_bps(_KISSELL)),
    Published("cost, bps, large caps", _ISTAR, "23.126069190569", lambda: LARGE_CAP().cost_bps(_KISSELL)),
    Published("timing risk, bps", _ISTAR, "86.602540378444", lambda: IStar().timing_risk_bps(_KISSELL)),
    Published(
        "square-root law, peak and cost, bps",
        "Y = 0.7, σ = 2 %, 1 % of ADV",
        "14 9.33",
        lambda: [*SquareRoot(0.7).peak_bps(_ONE_PERCENT), *SquareRoot(0.7).cost_bps(_ONE_PERCENT)],
    ),
]

# --- decay --------------------------------------------------------------------------------------------------

_MRR = "Madhavan, Richardson and Roomans (1997), ρ = 0.5, θ = 1"
_MRR_SIGNS = 0.5 ** np.arange(40)
# A trade moves the price by its surprise: θ (ε(t) - ρ ε(t-1)).
_MRR_MOVES = np.array([0.75, *np.zeros(39)])


def _mrr_differential() -> Any:
    return differential_propagator(_MRR_MOVES, _MRR_SIGNS)


DECAY = [
    Published(
        "response R at lags 1 to 5",
        _MRR,
        "0.75 0.75 0.75 0.75 0.75",
        lambda: response_function(np.cumsum(_mrr_differential()), _MRR_SIGNS)[:5],
    ),
    Published("propagator g at lags 0, 1, 2", _MRR, "1 -0.5 0", lambda: _mrr_differential()[:3]),
    Published("what stays, G(∞)", _MRR, "0.5", lambda: _mrr_differential().sum()),
    Published(
        "pump and dump under square-root and linear impact, cost",
        "Gatheral (2010), exponential decay, ρ = 1, bought over a time of 1",
        "-0.2642 0.2358",
        lambda: [pump_and_dump_cost(0.5, 1.0, 1.0), pump_and_dump_cost(1.0, 1.0, 1.0)],
    ),
]

# --- schedules ----------------------------------------------------------------------------------------------

_AC = "Almgren and Chriss (2000), parameters of table 1, 5 days, 5 trades"
_AC_SIGMA = {"σ = 0.95": 0.95, "σ = √0.9": 0.9**0.5}


def _ac(sigma: str) -> AlmgrenChriss:
    return AlmgrenChriss(1e6, 5.0, 5, _AC_SIGMA[sigma], permanent=2.5e-7, temporary=2.5e-6, fixed=0.0625)


def _ac_rows(sigma: str, risk_aversion: float, words: dict[str, str]) -> list[Published]:
    """Urgency κ, κ times an interval's trades, 1/κ, holdings, trades, and what they cost and risk."""

    def made(value: Callable[[AlmgrenChriss, Trajectory], Any]) -> Callable[[], Any]:
        return lambda: value(_ac(sigma), _ac(sigma).optimal(risk_aversion))

    ways: dict[str, Callable[[AlmgrenChriss, Trajectory], Any]] = {
        "κ": lambda order, _: order.urgency(risk_aversion),
        "κ in the limit of short intervals": lambda order, _: (
            order.volatility * (risk_aversion / order.temporary_net) ** 0.5
        ),
        "1/κ, days": lambda order, _: 1.0 / order.urgency(risk_aversion) if risk_aversion else math.inf,
        "holdings": lambda _, path: path.holdings,
        "trades": lambda _, path: path.trades,
        "expected cost": lambda _, path: path.expected_cost,
        "variance": lambda _, path: path.variance,
        "standard deviation": lambda _, path: path.deviation,
        "cost + λ variance": lambda _, path: path.utility_cost(risk_aversion),
    }
    source = f"{_AC}, {sigma}, λ = {risk_aversion:g}; recomputed"
    return [Published(name, source, printed, made(ways[name])) for name, printed in words.items()]


def _capped_elsewhere() -> list[float]:
    path = _ac("σ = 0.95").trajectory([300_000, 300_000, 195_934, 118_356, 85_710])
    return [path.expected_cost, path.deviation, path.utility_cost(1e-6)]


ALMGREN_CHRISS = [
    *_ac_rows(
        "σ = 0.95",
        0.0,
        {
            "κ": "0",
            "κ in the limit of short intervals": "0",
            "1/κ, days": "inf",
            "holdings": "1000000.0000 800000.0000 600000.0000 400000.0000 200000.0000 0.0000",
            "trades": "200000.0000 200000.0000 200000.0000 200000.0000 200000.0000",
            "expected cost": "662500.0000",
            "variance": "1083000000000",
            "standard deviation": "1040672.8593",
            "cost + λ variance": "662500.0000",
        },
    ),
    *_ac_rows(
        "σ = 0.95",
        1e-6,
        {
            "κ": "0.607076163247",
            "κ in the limit of short intervals": "0.616441400297",
            "1/κ, days": "1.647239770791",
            "holdings": "1000000.0000 541955.5544 289854.2194 147897.4878 62141.8016 0.0000",
            "trades": "458044.4456 252101.3350 141956.7316 85755.6862 62141.8016",
            "expected cost": "911226.9863",
            "variance": "364128572058.1",
            "standard deviation": "603430.6688",
            "cost + λ variance": "1275355.5584",
        },
    ),
    *_ac_rows(
        "σ = √0.9",
        0.0,
        {
            "κ": "0",
            "κ in the limit of short intervals": "0",
            "1/κ, days": "inf",
            "holdings": "1000000.0000 800000.0000 600000.0000 400000.0000 200000.0000 0.0000",
            "trades": "200000.0000 200000.0000 200000.0000 200000.0000 200000.0000",
            "expected cost": "662500.0000",
            "variance": "1080000000000",
            "standard deviation": "1039230.4845",
            "cost + λ variance": "662500.0000",
        },
    ),
    *_ac_rows(
        "σ = √0.9",
        1e-6,
        {
            "κ": "0.606259628419",
            "κ in the limit of short intervals": "0.615587011251",
            "1/κ, days": "1.649458339503",
            "holdings": "1000000.0000 542380.6932 290295.1229 148216.1254 62303.2385 0.0000",
            "trades": "457619.3068 252085.5704 142078.9975 85912.8868 62303.2385",
            "expected cost": "910477.8443",
            "variance": "363868009302.5",
            "standard deviation": "603214.7290",
            "cost + λ variance": "1274345.8536",
        },
    ),
    Published(
        "static holding of the drift, shares",
        f"{_AC}, λ = 1e-06; recomputed for both σ",
        "11080 11111",
        lambda: [
            AlmgrenChriss(1e6, 5.0, 5, sigma, 2.5e-7, 2.5e-6, drift=0.02).drift_holding(1e-6)
            for sigma in _AC_SIGMA.values()
        ],
    ),
    Published(
        "at most 300,000 a day: cost + λ variance",
        f"{_AC}, σ = 0.95, λ = 1e-06; a quadratic program",
        "1387731",
        lambda: _ac("σ = 0.95").optimal(1e-6, most=3e5).utility_cost(1e-6),
    ),
    Published(
        "the printed trades of that program (300,000, 300,000, 195,934, 118,356, 85,710): cost, deviation, sum",
        "the same",
        "756893 794253 1387731",
        _capped_elsewhere,
    ),
    Published(
        "the same order in lots of 1,000: trades in thousands",
        "the same by dynamic programming",
        "300 300 196 118 86",
        lambda: _ac("σ = 0.95").optimal(1e-6, most=3e5).trades / 1e3,
    ),
]

_POWER = "Almgren (2003), X = 100,000, σ = 1, half a unit of price at the whole order a day"
_POWER_TABLE = {
    0.5: ["0.02 221 11", "0.09 103 23", "0.40 48 49", "1.84 22 105", "8.55 10 226"],
    1.0: ["0.07 354 19", "0.22 112 33", "0.71 35 59", "2.24 11 106", "7.07 4 188"],
}


def _power_row(exponent: float, tolerance: float) -> list[float]:
    order = PowerImpactOrder(1e5, 1.0, 0.5 / 1e5**exponent, exponent, 1.0 / tolerance)
    return [order.time_scale_days, order.expected_cost / 1e3, order.deviation / 1e3]


POWER = [
    Published(
        "T* days, cost and deviation in thousands",
        f"{_POWER}, k = {exponent:g}, λ = 1e-{power}",
        printed,
        lambda exponent=exponent, power=power: _power_row(exponent, 10.0**power),
    )
    for exponent, rows in _POWER_TABLE.items()
    for power, printed in enumerate(rows, start=3)
]

_OW_TABLE = {
    0.001: "49975",
    0.01: "49751",
    0.5: "40000",
    1.0: "33333",
    4.0: "16667",
    10.0: "8333",
    50.0: "1923",
    1000.0: "100",
    1e4: "10",
}
_OW = "Obizhaeva and Wang (2013), X = 100,000, depth 500,000, 60 minutes, half-life 5 minutes; recomputed"
_REFILL = ObizhaevaWangOrder(1e5, 60.0, depth=5e5, resilience=np.log(2.0) / 5.0)
_EIGHT = (np.arange(8.0), ExponentialDecay.of_half_life(2.7726))


def _eight(trades: Any) -> float:
    return 2e-5 * schedule_cost(_EIGHT[0], trades, _EIGHT[1], 0.05)


_SHARES_8 = "exponential decay, γ = 1e-6 stays, η = 2e-5 fades, half-life 2.7726, 8 slices, X = 100,000; recomputed"

TRANSIENT = [
    *(
        Published(
            f"first and last trade, ρ = {resilience:g}",
            "Obizhaeva and Wang (2013), table 1",
            printed,
            lambda resilience=resilience: ObizhaevaWangOrder(1e5, 1.0, 5e5, resilience).block,
        )
        for resilience, printed in _OW_TABLE.items()
    ),
    Published(
        "first and last trade at each of these ρ",
        "Obizhaeva and Wang (2013), table 1; recomputed",
        "49975.01249 49751.24378 40000.00000 33333.33333 16666.66667 8333.33333 1923.07692 99.80040 9.99800",
        lambda: [ObizhaevaWangOrder(1e5, 1.0, 5e5, resilience).block for resilience in _OW_TABLE],
    ),
    Published("cost of the optimum", _OW, "1938.404", lambda: _REFILL.cost),
    Published("cost at once", _OW, "10000", lambda: _REFILL.block_cost),
    Published("cost of a constant rate", _OW, "2115.483", lambda: _REFILL.constant_rate_cost),
    Published(
        "on 10 intervals: first trade, cost",
        f"{_OW}, after Alfonsi, Fruth and Schied (2010)",
        "14119.26 2026.503",
        lambda: [_REFILL.grid(10)[0][0], _REFILL.grid(10)[1]],
    ),
    Published(
        "optimum / constant rate, γ = 0.3, 0.5",
        "Gatheral, Schied and Slynko (2012), decay t^-γ; recomputed",
        "0.98183 0.98327",
        lambda: [
            PowerDecaySchedule(1.0, 1.0, gamma).cost / PowerDecaySchedule(1.0, 1.0, gamma).constant_rate_cost
            for gamma in (0.3, 0.5)
        ],
    ),
    Published(
        "trades",
        _SHARES_8,
        "30055 6648 6648 6648 6648 6648 6648 30055",
        lambda: optimal_trades(1e5, *_EIGHT)[0],
    ),
    Published(
        "cost of the optimum and of even slices",
        _SHARES_8,
        "58462.6 62511.6",
        lambda: [_eight(optimal_trades(1e5, *_EIGHT)[0]), _eight(np.full(8, 12_500.0))],
    ),
]

NUMBERS = [*ORDERS, *DECAY, *ALMGREN_CHRISS, *POWER, *TRANSIENT]


def table() -> str:
    """The Markdown table of all numbers: as published, and ours with the same digits."""
    rows = [f"| {entry.quantity} | {entry.source} | {entry.printed} | {entry.ours_printed()} |" for entry in NUMBERS]
    return "\n".join(["| quantity | source | published | ours |", "|---|---|---|---|", *rows])
