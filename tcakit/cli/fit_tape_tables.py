"""What `tcakit fit impact --tape` and the profiles of a day print for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tcakit.cli.tables import Column, number, printable, show_table

if TYPE_CHECKING:
    from rich.console import Console

_BAR = 40


def show_tape(result: dict[str, Any], console: Console) -> None:
    """Symbol by symbol: the model with the range of its level, the views of the tape beside it, and every caveat."""
    for fit in result["fits"]:
        days = f"{len(fit['dates'])} day{'s' if len(fit['dates']) > 1 else ''}"
        console.print(printable(f"{fit['symbol']}: {fit['model'] or 'no model'} from the tape of {days}"), style="bold")
        _show_model(fit, console)
        _show_views(fit["diagnostics"], console)
        if (own := fit["own_orders"]) is not None:
            said = f"{number(own['level'], 3)} ± {number(own['error'], 3)}" if "level" in own else own["reason"]
            console.print(f"own orders (weight {own['weight']:.0%}): {printable(said)}", markup=False, highlight=False)
        for words in _caveats(fit):
            console.print(f"note: {words}", markup=False, style="dim")
        if fit["fit_id"] and result["stored"]:
            console.print(f"stored as fit {fit['fit_id']}, a proxy: own fills come before it", markup=False)
        console.print()
    for words in result["notes"]:
        console.print(f"note: {words}", markup=False, style="dim")
    if "out" in result:
        console.print(f"written to {result['out']}", markup=False)


def show_profiles(result: dict[str, Any], console: Console) -> None:
    """Symbol by symbol: the parts of the day with a bar each, what was fitted beside, and every caveat."""
    for fit in result["fits"]:
        days = f"{len(fit['dates'])} day{'s' if len(fit['dates']) > 1 else ''}"
        _show_profile(fit, f"{fit['symbol']}: {result['kind']} by time of day, {days}", console)
        told = [f"{name} {number(row['value'], 4)}" for name, row in fit["params"].items()]
        if told:
            console.print("; ".join(told), markup=False, highlight=False)
        if tracking := fit["diagnostics"].get("vwap_tracking"):
            words = ", ".join(f"{name} {number(value, 2)}" for name, value in tracking.items() if value is not None)
            console.print(f"following VWAP on later days: {words}", markup=False, highlight=False)
        for words in [*fit["caveats"], *fit["notes"]]:
            console.print(f"note: {words}", markup=False, style="dim")
        if result["stored"]:
            console.print(f"stored as fit {fit['fit_id']}", markup=False)
        console.print()


def _show_model(fit: dict[str, Any], console: Console) -> None:
    if not fit["params"]:
        return
    columns = [Column("parameter"), Column("value", True), Column("se", True), Column("95 % interval", True)]
    columns.append(Column("range of the level", True))
    rows = [
        [name, number(row["value"], 4), number(row["se"], 4), between(row["ci"]), between(row.get("range"))]
        for name, row in fit["params"].items()
    ]
    show_table(console, columns, rows, caption=fit["rests_on"] or "")
    console.print()


def _show_views(views: dict[str, Any], console: Console) -> None:
    columns = [Column("view"), Column("figure"), Column("value", True), Column("95 % interval", True)]
    columns.append(Column("with shuffled signs", True, rank=1))
    rows: list[list[str]] = []
    if (flow := views["order_flow"]) is not None:
        for name, words in (("order_flow", "order-flow imbalance"), ("trade_imbalance", "trade imbalance")):
            if flow[name] is not None:
                mean = f"mean R² of {flow['intervals']} intervals"
                rows.append([words, mean, number(flow[name]["mean_r_squared"], 3),
                             between(flow[name]["mean_r_squared_ci"]), ""])  # fmt: skip
    if (state := views["flow_state"]) is not None:
        control = state["null_controls"]["sign_shuffle"]["coefficient_over_fitted"]
        for kernel in state["kernels"]:
            best = f"{number(control, 3)} of the level" if kernel["kernel"] == state["better"] else ""
            rows.append([f"fading flow, {kernel['kernel']}", "R² of one-minute moves", number(kernel["r_squared"], 3),
                         "", ""])  # fmt: skip
            rows.append(
                ["", "half-life, s", number(kernel["half_life_s"], 0), between(kernel["half_life_ci_s"], 0), best]
            )
    if (dealt := views["random_traders"]) is not None:
        for row in dealt["by_traders"]:
            if row["exponent"] is not None:
                name, shuffled = (
                    f"{row['traders']} random traders",
                    f"{number(row['sign_shuffle_prefactor'], 3)} prefactor",
                )
                rows.append(
                    [name, "exponent of size", number(row["exponent"], 3), between(row["exponent_ci"]), shuffled]
                )
    if (kernel := views["propagator"]) is not None:
        value, shuffled = number(kernel["exponent"], 3), number(kernel["sign_shuffle"]["level_over_fitted"], 3)
        rows.append(
            ["propagator", "exponent of decay", value, between(kernel["exponent_ci"]), f"{shuffled} of the level"]
        )
    if rows:
        show_table(console, columns, rows)
        console.print()


def _show_profile(fit: dict[str, Any], title: str, console: Console) -> None:
    columns = [Column("from"), Column("to", rank=2), Column(fit["unit"], True), Column("se", True, rank=1)]
    columns += [Column("days", True, rank=2), Column("", rank=1)]
    known = [row["value"] for row in fit["profile"] if row["value"] is not None]
    most = max(known, default=0.0)
    rows = [
        [row["start"], row["end"], number(row["value"], 4), number(row["se"], 4), str(row["n_days"]),
         "█" * round(_BAR * (row["value"] or 0.0) / most) if most else ""]
        for row in fit["profile"]
    ]  # fmt: skip
    show_table(console, columns, rows, title)


def _caveats(fit: dict[str, Any]) -> list[str]:
    views = [view for view in fit["diagnostics"].values() if view is not None]
    return list(dict.fromkeys([*fit["caveats"], *(words for view in views for words in view.get("caveats", []))]))


def between(ends: list[float | None] | None, decimals: int = 3) -> str:
    """An interval as text, nothing where there is none.

    >>> between([0.5, 1.25]), between(None)
    ('0.500 to 1.250', '')
    """
    if ends is None or any(end is None for end in ends):
        return ""
    return " to ".join(number(end, decimals) for end in ends)
