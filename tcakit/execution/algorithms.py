"""Algorithms by name: how `twap`, `vwap`, `pov:10`, `is:30m` or the user's own class become a strategy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

from tcakit.errors import UsageError
from tcakit.execution.parent import ParentOrder
from tcakit.execution.scheduled import JoinThenCross, Scheduled
from tcakit.execution.schedules import ImplementationShortfall, ParticipationOfVolume, Schedule, Twap, Vwap
from tcakit.execution.volume_curve import VolumeCurve
from tcakit.market.clock import parse_duration
from tcakit.registry import find, nearest, own_code
from tcakit.venue.gateway import Strategy

NAMES = ("twap", "vwap", "pov", "is")
_TACTIC = {"interval": "interval_ns", "horizon": "horizon_ns", "finish": "finish_ns"}
_OWN = {"twap": (), "vwap": (), "pov": ("rate", "clip"), "is": ("half_life",)}


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
        if self.name == "pov":
            return f"pov:{self.params['rate'] * 100:g}"
        if self.name == "is":
            return f"is:{self.params['half_life']}"
        if self.is_compiled:
            given = ",".join(f"{name}={value}" for name, value in self.params.items())
            return PurePath(self.name).stem + (f":{given}" if given else "")
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
            shorthand = {"pov": "rate", "is": "half_life"}.get(name)
            if shorthand is None:
                raise UsageError(f"{name} takes no value after the colon", place=place, remedy=f"write {name}")
            params[shorthand] = f"{value}%" if shorthand == "rate" else value
        return check_algorithm(name, params, place)
    if (":" in head and "." in head.split(":")[0]) or (":" in head and nearest(name, list(NAMES)) is None):
        return AlgorithmSpec(head, params)
    guess = nearest(name, list(NAMES))
    hint = f"did you mean {guess!r}? " if guess else ""
    raise UsageError(
        f"no algorithm {name!r}",
        place=place,
        remedy=f"{hint}known are twap, vwap, pov:10, is:30m, package.module:Class or file.py",
    )


def check_algorithm(name: str, params: dict[str, Any], place: str = "algo") -> AlgorithmSpec:
    """Check the parameters of a built-in algorithm; nothing is defaulted in silence."""
    allowed = [*_TACTIC, *_OWN[name]]
    for key in params:
        if key not in allowed:
            guess = nearest(key, allowed)
            raise UsageError(
                f"{name} has no parameter {key!r}",
                place=place,
                remedy=f"did you mean {guess!r}?" if guess else f"known are {', '.join(allowed)}",
            )
    checked = dict(params)
    if name == "pov":
        if "rate" not in params:
            raise UsageError("pov needs its rate", place=place, remedy="write pov:10 for 10 % of volume")
        checked["rate"] = _rate(params["rate"], place)
        if "clip" in params:
            checked["clip"] = _clip(params["clip"], place)
    if name == "is":
        if "half_life" not in params:
            raise UsageError(
                "implementation shortfall needs its urgency",
                place=place,
                remedy="write is:30m for a half-life of 30 minutes",
            )
        if parse_duration(str(params["half_life"]), place) <= 0:
            raise UsageError("the half-life must be above zero", place=place, remedy="write is:30m")
    for key in _TACTIC:
        if key in params and parse_duration(str(params[key]), place) <= 0:
            raise UsageError(f"{key} must be above zero", place=place, remedy=f"write {key}=5s")
    return AlgorithmSpec(name, checked)


def _clip(value: Any, place: str) -> int:
    try:
        clip = int(value)
    except (TypeError, ValueError, OverflowError):
        clip = 0
    if clip <= 0:
        raise UsageError(f"{value!r} is no clip size", place=place, remedy="write a whole number of shares, clip=200")
    return clip


def _rate(value: Any, place: str) -> float:
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


def make_strategy(parent: ParentOrder, spec: AlgorithmSpec, *, lot: int, curve: VolumeCurve | None) -> Strategy:
    """The strategy that works a parent; `curve` is needed by vwap. The user's own class is called with the parent
    and its parameters as keywords."""
    if spec.name not in NAMES:
        own = find(spec.name, {}, "strategy")
        with own_code([spec.name]):
            return own(parent, **spec.params)
    tactic = JoinThenCross()
    for key, attribute in _TACTIC.items():
        if key in spec.params:
            tactic = replace(tactic, **{attribute: parse_duration(str(spec.params[key]))})
    return Scheduled(parent, make_schedule(parent, spec, tactic.horizon_ns, lot=lot, curve=curve), tactic, lot)


def make_schedule(
    parent: ParentOrder, spec: AlgorithmSpec, step_ns: int, *, lot: int, curve: VolumeCurve | None
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
        clip = spec.params.get("clip") or max(lot, parent.quantity // 100 // lot * lot)
        return ParticipationOfVolume(*window, rate=spec.params["rate"], clip=int(clip))
    half_life = parse_duration(str(spec.params["half_life"]))
    return ImplementationShortfall(*window, step_ns=step_ns, half_life_ns=half_life)


def tactic_params(spec: AlgorithmSpec) -> list[str]:
    """The parameters given that shape how child orders are sent, not the schedule itself."""
    return [name for name in spec.params if name in (*_TACTIC, "clip")]
