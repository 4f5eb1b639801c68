"""An impact model together with how sure its parameters are: what `fit` gives, `estimate` asks and a store keeps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import DataError
from tcakit.impact.contract import MODELS, ImpactModel
from tcakit.impact.facts import OrderFacts, timing_risk_bps
from tcakit.impact.ranges import FittedRange
from tcakit.registry import find

_USUAL_COVERAGE, _USUAL_REACH = 0.95, 1.959963984540054
OWN_FILLS, TAPE_PROXY, PUBLISHED = "own-fills", "tape-proxy", "published"


@dataclass(frozen=True, slots=True)
class FittedModel:
    """A model (`MODELS` by name, or package.module:Name) with draws of its parameters, and what they rest on.

    `draws` is float64 (draws, parameters): each row a set of the parameters in the order of `names`, as the bootstrap
    found it; no rows where nothing is known of the error. A parameter that was held fixed stands in `fixed`. `source`
    is own-fills, tape-proxy or published; `resting_on` says in words what the draws were drawn over. `half_spreads`
    of them are paid by each share on top of what the model says, as it was found by the fit; `half_spread_draws` has
    what the fit found of it in each row of `draws`, and is empty where it is held to one number. `dispersion` is by how
    much the variance of costs about the model exceeds that of timing risk.
    """

    model: str
    names: tuple[str, ...]
    values: tuple[float, ...]
    draws: NDArray[np.float64]
    fixed: Mapping[str, float] = field(default_factory=dict)
    source: str = OWN_FILLS
    resting_on: str = ""
    range: FittedRange = field(default_factory=lambda: FittedRange("unknown"))
    half_spreads: float = 0.0
    half_spread_draws: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    dispersion: float = 1.0

    def __post_init__(self) -> None:
        wanted = (len(self.draws), len(self.names))
        if len(self.half_spread_draws) not in (0, len(self.draws)):
            raise DataError(
                f"{len(self.half_spread_draws)} draws of half_spreads beside {len(self.draws)} of the parameters",
                remedy="give one for each, or none",
            )
        if len(self.values) != len(self.names) or self.draws.shape != wanted:
            raise DataError(
                f"{len(self.values)} values and draws of shape {self.draws.shape} for {len(self.names)} parameters",
                remedy="give a value and a column of draws for each",
            )

    def point(self) -> ImpactModel:
        """The model at the fitted values."""
        return self._made(self.values)

    def drawn(self, row: int) -> ImpactModel:
        """The model at one draw of its parameters."""
        return self._made(self.draws[row].tolist())

    def interval(self, name: str, coverage: float = 0.95) -> tuple[float, float]:
        """Percentile interval of a parameter over the draws; NaN where there are none."""
        if not len(self.draws):
            return np.nan, np.nan
        tail = 50.0 * (1.0 - coverage)
        low, high = np.percentile(self.draws[:, self.names.index(name)], [tail, 100.0 - tail])
        return float(low), float(high)

    def standard_error(self, name: str) -> float:
        """Standard deviation of a parameter over the draws; NaN with fewer than two."""
        return float(np.std(self.draws[:, self.names.index(name)], ddof=1)) if len(self.draws) > 1 else np.nan

    def cost_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        """Mean cost of orders, bps of arrival, spread included as far as the fit found it; float64 of n.

        >>> model = FittedModel("square-root", ("prefactor",), (0.7,), np.array([[0.6], [0.8]]))
        >>> facts = OrderFacts.of(quantity_adv=0.01, volatility_daily=0.02, duration=0.12)
        >>> model.cost_bps(facts).round(2).tolist()
        [9.33]
        """
        return self._cost(self.point(), facts, self.half_spreads)

    def mean_band(self, facts: OrderFacts, coverage: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Interval of the mean cost over the draws, each float64 of n; NaN where nothing is known of the error."""
        if not len(self.draws):
            return np.full(len(facts), np.nan), np.full(len(facts), np.nan)
        tail = 50.0 * (1.0 - coverage)
        low, high = np.percentile(self._costs(facts), [tail, 100.0 - tail], axis=0)
        return np.asarray(low), np.asarray(high)

    def order_band(self, facts: OrderFacts, coverage: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Interval in which the cost of a single order lies: timing risk σ √(T/3), wider where the fit found costs to
        scatter more, and the error of the mean, normal.

        Much wider than the band of the mean. Each float64 of n, NaN where the duration is unknown.
        """
        reach = _reach(coverage)
        error = np.std(self._costs(facts), axis=0, ddof=1) if len(self.draws) > 1 else 0.0
        spread = reach * np.hypot(math.sqrt(max(self.dispersion, 1.0)) * timing_risk_bps(facts), error)
        mean = self.cost_bps(facts)
        return mean - spread, mean + spread

    def as_dict(self) -> dict[str, Any]:
        """JSON-able; `of_dict` reads it."""
        return {
            "model": self.model,
            "names": list(self.names),
            "values": list(self.values),
            "draws": self.draws.tolist(),
            "fixed": dict(self.fixed),
            "source": self.source,
            "resting_on": self.resting_on,
            "range": {
                "source": self.range.source,
                "facts": {name: list(span) for name, span in self.range.facts.items()},
            },
            "half_spreads": self.half_spreads,
            "half_spread_draws": self.half_spread_draws.tolist(),
            "dispersion": self.dispersion,
        }

    @classmethod
    def of_dict(cls, told: Mapping[str, Any]) -> FittedModel:
        """What `as_dict` gave.

        >>> model = FittedModel("square-root", ("prefactor",), (0.7,), np.array([[0.6], [0.8]]))
        >>> FittedModel.of_dict(model.as_dict()).values
        (0.7,)
        """
        spans = {name: (float(low), float(high)) for name, (low, high) in told["range"]["facts"].items()}
        names = tuple(told["names"])
        return cls(
            model=told["model"],
            names=names,
            values=tuple(told["values"]),
            draws=np.asarray(told["draws"], np.float64).reshape(-1, len(names)),
            fixed=told["fixed"],
            source=told["source"],
            resting_on=told["resting_on"],
            range=FittedRange(told["range"]["source"], spans),
            half_spreads=float(told["half_spreads"]),
            half_spread_draws=np.asarray(told.get("half_spread_draws", []), np.float64),
            dispersion=float(told.get("dispersion", 1.0)),
        )

    def _made(self, values: Any) -> ImpactModel:
        made: ImpactModel = find(self.model, MODELS, "impact model")(
            **dict(self.fixed), **dict(zip(self.names, values, strict=True))
        )
        return made

    def _cost(self, model: ImpactModel, facts: OrderFacts, half_spreads: float) -> NDArray[np.float64]:
        cost = model.cost_bps(facts)
        return cost + half_spreads * facts.half_spread_bps if half_spreads else cost

    def _costs(self, facts: OrderFacts) -> NDArray[np.float64]:
        paid = self.half_spread_draws if len(self.half_spread_draws) else np.full(len(self.draws), self.half_spreads)
        return np.stack([self._cost(self.drawn(row), facts, float(paid[row])) for row in range(len(self.draws))])


def _reach(coverage: float) -> float:
    """How many standard deviations about the mean hold that much of a normal distribution.

    >>> _reach(0.95), round(_reach(0.5), 4)
    (1.959963984540054, 0.6745)
    """
    # The usual one without scipy, which takes longer to load than a report takes to ask its model.
    if coverage == _USUAL_COVERAGE:
        return _USUAL_REACH
    from scipy.special import ndtri

    return float(ndtri(0.5 + coverage / 2.0))
