"""The slow witness: an order book in plain Python that is easy to believe, for checking the fast ones."""

from __future__ import annotations

from tcakit.market import codes


class PlainBook:
    """Price -> orders in the order they queued; level-3 events by order, level-2 updates by level.

    Prices and sizes are integers of any unit. A level set by level-2 holds one order without an id.

    >>> book = PlainBook()
    >>> book.add(71, codes.BUY, 100, 5)
    >>> book.add(72, codes.BUY, 100, 7)
    >>> book.add(73, codes.SELL, 102, 4)
    >>> book.reduce(71, 2)
    >>> book.top(1)
    ([(100, 10)], [(102, 4)])
    """

    def __init__(self) -> None:
        self.levels: dict[int, dict[int, list[tuple[int | None, int]]]] = {codes.BUY: {}, codes.SELL: {}}
        self.where: dict[int, tuple[int, int]] = {}

    def add(self, order_id: int, side: int, price: int, size: int) -> None:
        """Queue an order last at its price; one that is live already is moved there."""
        if size <= 0:
            raise ValueError(f"size {size} of order {order_id} is not above zero")
        if order_id in self.where:
            self.remove(order_id)
        self.levels[side].setdefault(price, []).append((order_id, size))
        self.where[order_id] = (side, price)

    def reduce(self, order_id: int, amount: int) -> None:
        """Take `amount` off an order, which keeps its place, or leaves if nothing is left. KeyError if unknown."""
        side, price = self.where[order_id]
        queue = self.levels[side][price]
        place = [name for name, _ in queue].index(order_id)
        left = queue[place][1] - amount
        if left > 0:
            queue[place] = (order_id, left)
        else:
            self.remove(order_id)

    def remove(self, order_id: int) -> None:
        """Take an order out. KeyError if unknown."""
        side, price = self.where.pop(order_id)
        queue = [order for order in self.levels[side][price] if order[0] != order_id]
        if queue:
            self.levels[side][price] = queue
        else:
            del self.levels[side][price]

    def modify(self, order_id: int, price: int, size: int) -> None:
        """Move an order to the end of the queue at `price`, with a new size. KeyError if unknown."""
        side, _ = self.where[order_id]
        self.remove(order_id)
        self.add(order_id, side, price, size)

    def set_level(self, side: int, price: int, size: int) -> None:
        """Level-2: the displayed size at a price is now `size`; zero takes the level away."""
        for order_id, _ in self.levels[side].pop(price, []):
            if order_id is not None:
                del self.where[order_id]
        if size > 0:
            self.levels[side][price] = [(None, size)]

    def clear(self) -> None:
        """Empty both sides."""
        self.levels = {codes.BUY: {}, codes.SELL: {}}
        self.where = {}

    def apply(self, kind: int, side: int, price: int, size: int, order_id: int) -> None:
        """One level-3 event (codes of `market.codes`); events on unknown orders and prints change nothing."""
        if kind in (codes.ADD, codes.SNAPSHOT):
            self.add(order_id, side, price, size)
        elif kind == codes.CLEAR:
            self.clear()
        elif order_id not in self.where:
            return
        elif kind in (codes.REDUCE, codes.EXECUTE):
            self.reduce(order_id, size)
        elif kind == codes.DELETE:
            self.remove(order_id)

    def size_at(self, side: int, price: int) -> int:
        """Displayed size at a price, 0 if none."""
        return sum(size for _, size in self.levels[side].get(price, []))

    def ahead_of(self, order_id: int) -> int:
        """Displayed size that trades before this order at its price. KeyError if unknown."""
        side, price = self.where[order_id]
        ahead = 0
        for name, size in self.levels[side][price]:
            if name == order_id:
                break
            ahead += size
        return ahead

    def bids(self) -> list[tuple[int, int]]:
        """(price, size), best first."""
        return [(price, self.size_at(codes.BUY, price)) for price in sorted(self.levels[codes.BUY], reverse=True)]

    def asks(self) -> list[tuple[int, int]]:
        """(price, size), best first."""
        return [(price, self.size_at(codes.SELL, price)) for price in sorted(self.levels[codes.SELL])]

    def top(self, levels: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """The best `levels` of both sides: (bids, asks)."""
        return self.bids()[:levels], self.asks()[:levels]
