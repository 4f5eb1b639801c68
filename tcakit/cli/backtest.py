"""tcakit backtest"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from tcakit.cli.common import (
    DEFAULT_STORE,
    SIDE_WORDS,
    JsonOption,
    Out,
    QuietOption,
    StoreOption,
    VerboseOption,
    WaitOption,
    process_start,
    was_given,
)
from tcakit.cli.impact import FLAGS, SCALES, rules_from_flags, show_scenarios

_SPELT = {"prefactor": "impact-prefactor", "date_from": "from", "date_to": "to"}
_OF_THE_FILE = (
    "symbol", "side", "quantity", "algo", "start", "end", "date", "limit", "queue", "fills", "latency", "feed_latency",
    "maker_fee", "taker_fee", "fees", "together", "engine", "interval", "spread_fraction", "spread_bps", "impact",
    "prefactor", "daily_volatility", "daily_volume", "max_participation", "market", *FLAGS,
)  # fmt: skip
_OF_THE_REPLAY = ("queue", "fills", "latency", "feed_latency", "maker_fee", "together", *FLAGS, "impact_scenarios")
_NOT_SIMULATED = ("queue", "fills", *FLAGS, "impact_scenarios", "check_lookahead")


def backtest(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE.toml", help="A backtest file; or use the flags below.")
    ] = None,
    symbol: Annotated[
        list[str] | None,
        typer.Option("--symbol", help="May be given several times, as may --side, --quantity, --algo, --date."),
    ] = None,
    side: Annotated[list[str] | None, typer.Option("--side", help="buy or sell.")] = None,
    quantity: Annotated[list[float] | None, typer.Option("--quantity", help="Shares.")] = None,
    algo: Annotated[
        list[str] | None,
        typer.Option(
            "--algo",
            help="twap, vwap, pov:10 (per cent), is:30m (half-life), optimal:30m (half-life), "
            "passive-aggressive:30s (patience), sniper:0.7 (imbalance), iceberg:200 (shown), pegged, "
            "market-maker:500 (position), package.module:Class or file.py,param=1.",
        ),
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
    fills: Annotated[
        str, typer.Option("--fills", help="partial, partial-undepleted (what we took is there again) or whole.")
    ] = "partial",
    latency: Annotated[str, typer.Option("--latency", help="Order to the venue, and answer back, e.g. 1ms.")] = "1ms",
    feed_latency: Annotated[
        str, typer.Option("--feed-latency", help="Market data to the strategy, e.g. 500us.")
    ] = "0ms",
    maker_fee: Annotated[float, typer.Option("--maker-fee", help="Currency a share; negative is a rebate.")] = 0.0,
    taker_fee: Annotated[float, typer.Option("--taker-fee", help="Currency a share.")] = 0.0,
    fees: Annotated[
        Path | None,
        typer.Option("--fees", metavar="FILE.toml", help="A fee file, in place of --maker-fee, --taker-fee."),
    ] = None,
    together: Annotated[
        bool, typer.Option("--together", help="Let the parents of a day share its markets, in one clock.")
    ] = False,
    engine: Annotated[
        str,
        typer.Option(
            "--engine",
            help="replay: in the recorded book; bars: by a model of fills; simulated: in a market that reacts.",
        ),
    ] = "replay",
    market: Annotated[
        str | None, typer.Option("--market", help="replay or simulated: the same as --engine of that name.")
    ] = None,
    interval: Annotated[str | None, typer.Option("--interval", help="bars: length of the intervals (1m).")] = None,
    spread_fraction: Annotated[
        float | None, typer.Option("--spread-fraction", help="bars: part of half the quoted spread that is paid (1).")
    ] = None,
    spread_bps: Annotated[
        float | None, typer.Option("--spread-bps", help="bars: quoted spread in bps of price where none is stored.")
    ] = None,
    impact: Annotated[
        str | None, typer.Option("--impact", help="bars: square-root (if left out), square-root-slice or none.")
    ] = None,
    prefactor: Annotated[
        float | None, typer.Option("--impact-prefactor", help="bars: Y of the square-root law (1).")
    ] = None,
    daily_volatility: Annotated[
        float | None,
        typer.Option("--daily-volatility", help="bars, impact: a fraction, in place of what stored days say."),
    ] = None,
    daily_volume: Annotated[
        float | None, typer.Option("--daily-volume", help="bars, impact: shares, in place of what stored days say.")
    ] = None,
    max_participation: Annotated[
        float | None,
        typer.Option("--max-participation", help="bars: fraction of an interval's volume that is ours at most (0.2)."),
    ] = None,
    impact_model: Annotated[
        str | None,
        typer.Option(
            "--impact-model",
            help="replay: what our fills do beyond the displayed size taken, e.g. "
            "obizhaeva-wang,transient=1,half_life=0.05; or propagator, alfonsi-fruth-schied, linear; or a stored fit, "
            "fit:ID or fit:latest.",
        ),
    ] = None,
    impact_layers: Annotated[
        str | None, typer.Option("--impact-layers", help="Of ledger,transient,permanent; all if left out.")
    ] = None,
    impact_passive_weight: Annotated[
        float | None, typer.Option("--impact-passive-weight", help="What a passive fill counts, 0 to 1 (0.5).")
    ] = None,
    impact_refill: Annotated[
        str | None, typer.Option("--impact-refill", help="Half-life of what we took of the book; else till it rises.")
    ] = None,
    impact_se: Annotated[
        float | None,
        typer.Option("--impact-se", help="Relative standard error of the model, 0.1 for 10 %; fits have one."),
    ] = None,
    alpha_bps: Annotated[
        float | None, typer.Option("--alpha-bps", help="What the orders earn before costs, for the break-even.")
    ] = None,
    impact_own_fills: Annotated[
        bool, typer.Option("--impact-own-fills", help="First take out of the recording what the firm's fills did.")
    ] = False,
    impact_scenarios: Annotated[
        bool,
        typer.Option("--impact-scenarios", help="Replay with other sizes of impact too; where does it stop paying?"),
    ] = False,
    orders: Annotated[
        bool, typer.Option("--orders", help="The ingested parents in place of --symbol, --side, --quantity and times.")
    ] = False,
    date_from: Annotated[str | None, typer.Option("--from", help="With --orders: first trade date.")] = None,
    date_to: Annotated[str | None, typer.Option("--to", help="With --orders: last trade date.")] = None,
    where: Annotated[
        list[str] | None, typer.Option("--where", help="With --orders: column=value[,value], e.g. broker=NORTHGATE.")
    ] = None,
    by: Annotated[str | None, typer.Option("--by", help="With --orders: differences by a column, e.g. broker.")] = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="fills|RUN",
            help="Replay child orders that were: which queue rule and latency fill them as they were filled.",
        ),
    ] = None,
    check_lookahead: Annotated[
        bool, typer.Option("--check-lookahead", help="First prove that no strategy acts on what it cannot know yet.")
    ] = False,
    check_times: Annotated[
        int, typer.Option("--check-times", min=1, help="Instants after which the check puts noise, a parent.")
    ] = 10,
    again: Annotated[bool, typer.Option("--again", help="Run even if the same run is stored.")] = False,
    store: StoreOption = DEFAULT_STORE,
    wait: WaitOption = 30.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Replay stored days with parent orders in them and say what they cost.

    Every combination of the flags given several times is a parent of its own. Parents run independently of each
    other unless --together. --engine bars fills by a model over intervals instead, for wide studies. --market simulated
    trades in a stored day that `simulate run` made: it answers, and what the orders did to it is told.

    With --orders the firm's ingested parents are replayed by each of --algo vwap,pov:10,is:30m, and set against what
    really happened. With --against fills their child orders are, under a grid of queue rules and latencies.

    --impact-model lets our own fills move the recorded book; --impact-scenarios asks what other sizes of it would do.

    --check-lookahead replays each parent with noise in place of all that reaches it after some instant: whatever it did
    up to then it must do again. It fails with the first decision that was another one.

    \b
    Example: tcakit backtest --symbol ALFA --side buy --quantity 2000 --algo pov:10 --date 2026-03-03
    """
    if market is not None:
        engine = _engine_of(market, engine if was_given(context, "engine") else None)
    flags = dict(locals())
    from tcakit.jobs.backtest import backtest as run

    started_at = process_start()
    out = Out(json, quiet, verbose)
    if against is not None:
        from tcakit.cli.against_fills import against_fills

        against_fills(context, flags, out)
        return
    if orders:
        from tcakit.cli.backtest_orders import backtest_orders

        if impact_scenarios:
            from tcakit.errors import UsageError

            raise UsageError(
                "--impact-scenarios with --orders", place="backtest", remedy="give --symbol, --side and --quantity"
            )
        if check_lookahead:
            from tcakit.errors import UsageError

            raise UsageError(
                "--check-lookahead with --orders", place="backtest", remedy="check with --symbol, --side and --quantity"
            )
        backtest_orders(context, flags, _rules_of, out)
        return
    _refuse_without_orders(context)
    if file is not None:
        from tcakit.errors import UsageError
        from tcakit.jobs.backtest_config import config_from_toml

        given = [name for name in _OF_THE_FILE if was_given(context, name)]
        if given:
            raise UsageError(f"a file, and {_flags(given)} too", place=str(file), remedy="say it in the file")
        config = config_from_toml(file)
    else:
        config = _from_flags(flags)
        _refuse_of_the_other(context, config.engine)
    if impact_scenarios and (config.impact is None or config.walk_forward is not None):
        from tcakit.errors import UsageError

        raise UsageError(
            "--impact-scenarios without impact, or with walk-forward",
            place="backtest",
            remedy="give --impact-model, and no [walk_forward]",
        )
    if config.walk_forward is not None:
        from tcakit.jobs.walk_forward import walk_forward as run
    checked = None
    if check_lookahead:
        from tcakit.jobs.lookahead import lookahead

        with out.kernels(), out.progress("look-ahead") as progress:
            checked = lookahead(Path(store), config, times=check_times, progress=progress, wait_s=wait)
    with out.kernels(), out.progress(config.engine) as progress:
        result = run(Path(store), config, again=again, progress=progress, started_at=started_at, wait_s=wait)
    if checked is not None:
        result["lookahead"] = checked
    if impact_scenarios:
        from tcakit.jobs.impact_scenarios import impact_scenarios as vary

        with out.kernels(), out.progress("impact") as progress:
            result["impact"] = vary(Path(store), config, progress=progress, wait_s=wait)
    if result.get("started_trading_s") is not None:
        out.note(f"trading started {result['started_trading_s']:.3f} s after the command")
    out.result(result, lambda console: _show(result, console))


def _engine_of(market: str, engine: str | None) -> str:
    """The engine of a market's name; UsageError where another engine was asked for."""
    from tcakit.errors import UsageError

    if market not in ("replay", "simulated"):
        raise UsageError(f"no market {market!r}", place="--market", remedy="known are replay and simulated")
    if engine is not None and engine != market:
        raise UsageError(f"--market {market} and --engine {engine}", place="--market", remedy="give one of them")
    return market


def _flags(names: Iterable[str]) -> str:
    return ", ".join("--" + _SPELT.get(name, name.replace("_", "-")) for name in names)


def _refuse_of_the_other(context: typer.Context, engine: str) -> None:
    """UsageError for flags that mean nothing to the engine: nothing is left out in silence."""
    from tcakit.errors import UsageError
    from tcakit.jobs.backtest_config import BARS, SIMULATED
    from tcakit.jobs.bar_settings import BAR_CHECKS

    scales = SCALES if was_given(context, "impact_model") else ()
    others = _OF_THE_REPLAY if engine == BARS else [name for name in BAR_CHECKS if name not in scales]
    if engine == SIMULATED:
        others = [*BAR_CHECKS, *_NOT_SIMULATED]
    given = [name for name in others if was_given(context, name)]
    if given:
        raise UsageError(f"the {engine} engine has no {_flags(given)}", place="backtest", remedy="leave it out")


def _refuse_without_orders(context: typer.Context) -> None:
    """UsageError for flags that only --orders reads."""
    from tcakit.errors import UsageError

    given = [name for name in ("date_from", "date_to", "where", "by") if was_given(context, name)]
    if given:
        raise UsageError(f"{_flags(given)} without --orders", place="backtest", remedy="add --orders, or leave it out")


def _rules_of(flags: dict[str, Any]) -> Any:
    """The rules of the replay that the flags say: a configuration without parents."""
    stand_in = {"symbol": ["-"], "side": ["buy"], "quantity": [1.0], "algo": ["twap"], "date": None}
    return replace(_from_flags(flags | stand_in), parents=())


def _from_flags(flags: dict[str, Any]) -> Any:
    """The configuration that the flags say; all mistakes are told at once."""
    from tcakit.errors import ConfigError, TcakitError, UsageError
    from tcakit.execution.algorithms import parse_algorithm
    from tcakit.jobs.backtest_config import ENGINES, QUEUE_RULES, BacktestConfig, a_quantity, expand
    from tcakit.jobs.bar_settings import BAR_CHECKS, bar_model
    from tcakit.jobs.config import finite, one_of
    from tcakit.jobs.fee_settings import fees_from_flags
    from tcakit.jobs.replay_rules import FILLS, LatencyRules
    from tcakit.market.clock import parse_date, parse_duration, parse_time

    missing = [f"--{name}" for name in ("symbol", "side", "quantity", "algo") if not flags[name]]
    if missing:
        raise UsageError(
            f"{', '.join(missing)} missing",
            place="backtest",
            remedy="give a FILE.toml, or all of --symbol --side --quantity --algo",
        )
    mistakes: list[TcakitError] = []

    def checked(flag: str, check: Callable[[Any], Any], value: Any) -> Any:
        try:
            return check(value)
        except TcakitError as error:
            error.place = f"--{flag}"
            mistakes.append(error)
            return None

    sides = [checked("side", one_of(["buy", "sell"]), text.lower()) for text in flags["side"]]
    quantities = [checked("quantity", a_quantity, shares) for shares in flags["quantity"]]
    algorithms = [checked("algo", parse_algorithm, text) for text in flags["algo"]]
    dates = [checked("date", parse_date, text) for text in flags["date"]] if flags["date"] else [None]
    for name in ("start", "end"):
        if flags[name] is not None:
            checked(name, lambda text: parse_time(text, date="2000-01-03"), flags[name])
    if flags["queue"] is not None:
        checked("queue", one_of(QUEUE_RULES), flags["queue"])
    checked("fills", one_of(list(FILLS)), flags["fills"])
    if flags["limit"] is not None:
        checked("limit", a_quantity, flags["limit"])
    checked("engine", one_of(ENGINES), flags["engine"])
    model = {
        name: checked(_flags([name])[2:], check, flags[name])
        for name, check in BAR_CHECKS.items()
        if flags[name] is not None
    }
    impact = rules_from_flags(flags, checked)
    order_ns = checked("latency", parse_duration, flags["latency"])
    feed_ns = checked("feed-latency", parse_duration, flags["feed_latency"])
    maker, taker = checked("maker-fee", finite, flags["maker_fee"]), checked("taker-fee", finite, flags["taker_fee"])
    if len(mistakes) == 1:
        raise mistakes[0]
    if mistakes:
        raise ConfigError([(error.place or "", error.message, error.remedy or "mend it") for error in mistakes])
    window = {name: flags[name] for name in ("start", "end", "limit")}
    return BacktestConfig(
        parents=tuple(expand(flags["symbol"], sides, quantities, algorithms, dates, **window)),
        engine=flags["engine"],
        bars=bar_model(model),
        queue=flags["queue"],
        fills=flags["fills"],
        together=flags["together"],
        latency=LatencyRules(feed_ns, order_ns, order_ns),
        impact=impact,
        fees=fees_from_flags(flags["fees"], maker, taker),
    )


def _show(result: dict[str, Any], console: Any) -> None:
    from tcakit.cli.tables import Column, number, printable, show_table

    rows = result["parents"]
    several_dates = len({row["date"] for row in rows}) > 1
    columns = [
        Column("order"),
        Column("algo"),
        *([Column("date")] if several_dates else []),
        Column("filled", True),
        Column("fills", True, rank=6),
        Column("average", True),
        Column("arrival", True, rank=1),
        Column("market\nvwap", True, rank=4),
        Column("shortfall\nbps of paper", True),
        Column("arrival\nbps of executed", True, rank=5),
        Column("part.\n%", True, rank=2),
        Column("maker\n%", True, rank=3),
        Column("parent", rank=7),
    ]
    cells = [
        [
            f"{SIDE_WORDS.get(row['side'], row['side'])} {number(row['ordered_shares'], 0)} {row['symbol']}",
            row["algo"],
            *([row["date"]] if several_dates else []),
            number(row["filled_shares"], 0),
            f"{row['fills']:,}",
            number(row["average_price"], 4),
            number(row["arrival_price"], 4),
            number(row["interval_vwap"], 4),
            number(row["shortfall_bps_of_paper"], 2),
            number(row["arrival_bps_of_executed"], 2),
            number(row["participation"], 1, 100),
            number(row["maker_fraction"], 0, 100),
            row["parent_id"],
        ]
        for row in rows
    ]
    dates = sorted({row["date"] for row in rows})
    title = f"run {result['run_id']}  {dates[0]}" + (f" to {dates[-1]}" if several_dates else "")
    show_table(console, columns, cells, title, caption="cost-positive: above zero is bad for the client")
    console.print()
    if "walk_forward" in result:
        _show_folds(result["walk_forward"], console)
    for row in result["algorithms"]:
        console.print(printable(_cost_line(row)), markup=False)
    if "impact" in result:
        show_scenarios(result["impact"], console)
    for note in result["notes"]:
        console.print(f"note: {printable(note)}", markup=False)
    if "lookahead" in result:
        checked = result["lookahead"]
        console.print(
            f"no look-ahead: with noise after {checked['times']:,} instants {checked['calls']:,} calls and "
            f"{checked['events']:,} events before them were the same"
        )
    if result.get("stored_before"):
        console.print("this run was stored before and is shown as it is; --again runs it anew")
    else:
        console.print(
            f"{result['orders']:,} orders, {result['fills']:,} fills, {result['events']:,} events "
            f"in {result['seconds']:.2f} s"
        )
    console.print(f"page: tcakit report --run {result['run_id'][:8]} --out report.html")


def _cost_line(row: dict[str, Any]) -> str:
    """An algorithm's costs in words, each with its interval."""

    def told(name: str) -> str:
        value, ci = row[f"{name}_bps"], row[f"{name}_ci"]
        if value is None:
            return "unknown"
        return f"{value:+.2f} bps" + ("" if ci is None else f" ({ci[0]:+.2f} to {ci[1]:+.2f})")

    orders = f"{row['parents']} order{'s' if row['parents'] != 1 else ''} of {row['days']} day"
    return (
        f"{row['algo']}: {told('cost')} of executed against arrival, shortfall {told('shortfall')} of paper; "
        f"{orders}{'s' if row['days'] != 1 else ''}"
    )


def _show_folds(told: dict[str, Any], console: Any) -> None:
    """What was chosen on earlier days, and what it cost on later ones."""
    from tcakit.cli.tables import Column, number, printable, show_table

    columns = [
        Column("chosen on"), Column("tested on"), Column("chosen"), Column("train\nbps", True),
        Column("test\nbps", True),
    ]  # fmt: skip
    rows = [
        [
            f"{fold['train'][0]} to {fold['train'][-1]}", f"{fold['test'][0]} to {fold['test'][-1]}", fold["chosen"],
            number(fold["train_bps"], 2), number(fold["test_bps"], 2),
        ]
        for fold in told["folds"]
    ]  # fmt: skip
    show_table(console, columns, rows, f"walk-forward, {told['sets']} parameter sets by {told['objective']}")
    ci = told["test_ci"]
    sure = "" if ci is None else f" ({ci[0]:+.2f} to {ci[1]:+.2f})"
    console.print(f"on {told['test_days']} test days: {number(told['test_bps'], 2)} bps{sure}")
    for note in told["notes"]:
        console.print(f"note: {printable(note)}", markup=False)
    console.print()
