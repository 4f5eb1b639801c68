"""A firm's parents and fills from CSV, Parquet, Excel or JSON, through a mapping of its columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import polars as pl

from tcakit.errors import DataError
from tcakit.feeds import mapping as mappings
from tcakit.feeds.contract import Batch, Faults, ReaderOptions, Source
from tcakit.feeds.decimals import tidy, to_floats, to_integers
from tcakit.feeds.excel_table import is_workbook
from tcakit.feeds.mapping import BlotterMapping, TableMapping
from tcakit.feeds.raw_table import RawTable, header_of, parquet_names, read_table
from tcakit.feeds.resolution import resolution_ns
from tcakit.feeds.sides import side_codes
from tcakit.feeds.tags import as_json
from tcakit.feeds.timestamps import parse_times, trade_dates
from tcakit.market import codes, schema

MINIMUM_PRICE_SCALE = 10_000
_LIQUIDITY = {
    **dict.fromkeys(("maker", "m", "add", "added", "a", "passive", "1", "true"), codes.MAKER),
    **dict.fromkeys(("taker", "t", "remove", "removed", "r", "aggressive", "2", "false"), codes.TAKER),
}
_DATED_BY = {"parents": "arrival_time", "fills": "time"}
_NS_COLUMNS = {
    "arrival_time": "arrival_ns",
    "decision_time": "decision_ns",
    "end_time": "end_ns",
    "time": "ts_ns",
    "received_time": "received_ns",
}


class BlotterReader:
    """Tables of parent orders and fills; without a mapping, in our own column names."""

    name = "blotter"
    version = 4

    def sniff(self, path: Path, head: bytes) -> bool:
        """Whether the header is in our own column names, so that no mapping is needed; Excel is ours in any case."""
        if is_workbook(path.name, head):
            return True
        if head[:4] == b"PAR1":
            names = parquet_names(path) if path.is_file() else None
        else:
            names = header_of(head)
        return names is not None and mappings.built_in(names) is not None

    def read(self, source: Source, options: ReaderOptions, faults: Faults) -> Iterator[Batch]:
        """Yield batches of parents and of fills; DataError if the mapping does not fit the file."""
        given = None if options.mapping is None else mappings.compile_mapping(options.mapping)
        seen: dict[str, dict[str, str]] = {"parents": {}, "fills": {}}
        for label, content in source.members:
            place = label if label == source.name else f"{source.name}:{label}"
            separator, sheet = (given.separator, given.sheet) if given else (None, None)
            table = read_table(place, content, faults, separator, sheet)
            names = table.frame.columns
            chosen = given
            if chosen is None:
                own = mappings.built_in(names)
                if own is None:
                    raise DataError(
                        f"the columns are not our own names: {', '.join(names)}",
                        place=f"{place}:1",
                        remedy="give --mapping FILE; --suggest-mapping drafts one",
                    )
                chosen = mappings.compile_mapping(own)
            chosen = chosen.fitted(names)
            mappings.require_columns(chosen, names, place)
            faults.rows += table.frame.height
            good = 0
            for part in chosen.tables:
                frame = _rows(table, chosen, part, options, faults, seen[part.table])
                good += frame.height
                if frame.height:
                    yield Batch(part.table, frame, content=part.table)
            if not good:
                first = next((fault for fault in faults.found if fault.path == place), None)
                why = f": {first.reason}" if first else ""
                raise DataError(
                    f"no row could be read{why}",
                    place=f"{place}:{first.line}" if first else place,
                    remedy="correct the mapping or the export",
                )


class _Part:
    """One table's rows while they are parsed: values by column, and the first reason against each."""

    def __init__(self, table: RawTable, mapping: BlotterMapping, part: TableMapping, options: ReaderOptions) -> None:
        self.mapping, self.part, self.options, self.place = mapping, part, options, table.place
        rows = table.frame.with_row_index("#index")
        if part.kinds is not None and mapping.kind_column is not None:
            kind = pl.col(mapping.kind_column).str.strip_chars().str.to_lowercase()
            rows = rows.filter(kind.is_in(part.kinds))
        self.index = rows["#index"]
        self.lines = pl.Series(table.lines).gather(self.index)
        self.rows = rows
        self.reason = self.nothing()
        self.remarks: list[tuple[int, str]] = []
        self.dropped = pl.Series([False]).new_from_index(0, rows.height)  # rows that say nothing new, and no fault
        self.out: dict[str, pl.Series] = {}
        self.tags: dict[str, pl.Series] = {}  # the desk's own columns of orders

    @property
    def dating_zone(self) -> str:
        """The zone whose clocks say which day it is."""
        return self.options.timezone or self.mapping.timezone or "UTC"

    @property
    def timezone(self) -> str | None:
        """The zone of times that bear none: what the user says overrides the mapping, unless that holds it fixed."""
        fixed = self.mapping.timezone if self.mapping.fixed_timezone else None
        return fixed or self.options.timezone or self.mapping.timezone

    def nothing(self) -> pl.Series:
        return pl.Series([None], dtype=pl.String).new_from_index(0, self.rows.height)

    def has(self, name: str) -> bool:
        return name in self.part.columns or name in self.part.constants

    def text(self, name: str) -> pl.Series:
        """A field's text: its constant, its columns joined (times), or the first that says something."""
        if name in self.part.constants:
            return pl.Series([self.part.constants[name]]).new_from_index(0, self.rows.height)
        if name not in self.part.columns:
            return self.nothing()
        columns = self.part.columns[name]
        if columns == (mappings.ROW_NUMBER,):
            # Its line: a number among the good rows would change when a row above is refused.
            return self.lines.cast(pl.String)
        found = [tidy(self.rows[column]) for column in columns]
        if len(found) == 1:
            return found[0]
        if name in self.part.joined:
            return _joined(found)
        if name in mappings.TIMES:
            # A date out of Excel bears the midnight that it does not mean.
            whole = pl.select(pl.concat_str(found, separator=" ")).to_series()
            return whole.str.replace(r"^(\d{4}-\d{2}-\d{2}) 00:00:00 (\d)", "${1} ${2}")
        return pl.select(pl.coalesce(found)).to_series()

    def refuse(self, wrong: pl.Series, sentence: str) -> None:
        """Give rows a reason, unless they have an earlier one."""
        new = pl.when(wrong.fill_null(False)).then(pl.lit(sentence))
        self.reason = pl.select(pl.coalesce(self.reason, new)).to_series()

    def remark(self, row: int, sentence: str) -> None:
        """Tell of a row that stands all the same."""
        self.remarks.append((int(self.index[row]), sentence))

    def factor(self, name: str) -> Decimal:
        return self.mapping.factors.get(name, Decimal(1))


def _rows(
    table: RawTable,
    mapping: BlotterMapping,
    part: TableMapping,
    options: ReaderOptions,
    faults: Faults,
    seen: dict[str, str],
) -> pl.DataFrame:
    """One table's good rows in the schema's columns, less run_id; refused rows go to `faults`."""
    work = _Part(table, mapping, part, options)
    if not work.rows.height:
        return pl.DataFrame()
    id_column = "parent_id" if part.table == "parents" else "fill_id"
    work.out[id_column] = work.text(id_column)
    work.refuse(work.out[id_column].is_null(), f"{id_column} is missing")
    _names(work)
    _sides_and_quantities(work)
    _times(work)
    if part.table == "parents":
        _parents(work)
    else:
        _fills(work)
    _changes(work)
    _told_once(work, table, seen)
    if part.table == "parents":
        work.out["tags"] = as_json(work.tags, work.rows.height)
    _repeated(work, table, id_column, seen)
    frame = pl.DataFrame(work.out).with_columns(work.reason.alias("#reason"), work.index.alias("#line"))
    for index, reason in frame.filter(pl.col("#reason").is_not_null()).select("#line", "#reason").iter_rows():
        faults.add(table.place, int(table.lines[index]), reason, table.text(index))
    for index, sentence in work.remarks:
        faults.add(table.place, int(table.lines[index]), sentence, table.text(index), kept=True)
    good = frame.filter(pl.col("#reason").is_null() & ~work.dropped)
    _remember(good, table, id_column, seen)
    stamp, step = ("arrival_ns", "arrival_resolution_ns") if part.table == "parents" else ("ts_ns", "ts_resolution_ns")
    good = good.with_columns(pl.lit(resolution_ns(good[stamp]), dtype=pl.Int64).alias(step))
    wanted = {name: kind for name, kind in _schema(part.table).items() if name in good.columns}
    return good.select(pl.col(name).cast(kind) for name, kind in wanted.items())


def _schema(table: str) -> Mapping[str, pl.DataType]:
    return {"parents": schema.PARENTS, "fills": schema.FILLS}[table].polars_schema()


def _names(work: _Part) -> None:
    symbol = work.text("symbol")
    if work.options.symbol is not None:
        symbol = symbol.fill_null(work.options.symbol)
    work.out["symbol"] = symbol
    work.refuse(symbol.is_null(), "symbol is missing")
    work.out["venue"] = work.text("venue")


def _sides_and_quantities(work: _Part) -> None:
    text = work.text("quantity")
    quantity = to_integers([text], decimal_comma=work.mapping.decimal_comma, factor=work.factor("quantity"))
    value = quantity.values[0]
    work.refuse(text.is_null(), "quantity is missing")
    work.refuse(quantity.bad[0], "quantity is no number, or too large or too fine to hold")
    if work.mapping.signed_quantity and not work.has("side"):
        side = value.sign().cast(pl.Int8)
        value = value.abs()
    else:
        side = side_codes(work.text("side"), work.mapping.sides)
        work.refuse(side.is_null(), "side is neither buy nor sell; name its words in [sides] of the mapping")
        if work.mapping.signed_quantity:
            value = value.abs()
    work.refuse(value <= 0, "quantity is not above zero")
    work.out["side"] = side
    work.out["quantity"] = value
    work.out["size_scale"] = pl.Series([quantity.scale]).new_from_index(0, len(value))


def _times(work: _Part) -> None:
    own = {name: column for name, column in _NS_COLUMNS.items() if name in mappings.FIELDS[work.part.table]}
    for name, column in own.items():
        text = work.text(name)
        if name == _DATED_BY[work.part.table]:
            work.refuse(text.is_null(), f"{name} is missing")
        columns = " + ".join(work.part.columns.get(name, (name,)))
        times = parse_times(
            text,
            timezone=work.timezone,
            date=work.options.date,
            time_format=work.mapping.time_format,
            place=f"{work.place}, column {columns}",
        )
        work.out[column] = times.ts_ns
        reason = pl.select(pl.when(text.is_not_null()).then(f"{name}: " + times.reason)).to_series()
        work.reason = pl.select(pl.coalesce(work.reason, reason)).to_series()
    stamp = own[_DATED_BY[work.part.table]]
    work.out["date"] = trade_dates(work.out[stamp], work.dating_zone)


def _price(work: _Part, name: str) -> None:
    text = work.text(name)
    value, bad, scale = scaled_prices(text, work.out["symbol"], work.mapping.decimal_comma, work.factor(name))
    work.refuse(bad, f"{name} is no number, or too large or too fine to hold")
    work.refuse(value <= 0, f"{name} is not above zero")
    work.out[name] = value
    work.out["price_scale"] = scale


def scaled_prices(
    text: pl.Series, symbol: pl.Series, decimal_comma: bool, factor: Decimal
) -> tuple[pl.Series, pl.Series, pl.Series]:
    """(integers, bad, scale of each row): one scale for the file, or one a symbol where that loses digits.

    Average prices come with all digits of a double, and a file may hold JPYUSD beside USDJPY: no one scale fits.
    """
    whole = to_integers([text], MINIMUM_PRICE_SCALE, decimal_comma=decimal_comma, factor=factor)
    scale = pl.Series([whole.scale]).new_from_index(0, len(text))
    if not whole.bad[0].any() or symbol.n_unique() < 2:
        return whole.values[0], whole.bad[0], scale
    rows = pl.DataFrame({"text": text, "symbol": symbol}).with_row_index("row")
    parts = []
    for part in rows.partition_by("symbol"):
        own = to_integers([part["text"]], MINIMUM_PRICE_SCALE, decimal_comma=decimal_comma, factor=factor)
        parts.append(part.select("row", value=own.values[0], bad=own.bad[0], scale=pl.lit(own.scale, dtype=pl.Int64)))
    joined = pl.concat(parts).sort("row")
    return joined["value"], joined["bad"], joined["scale"]


def _amount(work: _Part, name: str) -> None:
    value, bad = to_floats(work.text(name), decimal_comma=work.mapping.decimal_comma, factor=work.factor(name))
    work.refuse(bad, f"{name} is no number")
    work.out[name] = value


def _parents(work: _Part) -> None:
    _price(work, "limit_price")
    _amount(work, "decision_price")
    work.refuse(work.out["decision_price"] <= 0, "decision_price is not above zero")
    _amount(work, "fees")
    work.refuse(work.out["end_ns"] < work.out["arrival_ns"], "end_time is before arrival_time")
    work.refuse(work.out["decision_ns"] > work.out["arrival_ns"], "decision_time is after arrival_time")
    for name in ("algo", "broker", "trader", "account", "notes"):
        work.out[name] = work.text(name)
    for name, columns in work.mapping.tags_of(work.rows.columns[1:]).items():
        work.tags[name] = pl.select(pl.coalesce([tidy(work.rows[column]) for column in columns])).to_series()
    currency = work.text("currency")
    work.out["currency"] = currency.fill_null(work.options.currency) if work.options.currency else currency
    work.out["raw_symbol"] = work.out["symbol"]
    work.out["matched"] = pl.Series([False]).new_from_index(0, work.rows.height)


def _fills(work: _Part) -> None:
    text = work.text("price")
    work.refuse(text.is_null(), "price is missing")
    _price(work, "price")
    _amount(work, "fee")
    _fee_in_currency(work)
    for name in ("parent_id", "order_id"):
        work.out[name] = work.text(name)
    word = work.text("liquidity")
    words = {**_LIQUIDITY, **work.mapping.liquidity}
    code = side_codes(word, {name: code for name, code in words.items() if code is not None})
    unsaid = word.str.to_lowercase().is_in([name for name, meaning in words.items() if meaning is None])
    work.refuse(word.is_not_null() & code.is_null() & ~unsaid, "liquidity is neither maker nor taker")
    names = list(codes.LIQUIDITY_NAMES)
    spelled = code.replace_strict(names, list(codes.LIQUIDITY_NAMES.values()), default=None, return_dtype=pl.String)
    work.out["liquidity"] = spelled


def _joined(found: list[pl.Series]) -> pl.Series:
    """An id of several columns; null where one of them is."""
    return pl.select(pl.concat_str(found, separator="-")).to_series()


def _fee_in_currency(work: _Part) -> None:
    """Leave only fees in the currency of the price; those paid in the thing itself are turned by the fill's own price.

    Which that currency is, a pair's symbol says (BTC/USDT, BTCUSDT), else --currency. Fees in a third one are taken
    out, with a remark.
    """
    if not work.has("fee_currency") or not work.has("fee"):
        return
    frame = pl.DataFrame(
        {
            "fee": work.out["fee"],
            "paid": work.text("fee_currency").str.to_uppercase(),
            "symbol": work.out["symbol"].str.to_uppercase().str.split(":").list.first(),
            "price": work.out["price"] / work.out["price_scale"],
        }
    )
    known = pl.lit(work.options.currency or work.part.constants.get("currency"), dtype=pl.String)
    paid = pl.col("paid")
    same = (paid == known).fill_null(False) | pl.col("symbol").str.ends_with(paid)
    own = pl.col("symbol").str.starts_with(paid)
    frame = frame.with_columns(
        kept=pl.when(paid.is_null() | same).then("fee").when(own).then(pl.col("fee") * pl.col("price"))
    )
    lost = frame.select(lost=pl.col("fee").is_not_null() & pl.col("kept").is_null() & (pl.col("fee") != 0))["lost"]
    if lost.any():
        row = int(lost.arg_max() or 0)
        work.remark(
            row,
            f"{int(lost.sum())} fees are in another currency than their price ({frame['paid'][row]}) and are left out; "
            "this is the first",
        )
    work.out["fee"] = frame["kept"]


def _changes(work: _Part) -> None:
    """Mark the rows that correct or cancel a fill, and whom they mean; they stand beside the fill, which they leave.

    A cancel need not have a price or a quantity; what else it lacks is that of the fill in this file.
    """
    rule = work.mapping.corrections
    if rule is None or work.part.table != "fills":
        return
    word = work.rows[rule.column].str.strip_chars().str.to_lowercase()
    named = [tidy(work.rows[column]) for column in rule.refers]
    # The last of the columns is the earlier fill's own id: 0 where there is none.
    none = named[-1].is_null() | (named[-1] == "0")
    refers = _joined(named).set(none.fill_null(True), None)
    kept = ("fill_id", "symbol", "side", "ts_ns", "date", "price", "quantity")
    frame = pl.DataFrame({name: work.out[name] for name in kept}).with_columns(
        change=pl.select(
            pl.when(word.is_in(rule.cancel)).then(pl.lit(codes.CANCEL))
            .when(word.is_in(rule.correct)).then(pl.lit(codes.CORRECT))
        ).to_series(),
        revises=refers,
        reason=work.reason,
    )  # fmt: skip
    frame = frame.with_columns(revises=pl.when(pl.col("change").is_not_null()).then(pl.coalesce("revises", "fill_id")))
    held = frame.filter(pl.col("change").is_null() & pl.col("reason").is_null()).unique("fill_id", keep="first")
    cancel = (pl.col("change") == codes.CANCEL).fill_null(False)
    its = held.select(revises="fill_id", **{f"its_{name}": name for name in kept[1:5]})
    frame = frame.join(its, on="revises", how="left", maintain_order="left").with_columns(
        fill_id=pl.when(cancel).then(pl.coalesce("fill_id", "revises")).otherwise("fill_id"),
        known_ns=pl.when(pl.col("change").is_not_null()).then("ts_ns"),
        **{name: pl.when(cancel).then(pl.coalesce(name, f"its_{name}")).otherwise(name) for name in kept[1:5]},
        **{name: pl.when(cancel & (pl.col(name) <= 0)).then(None).otherwise(name) for name in kept[5:]},
    )
    whole = pl.all_horizontal(pl.col(name).is_not_null() for name in kept[:5])
    frame = frame.with_columns(reason=pl.when(~(cancel & whole)).then("reason"))
    for name in (*kept, "change", "revises", "known_ns"):
        work.out[name] = frame[name]
    work.reason = frame["reason"]
    ids = pl.concat([held["fill_id"], frame.filter(pl.col("change").is_not_null())["fill_id"]])
    own = (pl.col("revises") == pl.col("fill_id")) & ~pl.col("revises").is_in(held["fill_id"].implode())
    lost = frame.with_row_index("row").filter(
        pl.col("change").is_not_null() & pl.col("reason").is_null() & (~pl.col("revises").is_in(ids.implode()) | own)
    )
    for row, change, target in lost.select("row", "change", "revises").iter_rows():
        verb = "corrects" if change == codes.CORRECT else "cancels"
        work.remark(row, f"{verb} fill {target}, which this file does not hold: it changes that of another file")


def _told_once(work: _Part, table: RawTable, seen: dict[str, str]) -> None:
    """Take an order once that stands on the row of each of its fills; what its rows say differently is left out."""
    if not work.mapping.repeated_parents or work.part.table != "parents":
        return
    frame = pl.DataFrame({name: series for name, series in work.out.items()}).with_columns(good=work.reason.is_null())
    core = pl.struct("symbol", "side", "quantity", "arrival_ns")
    firsts = frame.select(
        first=pl.col("good").cum_sum().over("parent_id") == 1,
        same=core == core.filter("good").first().over("parent_id"),
        good="good",
    )
    first = firsts["first"] & firsts["good"]
    work.dropped = work.dropped | (firsts["good"] & ~first & firsts["same"].fill_null(False))
    work.dropped = work.dropped | (firsts["good"] & work.out["parent_id"].is_in(list(seen)))
    for name in ("limit_price", "algo", "broker", "trader", "account", "venue", "notes", "end_ns"):
        one = pl.col(name).filter("good").n_unique().over("parent_id") == 1
        work.out[name] = frame.select(pl.when(one).then(name).alias(name))[name]
    for name, values in work.tags.items():
        told = frame.select("parent_id", "good", tag=values)
        one = pl.col("tag").filter("good").n_unique().over("parent_id") == 1
        work.tags[name] = told.select(pl.when(one).then("tag").alias("tag"))["tag"]


def _repeated(work: _Part, table: RawTable, id_column: str, seen: dict[str, str]) -> None:
    """Refuse the second row of an id, naming the line of the first that stood."""
    frame = pl.DataFrame({"id": work.out[id_column], "good": work.reason.is_null(), "index": work.index})
    frame = frame.with_row_index("row")
    good = frame.filter(pl.col("good") & pl.col("id").is_not_null() & ~work.dropped)
    if "change" in work.out:  # which may bear the id of the fill that they change
        good = good.filter(work.out["change"].gather(good["row"]).is_null())
    first = good.group_by("id").agg(first=pl.col("index").min())
    twice = good.join(first, on="id").filter(pl.col("index") != pl.col("first"))
    again = good.filter(pl.col("id").is_in(list(seen))) if seen else good.clear()
    told = {index: f"{table.place}:{table.lines[row]}" for index, row in twice.select("index", "first").iter_rows()}
    told.update({index: seen[name] for index, name in again.select("index", "id").iter_rows()})
    if not told:
        return
    reasons = [
        f"{id_column} stands before, at {told[index]}" if index in told else None for index in work.index.to_list()
    ]
    work.reason = pl.select(pl.coalesce(work.reason, pl.Series(reasons, dtype=pl.String))).to_series()


def _remember(good: pl.DataFrame, table: RawTable, id_column: str, seen: dict[str, str]) -> None:
    if "change" in good.columns:
        good = good.filter(pl.col("change").is_null())
    for name, index in good.select(id_column, "#line").iter_rows():
        seen[name] = f"{table.place}:{table.lines[index]}"
