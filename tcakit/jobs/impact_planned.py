"""The impact that planned parents have on their markets: a model scaled to each day, less what the firm did there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from tcakit.impact.facts import OrderFacts
from tcakit.jobs.backtest_plan import Planned
from tcakit.jobs.firm import load_blotter
from tcakit.jobs.impact_facts import ImpactFacts, impact_facts
from tcakit.jobs.impact_model import AskedModel, asked_model
from tcakit.jobs.impact_rules import ImpactRules
from tcakit.jobs.symbol_facts import FactsOfSymbols
from tcakit.store.database import Store


def set_impact(store: Store, rules: ImpactRules | None, planned: Sequence[Planned], together: bool = False) -> None:
    """Write into each planned parent the impact that the rules ask for, and the notes on how it was scaled.

    A concave model is made linear at the participation that the parent's size and window come to in a day of average
    volume; where parents run `together`, at that of all parents of their market. UsageError or DataError where the
    model or its facts do not suffice.
    """
    if rules is None:
        return
    own = load_blotter(store).fills if rules.own_fills else None
    lookup = FactsOfSymbols(store)
    known: dict[tuple[str, str, str], tuple[AskedModel, ImpactFacts]] = {}
    for plan in planned:
        key = _market_of(plan)
        if key not in known:
            asked = asked_model(store, rules.model, plan.day.instrument.symbol, plan.day.date)
            known[key] = asked, impact_facts(store, lookup, plan, rules)
        asked, facts = known[key]
        sharing = [other for other in planned if _market_of(other) == key] if together else [plan]
        flow = expected_flow(sharing, facts.adv_shares)
        past = [] if own is None else _own_fills(own, plan)
        plan.impact = rules.of(
            asked.model,
            adv_shares=facts.adv_shares,
            volatility_daily=facts.volatility_daily,
            price=facts.price,
            session_ns=plan.close_ns - plan.open_ns,
            participation=flow.participation,
            duration=flow.duration,
            own_fills=past,
        )
        plan.volatility_daily = facts.volatility_daily
        plan.impact_error = asked.relative_error(
            OrderFacts.of(
                quantity_adv=flow.participation * flow.duration,
                duration=flow.duration,
                volatility_daily=facts.volatility_daily,
            )
        )
        plan.impact_notes = (*asked.notes, *facts.notes, *plan.impact.notes)
        if len(sharing) > 1:
            plan.impact_notes += (
                f"{plan.day.instrument.symbol} {plan.day.date}: its {len(sharing):,} parents share one impact, for a "
                f"joint participation of {flow.participation:.2%}",
            )
        if own is not None:
            plan.impact_notes += (f"{plan.day.date}: {len(past):,} of the firm's own fills were taken out of prices",)


@dataclass(frozen=True, slots=True)
class ExpectedFlow:
    """The share of volume that parents are expected to be, and for which part of the session."""

    participation: float
    duration: float


def expected_flow(sharing: Sequence[Planned], adv_shares: float) -> ExpectedFlow:
    """What the parents of a market come to in a day of average volume, evenly traded while any of them does.

    Where some buy and others sell, that of the side which is more of the volume.
    """
    found = []
    for side in sorted({plan.parent.side for plan in sharing}):
        one_sided = [plan for plan in sharing if plan.parent.side == side]
        instrument, session_ns = one_sided[0].day.instrument, one_sided[0].close_ns - one_sided[0].open_ns
        shares = sum(plan.parent.quantity for plan in one_sided) / instrument.size_scale
        duration = _covered_ns([(plan.parent.start_ns, plan.parent.end_ns) for plan in one_sided]) / session_ns
        found.append(ExpectedFlow(min(1.0, shares / (adv_shares * duration)), duration))
    return max(found, key=lambda flow: flow.participation)


def _covered_ns(windows: Sequence[tuple[int, int]]) -> int:
    """How long at least one of some windows lasts."""
    covered, until = 0, 0
    for start, end in sorted(windows):
        covered += max(0, end - max(start, until))
        until = max(until, end)
    return covered


def _market_of(plan: Planned) -> tuple[str, str, str]:
    return plan.day.instrument.symbol, plan.day.instrument.venue, plan.day.date


def _own_fills(fills: pl.DataFrame, plan: Planned) -> list[tuple[int, float]]:
    """When the firm bought (above zero) or sold how many shares of the symbol on that day."""
    rows = fills.filter(pl.col("symbol") == plan.day.instrument.symbol, pl.col("date") == plan.day.date)
    shares = pl.col("side") * pl.col("quantity") / pl.col("size_scale")
    return list(rows.select("ts_ns", shares.alias("shares")).drop_nulls().sort("ts_ns", "shares").iter_rows())
