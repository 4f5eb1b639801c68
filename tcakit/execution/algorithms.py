"""Algorithms by name: how `twap`, `pov:10`, `iceberg:200` or the user's own class become a strategy."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

from tcakit.errors import UsageError
from tcakit.execution.dark_share import ScheduledInTheDark
from tcakit.execution.market_maker import MarketMaker
from tcakit.execution.parent import ParentOrder
from tcakit.execution.scheduled import JoinThenCross, Scheduled
from tcakit.execution.schedules import ImplementationShortfall, ParticipationOfVolume, Schedule, Twap, Vwap
from tcakit.execution.tactics import PEGS, Iceberg, PassiveAggressive, Pegged, Sniper
from tcakit.execution.volume_curve import VolumeCurve
from tcakit.market.clock import parse_duration
from tcakit.registry import find, nearest, own_code
from tcakit.venue.gateway import Strategy

SCHEDULED = ("twap", "vwap", "pov", "is")
TWO_SIDED = ("market-maker",)
CURVED = ("vwap", "optimal")
"""Those that follow a volume curve."""
NAMES = (*SCHEDULED, "optimal", "passive-aggressive", "sniper", "iceberg", "pegged", *TWO_SIDED)
KNOWN = (
    "twap, vwap, pov:10, is:30m, optimal:30m, passive-aggressive:30s, sniper:0.7, iceberg:200, pegged, market-maker:500"
)
_TACTIC = {"interval": "interval_ns", "horizon": "horizon_ns", "finish": "finish_ns"}
_PACE = ("interval", "finish")
_OWN = {
    "twap": (*_TACTIC, "dark"),
    "vwap": (*_TACTIC, "dark"),
    "pov": (*_TACTIC, "rate", "clip"),
    "is": (*_TACTIC, "half_life", "dark"),
    "optimal": (*_TACTIC, "half_life", "bucket", "volume", "volatility"),
    "passive-aggressive": (*_PACE, "patience", "imbalance", "clip"),
    "sniper": (*_PACE, "imbalance", "clip"),
    "iceberg": (*_PACE, "shown"),
    "pegged": (*_PACE, "to", "offset"),
    "market-maker": (*_PACE, "position", "size", "skew", "edge"),
}
# What the value after the colon is, and what to write where it must be given and is not.
_VALUE = {
    "pov": ("rate", "pov needs its rate", "write pov:10 for 10 % of volume"),
    "is": ("half_life", "implementation shortfall needs its urgency", "write is:30m for a half-life of 30 minutes"),
    "optimal": (
        "half_life",
        "the optimal schedule needs its urgency",
        "write optimal:30m for a half-life of 30 minutes",
    ),
    "passive-aggressive": ("patience", "passive-aggressive needs its patience", "write passive-aggressive:30s"),
    "sniper": ("imbalance", "sniper needs the imbalance at which it takes", "write sniper:0.7"),
    "iceberg": ("shown", "iceberg needs the size that it shows", "write iceberg:200"),
    "pegged": ("to", "", ""),
    "market-maker": ("position", "a market maker needs the most that it may hold", "write market-maker:500"),
}


@dataclass(frozen=True, slots=True)
class AlgorithmSpec:
    """An algorithm and its parameters, checked; `label` is how reports name it."""

    name: str
    params: dict[str, Any]

    @property
    def is_compiled(self) -> bool:
        """Whether it is a user's file of plain functions, which runs compiled (`execution.compiled`)."""
        return self.name.endswith(".py")

    @property
    def label(self) -> str:
        # What trades elsewhere is another algorithm to whoever compares them.
        beside = f",dark={self.params['dark']:g}" if self.name in SCHEDULED and "dark" in self.params else ""
        return self._plain_label + beside

    @property
    def _plain_label(self) -> str:
        if self.name == "pov":
            return f"pov:{self.params['rate'] * 100:g}"
        if self.is_compiled:
            given = ",".join(f"{name}={value}" for name, value in self.params.items())
            return PurePath(self.name).stem + (f":{given}" if given else "")
        if self.name in _VALUE:
            value = self.params.get(_VALUE[self.name][0])
            return self.name if value is None else f"{self.name}:{value}"
        return self.name.rpartition(":")[2] or self.name


def parse_algorithm(text: str, place: str = "--algo") -> AlgorithmSpec:
    """Read `NAME[:VALUE][,key=value...]`, e.g. twap, pov:10, is:30m, twap,interval=2s, package.module:Class, or
    file.py[,key=value...], a file of plain functions.

    Raises UsageError for an unknown name, a missing urgency or rate, or an unknown key, and for a file of functions
    that do not compile.
    """
    head, *pairs = [piece.strip() for piece in text.split(",")]
    if (file := head.partition(":"))[0].endswith(".py"):
        head, pairs = file[0], [pair for pair in (file[2], *pairs) if pair]
    params: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"{pair!r} is no key=value", place=place, remedy="write it like interval=2s")
        params[key] = value
    if head.endswith(".py"):
        from tcakit.execution.compiled import compiled_params

        return AlgorithmSpec(head, compiled_params(head, params))
    name, _, value = head.partition(":")
    if name in NAMES:
        if value:
            if name not in _VALUE:
                raise UsageError(f"{name} takes no value after the colon", place=place, remedy=f"write {name}")
            params[_VALUE[name][0]] = f"{value}%" if name == "pov" else value
        return check_algorithm(name, params, place)
    # A class of the user's own: what stands behind the colon can be the name of one.
    if value and all(part.isidentifier() for part in value.split(".")):
        return AlgorithmSpec(head, params)
    guess = nearest(name, list(NAMES))
    hint = f"did you mean {guess!r}? " if guess else ""
    remedy = f"{hint}known are {KNOWN}, package.module:Class or file.py"
    raise UsageError(f"no algorithm {name!r}", place=place, remedy=remedy)


def check_algorithm(name: str, params: dict[str, Any], place: str = "algo") -> AlgorithmSpec:
    """Check the parameters of a built-in algorithm; nothing is defaulted in silence."""
    for key in params:
        if key not in _OWN[name]:
            guess = nearest(key, list(_OWN[name]))
            raise UsageError(
                f"{name} has no parameter {key!r}",
                place=place,
                remedy=f"did you mean {guess!r}?" if guess else f"known are {', '.join(_OWN[name])}",
            )
    if name in _VALUE:
        key, message, remedy = _VALUE[name]
        if message and key not in params:
            raise UsageError(message, place=place, remedy=remedy)
    return AlgorithmSpec(name, {key: _CHECKS[key](key, value, place) for key, value in params.items()})


def _duration(key: str, value: Any, place: str) -> Any:
    if parse_duration(str(value), place) <= 0:
        raise UsageError(f"{key} must be above zero", place=place, remedy=f"write {key}=5s")
    return value


def _rate(key: str, value: Any, place: str) -> float:
    try:
        text = str(value)
        rate = float(text[:-1]) / 100.0 if text.endswith("%") else float(text)
    except ValueError:
        rate = float("nan")
    if not 0.0 < rate < 1.0:
        raise UsageError(
            f"{value!r} is no participation rate",
            place=place,
            remedy="write pov:10 (per cent), or rate = 0.10 in a file",
        )
    return rate


def _number(
    accepts: Callable[[float], bool], what: str, remedy: str, kind: type = float
) -> Callable[[str, Any, str], Any]:
    """A check that a parameter is a number that `accepts` takes."""

    def check(key: str, value: Any, place: str) -> Any:
        try:
            number = kind(str(value))
        except (ValueError, OverflowError):
            number = math.nan
        if not (math.isfinite(number) and accepts(number)):
            raise UsageError(f"{value!r} is no {what}", place=place, remedy=remedy.replace("KEY", key))
        return int(number) if number == int(number) else number

    return check


def _peg(key: str, value: Any, place: str) -> str:
    if value not in PEGS:
        raise UsageError(
            f"{value!r} is nothing to follow", place=place, remedy=f"write pegged:{', or pegged:'.join(PEGS)}"
        )
    return str(value)


_BUCKET_NS = 300_000_000_000
_SIZE = _number(lambda shares: shares > 0, "number of shares", "write a number above zero, KEY=200")
_TICKS = _number(lambda _: True, "whole number of ticks", "write KEY=1", int)
_CHECKS: dict[str, Callable[[str, Any, str], Any]] = {
    **dict.fromkeys((*_TACTIC, "half_life", "patience", "bucket"), _duration),
    **dict.fromkeys(("clip", "shown", "size", "position", "volume"), _SIZE),
    "volatility": _number(lambda daily: 0.0 < daily < 1.0, "volatility of a day", "write a fraction, KEY=0.015"),
    "rate": _rate,
    "dark": _number(
        lambda share: 0.0 < share <= 1.0, "share of what is left", "write a fraction of what is left, KEY=0.5"
    ),
    "imbalance": _number(
        lambda share: 0.5 <= share < 1.0, "imbalance", "write our side's share of both touches, 0.5 to 1, as 0.7"
    ),
    "to": _peg,
    "offset": _TICKS,
    "edge": _number(lambda ticks: ticks >= 0, "whole number of ticks from 0", "write KEY=1", int),
    "skew": _number(lambda ticks: ticks >= 0, "number of ticks from 0", "write KEY=1.5"),
}


def make_strategy(
    parent: ParentOrder, spec: AlgorithmSpec, *, lot: int, curve: VolumeCurve | None, size_scale: int = 1
) -> Strategy:
    """The strategy that works a parent; `curve` is needed by those of `CURVED`, `size_scale` is stored size units a
    share. The user's own class is called with the parent and its parameters as keywords."""
    if spec.name not in NAMES:
        own = find(spec.name, {}, "strategy")
        with own_code([spec.name]):
            return own(parent, **spec.params)
    if spec.name not in (*SCHEDULED, "optimal"):
        return _make_tactic(parent, spec, lot, size_scale)
    tactic = JoinThenCross()
    for key, attribute in _TACTIC.items():
        if key in spec.params:
            tactic = replace(tactic, **{attribute: parse_duration(str(spec.params[key]))})
    if spec.name == "optimal":
        return _make_optimal(parent, spec, tactic, lot, curve, size_scale)
    schedule = make_schedule(parent, spec, tactic.horizon_ns, lot=lot, curve=curve, size_scale=size_scale)
    if "dark" in spec.params:
        return ScheduledInTheDark(parent, schedule, tactic, lot, share=spec.params["dark"])
    return Scheduled(parent, schedule, tactic, lot)


def _make_optimal(
    parent: ParentOrder,
    spec: AlgorithmSpec,
    tactic: JoinThenCross,
    lot: int,
    curve: VolumeCurve | None,
    size_scale: int,
) -> Strategy:
    # Nobody else is to wait for the solver's code.
    from tcakit.execution.optimal import Optimal

    if curve is None:
        raise ValueError("optimal needs a volume curve")
    params = spec.params
    given = params.get("volume")
    return Optimal(
        parent,
        tactic,
        lot,
        curve=curve,
        half_life_ns=parse_duration(str(params["half_life"])),
        bucket_ns=parse_duration(str(params["bucket"])) if "bucket" in params else _BUCKET_NS,
        day_volume=curve.day_volume if given is None else given * size_scale,
        volatility=params.get("volatility"),
    )


def _make_tactic(parent: ParentOrder, spec: AlgorithmSpec, lot: int, size_scale: int) -> Strategy:
    params = spec.params
    given: dict[str, Any] = {
        f"{key}_ns": parse_duration(str(params[key])) for key in ("interval", "finish", "patience") if key in params
    }
    for key in ("clip", "shown", "size", "position"):
        if key in params:
            given[key] = _whole_lots(params[key], lot, size_scale)
    if "imbalance" in params:
        given["imbalance"] = params["imbalance"]
    if spec.name == "sniper":
        return Sniper(parent, lot, **given)
    if spec.name == "iceberg":
        return Iceberg(parent, lot, **given)
    if spec.name == "pegged":
        peg = PEGS[params.get("to", "primary")]
        return Pegged(parent, lot, peg=peg, offset_ticks=params.get("offset", 0), **given)
    if spec.name == "market-maker":
        given.setdefault("size", max(lot, given["position"] // 4 // lot * lot))
        return MarketMaker(parent, lot, skew_ticks=params.get("skew", 1.0), edge_ticks=params.get("edge", 0), **given)
    given.setdefault("clip", max(lot, parent.quantity // 10 // lot * lot))
    return PassiveAggressive(parent, lot, **given)


def _whole_lots(shares: float, lot: int, size_scale: int) -> int:
    """Shares in stored units, in whole lots, one at least."""
    return max(lot, round(shares * size_scale) // lot * lot)


def make_schedule(
    parent: ParentOrder,
    spec: AlgorithmSpec,
    step_ns: int,
    *,
    lot: int,
    curve: VolumeCurve | None,
    size_scale: int = 1,
) -> Schedule:
    """The schedule of a built-in algorithm, worked in steps of `step_ns`; `curve` is needed by vwap."""
    window = (parent.quantity, parent.start_ns, parent.end_ns)
    if spec.name == "twap":
        return Twap(*window, step_ns=step_ns)
    if spec.name == "vwap":
        if curve is None:
            raise ValueError("vwap needs a volume curve")
        return Vwap(*window, step_ns=step_ns, curve=curve)
    if spec.name == "pov":
        clip = max(lot, parent.quantity // 100 // lot * lot)
        if "clip" in spec.params:
            clip = _whole_lots(spec.params["clip"], lot, size_scale)
        return ParticipationOfVolume(*window, rate=spec.params["rate"], clip=clip)
    half_life = parse_duration(str(spec.params["half_life"]))
    return ImplementationShortfall(*window, step_ns=step_ns, half_life_ns=half_life)


def tactic_params(spec: AlgorithmSpec) -> list[str]:
    """The parameters given that shape how child orders are sent, not the schedule itself."""
    return [name for name in spec.params if name in (*_TACTIC, "clip", "dark")]
