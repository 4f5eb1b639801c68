"""The national best bid and offer from each exchange's own best, row by row."""

from __future__ import annotations

from tcakit.jit import jit

KEEP = -1  # a price of this says nothing new of its side
NONE = -1  # a best price of this: nobody quotes that side


@jit
def national_best(
    instrument,
    exchange,
    bid,
    bid_size,
    ask,
    ask_size,
    prices,
    sizes,
    best,
    out_bid,
    out_bid_size,
    out_ask,
    out_ask_size,
    changed,
):
    """Follow exchanges' quotes; tell after each row the best of all and whether it is another than before.

    `prices` and `sizes` [instrument, side (0 bid, 1 ask), exchange] are what stands, `best` [instrument, 4] is what
    was told last (bid, bid size, ask, ask size); all three are carried on. A price or size of 0 takes a side away.
    """
    exchanges = prices.shape[2]
    for row in range(len(instrument)):
        who = instrument[row]
        at = exchange[row]
        if bid[row] != KEEP:
            prices[who, 0, at] = bid[row]
            sizes[who, 0, at] = bid_size[row]
        if ask[row] != KEEP:
            prices[who, 1, at] = ask[row]
            sizes[who, 1, at] = ask_size[row]
        top_bid, top_bid_size, top_ask, top_ask_size = NONE, NONE, NONE, NONE
        for k in range(exchanges):
            price, size = prices[who, 0, k], sizes[who, 0, k]
            if price > 0 and size > 0:
                if price > top_bid:
                    top_bid, top_bid_size = price, size
                elif price == top_bid:
                    top_bid_size += size
            price, size = prices[who, 1, k], sizes[who, 1, k]
            if price > 0 and size > 0:
                if top_ask == NONE or price < top_ask:
                    top_ask, top_ask_size = price, size
                elif price == top_ask:
                    top_ask_size += size
        changed[row] = (
            top_bid != best[who, 0]
            or top_bid_size != best[who, 1]
            or top_ask != best[who, 2]
            or top_ask_size != best[who, 3]
        )
        best[who, 0] = top_bid
        best[who, 1] = top_bid_size
        best[who, 2] = top_ask
        best[who, 3] = top_ask_size
        out_bid[row] = top_bid
        out_bid_size[row] = top_bid_size
        out_ask[row] = top_ask
        out_ask_size[row] = top_ask_size
