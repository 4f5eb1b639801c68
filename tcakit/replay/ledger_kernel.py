"""What we took of each level of the recorded book, and what time gives back of it.

`taken` is what the level withholds from us. Without a half-life only the recording lowers it; with one, what we took
halves in that time, in whole lots, the nearest. What a level withholds at a time depends on what was taken and when,
not on when it was looked at.
"""

from __future__ import annotations

import numpy as np

from tcakit.jit import bare_call
from tcakit.replay.layout_kernel import ANY_TAKEN, DEPLETES, LOT, N_LENT, NOTHING, REFILL_HALVINGS, REFILLS
from tcakit.replay.power_kernel import power


@bare_call
def _owed(s, ns, side, tick):
    """What of a level we took and time has not given back; nothing, once it is less than half a lot."""
    owed = s.lent[side, tick] * power(0.5, (ns - s.lent_ns[side, tick]) * s.impact[REFILL_HALVINGS])
    return owed if owed >= 0.5 * s.settings[LOT] else 0.0


@bare_call
def take_from(s, ns, side, tick, size):
    """Take displayed size of a level."""
    if s.settings[DEPLETES] == 0:
        return
    s.taken[side, tick] += size
    s.cursor[ANY_TAKEN] = 1
    if s.settings[REFILLS] == 0:
        return
    if s.lent[side, tick] == 0.0:
        s.lent_at[s.cursor[N_LENT], 0] = side
        s.lent_at[s.cursor[N_LENT], 1] = tick
        s.cursor[N_LENT] += 1
    s.lent[side, tick] = _owed(s, ns, side, tick) + size
    s.lent_ns[side, tick] = ns


@bare_call
def shrink_with(s, ns, side, tick, shown):
    """A level shows less than we took: no more than it shows is ours."""
    if _owed(s, ns, side, tick) > shown:
        s.lent[side, tick] = shown
        s.lent_ns[side, tick] = ns


@bare_call
def give_back(s, ns):
    """Bring all levels that we took from up to a time."""
    left = NOTHING
    lot = s.settings[LOT]
    for k in range(s.cursor[N_LENT]):
        side, tick = s.lent_at[k, 0], s.lent_at[k, 1]
        owed = np.int64(np.floor(_owed(s, ns, side, tick) / lot + 0.5)) * lot
        s.taken[side, tick] = min(s.taken[side, tick], owed)
        if owed == 0:
            s.lent[side, tick] = 0.0
        else:
            s.lent_at[left, 0] = side
            s.lent_at[left, 1] = tick
            left += 1
    s.cursor[N_LENT] = left
