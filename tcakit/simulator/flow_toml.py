"""A background flow as a TOML file that a person can read and change, and back."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.registry import nearest
from tcakit.simulator.flow_parameters import (
    EVENT_NAMES,
    SIZED,
    FeedbackLaw,
    FlowModel,
    MoodLaw,
    RateTables,
)
from tcakit.simulator.flow_tables import Law, WaitPart

FORMAT = 1
_HEAD = """\
# Background flow of a simulated market. Every number here may be changed.
# Prices and distances are in ticks, sizes in the units of the store, times in seconds, shares from 0 to 1.
# An event's side is the side of the book that it changes: a taker who sells takes from the bids.
"""
_COMMENTS = {
    "instrument": "What is traded. A price in currency is ticks * tick_size / price_scale.",
    "session": "Local hours; activity: how busy equal parts of the day are, 1 on average.",
    "clock": "When anything may happen. short_share of waits are of bursts, at machine speed after the event before;\n"
    "# the long ones are scaled so that rate_bound proposals a second come of themselves (thinning: keep it at or\n"
    "# above the sum of all rates of both sides in the busiest state). Waits are log-normal; log10_sd -1: exponential.",
    "state": "Bins that rates hang on: spread in ticks from each of spread_from; share of the own best queue in both\n"
    "# best queues, in equal bins; own best queue below queue_first * queue_unit, then doubling.",
    "rates": "Events a second on one side of the book that come of themselves, the day's activity taken out.\n"
    "# by_state: a row a bin of spread, a number a bin of imbalance. by_queue: factors by the own queue's length.",
    "following": "The same for what follows in a burst: weights, only their ratios count.",
    "takers": "By bin of the own best queue: share of takers that take all of it, and of those the share that go on\n"
    "# beyond it. clears -1: they take the size that was drawn, at most all of the queue.",
    "sizes": "Sizes of new orders and of takers, with their weights.",
    "inside": "The spread in ticks that an order inside it leaves, by bin of the spread before.",
    "behind": "Ticks behind the best of new orders, and of those withdrawn.",
    "withdrawn": "Places from the end of its queue of an order withdrawn; share of cancels that only shrink an order.",
    "hidden": "Where in the spread unseen orders trade (0 their own side's best, 1 the other's); share at the middle.",
    "book": "Where the day begins, and how many orders a side holds on average by ticks behind its best (0 first).\n"
    "# new_best_order: largest single order of those that a new best level comes with; 0: it is one order.",
    "mood": "Waves that lean takers to one side, whatever the market does: strengths are standard deviations of half\n"
    "# their log odds, the first of a wave of shortest_s, each other of one twice as long; none: no mood.",
    "feedback": "Memory of signed trades: strength * phi are log odds of a taker against past trades,\n"
    "# phi = sum of sign * share^size_power * (1 + t / tau_s)^-beta, share of the best queue that a trade took.\n"
    "# strength 0: none.",
}
_INSTRUMENT = ("symbol", "venue", "timezone", "currency", "price_scale", "size_scale", "tick_size", "lot_size")
_SESSION = ("open_time", "close_time", "opens_day_before", "activity")


def flow_text(model: FlowModel) -> str:
    """The flow as TOML; `read_flow_text` of it is the same flow to six digits."""
    out = [_HEAD, f"format = {FORMAT}", f"notes = {_value(list(model.notes))}"]

    def table(name: str, entries: Mapping[str, Any], *, more: str = "") -> None:
        out.append("" if more else f"\n# {_COMMENTS[name]}")
        out.append(f"[{name}{more}]")
        out.extend(f"{key} = {_value(value)}" for key, value in entries.items())

    table("instrument", {key: getattr(model, key) for key in _INSTRUMENT})
    table("session", {key: getattr(model, key) for key in _SESSION})
    table("clock", {"short_share": model.short_share, "rate_bound": model.rate_bound})
    for kind in ("short", "long"):
        for part in getattr(model, f"{kind}_waits"):
            out.append(f"[[clock.{kind}]]")
            out.extend(f"{field.name} = {_value(getattr(part, field.name))}" for field in fields(WaitPart))
    state = ("spread_from", "imbalance_bins", "queue_unit", "queue_first", "queue_bins")
    table("state", {key: getattr(model, key) for key in state})
    for name in ("rates", "following"):
        tables = getattr(model, name)
        out.append(f"\n# {_COMMENTS[name]}")
        out.append(f"[{name}.by_state]")
        for event in EVENT_NAMES:
            rows = ",\n  ".join(_value(row.tolist()) for row in tables.by_state[event])
            out.append(f"{event} = [\n  {rows},\n]")
        table(name, {event: tables.by_queue[event].tolist() for event in EVENT_NAMES}, more=".by_queue")
    table("takers", {"clears": model.clearing[:, 0].tolist(), "beyond": model.clearing[:, 1].tolist()})
    out.append(f"\n# {_COMMENTS['sizes']}")
    for event in SIZED:
        out.append(f"[sizes.{event}]")
        out.extend(_law(model.sizes[event], "sizes", whole=True))
    out.append(f"\n# {_COMMENTS['inside']}")
    for law in model.inside:
        out.append("[[inside]]")
        out.extend(_law(law, "ticks", whole=True))
    out.append(f"\n# {_COMMENTS['behind']}")
    for kind, law in (("new", model.behind_new), ("withdrawn", model.behind_withdrawn)):
        out.append(f"[behind.{kind}]")
        out.extend(_law(law, "ticks", whole=True))
    table("withdrawn", {"part_best": model.part_best, "part_deeper": model.part_deeper})
    out.extend(_law(model.rank_withdrawn, "places", whole=True))
    table("hidden", {"middle": model.hidden_middle})
    out.extend(_law(model.hidden_place, "places", whole=False))
    table(
        "book",
        {
            "bid": model.start_bid,
            "ask": model.start_ask,
            "new_best_order": model.new_best_order,
            "orders_by_ticks_behind": model.profile.tolist(),
        },
    )
    table("feedback", {field.name: getattr(model.feedback, field.name) for field in fields(FeedbackLaw)})
    table("mood", {"shortest_s": model.mood.shortest_s, "strengths": list(model.mood.strengths)})
    return "\n".join(out) + "\n"


def _law(law: Law, name: str, *, whole: bool) -> list[str]:
    values = [round(value) for value in law.values] if whole else list(law.values)
    return [f"{name} = {_value(values)}", f"weights = {_value(list(law.weights))}"]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, float | np.floating):
        text = f"{float(value):.6g}"
        return text if any(mark in text for mark in ".en") else f"{text}.0"
    if isinstance(value, Sequence):
        return "[" + ", ".join(_value(part) for part in value) + "]"
    return str(int(value))


class _Table:
    """A table of the file: what is taken from it is checked off, what is left over is a mistake."""

    def __init__(self, values: Any, place: str) -> None:
        if not isinstance(values, dict):
            raise UsageError(f"[{place}] is no table", place=place, remedy="write it as a table")
        self.values, self.place, self.known = values, place, set[str]()

    def get(self, key: str) -> Any:
        self.known.add(key)
        if key not in self.values:
            raise UsageError(f"{key} is missing", place=self.at(key), remedy="see a file that `simulate fit` wrote")
        return self.values[key]

    def at(self, key: str) -> str:
        return f"{self.place}.{key}" if self.place else key

    def part(self, key: str) -> _Table:
        return _Table(self.get(key), self.at(key))

    def parts(self, key: str) -> list[_Table]:
        found = self.values.get(key, [])
        self.known.add(key)
        if not isinstance(found, list):
            raise UsageError(f"[[{self.at(key)}]] is no list of tables", place=self.at(key), remedy="write [[...]]")
        return [_Table(each, f"{self.at(key)}[{number}]") for number, each in enumerate(found)]

    def text(self, key: str) -> str:
        value = self.get(key)
        if not isinstance(value, str):
            raise UsageError(f"{key} is {value!r}", place=self.at(key), remedy="write a text in quotes")
        return value

    def flag(self, key: str) -> bool:
        value = self.get(key)
        if not isinstance(value, bool):
            raise UsageError(f"{key} is {value!r}", place=self.at(key), remedy="write true or false")
        return value

    def number(self, key: str) -> float:
        value = self.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UsageError(f"{key} is {value!r}", place=self.at(key), remedy="write a number")
        return float(value)

    def whole(self, key: str) -> int:
        value = self.get(key)
        if isinstance(value, bool) or not isinstance(value, int):
            raise UsageError(f"{key} is {value!r}", place=self.at(key), remedy="write a whole number")
        return value

    def numbers(self, key: str) -> NDArray[np.float64]:
        value = self.get(key)
        try:
            found = np.array(value, dtype=np.float64)
        except (TypeError, ValueError):
            raise UsageError(
                f"{key} is no list of numbers", place=self.at(key), remedy="write numbers in brackets, rows as long"
            ) from None
        if found.ndim == 0 or found.size == 0:
            raise UsageError(f"{key} is empty", place=self.at(key), remedy="write numbers in brackets")
        return found

    def law(self, name: str) -> Law:
        try:
            return Law(tuple(self.numbers(name).tolist()), tuple(self.numbers("weights").tolist()))
        except UsageError as error:
            raise UsageError(error.message, place=self.at(name), remedy=error.remedy) from None

    def finish(self) -> None:
        for key in self.values:
            if key not in self.known:
                guess = nearest(key, sorted(self.known))
                hint = f"did you mean {guess}?" if guess else "take it out"
                raise UsageError(f"{key} is not known here", place=self.at(key), remedy=hint)


def read_flow_text(text: str, place: str = "parameters", beside: Sequence[str] = ()) -> FlowModel:
    """A flow out of TOML; tables named in `beside` are somebody else's. UsageError says which entry cannot be, and what
    would do."""
    try:
        tables = tomllib.loads(text)
        whole = _Table({name: value for name, value in tables.items() if name not in beside}, "")
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"this is no TOML: {error}", place=place, remedy="mend that line") from None
    if whole.whole("format") != FORMAT:
        raise UsageError(f"format {whole.values['format']}", place="format", remedy=f"this version reads {FORMAT}")
    instrument, session, clock, state = (whole.part(key) for key in ("instrument", "session", "clock", "state"))
    takers, behind, withdrawn, hidden, book, feedback, sizes = (
        whole.part(key) for key in ("takers", "behind", "withdrawn", "hidden", "book", "feedback", "sizes")
    )
    waits = {kind: clock.parts(kind) for kind in ("short", "long")}
    inside = whole.parts("inside")
    laws = {event: sizes.part(event) for event in SIZED}
    new, gone = behind.part("new"), behind.part("withdrawn")
    rates = [whole.part(name) for name in ("rates", "following")]
    clears, beyond = takers.numbers("clears"), takers.numbers("beyond")
    if clears.shape != beyond.shape or clears.ndim != 1:
        raise UsageError("clears and beyond differ in length", place="takers", remedy="write one number a queue bin")
    law = {field.name: feedback.number(field.name) for field in fields(FeedbackLaw) if field.name != "terms"}
    model = FlowModel(
        symbol=instrument.text("symbol"),
        venue=instrument.text("venue"),
        timezone=instrument.text("timezone"),
        currency=instrument.text("currency"),
        price_scale=instrument.whole("price_scale"),
        size_scale=instrument.whole("size_scale"),
        tick_size=instrument.whole("tick_size"),
        lot_size=instrument.whole("lot_size"),
        start_bid=book.whole("bid"),
        start_ask=book.whole("ask"),
        open_time=session.text("open_time"),
        close_time=session.text("close_time"),
        opens_day_before=session.flag("opens_day_before"),
        activity=tuple(session.numbers("activity").tolist()),
        short_share=clock.number("short_share"),
        short_waits=tuple(_part(part) for part in waits["short"]),
        long_waits=tuple(_part(part) for part in waits["long"]),
        rate_bound=clock.number("rate_bound"),
        spread_from=tuple(int(edge) for edge in state.numbers("spread_from")),
        imbalance_bins=state.whole("imbalance_bins"),
        queue_unit=state.number("queue_unit"),
        queue_first=state.number("queue_first"),
        queue_bins=state.whole("queue_bins"),
        rates=_tables(rates[0]),
        following=_tables(rates[1]),
        clearing=np.stack([clears, beyond], axis=1),
        sizes={event: table.law("sizes") for event, table in laws.items()},
        inside=tuple(table.law("ticks") for table in inside),
        behind_new=new.law("ticks"),
        behind_withdrawn=gone.law("ticks"),
        rank_withdrawn=withdrawn.law("places"),
        hidden_place=hidden.law("places"),
        hidden_middle=hidden.number("middle"),
        part_best=withdrawn.number("part_best"),
        part_deeper=withdrawn.number("part_deeper"),
        profile=book.numbers("orders_by_ticks_behind"),
        new_best_order=book.whole("new_best_order") if "new_best_order" in book.values else 0,
        mood=_mood(whole),
        feedback=FeedbackLaw(**law, terms=feedback.whole("terms")),
        notes=tuple(str(note) for note in whole.get("notes")),
    )
    every = [whole, instrument, session, clock, state, takers, behind, withdrawn, hidden, book, feedback, sizes]
    for table in (*every, *waits["short"], *waits["long"], *inside, *laws.values(), new, gone, *rates):
        table.finish()
    return model


def _mood(whole: _Table) -> MoodLaw:
    if "mood" not in whole.values:
        return MoodLaw()
    table = whole.part("mood")
    strengths = table.numbers("strengths").tolist() if table.get("strengths") else []
    found = MoodLaw(table.number("shortest_s"), tuple(strengths))
    table.finish()
    return found


def _part(table: _Table) -> WaitPart:
    return WaitPart(table.number("weight"), table.number("median_s"), table.number("log10_sd"))


def _tables(table: _Table) -> RateTables:
    by_state, by_queue = table.part("by_state"), table.part("by_queue")
    found = RateTables(
        {event: by_state.numbers(event) for event in EVENT_NAMES},
        {event: by_queue.numbers(event) for event in EVENT_NAMES},
    )
    by_state.finish()
    by_queue.finish()
    return found


def read_flow(path: Path) -> FlowModel:
    """A flow out of a file. UsageError if there is none, or for what it says."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"cannot read the parameters: {error}", place=str(path), remedy="make them by `simulate fit`"
        ) from None
    return read_flow_text(text, str(path))
