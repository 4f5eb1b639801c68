"""The arrays that a replay runs on: as they are before the first row, where they stand, and larger."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.replay import layout_kernel as lk
from tcakit.replay.columns import Feed
from tcakit.replay.impact_arrays import impact_arrays
from tcakit.replay.order_entry import write_session
from tcakit.replay.settings import ReplaySettings
from tcakit.replay.state_kernel import State
from tcakit.venue.latency import ResponseTable


def state_of(feed: Feed, settings: ReplaySettings, is_one_book: bool) -> State:
    """The state before the first row."""
    table = settings.latency.responses()
    sizes, taken = np.zeros((2, feed.ticks), np.int64), np.zeros((2, feed.ticks), np.int64)
    cursor = np.zeros(lk.CURSOR_SIZE, np.int64)
    cursor[lk.OWN_BID], cursor[lk.OWN_ASK] = -1, feed.ticks
    cursor[lk.LAST_ARRIVAL_NS] = -(1 << 62)
    return State(
        sizes=sizes,
        taken=taken,
        best=np.array([-1, feed.ticks], np.int64),
        mine=np.zeros((2, feed.ticks), np.int32),
        local_sizes=sizes if is_one_book else np.zeros_like(sizes),
        local_taken=taken if is_one_book else np.zeros_like(sizes),
        cursor=cursor,
        settings=_settings_of(feed, settings, is_one_book, table),
        parameters=np.array([settings.power, feed.instrument.size_scale], np.float64),
        orders=np.zeros((1024, lk.ORDER_FIELDS), np.int64),
        bus=np.zeros((1024, lk.BUS_FIELDS), np.int64),
        live=np.zeros((16, 4), np.int64),
        queue=np.zeros((16, 2), np.float64),
        log=np.zeros((1024, lk.LOG_FIELDS), np.int64),
        log_ahead=np.zeros(1024, np.float64),
        response_at=np.zeros(1, np.int64) if table is None or table.at is None else table.at,
        response_ns=np.zeros(1, np.int64) if table is None else table.ns,
        watched=np.zeros(16, np.int64),
        told=np.zeros((1024, lk.TOLD_FIELDS), np.int64),
        **impact_arrays(feed, settings.impact, cursor),
    )


def _settings_of(
    feed: Feed, settings: ReplaySettings, is_one_book: bool, table: ResponseTable | None
) -> NDArray[np.int64]:
    found = np.zeros(lk.SETTINGS_SIZE, np.int64)
    found[lk.RESPONSE_LATENCY_NS] = settings.latency.response_ns
    found[lk.FEED_LATENCY_NS] = settings.latency.feed_ns
    found[lk.QUEUE_RULE] = settings.queue_rule
    found[lk.LOT] = feed.instrument.lot_size
    found[lk.ONE_BOOK] = int(is_one_book)
    found[lk.WHOLE_FILLS] = int(not settings.partial_fills)
    found[lk.DEPLETES] = int(settings.keeps_taken)
    found[lk.SELF_MATCH_RULE] = settings.self_match
    found[lk.HAS_IMPACT] = int(settings.impact is not None)
    found[lk.REFILLS] = int(settings.impact is not None and settings.impact.refill_half_life_ns is not None)
    write_session(found, feed, settings.session_ns)
    found[lk.LEAST_RESPONSE_NS] = max(0, settings.latency.response_ns if table is None else int(table.ns.min()))
    if table is not None:
        found[lk.RESPONSE_KIND] = lk.DRAWN if table.at is None else lk.RECORDED
    return found


def table_of(arrays: Iterable[Any]) -> NDArray[np.int64]:
    """Address, rows and columns (1 where there are none) of every array, as `entry_kernel` and `address_kernel` want
    them; the arrays must outlive it."""
    return np.array(
        [(array.ctypes.data, array.shape[0], array.shape[1] if array.ndim > 1 else 1) for array in arrays], np.int64
    )


def doubled(values: NDArray[Any]) -> NDArray[Any]:
    grown = np.zeros((2 * values.shape[0], *values.shape[1:]), values.dtype)
    grown[: values.shape[0]] = values
    return grown
