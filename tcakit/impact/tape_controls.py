"""Tapes in which there is nothing to find: what a fit says of them is what it makes of noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tcakit.impact.tape import Tape


def shuffle_signs(tape: Tape, random: np.random.Generator) -> Tape:
    """The same trades and prices, with the sides that took dealt out anew: impact of anything is gone.

    As many buys as before; sizes and times keep their places.
    """
    return replace(tape, trade_sign=random.permutation(tape.trade_sign))


def shuffle_times(tape: Tape, random: np.random.Generator) -> Tape:
    """The same trades at each other's times, side and size together: what was traded when says nothing of prices.

    As much is bought and sold over the day as was, so that only the order of it is lost.
    """
    order = random.permutation(len(tape.trade_ns))
    return replace(tape, trade_sign=tape.trade_sign[order], trade_shares=tape.trade_shares[order])
