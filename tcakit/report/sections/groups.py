"""Cost by broker, trader and every other dimension: tables that sort, and who stands apart from the rest."""

from __future__ import annotations

from typing import Any

from tcakit.report.dimensions import NAMES
from tcakit.report.figures import Figure, plain
from tcakit.report.palette import LIGHT
from tcakit.report.sections import Section, template_of
from tcakit.report.wording import MEASURE_NAMES, MISSING, interval, number

_MOST_MARKS = 30
_DRAWN = ("broker", "trader", "account")
_OTHER_MEASURES = {"spread_bps_of_executed": "Spread", "fees_bps_of_executed": "Fees"}


def groups(summary: dict[str, Any]) -> Section | None:
    """A table a dimension, those asked for first, with forests of brokers, traders and accounts; None without."""
    held = summary.get("groups") or []
    tables = [table for table in held if table["cells"] and table["by"] != ["algo"]]
    if not tables:
        return None
    shown = []
    figures: dict[str, Figure] = {}
    for place, table in enumerate(tables, start=1):
        name = f"{place}-group"
        rows = [(_label(table["by"], cell["key"]), cell) for cell in table["cells"]]
        if table["asked"] or (len(table["by"]) == 1 and table["by"][0] in _DRAWN):
            figure = group_figure(table, rows)
            if figure is not None:
                figures[name] = figure
        titles = [NAMES.get(word, word) for word in table["by"]]
        shown.append((name, ", ".join(titles).capitalize(), titles, table))
    names = MEASURE_NAMES | _OTHER_MEASURES
    return Section("groups", "By broker and more", template_of("groups"), {"tables": shown, "names": names}, figures)


def _label(by: list[str], key: dict[str, Any]) -> str:
    return " · ".join(MISSING if key[name] is None else str(key[name]) for name in by)


def group_figure(table: dict[str, Any], rows: list[tuple[str, dict[str, Any]]]) -> Figure | None:
    """Cost against arrival of each cell with its interval; cells of most orders where there are many."""
    known = [(label, cell) for label, cell in rows if cell["measures"][table["tested"]]["value"] is not None]
    if len(known) < 2:
        return None
    known = sorted(known, key=lambda item: (-item[1]["n"], item[0]))[:_MOST_MARKS]
    known.sort(key=lambda item: item[1]["measures"][table["tested"]]["value"])
    stats = [cell["measures"][table["tested"]] for _, cell in known]
    labels = [f"{plain(label)}  (n = {cell['n']})" for label, cell in known]
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "x": [stat["value"] for stat in stats],
                "y": labels,
                "customdata": [[number(stat["value"]), interval(stat)] for stat in stats],
                "hovertemplate": "<b>%{y}</b><br>%{customdata[0]} bps, 95 % %{customdata[1]}<extra></extra>",
                "marker": {"size": 11, "color": LIGHT["accent"]},
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [0.0 if stat["high"] is None else stat["high"] - stat["value"] for stat in stats],
                    "arrayminus": [0.0 if stat["low"] is None else stat["value"] - stat["low"] for stat in stats],
                    "thickness": 2,
                    "width": 6,
                    "color": LIGHT["accent"],
                },
            }
        ],
        "layout": {
            "height": 150 + 34 * len(known),
            "xaxis": {"title": {"text": "Against arrival (bps of executed), above zero is a cost"}, "zeroline": True},
            "yaxis": {"automargin": True, "categoryorder": "array", "categoryarray": labels, "fixedrange": True},
            "showlegend": False,
        },
    }
