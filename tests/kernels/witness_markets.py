"""Several venues in one clock once more, row by row and message by message: slow and plain."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from replay_witness import Message, Row, Witness, seen_by

from tcakit.market import codes

FILLS = (codes.PARTIAL, codes.FILLED)
OVER = (codes.FILLED, codes.CANCELLED, codes.REJECTED, codes.EXPIRED)


@dataclass
class PlainMarket:
    """A venue, the rows that are still to come, and what is under way to it and from it.

    `answers` are (when it is known, place in the venue's log).
    """

    name: str
    rows: Sequence[Row]
    venue: Witness
    latency: tuple[int, int, int]  # feed, entry, response
    first_order: int
    played: int = 0
    messages: list[tuple[int, Message]] = field(default_factory=list)
    answers: list[tuple[int, int]] = field(default_factory=list)
    told: int = 0
    orders: int = 0
    is_over: set[int] = field(default_factory=set)

    def next_ns(self) -> list[int]:
        """When a row, a message or an answer is due."""
        due = [self.rows[self.played].ns] if self.played < len(self.rows) else []
        return due + [at for at, _ in self.messages[:1]] + [at for at, _ in self.answers[:1]]

    def play(self, ns: int) -> None:
        """All rows of this time, then all messages."""
        while self.played < len(self.rows) and self.rows[self.played].ns == ns:
            self.venue.on_row(self.rows[self.played])
            self.played += 1
            if self.played == len(self.rows) or self.rows[self.played].ns != ns:
                self.venue.settle(ns)
            self.note(ns)
        while self.messages and self.messages[0][0] == ns:
            self.venue.on_message(ns, self.messages.pop(0)[1])
            self.note(ns)

    def note(self, ns: int) -> None:
        """What the venue said is under way now."""
        for at in range(self.told, len(self.venue.log)):
            self.answers.append((ns + self.latency[2], at))
        self.told = len(self.venue.log)


class PlainGateway:
    """What a strategy may ask of one of the markets."""

    def __init__(self, run: PlainRun, market: PlainMarket) -> None:
        self.run, self.at = run, market
        self.name = market.name

    @property
    def now_ns(self) -> int:
        return self.run.now

    @property
    def market_volume(self) -> int:
        return seen_by(self.at.rows, self.run.now, self.at.latency[0])[1]

    @property
    def markets(self) -> tuple[str, ...]:
        return tuple(gateway.name for gateway in self.run.gateways)

    def market(self, name: str) -> PlainGateway:
        return next(gateway for gateway in self.run.gateways if gateway.name == name)

    def submit(self, side: int, quantity: int, tick: int | None = None, time_in_force: int = codes.GTC) -> int:
        number = self.at.orders
        self.at.orders += 1
        self.send(Message(self.run.now, number, False, side, tick, quantity, time_in_force))
        return self.at.first_order + number

    def cancel(self, order_id: int) -> None:
        number = order_id - self.at.first_order
        if number not in self.at.is_over:
            self.send(Message(self.run.now, number, is_cancel=True))

    def send(self, message: Message) -> None:
        self.at.messages.append((self.run.now + self.at.latency[1], message))

    def wake_at(self, ns: int) -> None:
        self.run.wakes_asked += 1
        heapq.heappush(self.run.wakes, (max(ns, self.run.now + 1), self.run.wakes_asked))


class PlainRun:
    """One strategy at several markets, from `start` to `end` and until nothing is under way."""

    def __init__(self, markets: list[PlainMarket], strategy: Any, start: int, end: int) -> None:
        self.markets, self.strategy, self.end = markets, strategy, end
        self.gateways = [PlainGateway(self, market) for market in markets]
        self.wakes, self.wakes_asked, self.now = [(start, 0)], 0, 0
        self.ask: Callable[[Any], None] = strategy.on_start

    def run(self) -> None:
        while True:
            due = [ns for market in self.markets for ns in market.next_ns()]
            self.now = min([*due, self.wakes[0][0] if self.wakes else self.end])
            for market in self.markets:
                market.play(self.now)
            answered = [self.tell(gateway) for gateway in self.gateways]
            if any(answered) or self.now in [at for market in self.markets for at, _ in market.messages]:
                continue
            while self.wakes and self.wakes[0][0] == self.now:
                heapq.heappop(self.wakes)
                ask, self.ask = self.ask, self.strategy.on_time
                ask(self.gateways[0])
            if not self.wakes and self.now >= self.end:
                under_way = [at for market in self.markets for at, _ in [*market.messages, *market.answers]]
                if not under_way:
                    return
                self.end = max(self.now + 1, *under_way)

    def tell(self, gateway: PlainGateway) -> bool:
        """The answers of a market that are known now; whether there were any."""
        market, found = gateway.at, False
        while market.answers and market.answers[0][0] == self.now:
            found = True
            _, at = market.answers.pop(0)
            _, number, event, reason, tick, size, *_ = market.venue.log[at]
            if event in OVER:
                market.is_over.add(number)
            if event in FILLS:
                self.strategy.on_fill(gateway, (market.first_order + number, tick, size))
            else:
                self.strategy.on_order(gateway, market.first_order + number, event, reason)
        return found
