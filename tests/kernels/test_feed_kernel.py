"""Columns of a day in few bytes: what is not kept is worked out again, and the replay of it is the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from replay_cases import FOREVER, engine_of, feed_of, level_two_days, run_to
from replay_witness import Message, Row

from tcakit.market import codes
from tcakit.replay import layout_kernel as lk
from tcakit.replay.columns import Feed
from tcakit.venue.latency import ConstantLatency

_PRINTS = (codes.EXECUTE, codes.PRINT, codes.PRINT_HIDDEN, codes.PRINT_CROSS)
_FAR_NS = 3_000_000_000  # more than 32 bits hold


@given(level_two_days())
@settings(deadline=None)
def test_sizes_are_those_printed_or_by_which_levels_changed(rows: list[Row]) -> None:
    shown: dict[tuple[int, float], int] = {}
    wanted = []
    for row in rows:
        level = 0 if row.kind == codes.LEAVE else row.level_size
        # Prints alone, and rows of the venue, say nothing of a level.
        moves = row.kind not in (*codes.PRINT_KINDS, codes.CLEAR, codes.HALT, codes.QUOTE_RESUME, codes.TRADE_RESUME)
        size = 0
        if row.kind == codes.CLEAR:
            shown.clear()
        if (moves or row.kind == codes.EXECUTE) and level is not None:
            size = abs(level - shown.get((row.side, row.tick), 0))
            shown[row.side, row.tick] = level
        wanted.append(row.size if row.kind in _PRINTS else size)
    assert feed_of(rows).row_sizes().tolist() == wanted


def _log(feed: Feed, entry_ns: int) -> list[list[int]]:
    """All that happens to a few orders, with the row of the market at which it did and how much of it was seen."""
    sent = [
        Message(at, number, side=side, tick=1004, quantity=9) for number, (at, side) in enumerate(((0, 1), (4, -1)))
    ]
    engine = engine_of(feed, sent, codes.RISK_AVERSE, latency=ConstantLatency(0, entry_ns, 1))
    seen = []
    for until in range(0, 40, 3):
        run_to(engine, until)
        seen.append([until, int(engine.cursor[lk.LOCAL_ROW])])
    run_to(engine, FOREVER)
    return engine.state.log[: int(engine.cursor[lk.N_LOG])].tolist() + seen


@given(level_two_days(), st.lists(st.integers(0, 9), min_size=1), st.integers(0, 5))
@settings(deadline=None)
def test_rows_are_received_alike_however_late_one_of_them_is(rows: list[Row], late: list[int], entry_ns: int) -> None:
    near = [replace(row, received_ns=row.ns + late[at % len(late)]) for at, row in enumerate(rows)]
    near.append(Row(rows[-1].ns + 1, codes.SET, codes.BUY, 1000, 5, 5, received_ns=rows[-1].ns + 2))
    far = [*near[:-1], replace(near[-1], received_ns=near[-1].ns + _FAR_NS)]
    kept, whole = feed_of(near), feed_of(far)
    assert (len(kept.late_ns), len(whole.late_ns), len(whole.received_ns)) == (len(near), 0, len(near))
    assert kept.local_ns.tolist() == [row.received_ns for row in near]
    # The last row alone is seen later.
    last = rows[-1].ns + 2
    one, other = _log(kept, entry_ns), _log(whole, entry_ns)
    assert [entry for entry in one if len(entry) > 2] == [entry for entry in other if len(entry) > 2]
    assert [entry for entry in one if len(entry) == 2 and entry[0] < last] == [
        entry for entry in other if len(entry) == 2 and entry[0] < last
    ]


def test_a_row_takes_less_than_forty_bytes() -> None:
    rows = [Row(at, codes.SET, 1 - 2 * (at % 2), 1004 + at % 2, 5, 5 + at % 3) for at in range(1_000)]
    rows[::10] = [Row(row.ns, codes.EXECUTE, row.side, row.tick, 1, row.level_size) for row in rows[::10]]
    once = feed_of(rows)
    received = feed_of([replace(row, received_ns=row.ns + 7) for row in rows])
    # The prices of orders that stood before all else: a level-3 day keeps a place for every row.
    per_row = 8 + 1 + 1 + 4 + 8 + 4 + 2 * 4
    assert (once.nbytes, received.nbytes) == (1_000 * per_row + 100 * 12, 1_000 * (per_row + 4) + 100 * 12)
    assert received.nbytes < 40 * len(rows)
    assert not once.has_receive_times
    assert np.shares_memory(once.received_ns, once.ns)
