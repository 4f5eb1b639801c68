"""tcakit backtest"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tcakit.cli.common import (
    DEFAULT_STORE,
    JsonOption,
    Out,
    QuietOption,
    StoreOption,
    VerboseOption,
    WaitOption,
    process_start,
)


def backtest(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE.toml]", help="A backtest file; or use the flags below.")
    ] = None,
    symbol: Annotated[
        list[str] | None,
        typer.Option("--symbol", help="May be given several times, as may --side, --quantity, --algo, --date."),
    ] = None,
    side: Annotated[list[str] | None, typer.Option("--side", help="buy or sell.")] = None,
    quantity: Annotated[list[float] | None, typer.Option("--quantity", help="Shares.")] = None,
    algo: Annotated[
        list[str] | None,
        typer.Option("--algo", help="twap, vwap, pov:10 (per cent), is:30m (half-life), or package.module:Class."),
    ] = None,
    start: Annotated[str | None, typer.Option("--start", help="Clock time; the open if left out.")] = None,
    end: Annotated[str | None, typer.Option("--end", help="Clock time; the close if left out.")] = None,
    date: Annotated[
        list[str] | None, typer.Option("--date", help="Trade date; may be left out if one day is stored.")
    ] = None,
    limit: Annotated[float | None, typer.Option("--limit", help="Limit price of the parents, in currency.")] = None,
    queue: Annotated[
        str | None, typer.Option("--queue", help="risk-averse, log, log2, power, power2, power3 or fifo.")
    ] = None,
    latency: Annotated[str, typer.Option("--latency", help="Order to the venue, and answer back, e.g. 1ms.")] = "1ms",
    feed_latency: Annotated[
        str, typer.Option("--feed-latency", help="Market data to the strategy, e.g. 500us.")
    ] = "0ms",
    maker_fee: Annotated[float, typer.Option("--maker-fee", help="Currency a share; negative is a rebate.")] = 0.0,
    taker_fee: Annotated[float, typer.Option("--taker-fee", help="Currency a share.")] = 0.0,
    together: Annotated[bool, typer.Option("--together", help="Let the parents share one market.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Run even if the same run is stored.")] = False,
    store: StoreOption = DEFAULT_STORE,
    wait: WaitOption = 30.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Replay stored days with parent orders in them and say what they cost.

    Every combination of the flags given several times is a parent of its own. Parents run independently of each
    other unless --together.

    Example: tcakit backtest --symbol ALFA --side buy --quantity 2000 --algo twap --algo pov:10 --start 10:00 --end 12:00 --date 2026-03-03
    """
    from tcakit.jobs.backtest import backtest as run

    started_at = process_start()
    out = Out(json, quiet, verbose)
    if file is not None:
        from tcakit.errors import UsageError
        from tcakit.jobs.backtest_config import config_from_toml

        if symbol or side or quantity or algo:
            raise UsageError("a file and parents as flags", place=str(file), remedy="use one of the two")
        config = config_from_toml(file)
    else:
        config = _from_flags(
            symbol,
            side,
            quantity,
            algo,
            date,
            start,
            end,
            limit,
            queue,
            latency,
            feed_latency,
            maker_fee,
            taker_fee,
            together,
        )
    with out.kernels(), out.progress("replay") as progress:
        result = run(Path(store), config, again=again, progress=progress, started_at=started_at, wait_s=wait)
    if result.get("started_trading_s") is not None:
        out.note(f"trading started {result['started_trading_s']:.3f} s after the command")
    out.result(result, lambda console: _show(result, console))


def _from_flags(
    symbol: Any, side: Any, quantity: Any, algo: Any, date: Any, start: Any, end: Any, limit: Any, queue: Any, latency: str,
    feed_latency: str, maker_fee: float, taker_fee: float, together: bool,
) -> Any:  # fmt: skip
    from tcakit.errors import UsageError
    from tcakit.execution.algorithms import parse_algorithm
    from tcakit.jobs.backtest_config import QUEUE_RULES, BacktestConfig, expand
    from tcakit.jobs.config import one_of
    from tcakit.market.clock import parse_date, parse_duration
    from tcakit.venue.fees import FeeSchedule

    given = {"--symbol": symbol, "--side": side, "--quantity": quantity, "--algo": algo}
    missing = [name for name, value in given.items() if not value]
    if missing:
        raise UsageError(
            f"{', '.join(missing)} missing",
            place="backtest",
            remedy="give a FILE.toml, or all of --symbol --side --quantity --algo",
        )
    sides = [one_of(["buy", "sell"])(text.lower()) for text in side]
    for shares in quantity:
        if not shares > 0:
            raise UsageError(
                f"a quantity of {shares:g} cannot be traded", place="--quantity", remedy="give shares above zero"
            )
    if queue is not None:
        one_of(QUEUE_RULES)(queue)
    algorithms = [parse_algorithm(text) for text in algo]
    dates = [parse_date(text, "--date") for text in date] if date else [None]
    order_ns = parse_duration(latency, "--latency")
    return BacktestConfig(
        parents=tuple(expand(symbol, sides, quantity, algorithms, dates, start=start, end=end, limit=limit)),
        queue=queue,
        together=together,
        feed_latency_ns=parse_duration(feed_latency, "--feed-latency"),
        entry_latency_ns=order_ns,
        response_latency_ns=order_ns,
        fees=FeeSchedule(maker_per_share=maker_fee, taker_per_share=taker_fee),
    )


def _show(result: dict[str, Any], console: Any) -> None:
    from rich.table import Table

    table = Table(title=f"run {result['run_id']}", caption="cost-positive: above zero is bad for the client")
    for name in ("parent", "algo"):
        table.add_column(name)
    for name in (
        "ordered",
        "filled",
        "fills",
        "average",
        "arrival",
        "vwap",
        "shortfall bps of paper",
        "arrival bps of executed",
        "part. %",
        "maker %",
    ):
        table.add_column(name, justify="right")

    def cell(value: Any, form: str, factor: float = 1.0) -> str:
        return "" if value is None else format(value * factor, form)

    for row in result["parents"]:
        table.add_row(
            row["parent_id"], row["algo"], cell(row["ordered_shares"], ",.0f"), cell(row["filled_shares"], ",.0f"),
            f"{row['fills']:,}", cell(row["average_price"], ".4f"), cell(row["arrival_price"], ".4f"),
            cell(row["interval_vwap"], ".4f"), cell(row["shortfall_bps_of_paper"], ".2f"),
            cell(row["arrival_bps_of_executed"], ".2f"), cell(row["participation"], ".1f", 100), cell(row["maker_fraction"], ".0f", 100),
        )  # fmt: skip
    console.print(table)
    for note in result["notes"]:
        console.print(f"note: {note}", markup=False)
    if result.get("stored_before"):
        console.print("this run was stored before and is shown as it is; --again runs it anew")
    else:
        console.print(
            f"{result['orders']:,} orders, {result['fills']:,} fills, {result['events']:,} events in {result['seconds']:.2f} s"
        )
    console.print(f"page: tcakit report --run {result['run_id']} --out report.html")
