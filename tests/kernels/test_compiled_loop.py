"""A compiled strategy does, sees and is told what the same one does as a Python object in the plain loop."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from replay_cases import feed_of, level_three_days
from scripted import DAYS, latencies, rules, run_compiled, run_plain, same, scripts

from tcakit.market import codes
from tcakit.replay.replay import ReplaySettings


@given(rows=DAYS, acts=scripts(), settings=rules(), start=st.integers(-3, 30), delay=st.sampled_from([None, 0, 2]))
def test_as_the_plain_loop(rows, acts, settings, start, delay):
    for row in rows:
        row.received_ns = None if delay is None else row.ns + delay
    feed = feed_of(rows)
    (plain, seen), (compiled, also_seen) = (run(feed, acts, settings, start) for run in (run_plain, run_compiled))
    same(plain, compiled)
    assert seen == also_seen


@given(rows=DAYS, acts=scripts(has_special=True), settings=rules(), start=st.integers(-3, 30))
def test_special_orders_as_the_plain_loop(rows, acts, settings, start):
    feed = feed_of(rows)
    (plain, seen), (compiled, also_seen) = (run(feed, acts, settings, start) for run in (run_plain, run_compiled))
    same(plain, compiled)
    assert seen == also_seen


@given(rows=level_three_days(), acts=scripts(), latency=latencies())
def test_as_the_plain_loop_on_level_three(rows, acts, latency):
    feed, settings = feed_of(rows), ReplaySettings(latency, codes.FIFO)
    (plain, seen), (compiled, also_seen) = (run(feed, acts, settings) for run in (run_plain, run_compiled))
    same(plain, compiled)
    assert seen == also_seen
