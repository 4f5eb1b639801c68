"""What `tcakit fit impact` prints for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tcakit.cli.tables import Column, number, printable, show_table

if TYPE_CHECKING:
    from rich.console import Console

_BUCKETS = ("size", "side", "algo")


def show_impact(result: dict[str, Any], console: Console) -> None:
    """Parameters with their errors, the ladder of models, where the model is wrong, and every caveat."""
    found = result["diagnostics"]
    of = result["symbol"] or f"{len(result['symbols'])} symbols"
    console.print(
        f"{result['model']} fitted to {result['orders']:,} orders in {printable(of)} of {result['days']} days, "
        f"{result['date_from']} to {result['date_to']}",
        markup=False,
    )
    left_out = ", ".join(f"{count:,} {printable(reason)}" for reason, count in result["excluded"].items())
    if left_out:
        console.print(f"left out: {left_out}", markup=False)
    console.print()
    _show_parameters(result, console)
    _show_held_out(found, console)
    _show_ladder(result, console)
    if "nonparametric" in found:
        _show_nonparametric(found["nonparametric"], result["model"], console)
    for name in _BUCKETS:
        if name in found["residuals"]:
            _show_buckets(name, found["residuals"][name], console)
    for words in found["warnings"]:
        console.print(f"warning: {words}", markup=False, style="yellow")
    for words in result["notes"]:
        console.print(f"note: {words}", markup=False, style="dim")
    if result["stored"]:
        console.print(f"stored as fit {result['fit_id']}", markup=False)
    if "out" in result:
        console.print(f"written to {result['out']}", markup=False)


def _show_parameters(result: dict[str, Any], console: Console) -> None:
    columns = [Column("parameter"), Column("value", True), Column("se", True), Column("95 % interval", True)]
    columns.append(Column("se by day\nand symbol", True, rank=1))
    rows = [
        [name, *(number(row[key], 3) for key in ("value", "se")), _between(row["ci"], 3),
         number(row["se_by_day_and_symbol"], 3)]
        for name, row in result["params"].items()
    ]  # fmt: skip
    rows += [[name, number(value, 3), "held", "", ""] for name, value in result["fixed"].items()]
    caption = f"errors over {result['draws']:,} draws of the {result['days']} days"
    profile = result["diagnostics"]["profile"]
    if profile is not None:
        caption += f"; {profile['parameter']} by its profile likelihood: {_between(profile['interval'], 3)}"
    show_table(console, columns, rows, "Parameters", caption)
    console.print()


def _show_held_out(found: dict[str, Any], console: Console) -> None:
    held = found["held_out"]
    if held is None:
        return
    slope = held["calibration"]
    console.print(
        f"on held-out days: costs rise {number(slope['slope'], 2)} times as predicted "
        f"({_between(slope['ci'], 2)}; 1 is right), squared error "
        f"{number(held['skill']['skill'], 2, 100)} % below that of the mean cost",
        markup=False,
    )
    others = found["held_out_symbols"]
    if others is not None:
        slope = others["calibration"]
        console.print(
            f"on symbols that were not fitted: {number(slope['slope'], 2)} times ({_between(slope['ci'], 2)}), squared "
            f"error {number(others['skill']['skill'], 2, 100)} % below",
            markup=False,
        )
    controls = found["null_controls"]
    if controls:
        signs = controls["signs"]
        console.print(
            f"with the days' signs left to a coin the level of impact is within {_between(signs['ci'], 2)}; with the "
            f"true ones {number(signs['observed'], 2)} (p = {number(signs['p_value'], 4)})",
            markup=False,
        )
    console.print()


def _show_ladder(result: dict[str, Any], console: Console) -> None:
    columns = [Column("model"), Column("parameters", True, rank=3), Column("AIC", True, rank=2)]
    columns += [Column("BIC", True, rank=2), Column("held-out\nerror", True)]
    columns += [Column("below the\nmean, %", True), Column("95 % interval", True, rank=1)]
    columns.append(Column("p against\nthe least", True, rank=1))
    rows = []
    for row in result["diagnostics"]["ladder"]:
        name = row["model"] + (" *" if row["model"] == result["model"] else "")
        if "reason" in row:
            rows.append([f"{name}: {row['reason']}", "", "", "", "", "", "", ""])
            continue
        rows.append(
            [name, str(row["free_parameters"]), number(row["aic"], 1), number(row["bic"], 1), number(row["loss"], 4),
             number(row["skill"]["skill"], 2, 100), _between(row["skill"]["ci"], 2, 100),
             number(row["p_against_best"], 3)]
        )  # fmt: skip
    caption = "error: mean square in variances of chance, 1 for a perfect model; * the one fitted"
    show_table(console, columns, rows, "Models on the same orders", caption)
    console.print()


def _show_nonparametric(rows: list[dict[str, Any]], law: str, console: Console) -> None:
    columns = [Column("model without a law"), Column("held-out\nerror", True), Column("below the\nlaw's, %", True)]
    columns += [Column("95 % interval", True, rank=1), Column("p", True, rank=1), Column("wins")]
    cells = [
        [row["model"], number(row["loss"], 4), number(row["skill"]["skill"], 2, 100),
         _between(row["skill"]["ci"], 2, 100), number(row["skill"]["p_value"], 4), "yes" if row["wins"] else "no"]
        for row in rows
    ]  # fmt: skip
    caption = f"each learns what {law} leaves, but for boosting, which learns all; none is kept"
    show_table(console, columns, cells, "Without a law", caption)
    console.print()


def _show_buckets(name: str, buckets: list[dict[str, Any]], console: Console) -> None:
    columns = [Column(name), Column("orders", True, rank=2), Column("cost, bps", True), Column("predicted", True)]
    columns += [Column("difference", True), Column("se", True, rank=1), Column("z", True)]
    rows = [
        [printable(bucket_name(row)), f"{row['orders']:,}", *(number(row[key], 2) for key in
         ("realised_bps", "predicted_bps", "residual_bps", "se_bps")), number(row["z"], 1)]
        for row in buckets
    ]  # fmt: skip
    show_table(console, columns, rows, f"By {name}")
    console.print()


def bucket_name(row: dict[str, Any]) -> str:
    """What a bucket of residuals holds.

    >>> bucket_name({"bucket": "buy"}), bucket_name({"at_least": 0.001, "at_most": 0.00213})
    ('buy', '0.001 to 0.00213')
    """
    return str(row["bucket"]) if "bucket" in row else f"{row['at_least']:.3g} to {row['at_most']:.3g}"


def _between(ends: list[float | None], decimals: int, scale: float = 1.0) -> str:
    low, high = ("open" if end is None else number(end, decimals, scale) for end in ends)
    return f"{low} to {high}"
