"""Calibrate markets on real days, run and score them, and write the tables of docs/simulator.md.

It takes a quarter of an hour.

    python docs/real_markets.py STORE

STORE is a store into which the days of `DAYS` were ingested; simulated days are added to it. Nothing else of the real
data goes into the page but distances, exponents and means.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tcakit.errors import DataError, UsageError
from tcakit.jobs.catalog import drop
from tcakit.jobs.simulate import simulate_run
from tcakit.jobs.simulate_fit import simulate_fit
from tcakit.jobs.simulate_impact import simulate_impact
from tcakit.jobs.simulate_score import ScoreRequest, simulate_score
from tcakit.simulator.market_parameters import read_parameters

PAGE = Path(__file__).resolve().parent / "simulator.md"
SEED = 7


@dataclass(frozen=True, slots=True)
class RealDay:
    """A stored day, what it is, and the date its simulated day is given."""

    name: str
    symbol: str
    date: str
    what: str
    simulated: str


DAYS = (
    RealDay("ES", "ESH4", "2023-12-26", "ES future, level 3, an hour", "2024-01-03"),
    RealDay("BAC", "BAC", "2013-10-08", "BAC, quotes and trades", "2013-10-15"),
    RealDay("AMZN", "AMZN", "2012-06-21", "AMZN, five levels", "2012-06-25"),
    RealDay("AAPL", "AAPL", "2012-06-21", "AAPL, the best level", "2012-06-25"),
)


def measured(store: Path, day: RealDay, folder: Path) -> dict[str, Any]:
    """Fit, run, score and push one market; processor seconds of fit, run and score with it."""
    file = folder / f"{day.name}.toml"
    begun = time.process_time()
    fit = simulate_fit(store, day.symbol, day.date, out=file)
    symbol = f"{day.name}-SIM"
    with suppress(UsageError, DataError):
        drop(store, f"simulated:{symbol}:{day.simulated}:seed={SEED}")
    simulate_run(store, symbol, day.simulated, SEED, read_parameters(file))
    score = simulate_score(store, ScoreRequest(symbol, day.simulated, day.symbol, day.date))
    seconds = time.process_time() - begun
    return {
        "fit": fit,
        "score": score,
        "cpu_s": seconds,
        "alone": simulate_impact(read_parameters(file), starts=1_000, feedback=False, participants=False),
        "with_participants": simulate_impact(read_parameters(file), starts=1_000, participants=True),
    }


def _ratio(found: dict[str, Any] | None) -> str:
    if found is None or found["value"] is None:
        return "–"
    if found["ratio"] is None:
        return f"{found['value']:.2f}"
    return f"{found['value']:.2f} ({found['ratio']:.1f})"


def tables(found: dict[str, dict[str, Any]]) -> Iterator[str]:
    """The tables of the page, line by line."""
    names = [day.name for day in DAYS]
    head = "".join(f" {name}, variation | {name}, Wasserstein |" for name in names)
    yield f"| score |{head}"
    yield "|---|" + "---:|" * (2 * len(names))
    cards = [found[name]["score"] for name in names]
    for rows in zip(*(card["scores"] for card in cards), strict=True):
        cells = "".join(f" {_ratio(row['total_variation'])} | {_ratio(row['wasserstein'])} |" for row in rows)
        yield f"| {rows[0]['label']} |{cells}"
    for name, label in (("mean", "Mean"), ("median", "Median"), ("iqm", "Interquartile mean")):
        averages = [card["averages"] for card in cards]
        cells = "".join(
            f" {_ratio(each['total_variation'][name])} | {_ratio(each['wasserstein'][name])} |" for each in averages
        )
        yield f"| **{label} of the first 21** |{cells}"
    yield ""
    yield "| fact |" + "".join(f" {name}, real | {name}, simulated |" for name in names)
    yield "|---|" + "---:|" * (2 * len(names))
    for rows in zip(*(card["facts"] for card in cards), strict=True):
        cells = "".join(f" {_fact(row['real'])} | {_fact(row['made'])} |" for row in rows)
        yield f"| {rows[0]['label']} |{cells}"
    yield ""
    yield "| metaorders |" + "".join(f" {name} |" for name in names)
    yield "|---|" + "---:|" * len(names)
    for label, cell in _CURVES.items():
        yield f"| {label} |" + "".join(f" {cell(found[name])} |" for name in names)


def _fact(found: dict[str, Any]) -> str:
    if found["value"] is None:
        return "–"
    return f"{found['value']:.2f} ({found['low']:.2f} to {found['high']:.2f})"


def _exponent(impact: dict[str, Any]) -> str:
    low, high = impact["exponent_interval"]
    return f"{impact['exponent']:.2f} ({low:.2f} to {high:.2f})"


def _left(impact: dict[str, Any], children: str) -> str:
    value, low, high = impact["decay"][children]
    return f"{value:.2f} ({low:.2f} to {high:.2f})"


def _trips(found: dict[str, Any]) -> str:
    trips = found["round_trips"]
    gains = [trip["gain"] for trip in trips]
    return f"{sum(trip['loses'] for trip in trips)} of {len(trips)}; {min(gains):.2f} to {max(gains):.2f}"


_CURVES = {
    "strength; tau, s": lambda day: f"{day['fit']['feedback']['strength']:.3g}; {day['fit']['feedback']['tau_s']:.3g}",
    "exponent, background alone": lambda day: _exponent(day["fit"]["impact_of_background_alone"]),
    "left at twice the duration, of 32 children, alone": lambda day: _left(
        day["fit"]["impact_of_background_alone"], "32"
    ),
    "exponent with the feedback": lambda day: _exponent(day["fit"]["impact"]),
    "left of 16 children": lambda day: _left(day["fit"]["impact"], "16"),
    "left of 32 children": lambda day: _left(day["fit"]["impact"], "32"),
    "ticks of 64 children: alone / with the feedback": lambda day: (
        f"{day['fit']['impact_of_background_alone']['ticks']['64']:.2f} / {day['fit']['impact']['ticks']['64']:.2f}"
    ),
    "round trips that surely lose; ticks a share": lambda day: _trips(day["fit"]),
    "exponent with participants too": lambda day: _exponent(day["with_participants"]["impact"]),
    "left of 32 children, with participants": lambda day: _left(day["with_participants"]["impact"], "32"),
    "round trips that surely lose, with participants": lambda day: _trips(day["with_participants"]),
    "processor seconds of fit, run and score": lambda day: f"{day['cpu_s']:.0f}",
}


def main(store: Path, kept: Path | None = None) -> None:
    """Measure what is not in `kept` yet, and write the page."""
    found: dict[str, dict[str, Any]] = json.loads(kept.read_text()) if kept and kept.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        for day in DAYS:
            if day.name not in found:
                found[day.name] = measured(store, day, Path(folder))
                print(day.name, found[day.name]["score"]["told"], f"{found[day.name]['cpu_s']:.0f} s", flush=True)
                if kept:
                    kept.write_text(json.dumps(found))
    made = "\n".join(("<!-- real -->", *tables(found), "<!-- end -->"))
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(re.sub(r"<!-- real -->\n.*?<!-- end -->", lambda _: made, page, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:3]))
