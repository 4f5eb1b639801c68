"""Every table of the store, written once: polars types, DDL, edge checks and docs/tables.md derive from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tcakit.errors import DataError

if TYPE_CHECKING:
    import polars as pl

_DDL = {
    "i64": "BIGINT",
    "i32": "INTEGER",
    "i8": "TINYINT",
    "u8": "UTINYINT",
    "f64": "DOUBLE",
    "str": "VARCHAR",
    "bool": "BOOLEAN",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, type, unit, meaning, and whether a value may be missing (null)."""

    name: str
    type: str
    unit: str
    meaning: str
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the store and where it lives: in the "day" or the "results" database, or in the "market" files."""

    name: str
    database: str
    meaning: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def ddl(self) -> str:
        """The CREATE TABLE statement of this table."""
        body = ", ".join(
            f'"{column.name}" {_DDL[column.type]}{"" if column.nullable else " NOT NULL"}' for column in self.columns
        )
        return f'CREATE TABLE IF NOT EXISTS "{self.name}" ({body})'

    def ddl_types(self) -> dict[str, str]:
        """Column name -> its type in SQL, in the table's order."""
        return {column.name: _DDL[column.type] for column in self.columns}

    def polars_schema(self) -> dict[str, pl.DataType]:
        """Column name -> polars type, in the table's order."""
        import polars as pl

        types: dict[str, type[pl.DataType]] = {
            "i64": pl.Int64,
            "i32": pl.Int32,
            "i8": pl.Int8,
            "u8": pl.UInt8,
            "f64": pl.Float64,
            "str": pl.String,
            "bool": pl.Boolean,
        }
        return {column.name: types[column.type]() for column in self.columns}

    def empty(self) -> pl.DataFrame:
        import polars as pl

        return pl.DataFrame(schema=self.polars_schema())

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Bring a frame to this table's columns, order and types; nullable columns may be absent.

        Raises DataError when a column is missing, unknown, of a type that would lose digits, or null where it must
        not be.
        """
        import polars as pl

        unknown = [name for name in frame.columns if name not in self.names]
        if unknown:
            raise DataError(f"unknown columns {unknown}", place=self.name, remedy=f"known are {self.names}")
        schema = self.polars_schema()
        out = []
        for column in self.columns:
            wanted = schema[column.name]
            if column.name not in frame.columns:
                if not column.nullable:
                    raise DataError(f"column {column.name!r} is missing", place=self.name)
                out.append(pl.lit(None, dtype=wanted).alias(column.name))
                continue
            held = frame.schema[column.name]
            if held.is_float() and wanted.is_integer():
                raise DataError(f"column {column.name!r} is {held}, not {wanted}", place=self.name)
            out.append(pl.col(column.name).cast(wanted))
        result = frame.select(out)
        for column in self.columns:
            if not column.nullable and result[column.name].null_count():
                raise DataError(f"column {column.name!r} holds nulls", place=self.name)
        return result


def _c(name: str, type_: str, unit: str, meaning: str, nullable: bool = False) -> Column:
    return Column(name, type_, unit, meaning, nullable)


_INSTRUMENT = _c("instrument_id", "i32", "", "row of `instruments` in the same day")
_SOURCE = _c("source_id", "i32", "", "row of `sources` in the same day")
_SEQ = _c("seq", "i64", "", "place among the rows of its file, from 0")
_TS = _c("ts_ns", "i64", "ns since 1970, UTC", "time stamped by the venue")
_RECV = _c("recv_ns", "i64", "ns since 1970, UTC", "time received by the recorder", True)

INSTRUMENTS = Table(
    "instruments",
    "day",
    "Symbols of the day, with the units that their prices and sizes are stored in",
    (
        _c("instrument_id", "i32", "", "number of the symbol within the day"),
        _c("symbol", "str", "", "the store's name of the symbol"),
        _c("venue", "str", "", "where it trades (MIC or name)"),
        _c("currency", "str", "", "currency of the price"),
        _c("timezone", "str", "", "IANA zone of the exchange"),
        _c("price_scale", "i64", "", "stored price / price_scale = price in currency"),
        _c("size_scale", "i64", "", "stored size / size_scale = shares, contracts or coins"),
        _c("tick_size", "i64", "stored price units", "smallest step of a displayed price"),
        _c("lot_size", "i64", "stored size units", "smallest step of an order's size"),
        _c("tick_from", "str", "", "who says the tick: flag, definition, reference or inferred"),
        _c("session_open_ns", "i64", "ns since 1970, UTC", "start of continuous trading", True),
        _c("session_close_ns", "i64", "ns since 1970, UTC", "end of continuous trading", True),
    ),
)
SOURCES = Table(
    "sources",
    "day",
    "The files that gave this day's rows",
    (
        _c("source_id", "i32", "", "number of the file within the day"),
        _c("instrument_id", "i32", "", "the symbol the file speaks of"),
        _c("ingest_key", "str", "", "hash of content, reader version, options, mapping"),
        _c("path", "str", "", "where the file stood"),
        _c("format", "str", "", "the reader's name"),
        _c("content", "str", "", "trades, quotes, book-l2, book-l2-window, book-l3, bars or notices"),
        _c("depth", "i32", "levels", "levels a side of a window recording", True),
        _c("rows", "i64", "", "rows stored from it"),
        _c("first_ns", "i64", "ns since 1970, UTC", "time of the first of them"),
        _c("last_ns", "i64", "ns since 1970, UTC", "time of the last of them"),
        _c("prints", "i64", "", "how many of them are prints"),
        _c("market_table", "str", "", "the table they belong to"),
        _c("parts", "i32", "", "into how many Parquet files the rows of the file were written"),
        _c("source_key", "i64", "", "number by which these files know its rows, for good"),
        _c("price_factor", "i64", "", "what prices in these files are multiplied by"),
        _c("size_factor", "i64", "", "what sizes in these files are multiplied by"),
    ),
)
BOOK_EVENTS = Table(
    "book_events",
    "market",
    "What happened to the displayed book, in file order; each row says what the level shows afterwards",
    (
        _INSTRUMENT,
        _SOURCE,
        _SEQ,
        _TS,
        _RECV,
        _c("kind", "u8", "code", "what happened (market/codes.py)"),
        _c("side", "i8", "+1/-1/0", "side of the book or resting order, 0 where the file does not say"),
        _c("price", "i64", "1/price_scale", "price of the level or print", True),
        _c("size", "i64", "1/size_scale", "size of the event itself", True),
        _c(
            "level_size",
            "i64",
            "1/size_scale",
            "displayed size at (side, price) after it; null if untouched or unknown",
            True,
        ),
        _c("order_id", "i64", "", "the venue's order id", True),
        _c("trade_id", "i64", "", "the venue's id of the print", True),
        _c("print_price", "i64", "1/price_scale", "price of the print where it is not the level's", True),
    ),
)
TRADES = Table(
    "trades",
    "market",
    "Prints that were published apart from the book",
    (
        _INSTRUMENT,
        _SOURCE,
        _SEQ,
        _TS,
        _RECV,
        _c("price", "i64", "1/price_scale", "price"),
        _c("size", "i64", "1/size_scale", "size"),
        _c("aggressor", "i8", "+1/-1/0", "side that took, 0 unknown"),
        _c("condition", "str", "", "the file's condition codes", True),
        _c("trade_id", "str", "", "the venue's id of the trade", True),
    ),
)
QUOTES = Table(
    "quotes",
    "market",
    "Best bid and offer, a row a change",
    (
        _INSTRUMENT,
        _SOURCE,
        _SEQ,
        _TS,
        _RECV,
        _c("bid", "i64", "1/price_scale", "best bid", True),
        _c("bid_size", "i64", "1/size_scale", "size at the best bid", True),
        _c("ask", "i64", "1/price_scale", "best offer", True),
        _c("ask_size", "i64", "1/size_scale", "size at the best offer", True),
    ),
)
BARS = Table(
    "bars",
    "market",
    "Open, high, low, close and volume over intervals, as a vendor made them",
    (
        _INSTRUMENT,
        _SOURCE,
        _SEQ,
        _c("ts_ns", "i64", "ns since 1970, UTC", "start of the interval"),
        _c("interval_ns", "i64", "ns", "length of the interval"),
        _c("open", "i64", "1/price_scale", "first price", True),
        _c("high", "i64", "1/price_scale", "highest price", True),
        _c("low", "i64", "1/price_scale", "lowest price", True),
        _c("close", "i64", "1/price_scale", "last price", True),
        _c("volume", "i64", "1/size_scale", "size traded", True),
    ),
)
NOTICES = Table(
    "notices",
    "market",
    "What a venue says beside orders, prints and quotes: definitions, status, imbalances, statistics",
    (
        _INSTRUMENT,
        _SOURCE,
        _SEQ,
        _TS,
        _RECV,
        _c("kind", "str", "", "definition, status, imbalance, statistics or the venue's own word"),
        _c("detail", "str", "JSON", "the message's fields"),
    ),
)
FILES = Table(
    "files",
    "results",
    "Every file ever ingested and still stored",
    (
        _c("ingest_key", "str", "", "hash of content, reader version, options, mapping"),
        _c("sha256", "str", "", "hash of the content"),
        _c("path", "str", "", "where the file stood"),
        _c("format", "str", "", "the reader's name"),
        _c("reader_version", "i32", "", "version of the reader"),
        _c("options", "str", "JSON", "options that shaped the rows"),
        _c("rows", "i64", "", "rows stored"),
        _c("faults", "i64", "", "rows refused"),
        _c("days", "str", "JSON", "trade dates touched"),
        _c("status", "str", "", "storing or stored"),
        _c("ingested_ns", "i64", "ns since 1970, UTC", "when"),
        _c("members", "str", "JSON", "names and sizes in bytes of what it is made of"),
        _c("leans_on", "str", "JSON", "ingest keys of files that hold rows which were left out of this one"),
    ),
)
FAULTS = Table(
    "faults",
    "results",
    "Rows of files that were refused, with place and reason",
    (
        _c("ingest_key", "str", "", "the file, as in `files`"),
        _c("path", "str", "", "file (and member of an archive)"),
        _c("line", "i64", "from 1", "line in the file"),
        _c("reason", "str", "", "what was wrong"),
        _c("text", "str", "", "the row as it stood, shortened", True),
    ),
)
ALIASES = Table(
    "aliases",
    "results",
    "The firm's names of a symbol, by date",
    (
        _c("alias", "str", "", "name as the blotter writes it"),
        _c("kind", "str", "", "ticker, ric, isin, figi, bloomberg, sedol, cusip or name"),
        _c("symbol", "str", "", "the store's symbol"),
        _c("valid_from", "str", "date", "first day it holds", True),
        _c("valid_to", "str", "date", "last day it holds", True),
    ),
)
INSTRUMENT_REFERENCE = Table(
    "instrument_reference",
    "results",
    "What the firm's security master says of a symbol, by date",
    (
        _c("symbol", "str", "", "the store's symbol"),
        _c("venue", "str", "", "venue it holds for, every venue if null", True),
        _c("name", "str", "", "name of the company or contract", True),
        _c("currency", "str", "", "currency of the price", True),
        _c("tick_size", "str", "currency", "smallest step of a price, exact decimal", True),
        _c("lot_size", "str", "shares", "smallest step of an order's size, exact decimal", True),
        _c("multiplier", "f64", "", "currency of one contract per unit of price", True),
        _c("split", "str", "", "NEW:OLD shares, from valid_from on", True),
        _c("valid_from", "str", "date", "first day it holds", True),
        _c("valid_to", "str", "date", "last day it holds", True),
        _c("aliases", "str", "JSON", "the row's other names by kind, as they stand in `aliases`", True),
        _c("index_symbol", "str", "", "the store's symbol of the index that its orders are set against", True),
        _c("beta", "f64", "", "what the symbol moves with that index", True),
    ),
)
RATES = Table(
    "rates",
    "results",
    "Exchange rates, by date and source",
    (
        _c("date", "str", "date", "day it was fixed for"),
        _c("base", "str", "", "currency of which there is one"),
        _c("quote", "str", "", "currency it is told in"),
        _c("rate", "f64", "quote per base", "what one unit of base is worth"),
        _c("source", "str", "", "who says so"),
    ),
)
RUNS = Table(
    "runs",
    "results",
    "A backtest, or a measured blotter",
    (
        _c("run_id", "str", "", "hash of all that determines the run"),
        _c("kind", "str", "", "replay or blotter"),
        _c("created_ns", "i64", "ns since 1970, UTC", "when it was stored"),
        _c("config", "str", "JSON", "the resolved configuration"),
        _c("data_keys", "str", "JSON", "ingest keys of the data it used"),
        _c("versions", "str", "JSON", "package, kernels and library versions"),
        _c("notes", "str", "JSON", "what a reader must know (default curves, weak rules, warnings)"),
        _c("seconds", "f64", "s", "how long it took"),
        _c("events", "i64", "", "market events replayed", True),
    ),
)
PARENTS = Table(
    "parents",
    "results",
    "Parent orders: what the desk was asked to do",
    (
        _c("run_id", "str", "", "the run, or the ingest key of the blotter"),
        _c("parent_id", "str", "", "the desk's id"),
        _c("symbol", "str", "", "the store's symbol; the blotter's own name where unmatched"),
        _c("raw_symbol", "str", "", "the name as the blotter writes it", True),
        _c("matched", "bool", "", "whether the name is a symbol of the store"),
        _c("venue", "str", "", "venue of the market data", True),
        _c("date", "str", "date", "trade date"),
        _c("side", "i8", "+1/-1", "buy or sell"),
        _c("quantity", "i64", "1/size_scale", "ordered quantity"),
        _c("size_scale", "i64", "", "stored size / size_scale = shares"),
        _c("price_scale", "i64", "", "stored price / price_scale = currency"),
        _c("limit_price", "i64", "1/price_scale", "limit", True),
        _c("decision_ns", "i64", "ns since 1970, UTC", "when the trade was decided", True),
        _c("decision_price", "f64", "currency", "price when it was decided", True),
        _c("arrival_ns", "i64", "ns since 1970, UTC", "when the desk or algorithm got it"),
        _c("end_ns", "i64", "ns since 1970, UTC", "end of its window, or its last event", True),
        _c(
            "arrival_resolution_ns", "i64", "ns", "step of the file's arrival stamps where it is a second or more", True
        ),
        _c("algo", "str", "", "algorithm", True),
        _c("params", "str", "JSON", "parameters of the algorithm", True),
        _c("broker", "str", "", "executing broker", True),
        _c("trader", "str", "", "trader", True),
        _c("account", "str", "", "account or fund", True),
        _c("currency", "str", "", "currency of the price", True),
        _c("multiplier", "f64", "", "currency of one contract per unit of price, 1 if null", True),
        _c("fees", "f64", "currency", "explicit costs given for the whole order, beside those of its fills", True),
        _c("notes", "str", "", "what a reader must know of this order", True),
        _c("tags", "str", "JSON", "the desk's own columns of the order, name and text", True),
    ),
)
ORDERS = Table(
    "orders",
    "results",
    "Child orders sent to a venue",
    (
        _c("run_id", "str", "", "the run, or the ingest key of the blotter"),
        _c("order_id", "str", "", "id, unique within the run"),
        _c("parent_id", "str", "", "its parent", True),
        _c("symbol", "str", "", "the store's symbol"),
        _c("side", "i8", "+1/-1", "buy or sell"),
        _c("type", "str", "", "limit or market; unknown where a log does not say"),
        _c("time_in_force", "str", "", "gtc, ioc, fok, post-only, day, opening or closing; in logs also gtd, unknown"),
        _c("price", "i64", "1/price_scale", "limit price", True),
        _c("stop_price", "i64", "1/price_scale", "price at which the order was to be set off", True),
        _c("peg", "str", "", "what it was pegged to: primary, market or midpoint", True),
        _c("peg_offset", "i64", "1/price_scale", "distance from that, towards the other side", True),
        _c("price_scale", "i64", "", "stored price / price_scale = currency"),
        _c("quantity", "i64", "1/size_scale", "size sent"),
        _c("display_quantity", "i64", "1/size_scale", "size shown at once, null if all", True),
        _c("filled", "i64", "1/size_scale", "size filled"),
        _c("size_scale", "i64", "", "stored size / size_scale = shares"),
        _c("state", "str", "", "last state"),
        _c("reason", "str", "", "why it ended", True),
        _c("submitted_ns", "i64", "ns since 1970, UTC", "when the strategy sent it"),
        _c("acknowledged_ns", "i64", "ns since 1970, UTC", "when the venue had it", True),
        _c("ended_ns", "i64", "ns since 1970, UTC", "when it ended at the venue", True),
    ),
)
ORDER_EVENTS = Table(
    "order_events",
    "results",
    "Every step in the life of every child order",
    (
        _c("run_id", "str", "", "the run"),
        _c("order_id", "str", "", "the child order"),
        _c("ts_ns", "i64", "ns since 1970, UTC", "time at the venue (at the desk for new and pending cancel)"),
        _c("local_ns", "i64", "ns since 1970, UTC", "time at which the strategy knew"),
        _c("event", "str", "", "new, acknowledged, triggered, partial, filled, replaced, cancelled, rejected, expired"),
        _c("reason", "str", "", "why"),
        _c("price", "i64", "1/price_scale", "price of the fill, or limit", True),
        _c("size", "i64", "1/size_scale", "size of the fill, 0 else"),
        _c("leaves", "i64", "1/size_scale", "left to fill after it"),
        _c("queue_ahead", "f64", "1/size_scale", "displayed size before us, after it", True),
        _c("market_row", "i64", "", "row of the replayed feed that caused it, -1 if none"),
    ),
)
FILLS = Table(
    "fills",
    "results",
    "Executions, replayed or real",
    (
        _c("run_id", "str", "", "the run, or the ingest key of the blotter"),
        _c("fill_id", "str", "", "id, unique within the run"),
        _c("order_id", "str", "", "child order", True),
        _c("parent_id", "str", "", "its parent", True),
        _c("symbol", "str", "", "the store's symbol"),
        _c("date", "str", "date", "trade date"),
        _c("ts_ns", "i64", "ns since 1970, UTC", "time of execution at the venue"),
        _c("received_ns", "i64", "ns since 1970, UTC", "when the child order reached the venue", True),
        _c("side", "i8", "+1/-1", "buy or sell"),
        _c("price", "i64", "1/price_scale", "price; null only in a cancel that names none", True),
        _c("price_scale", "i64", "", "stored price / price_scale = currency"),
        _c("quantity", "i64", "1/size_scale", "size; null only in a cancel that names none", True),
        _c("size_scale", "i64", "", "stored size / size_scale = shares"),
        _c("liquidity", "str", "", "maker or taker", True),
        _c("reason", "str", "", "why it filled (replay)", True),
        _c("fee", "f64", "currency", "explicit cost, negative for a rebate", True),
        _c("bid", "i64", "1/price_scale", "displayed best bid before it (replay)", True),
        _c("ask", "i64", "1/price_scale", "displayed best offer before it (replay)", True),
        _c("venue", "str", "", "where it executed", True),
        _c("revises", "str", "", "fill_id of the fill that this row corrects or cancels (blotters)", True),
        _c("change", "str", "", "correct or cancel; null for an execution", True),
        _c("known_ns", "i64", "ns since 1970, UTC", "when the change was made known, if its row says so", True),
        _c("ts_resolution_ns", "i64", "ns", "step of the file's stamps where it is a second or more", True),
    ),
)
NEWS = Table(
    "news",
    "results",
    "Headlines, a row for each symbol that one names",
    (
        _c("ingest_key", "str", "", "the file, as in `files`"),
        _c("ts_ns", "i64", "ns since 1970, UTC", "when it was published"),
        _c("symbol", "str", "", "symbol as the file names it; null where it is of the whole market", True),
        _c("headline", "str", "", "headline"),
        _c("source", "str", "", "who published it", True),
        _c("url", "str", "", "where it stands", True),
        _c("sentiment", "f64", "-1 to 1", "bad to good, null where not scored", True),
        _c("sentiment_by", "str", "", "name and version of the lexicon that scored it", True),
    ),
)
TCA_PARENTS = Table(
    "tca_parents",
    "results",
    "What each parent order cost; cost-positive: above zero is bad for the client",
    (
        _c("run_id", "str", "", "the run"),
        _c("parent_id", "str", "", "the parent"),
        _c("symbol", "str", "", "symbol"),
        _c("date", "str", "date", "trade date"),
        _c("side", "i8", "+1/-1", "buy or sell"),
        _c("algo", "str", "", "algorithm", True),
        _c("broker", "str", "", "broker", True),
        _c("currency", "str", "", "currency", True),
        _c("priced", "bool", "", "whether market data covered the order"),
        _c("unpriced_reason", "str", "", "why not", True),
        _c("ordered_shares", "f64", "shares", "quantity ordered"),
        _c("filled_shares", "f64", "shares", "quantity filled"),
        _c("fills", "i64", "", "number of fills"),
        _c("arrival_ns", "i64", "ns since 1970, UTC", "arrival"),
        _c("first_fill_ns", "i64", "ns since 1970, UTC", "first fill", True),
        _c("last_fill_ns", "i64", "ns since 1970, UTC", "last fill", True),
        _c("end_ns", "i64", "ns since 1970, UTC", "end of the order", True),
        _c("average_price", "f64", "currency", "average price of the fills", True),
        _c("decision_price", "f64", "currency", "price at the decision, else mid at its time, else arrival mid", True),
        _c("arrival_price", "f64", "currency", "mid at arrival", True),
        _c("end_price", "f64", "currency", "mid at the end of the order", True),
        _c("interval_vwap", "f64", "currency", "VWAP of the market's prints from arrival to the last fill", True),
        _c("window_vwap", "f64", "currency", "VWAP of the market's prints from arrival to the end", True),
        _c("twap", "f64", "currency", "time-weighted mid from arrival to the end", True),
        _c("close_price", "f64", "currency", "last mid of the session", True),
        _c("market_shares", "f64", "shares", "volume of the prints from arrival to the last fill", True),
        _c("participation", "f64", "fraction", "filled / (market volume from arrival to last fill)", True),
        _c("delay_cost", "f64", "currency", "side x filled x (arrival - decision)", True),
        _c("trading_cost", "f64", "currency", "side x filled x (average - arrival)", True),
        _c("spread_cost", "f64", "currency", "part of trading: fills against the mid at each fill", True),
        _c("drift_cost", "f64", "currency", "part of trading: mid at each fill against arrival", True),
        _c("opportunity_cost", "f64", "currency", "side x unfilled x (end - decision)", True),
        _c("fees", "f64", "currency", "explicit costs", True),
        _c("total_cost", "f64", "currency", "Perold's shortfall: delay + trading + opportunity + fees", True),
        _c("paper_notional", "f64", "currency", "ordered x decision price", True),
        _c("executed_notional", "f64", "currency", "filled x arrival price", True),
        _c("shortfall_bps_of_paper", "f64", "bps", "total / paper notional", True),
        _c("arrival_bps_of_executed", "f64", "bps", "trading cost / executed notional", True),
        _c("vwap_bps_of_executed", "f64", "bps", "against interval VWAP", True),
        _c("twap_bps_of_executed", "f64", "bps", "against TWAP", True),
        _c("close_bps_of_executed", "f64", "bps", "against the close", True),
        _c("fill_rate", "f64", "fraction", "filled / ordered"),
        _c("maker_fraction", "f64", "fraction", "share of filled size that was passive", True),
        _c("notes", "str", "", "what a reader must know of this order", True),
    ),
)
TCA_BENCHMARKS = Table(
    "tca_benchmarks",
    "results",
    "Further prices, costs and circumstances of each parent order; costs and impacts cost-positive",
    (
        _c("run_id", "str", "", "the run"),
        _c("parent_id", "str", "", "the parent"),
        _c("open_price", "f64", "currency", "first print of the session", True),
        _c("previous_close", "f64", "currency", "last price of the stored day before, in shares of today", True),
        _c("previous_close_date", "str", "date", "which day that was", True),
        _c("day_vwap", "f64", "currency", "VWAP of the prints from the open to the close, both included", True),
        _c("interval_vwap_without_own", "f64", "currency", "interval VWAP of the prints that were not ours", True),
        *(
            _c(f"pwp_{rate}_of_{basis}", "f64", "currency", f"VWAP from arrival until {basis} / {rate} % traded", True)
            for basis in ("ordered", "filled")
            for rate in (5, 10, 20)
        ),
        _c("best_price", "f64", "currency", "best print for that side from arrival to the end", True),
        _c("worst_price", "f64", "currency", "worst print for that side from arrival to the end", True),
        _c("rpm_volume", "f64", "fraction", "volume beaten from arrival to the last fill, ties half (Kissell)", True),
        _c("rpm_trades_and_volume", "f64", "fraction", "mean share of trades and of volume at worse prices", True),
        _c("limit_vwap", "f64", "currency", "interval VWAP of the prints within the limit", True),
        _c("limit_pwp_10_of_ordered", "f64", "currency", "PWP 10 % of the prints within the limit", True),
        _c("limit_pwp_10_of_filled", "f64", "currency", "PWP 10 % of the prints within the limit", True),
        _c("index_cost_bps", "f64", "bps", "side x (index VWAP - index at arrival) / index at arrival", True),
        _c("beta", "f64", "", "of the symbol to the index, as given", True),
        _c("market_adjusted_bps_of_executed", "f64", "bps", "arrival cost - beta x index cost", True),
        _c("order_delay_cost", "f64", "currency", "order basis: side x ordered x (arrival - decision)", True),
        _c("order_trading_cost", "f64", "currency", "order basis: side x filled x (average - arrival)", True),
        _c("order_opportunity_cost", "f64", "currency", "order basis: side x unfilled x (end - arrival)", True),
        _c("broker_start_ns", "i64", "ns since 1970, UTC", "when the first child order was sent", True),
        _c("broker_start_price", "f64", "currency", "mid then", True),
        _c("market_timing_cost", "f64", "currency", "side x filled x (broker start - arrival)", True),
        _c("broker_execution_cost", "f64", "currency", "side x filled x (average - broker start)", True),
        _c("fill_days", "i64", "", "trade dates with a fill", True),
        _c("close_before_fills", "f64", "currency", "last prices before the fill days, weighted by shares", True),
        _c("realised_cost", "f64", "currency", "side x filled x (average - close before), summed over fill days", True),
        _c("delay_to_close_cost", "f64", "currency", "side x filled x (close before - decision), likewise", True),
        _c("adv_shares", "f64", "shares", "mean volume of the stored days before", True),
        _c("quantity_adv", "f64", "fraction", "ordered / average daily volume", True),
        _c("volatility_daily", "f64", "fraction", "of the stored days before, open to close", True),
        _c("half_spread_bps", "f64", "bps", "half the quoted spread of the stored days before", True),
        _c("timing_risk_bps", "f64", "bps", "one deviation: daily volatility x root(duration / 3), in sessions", True),
        _c("first_fill_s", "f64", "s", "from arrival to the first fill", True),
        _c("last_fill_s", "f64", "s", "from arrival to the last fill", True),
        _c("weighted_fill_s", "f64", "s", "from arrival to the fills, weighted by shares", True),
        _c(
            "permanent_impact_300s_bps",
            "f64",
            "bps",
            "side x (mid 5 min after last fill - arrival) / arrival",
            True,
        ),
        _c("temporary_impact_300s_bps", "f64", "bps", "side x (average - that mid) / arrival", True),
        _c("permanent_impact_1800s_bps", "f64", "bps", "the same 30 min after the last fill", True),
        _c("temporary_impact_1800s_bps", "f64", "bps", "the same 30 min after the last fill", True),
        _c("reversion_60s_bps", "f64", "bps", "side x (mid at the last fill - mid 60 s later) / the former", True),
        _c("reversion_300s_bps", "f64", "bps", "the same 300 s later; above zero the price came back", True),
        _c("leakage_60s_bps", "f64", "bps", "side x (arrival mid - mid 60 s before) / the latter", True),
        _c("adverse_selection_60s_bps", "f64", "bps", "minus the 60 s markout of passive fills, by notional", True),
        _c("child_orders", "i64", "", "child orders sent", True),
        _c("child_fill_rate", "f64", "fraction", "child orders with a fill / child orders", True),
        _c("notes", "str", "", "why columns are null", True),
    ),
)
MARKOUT_HORIZONS_S: tuple[float, ...] = (
    -60.0, -10.0, -1.0, 0.0, 0.1, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1800.0,
)  # fmt: skip
REALISED_HORIZONS_S: dict[str, float] = {"50ms": 0.05, "1s": 1.0, "15s": 15.0, "60s": 60.0, "300s": 300.0}
"""Horizons of Rule 605's realised spreads, by what their columns are called."""
TCA_FILLS = Table(
    "tca_fills",
    "results",
    "What each fill cost against the quotes; spreads cost-positive, markouts favourable-positive",
    (
        _c("run_id", "str", "", "the run"),
        _c("fill_id", "str", "", "the fill"),
        _c("parent_id", "str", "", "its parent", True),
        _c("mid_at_fill", "f64", "currency", "mid just before the fill", True),
        _c("mid_at_receipt", "f64", "currency", "mid when the child order reached the venue", True),
        _c("quoted_spread", "f64", "currency", "offer - bid just before the fill", True),
        _c("effective_spread", "f64", "currency", "2 x side x (price - mid at fill)", True),
        _c("effective_spread_at_receipt", "f64", "currency", "2 x side x (price - mid at receipt), Rule 605", True),
        _c("realised_spread_60s", "f64", "currency", "2 x side x (price - mid 60 s after the fill)", True),
        _c("price_impact_60s", "f64", "currency", "effective - realised", True),
        _c("inside_quote", "bool", "", "whether the price lies within bid and offer", True),
        *(
            column
            for name, seconds in REALISED_HORIZONS_S.items()
            if name != "60s"
            for column in (
                _c(f"realised_spread_{name}", "f64", "currency", f"the same, mid {seconds:g} s after the fill", True),
                _c(f"price_impact_{name}", "f64", "currency", "effective - realised", True),
            )
        ),
        _c("quoted_spread_at_receipt", "f64", "currency", "offer - bid when the child order reached the venue", True),
        _c("price_improvement", "f64", "currency", "side x (far touch at receipt - price) a share, favourable", True),
        _c("spread_capture", "f64", "fraction", "side x (far touch - price) / spread at the fill: 1 near touch", True),
    ),
)
TCA_MARKOUTS = Table(
    "tca_markouts",
    "results",
    "Where the mid stood before and after each fill; favourable-positive",
    (
        _c("run_id", "str", "", "the run"),
        _c("fill_id", "str", "", "the fill"),
        _c("horizon_s", "f64", "s", "seconds after the fill (before it if negative)"),
        _c("markout_bps_of_price", "f64", "bps", "side x (mid at horizon - price) / price", True),
    ),
)
FITS = Table(
    "fits",
    "results",
    "Models that were fitted: of impact, volume, spread and volatility",
    (
        _c("fit_id", "str", "", "hash of what it was fitted from and how"),
        _c("kind", "str", "", "impact, volume, spread or volatility"),
        _c("model", "str", "", "name of the model"),
        _c("source", "str", "", "own-fills, tape-proxy or tape"),
        _c("symbol", "str", "", "the store's symbol; null where it is of several", True),
        _c("date_from", "str", "date", "first trade date it rests on"),
        _c("date_to", "str", "date", "last trade date it rests on"),
        _c("created_ns", "i64", "ns since 1970, UTC", "when it was fitted"),
        _c("fitted", "str", "JSON", "the model with its parameters and their draws"),
        _c("diagnostics", "str", "JSON", "what the fit printed: errors, checks, warnings"),
        _c("data_keys", "str", "JSON list", "ingest keys of the files it rests on"),
        _c("versions", "str", "JSON", "versions of the package and its libraries"),
    ),
)
ESTIMATES = Table(
    "estimates",
    "results",
    "What each parent was estimated to cost before it was traded, by what was known then",
    (
        _c("run_id", "str", "", "the run, or the measured blotter"),
        _c("parent_id", "str", "", "the parent"),
        _c("model", "str", "", "name of the model"),
        _c("fit_id", "str", "", "the fit it comes from; null for published parameters", True),
        _c("source", "str", "", "own-fills, tape-proxy or published"),
        _c(
            "mean_bps",
            "f64",
            "bps",
            "mean cost against the mid at arrival; null where the model could not be asked",
            True,
        ),
        _c("mean_low_bps", "f64", "bps", "95 % interval of that mean", True),
        _c("mean_high_bps", "f64", "bps", "95 % interval of that mean", True),
        _c("order_low_bps", "f64", "bps", "interval that 95 % of such orders' costs lie in", True),
        _c("order_high_bps", "f64", "bps", "interval that 95 % of such orders' costs lie in", True),
        _c("outside", "bool", "", "whether the order lies outside the range that was fitted"),
        _c("reason", "str", "", "why there is no estimate", True),
        _c("made_from", "str", "", "hash of the days and fits that it was made from"),
    ),
)
JOB_LOG = Table(
    "job_log",
    "results",
    "Steps of unattended jobs",
    (
        _c("job", "str", "", "name of the job"),
        _c("date", "str", "date", "trade date it was for"),
        _c("step", "str", "", "step"),
        _c("status", "str", "", "done, failed or skipped"),
        _c("detail", "str", "", "what it gave, or why it failed", True),
        _c("at_ns", "i64", "ns since 1970, UTC", "when"),
        _c("seconds", "f64", "s", "how long"),
        _c("mark", "str", "", "hash of what the step was made from: its settings and its inputs", True),
        _c("made", "str", "JSON list", "what it made: ingest keys, a run id, or a page's path", True),
    ),
)

TABLES: tuple[Table, ...] = (
    INSTRUMENTS,
    SOURCES,
    BOOK_EVENTS,
    TRADES,
    QUOTES,
    BARS,
    NOTICES,
    FILES,
    FAULTS,
    ALIASES,
    INSTRUMENT_REFERENCE,
    RATES,
    RUNS,
    PARENTS,
    ORDERS,
    ORDER_EVENTS,
    FILLS,
    NEWS,
    TCA_PARENTS,
    TCA_BENCHMARKS,
    TCA_FILLS,
    TCA_MARKOUTS,
    FITS,
    ESTIMATES,
    JOB_LOG,
)


def tables_of(database: str) -> tuple[Table, ...]:
    """The tables of the "day" or of the "results" database, or those in the "market" files."""
    return tuple(table for table in TABLES if table.database == database)


_PLACES = {
    "day": "`days/<date>.duckdb`",
    "results": "`results.duckdb`",
    "market": "`rows/{name}/date=<date>/*.parquet`",
}


def markdown() -> str:
    """The text of docs/tables.md."""
    lines = [
        "# Tables of the store",
        "",
        "Generated from `tcakit/market/schema.py` by `make docs`; do not edit by hand.",
        "",
        "Prices and sizes are integers: divide by `price_scale` and `size_scale` of the same row or of the day's",
        "`instruments`. Times are nanoseconds since 1970, UTC. A missing value is null, never zero.",
        "",
        "Rows of the market lie in Parquet files, which name their source by `source_key`. `tcakit sql` shows them as",
        "tables: `instrument_id` and `source_id` come from the row of `sources` with that key, prices and sizes are",
        "multiplied by its `price_factor` and `size_factor`.",
    ]
    for table in TABLES:
        place = _PLACES[table.database].format(name=table.name)
        lines += ["", f"## {table.name}", "", f"{table.meaning}. In {place}.", ""]
        lines += ["| column | type | unit | meaning | may be null |", "|---|---|---|---|---|"]
        lines += [
            f"| {c.name} | {_DDL[c.type]} | {c.unit} | {c.meaning} | {'yes' if c.nullable else ''} |"
            for c in table.columns
        ]
    return "\n".join(lines) + "\n"
