"""The arrays that a replay runs on, under the names by which its kernel knows them."""

from __future__ import annotations

from typing import Any, NamedTuple


class Market(NamedTuple):
    """Columns of a feed, one entry a row: `tick2` is twice the ladder index, odd between two ticks."""

    ns: Any  # int64
    late_ns: Any  # int32, how long after `ns` each row was received; none where `received_ns` has it
    received_ns: Any  # int64, none where `late_ns` has it
    action: Any  # uint8, bits of ladder_kernel
    side: Any  # int8
    tick2: Any  # int32
    level: Any  # int64
    queued_row: Any  # int32
    best_bid: Any  # int32, ladder index of the best displayed bid after the row, -1 if none
    best_ask: Any  # int32, that of the offers, the number of ticks if none
    print_row: Any  # int32, the rows that print
    print_volume: Any  # int64, size printed up to and with each of them


class State(NamedTuple):
    """All that a replay knows, in arrays that `advance` changes in place."""

    sizes: Any  # int64 (2, ticks), displayed at the venue
    taken: Any  # int64 (2, ticks), of it by us
    best: Any  # int64 (2), best displayed ticks before the row or message at hand
    mine: Any  # int32 (2, ticks), how many orders of ours rest there
    local_sizes: Any  # int64 (2, ticks), as the strategy sees it, up to cursor[SEEN_ROW]
    local_taken: Any  # int64 (2, ticks), of what the strategy sees, what it knows it took
    cursor: Any
    settings: Any
    parameters: Any  # float64
    orders: Any
    bus: Any
    live: Any
    queue: Any
    log: Any
    log_ahead: Any
    response_at: Any  # int64, times at the venue, growing
    response_ns: Any  # int64, how long answers took
    watched: Any
    told: Any
    impact: Any  # float64 (IMPACT_SIZE)
    terms: Any  # float64 (terms, TERM_FIELDS)
    own_past: Any
    shifts: Any
    log_impact: Any
    lent: Any  # float64 (2, ticks), what we took of a level at `lent_ns`, and have not given back
    lent_ns: Any  # int64 (2, ticks)
    lent_at: Any
