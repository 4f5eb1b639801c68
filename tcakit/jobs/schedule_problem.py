"""An order and what is known of its day as a scheduling problem: slices, expected volume, risk and cost of each."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.execution.rate_law import RateLaw, rate_law
from tcakit.execution.scheduling_problem import SchedulingProblem
from tcakit.execution.time_slices import TimeSlices, time_slices
from tcakit.impact.facts import OrderFacts
from tcakit.impact.fitted import FittedModel
from tcakit.impact.pre_trade import half_spreads_paid
from tcakit.jobs.order_setting import OrderSettings, Setting, SettingRequest, require_volume
from tcakit.market.clock import parse_time
from tcakit.store.database import Store

DEFAULT_SLICES = 13
_LARGE_RATE = 0.3


@dataclass(frozen=True, slots=True)
class Auction:
    """The auction at the `open` or `close`: its share of a day's volume, and our most of it (None: as elsewhere)."""

    name: str
    share: float
    participation: float | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """An order of `quantity` shares to be scheduled between two clock times of a day; None: the session's, or all."""

    side: str
    quantity: float
    setting: SettingRequest = field(default_factory=SettingRequest)
    start: str | None = None
    end: str | None = None
    slices: int | None = None
    interval_ns: int | None = None
    participation: float | None = None
    lot: float | None = None
    no_trade: tuple[tuple[str, str], ...] = ()
    auctions: tuple[Auction, ...] = ()


@dataclass(frozen=True, slots=True)
class Day:
    """An order set on its day: `volume` (shares) and `variance_share` (of a day's variance) of each slice, float64."""

    order: Order
    setting: Setting
    slices: TimeSlices
    volume: NDArray[np.float64]
    variance_share: NDArray[np.float64]
    notes: tuple[str, ...]

    @property
    def start_ns(self) -> int:
        return int(self.slices.start_ns[0])

    @property
    def end_ns(self) -> int:
        return int(self.slices.end_ns[-1])

    def facts(self) -> OrderFacts:
        """The order as impact models are told of it, its duration the volume expected meanwhile."""
        known = self.setting.facts
        return OrderFacts.of(
            quantity_adv=self.order.quantity / known.adv_shares,
            duration=max(float(self.volume.sum()), self.order.quantity) / known.adv_shares,
            volatility_daily=known.volatility_daily,
            half_spread_bps=known.half_spread_bps,
            shares_outstanding_adv=known.shares_outstanding / known.adv_shares,
            price=known.price,
        )


def day_of(store: Store | None, order: Order) -> Day:
    """The order's slices with their expected volume and variance, from what was known before the day."""
    if not (math.isfinite(order.quantity) and order.quantity > 0.0):
        raise UsageError(f"{order.quantity:g} shares", place="--quantity", remedy="write a number above 0")
    settings = OrderSettings(store)
    setting = settings.of(order.setting)
    adv = setting.facts.adv_shares
    require_volume(setting, "so no volume is expected in any slice")
    slices = _slices(order, setting)
    shares = {auction.name: auction.share for auction in order.auctions}
    at_auctions = np.array([shares.get("open", 0.0), shares.get("close", 0.0)])
    curve = setting.curve
    volume = adv * (1.0 - at_auctions.sum()) * (curve.fractions(slices.end_ns) - curve.fractions(slices.start_ns))
    ends = np.flatnonzero(slices.auction)
    for at in ends:
        volume[at] = adv * (at_auctions[0] if at == 0 and "open" in shares else at_auctions[1])
    variance, said = _variance_share(settings, order, setting, slices)
    notes = [f"expected volume: {curve.name}, times average daily volume", said]
    if order.auctions:
        told = ", ".join(f"{auction.share:.1%} at the {auction.name}" for auction in order.auctions)
        notes.append(f"of a day's volume {told} is taken to trade in auctions, the rest along the curve")
    return Day(order, setting, slices, volume, variance, (*setting.notes, *notes))


def _slices(order: Order, setting: Setting) -> TimeSlices:
    def moment(text: str, place: str) -> int:
        return parse_time(text, date=setting.date, timezone=setting.timezone, place=place)

    start = setting.open_ns if order.start is None else moment(order.start, "--start")
    end = setting.close_ns if order.end is None else moment(order.end, "--end")
    if start < setting.open_ns or end > setting.close_ns:
        raise UsageError("the window reaches beyond the session", place="--start, --end", remedy="check the times")
    names = [auction.name for auction in order.auctions]
    for name, reached in (("open", start == setting.open_ns), ("close", end == setting.close_ns)):
        if name in names and not reached:
            raise UsageError(
                f"an auction at the {name}, which the window does not reach",
                place="--auction",
                remedy=f"leave it out, or let the window reach the {name}",
            )
    pauses = [(moment(begin, "--no-trade"), moment(finish, "--no-trade")) for begin, finish in order.no_trade]
    count = order.slices if order.slices is not None or order.interval_ns is not None else DEFAULT_SLICES
    return time_slices(
        start,
        end,
        count=count,
        interval_ns=order.interval_ns,
        pauses=pauses,
        opening="open" in names,
        closing="close" in names,
    )


def _variance_share(
    settings: OrderSettings, order: Order, setting: Setting, slices: TimeSlices
) -> tuple[NDArray[np.float64], str]:
    """The share of a day's variance in each slice, none in an auction, and where it is from."""
    curve = settings.variance_curve(order.setting, setting)
    if curve is None:
        even = slices.length_ns / (setting.close_ns - setting.open_ns)
        return even, "risk is taken to be even over the session: fewer than five earlier days tell otherwise"
    return curve.fractions(slices.end_ns) - curve.fractions(slices.start_ns), f"risk over the day: {curve.name}"


@dataclass(frozen=True, slots=True)
class Costed:
    """A problem with the law of its costs; without volatility there is none, and only shapes are meant."""

    problem: SchedulingProblem
    law: RateLaw | None
    notes: tuple[str, ...]


def problem_of(day: Day, fitted: FittedModel, name: str) -> Costed:
    """The scheduling problem of an order's day under a model, which is called `name` where something is said of it.

    Half the spread is paid in every slice but an auction. Where volatility is unknown so is every cost: the problem
    then tells shapes that do not depend on cost.
    """
    order, known = day.order, day.setting.facts
    facts = day.facts()
    notes: list[str] = []
    half_spread = half_spreads_paid(fitted) * known.half_spread_bps
    if math.isnan(half_spread):
        notes.append("half the spread is unknown and in no cost: give --half-spread")
    law = None
    model = fitted.point()
    if math.isnan(known.volatility_daily):
        notes.append("without daily volatility no cost and no risk can be told: give --volatility")
    else:
        law = rate_law(model, facts)
        if math.isnan(law.fixed_bps):
            notes.append(f"the permanent impact of {name} is in no cost: it needs --shares-outstanding")
    caps = np.full(len(day.slices), math.inf if order.participation is None else order.participation)
    for auction in order.auctions:
        if auction.participation is not None:
            caps[0 if auction.name == "open" else -1] = auction.participation
    lot = _lot(order, day.setting)
    problem = SchedulingProblem.of(
        order.quantity,
        volume=day.volume,
        volatility_bps=0.0 if law is None else 1e4 * known.volatility_daily * np.sqrt(day.variance_share),
        rate_cost_bps=1.0 if law is None else law.cost_bps,
        rate_exponent=1.0 if law is None else law.exponent,
        extra_cost_bps=np.where(day.slices.auction | math.isnan(half_spread), 0.0, half_spread),
        participation=caps,
        allowed=day.slices.allowed,
        lot=lot,
        fixed_cost_bps=0.0 if law is None or math.isnan(law.fixed_bps) else law.fixed_bps,
    )
    return Costed(problem, law, tuple(notes))


def _lot(order: Order, setting: Setting) -> int:
    lot = setting.lot_shares if order.lot is None else order.lot
    if not (math.isfinite(lot) and lot > 0.0):
        raise UsageError(f"a lot of {lot:g}", place="--lot", remedy="write a number above 0")
    # Lots below a share, of coins, are no whole number: such orders are planned to the share.
    return max(1, round(lot))


def rate_notes(trades: NDArray[np.float64], volume: NDArray[np.float64]) -> list[str]:
    """What must be said of slices in which we would be much of the market."""
    rate = np.divide(trades, volume, out=np.zeros(trades.size), where=volume > 0.0)
    if rate.max(initial=0.0) <= _LARGE_RATE:
        return []
    return [
        f"in {int((rate > _LARGE_RATE).sum())} of {trades.size} slices we would be more than {_LARGE_RATE:.0%} of "
        f"expected volume, at most {rate.max():.0%}: no law of the rate was fitted there; set --participation"
    ]
