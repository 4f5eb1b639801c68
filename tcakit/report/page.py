"""The report as one HTML page that opens offline: templates, charts and data in a single file."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tcakit.report import palette, wording
from tcakit.report.data import ReportData
from tcakit.report.drilldown import drilldowns
from tcakit.report.estimates import estimate_figures
from tcakit.report.figures import figures_of

HERE = Path(__file__).parent
ROWS_SHOWN = 1_000
_KINDS = {
    "replay": "Replay of recorded markets",
    "bars": "Model of fills over intervals",
    "blotter": "Measured blotter",
}
# In a script element only these can end the element or a JavaScript line; in JSON all may stand as \u escapes.
_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def render(data: ReportData, summary: dict[str, Any]) -> str:
    """The whole page of that run; `summary` is what `summarise(data)` gave.

    Every number shown is the summary's. Nothing on the page is fetched from anywhere, and its content security
    policy lets it run no script but its own.
    """
    blocks = list(summary["currencies"].values())
    figures = {
        f"{place}-{name}": figure
        for place, block in enumerate(blocks, start=1)
        for name, figure in figures_of(block).items()
    }
    figures |= estimate_figures(summary["estimates"])
    orders = drilldowns(data, summary["parents"])
    for order, row in zip(orders, summary["parents"], strict=False):
        order |= {"title": order_title(row), "facts": order_facts(row), "notes": order_notes(row)}
    payload = {"figures": figures, "orders": orders, "dark": palette.light_to_dark()}
    zones = {row["arrival_time"][-6:] for row in summary["parents"][:ROWS_SHOWN]}
    points = {
        block["currency"]: {
            group: {point["horizon_s"]: point for point in curve} for group, curve in block["markouts"].items()
        }
        for block in blocks
    }
    return filled(
        "page.html",
        payload,
        summary=summary,
        blocks=blocks,
        figures=figures,
        rows=summary["parents"][:ROWS_SHOWN],
        rows_left_out=max(len(summary["parents"]) - ROWS_SHOWN, 0),
        drilldown_count=len(orders),
        one_zone=zones.pop() if len(zones) == 1 else None,
        measure_names=wording.MEASURE_NAMES,
        points=points,
        horizons={name: sorted({h for held in curves.values() for h in held}) for name, curves in points.items()},
        kind=_KINDS.get(summary["run"]["kind"] or "", summary["run"]["kind"] or "Trade cost analysis"),
        config=json.dumps(summary["config"], indent=2, sort_keys=True, ensure_ascii=False),
    )


def filled(template: str, payload: dict[str, Any], **values: Any) -> str:
    """A page of that template with its charts (`payload` as page.js reads it), styles and scripts all inside."""
    plotly, script = _plotly(), _text("page.js")
    return (
        _environment()
        .get_template(template)
        .render(
            css=Markup(_css()),
            payload=Markup(embedded_json(payload)),
            plotly=Markup(plotly),
            script=Markup(script),
            script_hashes=Markup(" ".join(_policy_hash(text) for text in (plotly, script))),
            **values,
        )
    )


def embedded_json(value: Any) -> str:
    """JSON that can stand inside a script element, whatever its strings hold.

    >>> embedded_json("</script>")
    '"\\\\u003c/script\\\\u003e"'
    """
    text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    for character, escape in _ESCAPES.items():
        text = text.replace(character, escape)
    return text


def order_title(row: dict[str, Any]) -> str:
    return f"{row['parent_id']}: {row['side']} {wording.count(row['ordered_shares'])} {row['symbol']}"


def order_facts(row: dict[str, Any]) -> list[list[str]]:
    """The numbers over a drill-down, as text."""
    currency = row["currency"]
    facts = [
        ["Shortfall", f"{wording.number(row['total_cost'])} {currency}"],
        ["Shortfall, bps of paper", wording.number(row["shortfall_bps_of_paper"])],
        ["Against arrival, bps of executed", wording.number(row["arrival_bps_of_executed"])],
        ["Against interval VWAP, bps of executed", wording.number(row["vwap_bps_of_executed"])],
        ["Filled", f"{wording.count(row['filled_shares'])} ({wording.percent(row['fill_rate'])})"],
        ["Average price", wording.price(row["average_price"])],
        ["Participation", wording.percent(row["participation"])],
        ["Algorithm, broker", f"{row['algo']}, {row['broker'] or wording.MISSING}"],
    ]
    components = ("delay_cost", "spread_cost", "drift_cost", "opportunity_cost", "fees")
    facts += [[f"{wording.COMPONENT_NAMES[name]}, {currency}", wording.number(row[name])] for name in components]
    return facts


def order_notes(row: dict[str, Any]) -> str:
    """What to know of the order: why it has no price, and its own notes."""
    why = None if row["priced"] else f"Not priced: {row['unpriced_reason'] or 'no reason given'}"
    return "; ".join(text for text in (why, row["notes"]) if text)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    for name in ("number", "count", "percent", "price", "interval", "horizon"):
        environment.filters[name] = getattr(wording, name)
    return environment


def _css() -> str:
    light, dark = palette.css_variables(palette.LIGHT), palette.css_variables(palette.DARK)
    return f":root{{{light}}}\n@media screen and (prefers-color-scheme: dark){{:root{{{dark}}}}}\n{_text('page.css')}"


def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    # The parser of HTML reads every line end as \n, and the hash must be of what it reads.
    text: str = get_plotlyjs().replace("\r\n", "\n").replace("\r", "\n")
    return text


def _policy_hash(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return f"'sha256-{digest}'"
