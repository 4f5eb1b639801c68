"""Where schedules begin and end, that they never go back, and that each is what its name says."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcakit.execution.child_orders import ChildOrders
from tcakit.execution.schedules import ImplementationShortfall, ParticipationOfVolume, Twap, Vwap, shares_due
from tcakit.execution.volume_curve import VolumeCurve, default_curve

START, END = 1_000, 61_000
LENGTH = END - START
SCHEDULES = st.sampled_from(
    [
        Twap(900, START, END, 1_000),
        Vwap(900, START, END, 1_000, default_curve(0, 100_000)),
        Vwap(
            900, START, END, 1_000, VolumeCurve("steps", np.array([0, 5_000, 9_000, 90_000]), np.array([0, 0, 0.7, 1]))
        ),
        ImplementationShortfall(900, START, END, 1_000, 20_000),
        ImplementationShortfall(900, START, END, 1_000, 10),
        ImplementationShortfall(900, START, END, 1_000, 10**18),
    ]
)


@given(SCHEDULES, st.lists(st.integers(-5_000, 99_000), min_size=2, max_size=20))
def test_schedules_run_from_nothing_to_all_and_never_back(schedule, times):
    assert schedule.target(START, 0) == pytest.approx(0.0, abs=1e-9)
    assert schedule.target(END, 0) == pytest.approx(900.0)
    due = [schedule.target(ns, 0) for ns in sorted(times)]
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(due))
    assert all(-1e-9 <= shares <= 900.0 + 1e-9 for shares in due)
    assert schedule.target(START - 1, 0) == schedule.target(START, 0)
    assert schedule.target(END + 1, 0) == schedule.target(END, 0)


@given(st.integers(0, LENGTH), st.floats(0.01, 8.0))
def test_shortfall_is_almgren_and_chriss_written_out(elapsed, half_lives):
    schedule = ImplementationShortfall(1, START, END, 1, round(LENGTH / half_lives))
    k = math.log(2.0) / schedule.half_life_ns
    left = math.sinh(k * (LENGTH - elapsed)) / math.sinh(k * LENGTH)
    assert schedule.target(START + elapsed, 0) == pytest.approx(1.0 - left, rel=1e-9, abs=1e-12)


def test_half_of_a_long_order_is_left_after_its_half_life():
    schedule = ImplementationShortfall(1_000, 0, 10**9, 1, 10**7)
    assert schedule.target(10**7, 0) == pytest.approx(500.0)
    assert schedule.target(3 * 10**7, 0) == pytest.approx(875.0)


@given(st.integers(0, LENGTH))
def test_no_urgency_is_twap(elapsed):
    patient = ImplementationShortfall(900, START, END, 1, 10**18)
    assert patient.target(START + elapsed, 0) == pytest.approx(Twap(900, START, END, 1).target(START + elapsed, 0))


def test_the_more_urgent_is_never_behind():
    slow, fast = (ImplementationShortfall(900, START, END, 1, half_life) for half_life in (40_000, 4_000))
    assert all(fast.target(ns, 0) >= slow.target(ns, 0) for ns in range(START, END, 500))


@pytest.mark.parametrize(
    "schedule", [Twap(9, 5, 5, 1), ImplementationShortfall(9, 5, 5, 1, 10), Vwap(9, 5, 5, 1, default_curve(0, 10))]
)
def test_a_window_without_length_divides_by_nothing(schedule):
    assert 0.0 <= schedule.target(5, 0) <= 9.0
    assert schedule.target(6, 0) == pytest.approx(9.0)
    assert schedule.slice_size() > 0


@given(st.floats(0.01, 0.9), st.integers(0, 10**9))
def test_pov_is_the_share_of_all_volume_with_our_own_in_it(rate, others):
    schedule = ParticipationOfVolume(10**12, START, END, rate, 100)
    ours = schedule.target(START, others)
    assert ours == pytest.approx(rate * (ours + others), rel=1e-9)
    assert ParticipationOfVolume(50, START, END, rate, 1).target(START, others) <= 50


def test_vwap_trades_as_the_curve_does():
    curve = VolumeCurve("a", np.array([0, 50, 100]), np.array([0.0, 0.8, 1.0]))
    assert Vwap(100, 0, 100, 1, curve).target(50, 0) == pytest.approx(80.0)
    assert Vwap(100, 50, 100, 1, curve).target(75, 0) == pytest.approx(50.0)
    assert Vwap(100, 200, 300, 1, curve).target(250, 0) == pytest.approx(50.0)  # beyond the curve: equal amounts


EVERY = st.one_of(
    SCHEDULES, st.builds(ParticipationOfVolume, *map(st.just, (900, START, END)), st.floats(0.01, 0.5), st.just(9))
)


@given(
    EVERY,
    st.lists(st.tuples(st.integers(START, END), st.integers(0, 500)), min_size=1, max_size=20),
    st.sampled_from([1, 9, 100]),
)
def test_many_times_at_once_are_the_same_as_one_by_one(schedule, steps, lot):
    ns = np.array(sorted(time for time, _ in steps))
    volume = np.cumsum([size for _, size in steps])
    one_by_one = [schedule.target(int(time), int(printed)) for time, printed in zip(ns, volume, strict=True)]
    assert schedule.targets(ns, volume) == pytest.approx(one_by_one, rel=1e-12, abs=1e-9)
    if not isinstance(schedule, ImplementationShortfall):  # whose exponentials may differ in the last digit
        assert schedule.targets(ns, volume).tolist() == one_by_one
    due = shares_due(schedule, lot, ns, volume)
    # The strategy's own rounding, and its sweep at the end.
    orders = ChildOrders(1, 900, None, lot)
    if not isinstance(schedule, ImplementationShortfall):
        assert due[:-1].tolist() == [orders.lots(shares) for shares in one_by_one[:-1]]
        assert due[-1] == (900 if schedule.must_complete else orders.lots(one_by_one[-1]))
