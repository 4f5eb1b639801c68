"""What `tcakit simulate` prints for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def show_fit(console: Any, result: Mapping[str, Any]) -> None:
    """The fitted market in a few lines: what it rests on, how its price answers, what to beware of."""
    console.print(
        f"{result['symbol']} {result['date']}: {result['events']:,} events, {result['trades']:,} trades, "
        f"mean spread {result['mean_spread_ticks']:.1f} ticks"
    )
    if "impact" in result:
        law = result["feedback"]
        console.print(f"feedback: strength {law['strength']:.3g}, tau {law['tau_s']:.3g} s, beta {law['beta']:.2f}")
        for name, key in (("with feedback", "impact"), ("background alone", "impact_of_background_alone")):
            _show_curve(console, f"metaorders, {name}", result[key])
        _show_trips(console, result)
    for note in result["notes"]:
        console.print(f"  {note}", highlight=False)
    if "file" in result:
        console.print(f"written to {result['file']}")


def show_impact(console: Any, result: Mapping[str, Any]) -> None:
    """What metaorders do in a market of these sources, in a few lines."""
    sources = result["sources"]
    on = [name for name in ("background", "feedback") if sources[name]]
    if sources["participants"]:
        on.append(f"{sources['participants']} participants")
    _show_curve(console, f"metaorders among {', '.join(on)}", result["impact"])
    ticks = ", ".join(f"{ticks:.2f} of {number}" for number, ticks in result["impact"]["ticks"].items())
    console.print(f"ticks moved: {ticks} children, one every {result['children_every_s']:.3g} s")
    _show_trips(console, result)


def _show_curve(console: Any, name: str, found: Mapping[str, Any]) -> None:
    low, high = found["exponent_interval"]
    left = ", ".join(f"{parts[0]:.2f} of {number}" for number, parts in found["decay"].items())
    console.print(
        f"{name}: impact ~ children^{found['exponent']:.2f} ({low:.2f} to {high:.2f}); "
        f"left at twice the duration: {left} children"
    )


def _show_trips(console: Any, result: Mapping[str, Any]) -> None:
    losing = sum(trip["loses"] for trip in result["round_trips"])
    console.print(f"round trips that lose: {losing} of {len(result['round_trips'])}")
