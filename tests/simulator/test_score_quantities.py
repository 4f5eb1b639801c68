"""The benchmark's quantities and response curves on days that can be worked out by hand or by plain loops."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict

import numpy as np
import pytest
from small_days import INSTRUMENT, OPEN_NS, SECOND, SMALL, events_from, rows_of, simulated, small_day

from tcakit.errors import DataError
from tcakit.market import codes
from tcakit.simulator.scores.conditions import CONDITIONS, RUN_EVENTS, conditional, run_volatility
from tcakit.simulator.scores.distances import apart, deciles
from tcakit.simulator.scores.events import BookRows, events_of
from tcakit.simulator.scores.horizons import divergence
from tcakit.simulator.scores.quantities import FURTHER, QUANTITIES
from tcakit.simulator.scores.responses import KINDS, LAGS, response_score, responses, touch_events

SAMPLES = {quantity.name: quantity.sample for quantity in (*QUANTITIES, *FURTHER)}
CANCELS = (codes.REDUCE, codes.DELETE)


@pytest.fixture(scope="module")
def day():
    return events_from(simulated(3))


@pytest.fixture(scope="module")
def other():
    return events_from(simulated(4, events=8_000, like="alfa"))


def test_the_states_of_a_small_day_are_those_of_its_book():
    events = small_day()
    assert events.kind.tolist() == [row[1] for row in SMALL[4:]]
    assert events.bid.tolist() == [101, 101, 101, 101, 100, 100, 100, 100, 100, 100, 100, 100]
    assert events.ask.tolist() == [103, 103, 103, 103, 103, 103, 103, 103, 104, 102, 102, 104]
    assert events.bid_depth.tolist() == [80, 80, 88, 84, 78, 78, 75, 75, 75, 75, 70, 70]
    assert events.ask_size.tolist() == [30, 30, 30, 30, 30, 30, 30, 30, 40, 12, 12, 40]
    assert events.level.tolist() == [1, 2, 4, 1, 1, 2, 3, 0, 1, 1, 3, 1]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("spread", [2, 2, 2, 2, 3, 3, 3, 3, 4, 2, 2, 4]),
        ("log_time_to_cancel", np.log([1.0, 2.25, 2.8])),
        ("limit_ask_order_depth", [2.0, 1.0]),
        ("limit_bid_order_depth", [1.0, 5.0]),
        ("ask_cancellation_depth", [2.5]),  # the mid after it: 101.5; that of the last cancel is at its price
        ("bid_cancellation_depth", [4.5, 4.0]),
        ("limit_ask_order_levels", [2, 1]),
        ("limit_bid_order_levels", [1, 4]),
        ("ask_cancellation_levels", [2, 1]),
        ("bid_cancellation_levels", [3, 3]),
        # The first second counts from its first trade on, the last is over when it begins.
        ("vol_per_min", [60 * 10 / 0.5]),
        ("ofi", []),
        ("order_size", [10, 5, 8, 12]),
        ("trade_size", [4, 6, 30]),
        ("log_time_between_trades", [math.log(3_500)]),
    ],
)
def test_quantities_of_a_small_day(name, expected):
    assert SAMPLES[name](small_day()) == pytest.approx(np.array(expected, np.float64))


def test_time_between_messages_has_a_place_for_none():
    found = SAMPLES["log_inter_arrival_time"](small_day())
    assert found[0] == pytest.approx(math.log(500.0))
    assert found[1] == pytest.approx(math.log(1e-9))


def test_fewer_levels_leave_out_what_a_window_does_not_show():
    events = small_day(levels=2)
    assert events.left_out == 3
    assert [kind for kind in events.kind.tolist() if kind == codes.ADD] == [codes.ADD] * 3
    assert events.bid_depth.tolist() == [60, 60, 56, 70, 70, 70, 70, 70, 70]


def test_order_flow_imbalance_is_that_of_a_plain_loop(day):
    states = [
        (int(bid), bid_size, int(ask), ask_size)
        for bid, bid_size, ask, ask_size in zip(
            day.bid.tolist(), day.bid_size.tolist(), day.ask.tolist(), day.ask_size.tolist(), strict=True
        )
        if bid >= 0 and ask >= 0
    ]
    flow = []
    for (bid, bid_size, ask, ask_size), (new_bid, new_bid_size, new_ask, new_ask_size) in itertools.pairwise(states):
        step = new_bid_size if new_bid >= bid else 0.0
        step -= bid_size if new_bid <= bid else 0.0
        step -= new_ask_size if new_ask <= ask else 0.0
        step += ask_size if new_ask >= ask else 0.0
        flow.append(step)
    means = [sum(flow[at : at + 100]) / 100 for at in range(len(flow) - 99)]
    assert SAMPLES["ofi"](day) == pytest.approx(np.array(means), abs=1e-9)
    moves = [after[0] + after[2] - before[0] - before[2] for before, after in itertools.pairwise(states)]
    for name, sign in (("ofi_up", 1), ("ofi_stay", 0), ("ofi_down", -1)):
        expected = [mean for mean, move in zip(means[:-1], moves[100:], strict=True) if (move > 0) - (move < 0) == sign]
        assert SAMPLES[name](day) == pytest.approx(np.array(expected), abs=1e-9)


def test_times_to_cancel_are_those_of_a_dictionary(day):
    born, expected = {}, []
    for ns, kind, order in zip(day.ns.tolist(), day.kind.tolist(), day.order_id.tolist(), strict=True):
        if kind == codes.ADD:
            born[order] = ns
        elif kind in CANCELS and order in born:
            expected.append(math.log((ns - born.pop(order)) / 1e9 or 1e-9))
    assert np.sort(SAMPLES["log_time_to_cancel"](day)) == pytest.approx(np.sort(expected))


def test_volatility_of_a_run_is_that_of_its_tenths_of_a_second(day):
    found = run_volatility(day)
    held = np.flatnonzero(day.two_sided)
    for first in (0, 3 * RUN_EVENTS):
        last: dict[int, float] = {}
        for row in held[first : first + RUN_EVENTS].tolist():
            last[(int(day.ns[row]) - day.midnight_ns) // 100_000_000] = math.log((day.bid[row] + day.ask[row]) / 2.0)
        moves = [last[tenth + 1] - last[tenth] for tenth in last if tenth + 1 in last]
        expected = float(np.std(moves, ddof=1)) if len(moves) > 1 else 0.0
        assert found[first] == pytest.approx(expected)
        assert found[first + RUN_EVENTS - 1] == found[first]


def test_a_conditional_score_is_the_weighted_mean_of_those_in_its_bins(day, other):
    (given_spread, _, _) = CONDITIONS
    found = conditional(given_spread, day, other, draws=0)
    parts: dict[float, list[list[float]]] = defaultdict(lambda: [[], []])
    for place, one in enumerate((day, other)):
        for row in np.flatnonzero(one.two_sided).tolist():
            parts[float(one.spread[row])][place].append(float(one.ask_size[row]))
    total = sum(len(values) for pair in parts.values() for values in pair)
    variation = moved = unmatched = 0.0
    for one, two in parts.values():
        weight = (len(one) + len(two)) / total
        if not one or not two:
            variation += weight
            unmatched += weight
            continue
        both = np.array(one + two)
        distance = apart(np.array(one), np.array(two), thresholds=deciles(both), draws=0)
        variation += weight * distance.total_variation.value
        moved += weight * (distance.wasserstein.value if both.std() > 0 else 0.0)
    assert found.apart.total_variation.value == pytest.approx(variation)
    assert found.apart.wasserstein.value == pytest.approx(moved)
    assert found.unmatched == pytest.approx(unmatched)
    assert 0.0 < unmatched < 1.0


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.name)
def test_a_day_is_itself_under_every_condition(day, condition):
    found = conditional(condition, day, day, draws=3)
    assert found.apart.total_variation.value == 0.0
    assert found.apart.wasserstein.value == 0.0
    assert found.unmatched == 0.0


def test_hours_that_do_not_meet_have_no_move(day):
    (_, by_hour, _) = CONDITIONS
    first, second = day.halves()
    found = conditional(by_hour, first.rows(0, 500), second.rows(len(second) - 500, len(second)), draws=0)
    assert found.unmatched == 1.0
    assert found.apart.total_variation.value == pytest.approx(1.0)
    assert np.isnan(found.apart.wasserstein.value)


def test_events_at_the_touch_of_a_small_day():
    touched = touch_events(small_day())
    # Both executions at 101 are of one market order, which moves the mid; nothing is known before the first message.
    assert [KINDS[kind] for kind in touched.kind] == ["MO_1", "MO_1", "LO_1", "CA_1"]
    assert touched.sign.tolist() == [-1, 1, -1, 1]
    assert touched.mid.tolist() == [102.0, 101.5, 102.0, 101.0]


def test_responses_are_those_of_a_plain_loop(day):
    touched = touch_events(day)
    found = responses(touched).curves
    kinds = set(touched.kind.tolist())
    assert len(kinds) >= 5
    for lag_place in (0, 7, len(LAGS) - 1):
        lag = int(LAGS[lag_place])
        sums: dict[int, list[float]] = defaultdict(list)
        for at in range(len(touched) - lag):
            sums[int(touched.kind[at])].append(float((touched.mid[at + lag] - touched.mid[at]) * touched.sign[at]))
        for kind in kinds:
            assert found[kind, lag_place] == pytest.approx(sum(sums[kind]) / len(sums[kind]))


def test_response_scores_are_nothing_against_itself_and_known_against_another(day, other):
    own, two = responses(touch_events(day)), responses(touch_events(other))
    assert np.nanmax(response_score(own, own).by_kind) == 0.0
    score = response_score(own, two)
    expected = np.abs(own.curves - two.curves).sum(axis=1)
    assert score.by_kind == pytest.approx(expected, nan_ok=True)
    assert score.mean == pytest.approx(np.nanmean(expected))
    assert len(score.drawn) > 100


def test_a_market_order_that_meets_several_orders_of_a_level_is_one_event():
    tail = [(9.0 + at * 1e-7, codes.EXECUTE, -1, 104, 10, 40 - 10 * (at + 1), 4) for at in range(3)]
    rows = rows_of((*SMALL, *tail))
    assert len(touch_events(events_of(INSTRUMENT, "2026-03-03", rows))) == 5


def test_pieces_of_a_day_drift_as_far_as_they_are_from_it(day, other):
    found = divergence(day, other, pieces=4)
    assert found.ends[-1] == len(other)
    piece = other.rows(int(found.ends[1]), int(found.ends[2]))
    place = found.names.index("spread")
    expected = apart(SAMPLES["spread"](day), SAMPLES["spread"](piece), discrete=True, draws=0)
    assert found.total_variation[2, place] == expected.total_variation.value
    assert found.mean("wasserstein").shape == (4,)


def test_a_session_has_two_halves_and_loses_nothing(day):
    first, second = day.halves()
    assert len(first) + len(second) == len(day)
    assert first.ns[-1] < first.close_ns == second.open_ns <= second.ns[0]
    assert len(first.trade_ns) + len(second.trade_ns) == len(day.trade_ns) > 0


def test_books_without_orders_say_so():
    """Rows that set levels: an event an instant, and what needs orders is not known."""
    rows = rows_of(
        (
            (0.5, codes.SET, 1, 100, 50, 50, -1),
            (0.5, codes.SET, -1, 102, 50, 50, -1),
            (1.5, codes.SET, 1, 101, 10, 10, -1),
            (1.7, codes.SET, 1, 101, 10, 10, -1),  # nothing new
            (1.8, codes.SET, 1, 90, 10, 10, -1),  # behind the best levels
            (2.0, codes.SET, 1, 101, 0, 0, -1),
        )
    )
    prints = (np.array([OPEN_NS + SECOND, OPEN_NS - SECOND]), np.array([7, 9]))
    events = events_of(INSTRUMENT, "2026-03-03", rows, levels=2, prints=prints)
    assert events.spread.tolist() == [2, 1, 2]
    assert events.trade_size.tolist() == [7.0]
    unknown = {quantity.name for quantity in QUANTITIES if quantity.why_not(events) is not None}
    assert unknown == {quantity.name for quantity in QUANTITIES if quantity.needs_orders}
    assert len(unknown) == 9


def test_a_day_without_a_book_is_refused():
    nothing = np.zeros(0, np.int64)
    empty = BookRows(nothing, nothing.astype(np.uint8), nothing.astype(np.int8), nothing, nothing, nothing, nothing)
    with pytest.raises(DataError, match="shows no book level"):
        events_of(INSTRUMENT, "2026-03-03", empty)
    late = rows_of(tuple((30_000.0, *row[1:]) for row in SMALL))
    with pytest.raises(DataError, match="no message of the session"):
        events_of(INSTRUMENT, "2026-03-03", late)
