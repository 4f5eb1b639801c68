"""Which index each of the firm's orders is set against, and how far its symbol goes with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import polars as pl

from tcakit.errors import UsageError
from tcakit.market.day import MarketDay
from tcakit.registry import nearest
from tcakit.store.database import Store
from tcakit.store.market_data import symbol_days
from tcakit.store.reference import References

if TYPE_CHECKING:
    from tcakit.tca.benchmark_context import SymbolIndex

Markets = Mapping[tuple[str, str], MarketDay]
_NO_BETA = 1.0


def indices_of(
    store: Store, parents: pl.DataFrame, default: str | None, markets_of: Callable[[Store, pl.DataFrame], Markets]
) -> dict[tuple[str, str], SymbolIndex]:
    """The index of every (symbol, date) of some parents: the one of the security master, else `default` (a symbol of
    the store), and the beta of the master, else 1.

    An order in the index itself has none. `markets_of` gives the stored markets of a frame of symbols and dates; an
    index that is not stored on a day has no market there. Raises UsageError where `default` is stored on no day.
    """
    from tcakit.tca.benchmark_context import SymbolIndex

    if default is not None:
        _check_stored(store, default)
    facts = References.of(store)
    rows = parents.filter(pl.col("matched")).select("symbol", "venue", "date").unique(maintain_order=True)
    named: dict[tuple[str, str], tuple[str, float]] = {}
    for symbol, venue, date in rows.iter_rows():
        index = facts.fact("index_symbol", symbol, venue, date) or default
        if index is not None and index != symbol:
            beta = facts.fact("beta", symbol, venue, date)
            named[symbol, date] = index, _NO_BETA if beta is None else beta
    wanted = sorted({(index, date) for (_, date), (index, _) in named.items()})
    markets = markets_of(store, pl.DataFrame(wanted, schema={"symbol": pl.String, "date": pl.String}, orient="row"))
    return {
        (symbol, date): SymbolIndex(index, beta, markets.get((index, date)))
        for (symbol, date), (index, beta) in named.items()
    }


def _check_stored(store: Store, index: str) -> None:
    symbols = {day.instrument.symbol for date in store.dates() for day in symbol_days(store, date)}
    if index not in symbols:
        guess = nearest(index, sorted(symbols))
        raise UsageError(
            f"{index!r} is no symbol of the store",
            place="--index",
            remedy=f"did you mean {guess}?" if guess else "ingest its market data first; tcakit catalog lists symbols",
        )
