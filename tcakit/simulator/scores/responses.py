"""What the mid does after six kinds of events at the touch: the response curves that LOB-Bench compares.

Eisler, Bouchaud and Kockelkoren (2012), "The price impact of order book events", equation 15: R(l) is the mean of
(m[t+l] - m[t]) ε[t] over events t of one kind, m[t] the mid just before event t and time counted in events at the
touch. ε is the side that the event pushes the price to: +1 for buy market orders, buy limit orders and cancels of sell
orders. A kind ends in 1 where the event itself moves the mid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tcakit.market import codes
from tcakit.simulator.scores.events import Events, cancels

KINDS = ("MO_0", "MO_1", "LO_0", "LO_1", "CA_0", "CA_1")
LAGS = np.unique(np.round(np.logspace(np.log10(2.0), np.log10(200.0), 20)).astype(np.int64))
PIECES = 50
DRAWS = 200
_SAME_NS = 1_000  # executions less apart than that, of one side and price, are of one market order


@dataclass(frozen=True, slots=True)
class TouchEvents:
    """Events at the touch in order: kind (place in `KINDS`), sign, and the mid before each in ticks."""

    kind: NDArray[np.int64]
    sign: NDArray[np.float64]
    mid: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.kind)


@dataclass(frozen=True, slots=True)
class Responses:
    """Sums of moves (pieces, kinds, lags) in ticks and how many events are in them (pieces, kinds, lags)."""

    moved: NDArray[np.float64]
    count: NDArray[np.float64]

    @property
    def curves(self) -> NDArray[np.float64]:
        """R (kinds, lags) in ticks, NaN where a kind has no event."""
        return _ratio(self.moved.sum(axis=0), self.count.sum(axis=0))

    def drawn(self, draws: int, random: np.random.Generator) -> NDArray[np.float64]:
        """R (draws, kinds, lags) with the day's pieces drawn anew."""
        pieces = len(self.moved)
        often = random.multinomial(pieces, np.full(pieces, 1.0 / pieces), size=draws).astype(np.float64)
        return _ratio(*(np.tensordot(often, sums, axes=1) for sums in (self.moved, self.count)))


@dataclass(frozen=True, slots=True)
class ResponseScore:
    """Σ over lags of |R real - R made| for each kind, float64 (kinds), their mean, and both in draws (draws, ...)."""

    by_kind: NDArray[np.float64]
    kinds_drawn: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """The mean over the kinds that both days have."""
        return float(np.nanmean(self.by_kind)) if np.isfinite(self.by_kind).any() else float("nan")

    @property
    def drawn(self) -> NDArray[np.float64]:
        """The same in each draw."""
        known = np.isfinite(self.by_kind)
        return np.asarray(self.kinds_drawn[:, known].mean(axis=1)) if known.any() else np.zeros(0)


def touch_events(events: Events) -> TouchEvents:
    """The day's events at the touch; executions of one market order against one level are one of them."""
    at_touch = events.level == 1
    before = np.full(len(events), -1, np.int64)
    two = events.two_sided
    before[1:] = np.where(two[:-1], events.twice_mid[:-1], -1)
    after = np.where(two, events.twice_mid, -1)
    traded, added, gone = events.kind == codes.EXECUTE, events.kind == codes.ADD, cancels(events)
    rows = np.flatnonzero(at_touch & (traded | added | gone))
    same = np.zeros(len(rows), np.bool_)
    if len(rows):
        one, other = rows[:-1], rows[1:]
        same[1:] = (
            traded[one]
            & traded[other]
            & (events.ns[other] - events.ns[one] < _SAME_NS)
            & (events.side[one] == events.side[other])
            & (events.price[one] == events.price[other])
        )
    first = rows[~same]
    # A merged event ends where the next begins.
    last = rows[np.concatenate([~same[1:], np.ones(min(1, len(rows)), np.bool_)])]
    moves = after[last] != before[first]
    known = (before[first] >= 0) & (after[last] >= 0)
    number = np.select([traded[first], added[first]], [0, 2], 4) + moves
    sign = np.where(added[first], events.side[first], -events.side[first]).astype(np.float64)
    return TouchEvents(number[known].astype(np.int64), sign[known], before[first][known] / 2.0)


def responses(touched: TouchEvents, pieces: int = PIECES) -> Responses:
    """Sums of the responses in so many pieces of the day, for intervals that keep what hangs together together."""
    count = len(touched)
    piece = np.arange(count) * pieces // max(count, 1)
    moved, held = np.zeros((2, pieces, len(KINDS), len(LAGS)))
    for column, lag in enumerate(LAGS.tolist()):
        if lag >= count:
            continue
        cell = piece[:-lag] * len(KINDS) + touched.kind[:-lag]
        move = (touched.mid[lag:] - touched.mid[:-lag]) * touched.sign[:-lag]
        for sums, weights in ((moved, move), (held, np.ones(count - lag))):
            sums[:, :, column] = np.bincount(cell, weights, pieces * len(KINDS)).reshape(pieces, len(KINDS))
    return Responses(moved, held)


def response_score(real: Responses, made: Responses, *, draws: int = DRAWS, seed: int = 0) -> ResponseScore:
    """How far the curves of two days lie apart, ticks summed over lags; NaN for kinds that one of them lacks."""
    random = np.random.default_rng(seed)
    value = np.abs(real.curves - made.curves).sum(axis=1)
    drawn = np.abs(real.drawn(draws, random) - made.drawn(draws, random)).sum(axis=2)
    return ResponseScore(value, drawn)


def _ratio(sums: NDArray[np.float64], count: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(count > 0.0, sums / count, np.nan))
