"""A simulated day as a LOBSTER pair: messages, and the best N levels after each message, one row each."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tcakit.errors import UsageError
from tcakit.market import codes
from tcakit.market.clock import midnight_ns
from tcakit.simulator.recorded_day import RecordedDay
from tcakit.simulator.window_kernel import NO_PRICE

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

_TYPES = {
    codes.ADD: 1,
    codes.REDUCE: 2,
    codes.DELETE: 3,
    codes.EXECUTE: 4,
    codes.PRINT_HIDDEN: 5,
    codes.PRINT_CROSS: 6,
    codes.HALT: 7,
    codes.QUOTE_RESUME: 7,
    codes.TRADE_RESUME: 7,
}
_HALT_PRICES = {codes.HALT: -1, codes.QUOTE_RESUME: 0, codes.TRADE_RESUME: 1}
_LOBSTER_SCALE = 10_000
_NO_ASK = 9_999_999_999  # LOBSTER's price of a level that is not there; a bid has it negative
_FIXED_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can hold, so that bytes depend on content alone


@dataclass(frozen=True, slots=True)
class LobsterPair:
    """The two files' names and contents, and the name of the archive that holds both."""

    archive_name: str
    message_name: str
    orderbook_name: str
    message: bytes
    orderbook: bytes
    rows: int


def lobster_pair(day: RecordedDay, levels: int = 5) -> LobsterPair:
    """Write the pair for the best `levels` (1 to 200), without header, in LOBSTER's layout.

    message: seconds after midnight of the exchange (decimal, trailing zeros dropped), type (1 new, 2
    partial cancel, 3 delete, 4 execution, 5 hidden execution, 6 auction, 7 halt), order id (0 for 5 to 7), size,
    price x 10000, direction (1 buy, -1 sell: side of the resting order; -1 for 6 and 7). A displayed order that trades
    in an auction has no type of its own: it is a cancel, and the auction has the volume. orderbook: ask price,
    ask size, bid price, bid size a level, after that message. Only messages that change the window, trades, halts and
    resumptions are written; the opening book shows in the first row only.
    """
    import polars as pl

    if not 1 <= levels <= 200:
        raise UsageError(f"{levels} levels", place="levels", remedy="choose from 1 to 200")
    row_of, window = day.top(levels, quotes_only=False)
    scale = _LOBSTER_SCALE // day.instrument.price_scale
    kind = day.kind[row_of].astype(np.int64)
    type_of = np.zeros(int(max(*_TYPES, codes.EXECUTE_UNPRINTED)) + 1, np.int64)
    for code, number in _TYPES.items():
        type_of[code] = number
    types = type_of[kind]
    unprinted = kind == codes.EXECUTE_UNPRINTED
    types[unprinted] = np.where(last_of_order(day)[row_of][unprinted], _TYPES[codes.DELETE], _TYPES[codes.REDUCE])
    price = day.price[row_of] * scale
    for code, told in _HALT_PRICES.items():
        price[kind == code] = told
    message = pl.DataFrame(
        {
            "time": seconds_after_midnight(day.ts_ns[row_of] - midnight_ns(day.date, day.instrument.timezone)),
            "type": types,
            "order_id": day.order_id[row_of],
            "size": day.size[row_of],
            "price": price,
            "direction": np.where(types >= _TYPES[codes.PRINT_CROSS], -1, day.side[row_of].astype(np.int64)),
        }
    )
    book = window.copy()
    for first, missing in ((0, _NO_ASK), (2, -_NO_ASK)):
        prices = book[:, first::4]
        empty = prices == NO_PRICE
        prices *= scale
        prices[empty] = missing
    orderbook = pl.DataFrame({f"column_{number}": book[:, number] for number in range(book.shape[1])})
    start, end = ((edge - midnight_ns(day.date, day.instrument.timezone)) // 1_000_000 for edge in day.session)
    stem = f"{day.symbol}_{day.date}_{start}_{end}"
    return LobsterPair(
        archive_name=f"{stem}_{levels}.zip",
        message_name=f"{stem}_message_{levels}.csv",
        orderbook_name=f"{stem}_orderbook_{levels}.csv",
        message=message.write_csv(include_header=False).encode(),
        orderbook=orderbook.write_csv(include_header=False).encode(),
        rows=message.height,
    )


def last_of_order(day: RecordedDay) -> NDArray[np.bool_]:
    """Whether nothing is left of a row's order after it."""
    import polars as pl

    change = np.where(day.kind == codes.ADD, day.size, -day.size)
    change[~np.isin(day.kind, codes.BOOK_KINDS)] = 0
    left = pl.DataFrame({"order": day.order_id, "change": change}).select(pl.col("change").cum_sum().over("order"))
    return (left.to_series() == 0).to_numpy()


def seconds_after_midnight(ns: NDArray[np.int64]) -> pl.Series:
    """Decimal seconds with up to nine decimals, trailing zeros dropped.

    >>> seconds_after_midnight(np.array([34_200_017_459_617, 34_200_500_000_000])).to_list()
    ['34200.017459617', '34200.5']
    """
    import polars as pl

    seconds, rest = np.divmod(ns, 1_000_000_000)
    text = pl.Series("time", seconds).cast(pl.String) + "." + pl.Series(rest).cast(pl.String).str.zfill(9)
    return text.str.strip_chars_end("0").str.strip_chars_end(".")


def write_lobster(day: RecordedDay, folder: Path, levels: int = 5, *, zipped: bool = False) -> list[Path]:
    """Write the pair into `folder` (made if need be), as two files or one archive; returns their paths."""
    pair = lobster_pair(day, levels)
    folder.mkdir(parents=True, exist_ok=True)
    if not zipped:
        paths = [folder / pair.message_name, folder / pair.orderbook_name]
        paths[0].write_bytes(pair.message)
        paths[1].write_bytes(pair.orderbook)
        return paths
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        for name, content in ((pair.message_name, pair.message), (pair.orderbook_name, pair.orderbook)):
            member = zipfile.ZipInfo(name, _FIXED_ZIP_TIME)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            members.writestr(member, content, compresslevel=9)
    path = folder / pair.archive_name
    path.write_bytes(archive.getvalue())
    return [path]
