"""Impact of the market's own flow, as a state that decays: Muhle-Karbe, Wang and Webster (2024).

Signed volume pushes a state, the state fades by half in each half-life, and the price's moves over a minute are
regressed on the state's. Given the half-life that is one ratio of sums, which add up over parts of days.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import DataError, UsageError
from tcakit.impact.fitted import TAPE_PROXY, FittedModel
from tcakit.impact.ranges import FittedRange
from tcakit.impact.tape import Tape, sum_in_bins
from tcakit.impact.tape_scale import TapeScale

KERNELS = ("linear", "square-root")
HALF_LIVES_S = (60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0)
BIN_S = 10.0
HORIZON_S = 60.0
SKIPPED_S = 1_800.0
DRAWS = 1_000
# Level of a fit on the tape over that of orders: one study found it about twice too high.
LEVEL_FACTORS = (0.5, 1.0)
_CONFIDENCE = 0.95


def fading_flow(tape: Tape, scale: TapeScale, half_life_s: float, bin_s: float = BIN_S) -> NDArray[np.float64]:
    """Σ of signed volume in average days, each fading since its bin, at the end of each bin of the session."""
    from scipy.signal import lfilter

    if not (half_life_s > 0.0 and bin_s > 0.0):
        raise UsageError(f"a half-life of {half_life_s:g} s", remedy="give a time above zero")
    signed = sum_in_bins(tape.trade_ns, tape.trade_sign * tape.trade_shares, tape.edges(bin_s)) / scale.adv_shares
    return np.asarray(lfilter([1.0], [1.0, -(2.0 ** (-bin_s / half_life_s))], signed), np.float64)


def impact_state(fading: NDArray[np.float64], kernel: str) -> NDArray[np.float64]:
    """The state of unit level: the fading flow itself (linear), or the signed root of its size (square-root).

    >>> impact_state(np.array([0.04, -0.01]), "square-root").tolist()
    [0.2, -0.1]
    """
    if kernel == "linear":
        return fading
    if kernel == "square-root":
        return np.sign(fading) * np.sqrt(np.abs(fading))
    raise UsageError(f"no kernel {kernel!r}", remedy=f"one of {', '.join(KERNELS)}")


@dataclass(frozen=True, slots=True)
class FlowStatistics:
    """Sums over parts of days of one kernel: x the state's change and y the price's, over the same minute.

    `xx`, `xy` are float64 (half-lives, parts), `yy` and `count` of parts; y is in daily volatilities. `dates` names
    the day of each part.
    """

    kernel: str
    half_lives_s: tuple[float, ...]
    dates: tuple[str, ...]
    xx: NDArray[np.float64]
    xy: NDArray[np.float64]
    yy: NDArray[np.float64]
    count: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FlowFit:
    """The level, in daily volatilities a state of one day's volume, and the half-life that explain most.

    Intervals (95 %) draw days anew where there are several, else parts of the one day, and choose the half-life anew in
    each draw. `r_squared` is without a constant, in sample; `r_squared_out` of days by a fit on the days before them,
    None with one day. `grid` has (half-life, level, R²) of each half-life tried, `draws` float64 (n, 2) the level and
    half-life of each draw.
    """

    kernel: str
    coefficient: float
    coefficient_interval: tuple[float, float]
    half_life_s: float
    half_life_interval_s: tuple[float, float]
    r_squared: float
    r_squared_out: float | None
    r_squared_by_day: tuple[tuple[str, float, float | None], ...]
    clusters: int
    clustered_by: str
    count: int
    grid: tuple[tuple[float, float, float], ...]
    draws: NDArray[np.float64] = field(compare=False, repr=False)

    @property
    def coefficient_range(self) -> tuple[float, float]:
        """From half the level to all of it: that of an order lies in there, as far as is known."""
        return LEVEL_FACTORS[0] * self.coefficient, LEVEL_FACTORS[1] * self.coefficient

    @property
    def middle(self) -> float:
        """The middle of the range, by its logarithm: what is taken for the level of an order."""
        return math.sqrt(LEVEL_FACTORS[0] * LEVEL_FACTORS[1]) * self.coefficient

    def fitted(self, session_s: float, resting_on: str, *, seed: int = 0) -> FittedModel:
        """The fit as a model of whole orders with draws: a proxy, at the middle of its range.

        Each draw is one of the bootstrap at a place of the range, drawn evenly in its logarithm, so that what is not
        known of the level is in every band. Half-lives are on the volume's clock: volume is taken to come evenly over
        the session. DataError where the level is not above zero, which is no impact.
        """
        if not self.coefficient > 0.0:
            raise DataError(
                f"a level of {self.coefficient:.3g}: the price does not move with the flow",
                remedy="check the sides of the trades",
            )
        linear = self.kernel == "linear"
        random = np.random.default_rng(seed)
        low, high = np.log(LEVEL_FACTORS)
        places = np.exp(random.uniform(low, high, len(self.draws)))
        return FittedModel(
            model="obizhaeva-wang" if linear else "alfonsi-fruth-schied",
            names=("transient" if linear else "prefactor", "half_life"),
            values=(self.middle, self.half_life_s / session_s),
            draws=np.column_stack([np.maximum(self.draws[:, 0], 0.0) * places, self.draws[:, 1] / session_s]),
            fixed={} if linear else {"concavity": 0.5},
            source=TAPE_PROXY,
            resting_on=resting_on,
            range=FittedRange("the flow of the whole market, of no orders of one's own"),
        )


def fit_flow_state(statistics: FlowStatistics, *, draws: int = DRAWS, seed: int = 0) -> FlowFit:
    """The best half-life of those tried and its level; DataError where flow or price never moved.

    >>> sums = FlowStatistics("linear", (60.0, 600.0), ("a", "b"), xx=np.ones((2, 2)),
    ...     xy=np.array([[1.0, 1.0], [2.0, 2.0]]), yy=np.array([4.0, 5.0]), count=np.array([10.0, 10.0]))
    >>> fit = fit_flow_state(sums)
    >>> fit.half_life_s, fit.coefficient, fit.coefficient_range, round(fit.r_squared, 3)
    (600.0, 2.0, (1.0, 2.0), 0.889)
    """
    xx, xy, yy = statistics.xx, statistics.xy, statistics.yy
    if not (yy.sum() > 0.0 and (xx.sum(axis=1) > 0.0).all()):
        raise DataError("neither flow nor price moved", remedy="give a day with signed trades and quotes")
    level, squared = _levels(xx.sum(axis=1), xy.sum(axis=1), float(yy.sum()))
    best = int(np.argmax(squared))
    days = tuple(dict.fromkeys(statistics.dates))
    place = np.array([days.index(date) for date in statistics.dates])
    by_day = len(days) > 1
    cluster = place if by_day else np.arange(len(place))
    count = int(cluster.max()) + 1
    if count < 2:
        raise DataError("one part of one day tells nothing of its errors", remedy="give a longer session")
    member = np.zeros((len(place), count))
    member[np.arange(len(place)), cluster] = 1.0
    often = np.random.default_rng(seed).multinomial(count, np.full(count, 1.0 / count), size=draws) @ member.T
    drawn_level, drawn_squared = _levels(often @ xx.T, often @ xy.T, (often @ yy)[:, None])
    chosen = np.argmax(drawn_squared, axis=1)
    tails = [(1.0 - _CONFIDENCE) / 2.0, (1.0 + _CONFIDENCE) / 2.0]
    drawn = drawn_level[np.arange(draws), chosen]
    low, high = np.quantile(drawn, tails)
    half_lives = np.array(statistics.half_lives_s)[chosen]
    shortest, longest = np.quantile(half_lives, tails, method="nearest")
    rows, out = _by_day(statistics, days, place, float(level[best]), best)
    return FlowFit(
        kernel=statistics.kernel,
        coefficient=float(level[best]),
        coefficient_interval=(float(low), float(high)),
        half_life_s=statistics.half_lives_s[best],
        half_life_interval_s=(float(shortest), float(longest)),
        r_squared=float(squared[best]),
        r_squared_out=out,
        r_squared_by_day=rows,
        clusters=count,
        clustered_by="day" if by_day else "part of the one day",
        count=int(statistics.count.sum()),
        grid=tuple(zip(statistics.half_lives_s, level.tolist(), squared.tolist(), strict=True)),
        draws=np.column_stack([drawn, half_lives]),
    )


def _levels(
    xx: NDArray[np.float64], xy: NDArray[np.float64], yy: NDArray[np.float64] | float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Level and R² of a line through nothing; 0 where there is nothing."""
    with np.errstate(invalid="ignore", divide="ignore"):
        level = np.where(xx > 0.0, xy / xx, 0.0)
        return level, np.where((xx > 0.0) & (yy > 0.0), level * xy / yy, 0.0)


def _by_day(
    statistics: FlowStatistics, days: tuple[str, ...], place: NDArray[np.int64], level: float, best: int
) -> tuple[tuple[tuple[str, float, float | None], ...], float | None]:
    """Of each day: R² of the fit on all days, and of that on the days before it (None for the first); and the latter of
    all days but the first together."""
    xx, xy, yy = statistics.xx, statistics.xy, statistics.yy
    rows: list[tuple[str, float, float | None]] = []
    forecast_gain = later = 0.0
    for number, day in enumerate(days):
        own, before = place == number, place < number
        total = float(yy[own].sum())

        def gain(level: float, which: int, own: NDArray[np.bool_] = own) -> float:
            return 2.0 * level * float(xy[which, own].sum()) - level**2 * float(xx[which, own].sum())

        if not total > 0.0:
            continue
        forecast = None
        if before.any():
            levels, fits = _levels(xx[:, before].sum(axis=1), xy[:, before].sum(axis=1), float(yy[before].sum()))
            chosen = int(np.argmax(fits))
            found = gain(float(levels[chosen]), chosen)
            forecast_gain, later, forecast = forecast_gain + found, later + total, found / total
        rows.append((day, gain(level, best) / total, forecast))
    return tuple(rows), forecast_gain / later if later > 0.0 else None
