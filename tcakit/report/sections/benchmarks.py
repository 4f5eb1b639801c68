"""Further benchmarks: what orders cost against every other price, what they did to the market, how long they took."""

from __future__ import annotations

from typing import Any

from tcakit.report.figures import Figure
from tcakit.report.palette import LIGHT
from tcakit.report.sections import Section, blocks_of, template_of
from tcakit.report.wording import in_unit, interval, interval_in_unit, number

_TITLES = {
    "prices": ("Against further prices", "Above zero the fills were worse than that price."),
    "index": ("Against an index", "What is left when the index's own move, times beta, is taken off."),
    "impact": (
        "Impact, reversion and information",
        "Signed by the order's side: above zero the market moved against us. What stayed is permanent, what went is "
        "temporary; a reversion above zero means that the price came back after the last fill.",
    ),
    "beaten": ("Share of the market beaten", "50 % is as good as the market; 100 % is better than every print."),
    "circumstances": ("What the orders met", "Of the stored days before each order's own."),
    "times": ("Times and child orders", "From arrival."),
}
_SPLITS = {
    "executed": "Executed basis (CFA Institute)",
    "order": "Order basis (Wagner)",
    "timestamps": "Four timestamps (EDHEC)",
    "days": "Day by day (CFA Institute)",
}


def benchmarks(summary: dict[str, Any]) -> Section | None:
    """A table a group of figures with a forest of the prices, and the shortfall on its bases; None without them."""
    blocks = []
    figures: dict[str, Figure] = {}
    for place, block in blocks_of(summary):
        held = block.get("benchmark_costs")
        if not held:
            continue
        known = [(at, row) for at, row in enumerate(held["measures"]) if row["n"]]
        groups = [
            (
                title,
                words,
                [
                    (at, row, in_unit(row["value"], row["unit"]), interval_in_unit(row, row["unit"]))
                    for at, row in known
                    if row["group"] == group
                ],
            )
            for group, (title, words) in _TITLES.items()
        ]
        unknown = [row["name"] for row in held["measures"] if not row["n"]]
        splits = [(name, _SPLITS[name], split) for name, split in held["splits"].items() if split["steps"]]
        prices = [row for _, row in known if row["group"] == "prices"]
        if prices:
            figures[f"{place}-benchmarks"] = prices_figure(prices)
        blocks.append((place, block["currency"], [group for group in groups if group[2]], unknown, splits))
    if not any(groups or splits for _, _, groups, _, splits in blocks):
        return None
    values = {"blocks": blocks, "several": len(summary["currencies"]) > 1}
    return Section("benchmarks", "Further benchmarks", template_of("benchmarks"), values, figures)


def prices_figure(rows: list[dict[str, Any]]) -> Figure:
    """Cost against each price with its interval, the first on top; a hollow mark has too few orders for one."""
    rows = rows[::-1]
    labels = [row["name"] for row in rows]
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "x": [row["value"] for row in rows],
                "y": labels,
                "customdata": [[number(row["value"]), interval(row), row["n"]] for row in rows],
                "hovertemplate": (
                    "<b>%{y}</b><br>%{customdata[0]} bps, 95 % %{customdata[1]}<br>%{customdata[2]} orders"
                    "<extra></extra>"
                ),
                "marker": {
                    "size": 10,
                    "color": LIGHT["accent"],
                    "symbol": ["circle-open" if row["low"] is None else "circle" for row in rows],
                },
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [0.0 if row["high"] is None else row["high"] - row["value"] for row in rows],
                    "arrayminus": [0.0 if row["low"] is None else row["value"] - row["low"] for row in rows],
                    "thickness": 2,
                    "width": 6,
                    "color": LIGHT["accent"],
                },
            }
        ],
        "layout": {
            "height": 130 + 28 * len(rows),
            "xaxis": {"title": {"text": "Cost (bps of filled quantity at that price), above zero is bad"},
                      "zeroline": True, "zerolinewidth": 2},
            "yaxis": {"automargin": True, "categoryorder": "array", "categoryarray": labels, "fixedrange": True},
            "showlegend": False,
        },
    }  # fmt: skip
