"""The arithmetic of an episode, the same in every market: what an action asks for, what fills and steps have cost.

The cost of step k is sum over its fills of s q (p - m_k) + s R_{k+1} (m_{k+1} - m_k), with m_k the mid at the decision,
R what is left and s the side. Over an episode it adds up to s (sum q p + R_K m_K - X m_0), which is the implementation
shortfall against the mid at arrival, what was never filled being valued at the last mid (Perold 1988).
"""

from __future__ import annotations

import numpy as np

from tcakit.jit import jit
from tcakit.learn.episode_layout_kernel import (
    ALLOWED_PARTICIPATION,
    ARRIVAL_MID,
    ASK,
    ASKED_OFFSET,
    ASKED_QUANTITY,
    BID,
    COMPLETION,
    COST,
    DURATION_NS,
    FILLED_COST,
    FILLS,
    IMPACT,
    IS_OVER,
    LAST_MID,
    LEFT,
    LEFT_AT_END,
    LOT,
    MID,
    NO_LIMIT,
    NO_ORDER,
    OBJECTIVES,
    OFFSET,
    OPEN,
    ORDER,
    PRICE,
    QUANTITY,
    RATE,
    REWARD,
    SIDE,
    SPEED,
    START_NS,
    STEP,
    STEP_COST,
    STEP_FILLED,
    STEP_VOLUME,
    STEPS,
    UNFILLED,
    VARIANCE,
    VARIANCE_DECAY,
    WEIGHTS,
)

_BPS = 10_000.0


@jit
def begin(account, measures, side, quantity, lot, steps, start_ns, duration_ns):
    """Begin an episode with an order of which nothing is done; the market is looked at next."""
    account[:] = 0
    measures[:] = 0.0
    account[SIDE] = side
    account[QUANTITY] = quantity
    account[LOT] = lot
    account[STEPS] = steps
    account[START_NS] = start_ns
    account[DURATION_NS] = duration_ns
    account[LEFT] = quantity
    account[ORDER] = NO_ORDER
    account[ASKED_OFFSET] = NO_LIMIT


@jit
def arrive(account):
    """Take the mid that is seen now as that of the arrival."""
    account[MID] = account[BID] + account[ASK]
    account[LAST_MID] = account[MID]
    account[ARRIVAL_MID] = account[MID]


@jit
def step_end_ns(account):
    """When the step that is under way ends."""
    return account[START_NS] + (account[STEP] + 1) * account[DURATION_NS] // account[STEPS]


@jit
def ask(account, kind, value, unit):
    """Write what an action of a kind asks for: `value` is the rate, the offset in ticks, or the number of units."""
    free, lot = account[LEFT] - account[OPEN], account[LOT]
    account[ASKED_QUANTITY] = 0
    account[ASKED_OFFSET] = NO_LIMIT
    if kind == OFFSET:
        account[ASKED_OFFSET] = int(np.rint(value))
    elif kind == RATE:
        share = value / (account[STEPS] - account[STEP])
        account[ASKED_QUANTITY] = min(free, int(np.rint(share * free / lot)) * lot)
    else:
        account[ASKED_QUANTITY] = min(free, int(np.rint(value)) * unit)


@jit
def filled(account, tick, size):
    """Take down a fill of ours."""
    account[LEFT] -= size
    account[OPEN] -= size
    account[STEP_FILLED] += size
    account[FILLED_COST] += account[SIDE] * size * (2 * tick - account[MID])
    account[FILLS] += 1


@jit
def close_step(account, measures, settings):
    """Reckon what the step has cost, from the mid that is seen now, and what it earns."""
    mid = account[BID] + account[ASK]
    account[LAST_MID] = account[MID]
    moved = mid - account[MID]
    account[MID] = mid
    cost = account[FILLED_COST] + account[SIDE] * account[LEFT] * moved
    account[FILLED_COST] = 0
    account[STEP_COST] = cost
    account[COST] += cost
    account[STEP] += 1
    account[IS_OVER] = 1 if account[STEP] == account[STEPS] or account[LEFT] == 0 else 0
    decay = settings[VARIANCE_DECAY]
    fresh = moved * moved / 4.0
    measures[VARIANCE] = fresh if account[STEP] == 1 else decay * measures[VARIANCE] + (1.0 - decay) * fresh
    ordered = account[QUANTITY]
    left = account[LEFT] / ordered
    measures[PRICE] = -_BPS * cost / (ordered * account[ARRIVAL_MID])
    measures[SPEED] = -left * left / account[STEPS]
    ours, traded = account[STEP_FILLED], account[STEP_FILLED] + account[STEP_VOLUME]
    excess = ours / traded - settings[ALLOWED_PARTICIPATION] if traded > 0 else 0.0
    measures[IMPACT] = -excess * excess * ours / ordered if excess > 0.0 else 0.0
    at_end = account[STEP] == account[STEPS]
    measures[COMPLETION] = -account[LEFT_AT_END] / ordered if at_end else 0.0
    measures[UNFILLED] = -left if at_end else 0.0
    reward = 0.0
    for objective in range(OBJECTIVES):
        reward += settings[WEIGHTS + objective] * measures[PRICE + objective]
    measures[REWARD] = reward
