"""Impact in `tcakit backtest`: its rules out of flags, and its scenarios for the terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

FLAGS = (
    "impact_model", "impact_layers", "impact_passive_weight", "impact_refill", "impact_se", "alpha_bps",
    "impact_own_fills",
)  # fmt: skip
"""Flags that say a replay's impact; all but the first need it."""
SCALES = ("daily_volume", "daily_volatility")
"""Flags that scale it, which the bar model has as well."""


def rules_from_flags(flags: dict[str, Any], checked: Callable[[str, Callable[[Any], Any], Any], Any]) -> Any:
    """The impact that the flags ask for, None without a model; UsageError for what needs one.

    `checked(flag, check, value)` gives what the check makes of a value, and keeps its mistake.
    """
    from tcakit.errors import UsageError
    from tcakit.jobs.bar_settings import above_zero
    from tcakit.jobs.config import at_least
    from tcakit.jobs.impact_rules import ImpactRules, a_model, a_refill, a_weight, split_layers

    given = [name for name in FLAGS if flags[name] not in (None, False)]
    if flags["impact_model"] is None:
        if given:
            named = ", ".join("--" + name.replace("_", "-") for name in given)
            raise UsageError(f"{named} without a model", place="backtest", remedy="add --impact-model")
        return None
    found: dict[str, Any] = {"own_fills": flags["impact_own_fills"]}
    checks: list[tuple[str, str, Callable[[Any], Any]]] = [
        ("impact_model", "model", a_model),
        ("impact_layers", "layers", split_layers),
        ("impact_passive_weight", "passive_weight", a_weight),
        ("impact_refill", "refill_ns", a_refill),
        ("impact_se", "standard_error", at_least(0.0)),
        ("alpha_bps", "alpha_bps", at_least(0.0)),
        *((name, name, above_zero) for name in SCALES),
    ]
    for flag, name, check in checks:
        if flags[flag] is not None:
            found[name] = checked(flag.replace("_", "-"), check, flags[flag])
    return ImpactRules(**found)


def show_scenarios(told: dict[str, Any], console: Any) -> None:
    """What the run comes to under other sizes of its impact, and when it stops paying."""
    from tcakit.cli.tables import Column, number, printable, show_table

    earned = told["measure"] == "earned"
    columns = [
        Column("impact"),
        Column("times", True),
        Column("earned\ncurrency" if earned else "shortfall\nbps of paper", True),
    ]
    rows = [[row["name"], number(row["multiplier"], 2), number(row["value"], 2)] for row in told["scenarios"]]
    show_table(console, columns, rows, "other sizes of impact")
    alpha = "" if told["alpha_bps"] is None or earned else f" (alpha {told['alpha_bps']:g} bps)"
    console.print(f"{told['break_even_note']}{alpha}")
    for note in told["notes"]:
        console.print(f"note: {printable(note)}", markup=False)
    console.print()
