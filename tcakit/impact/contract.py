"""What every impact model answers, and how a model is found by its name.

All costs are in bps of the arrival price and above zero when bad for us; the side of an order plays no part. The half
spread is in `half-spread` only: the others say what the mid does.
"""

from __future__ import annotations

from dataclasses import fields
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import DataError, UsageError
from tcakit.impact.facts import OrderFacts
from tcakit.impact.ranges import FittedRange
from tcakit.registry import find, nearest

MODELS = {
    "half-spread": "tcakit.impact.half_spread:HalfSpread",
    "linear": "tcakit.impact.linear:Linear",
    "square-root": "tcakit.impact.power_law:SquareRoot",
    "power-law": "tcakit.impact.power_law:PowerLaw",
    "logarithm": "tcakit.impact.logarithm:Logarithm",
    "almgren-2005": "tcakit.impact.almgren:Almgren2005",
    "i-star": "tcakit.impact.i_star:IStar",
    "i-star-large-cap": "tcakit.impact.i_star:LARGE_CAP",
    "i-star-small-cap": "tcakit.impact.i_star:SMALL_CAP",
    "obizhaeva-wang": "tcakit.impact.transient:ObizhaevaWang",
    "propagator": "tcakit.impact.transient:Propagator",
}
# What to say where a fact is missing.
_REMEDIES = {
    "volatility_daily": "give the daily volatility, or store earlier days of the symbol",
    "duration": "give the duration or the participation",
    "participation": "give the participation or the duration",
    "half_spread_bps": "give half the quoted spread, or store quotes of the symbol",
    "shares_outstanding_adv": "give the shares outstanding, or use parameters that were fitted without them",
    "price": "give the price",
}


class ImpactModel(Protocol):
    """An impact model with its parameters. Each answer is float64 of n, in bps of the arrival price.

    Peak, cost and permanent part are three different numbers of one order, worked at a constant rate on the volume's
    clock; where a model says nothing of one of them the answer is NaN. Each raises DataError where a needed fact is
    missing, naming it.
    """

    @property
    def name(self) -> str:
        """The name under which the model is registered, or the user's own."""
        ...

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters by name."""
        ...

    @property
    def needs(self) -> tuple[str, ...]:
        """The facts (fields of `OrderFacts`) without which the model says nothing."""
        ...

    @property
    def range(self) -> FittedRange:
        """The orders that the parameters were fitted on."""
        ...

    def peak_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        """How far the price has moved against us, from arrival to our last trade."""
        ...

    def cost_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        """Mean cost of the whole order: our average price against arrival."""
        ...

    def permanent_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        """What stays of the move when the order is long over."""
        ...


class Parametric:
    """What models that are frozen dataclasses of floats share: their parameters by name."""

    __slots__ = ()

    @property
    def parameters(self) -> dict[str, float]:
        return {field.name: float(getattr(self, field.name)) for field in fields(self)}  # type: ignore[arg-type]


def require(model: ImpactModel, facts: OrderFacts) -> None:
    """Refuse orders of which a fact is missing that the model needs: DataError with the fact, the count and a remedy.

    To leave such orders out instead: `facts.take(facts.known(model.needs))`.
    """
    for fact in model.needs:
        missing = np.isnan(getattr(facts, fact))
        if missing.any():
            count = int(missing.sum())
            orders = f"{count} of {len(facts)} order{'s' if len(facts) > 1 else ''}"
            raise DataError(
                f"{model.name} needs {fact}, which is missing for {orders}",
                place=f"order {int(np.argmax(missing))}",
                remedy=_REMEDIES.get(fact, f"give {fact}"),
            )


def parse_model(text: str, place: str = "--model") -> ImpactModel:
    """Read `NAME[,parameter=value...]`: a registered model or the user's own `package.module:Name`.

    Raises UsageError for an unknown name or parameter, a value that is no number, or a parameter that must be given.

    >>> parse_model("square-root,prefactor=0.8").parameters
    {'prefactor': 0.8}
    """
    name, *pairs = [piece.strip() for piece in text.split(",")]
    factory = find(name, MODELS, "impact model", place)
    known = _parameters_of(factory)
    given: dict[str, float] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"{pair!r} is no parameter=value", place=place, remedy="write it like prefactor=0.8")
        if known is not None and key not in known:
            guess = nearest(key, known)
            hint = f"did you mean {guess!r}? " if guess else ""
            takes = f"known are {', '.join(known)}" if known else "it takes none"
            raise UsageError(f"{name} has no parameter {key!r}", place=place, remedy=hint + takes)
        try:
            given[key] = float(value)
        except ValueError:
            raise UsageError(
                f"{key} of {name} is {value!r}, which is no number", place=place, remedy=f"write {key}=0.5"
            ) from None
    try:
        model: ImpactModel = factory(**given)
    except TypeError as error:
        raise UsageError(
            f"{name} needs a parameter: {error}", place=place, remedy=f"write {name},{(known or ['x'])[0]}=1"
        ) from error
    return model


def _parameters_of(factory: Any) -> list[str] | None:
    """The names of a model's parameters; None if it is no dataclass."""
    made: Any = factory.func if isinstance(factory, partial) else factory
    return [field.name for field in fields(made)] if hasattr(made, "__dataclass_fields__") else None
