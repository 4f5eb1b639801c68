"""Child orders that really were, replayed under many rules: which rules fill them as they were filled."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tcakit.errors import TcakitError, UsageError
from tcakit.jobs.firm import load_blotter
from tcakit.jobs.market import replay_feed
from tcakit.jobs.replay_rules import FILLS
from tcakit.market import codes
from tcakit.replay import layout_kernel as lk
from tcakit.replay.columns import Feed
from tcakit.replay.replay import Participant, Replay, ReplaySettings
from tcakit.store import results
from tcakit.store.database import Store
from tcakit.store.market_data import SymbolDay, find_symbol_day
from tcakit.venue.gateway import Fill, Gateway
from tcakit.venue.latency import ConstantLatency

RULES = ("risk-averse", "log", "log2", "power", "power2", "power3")
LATENCIES_NS = (0, 1_000_000, 10_000_000, 100_000_000)
_SPECIAL = ("stop_price", "display_quantity", "peg")
_GRACE_NS = 30_000_000_000
_TIF = {"gtc": codes.GTC, "day": codes.GTC, "gtd": codes.GTC, "unknown": codes.GTC, "ioc": codes.IOC, "fok": codes.FOK,
        "post-only": codes.POST_ONLY}  # fmt: skip
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class AgainstRequest:
    """Whose child orders (`fills`: the blotter's; else a stored run's), over which queue rules and latencies (ns each
    way); without rules all that the recordings allow; `fills` is how the replay fills, as in a backtest."""

    source: str = "fills"
    rules: tuple[str, ...] | None = None
    latencies_ns: tuple[int, ...] = LATENCIES_NS
    fills: str = "partial-undepleted"

    @staticmethod
    def fills_of(source: str) -> str:
        """How to fill where nobody says: real takings are gone from the tape already, those of a run are not."""
        return "partial-undepleted" if source == "fills" else "partial"


@dataclass(frozen=True, slots=True)
class Child:
    """A child order in the units of its day: ticks, stored sizes, ns; `steps` are its real fills (ns, size, tick).

    It is taken back at `cancel_ns` (at the venue); it is watched until `horizon_ns`.
    """

    order_id: str
    parent: str
    side: int
    quantity: int
    tick: int | None
    time_in_force: int
    submitted_ns: int
    cancel_ns: int
    horizon_ns: int
    steps: tuple[tuple[int, int, float], ...]


class Scripted:
    """Sends orders and cancels when they were sent, whatever the market does."""

    def __init__(self, children: list[Child], entry_ns: int) -> None:
        sends = [(child.submitted_ns, 0, at) for at, child in enumerate(children)]
        takes_back = [(max(child.cancel_ns - entry_ns, child.submitted_ns), 1, at) for at, child in enumerate(children)]
        self._script = sorted(sends + takes_back)
        self._children = children
        self._next = 0
        self.sent: dict[int, int] = {}

    def on_start(self, gateway: Gateway) -> None:
        self.on_time(gateway)

    def on_time(self, gateway: Gateway) -> None:
        while self._next < len(self._script) and self._script[self._next][0] <= gateway.now_ns:
            _, what, at = self._script[self._next]
            self._next += 1
            child = self._children[at]
            if what == 0:
                self.sent[at] = gateway.submit(child.side, child.quantity, child.tick, child.time_in_force)
            else:
                gateway.cancel(self.sent[at])
        if self._next < len(self._script):
            gateway.wake_at(self._script[self._next][0])

    def on_fill(self, gateway: Gateway, fill: Fill) -> None:
        """What is filled stands in the log of the replay."""


def against_fills(
    folder: Path, request: AgainstRequest, *, progress: Progress | None = None, wait_s: float = 30.0
) -> dict[str, Any]:
    """Replay child orders at their real times under each rule and latency, and say which fills them as they were.

    Gives, by setting, the score (see `tca.fill_agreement`), shares of orders filled in both, neither or one, errors of
    size, time and price; the best setting and how sure that is; and orders that could not be replayed, by reason.
    UsageError where no order is left.
    """
    from tcakit.tca.fill_agreement import best_setting

    begun = time.perf_counter()
    store = Store(folder, wait_s=wait_s)
    groups, left_out = _children(store, request.source)
    if not groups:
        reasons = sorted({row["reason"] for row in left_out})
        raise UsageError(
            f"no child order can be replayed ({'; '.join(reasons[:3]) or 'there is none'})",
            place="--against",
            remedy="ingest a FIX log: it says when each order was sent and taken back",
        )
    exact = all(len(feed.queued_row) == len(feed.ns) for _, feed, _ in groups)
    rules = request.rules or (*RULES, *(["fifo"] if exact else []))
    settings = [(rule, latency) for rule in rules for latency in request.latencies_ns]
    rows: list[list[list[dict[str, float | None]]]] = []
    for number, (day, feed, children) in enumerate(groups):
        if progress:
            progress(f"{day.instrument.symbol} {day.date}", number, len(groups))
        rows.append([_outcomes(feed, children, rule, latency, request.fills) for rule, latency in settings])
    scores = np.array([[np.mean([row["score"] for row in told]) for told in group] for group in rows])
    days = [day.date for day, _, _ in groups]
    sure = best_setting(scores, days)
    table = [
        {"queue": rule, "latency_ns": latency, "score": sure["mean"][at], "chosen": sure["chosen"][at],
         **_summary([row for group in rows for row in group[at]])}
        for at, (rule, latency) in enumerate(settings)
    ]  # fmt: skip
    notes = [
        "a tape that holds the firm's own orders shows them to their replay: fifo places and sizes ahead count them"
    ]
    if len(sure["ties"]) > 1:
        named = ", ".join(f"{settings[at][0]} {settings[at][1] / 1e6:g} ms" for at in sure["ties"])
        notes.append(f"these orders cannot tell apart: {named}")
    if len(set(days)) < 2:
        notes.append("one day: the choice is not tried on another")
    return {
        "source": request.source,
        "orders": sum(len(children) for _, _, children in groups),
        "parents": len(groups),
        "days": len(set(days)),
        "best": table[sure["best"]],
        "ties": [{"queue": settings[at][0], "latency_ns": settings[at][1]} for at in sure["ties"]],
        "held_out": sure["held_out"],
        "settings": sorted(table, key=lambda row: row["score"]),
        "left_out": left_out,
        "notes": notes,
        "seconds": round(time.perf_counter() - begun, 3),
    }


# --- child orders of the firm, or of a run -------------------------------------------------------------------------


def _children(store: Store, source: str) -> tuple[list[tuple[SymbolDay, Feed, list[Child]]], list[dict[str, Any]]]:
    """Child orders by parent on their stored days, and those that cannot be replayed."""
    if source == "fills":
        blotter = load_blotter(store)
        parents, orders, fills = blotter.parents, blotter.orders, blotter.fills
        left_out: list[dict[str, Any]] = []
    else:
        run_id = results.find_run(store, None if source == "latest" else source)["run_id"]
        parents, orders, fills = (results.table(store, name, run_id) for name in ("parents", "orders", "fills"))
        changed = (
            results.table(store, "order_events", run_id).filter(pl.col("event") == "replaced")["order_id"].unique()
        )
        left_out = [{"parent_id": name, "reason": "it was changed on its way"} for name in changed.sort()]
        orders = orders.filter(~pl.col("order_id").is_in(changed.implode()))
    place = {row["parent_id"]: row for row in parents.iter_rows(named=True)}
    steps: dict[str, list[dict[str, Any]]] = {}
    for row in fills.sort("ts_ns").iter_rows(named=True):
        if row["order_id"] is not None:
            steps.setdefault(row["order_id"], []).append(row)
    known = {*orders["order_id"], *(row["parent_id"] for row in left_out)}
    left_out += [
        {"parent_id": name, "reason": "the blotter has its fills, but not when it was sent and taken back"}
        for name in steps if name not in known
    ]  # fmt: skip
    days: dict[tuple[str, str], tuple[SymbolDay, Feed] | str] = {}
    groups: dict[str, tuple[SymbolDay, Feed, list[Child]]] = {}
    for row in orders.sort("submitted_ns").iter_rows(named=True):
        parent = place.get(row["parent_id"])
        if parent is None or not parent["matched"]:
            left_out.append({"parent_id": row["order_id"], "reason": "its parent has no symbol of the store"})
            continue
        key = (parent["symbol"], parent["date"])
        if key not in days:
            try:
                day = find_symbol_day(store, *key)
                days[key] = (day, replay_feed(store, day))
            except TcakitError as error:
                days[key] = error.message
        found = days[key]
        child = found if isinstance(found, str) else _child(row, steps.get(row["order_id"], []), found[1])
        if isinstance(child, str) or isinstance(found, str):
            left_out.append({"parent_id": row["order_id"], "reason": str(child)})
            continue
        groups.setdefault(row["parent_id"], (*found, []))[2].append(child)
    return list(groups.values()), left_out


def _child(row: dict[str, Any], fills: list[dict[str, Any]], feed: Feed) -> Child | str:
    """An order in the units of its day, or why it cannot be replayed."""
    instrument = feed.instrument
    if row["state"] == "rejected":
        return "it was rejected"
    if row["type"] not in ("limit", "market") or row["time_in_force"] not in _TIF:
        return f"orders of type {row['type']} {row['time_in_force']} are not replayed"
    if any(row[name] is not None for name in _SPECIAL):
        return "stops, icebergs and pegged orders are not replayed"
    if not feed.ns[0] <= row["submitted_ns"] <= feed.ns[-1]:
        return "it was sent outside the recorded hours"
    quantity = row["quantity"] * instrument.size_scale / row["size_scale"]
    if quantity <= 0 or quantity % instrument.lot_size:
        return "its quantity is no multiple of the lot"
    tick = None
    if row["type"] == "limit":
        exact = row["price"] * instrument.price_scale / row["price_scale"] / instrument.tick_size
        if exact != int(exact):
            return "its limit is off the tick grid"
        tick = int(exact)
    size, price = instrument.size_scale, instrument.price_scale / instrument.tick_size
    steps = tuple(
        (
            fill["ts_ns"],
            round(fill["quantity"] * size / fill["size_scale"]),
            fill["price"] * price / fill["price_scale"],
        )
        for fill in fills
    )
    end = row["ended_ns"] if row["ended_ns"] is not None else int(feed.ns[-1])
    horizon = end
    if row["state"] == "filled":
        # It would have waited on: as long again as it did, or half a minute.
        end = steps[-1][0] if steps else end
        horizon = min(end + max(end - row["submitted_ns"], _GRACE_NS), int(feed.ns[-1]))
    return Child(
        row["order_id"], row["parent_id"], row["side"], int(quantity), tick, _TIF[row["time_in_force"]],
        row["submitted_ns"], max(horizon, row["submitted_ns"]), max(horizon, row["submitted_ns"]), steps,
    )  # fmt: skip


# --- one setting ------------------------------------------------------------------------------------------------------


def _outcomes(
    feed: Feed, children: list[Child], rule: str, latency_ns: int, fills: str
) -> list[dict[str, float | None]]:
    """Each order of one parent under one setting: its score, and how its fills differ from the real ones."""
    from tcakit.tca.fill_agreement import order_score

    partial, depletes = FILLS[fills]
    settings = ReplaySettings(
        ConstantLatency(entry_ns=latency_ns, response_ns=latency_ns),
        codes.code_of(codes.QUEUE_RULE_NAMES, rule), partial_fills=partial, depletes_book=depletes,
    )  # fmt: skip
    strategy = Scripted(children, latency_ns)
    begin, end = min(child.submitted_ns for child in children), max(child.cancel_ns for child in children)
    found = Replay(feed, [Participant(strategy, begin, end + latency_ns)], settings).run()
    made: dict[int, list[tuple[int, int, float]]] = {}
    for entry in found.log[np.isin(found.log[:, lk.LOG_EVENT], (codes.PARTIAL, codes.FILLED))]:
        made.setdefault(int(entry[lk.LOG_ORDER]), []).append(
            (int(entry[lk.LOG_NS]), int(entry[lk.LOG_SIZE]), float(entry[lk.LOG_TICK] + feed.base_tick))
        )
    out = []
    for at, child in enumerate(children):
        steps = made.get(strategy.sent.get(at, -1), [])
        real, replayed = ([(ns, size / child.quantity) for ns, size, _ in told] for told in (child.steps, steps))
        (share, when, price), (own_share, own_when, own_price) = _means(child.steps), _means(steps)
        both = share > 0 and own_share > 0
        out.append(
            {
                "score": order_score(real, replayed, child.submitted_ns, child.horizon_ns),
                "real": share / child.quantity,
                "replayed": own_share / child.quantity,
                "time_error_s": (own_when - when) / 1e9 if both else None,
                "price_error_bps": child.side * (own_price / price - 1) * 1e4 if both else None,
            }
        )
    return out


def _means(steps: Any) -> tuple[float, float, float]:
    """Size filled, and its mean time (ns) and price."""
    size = sum(step[1] for step in steps)
    if not size:
        return 0.0, 0.0, 0.0
    first = steps[0][0]
    when = first + sum((step[0] - first) * step[1] for step in steps) / size
    return float(size), float(when), sum(step[2] * step[1] for step in steps) / size


def _summary(rows: list[dict[str, float | None]]) -> dict[str, Any]:
    frame = pl.DataFrame(rows, infer_schema_length=None, schema_overrides={"time_error_s": pl.Float64})
    real, made = frame["real"] > 0, frame["replayed"] > 0
    times = frame["time_error_s"].drop_nulls()
    prices = frame["price_error_bps"].cast(pl.Float64).drop_nulls()
    return {
        "both": (real & made).mean(),
        "neither": (~real & ~made).mean(),
        "only_real": (real & ~made).mean(),
        "only_replayed": (~real & made).mean(),
        "filled_share_error": (frame["replayed"] - frame["real"]).mean(),
        "time_error_s": {str(q): times.quantile(q) for q in (0.1, 0.5, 0.9)},
        "price_error_bps": prices.mean(),
    }
