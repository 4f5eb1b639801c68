"""All that makes a simulated market, in one TOML file: the background flow, and the world around it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from tcakit.errors import UsageError
from tcakit.market import codes
from tcakit.registry import nearest
from tcakit.simulator.flow_parameters import FlowModel
from tcakit.simulator.flow_toml import flow_text, read_flow_text
from tcakit.simulator.participants import KINDS, Participants, usual_participants
from tcakit.simulator.world import DarkVenue, Halt, News, World

_HEAD = """
# --- the world around the background: all of what follows may be left out ---------------------------------------------

# Which sources of orders are on. self_match: what happens when a participant would meet an order of its own.
"""
_SOURCES = {
    "background": "background",
    "feedback": "feedback",
    "participants": "are_participants_on",
    "dark": "is_dark_on",
}
_OF_THE_WORLD = ("sources", "calendar", "value", "news", "halts", "participants", "dark")
_CALENDAR = ("opening_call_seconds", "closing_call_seconds", "band_ticks", "volatility_call_seconds")
_DARK = ("venue", "interval_s", "size", "patience_s", "minimum_share", "limit_share", "lean")
_USUAL_DARK = 3  # times what takers take
_GROUP = ("kind", "count", "interval_s", "latency_ms", "size", "limit")


@dataclass(frozen=True, slots=True)
class MarketParameters:
    """A background flow and the world around it."""

    model: FlowModel
    world: World


def usual_world(model: FlowModel) -> World:
    """A world with the participants that most markets have, their sizes and spreads those of a flow; they are switched
    off, as a flow fitted to a whole market has everybody's orders in it already."""
    taken = model.sizes["take"]
    size = max(model.lot_size, round(float(np.average(taken.values, weights=taken.weights))))
    groups = usual_participants(size, float(model.start_ask - model.start_bid))
    dark = DarkVenue(size=_USUAL_DARK * size)
    return World(participants=groups, are_participants_on=False, dark=dark)


def parameters_text(parameters: MarketParameters) -> str:
    """The parameters as TOML; `parameters_of` it is the same."""
    world = parameters.world
    lines = [flow_text(parameters.model).rstrip(), _HEAD.rstrip(), "[sources]"]
    lines += [f"{key} = {_plain(getattr(world, name))}" for key, name in _SOURCES.items()]
    lines.append(f"self_match = {_plain(codes.VENUE_SELF_MATCH_NAMES[world.self_match])}")
    lines += [
        "",
        "# Seconds of the auctions' calls, 0 for none; a trade more than band_ticks from the last auction starts one.",
    ]
    lines.append("[calendar]")
    lines += [f"{name} = {_plain(getattr(world, name))}" for name in _CALENDAR if getattr(world, name) is not None]
    lines += ["", "# What fundamental traders believe in: how far it wanders in a day, as a fraction.", "[value]"]
    lines.append(f"volatility_daily = {_plain(world.value_volatility_daily)}")
    lines += ["", "# A venue where orders rest unseen and meet at the middle, and what others put there.", "[dark]"]
    lines += [f"{name} = {_plain(value)}" for name, value in world.dark.as_dict().items()]
    for piece in world.news:
        lines += ["", "[[news]]", f"time = {_plain(piece.time)}", f"jump_bps = {_plain(piece.jump_bps)}"]
    for halt in world.halts:
        lines += ["", "[[halts]]", f"time = {_plain(halt.time)}", f"seconds = {_plain(halt.seconds)}"]
        lines.append(f"call_seconds = {_plain(halt.call_seconds)}")
    for group in world.participants:
        lines += ["", f"# {KINDS[group.kind].what}", "[[participants]]"]
        lines += [f"{key} = {_plain(value)}" for key, value in group.as_dict().items()]
    return "\n".join(lines) + "\n"


def _plain(value: Any) -> str:
    return json.dumps(value)


def parameters_of(text: str, place: str = "parameters") -> MarketParameters:
    """The parameters out of TOML; UsageError says which entry cannot be, and what would do."""
    model = read_flow_text(text, place, _OF_THE_WORLD)
    raw = tomllib.loads(text)
    if not any(name in raw for name in _OF_THE_WORLD):
        return MarketParameters(model, usual_world(model))
    sources = _table(raw, "sources", (*_SOURCES, "self_match"))
    settings: dict[str, Any] = {name: sources[key] for key, name in _SOURCES.items() if key in sources}
    for name in settings:
        if not isinstance(settings[name], bool):
            raise UsageError(f"{settings[name]!r} is no switch", place="sources", remedy="write true or false")
    if "self_match" in sources:
        settings["self_match"] = _mode(sources["self_match"])
    calendar = _table(raw, "calendar", _CALENDAR)
    settings |= {name: _number(value, f"calendar.{name}") for name, value in calendar.items()}
    if "band_ticks" in settings:
        settings["band_ticks"] = int(settings["band_ticks"])
    value = _table(raw, "value", ("volatility_daily",))
    if value:
        settings["value_volatility_daily"] = _number(value["volatility_daily"], "value.volatility_daily")
    dark = _table(raw, "dark", _DARK)
    held: dict[str, Any] = {
        name: value if name == "venue" else _number(value, f"dark.{name}") for name, value in dark.items()
    }
    if "size" in held:
        held["size"] = int(held["size"])
    settings["dark"] = DarkVenue(**held)
    settings["news"] = tuple(News(**_row(row, News, "news")) for row in _rows(raw, "news"))
    settings["halts"] = tuple(Halt(**_row(row, Halt, "halts")) for row in _rows(raw, "halts"))
    settings["participants"] = tuple(_group(row) for row in _rows(raw, "participants"))
    return MarketParameters(model, World(**settings))


def read_parameters(path: Path) -> MarketParameters:
    """The parameters out of a file; UsageError if there is none, or for what it says."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"cannot read the parameters: {error}", place=str(path), remedy="make them by `tcakit simulate fit`"
        ) from None
    return parameters_of(text, str(path))


def _table(raw: Mapping[str, Any], name: str, keys: tuple[str, ...]) -> dict[str, Any]:
    found = raw.get(name, {})
    if not isinstance(found, dict):
        raise UsageError(f"{name} is no table", place=name, remedy=f"write [{name}] and its entries below it")
    for key in found:
        _known(key, keys, name)
    return found


def _rows(raw: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = raw.get(name, [])
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise UsageError(f"{name} is no list of tables", place=name, remedy=f"write [[{name}]] before each")
    return found


def _known(key: str, keys: tuple[str, ...], place: str) -> None:
    if key not in keys:
        raise UsageError(f"there is no {key!r}", place=place, remedy=f"did you mean {nearest(key, list(keys))}?")


def _number(value: Any, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError(f"{value!r} is no number", place=place, remedy="write a number")
    return value


def _row(row: dict[str, Any], kind: Any, place: str) -> dict[str, Any]:
    names = tuple(field.name for field in fields(kind))
    for key, value in row.items():
        _known(key, names, place)
        if key != "time":
            _number(value, f"{place}.{key}")
    if "time" not in row or not isinstance(row["time"], str):
        raise UsageError("no time", place=place, remedy='write time = "11:00"')
    return row


def _group(row: dict[str, Any]) -> Participants:
    kind = row.get("kind")
    if kind not in KINDS:
        raise UsageError(f"no participant {kind!r}", place="participants", remedy=f"known are {', '.join(KINDS)}")
    own = KINDS[kind].parameters
    for key, value in row.items():
        _known(key, (*_GROUP, *own), "participants")
        if key != "kind":
            _number(value, f"participants.{key}")
    given = {key: row[key] for key in _GROUP if key in row}
    for key in ("count", "size", "limit"):
        if key in given:
            given[key] = int(given[key])
    return Participants(**given, parameters={key: float(row[key]) for key in own if key in row})


def _mode(name: Any) -> int:
    for code, word in codes.VENUE_SELF_MATCH_NAMES.items():
        if word == name:
            return code
    known = ", ".join(codes.VENUE_SELF_MATCH_NAMES.values())
    raise UsageError(f"no self-match mode {name!r}", place="sources.self_match", remedy=f"known are {known}")
