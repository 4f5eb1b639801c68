"""What of a stored day makes a replay of it hard to believe, in sentences."""

from __future__ import annotations

from tcakit.jobs.market import has_book, replay_feed
from tcakit.jobs.quality import day_checks
from tcakit.store.database import Store
from tcakit.store.market_data import SymbolDay

# By check of `quality`: how often and how bad, and what it means for orders of ours.
_TOLD = {
    "crossed quote": "the book is crossed {times}, at worst by {worst:.3g} bps: the side published last is believed",
    "gap": "{times} nothing was recorded for over a minute, at worst {worst:,.0f} s: orders of ours waited through it",
    "stale quote": "{times} quotes stood still while trades printed, at worst {worst:,.0f} s",
    "halt": "trading was halted {times}: orders of ours rested or expired meanwhile, and took nothing",
    "halt notice": "the venue gave notice of a halt {times}: orders of ours traded on as the recorded book did",
    "clock runs backwards": "the clock runs backwards {times}, at worst by {worst:.3g} s: fills are timed no better",
    "received before it was sent": "{times} a row was received before it was sent, at worst by {worst:.3g} s",
    "outlier print": "{times} a print lies far from those around it, at worst by {worst:.1%}",
    "duplicate trade id": "{times} a trade's id occurs again",
    "begins late": "the recording begins {worst:,.0f} s after the session",
    "ends early": "the recording ends {worst:,.0f} s before the session",
}


_MOST_NOTES = 12


def first_ones(notes: list[str]) -> list[str]:
    """No more notes on days than a reader may read; the last says how many there are beside."""
    if len(notes) <= _MOST_NOTES:
        return notes
    return [*notes[:_MOST_NOTES], f"{len(notes) - _MOST_NOTES:,} more such notes: see `tcakit quality`"]


def data_warnings(store: Store, day: SymbolDay) -> list[str]:
    """Sentences on what was odd in the recording of a symbol's day; empty where nothing was."""
    where = f"{day.instrument.symbol} {day.date}"
    found = []
    for check in day_checks(store, day):
        if check["count"] and (told := _TOLD.get(check["check"])):
            times = "once" if check["count"] == 1 else f"{check['count']:,} times"
            found.append(f"{where}: {told.format(times=times, worst=check['worst'])}")
    if has_book(day) and (beyond := replay_feed(store, day).rows_beyond):
        found.append(
            f"{where}: {beyond:,} rows at prices too far from the market for the ladder of the replay are left out"
        )
    return found
