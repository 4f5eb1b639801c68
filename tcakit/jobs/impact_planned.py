"""The impact that planned parents have on their markets: a model scaled to each day, less what the firm did there."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from tcakit.jobs.backtest_plan import Planned
from tcakit.jobs.firm import load_blotter
from tcakit.jobs.impact_facts import ImpactFacts, impact_facts
from tcakit.jobs.impact_rules import ImpactRules
from tcakit.store.database import Store


def set_impact(store: Store, rules: ImpactRules | None, planned: Sequence[Planned]) -> None:
    """Write into each planned parent the impact that the rules ask for, and the notes on how it was scaled.

    A concave model is made linear at the participation that the parent's size and window come to in a day of average
    volume. UsageError or DataError where the model or its facts do not suffice.
    """
    if rules is None:
        return
    own = load_blotter(store).fills if rules.own_fills else None
    known: dict[tuple[str, str, str], ImpactFacts] = {}
    for plan in planned:
        key = (plan.day.instrument.symbol, plan.day.instrument.venue, plan.day.date)
        if key not in known:
            known[key] = impact_facts(store, plan, rules)
        facts = known[key]
        session_ns = plan.close_ns - plan.open_ns
        shares = plan.parent.quantity / plan.day.instrument.size_scale
        traded = facts.adv_shares * (plan.parent.end_ns - plan.parent.start_ns) / session_ns
        past = [] if own is None else _own_fills(own, plan)
        plan.impact = rules.of(
            adv_shares=facts.adv_shares,
            volatility_daily=facts.volatility_daily,
            price=facts.price,
            session_ns=session_ns,
            participation=min(1.0, shares / traded),
            own_fills=past,
        )
        plan.volatility_daily = facts.volatility_daily
        plan.impact_notes = (facts.note, *plan.impact.notes)
        if own is not None:
            plan.impact_notes += (f"{plan.day.date}: {len(past):,} of the firm's own fills were taken out of prices",)


def _own_fills(fills: pl.DataFrame, plan: Planned) -> list[tuple[int, float]]:
    """When the firm bought (above zero) or sold how many shares of the symbol on that day."""
    rows = fills.filter(pl.col("symbol") == plan.day.instrument.symbol, pl.col("date") == plan.day.date)
    shares = pl.col("side") * pl.col("quantity") / pl.col("size_scale")
    return list(rows.select("ts_ns", shares.alias("shares")).drop_nulls().sort("ts_ns", "shares").iter_rows())
