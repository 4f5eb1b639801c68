"""The tables of a FIX log: orders, fills and parents in the store's columns, checked against each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal

import polars as pl

from tcakit.feeds import fix_orders
from tcakit.feeds.blotter import scaled_prices
from tcakit.feeds.contract import Faults, ReaderOptions
from tcakit.feeds.decimals import to_floats, to_integers
from tcakit.feeds.fix_chains import Chains, order_ids, parent_links
from tcakit.feeds.fix_fees import fees
from tcakit.feeds.fix_mapping import OWN, STANDARD
from tcakit.feeds.resolution import resolution_ns
from tcakit.feeds.tags import as_json
from tcakit.feeds.timestamps import parse_times, trade_dates
from tcakit.market import codes, schema

# 3 and 4: buy minus, sell plus; 5 and 6: sold short.
_SIDES = {"1": codes.BUY, "3": codes.BUY, "2": codes.SELL, "4": codes.SELL, "5": codes.SELL, "6": codes.SELL}
_LIQUIDITY = {"1": codes.LIQUIDITY_NAMES[codes.MAKER], "2": codes.LIQUIDITY_NAMES[codes.TAKER]}
_TARGETS = {"1": "VWAP", "2": "participation", "3": "minimise impact"}  # TargetStrategy (847)
_NO_SYMBOL = ("[N/A]", "N/A", "NONE")
_OWN_PARENT = "order and parent are one: the log names no parent"


class Assembly:
    """Orders and fills of one log on their way to the store's columns."""

    def __init__(
        self,
        events: pl.DataFrame,
        fills: pl.DataFrame,
        chains: Chains,
        tags: dict[str, tuple[int, ...]],
        options: ReaderOptions,
        faults: Faults,
        place: str,
        busted: Sequence[int] = (),
    ) -> None:
        self.chains, self.tags, self.options = chains, tags, options
        self.busted = Counter(busted)  # executions taken out, by chain
        self.faults, self.place = faults, place
        self.zone = options.timezone or "UTC"
        roles = ["party_1", "party_11", "party_12", "party_36"]
        own = [str(tag) for listed in tags.values() for tag in listed if str(tag) not in fix_orders.TERMS]
        self.orders = fix_orders.lives(events, [*roles, *own])
        self.fills = fills
        self.ids = order_ids(chains)
        self._numbers()
        self._names()
        self._links()

    def tables(self) -> Iterator[tuple[str, pl.DataFrame]]:
        """(name of the table, its rows less run_id)."""
        orders = self._good_orders()
        fills = self._good_fills(orders)
        orders = self._with_filled(orders, fills)
        self._cross_check(orders)
        # The parent's own reports tell its children's executions once more, upwards.
        working = fills["chain"].unique()
        parents_at_work = orders.filter(pl.col("chain").is_in(working.implode()))["above"].drop_nulls().unique()
        told_twice = fills.filter(pl.col("chain").is_in(parents_at_work.implode()))
        self.faults.count("parents' reports of their children's fills", told_twice.height)
        fills = fills.filter(~pl.col("chain").is_in(parents_at_work.implode()))
        tops = orders["above"].drop_nulls().unique()
        yield "parents", self._parent_rows(orders.filter(pl.col("parent_of_its_own")), tops)
        yield "orders", self._order_rows(orders.filter(~pl.col("chain").is_in(tops.implode())))
        yield "fills", self._fill_rows(fills)

    def _refuse(self, frame: pl.DataFrame, wrong: pl.Series, reason: str, line: str) -> pl.DataFrame:
        """Take rows out, each a fault at the line that the column `line` names."""
        wrong = wrong.fill_null(True)
        for number in frame.filter(wrong)[line].to_list():
            self.faults.add(self.place, number, reason)
        return frame.filter(~wrong)

    # --- what every row needs -----------------------------------------------------------------------------------

    def _numbers(self) -> None:
        """Quantities of orders and fills at one scale."""
        texts = [self.fills["32"], *(self.orders[name] for name in ("38", "last_14", "last_151", "last_425"))]
        columns = to_integers(texts)
        self.size_scale = columns.scale
        self.fills = self.fills.with_columns(quantity=columns.values[0])
        ordered, done, left, done_today = columns.values[1:]
        self.orders = self.orders.with_columns(
            # A log without OrderQty still says what is done and what is left of a live order.
            quantity=pl.coalesce(ordered, pl.select(done + left).to_series()),
            said_done=pl.coalesce(done_today, done),
        )

    def _names(self) -> None:
        """Symbol, side, and the ids under which rows are stored."""
        ticker = pl.when(~pl.col("55").is_in(_NO_SYMBOL)).then(pl.col("55"))
        suffixed = pl.when(pl.col("65").is_not_null()).then(ticker + "." + pl.col("65")).otherwise(ticker)
        symbol = pl.coalesce(suffixed, "48", pl.lit(self.options.symbol, dtype=pl.String))
        self.orders = self.orders.with_columns(
            symbol=symbol,
            side=pl.col("54").replace_strict(_SIDES, default=None, return_dtype=pl.Int8),
            order_id=self.ids.gather(self.orders["chain"]),
        )

    def _links(self) -> None:
        """The parent of each order: `above` (a chain) or `outside` (an id), or the order itself."""
        named = self.tags["parent"]
        texts = [str(tag) for tag in named]
        if all(self.orders[tag].null_count() == self.orders.height for tag in texts):
            self.orders = self.orders.with_columns(
                above=pl.lit(None, dtype=pl.Int64),
                outside=pl.lit(None, dtype=pl.String),
                parent_id="order_id",
                parent_of_its_own=pl.lit(True),
            )
            return
        believed = named != STANDARD["parent"]
        count = self.chains.frame.height
        candidates: list[list[str]] = [[] for _ in range(count)]
        kinds: list[tuple[str, int]] = [("", 0)] * count
        for chain, symbol, side, *values in self.orders.select("chain", "symbol", "side", *texts).iter_rows():
            candidates[chain] = [value for value in values if value]
            kinds[chain] = (symbol or "", side or 0)
        above, outside = parent_links(self.chains, candidates, kinds, believed)
        chain = self.orders["chain"]
        self.orders = self.orders.with_columns(
            above=pl.Series(above, dtype=pl.Int64).gather(chain),
            outside=pl.Series(outside, dtype=pl.String).gather(chain),
        ).with_columns(
            parent_id=pl.coalesce(
                self.ids.gather(pl.Series(above, dtype=pl.Int64).gather(chain)),
                "outside",
                "order_id",
            ),
            parent_of_its_own=pl.col("above").is_null() & pl.col("outside").is_null(),
        )

    # --- good rows ----------------------------------------------------------------------------------------------

    def _good_orders(self) -> pl.DataFrame:
        orders = self.orders
        orders = self._refuse(orders, orders["symbol"].is_null(), "Symbol (55) is missing", "first_line")
        orders = self._refuse(
            orders, orders["side"].is_null(), "Side (54) is missing, or neither bought nor sold", "first_line"
        )
        wrong = orders["quantity"].is_null() | (orders["quantity"] <= 0)
        orders = self._refuse(orders, wrong, "OrderQty (38) is missing, or no number above zero", "first_line")
        limits = fix_orders.order_types(orders)
        price, bad, scale = scaled_prices(limits["limit_text"], orders["symbol"], False, Decimal(1))
        orders = orders.with_columns(*limits.drop("limit_text").get_columns(), limit_price=price, price_scale=scale)
        bad = bad | (price <= 0).fill_null(False)
        orders = self._refuse(orders, bad, "Price (44) is no number above zero", "first_line")
        outside = orders.filter(pl.col("outside").is_not_null())
        if outside.height:
            self.faults.add(
                self.place,
                int(outside["first_line"][0]),
                f"{outside.height} orders name parents that this log does not hold; give them with a blotter; "
                "this is the first",
                kept=True,
            )
        return orders

    def _good_fills(self, orders: pl.DataFrame) -> pl.DataFrame:
        """Fills with a symbol, a side and numbers above zero, in the order of their times in the log."""
        fills = self._refuse(self.fills, self.fills["17"].is_null(), "ExecID (17) is missing", "line")
        wrong = fills["quantity"].is_null() | (fills["quantity"] <= 0)
        fills = self._refuse(fills, wrong, "LastQty (32) is no number above zero", "line")
        known = orders.select("chain", "order_id", "parent_id", "symbol", "side", "acknowledged_ns", "replaced")
        fills = fills.join(known, on="chain", how="left", maintain_order="left")
        fills = self._refuse(fills, fills["symbol"].is_null(), "the order of this fill cannot be used", "line")
        if fills.height:
            price, bad, scale = scaled_prices(fills["31"], fills["symbol"], False, Decimal(1))
        else:
            price, bad, scale = (pl.Series([], dtype=kind) for kind in (pl.Int64, pl.Boolean, pl.Int64))
        fills = fills.with_columns(price=price, price_scale=scale)
        return self._refuse(fills, bad | (price <= 0), "LastPx (31) is missing, or no number above zero", "line")

    def _with_filled(self, orders: pl.DataFrame, fills: pl.DataFrame) -> pl.DataFrame:
        done = fills.group_by("chain").agg(
            filled=pl.col("quantity").sum(),
            paid=(pl.col("quantity") * pl.col("price") / pl.col("price_scale")).sum(),
        )
        orders = orders.join(done, on="chain", how="left", maintain_order="left")
        orders = orders.with_columns(pl.col("filled").fill_null(0))
        orders = orders.with_columns(
            filled_any=pl.max_horizontal("filled", pl.col("said_done").fill_null(0)) > 0,
            complete=pl.col("filled") >= pl.col("quantity"),
        )
        return orders.with_columns(
            state=fix_orders.states(orders),
            ended_ns=pl.when("ended").then("last_at_ns"),
        )

    def _cross_check(self, orders: pl.DataFrame) -> None:
        """Compare the sum and the average of an order's fills with its CumQty (14) and AvgPx (6)."""
        told = orders.filter(pl.col("said_done").is_not_null() & pl.col("last_line").is_not_null())
        for line, name, filled, said in (
            told.filter(pl.col("filled") != pl.col("said_done"))
            .select("last_line", "order_id", "filled", "said_done")
            .iter_rows()
        ):
            self.faults.add(
                self.place,
                line,
                f"CumQty (14) of order {name} is {said / self.size_scale:g}, its fills in this log are "
                f"{filled / self.size_scale:g}; the fills are taken",
                kept=True,
            )
        average, _ = to_floats(told["last_6"])
        places = pl.col("last_6").str.len_bytes().cast(pl.Int64) - pl.col("last_6").str.find(".", literal=True) - 1
        checked = told.with_columns(
            average=average,
            # AvgPx is rounded by the sender, or cut off, at the last digit that it writes.
            slack=pl.lit(10.0).pow(-pl.max_horizontal(places.fill_null(0), 2)),
            reckoned=pl.col("paid") / pl.col("filled"),
        )
        wrong = (
            (pl.col("filled") > 0)
            & (pl.col("filled") == pl.col("said_done"))
            & pl.col("last_425").is_null()
            & ((pl.col("average") - pl.col("reckoned")).abs() > pl.col("slack") * 1.000001)
        )
        for line, name, said, reckoned in (
            checked.filter(wrong).select("last_line", "order_id", "average", "reckoned").iter_rows()
        ):
            self.faults.add(
                self.place,
                line,
                f"AvgPx (6) of order {name} is {said:g}, its fills in this log average {reckoned:g}; the fills are "
                "taken",
                kept=True,
            )

    # --- the store's columns --------------------------------------------------------------------------------------

    def _order_rows(self, orders: pl.DataFrame) -> pl.DataFrame:
        frame = orders.with_columns(price="limit_price", size_scale=pl.lit(self.size_scale, dtype=pl.Int64))
        return _columns(frame, schema.ORDERS)

    def _fill_rows(self, fills: pl.DataFrame) -> pl.DataFrame:
        fills = fills.with_columns(ts_ns=pl.col("trade_ns"))
        date = _given_dates(fills["75"]).fill_null(trade_dates(fills["ts_ns"], self.zone))
        stamped = fills.with_columns(date=date)
        name = pl.col("17")
        alone = pl.len().over("17") == 1
        alone_that_day = pl.len().over("17", "date") == 1
        stamped = stamped.with_columns(
            fill_id=pl.when(alone)
            .then(name)
            .when(alone_that_day)
            .then(name + "@" + pl.col("date"))
            .otherwise(name + "@" + pl.col("date") + "@" + pl.col("session") + "#" + pl.col("chain").cast(pl.String)),
            # The venue had the order as it was from its acknowledgement on, unless it was replaced since.
            received_ns=pl.when(~pl.col("replaced") & (pl.col("acknowledged_ns") <= pl.col("ts_ns"))).then(
                "acknowledged_ns"
            ),
            liquidity=pl.col("851").replace_strict(_LIQUIDITY, default=None, return_dtype=pl.String),
            fee=fees(stamped, self.size_scale, self.faults, self.place),
            venue=pl.coalesce("30", pl.lit(self.options.venue, dtype=pl.String)),
            size_scale=pl.lit(self.size_scale, dtype=pl.Int64),
            ts_resolution_ns=pl.lit(resolution_ns(fills["ts_ns"]), dtype=pl.Int64),
        )
        return _columns(stamped, schema.FILLS)

    def _parent_rows(self, orders: pl.DataFrame, tops: pl.Series) -> pl.DataFrame:
        first = {name: [pl.col(str(tag)) for tag in listed] for name, listed in self.tags.items() if name != "parent"}
        missing = pl.lit(None, dtype=pl.String)
        own = {
            name.removeprefix(OWN): orders.select(tag=pl.coalesce(*columns))["tag"]
            for name, columns in first.items()
            if name.startswith(OWN)
        }
        algo = pl.coalesce(*first["algo"], missing)
        if self.tags["algo"] == STANDARD["algo"]:
            algo = algo.replace_strict(_TARGETS, default=pl.concat_str(pl.lit("847="), algo), return_dtype=pl.String)
        decided = orders.select("chain", at=pl.coalesce(*first["decision_time"], missing))["at"]
        times = parse_times(decided, timezone="UTC", place=f"{self.place}, decision time")
        price, bad = to_floats(orders.select("chain", price=pl.coalesce(*first["decision_price"], missing))["price"])
        for line in orders.filter(times.reason.is_not_null() & decided.is_not_null() | bad)["first_line"].to_list():
            self.faults.add(self.place, line, "decision time or price cannot be read and is left out", kept=True)
        end = pl.coalesce("ended_ns", "last_at_ns")
        backwards = orders.select(late=end < pl.col("submitted_ns"))["late"].fill_null(False)
        for line in orders.filter(backwards)["last_line"].to_list():
            self.faults.add(
                self.place, line, "the order ends before it was sent, by two clocks; its end is left out", kept=True
            )
        frame = orders.with_columns(
            raw_symbol="symbol",
            matched=pl.lit(False),
            venue=pl.coalesce(pl.lit(self.options.venue, dtype=pl.String), "100", "207"),
            date=trade_dates(orders["submitted_ns"], self.zone),
            size_scale=pl.lit(self.size_scale, dtype=pl.Int64),
            decision_ns=times.ts_ns,
            decision_price=price,
            arrival_ns="submitted_ns",
            arrival_resolution_ns=pl.lit(resolution_ns(orders["submitted_ns"]), dtype=pl.Int64),
            end_ns=pl.when(~backwards).then(end),
            algo=algo,
            broker=pl.coalesce(*first["broker"], "party_1", "sent_to"),
            trader=pl.coalesce(*first["trader"], "party_11", "party_12", "party_36", "sub_id"),
            account=pl.coalesce(*first["account"], missing),
            currency=pl.coalesce("15", pl.lit(self.options.currency, dtype=pl.String)),
            tags=as_json(own, orders.height),
            notes=pl.concat_str(
                pl.when(~pl.col("chain").is_in(tops.implode())).then(pl.lit(_OWN_PARENT)),
                self._busts(orders),
                separator="; ",
                ignore_nulls=True,
            ).replace("", None),
        )
        return _columns(frame, schema.PARENTS)

    def _busts(self, orders: pl.DataFrame) -> pl.Series:
        """What was taken out of each parent's executions: of its children, which its own reports tell once more."""
        of_children: Counter[int] = Counter()
        for chain, above in self.orders.select("chain", "above").drop_nulls().iter_rows():
            of_children[above] += self.busted[chain]
        counts = [of_children[chain] or self.busted[chain] for chain in orders["chain"].to_list()]
        told = [f"{count} of its fills cancelled (busted) and not counted" if count else None for count in counts]
        return pl.Series(told, dtype=pl.String)


def _given_dates(text: pl.Series) -> pl.Series:
    """TradeDate (75), written YYYYMMDD, as a date of ours."""
    return text.str.to_date("%Y%m%d", strict=False).cast(pl.String)


def _columns(frame: pl.DataFrame, table: schema.Table) -> pl.DataFrame:
    types = table.polars_schema()
    return frame.select(
        pl.col(name).cast(kind) for name, kind in types.items() if name != "run_id" and name in frame.columns
    )
