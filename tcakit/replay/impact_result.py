"""What our impact did in a replay: prices of fills, and its cost by layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tcakit.market import codes
from tcakit.replay import layout_kernel as lk
from tcakit.replay.recorded_market import ReplayResult


def fill_prices(result: ReplayResult, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Prices (stored units) of the fills at rows of the log.

    A fill that took pays the part of a tick by which our impact stands above or below the book's tick. What is less
    than a stored unit is carried to the owner's next such fill of that side, but no price is worse than the limit.
    """
    part, tick_size = result.log[rows], result.feed.instrument.tick_size
    price = (part[:, lk.LOG_TICK] + result.feed.base_tick) * tick_size
    if result.log_impact is None:
        return price
    charge = result.log_impact[rows, lk.MET_CHARGE] * tick_size
    carried: dict[tuple[int, int], float] = {}
    for at in np.flatnonzero(charge):
        order, size = int(part[at, lk.LOG_ORDER]), int(part[at, lk.LOG_SIZE])
        side = int(result.orders[order, lk.SIDE])
        key = int(result.orders[order, lk.OWNER]), side
        due = charge[at] * size + carried.get(key, 0.0)
        units = int(np.rint(due / size))
        if result.orders[order, lk.TYPE] != codes.MARKET:
            room = (_limit_then(result.log, order, int(rows[at])) - int(part[at, lk.LOG_TICK])) * tick_size
            units = min(units, room) if side == 0 else max(units, room)
        carried[key] = due - units * size
        price[at] += units
    return price


def _limit_then(log: NDArray[np.int64], order: int, row: int) -> int:
    """The limit (ladder index) that an order had at a row of the log: as it was accepted, or last replaced."""
    before = log[:row]
    told = np.isin(before[:, lk.LOG_EVENT], (codes.ACKNOWLEDGED, codes.REPLACED))
    return int(before[np.flatnonzero(told & (before[:, lk.LOG_ORDER] == order))[-1], lk.LOG_TICK])


@dataclass(frozen=True, slots=True)
class ImpactCost:
    """What our impact did to a participant's fills, in currency, above zero where it cost; `withheld_shares` of
    displayed size it could not have, as it was taken before.

    `transient` and `permanent` are what earlier fills had moved the market by, `own` what fills that took moved it by
    while they traded, `rounding` what whole ticks and limits left of all that.
    """

    transient: float
    permanent: float
    own: float
    rounding: float
    withheld_shares: float

    @property
    def total(self) -> float:
        """All that the participant's prices differ by from the levels of the recorded book that it traded at."""
        return self.transient + self.permanent + self.own + self.rounding


def impact_costs(result: ReplayResult, owner: int) -> ImpactCost:
    """The cost of our impact for a participant of a replay, by layer; zeros where there was none."""
    log, met = result.log, result.log_impact
    if met is None:
        return ImpactCost(0.0, 0.0, 0.0, 0.0, 0.0)
    instrument = result.feed.instrument
    of_owner = result.orders[log[:, lk.LOG_ORDER], lk.OWNER] == owner
    rows = np.flatnonzero(of_owner & np.isin(log[:, lk.LOG_EVENT], (codes.PARTIAL, codes.FILLED)))
    order = log[rows, lk.LOG_ORDER]
    paid = np.where(result.orders[order, lk.SIDE] == 0, 1.0, -1.0) * log[rows, lk.LOG_SIZE]
    paid *= instrument.tick_size / instrument.price_scale / instrument.size_scale
    transient, permanent, own = (
        float(paid @ met[rows, column]) for column in (lk.MET_TRANSIENT, lk.MET_PERMANENT, lk.MET_OWN)
    )
    moved = float(paid @ (log[rows, lk.LOG_SHIFT] + met[rows, lk.MET_CHARGE]))
    withheld = float(met[of_owner, lk.MET_WITHHELD].sum()) / instrument.size_scale
    return ImpactCost(transient, permanent, own, moved - transient - permanent - own, withheld)
