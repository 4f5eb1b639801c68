"""A stored day as the calibration reads it: book events on a ladder, with the day's own clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import DataError
from tcakit.market import codes
from tcakit.market.clock import NS_PER_SECOND
from tcakit.market.instrument import Instrument
from tcakit.simulator.flow_parameters import mean_activity

FEWEST_EVENTS = 2_000
_LADDER = 1 << 16
_BINS = 26
_EVENTS_A_BIN = 200
_HAPPENS = (codes.ADD, codes.REDUCE, codes.DELETE, codes.EXECUTE, codes.PRINT_HIDDEN, codes.SET, codes.PRINT)
WHOLE_BOOK = 1 << 30


@dataclass(frozen=True, slots=True)
class CalibrationDay:
    """Columns of a row an event: `ts_ns`, `kind`, `side`, `level` (tick - `base_tick`, -1 off the ladder), `size`,
    `level_size` (-1 unknown), `slot` (a dense number of the order, -1 none); `depth` levels were recorded; `activity`
    is the shape of the day (mean one) and `seconds` the time of each row with that shape taken out; prints
    may come that long before the book shows them.
    """

    instrument: Instrument
    date: str
    depth: int
    open_ns: int
    close_ns: int
    base_tick: int
    ladder_levels: int
    ts_ns: NDArray[np.int64]
    kind: NDArray[np.uint8]
    side: NDArray[np.int8]
    level: NDArray[np.int64]
    size: NDArray[np.int64]
    level_size: NDArray[np.int64]
    slot: NDArray[np.int64]
    activity: NDArray[np.float64]
    seconds: NDArray[np.float64]
    print_ns_apart: int = 0


def _plain(column: Any, missing: int) -> NDArray[np.int64]:
    if isinstance(column, np.ma.MaskedArray):
        return np.asarray(column.filled(missing), np.int64)
    return np.asarray(column, np.int64)


def recorded_day(
    instrument: Instrument, date: str, depth: int | None, book: Mapping[str, Any], *, print_ns_apart: int = 0
) -> CalibrationDay:
    """Prepare the book events of a stored day (`depth` levels, None for the whole book).

    The session is the instrument's where it is known, else from the first event to the last. DataError if there is too
    little to count.
    """
    ts_ns = _plain(book["ts_ns"], 0)
    kind = np.asarray(book["kind"], np.uint8)
    happens = np.isin(kind, _HAPPENS)
    if not happens.any():
        raise _too_little(instrument, date, 0)
    first, last = int(ts_ns[happens][0]), int(ts_ns[happens][-1])
    open_ns, close_ns = instrument.session_open_ns, instrument.session_close_ns
    if open_ns is None or close_ns is None:
        open_ns, close_ns = first, last + 1
    inside = (ts_ns < close_ns) & ((ts_ns >= open_ns) | ~happens)
    seen = int((happens & inside).sum())
    if seen < FEWEST_EVENTS:
        raise _too_little(instrument, date, seen)
    price = _plain(book["price"], 0)
    tick = price // instrument.tick_size
    touched = inside & (price > 0)
    middle = int(np.median(tick[happens & touched]))
    base = max(0, max(int(tick[touched].min()), middle - _LADDER // 2))
    levels = min(_LADDER, int(tick[touched].max()) - base + 2)
    level = np.where((tick >= base) & (tick < base + levels) & (price > 0), tick - base, -1)
    # The opening snapshot belongs to the session's first instant.
    ts_ns = np.maximum(ts_ns[inside], open_ns)
    order_id = _plain(book["order_id"], -1)[inside]
    _, slot = np.unique(order_id, return_inverse=True)
    activity = day_shape(ts_ns[happens[inside]], open_ns, close_ns)
    return CalibrationDay(
        instrument=instrument,
        date=date,
        depth=depth or WHOLE_BOOK,
        open_ns=open_ns,
        close_ns=close_ns,
        base_tick=base,
        ladder_levels=levels,
        ts_ns=ts_ns,
        kind=kind[inside],
        side=np.asarray(book["side"], np.int8)[inside],
        level=level[inside],
        size=_plain(book["size"], 0)[inside],
        level_size=_plain(book["level_size"], -1)[inside],
        slot=np.where(order_id >= 0, slot, -1).astype(np.int64),
        activity=activity,
        seconds=operational_seconds(ts_ns, open_ns, close_ns, activity),
        print_ns_apart=print_ns_apart,
    )


def quotes_and_prints(quotes: Mapping[str, Any], trades: Mapping[str, Any]) -> dict[str, Any]:
    """Book events of the best levels, made of quotes, and the prints among them.

    Of a quote that moves, the side that gives way comes first: its new level comes into sight, its old one is empty,
    and then the other side improves. A print at the offer or above took from the offers, one at the bid or below from
    the bids, one in between from an order that nobody saw. Locked and crossed quotes are left out.
    """
    columns = {name: _plain(quotes[name], -1) for name in ("ts_ns", "bid", "bid_size", "ask", "ask_size")}
    kept = (
        (columns["bid"] > 0) & (columns["ask"] > columns["bid"]) & (columns["bid_size"] > 0) & (columns["ask_size"] > 0)
    )
    ts_ns, bid, bid_size, ask, ask_size = (column[kept] for column in columns.values())
    rises = np.concatenate([[False], (bid[1:] > bid[:-1]) | (ask[1:] > ask[:-1])])[: len(bid)]
    parts: list[tuple[Any, ...]] = []
    for side, price, size, first in ((codes.BUY, bid, bid_size, ~rises), (codes.SELL, ask, ask_size, rises)):
        before, size_before = (np.concatenate([[-1], column[:-1]]) for column in (price, size))
        begin = 4 * np.arange(len(price)) + np.where(first, 0, 2)
        came = np.flatnonzero((price != before) | (size != size_before))
        gone = np.flatnonzero((price != before) & (before > 0))
        fell = (price[gone] - before[gone]) * side < 0
        parts.append((begin[came], came, codes.SET, side, price[came], size[came]))
        parts.append(
            (begin[gone] + 1, gone, np.where(fell, codes.SET, codes.LEAVE), side, before[gone], np.where(fell, 0, -1))
        )
    keys = np.argsort(np.concatenate([part[0] for part in parts]), kind="stable")
    at = np.concatenate([part[1] for part in parts])[keys]
    of_quotes = {
        "ts_ns": ts_ns[at],
        "kind": np.concatenate([np.broadcast_to(part[2], len(part[1])) for part in parts])[keys],
        "side": np.concatenate([np.full(len(part[1]), part[3]) for part in parts])[keys],
        "price": np.concatenate([part[4] for part in parts])[keys],
        "size": np.zeros(len(at), np.int64),
        "level_size": np.concatenate([np.broadcast_to(part[5], len(part[1])) for part in parts])[keys],
        "order_id": np.full(len(at), -1),
    }
    traded_ns, traded = _plain(trades["ts_ns"], 0), _plain(trades["price"], 0)
    place = np.searchsorted(ts_ns, traded_ns, side="left") - 1
    known = (place >= 0) & (traded > 0)
    traded_ns, traded, place = traded_ns[known], traded[known], place[known]
    taken = np.where(traded >= ask[place], codes.SELL, np.where(traded <= bid[place], codes.BUY, 0))
    unseen = np.where(2 * traded > bid[place] + ask[place], codes.SELL, codes.BUY)
    of_trades = {
        "ts_ns": traded_ns,
        "kind": np.where(taken != 0, codes.PRINT, codes.PRINT_HIDDEN),
        "side": np.where(taken != 0, taken, unseen),
        "price": traded,
        "size": _plain(trades["size"], 0)[known],
        "level_size": np.full(len(traded), -1),
        "order_id": np.full(len(traded), -1),
    }
    # A print comes before the quotes of its instant: they show what it left.
    when = np.concatenate([of_quotes["ts_ns"], traded_ns])
    order = np.lexsort((np.arange(len(when)), np.repeat([1, 0], [len(at), len(traded)]), when))
    return {name: np.concatenate([of_quotes[name], of_trades[name]])[order] for name in of_quotes}


def _too_little(instrument: Instrument, date: str, events: int) -> DataError:
    return DataError(
        f"{events:,} book events in the session are too few to fit a flow to",
        place=f"{instrument.symbol} {date}",
        remedy=f"give a day with {FEWEST_EVENTS:,} or more events of an order book",
    )


def day_shape(ts_ns: NDArray[np.int64], open_ns: int, close_ns: int) -> NDArray[np.float64]:
    """How busy the day is in equal bins, mean one; bins are few enough to hold 200 events each on average."""
    bins = int(np.clip(len(ts_ns) // _EVENTS_A_BIN, 1, _BINS))
    place = np.minimum((ts_ns - open_ns) * bins // max(1, close_ns - open_ns), bins - 1)
    shape = np.bincount(np.maximum(place, 0), minlength=bins).astype(np.float64)
    # A bin without events (a halt) would stretch waits for ever.
    shape = np.maximum(shape, 0.02 * shape.mean())
    return np.asarray(shape / mean_activity(shape))


def operational_seconds(
    ts_ns: NDArray[np.int64], open_ns: int, close_ns: int, activity: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Seconds since the open with the day's shape taken out: busy minutes are long ones."""
    steps = 4_000
    edge = np.linspace(0.0, 1.0, steps + 1)
    bins = len(activity)
    middle = (np.arange(bins) + 0.5) / bins
    busy = np.interp(0.5 * (edge[:-1] + edge[1:]), middle, activity)
    length = (close_ns - open_ns) / NS_PER_SECOND
    passed = np.concatenate([[0.0], np.cumsum(busy) * length / steps])
    return np.interp((ts_ns - open_ns) / float(close_ns - open_ns), edge, passed)
