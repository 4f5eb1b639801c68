"""Which symbols and dates of market data the stored orders need, so that no more of a whole market is kept."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import polars as pl

from tcakit.errors import UsageError
from tcakit.feeds.aliases import Alias, match_with_kinds
from tcakit.feeds.contract import Batch, Faults
from tcakit.market.schema import ALIASES, FILLS, PARENTS
from tcakit.store.bridge import frame
from tcakit.store.database import Store

PASSED_OVER = "rows of other symbols"


class Needed:
    """The (name, date) pairs of stored parents and fills, matched to a file's symbols as these come to light."""

    def __init__(self, names: set[tuple[str, str]], aliases: list[Alias]) -> None:
        self._names = sorted(names)
        self._aliases = aliases
        self._known: set[str] = set()
        self._kept: set[tuple[str, str]] = set()

    @classmethod
    def of(cls, store: Store) -> Needed:
        """What the stored blotter needs; UsageError if there is none."""
        with store.read_results() as connection:
            where = (
                "WHERE run_id IN (SELECT ingest_key FROM files WHERE format IN ('blotter', 'fix') "
                "AND status = 'stored')"
            )
            parents, fills = frame(connection, PARENTS, where), frame(connection, FILLS, where)
            aliases = [Alias(**row) for row in frame(connection, ALIASES).to_dicts()]
        own = parents.select(pl.coalesce("raw_symbol", "symbol"), "date").rows()
        names = {*own, *fills.select("symbol", "date").rows()}
        if not names:
            raise no_orders()
        return cls(names, aliases)

    @property
    def key(self) -> str:
        """A hash of what is needed, for the ingest key."""
        rows = sorted(
            (alias.alias, alias.symbol, alias.valid_from or "", alias.valid_to or "") for alias in self._aliases
        )
        return hashlib.sha256(json.dumps([self._names, rows]).encode()).hexdigest()[:16]

    def keep(self, batch: Batch, faults: Faults) -> Batch | None:
        """The batch's rows of needed symbols and dates, None if it has none; the others are counted in `faults`.

        The firm's own rows are all kept.
        """
        if batch.date is None:
            return batch
        if batch.instrument is not None:
            if self._needs(batch.instrument.symbol, batch.date):
                return batch
            faults.count(PASSED_OVER, batch.frame.height)
            return None
        self._learn({instrument.symbol for instrument in batch.instruments.values()})
        kept = {
            local: instrument
            for local, instrument in batch.instruments.items()
            if (instrument.symbol, batch.date) in self._kept
        }
        rows = batch.frame.filter(pl.col("local_id").is_in(list(kept)))
        faults.count(PASSED_OVER, batch.frame.height - rows.height)
        return replace(batch, frame=rows, instruments=kept) if rows.height else None

    def _needs(self, symbol: str, date: str) -> bool:
        self._learn({symbol})
        return (symbol, date) in self._kept

    def _learn(self, symbols: set[str]) -> None:
        new = symbols - self._known
        if not new:
            return
        self._known |= new
        matched, _ = match_with_kinds(self._names, new, self._aliases)
        self._kept |= {(match.symbol, date) for (_, date), match in matched.items()}


def no_orders() -> UsageError:
    """What is told when no orders say which symbols are needed."""
    return UsageError("no orders are stored", place="--symbols-from", remedy="ingest the blotter first")
