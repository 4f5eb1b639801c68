"""How the impact of a trade decays, fitted on all trades of a tape: G(l) = G₀ (1 + l/l₀)^-β, l trades later.

Price moves are regressed on the signs of earlier trades (Eisler, Bouchaud and Kockelkoren, 2012, in differential form),
once freely, lag by lag, and once with the three parameters alone. The first is noisy and need not decay; the second is
convex and falling, so that nobody is paid for pushing the price (Pólya; see `manipulation.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import DataError
from tcakit.impact.response import differential_propagator
from tcakit.impact.sign_statistics import SignStatistics, add_statistics, sign_statistics
from tcakit.impact.tape import Tape
from tcakit.impact.transient import Propagator

MOST_LAGS = 5_000
RAW_LAGS = 1_000
PIECES = 40
FEWEST_TRADES = 1_000
_ENOUGH_DAYS = 10
_LARGEST_EXPONENT = 2.0
_STARTS = [(scale, exponent) for scale in (1.0, 8.0, 60.0) for exponent in (0.1, 0.25, 0.4, 0.6)]


@dataclass(frozen=True, slots=True)
class PropagatorFit:
    """The parameters with their standard errors, and the free kernels beside.

    `level` is G₀ in the unit of the moves, below zero where the price moves against trades; `lag_scale` is l₀ in
    trades, `exponent` β; the errors of the first two are those of their logarithms. `exponent_half_lags` is β with half
    the lags: where it is far off, the tape is too short. `r_squared` is of single moves; errors come from so many
    `clusters`. Of lags 1 to n, `raw` is G as fitted freely, `fitted` the parametric G, and `response` is R: what the
    price did after a trade, whoever moved it.
    """

    level: float
    level_log_se: float
    lag_scale: float
    lag_scale_log_se: float
    exponent: float
    exponent_se: float
    exponent_half_lags: float
    r_squared: float
    lags: int
    trades: int
    clusters: int
    clustered_by: str
    raw: NDArray[np.float64]
    response: NDArray[np.float64]
    fitted: NDArray[np.float64]

    def value(self, lag: NDArray[np.float64]) -> NDArray[np.float64]:
        """G so many trades after a trade."""
        return np.asarray(self.level * (1.0 + lag / self.lag_scale) ** -self.exponent)

    @property
    def is_identified(self) -> bool:
        """Whether the tape tells that impact is there and decays: β is between 0 and 1, and its interval above 0."""
        return self.level > 0.0 and self.exponent_interval[0] > 0.0 and self.exponent < 1.0

    @property
    def is_at_bound(self) -> bool:
        """Whether β is the largest that is tried, 2: the tape would have it larger, which is no decay by a power."""
        return self.exponent > 0.99 * _LARGEST_EXPONENT

    def model(self, trades_a_day: float, volatility_daily: float) -> Propagator:
        """The same decay on the volume's clock, for orders whose trades are as large as the tape's: moves in bps.

        An order that is a share of the volume makes that share of the day's trades, each of which counts once:
        c = G₀ n / (1e4 σ), t₀ = l₀ / n, concavity 1. DataError unless β lies between 0 and 1, and G₀ above 0.

        >>> random = np.random.default_rng(0)
        >>> signs = np.repeat(random.choice([-1.0, 1.0], 5_000), 2)
        >>> moves = np.diff(np.convolve(signs, np.arange(1.0, 10_001.0) ** -0.5)[:10_000], prepend=0.0)
        >>> fit_propagator([(signs, moves)]).model(trades_a_day=10_000, volatility_daily=0.02).concavity
        1.0
        """
        if not (0.0 < self.exponent < 1.0 and self.level > 0.0):
            raise DataError(
                f"a level of {self.level:.3g} bps and an exponent of {self.exponent:.3g} make no impact that decays",
                remedy="fit on more trades",
            )
        return Propagator(
            prefactor=self.level * trades_a_day / (1e4 * volatility_daily),
            decay_exponent=self.exponent,
            concavity=1.0,
            lag_scale=self.lag_scale / trades_a_day,
        )

    @property
    def exponent_interval(self) -> tuple[float, float]:
        """95 % interval of β, by Student's t over the clusters."""
        from scipy.special import stdtrit

        reach = float(stdtrit(self.clusters - 1, 0.975)) * self.exponent_se
        return self.exponent - reach, self.exponent + reach


def trade_moves(tape: Tape) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sign of each trade, and the move of the mid in bps from before it to before the next; the last trade has none."""
    mid = np.log(tape.mid_before(tape.trade_ns))
    known = np.isfinite(mid)
    return tape.trade_sign[known][:-1], 1e4 * np.diff(mid[known])


def fit_propagator_to_tapes(tapes: Sequence[Tape], lags: int | None = None) -> PropagatorFit:
    """`fit_propagator` of the trades of some days, in bps."""
    return fit_propagator([trade_moves(tape) for tape in tapes], lags)


def fit_propagator(
    days: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]], lags: int | None = None
) -> PropagatorFit:
    """Fit the signs and moves of some days' trades, (signs, moves) a day, earliest trade first; no lag crosses a night.

    `lags` None takes a tenth of the median day's trades, 5,000 at most: what trades further back still do is left out,
    which makes the exponent too large where the lags are few. Days with fewer trades than twice the lags are left out.
    Errors are robust to all that is alike within a day, or within a piece of one where there are fewer than ten days.
    DataError with fewer than 1,000 trades, or none whose side is known.
    """
    usual = int(np.median([len(signs) for signs, _ in days])) if len(days) else 0
    reach = min(MOST_LAGS, usual // 10) if lags is None else lags
    kept = [(signs, moves) for signs, moves in days if len(signs) >= 2 * reach]
    trades = sum(len(signs) for signs, _ in kept)
    if trades < FEWEST_TRADES or reach < 10:
        raise DataError(
            f"{trades:,} trades are too few for a propagator",
            remedy=f"give {FEWEST_TRADES:,} or more, in days of twice the lags at least",
        )
    by_day = len(kept) >= _ENOUGH_DAYS
    each = 1 if by_day else -(-PIECES // len(kept))
    parts = [part for signs, moves in kept for part in sign_statistics(signs, moves, reach, each)]
    whole = add_statistics(parts)
    if not (whole.pairs > 0.0).all():
        raise DataError("the side that took is known of no trade", remedy="ingest quotes too, which tell it")
    parameters = _fit(whole, reach)
    errors = _errors(whole, parts, parameters)
    half = _fit(whole, max(reach // 2, 5))
    scale, exponent, level = parameters
    lag = np.arange(1.0, min(reach, RAW_LAGS) + 1.0)
    shape = _steps(scale, exponent, reach) * level
    explained = 2.0 * float(shape @ whole.next_moves) - _Likeness(whole.correlation).square(shape)
    return PropagatorFit(
        level=level, level_log_se=errors[2], lag_scale=scale, lag_scale_log_se=errors[0],
        exponent=exponent, exponent_se=errors[1], exponent_half_lags=half[1],
        r_squared=explained * whole.trades / whole.moves_squared,
        lags=reach, trades=whole.trades, clusters=len(parts), clustered_by="day" if by_day else "piece of a day",
        raw=np.cumsum(differential_propagator(whole.next_moves[: len(lag)], whole.correlation[: len(lag)])),
        response=np.cumsum(whole.next_moves[: len(lag)]),
        fitted=level * (1.0 + lag / scale) ** -exponent,
    )  # fmt: skip


class _Likeness:
    """The matrix C(|k - l|) of the correlation of signs, as a product with a column: a circle of twice its length."""

    def __init__(self, correlation: NDArray[np.float64]) -> None:
        from scipy.fft import rfft

        self._count = len(correlation)
        self._circle = rfft(np.concatenate([correlation, [0.0], correlation[:0:-1]]))

    def times(self, column: NDArray[np.float64]) -> NDArray[np.float64]:
        from scipy.fft import irfft, rfft

        size = 2 * self._count
        return np.asarray(irfft(rfft(column, size) * self._circle, size)[: self._count])

    def square(self, column: NDArray[np.float64]) -> float:
        return float(column @ self.times(column))


def _steps(scale: float, exponent: float, lags: int) -> NDArray[np.float64]:
    """What a trade of unit level does at itself and at each later trade: differences of G at lags 1, 2, ..."""
    return np.diff((1.0 + np.arange(1.0, lags + 1.0) / scale) ** -exponent, prepend=0.0)


def _fit(whole: SignStatistics, lags: int) -> tuple[float, float, float]:
    """(l₀, β, G₀) of least squares: given the first two, G₀ is a ratio of sums, so that two are searched for."""
    from scipy.optimize import minimize

    moves = whole.next_moves[:lags]
    likeness = _Likeness(whole.correlation[:lags])
    largest = np.log(10.0 * lags)

    def unexplained(at: NDArray[np.float64]) -> float:
        if not (0.0 <= at[1] <= _LARGEST_EXPONENT and -5.0 <= at[0] <= largest):
            return np.inf
        shape = _steps(float(np.exp(at[0])), float(at[1]), lags)
        along = float(shape @ moves)
        return -along * along / likeness.square(shape)

    starts = [np.array([np.log(scale), exponent]) for scale, exponent in _STARTS]
    best = min(starts, key=unexplained)
    found = minimize(
        unexplained, best, method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-14, "maxiter": 1_000}
    ).x
    scale, exponent = float(np.exp(found[0])), float(found[1])
    shape = _steps(scale, exponent, lags)
    return scale, exponent, float(shape @ moves) / likeness.square(shape)


def _errors(
    whole: SignStatistics, parts: Sequence[SignStatistics], parameters: tuple[float, float, float]
) -> tuple[float, float, float]:
    """Standard errors of (ln l₀, β, ln G₀): the sandwich of least squares, summed by parts."""
    scale, exponent, level = parameters
    lags = len(whole.pairs)
    lag = np.arange(1.0, lags + 1.0)
    decayed = level * (1.0 + lag / scale) ** -exponent
    slopes = np.column_stack([
        np.diff(exponent * decayed * lag / (scale + lag), prepend=0.0),
        np.diff(-decayed * np.log1p(lag / scale), prepend=0.0),
        np.diff(decayed, prepend=0.0),
    ])  # fmt: skip
    steps = np.diff(decayed, prepend=0.0)
    likeness = _Likeness(whole.correlation)
    # Per pair of trades, as the correlations are.
    bread = slopes.T @ np.column_stack([likeness.times(column) for column in slopes.T])
    # A trade of no known side takes part in no pair.
    pairs = [np.maximum(part.pairs, 1.0) for part in parts]
    expected = [known * _Likeness(part.likeness / known).times(steps) for part, known in zip(parts, pairs, strict=True)]
    scores = np.stack([slopes.T @ (part.response - own) for part, own in zip(parts, expected, strict=True)])
    scores /= whole.pairs[0]
    inverse = np.linalg.pinv(bread)
    count = len(parts)
    covariance = inverse @ (scores.T @ scores) @ inverse * count / (count - 1)
    first, second, third = np.sqrt(np.maximum(np.diag(covariance), 0.0)).tolist()
    return first, second, third
