"""Join store and scores: a stored day against another, with the floor that real days give."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import DataError, UsageError
from tcakit.jobs.market import has_book, market_day
from tcakit.jobs.tape import read_tape
from tcakit.market import codes
from tcakit.market.clock import NS_PER_SECOND
from tcakit.replay.columns import quote_book
from tcakit.simulator.scores.events import LEVELS, BookRows, Events, events_of
from tcakit.simulator.scores.scorecard import WITHIN, Day, score_days
from tcakit.store import market_data
from tcakit.store.database import Store
from tcakit.store.market_data import SymbolDay, find_symbol_day, plain

_HIGH_FLOOR = 0.5
_ITSELF = "the day is compared with itself, and is nothing away: only the floor says something"
_UNEVEN = 5  # halves of which one has so many times the messages of the other are poor witnesses


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """Which day is scored, and against which real one: of the same symbol where `against` is None, and with no date
    either the day itself, for the floor alone.

    The floor is another `floor_date` of the real symbol or, where None, the real day's first half against its second.
    `levels` is how many levels of the book are looked at, or fewer where one of the days was recorded with fewer; `out`
    a page to write, if any.
    """

    symbol: str
    date: str | None = None
    against: str | None = None
    against_date: str | None = None
    venue: str | None = None
    against_venue: str | None = None
    floor_date: str | None = None
    levels: int = LEVELS
    seed: int = 0
    out: Path | None = None


def simulate_score(folder: Path, request: ScoreRequest) -> dict[str, Any]:
    """Score the day: everything `score_days` gives, which days, the levels, `told` in sentences, and `notes`.

    UsageError where a day is not stored or a day would be its own floor, DataError where one has no book and no quotes.
    """
    begun = time.perf_counter()
    if request.out is not None and request.out.suffix.lower() != ".html":
        raise UsageError(f"{request.out} is no page", place="--out", remedy="give a file that ends in .html")
    store = Store(folder)
    made = find_symbol_day(store, request.symbol, request.date, request.venue)
    against, against_date, against_venue = request.against, request.against_date, request.against_venue
    if against is None:
        against, against_date = made.instrument.symbol, against_date or made.date
        against_venue = against_venue or made.instrument.venue
    try:
        real = find_symbol_day(store, against, against_date, against_venue)
    except UsageError as error:
        error.place = {"--date": "--against-date", "symbol": "--against"}.get(error.place or "", error.place)
        raise
    other = None
    if request.floor_date is not None:
        if request.floor_date == real.date:
            raise UsageError(f"{real.date} is the real day itself", place="--floor", remedy="give another day of it")
        other = find_symbol_day(store, against, request.floor_date, against_venue)
    chosen = [day for day in (made, real, other) if day is not None]
    levels = min([request.levels, *(_depth(day) for day in chosen)])
    read = read_days(store, chosen, levels)
    floor = read[1].halves() if other is None else (read[1], read[2])
    if not all(len(day.events) for day in floor):
        raise DataError(
            f"{real.instrument.symbol} on {real.date}: half of the session has no message", remedy="give --floor"
        )
    card = score_days(read[1], read[0], floor, seed=request.seed)
    result = {
        "made": _named(made, read[0].events),
        "real": _named(real, read[1].events),
        "floor": "first half against second half of the real day" if other is None else f"{real.date} and {other.date}",
        "levels": levels,
        **card,
    }
    itself = made.data_keys == real.data_keys and made.instrument == real.instrument
    result |= {
        "told": [_ITSELF] if itself else told(result),
        "notes": _notes(chosen, read, floor if other is None else None, levels),
    }
    if request.out is not None:
        from tcakit.jobs.report import write_whole
        from tcakit.report.score_page import render_score

        write_whole(request.out, render_score(result))
        result["out"] = str(request.out)
    return result | {"seconds": round(time.perf_counter() - begun, 3)}


def told(result: dict[str, Any]) -> list[str]:
    """What the scores come to, in sentences: against the floor, and by name where they fail."""
    sentences = []
    for name, label in (("total_variation", "total variation"), ("wasserstein", "Wasserstein")):
        median = result["averages"][name].get("median")
        if median is not None and median["ratio"] is not None:
            verdict = "within" if median["ratio"] <= WITHIN else "beyond"
            poor = f", but a floor above {_HIGH_FLOOR:g} says little" if median["floor"] > _HIGH_FLOOR else ""
            sentences.append(
                f"median {label} of {result['averages'][name]['scores']} distributions is {median['value']:.3f}, "
                f"{median['ratio']:.1f} times the floor's {median['floor']:.3f}: {verdict} the aim of {WITHIN:g}{poor}"
            )
    far = [
        (row["total_variation"]["ratio"], row["label"].lower())
        for row in result["scores"]
        if row["total_variation"] is not None
        and row["total_variation"]["ratio"] is not None
        and row["total_variation"]["ratio"] > WITHIN
    ]
    known = [row for row in result["scores"] if row["total_variation"] and row["total_variation"]["ratio"] is not None]
    if known:
        sentences.append(f"{len(far)} of {len(known)} distributions are more than {WITHIN:g} floors away (variation)")
    if far:
        worst = ", ".join(f"{label} ({ratio:.1f} floors)" for ratio, label in sorted(far, reverse=True)[:5])
        sentences.append(f"farthest: {worst}")
    outside = [row["label"] for row in result["facts"] if _outside(row)]
    if outside:
        sentences.append(f"facts whose intervals do not meet: {'; '.join(outside)}")
    score = result["responses"]["score"]
    if score is not None and score["ratio"] is not None:
        sentences.append(f"response curves are {score['ratio']:.1f} times as far apart as the floor's")
    return sentences


def _outside(row: dict[str, Any]) -> bool:
    """Whether the intervals of a fact on the two days have nothing in common."""
    one, other = row["real"], row["made"]
    if any(day[end] is None for day in (one, other) for end in ("low", "high")):
        return False
    return bool(one["high"] < other["low"] or other["high"] < one["low"])


def _depth(day: SymbolDay) -> int:
    """How many levels of the book a recording shows."""
    if not has_book(day):
        return 1
    return LEVELS * LEVELS if "book-l3" in day.contents or day.depth is None else day.depth


def read_days(store: Store, days: Sequence[SymbolDay], levels: int) -> list[Day]:
    """Stored days as they are scored, with so many levels of their books; DataError where one has no book nor quotes.

    Where one of them names no orders, none does, and all are read by the coarsest of their clocks: what is compared is
    of one kind.
    """
    rows = [_book_rows(store, day) for day in days]
    named = all(bool(((own.kind == codes.ADD) & (own.order_id >= 0)).any()) for own in rows)
    clock_ns = 1 if named else max(clock_of(own.ts_ns) for own in rows)
    found = []
    for day, own in zip(days, rows, strict=True):
        prints = None
        if not named:
            market = market_day(store, day)
            seen = market.print_displayed
            prints = market.print_ns[seen] // clock_ns * clock_ns, market.print_size[seen]
            own = replace(own, ts_ns=own.ts_ns // clock_ns * clock_ns)
        events = events_of(day.instrument, day.date, own, levels=levels, prints=prints)
        found.append(Day(events, read_tape(store, day)[0]))
    return found


def clock_of(ns: NDArray[np.int64]) -> int:
    """The step of the clock that wrote these times, ns: a second, a millisecond, a microsecond, or 1.

    >>> clock_of(np.array([3_000_000, 5_000_000]))
    1000000
    """
    return next((step for step in (NS_PER_SECOND, 1_000_000, 1_000) if not (ns % step).any()), 1)


def _book_rows(store: Store, day: SymbolDay) -> BookRows:
    if has_book(day):
        raw = market_data.book_events(store, day)
    elif "quotes" in day.contents:
        raw = quote_book(market_data.quotes(store, day))
    else:
        raise DataError(
            f"{day.instrument.symbol} on {day.date} has only {', '.join(day.contents)}",
            remedy="a score needs an order book or quotes: ingest one",
        )
    return BookRows(
        ts_ns=plain(raw["ts_ns"]).astype(np.int64),
        kind=plain(raw["kind"]).astype(np.uint8),
        side=plain(raw["side"]).astype(np.int8),
        price=plain(raw["price"]).astype(np.int64),
        size=plain(raw["size"]).astype(np.int64),
        level_size=plain(raw["level_size"], -1).astype(np.int64),
        order_id=plain(raw["order_id"], -1).astype(np.int64),
    )


def _named(day: SymbolDay, events: Events) -> dict[str, Any]:
    of = day.instrument
    return {
        "symbol": of.symbol,
        "venue": of.venue,
        "date": day.date,
        "contents": list(day.contents),
        "messages": len(events),
        "trades": len(events.trade_ns),
    }


def _notes(days: list[SymbolDay], read: list[Day], halves: tuple[Day, Day] | None, levels: int) -> list[str]:
    notes = []
    if halves is not None:
        notes.append(
            "the floor is half a day against the other: hours differ, which raises it, and there is half of the data"
        )
        count = sorted(len(half.events) for half in halves)
        if count[1] > _UNEVEN * count[0]:
            notes.append(
                f"one half of the real day has {count[0]:,} messages, the other {count[1]:,}: they are not alike, and "
                "a floor so high says little; give --floor another day"
            )
    if levels < LEVELS:
        notes.append(f"{levels} level{'s' if levels > 1 else ''} of the book, as recorded, where the benchmark has 10")
    for day, scored in zip(days, read, strict=True):
        of = day.instrument
        where = f"{of.symbol} on {day.date}"
        if scored.events.left_out:
            notes.append(
                f"{where}: messages behind the best {levels} levels, left out as a window recording has none of them: "
                f"{scored.events.left_out:,}"
            )
        if of.session_open_ns is None or of.session_close_ns is None:
            notes.append(f"{where}: the hours of the session are not known, all that was recorded is taken for it")
    if not read[0].events.named:
        clock_ns = max(clock_of(day.events.ns) for day in read)
        cut = "" if clock_ns == 1 else f", cut to {clock_ns / 1e6:g} ms as the coarsest clock of them has it"
        notes.append(
            f"a recording names no orders: of all days, the instants are compared at which the best levels change{cut}"
        )
    return list(dict.fromkeys(notes))
