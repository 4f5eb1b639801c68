"""Rows of a summary that its schema allows and nobody means: percent for fractions, made-up notionals, wild spreads.

The first month of real filings had all of them: E/Q a hundred times too large, orders valued at $0.0001 or
$999,999.99 a share, spreads of more than the whole price.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tcakit.feeds.cell_faults import CellFaults
from tcakit.market.rule605 import IN_PERCENT, OES_NAMES, PARTICIPANTS, SUMMARY_KEY, SUMMARY_NUMBERS, size_limits

Row = Mapping[str, str | float | None]
_NAMES = dict(zip((*SUMMARY_KEY, *SUMMARY_NUMBERS), OES_NAMES, strict=True))
_SPREADS = ("effective_of_mid", "quoted_of_mid", "realised_15s_of_mid", "realised_60s_of_mid", "improvement_of_mid")
_HALF_STEP = 0.5e-6  # what rounding to six decimals may have moved a number by
_SLACK = 0.01  # shares of executed and of all orders differ a little
PRICE_RATIO = 50.0
"""Notional a share further than this from the mid, as a factor either way, was not made of prices."""


@dataclass(slots=True)
class Remarks:
    """Looks at rows one by one; a participant that the schema does not list is told once."""

    faults: CellFaults
    told: set[str] = field(default_factory=set)

    def look(self, line: int, row: Row) -> None:
        """Remark on a row; cells that are wrong, and so not in `row`, are passed over."""
        self._participant(line, row)
        self._size(line, row)
        self._ratio(line, row)
        for name in _SPREADS:
            value = row.get(name)
            if isinstance(value, float) and abs(value) > 1.0:
                self._remark(line, name, value, "a fraction of the mid between -1 and 1")
        inside, better = row.get("improved_share"), row.get("at_quote_or_better")
        if isinstance(inside, float) and isinstance(better, float) and inside > better + 2 * _HALF_STEP:
            self._remark(line, "improved_share", inside, f"at most the {better:g} at the quote or better")

    def _remark(self, line: int, name: str, found: object, allowed: str) -> None:
        text = f"{found:.12g}" if isinstance(found, float) else found
        self.faults.remark(line, _NAMES[name], text, allowed)

    def _participant(self, line: int, row: Row) -> None:
        code = row.get("participant")
        if isinstance(code, str) and code not in PARTICIPANTS and code not in self.told:
            self.told.add(code)
            self._remark(line, "participant", code, f"one of {', '.join(PARTICIPANTS)}")

    def _size(self, line: int, row: Row) -> None:
        size, notional, shares, mid = (
            row.get(name) for name in ("size", "average_order_notional", "average_order_shares", "average_mid")
        )
        if not isinstance(notional, float):
            return
        if isinstance(shares, float) and isinstance(mid, float) and shares > 0 and mid > 0:
            price = notional / shares
            if not mid / PRICE_RATIO <= price <= mid * PRICE_RATIO:
                allowed = f"about {shares * mid:.2f}: this is {price:g} a share at a mid of {mid:g}"
                self._remark(line, "average_order_notional", notional, allowed)
                return
        if isinstance(size, str):
            low, high = size_limits(size)
            if not low <= notional < high:
                allowed = f"at least {low:g} and below {high:g}, as its size class says"
                self._remark(line, "average_order_notional", notional, allowed)

    def _ratio(self, line: int, row: Row) -> None:
        ratio, paid, shown = (row.get(name) for name in ("effective_over_quoted", "effective_of_mid", "quoted_of_mid"))
        if not (isinstance(ratio, float) and isinstance(paid, float) and isinstance(shown, float)):
            return
        if shown == 0.0:
            self._remark(line, "effective_over_quoted", ratio, "an empty cell where the quoted spread is zero")
            return
        expected = paid / shown
        # By how much the two rounded numbers may have moved their ratio.
        moved = (_HALF_STEP * (1 + abs(expected)) / max(abs(shown) - _HALF_STEP, _HALF_STEP)) + 2 * _HALF_STEP
        if abs(ratio - expected) <= moved + _SLACK * abs(expected):
            return
        percent = expected != 0 and IN_PERCENT[0] <= ratio / expected <= IN_PERCENT[1]
        hint = f"{expected:.6f}, a fraction: percent was written" if percent else f"{expected:.6f}, effective by quoted"
        self._remark(line, "effective_over_quoted", ratio, hint)
