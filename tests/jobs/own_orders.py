"""A market of many days and a desk's orders in it, whose costs follow the square-root law."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from tcakit.jobs.ingest import IngestRequest, ingest

MINUTES = 390
VOLUME = 1_000  # shares a minute
HALF_SPREAD = 0.02
DAILY_VOLATILITY = 0.02


def business_days(count: int) -> list[date]:
    days, day = [], date(2026, 1, 5)
    while len(days) < count:
        # New York is closed on 19 January and 16 February.
        if day.weekday() < 5 and day not in (date(2026, 1, 19), date(2026, 2, 16)):
            days.append(day)
        day += timedelta(days=1)
    return days


def own_store(
    folder: Path,
    *,
    days: int = 22,
    orders_a_day: int = 4,
    prefactor: float = 1.0,
    half_spreads: float = 1.0,
    seed: int = 0,
    turned: bool = False,
    shares: int = 1,
    currency: str = "USD",
    unfilled: int = 2,
) -> Path:
    """A store under `folder`. `turned` mirrors prices and sides, `shares` multiplies all sizes."""
    random = np.random.default_rng(seed)
    turn = -1 if turned else 1
    rows: dict[str, list[dict[str, object]]] = {"quotes": [], "trades": [], "parents": [], "fills": []}
    for day in business_days(days):
        opens = datetime(day.year, day.month, day.day, 14, 30, tzinfo=UTC)
        for symbol in ("ALFA", "BRVO"):
            steps = random.normal(0.0, DAILY_VOLATILITY / np.sqrt(MINUTES), MINUTES)
            mid = 100.0 * np.exp(turn * np.cumsum(steps))
            for minute in range(MINUTES):
                at = opens + timedelta(minutes=minute)
                common = {"ts": at.isoformat(), "symbol": symbol, "venue": "XNAS"}
                bid, ask = mid[minute] - HALF_SPREAD, mid[minute] + HALF_SPREAD
                rows["quotes"].append(
                    common | {"bid": f"{bid:.4f}", "bid_size": 500, "ask": f"{ask:.4f}", "ask_size": 500}
                )
                rows["trades"].append(
                    common | {"ts": (at + timedelta(seconds=30)).isoformat(), "price": f"{bid:.4f}",
                              "size": VOLUME * shares, "side": "sell"}
                )  # fmt: skip
            for number in range(orders_a_day):
                share = float(np.exp(random.uniform(np.log(0.002), np.log(0.05))))
                first, length = int(random.integers(5, 200)), int(random.integers(40, 150))
                side = turn * int(random.choice([-1, 1]))
                name = f"{day:%y%m%d}-{symbol}-{number}"
                size = max(10, round(share * MINUTES * VOLUME / 10)) * 10
                filled = number >= unfilled or day.day != 5
                arrival = opens + timedelta(minutes=first, seconds=10)
                rows["parents"].append(
                    {"parent_id": name, "symbol": symbol, "side": "buy" if side > 0 else "sell",
                     "quantity": size * shares, "limit_price": "150" if number == 0 and side > 0 else "",
                     "arrival_time": arrival.isoformat(), "end_time": (arrival + timedelta(minutes=length)).isoformat(),
                     "algo": "VWAP" if number % 2 else "IS", "broker": "NORTHGATE", "currency": currency}
                )  # fmt: skip
                law = prefactor * DAILY_VOLATILITY * np.sqrt(size / (MINUTES * VOLUME)) / 1.5
                paid = side * (law * mid[first] + half_spreads * HALF_SPREAD)
                pieces = 10
                for piece in range(pieces if filled else 0):
                    minute = first + 1 + piece * length // pieces
                    rows["fills"].append(
                        {"fill_id": f"{name}-{piece}", "parent_id": name, "symbol": symbol,
                         "side": "buy" if side > 0 else "sell",
                         "time": (opens + timedelta(minutes=minute, seconds=20)).isoformat(),
                         "price": f"{mid[minute] + paid:.4f}", "quantity": size * shares // pieces, "venue": "XNAS"}
                    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, table in rows.items():
        path = folder / f"{name}.csv"
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(table[0]))
            writer.writeheader()
            writer.writerows(table)
        paths.append(str(path))
    store = folder / "store"
    ingest(store, IngestRequest(paths))
    return store
