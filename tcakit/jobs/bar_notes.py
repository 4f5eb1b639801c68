"""What a reader must know of a run of the bar model: its sources, its assumptions, and what it left undone."""

from __future__ import annotations

import polars as pl

from tcakit.execution.volume_curve import DEFAULT_NAME
from tcakit.jobs.backtest_plan import Planned
from tcakit.jobs.bar_slices import Laid, day_key
from tcakit.jobs.data_warnings import data_warnings, first_ones
from tcakit.jobs.market import data_notes
from tcakit.replay.bars import NO_IMPACT, SQUARE_ROOT, BarModel
from tcakit.store.database import Store


def run_notes(store: Store, planned: list[Planned], model: BarModel, laid: Laid, filled: pl.DataFrame) -> list[str]:
    """The notes of a run; `filled` is what `fill_slices` gave of `laid`."""
    from_bars = sum(day.from_bars for day in laid.days.values())
    gathered = len(laid.days) - from_bars
    sources = [f"stored bars on {from_bars} days"] if from_bars else []
    sources += [f"prints and quotes gathered on {gathered} days"] if gathered else []
    traded = filled.filter(pl.col("filled") > 0)
    named = laid.intervals["price_from"][traded["row"]].value_counts().sort("price_from")
    prices = ", ".join(f"{name} ({count} slices)" for name, count in named.rows()) or "none"
    notes = [
        f"bar model, intervals of {model.interval_ns / 1e9:g} s: {' and '.join(sources)}; price of a slice: {prices}",
        "costs are formulas, not fills of a book: no queue, no depth, no latency, no passive fills; "
        "a fill stands for the whole of its slice, as if stamped that coarsely",
        _spread_note(model, laid, traded),
        _impact_note(model),
        f"at most {model.max_participation:.0%} of an interval's volume; what could not be done was sent again in the "
        "next interval",
        "parents ran independently: none saw what another took; fees are a taker's",
    ]
    left = {plan.parent.parent_id: plan.parent.quantity for plan in planned}
    undone = len(left) - _completed(filled, planned)
    if undone:
        notes.append(f"{undone} of {len(planned)} parents were not filled whole")
    short = filled.filter(pl.col("reason").is_not_null())["reason"].value_counts().sort("reason")
    if short.height:
        told = ", ".join(f"{reason} {count}" for reason, count in short.rows())
        notes.append(f"slices that could not do all that was due: {told}")
    if laid.cut:
        notes.append(
            f"{laid.cut} slices are of a part of their interval: its price is taken as it is, its volume by time"
        )
    if any(plan.curve is not None and plan.curve.name == DEFAULT_NAME for plan in planned):
        notes.append("no earlier day is stored: vwap used the default U-shaped volume curve")
    odd = []
    for key, plan in {day_key(plan): plan for plan in planned}.items():
        notes += data_notes(store, plan.day)
        if not laid.days[key].from_bars:
            odd += data_warnings(store, plan.day)
    return [*notes, *first_ones(odd)]


def _completed(filled: pl.DataFrame, planned: list[Planned]) -> int:
    quantity = pl.DataFrame({"quantity": [plan.parent.quantity for plan in planned]}).with_row_index("parent")
    done = filled.group_by("parent").agg(pl.col("filled").sum())
    whole = done.join(quantity.cast(pl.Int64), on="parent").filter(pl.col("filled") >= pl.col("quantity"))
    return whole.height


def _spread_note(model: BarModel, laid: Laid, traded: pl.DataFrame) -> str:
    paid = f"spread: {model.spread_fraction:g} x half the time-weighted quoted spread"
    given = laid.intervals["spread"][traded["row"]].null_count()
    return paid + (f" ({given} slices: {model.spread_bps:g} bps given)" if given else "")


def _impact_note(model: BarModel) -> str:
    if model.impact == NO_IMPACT:
        return "impact: none by request, so costs of large orders are understated"
    words = "of the order so far" if model.impact == SQUARE_ROOT else "of each slice by itself"
    own = "the day's own, of its recorded intervals"
    volatility = own if model.daily_volatility is None else f"{model.daily_volatility:g}"
    text = f"impact: {model.impact} law {words}, prefactor {model.prefactor:g}, daily volatility {volatility}"
    if model.impact == SQUARE_ROOT:
        text += f", daily volume {own if model.daily_volume is None else format(model.daily_volume, 'g')}"
    return text
