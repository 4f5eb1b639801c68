"""What a learner sees of an episode: each feature a small function of the account, within known bounds.

Signs are seen from the order's side: a feature that is good for whoever has to buy, or bad, is so alike for a sell.
What has no natural bound is squashed, x / (|x| + scale): 0.5 at the scale, and never 1.
"""

from __future__ import annotations

import numpy as np

from tcakit.jit import jit, part
from tcakit.learn.episode_layout_kernel import (
    ARRIVAL_MID,
    ASK,
    ASK_DEPTH,
    ASK_SIZE,
    BID,
    BID_DEPTH,
    BID_SIZE,
    COST,
    LAST_MID,
    LEFT,
    MID,
    NO_ORDER,
    ORDER,
    ORDER_TICK,
    QUANTITY,
    SIDE,
    SIZE_SCALE,
    SPREAD_SCALE,
    STEP,
    STEP_BOUGHT,
    STEP_FILLED,
    STEP_SOLD,
    STEP_VOLUME,
    STEPS,
    VARIANCE,
    VOLUME,
)


@part
def _squashed(value, scale):
    return value / (abs(value) + scale)


@part
def _share(one, other):
    """`one` of both, 0 of nothing."""
    return one / (one + other) if one + other > 0 else 0.0


@part
def _balance(one, other):
    """From -1 to 1: how much more the one is, 0 where both are nothing."""
    return (one - other) / (one + other) if one + other > 0 else 0.0


@part
def _own(account, bid_column, ask_column):
    """Of a pair of columns, bids and offers, the one that is our side's touch."""
    return account[bid_column] if account[SIDE] > 0 else account[ask_column]


@part
def _other(account, bid_column, ask_column):
    return account[ask_column] if account[SIDE] > 0 else account[bid_column]


@part
def inventory_left(account, measures, settings):
    return account[LEFT] / account[QUANTITY]


@part
def time_left(account, measures, settings):
    return (account[STEPS] - account[STEP]) / account[STEPS]


@part
def behind_schedule(account, measures, settings):
    """How much more is left than an even schedule would have left."""
    return inventory_left(account, measures, settings) - time_left(account, measures, settings)


@part
def spread(account, measures, settings):
    return _squashed(max(0, account[ASK] - account[BID]), settings[SPREAD_SCALE])


@part
def imbalance(account, measures, settings):
    """Size at our side's touch against that at the other."""
    return _balance(_own(account, BID_SIZE, ASK_SIZE), _other(account, BID_SIZE, ASK_SIZE))


@part
def depth_imbalance(account, measures, settings):
    return _balance(_own(account, BID_DEPTH, ASK_DEPTH), _other(account, BID_DEPTH, ASK_DEPTH))


@part
def signed_flow(account, measures, settings):
    """What takers of our side took in the last step, against those of the other."""
    return _balance(_own(account, STEP_BOUGHT, STEP_SOLD), _other(account, STEP_BOUGHT, STEP_SOLD))


@part
def volatility(account, measures, settings):
    return _squashed(np.sqrt(measures[VARIANCE]), settings[SPREAD_SCALE])


@part
def move_since_arrival(account, measures, settings):
    """Above zero where the mid has gone against us."""
    return _squashed(account[SIDE] * (account[MID] - account[ARRIVAL_MID]) / 2.0, settings[SPREAD_SCALE])


@part
def last_move(account, measures, settings):
    return _squashed(account[SIDE] * (account[MID] - account[LAST_MID]) / 2.0, settings[SPREAD_SCALE])


@part
def own_queue(account, measures, settings):
    return _squashed(_own(account, BID_SIZE, ASK_SIZE), settings[SIZE_SCALE])


@part
def other_queue(account, measures, settings):
    return _squashed(_other(account, BID_SIZE, ASK_SIZE), settings[SIZE_SCALE])


@part
def volume_so_far(account, measures, settings):
    return _squashed(account[VOLUME], settings[SIZE_SCALE])


@part
def step_volume(account, measures, settings):
    return _squashed(account[STEP_VOLUME], settings[SIZE_SCALE] / account[STEPS])


@part
def participation(account, measures, settings):
    """Ours of all that was traded since the start."""
    return _share(account[QUANTITY] - account[LEFT], account[VOLUME])


@part
def step_participation(account, measures, settings):
    return _share(account[STEP_FILLED], account[STEP_VOLUME])


@part
def order_distance(account, measures, settings):
    """How far our limit order stands behind its side's touch; 1 where none stands."""
    if account[ORDER] == NO_ORDER:
        return 1.0
    behind = account[SIDE] * (_own(account, BID, ASK) - account[ORDER_TICK])
    return _squashed(behind * 1.0, settings[SPREAD_SCALE])


@part
def cost_so_far(account, measures, settings):
    return _squashed(account[COST] / (2.0 * account[QUANTITY]), settings[SPREAD_SCALE])


@jit
def observe(account, measures, settings, wanted, out):
    """Write the features of the numbers `wanted` into `out` (float32)."""
    for place in range(wanted.shape[0]):
        out[place] = _feature(wanted[place], account, measures, settings)


@jit
def _feature(number, account, measures, settings):
    if number == 0:
        return inventory_left(account, measures, settings)
    if number == 1:
        return time_left(account, measures, settings)
    if number == 2:
        return behind_schedule(account, measures, settings)
    if number == 3:
        return spread(account, measures, settings)
    if number == 4:
        return imbalance(account, measures, settings)
    if number == 5:
        return depth_imbalance(account, measures, settings)
    if number == 6:
        return signed_flow(account, measures, settings)
    if number == 7:
        return volatility(account, measures, settings)
    if number == 8:
        return move_since_arrival(account, measures, settings)
    if number == 9:
        return last_move(account, measures, settings)
    if number == 10:
        return own_queue(account, measures, settings)
    if number == 11:
        return other_queue(account, measures, settings)
    if number == 12:
        return volume_so_far(account, measures, settings)
    if number == 13:
        return step_volume(account, measures, settings)
    if number == 14:
        return participation(account, measures, settings)
    if number == 15:
        return step_participation(account, measures, settings)
    if number == 16:
        return order_distance(account, measures, settings)
    return cost_so_far(account, measures, settings)
