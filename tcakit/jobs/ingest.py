"""Files into the store."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from tcakit.errors import DataError, DiskError, SeveralErrors, TcakitError, UsageError
from tcakit.feeds.contract import Batch, Faults, Reader, ReaderOptions, Source
from tcakit.feeds.files import beginning_hash, detect, discover, reader_named, sizes, sources
from tcakit.jobs.clock_shift import Brokers, shifted
from tcakit.jobs.ingest_facts import settle
from tcakit.jobs.needed import PASSED_OVER, Needed, no_orders
from tcakit.market.schema import ALIASES, FAULTS, PARENTS
from tcakit.store import ingest as stored
from tcakit.store.bridge import frame, insert
from tcakit.store.database import Store
from tcakit.store.disk import no_room_told
from tcakit.store.firm_rows import FIRM_FORMATS, FIRM_TABLES, KEY_COLUMNS
from tcakit.store.reference import References
from tcakit.store.staging import MarketRows, Staging

DEFAULT_MAX_FAULTS = 0.001
FEW_FAULTS = 10
"""So many bad rows of parent orders, if they are no more than a quarter, do not refuse the file unless asked to. A lost
fill is another matter: its shares would count as not filled."""


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """What to ingest and how; `max_faults` is the share of refused rows over which a file is refused whole; if it is
    None, a thousandth, and of parent orders `FEW_FAULTS` rows, so that one bad order does not take the day's others
    away.

    A file with fewer rows than `min_rows` is refused whole too. With `replace` a file takes the place of what was
    stored before from the same path, whatever it held. With `symbols_from` "orders", of market data only the symbols
    and dates of the stored blotter are kept.
    """

    paths: Sequence[str]
    options: ReaderOptions = field(default_factory=ReaderOptions)
    format: str | None = None
    mapping: str | None = None
    symbol_map: str | None = None
    max_faults: float | None = None
    dry_run: bool = False
    min_rows: int = 0
    replace: bool = False
    symbols_from: str | None = None


Progress = Callable[[str, int, int], None]


def ingest(
    folder: Path, request: IngestRequest, progress: Progress | None = None, wait_s: float = 30.0
) -> dict[str, Any]:
    """Store every file of the request; gives what was stored of each.

    Files that are good are stored even if others are not; what was wrong with those is raised at the end, with
    nothing of them stored.
    """
    found = discover(request.paths)
    if not found and not request.symbol_map:
        raise UsageError("no files to ingest", place=", ".join(request.paths), remedy="give files, folders or globs")
    if request.symbols_from not in (None, "orders"):
        raise UsageError(f"{request.symbols_from!r} is unknown", place="--symbols-from", remedy="write orders")
    options = request.options
    if request.mapping is not None:
        from tcakit.feeds.mapping import load

        options = replace(options, mapping=load(request.mapping))
    # A wrong --format is the user's mistake, whatever the files are.
    forced = reader_named(request.format) if request.format else None
    results: list[dict[str, Any]] = []
    troubles: list[TcakitError] = []
    with ExitStack() as held:
        target = _Target(folder, _doing(found), request.dry_run, wait_s, held)
        if request.symbol_map:
            rows = 0 if request.dry_run else _store_aliases(target.store(), Path(request.symbol_map))
            results.append(_alias_entry(request.symbol_map, rows))
        needed = target.needed() if request.symbols_from else None
        waiting: list[Source] = []
        # Left in the middle too, it removes what it unpacked.
        unpacked = held.enter_context(closing(sources(found, troubles)))
        for number, source in enumerate(unpacked):
            if progress:
                progress(source.name, number, len(found))
            try:
                results.append(_one(target, source, forced, options, request, needed))
            except _OrdersUnknownError:
                waiting.append(source)
            except TcakitError as trouble:
                troubles.append(trouble)
                if isinstance(trouble, DiskError):
                    waiting = []
                    break
        # Opened anew: what the first turn unpacked is gone.
        names = [source.name for source in waiting]
        paths = list(dict.fromkeys(path for source in waiting for path in source.paths))
        for source in held.enter_context(closing(sources(paths, troubles))):
            if source.name not in names:
                continue
            try:
                results.append(_one(target, source, forced, options, request, needed, last=True))
            except TcakitError as trouble:
                troubles.append(trouble)
    if troubles:
        many = f"{len(troubles)} of {len(troubles) + len(results)} files are refused:"
        # One and the same for all of them is no file's: the store's, say.
        told = troubles[0] if len({str(trouble) for trouble in troubles}) == 1 else SeveralErrors(many, troubles)
        told.done = _totals(results, target.recovered)
        raise told
    return _totals(results, target.recovered)


class _OrdersUnknownError(Exception):
    """Fills of orders that no file gave so far: whose clock they bear is known once the other files are read."""


def _doing(found: Sequence[Path]) -> str:
    """What others are told who wait for us."""
    if not found:
        return "ingest"
    return f"ingest {found[0].name}" + (f" and {len(found) - 1} more" if len(found) > 1 else "")


def _totals(results: list[dict[str, Any]], recovered: list[str]) -> dict[str, Any]:
    """What is told at the end; `recovered` are files that a process that died had left half stored: taken out."""
    return {
        "files": results,
        "rows": sum(result["rows"] for result in results),
        "faults": sum(result["faults"] for result in results),
        "recovered": recovered,
    }


class _Target:
    """The store to write to, made and locked when the first good file is there: bad files alone leave no trace."""

    def __init__(self, folder: Path, what: str, dry_run: bool, wait_s: float, held: ExitStack) -> None:
        self.folder = folder
        self.what = what
        self.dry_run = dry_run
        self.wait_s = wait_s
        self.held = held
        self.opened: Store | None = None
        self.recovered: list[str] = []
        self._references: References | None = None

    @property
    def exists(self) -> bool:
        return self.opened is not None or (self.folder / "store.json").exists()

    def references(self) -> References:
        """The security master of the store, empty where there is no store yet."""
        if self._references is None:
            held = self.opened or (Store(self.folder, wait_s=self.wait_s) if self.exists else None)
            self._references = References([]) if held is None else References.of(held)
        return self._references

    def needed(self) -> Needed:
        """What the stored orders need; UsageError if there are none."""
        if not self.exists:
            raise no_orders()
        return Needed.of(Store(self.folder, wait_s=self.wait_s))

    def store(self) -> Store:
        if self.opened is None:
            with no_room_told(self.folder):
                store = Store(self.folder, create=True, wait_s=self.wait_s)
                self.held.enter_context(store.writer(self.what))
                self.recovered = stored.recover(store)
            self.opened = store
        return self.opened

    def put(
        self, record: stored.FileRecord, market: Staging, firm: Sequence[tuple[str, pl.DataFrame]], faults: pl.DataFrame
    ) -> stored.Put:
        """Store a file's rows; what a failure left of them is taken out at once, not only by the next process."""
        store = self.store()
        try:
            return stored.put(store, record, market, firm, faults)
        except Exception:
            # Where that fails too (a full disk), the next writer does it.
            with suppress(Exception):
                stored.recover(store)
            raise

    def has(self, key: str) -> bool:
        if self.dry_run or not self.exists:
            return False
        return stored.is_stored(self.store(), key)


def _one(
    target: _Target,
    source: Source,
    forced: Reader | None,
    options: ReaderOptions,
    request: IngestRequest,
    needed: Needed | None = None,
    last: bool = False,
) -> dict[str, Any]:
    """Read one source and store it; gives what is told of it.

    Raises _OrdersUnknownError, unless this is its `last` turn, when its rows are shifted by broker and nobody knows
    theirs.
    """
    started = time.perf_counter()
    if forced is None and request.mapping is None and is_alias_file(source):
        rows = 0 if request.dry_run else _store_aliases(target.store(), source.paths[0])
        return _alias_entry(source.name, rows)
    # A mapping says what it is for: a blotter's columns, or a FIX log's tags.
    mapped = None if options.mapping is None else reader_named(str(options.mapping.get("format", "blotter")))
    reader = forced or mapped or detect(source)
    if not getattr(reader, "scores_sentiment", False):
        options = replace(options, sentiment=None)
    if reader.name not in FIRM_FORMATS:
        options = replace(options, clock_offsets=None)  # the tape's clock is what the firm's is set by
    key = ingest_key(source, reader, options, needed)
    entry: dict[str, Any] = {"path": source.name, "format": reader.name, "sha256": source.sha256, "ingest_key": key}
    if target.has(key):
        return entry | {"rows": 0, "faults": 0, "skipped": True, "seconds": 0.0}
    faults = Faults()
    seen = _Seen()
    with no_room_told(target.folder), ExitStack() as stack:
        # A dry run stages too: what it says is what would be stored.
        store = (lambda: Store.scratch(stack)) if request.dry_run else target.store
        staged = stack.enter_context(Staging(store, key))
        for read in reader.read(source, options, faults):
            batch = read if needed is None else needed.keep(read, faults)
            if batch is None:
                continue
            seen.add(batch)
            if batch.table in FIRM_TABLES:
                seen.firm.append((batch.table, batch.frame.with_columns(pl.lit(key).alias(KEY_COLUMNS[batch.table]))))
            elif batch.date is not None:
                staged.add(_market_rows(batch, batch.date))
        rows, shared = seen.rows, 0
        # A file of the whole market may have nothing of ours: that is no fault of it.
        nothing_needed = not rows and PASSED_OVER in faults.counts
        if not nothing_needed:
            _judge(source, faults, rows, request, of_parents={table for table, _ in seen.firm} == {"parents"})
            if options.clock_offsets:
                unknown = _shift(target, seen.firm, options.clock_offsets)
                if unknown and not last:
                    raise _OrdersUnknownError
                faults.count("fills and child orders of no known parent order, not shifted by broker", unknown)
            settle(staged, options, target.references(), faults, source.name)
        if not request.dry_run and not nothing_needed:
            told = json.dumps(options.as_dict(), sort_keys=True)
            record = stored.FileRecord(
                key, source.sha256, source.name, reader.name, reader.version, told, request.replace,
                sizes(source), getattr(reader, "reads_names", False), _grown_from(target.store(), source, reader),
            )  # fmt: skip
            done = target.put(record, staged, seen.firm, _fault_rows(key, faults))
            rows, shared = done.rows, done.shared
    entry |= {"rows": rows, "faults": len(faults.found), "skipped": False, "content": sorted(seen.contents)}
    entry |= {"days": sorted(seen.days), "symbols": sorted(seen.symbols)}
    if shared:
        entry["stored_before"] = shared  # rows that other files had given
    if faults.counts:
        entry["passed_over"] = dict(sorted(faults.counts.items()))
    if faults.found:
        entry["first_fault"] = f"{faults.found[0].path}:{faults.found[0].line}: {faults.found[0].reason}"
    return entry | {"seconds": round(time.perf_counter() - started, 3)}


def _shift(target: _Target, firm: list[tuple[str, pl.DataFrame]], offsets: dict[str, int]) -> int:
    """Move the times of a file's rows in place; gives how many name an order that neither it nor the store has."""
    stored_parents = []
    if target.opened is not None or (target.folder / "store.json").exists():
        with (target.opened or Store(target.folder, wait_s=target.wait_s)).read_results() as connection:
            stored_parents.append(
                frame(connection, PARENTS, "WHERE run_id IN (SELECT ingest_key FROM files) ORDER BY rowid")
            )
    own_parents = [rows for table, rows in firm if table == "parents"]
    brokers = Brokers.among([*stored_parents, *own_parents])
    by_broker = any(broker for broker in offsets)
    unknown = 0
    for place, (table, rows) in enumerate(firm):
        if table == "parents":
            missing = pl.Series([None] * rows.height, dtype=pl.String)
            whose = rows["broker"].cast(pl.String) if "broker" in rows.columns else missing
        else:
            whose, lost = brokers.find(rows)
            unknown += lost if by_broker else 0
        firm[place] = (table, shifted(table, rows, offsets, whose))
    return unknown


def _grown_from(store: Store, source: Source, reader: Reader) -> tuple[str, ...]:
    """Ingest keys of files that were stored from the same path when they held the beginning of this content."""
    beginnings = stored.stored_beginnings(store, source.name, reader.name)
    return tuple(key for key, sha256, members in beginnings if beginning_hash(source, members) == sha256)


def _market_rows(batch: Batch, date: str) -> MarketRows:
    content = batch.content or batch.table
    return MarketRows(batch.table, batch.frame, batch.instrument, date, content, batch.depth, batch.instruments)


@dataclass(slots=True)
class _Seen:
    """What the batches of a file held."""

    rows: int = 0
    firm: list[tuple[str, pl.DataFrame]] = field(default_factory=list)
    contents: set[str] = field(default_factory=set)
    days: set[str] = field(default_factory=set)
    symbols: set[str] = field(default_factory=set)

    def add(self, batch: Batch) -> None:
        self.rows += batch.frame.height
        self.contents.add(batch.content or batch.table)
        if batch.date:
            self.days.add(batch.date)
        if batch.instrument:
            self.symbols.add(batch.instrument.symbol)
        self.symbols.update(instrument.symbol for instrument in batch.instruments.values())


def _alias_entry(path: str, rows: int) -> dict[str, Any]:
    return {"path": path, "format": "aliases", "rows": rows, "faults": 0, "skipped": False, "seconds": 0.0}


def ingest_key(source: Source, reader: Reader, options: ReaderOptions, needed: Needed | None = None) -> str:
    """Name what a file gives: its content, who read it, how it was told to, and which symbols were kept."""
    # A reader that takes symbol or date from a file's name reads another file when the name is another.
    named = sorted(Path(label).name for label, _ in source.members) if getattr(reader, "reads_names", False) else []
    facts = [source.sha256, reader.name, reader.version, options.as_dict(), named]
    if needed is not None:
        facts.append(needed.key)
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


def _judge(source: Source, faults: Faults, rows: int, request: IngestRequest, of_parents: bool) -> None:
    max_faults = DEFAULT_MAX_FAULTS if request.max_faults is None else request.max_faults
    bad = faults.refused
    total = max(faults.rows, bad)
    few = of_parents and request.max_faults is None and bad <= min(FEW_FAULTS, total / 4)
    if bad > max_faults * total and not few:
        first = next(fault for fault in faults.found if not fault.kept)
        raise DataError(
            f"{bad} of {total} rows are bad, more than --max-faults {max_faults:g} allows; nothing of it is stored; "
            f"the first: {first.path}:{first.line}: {first.reason}",
            place=source.name,
            remedy="repair the file, or raise --max-faults",
        )
    if not rows:
        raise DataError("no rows", place=source.name, remedy="check the file")
    if rows < request.min_rows:
        raise DataError(
            f"{rows} rows where at least {request.min_rows} are expected; nothing of it is stored",
            place=source.name,
            remedy="fetch the file again",
        )


def _fault_rows(key: str, faults: Faults) -> pl.DataFrame:
    if not faults.found:
        return FAULTS.empty()
    return pl.DataFrame(
        [
            {"ingest_key": key, "path": fault.path, "line": fault.line, "reason": fault.reason, "text": fault.text}
            for fault in faults.found
        ],
        schema=FAULTS.polars_schema(),
    )


def _store_aliases(store: Store, path: Path) -> int:
    from tcakit.feeds.aliases import COLUMNS, read_alias_file

    rows = [{name: getattr(alias, name) for name in COLUMNS} for alias in read_alias_file(path)]
    with store.write_results() as connection:
        for row in rows:
            connection.execute("DELETE FROM aliases WHERE alias = ? AND kind = ?", [row["alias"], row["kind"]])
        insert(connection, ALIASES, pl.DataFrame(rows, schema=ALIASES.polars_schema()))
    return len(rows)


def is_alias_file(source: Source) -> bool:
    """Whether a file is a table of aliases (alias, kind, symbol, ...) rather than market data or a blotter."""
    content = source.members[0][1]
    if not isinstance(content, Path) or content.suffix.lower() != ".csv":
        return False
    with content.open("rb") as file:
        head = [name.strip().lower() for name in file.readline(4096).decode("utf-8", "replace").split(",")]
    return {"alias", "symbol"} <= set(head)
