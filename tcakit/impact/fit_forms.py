"""The models that can be fitted, each as columns that are linear in its coefficients once its exponents are given."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import DataError, UsageError
from tcakit.impact.facts import OrderFacts
from tcakit.impact.i_star import TRADING_DAYS, IStar
from tcakit.impact.logarithm import mean_logarithm
from tcakit.impact.sample import FittingSample

Columns = Callable[[OrderFacts, tuple[float, ...]], NDArray[np.float64]]
Parameters = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]

LADDER = ("half-spread", "linear", "square-root", "power-law", "logarithm", "almgren-2005", "i-star")
"""The models from the least to the largest: what each adds must be worth it."""
LEAST_EXPONENT, GREATEST_EXPONENT = 0.05, 1.0
# Orders whose sizes differ less than this (95th over 5th percentile) say nothing of an exponent.
_LEAST_SPAN = 1.5


@dataclass(frozen=True, slots=True)
class Form:
    """A model of `tcakit.impact.contract` as least squares sees it.

    `cost` gives the cost in bps of coefficients of one, float64 (n, coefficients), at given exponents; `after`, where
    it is not None, what stays of the move, which is then fitted together with the cost. `axes` has for each exponent,
    by the parameter's name, the values at which it is sought, evenly spaced. `parameters` turns coefficients (draws,
    coefficients) and exponents (draws, axes) into parameters (draws, names). `limits` is what the model allows. `held`
    says of parameters that were not sought why.
    """

    model: str
    names: tuple[str, ...]
    width: int
    cost: Columns
    parameters: Parameters
    axes: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    after: Columns | None = None
    fixed: Mapping[str, float] = field(default_factory=dict)
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    held: tuple[str, ...] = ()


def form_of(model: str, sample: FittingSample, exponent: float | None = None) -> Form:
    """The form of a model (`LADDER`) for a sample; `exponent` holds that of the power law.

    Raises UsageError for another name, and DataError where the sample cannot tell an exponent: all orders of one size.
    """
    if exponent is not None and model != "power-law":
        raise UsageError(
            f"{model} has no exponent to hold", place="--exponent", remedy="hold it for --model power-law only"
        )
    makers: dict[str, Callable[[FittingSample], Form]] = {
        "half-spread": lambda _: _half_spread(),
        "linear": lambda _: _held_power("linear", "coefficient", 1.0),
        "square-root": lambda _: _held_power("square-root", "prefactor", 0.5),
        "power-law": lambda orders: _power_law(orders) if exponent is None else _held_exponent(exponent),
        "logarithm": _logarithm,
        "almgren-2005": _almgren,
        "i-star": _i_star,
    }
    if model not in makers:
        raise UsageError(
            f"{model!r} cannot be fitted", place="--model", remedy=f"known are {', '.join(makers)}, and ladder"
        )
    return makers[model](sample)


def span(values: NDArray[np.float64]) -> float:
    """How many times larger large values are than small ones: the 95th percentile over the 5th.

    >>> round(span(np.geomspace(1.0, 100.0, 1001)), 1)
    63.1
    """
    low, high = np.percentile(values, [5.0, 95.0])
    return float(high / low)


def sought_as(name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """A parameter as it stands on the axis where it is sought: the bend of a logarithm by its own logarithm."""
    return np.log(values) if name == "bend" else values


def sought_from(name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """What `sought_as` was given.

    >>> sought_from("bend", sought_as("bend", np.array([100.0]))).round(9).tolist()
    [100.0]
    """
    return np.exp(values) if name == "bend" else values


def _centre(values: NDArray[np.float64]) -> float:
    """A middle value by which powers are divided: so that coefficients hardly change along the grid of exponents."""
    return float(np.exp(np.mean(np.log(values))))


def _as_they_are(coefficients: NDArray[np.float64], _: NDArray[np.float64]) -> NDArray[np.float64]:
    return coefficients


def _half_spread() -> Form:
    """No column of its own: the half spread is beside every model."""
    return Form(
        "half-spread", (), 0, lambda facts, _: np.empty((len(facts), 0)), _as_they_are,
        limits={"half_spreads": (-1.0, 1.0)},
    )  # fmt: skip


def _held_power(model: str, name: str, exponent: float) -> Form:
    def cost(facts: OrderFacts, _: tuple[float, ...]) -> NDArray[np.float64]:
        peak = 1e4 * facts.volatility_daily * facts.quantity_adv**exponent
        return np.asarray(peak / (1.0 + exponent))[:, None]

    return Form(model, (name,), 1, cost, _as_they_are, limits={name: (0.0, np.inf)})


def _held_exponent(exponent: float) -> Form:
    if not LEAST_EXPONENT <= exponent <= GREATEST_EXPONENT:
        raise UsageError(
            f"the exponent is {exponent:g}",
            place="--exponent",
            remedy=f"give a number from {LEAST_EXPONENT:g} to {GREATEST_EXPONENT:g}; 0.5 is usual",
        )
    held = _held_power("power-law", "prefactor", exponent)
    return Form(
        "power-law", held.names, 1, held.cost, held.parameters,
        fixed={"exponent": exponent}, limits=held.limits, held=(f"exponent held at {exponent:g}",),
    )  # fmt: skip


def _refuse_one_size(sample: FittingSample, model: str) -> None:
    found = span(sample.facts.quantity_adv)
    if found < _LEAST_SPAN:
        raise DataError(
            f"{model} has an exponent of size, and all orders are of nearly one size: the 95th percentile is "
            f"{found:.2g} times the 5th, and {_LEAST_SPAN:g} times is the least, 10 times is enough",
            place="fit",
            remedy="hold the exponent (--model power-law --exponent 0.5, or --model square-root), or take orders of "
            "more sizes",
        )


def _power_law(sample: FittingSample) -> Form:
    _refuse_one_size(sample, "power-law")
    middle = _centre(sample.facts.quantity_adv)

    def cost(facts: OrderFacts, exponents: tuple[float, ...]) -> NDArray[np.float64]:
        (delta,) = exponents
        return np.asarray(1e4 * facts.volatility_daily * (facts.quantity_adv / middle) ** delta / (1.0 + delta))[
            :, None
        ]

    def parameters(coefficients: NDArray[np.float64], exponents: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([coefficients[:, 0] * middle ** -exponents[:, 0], exponents[:, 0]])

    return Form(
        "power-law", ("prefactor", "exponent"), 1, cost, parameters,
        axes={"exponent": np.linspace(LEAST_EXPONENT, GREATEST_EXPONENT, 96)},
        limits={"prefactor": (0.0, np.inf), "exponent": (LEAST_EXPONENT, GREATEST_EXPONENT)},
    )  # fmt: skip


def _logarithm(sample: FittingSample) -> Form:
    """The bend is sought by its logarithm: from where all orders are in the linear part to where none is."""
    _refuse_one_size(sample, "logarithm")
    middle = _centre(sample.facts.quantity_adv)
    bends = np.linspace(math.log(0.01 / middle), math.log(1e4 / middle), 81)

    def cost(facts: OrderFacts, exponents: tuple[float, ...]) -> NDArray[np.float64]:
        bend = math.exp(exponents[0])
        scale = mean_logarithm(np.array([bend * middle]))[0]
        return np.asarray(1e4 * facts.volatility_daily * mean_logarithm(bend * facts.quantity_adv) / scale)[:, None]

    def parameters(coefficients: NDArray[np.float64], exponents: NDArray[np.float64]) -> NDArray[np.float64]:
        bend = np.exp(exponents[:, 0])
        return np.column_stack([coefficients[:, 0] / mean_logarithm(bend * middle), bend])

    return Form(
        "logarithm", ("prefactor", "bend"), 1, cost, parameters, axes={"bend": bends},
        limits={"prefactor": (0.0, np.inf), "bend": (math.exp(bends[0]), math.exp(bends[-1]))},
    )  # fmt: skip


def _almgren(sample: FittingSample) -> Form:
    """I and J together. Exponents of size and of shares outstanding are the paper's: own orders seldom tell them."""
    facts = sample.facts
    known = ~np.isnan(facts.shares_outstanding_adv)
    shares_exponent = 0.25 if known.all() else 0.0
    held = ["size_exponent held at 1, the paper's", "shares_exponent held at 0.25, the paper's"]
    if not known.all():
        held[1] = f"shares_exponent held at 0: shares outstanding are unknown for {int((~known).sum())} orders"
    rates = facts.quantity_adv / facts.duration
    middle, stays = _centre(rates), shares_exponent
    sought = span(rates) >= _LEAST_SPAN
    if not sought:
        held.append("rate_exponent held at 0.6, the paper's: all orders trade at nearly one rate")

    def after(facts: OrderFacts, _: tuple[float, ...]) -> NDArray[np.float64]:
        moved = 1e4 * facts.volatility_daily * facts.quantity_adv
        if stays:
            moved = moved * facts.shares_outstanding_adv**stays
        return np.column_stack([moved, np.zeros(len(facts))])

    def cost(facts: OrderFacts, exponents: tuple[float, ...]) -> NDArray[np.float64]:
        rate = facts.quantity_adv / facts.duration / middle
        temporary = 1e4 * facts.volatility_daily * rate ** (exponents[0] if sought else 0.6)
        both = after(facts, exponents) / 2.0
        both[:, 1] = temporary
        return both

    def parameters(coefficients: NDArray[np.float64], exponents: NDArray[np.float64]) -> NDArray[np.float64]:
        beta = exponents[:, 0] if sought else np.full(len(coefficients), 0.6)
        found = [coefficients[:, 0], coefficients[:, 1] * middle**-beta]
        return np.column_stack([*found, beta] if sought else found)

    fixed = {"size_exponent": 1.0, "shares_exponent": shares_exponent} | ({} if sought else {"rate_exponent": 0.6})
    axes = {"rate_exponent": np.linspace(LEAST_EXPONENT, 1.5, 146)} if sought else {}
    names = ("gamma", "eta", "rate_exponent") if sought else ("gamma", "eta")
    limits = {"gamma": (0.0, np.inf), "eta": (0.0, np.inf), "rate_exponent": (LEAST_EXPONENT, 1.5)}
    return Form("almgren-2005", names, 2, cost, parameters, axes, after, fixed, limits, tuple(held))


def _i_star(sample: FittingSample) -> Form:
    """Only what the orders differ in is sought; b1, which nothing but very slow orders could tell, is Kissell's."""
    facts = sample.facts.take(sample.facts.known(("participation",)))
    if not len(facts):
        raise DataError("i-star needs the participation, which no order has", place="fit", remedy="store prints")
    published = IStar()
    annual = math.sqrt(TRADING_DAYS)
    columns = {
        "a2": (facts.quantity_adv, np.linspace(0.1, 1.0, 10)),
        "a3": (facts.volatility_daily * annual, np.linspace(0.1, 1.3, 9)),
        "a4": (facts.participation, np.linspace(0.05, 1.0, 8)),
    }
    axes = {name: grid for name, (values, grid) in columns.items() if span(values) >= _LEAST_SPAN}
    middle = {name: _centre(values) for name, (values, _) in columns.items()}
    at = {name: place for place, name in enumerate(axes)}
    given = published.parameters
    b1 = published.b1
    fixed = {"b1": b1} | {name: given[name] for name in columns if name not in axes}
    held = [f"{name} held at {value:g}, Kissell's" for name, value in fixed.items()]

    def cost(facts: OrderFacts, exponents: tuple[float, ...]) -> NDArray[np.float64]:
        a2, a3, a4 = (exponents[at[name]] if name in at else given[name] for name in columns)
        size, risk = facts.quantity_adv / middle["a2"], facts.volatility_daily * annual / middle["a3"]
        return np.asarray(100.0 * size**a2 * risk**a3 * (b1 * facts.participation**a4 + 1.0 - b1))[:, None]

    def parameters(coefficients: NDArray[np.float64], exponents: NDArray[np.float64]) -> NDArray[np.float64]:
        a2, a3 = (exponents[:, at[name]] if name in at else given[name] for name in ("a2", "a3"))
        a1 = 100.0 * coefficients[:, 0] * middle["a2"] ** -a2 * middle["a3"] ** -a3
        return np.column_stack([a1, *(exponents[:, at[name]] for name in axes)])

    limits = {"a1": (0.0, np.inf)} | {name: (float(grid[0]), float(grid[-1])) for name, grid in axes.items()}
    return Form("i-star", ("a1", *axes), 1, cost, parameters, axes, None, fixed, limits, tuple(held))
