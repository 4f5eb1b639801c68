"""The replay's impact against a slow witness of docs/replay.md, on random feeds and messages."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from impact_witness import Impact, ImpactWitness, nearest, replay
from replay_cases import L2_RULES, engine_of, feed_of, level_three_days, level_two_days, messages, run_to
from replay_witness import Message, Row

from tcakit.impact.replay_impact import ReplayImpact
from tcakit.market import codes
from tcakit.replay import layout_kernel as lk
from tcakit.replay.recorded_market import RecordedMarket
from tcakit.venue.latency import ConstantLatency

UNTIL = 400
TICK = 0.02  # currency a tick of `replay_cases.instrument`
# No round numbers: sums of them never stand just between two ticks.
JUMPS = st.integers(0, 40).map(lambda part: part * 0.01171 if part else 0.0)
HALF_LIVES = st.sampled_from([1.37, 6.1, 31.7, 260.3, 1e9])
PAST = st.lists(st.tuples(st.integers(0, 60), st.sampled_from([-30, -7, 4, 25])), max_size=3)


@st.composite
def impacts(draw: st.DrawFn) -> tuple[Impact, ReplayImpact]:
    """An impact in ticks a stored unit for the witness, and the same in currency a share for the replay."""
    weights = tuple(draw(st.lists(JUMPS, max_size=3)))
    rates = tuple(math.log(2.0) / draw(HALF_LIVES) for _ in weights)
    permanent, passive = draw(JUMPS), draw(st.sampled_from([0.0, 0.5, 1.0]))
    made = ReplayImpact(tuple(weight * TICK for weight in weights), rates, permanent * TICK, passive)
    return Impact(weights, rates, permanent, passive), made


def logged(engine: RecordedMarket) -> list[tuple[Any, ...]]:
    """The log as the witness writes its own: all prices are ours."""
    out = []
    for row, ahead in zip(engine.state.log[: engine.at[lk.N_LOG]].tolist(), engine.state.log_ahead, strict=False):
        order, event = row[lk.LOG_ORDER], row[lk.LOG_EVENT]
        is_market = engine.state.orders[order, lk.TYPE] == codes.MARKET
        base = engine.feed.base_tick
        tick = None if is_market and event not in (codes.PARTIAL, codes.FILLED) else row[lk.LOG_TICK] + base
        quote = [None if at < 0 else at + base + row[lk.LOG_SHIFT] for at in (row[lk.LOG_BID], row[lk.LOG_ASK])]
        size, leaves = row[lk.LOG_SIZE], row[lk.LOG_LEAVES]
        out.append((row[lk.LOG_NS], order, event, row[lk.LOG_REASON], tick, size, leaves, float(ahead), *quote))
    return out


def agree(engine: RecordedMarket, witness: ImpactWitness) -> None:
    mine, theirs = logged(engine), witness.log
    assert [row[:7] + row[8:] for row in mine] == [row[:7] + row[8:] for row in theirs]
    assert [row[7] for row in mine] == pytest.approx([row[7] for row in theirs], abs=1e-9)
    met = engine.state.log_impact[: len(mine)]
    np.testing.assert_allclose(met, np.array(witness.met).reshape(-1, 5), rtol=1e-9, atol=1e-9)
    assert engine.at[lk.SHIFT] == witness.shift


@given(st.data(), level_two_days(), impacts(), PAST, st.sampled_from(L2_RULES), st.sampled_from([1, 5]), st.booleans())
def test_the_book_moves_as_the_page_says(data, rows, impact, past, rule, lot, depletes):
    plain, made = impact
    sent = data.draw(messages(lot))
    made = ReplayImpact(made.weights, made.rates, made.permanent, made.passive_weight, own_fills=tuple(past))
    feed = feed_of(rows, lot)
    engine = engine_of(feed, sent, rule, latency=ConstantLatency(0, 1, 0), impact=made)
    run_to(engine, UNTIL)
    past = [fill for fill in past if plain.jump]
    last = feed.base_tick + feed.ticks - 1
    witness = ImpactWitness(plain, rule, 3.0, lot, feed.base_tick, last, past=past)
    replay(witness, rows, sent, 1, UNTIL)
    agree(engine, witness)


@pytest.mark.parametrize("move", [0.0, 0.3, 0.49999, 0.5, 0.7, 1.5, 2.5, 3.50001])
def test_halves_are_away_from_zero_on_both_sides(move):
    assert whole_ticks_at(move) == nearest(move) == -whole_ticks_at(-move)


def whole_ticks_at(move: float) -> int:
    """The shift of a market that our fills have moved by so many ticks for good."""
    impact = ReplayImpact(permanent=abs(move) * TICK)
    side = codes.BUY if move >= 0.0 else codes.SELL
    rows = [Row(0, codes.SET, of, tick, 9, 9) for of, tick in ((codes.BUY, 1000), (codes.SELL, 1001))]
    sent = [Message(1, 0, False, side, None, 1, codes.IOC)]
    engine = engine_of(feed_of(rows), sent, codes.RISK_AVERSE, impact=impact)
    # To the last bit, which ticks in currency do not give.
    engine.state.impact[lk.LASTING] = engine.state.impact[lk.JUMP] = abs(move)
    run_to(engine, UNTIL)
    return int(engine.at[lk.SHIFT])


@given(st.data(), level_three_days(), impacts())
def test_exact_queues_move_as_the_page_says(data, rows, impact):
    plain, made = impact
    sent = data.draw(messages(1))
    feed = feed_of(rows)
    engine = engine_of(feed, sent, codes.FIFO, impact=made)
    run_to(engine, UNTIL)
    witness = ImpactWitness(plain, codes.FIFO, 3.0, 1, feed.base_tick, feed.base_tick + feed.ticks - 1)
    replay(witness, rows, sent, 0, UNTIL)
    agree(engine, witness)
