"""What our own fills do to a replayed market: the layers that are added to its displayed book."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from tcakit.errors import UsageError
from tcakit.impact.concave_book import AlfonsiFruthSchied
from tcakit.impact.contract import ImpactModel
from tcakit.impact.decay import fit_exponentials
from tcakit.impact.linear import Linear
from tcakit.impact.transient import ObizhaevaWang, Propagator

LEDGER, TRANSIENT, PERMANENT = "ledger", "transient", "permanent"
LAYERS = (LEDGER, TRANSIENT, PERMANENT)
MODELS_OF_TRADES = (ObizhaevaWang.name, Propagator.name, AlfonsiFruthSchied.name, Linear.name)
"""The models that a replay can have: they say how what each trade does fades."""
NOT_IDENTIFIED = (
    "not in any layer: how others react, what they cancel, who jumps the queue, hidden liquidity, and news that would "
    "have come anyway"
)
_LEAST_LAG_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class ReplayImpact:
    """Impact of our fills on a replayed market: a jump a share (`weights`, currency; one for each exponential) that
    fades (`rates`, per ns), and one that stays (`permanent`, currency).

    Fills that took nothing count by `passive_weight`: at a half, the default, nobody gains by buying passively and
    selling at once. With `refill_half_life_ns` what we took of the displayed size comes back in that time.
    `keeps_taken` false lets it be there again at once. `own_fills` are the firm's fills that the recording holds (ns
    since 1970, shares, below zero for sells): what they did to it is taken out. `notes` say how it was made. UsageError
    for what cannot be.

    >>> ReplayImpact(weights=(1e-4,), rates=(math.log(2) / 60e9,), permanent=1e-5).jump
    0.00011
    """

    weights: tuple[float, ...] = ()
    rates: tuple[float, ...] = ()
    permanent: float = 0.0
    passive_weight: float = 0.5
    refill_half_life_ns: int | None = None
    keeps_taken: bool = True
    own_fills: tuple[tuple[int, float], ...] = ()
    notes: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if len(self.weights) != len(self.rates):
            raise UsageError(f"{len(self.weights)} weights and {len(self.rates)} rates", remedy="give as many of each")
        for name, values in (("weight", self.weights), ("rate", self.rates), ("permanent", (self.permanent,))):
            for value in values:
                if not (math.isfinite(value) and value >= 0.0):
                    raise UsageError(f"{name} {value:g}", place="impact", remedy="give a number of zero or more")
        if not 0.0 <= self.passive_weight <= 1.0:
            raise UsageError(
                f"a passive weight of {self.passive_weight:g}", place="impact", remedy="give a number from 0 to 1"
            )
        if self.refill_half_life_ns is not None and (self.refill_half_life_ns <= 0 or not self.keeps_taken):
            raise UsageError(
                "what we took has no such half-life",
                place="refill_half_life_ns",
                remedy="give a time above zero, and keep the ledger",
            )

    @property
    def jump(self) -> float:
        """By how much a share that takes moves the price at once, in currency."""
        return sum(self.weights) + self.permanent

    def times(self, factor: float) -> ReplayImpact:
        """The same with every jump multiplied; the ledger stays what it is.

        >>> ReplayImpact(permanent=2e-4).times(0.5).permanent
        0.0001
        """
        return replace(
            self, weights=tuple(factor * weight for weight in self.weights), permanent=factor * self.permanent
        )

    def with_layers(self, layers: Iterable[str]) -> ReplayImpact:
        """The same with no layers but these (`LAYERS`); UsageError for one that there is not.

        >>> ReplayImpact((1e-4,), (1e-9,), permanent=2e-4).with_layers(["ledger", "permanent"]).weights
        ()
        """
        chosen = set(layers)
        if unknown := sorted(chosen - set(LAYERS)):
            raise UsageError(f"no layer {unknown[0]!r}", place="impact layers", remedy=f"known are {', '.join(LAYERS)}")
        out = self
        if LEDGER not in chosen:
            out = replace(out, keeps_taken=False, refill_half_life_ns=None)
        if TRANSIENT not in chosen:
            out = replace(out, weights=(), rates=())
        return out if PERMANENT in chosen else replace(out, permanent=0.0)

    @classmethod
    def of_model(
        cls,
        model: ImpactModel,
        *,
        adv_shares: float,
        volatility_daily: float,
        price: float,
        session_ns: int,
        participation: float | None = None,
        duration: float | None = None,
    ) -> ReplayImpact:
        """A model of `tcakit.impact` as what each share does, by the facts of a symbol: average daily volume (shares),
        daily volatility (a fraction) and price (currency).

        A day of the model's volume clock is the session. A propagator becomes a sum of exponentials between a second
        and a day; a concave one is made linear at the `participation` that is expected, and a concave book at the flow
        that this leaves in it after a `duration` (part of the session; None for as long as it takes to settle).
        UsageError for a model that says nothing of how impact fades, and for facts that cannot be.

        >>> model = ObizhaevaWang(transient=2.0, half_life=0.1, permanent=0.5)
        >>> made = ReplayImpact.of_model(
        ...     model, adv_shares=1e6, volatility_daily=0.02, price=50.0, session_ns=23_400 * 10**9
        ... )
        >>> [f"{value:.6g}" for value in (made.weights[0], made.permanent, math.log(2) / made.rates[0] / 1e9)]
        ['2e-06', '5e-07', '2340']
        """
        facts = {"average daily volume": adv_shares, "daily volatility": volatility_daily, "price": price}
        for name, value in {**facts, "session": session_ns}.items():
            if not (math.isfinite(value) and value > 0.0):
                raise UsageError(f"{name} is {value:g}", place="impact", remedy="give a number above zero")
        a_share = volatility_daily * price / adv_shares
        clock = f"a day of the model's volume clock is the session of {session_ns / 3.6e12:.3g} hours"
        if isinstance(model, Linear):
            return cls(permanent=model.coefficient * a_share, notes=("linear impact stays for good",))
        if isinstance(model, ObizhaevaWang):
            rate = math.log(2.0) / (model.half_life * session_ns)
            return cls((model.transient * a_share,), (rate,), model.permanent * a_share, notes=(clock,))
        if isinstance(model, Propagator):
            return _propagator(model, a_share, session_ns, participation, clock)
        if isinstance(model, AlfonsiFruthSchied):
            return _concave_book(model, a_share, session_ns, participation, duration, clock)
        raise UsageError(
            f"{model.name} is a law of whole orders: it says nothing of how impact fades",
            place="impact",
            remedy=f"use {', '.join(MODELS_OF_TRADES)}, or a fit of one of them",
        )


def _propagator(
    model: Propagator, a_share: float, session_ns: int, participation: float | None, clock: str
) -> ReplayImpact:
    least = _LEAST_LAG_NS / session_ns
    decay, worst = fit_exponentials(model.decay, least, 1.0)
    notes = [clock, f"decay as {len(decay.rates)} exponentials, within {worst:.1%} from a second to a day"]
    scale = model.prefactor * a_share
    if model.concavity < 1.0:
        participation = _expected(participation, "a concave propagator")
        scale *= participation ** (model.concavity - 1.0)
        notes.append(
            f"concavity {model.concavity:g} made linear at a participation of {participation:.2%}: too little below "
            "it, too much above"
        )
    rates = tuple(rate / session_ns for rate in decay.rates)
    return ReplayImpact(tuple(scale * weight for weight in decay.weights), rates, notes=tuple(notes))


def _concave_book(
    model: AlfonsiFruthSchied,
    a_share: float,
    session_ns: int,
    participation: float | None,
    duration: float | None,
    clock: str,
) -> ReplayImpact:
    """The move c σ J^δ as c σ J₀^(δ-1) a unit of J, the flow that has not faded: exact where J is J₀.

    At a constant participation v, J is v (1 - e^(-ρT)) / ρ after a time T, and v / ρ in the end.
    """
    scale, notes = model.prefactor * a_share, [clock]
    if model.concavity < 1.0:
        participation = _expected(participation, "a concave book")
        reached = float(model.decay.integral(duration)) if duration is not None else 1.0 / model.decay.rate
        scale *= (participation * reached) ** (model.concavity - 1.0)
        left = "in the end" if duration is None else f"after {duration:.3g} of the session"
        notes.append(
            f"concavity {model.concavity:g} made linear at what a participation of {participation:.2%} leaves in the "
            f"book {left}, {participation * reached:.3%} of a day's volume: too little below it, too much above"
        )
    return ReplayImpact((scale,), (model.decay.rate / session_ns,), notes=tuple(notes))


def _expected(participation: float | None, what: str) -> float:
    if participation is None or not 0.0 < participation <= 1.0:
        raise UsageError(
            f"{what} has no impact a share",
            place="impact",
            remedy="give the participation that is expected, above 0 and at most 1, or concavity=1",
        )
    return participation
