"""What metaorders do to the simulated price, child by child: the same market bought in and sold in."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.simulator.background_run import open_market, prepare
from tcakit.simulator.flow_parameters import FlowModel

DATE = "2026-03-03"
_DECAY_EVERY = 2  # pairs: in each of these decay is looked at too
_WARM_S = 60.0
_COUNTED_S = 1_200.0
_DRAWS = 400
_LEAST_CHILDREN = 4
_NS = 1_000_000_000


class Running(Protocol):
    """A running market that metaorders can be sent into; the first `opening_rows` of its `tape` are from the open."""

    @property
    def now(self) -> int: ...

    @property
    def opening_rows(self) -> int: ...

    def run_until(self, until_ns: int) -> None: ...

    def send(
        self, when_ns: NDArray[np.int64], sizes: NDArray[np.int64], *, like_takers: bool = False
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]: ...

    def twin(self) -> Running: ...

    def tape(self) -> NDArray[np.int64]: ...


Opener = Callable[[int], Running]
"""A market just after its open, of a seed."""


@dataclass(frozen=True, slots=True)
class MetaorderSetting:
    """`starts` pairs of markets, one with a buying and one with a selling metaorder of up to `children` market orders,
    one every `every_s` seconds; each of `child_size`, or with 0 as large as a taker of the background would send, so
    that children are like anyone's; `participation` is that many children a trade of others; decay is looked at for
    metaorders of `decay_children`, in every second pair.
    """

    every_s: float
    participation: float
    child_size: int = 0
    children: int = 64
    decay_children: tuple[int, ...] = (16, 32)
    starts: int = 40
    seed: int = 1

    def __post_init__(self) -> None:
        if self.children < 2 * _LEAST_CHILDREN or self.starts < 2 or self.child_size < 0 or self.every_s <= 0.0:
            raise UsageError(
                f"no experiment: {self}", remedy="give 8 or more children, 2 or more starts, sizes and waits above 0"
            )


@dataclass(frozen=True, slots=True)
class MetaorderImpact:
    """Half the mean difference of the mid, in ticks, between the buying and the selling metaorder.

    `children` int64 and `impact` float64, with its standard error, just before the next child would come;
    `exponent` of impact ~ children^exponent with its 95 % interval (starts drawn anew) and `exponent_error`, its
    standard deviation; `decay` by number of children: what is left at twice the duration over the peak, with its
    interval; common random numbers cut the variance of a difference of two runs `variance_cut` times.
    """

    children: NDArray[np.int64]
    impact: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    exponent: float
    exponent_interval: tuple[float, float]
    exponent_error: float
    decay: dict[int, tuple[float, float, float]]
    variance_cut: float
    starts: int


def of_background(model: FlowModel) -> Opener:
    """Markets of the background alone, with its feedback."""
    prepared = prepare(flat_day(model), DATE)
    return lambda seed: open_market(prepared, seed, tape_rows=1 << 14)


def setting_for(opened: Opener, *, participation: float = 0.3, **changes: Any) -> MetaorderSetting:
    """An experiment of the usual size: children like other takers, at a share of the number of trades."""
    per_second = trades_per_second(opened)
    return MetaorderSetting(1.0 / (participation * per_second), participation, **changes)


def trades_per_second(opened: Opener) -> float:
    """Takers a second of both sides, as the market itself has them: a short run is counted."""
    market = opened(11)
    market.run_until(market.now + int(_COUNTED_S * _NS))
    from tcakit.market.codes import EXECUTE
    from tcakit.venue.engine_layout_kernel import TAPE_KIND, TAPE_TS

    tape = market.tape()[market.opening_rows :]
    traded = np.unique(tape[tape[:, TAPE_KIND] == EXECUTE, TAPE_TS])
    return max(len(traded), 1) / _COUNTED_S


def flat_day(model: FlowModel) -> FlowModel:
    """The same flow on a day as busy at all hours, long enough for any metaorder."""
    return replace(
        model, activity=(1.0,), open_time="00:00:00", close_time="23:59:59", opens_day_before=False, timezone="UTC"
    )


def run_experiment(opened: Opener, setting: MetaorderSetting) -> MetaorderImpact:
    """Send metaorders into markets: the same market is bought in and sold in, with the same random numbers."""
    count = setting.children
    ends = [number for number in setting.decay_children if number <= count]
    step = int(setting.every_s * _NS)
    impact = np.empty((setting.starts, count))
    left: dict[int, list[float]] = {number: [] for number in ends}
    ups, downs = np.empty(setting.starts), np.empty(setting.starts)

    def moved(market: Running, side: int, number: int, until: int) -> NDArray[np.float64]:
        when = market.now + step * np.arange(1, until + 2, dtype=np.int64)
        sizes = np.zeros(until + 1, np.int64)
        sizes[:number] = side * max(1, setting.child_size)
        return market.twin().send(when, sizes, like_takers=setting.child_size == 0)[0]

    for start in range(setting.starts):
        market = _warm(opened, setting.seed * 100_003 + start)
        bought, sold = (moved(market, side, count, count) for side in (1, -1))
        impact[start] = 0.5 * (bought - sold)[1:]
        ups[start], downs[start] = bought[count] - bought[0], sold[count] - sold[0]
        for number in ends if start % _DECAY_EVERY == 0 else ():
            bought, sold = (moved(market, side, number, 2 * number)[2 * number] for side in (1, -1))
            left[number].append(0.5 * float(bought - sold))
    children = np.arange(1, count + 1)
    exponent, interval, error = _exponent(children, impact, setting.seed)
    difference = float((ups - downs).var())
    sampled = impact[::_DECAY_EVERY]
    return MetaorderImpact(
        children=children,
        impact=impact.mean(axis=0),
        standard_error=impact.std(axis=0, ddof=1) / np.sqrt(setting.starts),
        exponent=exponent,
        exponent_interval=interval,
        exponent_error=error,
        decay={number: _ratio(np.array(left[number]), sampled[:, number - 1], setting.seed) for number in ends},
        variance_cut=float((ups.var() + downs.var()) / difference) if difference > 0.0 else float("inf"),
        starts=setting.starts,
    )


def _warm(opened: Opener, seed: int) -> Running:
    market = opened(seed)
    market.run_until(market.now + int(_WARM_S * _NS))
    return market


def _exponent(
    children: NDArray[np.int64], impact: NDArray[np.float64], seed: int
) -> tuple[float, tuple[float, float], float]:
    """Least squares of the mean impact on c n^d over n = 4 and up, evenly in log n; its interval by drawing starts."""
    grid = np.unique(np.geomspace(_LEAST_CHILDREN, len(children), 12).round().astype(np.int64))
    of_start = impact[:, grid - 1]
    weight = 1.0 / np.maximum(of_start.var(axis=0), 1e-12)
    random = np.random.default_rng(seed)
    drawn = random.integers(0, len(impact), (_DRAWS, len(impact)))
    means = np.concatenate([of_start.mean(axis=0)[None], of_start[drawn].mean(axis=1)])
    tried = np.arange(-0.5, 2.0001, 0.01)
    powers = (grid[None, :] / grid[-1]) ** tried[:, None]
    level = (means * weight) @ powers.T / (weight @ (powers**2).T)
    error = ((means[:, None, :] - level[..., None] * powers[None]) ** 2 * weight).sum(axis=2)
    best = tried[np.argmin(error, axis=1)]
    low, high = np.quantile(best[1:], [0.025, 0.975])
    return float(best[0]), (float(low), float(high)), float(best[1:].std())


def _ratio(over: NDArray[np.float64], under: NDArray[np.float64], seed: int) -> tuple[float, float, float]:
    drawn = np.random.default_rng(seed).integers(0, len(over), (_DRAWS, len(over)))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = over[drawn].mean(axis=1) / under[drawn].mean(axis=1)
    low, high = np.quantile(np.where(np.isnan(ratios), np.inf, ratios), [0.025, 0.975])
    peak = float(under.mean())
    return (float(over.mean()) / peak if peak else math.nan), float(low), float(high)


def round_trips(
    opened: Opener, child_size: int, every_s: float, children: int, trips: int, seed: int = 1, pause: int = 0
) -> tuple[float, float]:
    """Buy so many children and sell as many again (or the other way round): mean gain in ticks a share, and its error.

    `pause` is how many steps are waited in between. Below zero the market cannot be milked by pushing it.
    """
    step = int(every_s * _NS)
    gains = np.empty(trips)
    for trip in range(trips):
        side = 1 if trip % 2 == 0 else -1
        market = _warm(opened, seed * 200_003 + trip)
        sizes = np.zeros(2 * children + pause, np.int64)
        sizes[:children] = side * max(1, child_size)
        sizes[children + pause :] = -side * max(1, child_size)
        when = market.now + step * np.arange(1, len(sizes) + 1, dtype=np.int64)
        middle, filled, cash = market.send(when, sizes, like_takers=child_size == 0)
        open_shares = float((np.sign(sizes) * filled).sum())
        gains[trip] = (cash.sum() + open_shares * middle[-1]) / max(1.0, float(filled[:children].sum()))
    return float(gains.mean()), float(gains.std(ddof=1) / np.sqrt(trips))
