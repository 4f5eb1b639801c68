"""The orders that an impact model is fitted on: what each was, what it cost, and which were left out and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tcakit.errors import DataError
from tcakit.impact.facts import OrderFacts

LEAST_ORDERS = 30
LEAST_DAYS = 5
SURE_DAYS = 40
"""Fewer days than this make intervals too narrow: a day is the unit of which there must be many."""

NO_VOLATILITY = "daily volatility unknown"
NO_DURATION = "no market volume while it traded, or unknown"
NO_COST = "no cost against arrival"
FLAT = "daily volatility of zero"
NOTHING = "nothing filled"
NO_FILLS = "without fills"
NO_ADV = "no earlier day tells average daily volume"
_EARLIER = "store earlier days of the symbols: volume and volatility are of days before the order"
_REMEDIES = {
    NO_ADV: _EARLIER,
    NO_VOLATILITY: _EARLIER,
    NO_DURATION: "store the trades of the orders' days: prints tell how long an order took on the volume's clock",
    NO_COST: "store the quotes of the orders' days: without them there is no price at arrival",
    NO_FILLS: "ingest the fills of the orders too",
    NOTHING: "ingest the fills of the orders too",
}


@dataclass(frozen=True, slots=True)
class FittingSample:
    """n orders in the order of their days. Make it with `FittingSample.of`.

    `cost_bps` is the average price against arrival, cost-positive; `side` +1 or -1; `day` and `symbol` are places in
    `days` and `symbols`. `after_bps` is how far the mid had moved against us, from arrival to when it had settled after
    the order, at `after_duration` on the volume's clock since arrival; both NaN where unknown. `labels`, `measures`
    and `flags` are further columns of text, numbers and truth that residuals are looked at by. `excluded` counts by
    reason the orders that are not among the n.
    """

    facts: OrderFacts
    cost_bps: NDArray[np.float64]
    side: NDArray[np.int8]
    day: NDArray[np.int64]
    days: tuple[str, ...]
    symbol: NDArray[np.int64]
    symbols: tuple[str, ...]
    after_bps: NDArray[np.float64]
    after_duration: NDArray[np.float64]
    labels: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    measures: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    flags: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    excluded: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.cost_bps)

    @classmethod
    def of(
        cls,
        facts: OrderFacts,
        cost_bps: ArrayLike,
        days: Sequence[str],
        *,
        side: ArrayLike = 1,
        symbols: Sequence[str] | None = None,
        after_bps: ArrayLike = np.nan,
        after_duration: ArrayLike = np.nan,
        labels: Mapping[str, Sequence[str]] | None = None,
        measures: Mapping[str, ArrayLike] | None = None,
        flags: Mapping[str, ArrayLike] | None = None,
        excluded: Mapping[str, int] | None = None,
    ) -> FittingSample:
        """The sample of orders with `days` and `symbols` by name; those that cannot be fitted are counted and left out.

        Left out are orders without fills, cost, volatility or duration, and those of a volatility of zero.

        >>> facts = OrderFacts.of(quantity_adv=[0.01, 0.02], duration=0.1, volatility_daily=[0.02, np.nan])
        >>> FittingSample.of(facts, [3.0, 4.0], ["2026-03-02", "2026-03-03"]).excluded
        {'daily volatility unknown': 1}
        """
        count = len(facts)

        def column(values: ArrayLike, kind: Any) -> NDArray[Any]:
            found = np.asarray(values, kind)
            if found.ndim > 1 or (found.ndim == 1 and len(found) != count):
                raise DataError(f"a column of {found.shape} for {count} orders", remedy="give a value an order")
            return np.broadcast_to(found, count).copy()

        cost, day_names = column(cost_bps, np.float64), column(list(days), object)
        names, day = np.unique(day_names.astype(str), return_inverse=True)
        of_symbol = column("" if symbols is None else list(symbols), object).astype(str)
        symbol_names, symbol = np.unique(of_symbol, return_inverse=True)
        sample = cls(
            facts=facts,
            cost_bps=cost,
            side=column(side, np.int8),
            day=day.astype(np.int64),
            days=tuple(names.tolist()),
            symbol=symbol.astype(np.int64),
            symbols=tuple(symbol_names.tolist()),
            after_bps=column(after_bps, np.float64),
            after_duration=column(after_duration, np.float64),
            labels={name: column(list(values), object) for name, values in (labels or {}).items()},
            measures={name: column(values, np.float64) for name, values in (measures or {}).items()},
            flags={name: column(values, np.bool_) for name, values in (flags or {}).items()},
        )
        told = dict(excluded or {})
        kept = np.ones(count, np.bool_)
        for reason, bad in (
            (NOTHING, facts.quantity_adv == 0.0),
            (NO_COST, ~np.isfinite(cost)),
            (NO_VOLATILITY, np.isnan(facts.volatility_daily)),
            (FLAT, facts.volatility_daily == 0.0),
            (NO_DURATION, np.isnan(facts.duration)),
        ):
            gone = int((kept & bad).sum())
            if gone:
                told[reason] = told.get(reason, 0) + gone
            kept &= ~bad
        in_order = np.argsort(day, kind="stable")
        return replace(sample, excluded=told).take(in_order[kept[in_order]])

    @property
    def noise_duration(self) -> NDArray[np.float64]:
        """Duration whose timing risk is what chance adds to an order's cost, half a spread among it; float64 of n.

        An order filled at once has no timing risk, but is filled on one side of the spread or the other: without that
        part it would outweigh all others.
        """
        half_spread = np.where(np.isnan(self.facts.half_spread_bps), 0.0, self.facts.half_spread_bps)
        extra = 3.0 * (half_spread / (1e4 * self.facts.volatility_daily)) ** 2
        return np.asarray(self.facts.duration + extra)

    @property
    def noise_bps(self) -> NDArray[np.float64]:
        """Standard deviation of what chance adds to an order's cost, 1e4 σ √(T/3) and half a spread; float64 of n."""
        return np.asarray(1e4 * self.facts.volatility_daily * np.sqrt(self.noise_duration / 3.0))

    def take(self, rows: NDArray[Any]) -> FittingSample:
        """The sample of some orders, by mask or by rising number; days and symbols keep their places."""
        columns = {
            item.name: getattr(self, item.name)[rows]
            for item in fields(self)
            if isinstance(getattr(self, item.name), np.ndarray)
        }
        for name in ("labels", "measures", "flags"):
            columns[name] = {key: values[rows] for key, values in getattr(self, name).items()}
        return replace(self, facts=self.facts.take(rows), **columns)

    def without(self, reason: str, bad: NDArray[np.bool_]) -> FittingSample:
        """The sample without some orders, which are counted under the reason."""
        if not bad.any():
            return self
        told = dict(self.excluded)
        told[reason] = told.get(reason, 0) + int(bad.sum())
        return replace(self.take(~bad), excluded=told)


def require_enough(sample: FittingSample) -> None:
    """Refuse a sample on which nothing can be fitted: DataError with what is missing and how much is needed."""
    found = len(sample)
    left_out = sum(sample.excluded.values())
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(sample.excluded.items(), key=lambda x: -x[1]))
    out = f" ({left_out} left out: {reasons})" if left_out else ""
    if found < LEAST_ORDERS:
        raise DataError(
            f"{found} order{'s' if found != 1 else ''} can be fitted{out}, and at least {LEAST_ORDERS} are needed",
            place="fit",
            remedy=_remedy(sample),
        )
    held = len(np.unique(sample.day))
    if held < LEAST_DAYS:
        raise DataError(
            f"the {found} orders{out} are of {held} day{'s' if held != 1 else ''}, and at least {LEAST_DAYS} are "
            f"needed: orders of a day share its market, so the error is seen from day to day only",
            place="fit",
            remedy=f"store the market of more days; from {SURE_DAYS} days on the intervals can be relied on",
        )


def _remedy(sample: FittingSample) -> str:
    """What would bring most of the orders in that are left out; where few are, more orders."""
    if sample.excluded:
        reason = max(sample.excluded, key=lambda name: sample.excluded[name])
        if sample.excluded[reason] >= len(sample) and reason in _REMEDIES:
            return _REMEDIES[reason]
    return "store more parents with fills, and their market days; to know impact to 25 % takes about 1,000"
