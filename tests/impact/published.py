"""Published numbers of impact models and schedules, and ours beside them: the table of docs/impact.md.

A number is written with the digits that its source gives; ours must round to the same. Where a paper prints an example
with few digits, more were worked out from its inputs by routes independent of this code ("recomputed").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tcakit.impact.almgren import Almgren2005
from tcakit.impact.facts import OrderFacts
from tcakit.impact.i_star import LARGE_CAP, IStar
from tcakit.impact.manipulation import pump_and_dump_cost
from tcakit.impact.power_law import SquareRoot
from tcakit.impact.response import differential_propagator, response_function


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

NUMBERS = [*ORDERS, *DECAY]


def table() -> str:
    """The Markdown table of all numbers: as published, and ours with the same digits."""
    rows = [f"| {entry.quantity} | {entry.source} | {entry.printed} | {entry.ours_printed()} |" for entry in NUMBERS]
    return "\n".join(["| quantity | source | published | ours |", "|---|---|---|---|", *rows])
