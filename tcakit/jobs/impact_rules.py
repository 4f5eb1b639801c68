"""The impact of a replay out of a backtest's configuration: its model, its layers, and what scaled it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tcakit.errors import UsageError
from tcakit.impact.contract import ImpactModel, parse_model
from tcakit.impact.replay_impact import LAYERS, ReplayImpact
from tcakit.jobs.bar_settings import above_zero
from tcakit.jobs.config import Field, at_least, one_of
from tcakit.market.clock import parse_duration

FIT, LATEST = "fit:", "latest"
"""How a stored fit is asked for in place of a model."""


@dataclass(frozen=True, slots=True)
class ImpactRules:
    """What our fills do to a replayed market: a model as `impact_model.asked_model` reads it, and its layers.

    `passive_weight` is what fills count that took nothing; what we took comes back with the half-life `refill_ns`, if
    there is one. `standard_error` is relative to what the model says; `alpha_bps` is what an order earns before its
    costs. Volume (shares) and volatility (fraction) of a day are those given, else of earlier stored days. With
    `own_fills` the firm's fills of that day are taken out of the recording first.
    """

    model: str
    layers: tuple[str, ...] = LAYERS
    passive_weight: float = 0.5
    refill_ns: int | None = None
    standard_error: float | None = None
    alpha_bps: float | None = None
    daily_volume: float | None = None
    daily_volatility: float | None = None
    own_fills: bool = False

    def of(
        self,
        model: ImpactModel,
        *,
        adv_shares: float,
        volatility_daily: float,
        price: float,
        session_ns: int,
        participation: float,
        duration: float,
        own_fills: Sequence[tuple[int, float]] = (),
    ) -> ReplayImpact:
        """The impact on a symbol's day, as `ReplayImpact.of_model` makes it; UsageError where the model cannot."""
        made = ReplayImpact.of_model(
            model,
            adv_shares=adv_shares,
            volatility_daily=volatility_daily,
            price=price,
            session_ns=session_ns,
            participation=participation,
            duration=duration,
        )
        whole = ReplayImpact(
            made.weights,
            made.rates,
            made.permanent,
            self.passive_weight,
            self.refill_ns,
            own_fills=tuple(own_fills),
            notes=made.notes,
        )
        return whole.with_layers(self.layers)


def a_model(text: str) -> str:
    """A model that is known, with parameters that it has, or the name of a fit."""
    if not text.startswith(FIT):
        parse_model(text, "impact model")
    elif text == FIT:
        raise UsageError("no fit is named", remedy="write fit:latest, or fit: and the id of one")
    return text


def a_weight(value: float) -> float:
    """A weight from 0 to 1."""
    if not 0.0 <= value <= 1.0:
        raise UsageError(f"{value:g} is no weight", remedy="write a number from 0 to 1")
    return float(value)


def a_refill(text: str) -> int:
    """A half-life in ns, above zero."""
    length = parse_duration(text)
    if length <= 0:
        raise UsageError("what we took cannot come back in no time", remedy="write 30s, or leave it out")
    return length


def split_layers(text: str) -> tuple[str, ...]:
    """Layers of a flag, with commas between them.

    >>> split_layers("ledger,permanent")
    ('ledger', 'permanent')
    """
    return tuple(one_of(list(LAYERS))(name.strip()) for name in text.split(","))


IMPACT_FIELDS = {
    "model": Field((str,), required=True, check=a_model),
    "layers": Field((str,), many=True, check=one_of(list(LAYERS))),
    "passive_weight": Field((float, int), check=a_weight),
    "refill": Field((str,), check=a_refill),
    "standard_error": Field((float, int), check=at_least(0.0)),
    "alpha_bps": Field((float, int), check=at_least(0.0)),
    "daily_volume": Field((float, int), check=above_zero),
    "daily_volatility": Field((float, int), check=above_zero),
    "own_fills": Field((bool,)),
}
"""The [impact] table of a backtest file."""


def impact_rules(found: dict[str, Any]) -> ImpactRules | None:
    """The rules of a checked [impact] table; None where it has no model."""
    if "model" not in found:
        return None
    named = {name: value for name, value in found.items() if name not in ("layers", "refill")}
    if "layers" in found:
        named["layers"] = tuple(found["layers"])
    return ImpactRules(**named, refill_ns=found.get("refill"))
