"""The report as one HTML page that opens offline: templates, charts and data in a single file."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, DictLoader, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tcakit.report import palette, wording
from tcakit.report.data import ReportData
from tcakit.report.drilldown import chosen_orders, drilldowns
from tcakit.report.kept import KeptTemplates, kept
from tcakit.report.order_table import order_table
from tcakit.report.progress import progress
from tcakit.report.sections import section_names, sections_of
from tcakit.tca.benchmark_costs import MEASURES, PRICES

HERE = Path(__file__).parent
_SCRIPTS = ("charts.js", "tables.js", "orders.js", "page.js")
_SECTION = "section "
_KINDS = {
    "replay": "Replay of recorded markets",
    "bars": "Model of fills over intervals",
    "blotter": "Measured blotter",
}
# In a script element only these can end the element or a JavaScript line; in JSON all may stand as \u escapes.
_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def render(data: ReportData, summary: dict[str, Any]) -> str:
    """The whole page of that run; `summary` is what `summarise(data)` gave, `data.page` says which sections it has.

    Every number shown is the summary's. Nothing on the page is fetched from anywhere, and its content security policy
    lets it run no script but its own. Raises UsageError for a section or an order that is not there.
    """
    choice = data.page
    made = sections_of(summary, section_names(choice.template, choice.sections))
    opened = chosen_orders(summary["parents"], choice.orders)
    drawn = drilldowns(data, opened)
    went = progress(data, opened)
    further = {line["parent_id"]: line for line in summary["order_benchmarks"]}
    for order, row in zip(drawn, opened, strict=True):
        order |= {"title": order_title(row), "facts": order_facts(row), "notes": order_notes(row)}
        order["progress"] = [
            [round(value, 6) if value is not None else None for value in line] for line in went[order["id"]]
        ]
        order["benchmarks"] = benchmark_lines(further.get(row["parent_id"]))
    payload = {
        "figures": {name: figure for section in made for name, figure in section.figures.items()},
        "orders": drawn,
        "table": order_table(summary["parents"]),
        "dark": palette.light_to_dark(),
    }
    environment = _environment({section.name: section.template for section in made})
    names = [row["parent_id"] for row in opened]
    bodies = {
        section.name: Markup(
            environment.get_template(_SECTION + section.name).render(
                summary=summary, opened=names, figures=section.figures, **section.values
            )
        )
        for section in made
    }
    kind = _KINDS.get(summary["run"]["kind"] or "", summary["run"]["kind"] or "Trade cost analysis")
    return filled("page.html", payload, summary=summary, sections=made, bodies=bodies, kind=kind)


def filled(template: str, payload: dict[str, Any], **values: Any) -> str:
    """A page of that template with its charts (`payload` as page.js reads it), styles and scripts all inside."""
    script = "\n".join(_text(name) for name in _SCRIPTS)
    return (
        _environment()
        .get_template(template)
        .render(
            css=Markup(_css()),
            payload=Markup(embedded_json(payload)),
            plotly=Markup(_packed_plotly()),
            script=Markup(script),
            script_hashes=Markup(" ".join(_policy_hash(text) for text in (_plotly(), script))),
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


def benchmark_lines(line: dict[str, Any] | None) -> list[list[str]]:
    """An order's further benchmarks as text: name, price, and cost in bps or another value; what is unknown is left
    out."""
    if line is None:
        return []
    told = [
        [name, wording.price(line[column]), f"{wording.number(line[f'against_{column}_bps'])} bps"]
        for column, name in PRICES.items()
        if line[column] is not None
    ]
    told += [
        [measure.name, "", wording.in_unit(line[measure.key], measure.unit)]
        for measure in MEASURES
        if measure.group != "prices" and line[measure.key] is not None
    ]
    return told


def order_notes(row: dict[str, Any]) -> str:
    """What to know of the order: why it has no price, and its own notes."""
    why = None if row["priced"] else f"Not priced: {row['unpriced_reason'] or 'no reason given'}"
    return "; ".join(text for text in (why, row["notes"]) if text)


def _environment(sections: Mapping[str, str] | None = None) -> Environment:
    """What makes pages of templates: the files beside this one, and the texts of `sections` under their names."""
    texts = DictLoader({_SECTION + name: text for name, text in (sections or {}).items()})
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader(HERE), texts]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        bytecode_cache=KeptTemplates(),
    )
    for name in ("number", "count", "percent", "price", "interval", "horizon"):
        environment.filters[name] = getattr(wording, name)
    return environment


def _css() -> str:
    light, dark = palette.css_variables(palette.LIGHT), palette.css_variables(palette.DARK)
    return f":root{{{light}}}\n@media screen and (prefers-color-scheme: dark){{:root{{{dark}}}}}\n{_text('page.css')}"


def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


@cache
def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    # The hash must be of what a browser gets: line ends as \n.
    text: str = get_plotlyjs().replace("\r\n", "\n").replace("\r", "\n")
    return text


@cache
def _packed_plotly() -> str:
    """The chart library as the page carries it: gzip in base64, unpacked when the first chart is drawn."""
    text = _plotly().encode("utf-8")
    ground = f"{zlib.ZLIB_RUNTIME_VERSION} {hashlib.sha256(text).hexdigest()}"
    return base64.b64encode(kept(ground, lambda: gzip.compress(text, mtime=0))).decode("ascii")


def _policy_hash(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return f"'sha256-{digest}'"
