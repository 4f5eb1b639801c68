"""Settings of the bar model in flags and files: what each must be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tcakit.errors import UsageError
from tcakit.jobs.config import at_least, finite, one_of
from tcakit.market.clock import NS_PER_SECOND, parse_duration
from tcakit.replay.bars import IMPACT_MODELS, BarModel

_BAR_NAMES = {"interval": "interval_ns"}


def above_zero(value: float) -> float:
    """A finite number above zero."""
    if not finite(value) > 0.0:
        raise UsageError(f"{value:g} is not above zero", remedy="write a number above 0")
    return value


def an_interval(text: str) -> int:
    """The length of intervals in ns: a second at least, a day at most."""
    length = parse_duration(text)
    if not NS_PER_SECOND <= length <= 86_400 * NS_PER_SECOND:
        raise UsageError(f"intervals of {text} are too short or too long", remedy="write 1s to 1d, such as 5m")
    return length


def a_share(value: float) -> float:
    """A fraction above 0, at most 1."""
    if not 0.0 < value <= 1.0:
        raise UsageError(f"{value:g} is no fraction of a volume", remedy="write a number above 0, at most 1")
    return value


def a_spread_fraction(value: float) -> float:
    """The part of half the spread that is paid: 1 crosses, 0 trades at the mid, -1 earns it."""
    if not -1.0 <= value <= 1.0:
        raise UsageError(f"{value:g} is no part of half a spread", remedy="write a number from -1 to 1")
    return value


BAR_CHECKS: dict[str, Callable[[Any], Any]] = {
    "interval": an_interval,
    "spread_fraction": a_spread_fraction,
    "spread_bps": at_least(0.0),
    "impact": one_of(list(IMPACT_MODELS)),
    "prefactor": at_least(0.0),
    "daily_volatility": above_zero,
    "daily_volume": above_zero,
    "max_participation": a_share,
}
"""Settings of the bar model, by their names in files, and what each must be."""


def bar_model(settings: dict[str, Any]) -> BarModel:
    """The model of checked settings, by their names in files; what is left out has its default."""
    return BarModel(**{_BAR_NAMES.get(name, name): value for name, value in settings.items()})
