"""All facts of a day that LOB-Bench has no score of, by name, and how far those of two days lie apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tcakit.impact.tape import Tape
from tcakit.market import codes
from tcakit.simulator.scores import message_facts, return_facts, trade_facts
from tcakit.simulator.scores.block_draws import UNKNOWN, Estimate
from tcakit.simulator.scores.events import Events

KURTOSIS_AT = (10, 300)


@dataclass(frozen=True, slots=True)
class Fact:
    """One number of a day with its 95 % interval, what is usual in markets, and why it is not known, if so."""

    name: str
    label: str
    usual: str
    value: float
    low: float
    high: float
    reason: str | None


@dataclass(frozen=True, slots=True)
class Curve:
    """A fact that is a curve: where (float64 of m) and what, with its intervals; without them where `low` is NaN."""

    name: str
    label: str
    across: str
    up: str
    at: NDArray[np.float64]
    found: Estimate
    logarithmic: tuple[bool, bool] = (False, False)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one day."""

    facts: tuple[Fact, ...]
    curves: tuple[Curve, ...]


def facts_of(events: Events, tape: Tape, *, seed: int = 0) -> Facts:
    """All facts of a day's messages and tape; those it is too thin for are NaN and say why."""
    facts: list[Fact] = []
    curves: list[Curve] = []

    def add(name: str, label: str, usual: str, found: Estimate, reason: str | None) -> None:
        value, low, high = found.scalar()
        if reason is None and not np.isfinite(value):
            reason = "it cannot be said of this day"
        facts.append(Fact(name, label, usual, value, low, high, reason))

    correlation, exponent, why = trade_facts.sign_memory(tape)
    add("sign_exponent", "Sign memory: γ in C(l) ~ l^-γ", "0.4 to 0.7", exponent, why)
    if len(correlation.value) > 1:
        lags = trade_facts.SIGN_LAGS.astype(np.float64)
        curves.append(Curve("sign_memory", "Memory of trade signs", "Trades later", "Correlation", lags, correlation,
                            (True, False)))  # fmt: skip
    size, why = trade_facts.size_exponent(tape, seed=seed)
    add("impact_exponent", "Impact of orders made of the tape: δ in Q^δ", "0.4 to 0.7", size, why)
    path, left, why = trade_facts.impact_path(tape, seed=seed)
    add("impact_left", "Move at twice an order's time, of that at its end", "0.3 to 0.8 if known", left, why)
    if len(path.value) > 1:
        curves.append(Curve("impact_path", "Impact while an order lasts and after it", "Time, of the order's own",
                            "Move, of that at its end", trade_facts.PATH, path))  # fmt: skip
    _add_returns(tape, add, curves)
    for name, label, usual, (found, reason) in (
        ("cancel_share", "Orders cancelled, of those that came", "0.85 to 0.95", message_facts.cancel_share(events)),
        ("orders_per_trade", "New orders an execution", "10 to 30", message_facts.orders_per_trade(events)),
        ("order_size", "Mean size of new orders, shares", "", message_facts.mean_size(events, codes.ADD)),
        ("trade_size", "Mean size of executions, shares", "", message_facts.mean_size(events, codes.EXECUTE)),
        ("quick_share", "Messages within 1 ms of the one before", "", message_facts.quick_share(events)),
        ("day_shape", "Volume at the ends of the day over the middle", "3 to 5", message_facts.ends_over_middle(tape)),
    ):
        add(name, label, usual, found, reason)
    bins = 10.0 ** (message_facts.LOG_TIMES[:-1] + 0.125)
    curves.append(Curve("time_between", "Time between messages", "Seconds", "Share of messages", bins,
                        message_facts.time_between(events), (True, False)))  # fmt: skip
    shape = message_facts.day_shape(tape)
    part = (np.arange(len(shape)) + 0.5) / len(shape)
    curves.append(Curve("volume_shape", "Volume over the session", "Part of the session", "Share of volume", part,
                        Estimate(shape, *(np.full(len(shape), np.nan) for _ in range(2)))))  # fmt: skip
    return Facts(tuple(facts), tuple(curves))


def _add_returns(tape: Tape, add: Callable[[str, str, str, Estimate, str | None], None], curves: list[Curve]) -> None:
    named = (
        ("return_memory", "Correlation of 10 s moves with the next", "about 0"),
        ("kurtosis_10s", "Excess kurtosis of 10 s moves", "above 3"),
        ("kurtosis_300s", "Excess kurtosis of 5 min moves", "less than at 10 s"),
        ("hill_index", "Tail index of 10 s moves (Hill)", "2 to 5"),
        ("cluster_exponent", "Volatility clusters: b in lag^-b", "0.2 to 0.4"),
        ("signature_ratio", "Signature: variance rate at 1 s over 5 min", "0.8 to 1.5"),
    )
    why = return_facts.enough(tape)
    if why is not None:
        for name, label, usual in named:
            add(name, label, usual, UNKNOWN, why)
        return
    signature, ratio = return_facts.signature(tape)
    tails = return_facts.kurtosis(tape)
    memory = return_facts.return_memory(tape)
    clusters, exponent = return_facts.volatility_clusters(tape)
    at = [return_facts.HORIZONS_S.index(seconds) for seconds in KURTOSIS_AT]
    found = (_one(memory, 0), *(_one(tails, place) for place in at), return_facts.hill_index(tape), exponent, ratio)
    for (name, label, usual), value in zip(named, found, strict=True):
        reason = "sizes of moves are not alike over any lags" if name == "cluster_exponent" else None
        add(name, label, usual, value, None if np.isfinite(value.value[0]) else reason)
    horizons = np.array(return_facts.HORIZONS_S, np.float64)
    seconds = float(return_facts.STEP_S)
    curves += [
        Curve("signature", "Signature plot", "Seconds", "Variance rate, ticks² a second", horizons, signature,
              (True, False)),
        Curve("kurtosis", "Tails by horizon", "Seconds", "Excess kurtosis", horizons, tails, (True, False)),
        Curve("return_correlation", "Memory of moves", "Seconds later", "Correlation",
              np.asarray(return_facts.RETURN_LAGS * seconds, np.float64), memory),
        Curve("clusters", "Memory of the sizes of moves", "Seconds later", "Correlation",
              np.asarray(return_facts.CLUSTER_LAGS * seconds, np.float64), clusters),
    ]  # fmt: skip


def tape_halves(tape: Tape) -> tuple[Tape, Tape]:
    """The tape before the middle of the session and from it on, which begins with the quote that stood then."""
    middle = tape.open_ns + (tape.close_ns - tape.open_ns) // 2
    quote, trade = int(np.searchsorted(tape.quote_ns, middle)), int(np.searchsorted(tape.trade_ns, middle))
    return _part(tape, 0, quote, slice(None, trade), (tape.open_ns, middle)), _part(
        tape, max(quote - 1, 0), None, slice(trade, None), (middle, tape.close_ns)
    )


def _part(tape: Tape, first: int, last: int | None, trades: slice, session: tuple[int, int]) -> Tape:
    quotes = slice(first, last)
    return replace(
        tape,
        open_ns=session[0],
        close_ns=session[1],
        **{name: getattr(tape, name)[quotes] for name in ("quote_ns", "bid", "bid_size", "ask", "ask_size")},
        **{name: getattr(tape, name)[trades] for name in ("trade_ns", "trade_sign", "trade_shares")},
    )


def _one(found: Estimate, place: int) -> Estimate:
    cut = slice(place, place + 1)
    return Estimate(found.value[cut], found.low[cut], found.high[cut])
