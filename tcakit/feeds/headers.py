"""What the columns of a market-data file mean, by the many names that vendors give them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tcakit.errors import DataError
from tcakit.registry import nearest

# Each role's names, best first, in lower case without punctuation. Where two columns could play one role, the
# one that names the venue's own clock or the more exact meaning comes first.
_NAMES: dict[str, str] = {
    "time": (
        "tsevent exchangetime exchangetimestamp exchangets exchtime exchtimestamp exchts eventtime "
        "transacttime transactiontime tradetime quotetime siptimestamp participanttimestamp "
        "timestamp ts time datetime dt timestampns timestampus timestampms tsns tsus tsms "
        "timens timeus timems epoch epochns epochms epochus timeexchange"
    ),
    "date": "date day tradedate tradingday tradingdate",
    "received": (
        "tsrecv recv recvtime recvts recvtimestamp received receivedat receivedtime receivetime receivets "
        "localtimestamp localtime localts receipttimestamp"
    ),
    "symbol": "symbol ticker instrument sym rawsymbol instrumentname pair product productid market",
    "venue": "venue exchange mic",
    "price": "price px tradeprice lastprice prc",
    "size": "size qty quantity amount volume vol shares tradesize sz lastsize basevolume",
    "aggressor": "aggressor aggressorside takerside tradeside tradesign",
    "side": "side direction",
    "buyer_maker": "isbuyermaker buyermaker buyerismaker wasbuyermaker",
    "trade_id": "tradeid id tid trdmatchid aggtradeid aggid matchid",
    "condition": "condition conditions cond saleconditions salecondition salecond",
    "bid": "bid bidprice bp bidpx bestbid bestbidprice bid0 bid1 bidprice1 bidpx00 b1",
    "bid_size": ("bidsize bidqty bidquantity bidamount bidvolume bidsz bidsiz bs bestbidsize bestbidqty bidsz00 bv"),
    "ask": ("ask askprice ap askpx bestask bestaskprice offer ofr offerprice ofrprice askpx00 a1 ask0 ask1 askprice1"),
    "ask_size": (
        "asksize askqty askquantity askamount askvolume asksz asksiz as offersize offerqty ofrsiz ofrsize "
        "bestasksize bestaskqty asksz00 av"
    ),
    "is_snapshot": "issnapshot snapshot",
    "action": "action updatetype deltatype changetype",
}
SYNONYMS: dict[str, tuple[str, ...]] = {role: tuple(names.split()) for role, names in _NAMES.items()}
_BARS = {"open", "high", "low", "close"}
_FIRM = {"fillid", "parentid", "orderid", "clordid", "execid"}
CONTENTS = ("trades", "quotes", "book-l2")
_NEEDED = {
    "trades": ("price", "size"),
    "quotes": ("bid", "ask"),
    "book-l2": ("side", "price", "size"),
}


@dataclass(frozen=True, slots=True)
class Header:
    """What a file holds, the column of each role, and the roles whose column name says UTC.

    `content` is None where the names fit both trades and book deltas, and the sides written in the rows must
    tell.
    """

    content: str | None
    columns: dict[str, str]
    utc: frozenset[str]


def compact(name: str) -> str:
    """A column's name as the synonyms are written: `isBuyer_Maker` is isbuyermaker."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def names_listed(names: Sequence[str]) -> str:
    """Column names for a message, the first twenty of them."""
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return ", ".join(names[:20]) + more


def roles(names: Sequence[str]) -> tuple[dict[str, str], frozenset[str]]:
    """Role -> column name, and the roles whose column name ends in "utc"."""
    by_key: dict[str, str] = {}
    in_utc: set[str] = set()
    for name in names:
        key = compact(name)
        if key.endswith("utc") and key != "utc":
            key = key[:-3]
            in_utc.add(name)
        by_key.setdefault(key, name)
    found = {}
    for role, synonyms in SYNONYMS.items():
        for synonym in synonyms:
            if synonym in by_key:
                found[role] = by_key[synonym]
                break
    if "time" not in found and "date" in found:
        found["time"] = found.pop("date")
    return found, frozenset(role for role, name in found.items() if name in in_utc)


def is_market_data(names: Sequence[str]) -> bool:
    """Whether these column names are of a file of trades, quotes or book deltas."""
    keys = {compact(name) for name in names}
    if keys & _FIRM or keys >= _BARS:
        return False
    found, _ = roles(names)
    return "time" in found and bool(_fitting(found))


def _fitting(found: dict[str, str]) -> list[str]:
    return [content for content in CONTENTS if all(role in found for role in _NEEDED[content])]


def recognise(names: Sequence[str], content: str | None, place: str) -> Header:
    """Decide what a file holds by its column names; `content` (trades, quotes, book-l2) overrides.

    Raises DataError, naming the columns found and what to do, where they fit nothing or several things.

    >>> recognise(["timestamp", "price", "amount"], None, "day.csv").content
    'trades'
    """
    found, utc = roles(names)
    listed = names_listed(names)
    if content is not None:
        if content not in CONTENTS:
            guess = nearest(content, list(CONTENTS))
            hint = f"did you mean {guess!r}? " if guess else ""
            raise DataError(
                f"content {content!r} is not market data",
                place=place,
                remedy=f"{hint}known are {', '.join(CONTENTS)}",
            )
        lacking = [role for role in ("time", *_NEEDED[content]) if role not in found]
        if lacking:
            raise DataError(
                f"no column for {', '.join(lacking)} among {listed}",
                place=f"{place}:1",
                remedy=f"rename a column, e.g. to {lacking[0]!r}",
            )
        return Header(content, found, utc)
    keys = {compact(name) for name in names}
    if keys >= _BARS:
        raise DataError(
            f"bars, not trades or quotes (columns {listed})",
            place=f"{place}:1",
            remedy="give trades and quotes",
        )
    fitting = _fitting(found)
    if "time" not in found or not fitting:
        lacking_time = "no column of times" if "time" not in found else "neither trades, quotes nor book deltas"
        raise DataError(
            f"{lacking_time} among the columns {listed}",
            place=f"{place}:1",
            remedy="name them timestamp, price, size (trades), bid, ask, bid_size, ask_size (quotes) "
            "or side, price, size, is_snapshot (book deltas); a blotter needs --mapping",
        )
    if "quotes" in fitting and len(fitting) > 1:
        raise DataError(
            f"both trades and quotes among the columns {listed}",
            place=f"{place}:1",
            remedy="say which to take: --content trades or --content quotes",
        )
    if "book-l2" not in fitting:
        return Header(fitting[0], found, utc)
    delta_signs = [role for role in ("is_snapshot", "action") if role in found]
    trade_signs = [role for role in ("aggressor", "buyer_maker", "trade_id", "condition") if role in found]
    if delta_signs and trade_signs:
        raise DataError(
            f"signs of both trades ({_of(found, trade_signs)}) and book deltas ({_of(found, delta_signs)})",
            place=f"{place}:1",
            remedy="say which it is: --content trades or --content book-l2",
        )
    if delta_signs:
        return Header("book-l2", found, utc)
    return Header("trades" if trade_signs else None, found, utc)


def _of(found: dict[str, str], names: Sequence[str]) -> str:
    return ", ".join(found[role] for role in names)
