"""What impact did to each parent of a run, layer by layer, and where a parent was too large for the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tcakit.jobs.backtest_plan import Planned
from tcakit.market import codes
from tcakit.replay import layout_kernel as lk
from tcakit.replay.impact_result import ImpactCost, fill_prices, impact_costs
from tcakit.replay.recorded_market import ReplayResult

MOST_PARTICIPATION = 0.1
MOST_SPREADS = 3.0
_MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class ImpactMet:
    """A parent's impact: its cost by layer and traded notional (currency), its share of all that was printed in its
    window, and the largest shift of the book that it met in spreads and in deviations of the window's return; None
    where unknown."""

    parent_id: str
    cost: ImpactCost
    notional: float
    participation: float | None
    shift_spreads: float | None
    shift_deviations: float | None


def impact_met(result: ReplayResult, owner: int, plan: Planned, volatility_daily: float) -> ImpactMet:
    """What a participant of a replay met in its market."""
    log, instrument = result.log, result.feed.instrument
    mine = result.orders[log[:, lk.LOG_ORDER], lk.OWNER] == owner
    rows = np.flatnonzero(mine & np.isin(log[:, lk.LOG_EVENT], (codes.PARTIAL, codes.FILLED)))
    sizes = log[rows, lk.LOG_SIZE]
    price = fill_prices(result, rows) / instrument.price_scale
    notional = float(price @ sizes) / instrument.size_scale
    quoted = rows[(log[rows, lk.LOG_BID] >= 0) & (log[rows, lk.LOG_ASK] >= 0)]
    spreads = log[quoted, lk.LOG_ASK] - log[quoted, lk.LOG_BID]
    met = np.zeros((len(log), 2)) if result.log_impact is None else result.log_impact[:, :2]
    shift = float(np.abs(met[rows].sum(axis=1)).max()) if len(rows) else 0.0
    start, end = plan.parent.start_ns, plan.parent.end_ns
    printed = _printed(result, start, end)
    window = (end - start) / (plan.close_ns - plan.open_ns)
    tick = instrument.tick_size / instrument.price_scale
    deviation = volatility_daily * np.sqrt(window) * (float(price.mean()) if len(price) else np.nan)
    return ImpactMet(
        plan.parent.parent_id,
        impact_costs(result, owner),
        notional,
        float(sizes.sum()) / printed if printed else None,
        shift / float(spreads.mean()) if len(spreads) and spreads.mean() > 0 else None,
        shift * tick / deviation if deviation > 0 else None,
    )


def _printed(result: ReplayResult, start_ns: int, end_ns: int) -> int:
    """Size that the recording printed in a window, stored units."""
    feed = result.feed
    volume = np.concatenate([[0], feed.print_volume])
    first, last = np.searchsorted(feed.ns[feed.print_row], [start_ns, end_ns + 1])
    return int(volume[last] - volume[first])


def impact_lines(met: Sequence[ImpactMet]) -> list[str]:
    """Cost by layer in words, a line a parent, and what was too large; of many parents the first are told."""
    out = []
    for parent in met[:_MOST_LINES]:
        cost = parent.cost
        parts = ("transient", "permanent", "own", "rounding")
        bps = [1e4 * getattr(cost, name) / parent.notional if parent.notional else 0.0 for name in parts]
        words = (
            f"transient shift {bps[0]:+.2f} bps, permanent {bps[1]:+.2f}, own push {bps[2]:+.2f}, ticks {bps[3]:+.2f}"
        )
        withheld = f"; the ledger withheld {cost.withheld_shares:,g} displayed" if cost.withheld_shares else ""
        out.append(f"impact of {parent.parent_id}: {words} of what was traded{withheld}")
    if len(met) > _MOST_LINES:
        total, notional = sum(parent.cost.total for parent in met), sum(parent.notional for parent in met)
        out.append(f"impact of all {len(met):,} parents: {1e4 * total / notional if notional else 0.0:+.2f} bps")
    out += _too_large(met)
    return out


def _too_large(met: Sequence[ImpactMet]) -> list[str]:
    limits = (
        ("participation", MOST_PARTICIPATION, f"more than {MOST_PARTICIPATION:.0%} of all that was printed meanwhile"),
        ("shift_spreads", MOST_SPREADS, f"a shift of more than {MOST_SPREADS:g} spreads"),
        ("shift_deviations", 1.0, "a shift of more than a standard deviation of the window's return"),
    )
    out = []
    for name, most, words in limits:
        found = [parent.parent_id for parent in met if (getattr(parent, name) or 0.0) > most]
        if found:
            several = f" and {len(found) - 1:,} more" if len(found) > 1 else ""
            out.append(f"beyond what the model of impact can be trusted with: {words} ({found[0]}{several})")
    return out
