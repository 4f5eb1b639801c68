"""The page: the same numbers as the summary, nothing from outside, nothing of the user's read as markup."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

import example
import pytest

from tcakit.market.codes import BUY
from tcakit.report.data import ReportData
from tcakit.report.page import embedded_json, render
from tcakit.report.summary import summarise

EVIL = "</script><img src=x onerror=alert(1)>"


class Page(HTMLParser):
    """Reads a page as a browser would: elements, the text of marked cells, and scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: dict[str, str] = {}
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.styles: list[str] = []
        self._key: tuple[str, str] | None = None
        self._inside: str | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        self.tags.append((tag, held))
        if tag == "script":
            self.scripts.append((held, ""))
        if tag == "style":
            self.styles.append("")
        self._inside = tag
        if held.get("data-key"):
            self._key = (tag, str(held["data-key"]))
            self.cells[self._key[1]] = ""

    def handle_endtag(self, tag: str) -> None:
        if self._key and tag == self._key[0]:
            self._key = None
        self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] = (self.scripts[-1][0], self.scripts[-1][1] + data)
        elif self._inside == "style":
            self.styles[-1] += data
        elif self._key:
            self.cells[self._key[1]] += data

    def number(self, key: str) -> float | None:
        text = self.cells[key].strip()
        if text in ("–", "not priced"):
            return None
        scale = 0.01 if text.endswith("%") else 1.0
        return float(text.removesuffix("%").strip().replace(",", "").replace("−", "-")) * scale

    def payload(self) -> dict[str, Any]:
        texts = [text for attributes, text in self.scripts if attributes.get("id") == "report-data"]
        assert len(texts) == 1
        found: dict[str, Any] = json.loads(texts[0])
        return found


@pytest.fixture(scope="module")
def data() -> ReportData:
    return example.report_data()


@pytest.fixture(scope="module")
def summary(data: ReportData) -> dict[str, Any]:
    return summarise(data)


@pytest.fixture(scope="module")
def text(data: ReportData, summary: dict[str, Any]) -> str:
    return render(data, summary)


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_totals_on_the_page_are_those_of_the_frames(page: Page, data: ReportData, summary: dict[str, Any]) -> None:
    costs = data.tca_parents
    assert page.number("currencies.USD.totals.total_cost") == pytest.approx(costs["total_cost"].sum(), abs=0.005)
    bps = costs["total_cost"].sum() / costs["paper_notional"].sum() * 1e4
    assert page.number("currencies.USD.measures.shortfall_bps_of_paper") == pytest.approx(bps, abs=0.005)
    assert page.number("counts.fills") == data.fills.height
    assert page.cells["matched"] == "7 of 8 orders matched"
    assert page.cells["priced"] == "6 of 8 orders priced"


def test_the_waterfall_on_the_page_adds_up(page: Page) -> None:
    costs = {
        key.split(".")[3]: page.number(key)
        for key in page.cells
        if key.startswith("currencies.USD.waterfall.") and key.endswith(".cost")
    }
    total = costs.pop("total_cost")
    assert len(costs) == 5
    assert sum(costs.values()) == pytest.approx(total, abs=0.005 * 6)
    drawn = page.payload()["figures"]["1-waterfall"]["data"][0]
    assert sum(drawn["y"][:-1]) == pytest.approx(drawn["y"][-1], abs=1e-6)
    assert drawn["y"][-1] == pytest.approx(total, abs=0.005)


def test_every_order_on_the_page_is_that_of_its_frame(page: Page, data: ReportData) -> None:
    for row in data.tca_parents.iter_rows(named=True):
        for column in (
            "total_cost",
            "shortfall_bps_of_paper",
            "arrival_bps_of_executed",
            "vwap_bps_of_executed",
        ):
            shown = page.number(f"parents.{row['parent_id']}.{column}")
            expected = None if row[column] is None else pytest.approx(row[column], abs=0.00501)
            assert shown == expected, (row["parent_id"], column)
    assert page.number("parents.P-1008.ordered_shares") == 500


def test_algorithms_and_markouts_on_the_page_are_those_of_the_summary(page: Page, summary: dict[str, Any]) -> None:
    block = summary["currencies"]["USD"]
    for algo in block["algos"]:
        place = f"currencies.USD.algos.{algo['algo']}"
        assert page.number(f"{place}.total_cost") == pytest.approx(algo["totals"]["total_cost"], abs=0.005)
        assert page.number(f"{place}.arrival_bps_of_executed") == pytest.approx(
            algo["measures"]["arrival_bps_of_executed"]["value"], abs=0.005
        )
    for group, curve in block["markouts"].items():
        for point in curve:
            shown = page.number(f"currencies.USD.markouts.{group}.{point['horizon_s']}")
            assert shown == pytest.approx(point["value"], abs=0.005)


def test_each_chart_has_a_place_a_title_and_axis_titles(page: Page) -> None:
    ids = {held.get("id") for _, held in page.tags}
    figures = page.payload()["figures"]
    assert {"1-waterfall", "1-forest", "1-markouts", "1-grid-1", "1-participation", "1-volume", "1-raw"} <= set(figures)
    for name, figure in figures.items():
        assert f"chart-{name}" in ids
        assert figure["layout"]["xaxis"]["title"]["text"]
        assert figure["data"]
    assert "USD" in figures["1-waterfall"]["layout"]["yaxis"]["title"]["text"]
    assert "bps of executed" in figures["1-forest"]["layout"]["xaxis"]["title"]["text"]
    assert "bps of fill price" in figures["1-markouts"]["layout"]["yaxis"]["title"]["text"]
    assert "America/New_York (UTC-04:00)" in page.payload()["orders"][0]["axis"]


def test_nothing_comes_from_outside(page: Page, text: str) -> None:
    for tag, held in page.tags:
        for name in ("src", "href", "srcset", "action", "data", "poster", "formaction", "xlink:href"):
            value = held.get(name)
            assert value is None or value.startswith("#"), (tag, name, value)
        assert tag not in {"link", "iframe", "object", "embed", "base", "form"}
    for style in page.styles:
        assert "url(" not in style
        assert "@import" not in style
    packed = next(script for held, script in page.scripts if held.get("id") == "packed-plotly")
    own = text.replace(packed, "")
    assert len(text) - len(own) > 1_000_000
    assert not re.search(r"https?://|//[a-z0-9-]+\.[a-z]|\bfetch\(|XMLHttpRequest|WebSocket|sendBeacon|import\(", own)
    # The library offers to send a chart to its maker's server: the page gives it no server and no button.
    assert 'plotlyServerURL: ""' in own
    assert "sendDataToCloud" not in own


def test_the_policy_lets_only_these_scripts_run(page: Page) -> None:
    policy = next(held["content"] for tag, held in page.tags if tag == "meta" and "http-equiv" in held)
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in rules["script-src"]
    assert "connect-src" not in rules  # so default-src holds: no connection at all
    own = [script for held, script in page.scripts if not held.get("type")]
    packed = [script for held, script in page.scripts if held.get("id") == "packed-plotly"]
    assert len(own) == len(packed) == 1
    library = gzip.decompress(base64.b64decode(packed[0])).decode()
    assert "plotly.js" in library[:200]
    assert rules["script-src"].count("sha256-") == 2
    for script in (*own, library):
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in rules["script-src"]


def test_text_of_users_is_never_markup() -> None:
    parents = example.eight_parents()
    for row in parents[:3]:
        row |= {"algo": EVIL, "broker": EVIL, "notes": EVIL, "trader": EVIL, "currency": EVIL}
    parents[7] |= {"symbol": EVIL, "raw_symbol": EVIL, "parent_id": EVIL}
    clean = example.report_data(titles={"title": "t"})
    dirty = example.report_data(
        parents,
        run={
            **example.run_row(),
            "notes": [EVIL],
            "config": {EVIL: EVIL},
            "versions": {EVIL: EVIL},
            "kind": EVIL,
        },
        titles={"title": EVIL, "client": EVIL, "subtitle": EVIL, "prepared_by": EVIL},
    )
    summary = summarise(dirty)
    text = render(dirty, summary)
    assert EVIL not in text
    page = Page(text)
    tags = {tag for tag, _ in page.tags}
    assert "img" not in tags
    assert tags == {tag for tag, _ in Page(render(clean, summarise(clean))).tags}
    assert not any(name.startswith("on") for _, held in page.tags for name in held)
    titles = [order["title"] for order in page.payload()["orders"]]
    assert any(EVIL in title for title in titles)
    # plotly reads tags in labels, so they are escaped there as well
    assert "<img" not in json.dumps(page.payload()["figures"])


def test_embedded_json_cannot_leave_its_element() -> None:
    value = {"a<b>&": "</script>\u2028\u2029<!--", "é": [None, 1.5]}
    text = embedded_json(value)
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == value


def test_sign_convention_hashes_and_versions_are_on_the_page(text: str, summary: dict[str, Any]) -> None:
    assert text.count("Costs are cost-positive") >= 2
    for file in summary["quality"]["files"]:
        assert file["sha256"] in text
    assert example.RUN in text
    assert "2.1.0" in text
    assert "VWAP of the market&#39;s prints from arrival to the last fill" in text


def test_drill_down_says_what_the_fills_say(page: Page, data: ReportData) -> None:
    orders = {order["id"]: order for order in page.payload()["orders"]}
    for name, order in orders.items():
        fills = data.fills.filter(data.fills["parent_id"] == name)
        assert [fill[1] for fill in order["fills"]] == (fills["price"] / fills["price_scale"]).to_list()
        assert sum(fill[2] for fill in order["fills"]) == fills["quantity"].sum()
        children = data.orders.filter(data.orders["parent_id"] == name)
        ended = children.filter(children["state"] != "filled").height
        rows = children.height + ended + fills.height
        assert len(order["events"]) + order["events_left_out"] == rows
    assert orders["P-1008"]["quotes"] is None
    lines = dict(orders["P-1002"]["lines"])
    assert lines["Limit"] == 82.0
    row = data.tca_parents.row(by_predicate=data.tca_parents["parent_id"] == "P-1002", named=True) if False else None
    assert row is None
    assert set(lines) == {"Decision", "Arrival", "Interval VWAP", "TWAP", "Limit", "Average"}


def test_a_run_without_fills_and_one_without_orders_still_make_a_page() -> None:
    idle = example.report_data([row | {"idle": True} for row in example.eight_parents()[:2]])
    page = Page(render(idle, summarise(idle)))
    assert set(page.payload()["figures"]) == {"1-waterfall", "1-volume", "1-spread"}
    assert page.number("currencies.USD.measures.arrival_bps_of_executed") is None
    empty = example.report_data([])
    text = render(empty, summarise(empty))
    assert "This run holds no parent orders." in text
    assert Page(text).payload()["orders"] == []


def test_several_currencies_have_a_block_each() -> None:
    parents = example.eight_parents()
    for row in parents:
        row["currency"] = "EUR" if row["symbol"] == "BORA" else "USD"
    data = example.report_data(parents)
    page = Page(render(data, summarise(data)))
    for currency, symbol in (("EUR", "BORA"), ("USD", "ACME")):
        rows = data.tca_parents.filter(data.tca_parents["symbol"] == symbol)
        assert page.number(f"currencies.{currency}.totals.total_cost") == pytest.approx(
            rows["total_cost"].sum(), abs=0.005
        )
    assert {"1-waterfall", "2-waterfall"} <= set(page.payload()["figures"])


def test_the_page_of_two_hundred_parents_stays_small() -> None:
    start = example.OPEN_NS + 600 * example.SECOND
    parents = [
        example.parent(
            f"P-{number:04d}",
            ("ACME", "BORA")[number % 2],
            BUY if number % 3 else -BUY,
            2_400,
            start + number * 60 * example.SECOND,
            40,
            algo=example.ALGOS[number % 4],
        )
        for number in range(200)
    ]
    data = example.report_data(parents)
    text = render(data, summarise(data))
    assert len(text) < 4_000_000
    page = Page(text)
    orders = page.payload()["orders"]
    assert len(orders) == 50
    assert len(page.payload()["table"][0]["data"]) == 200
    assert sum(key.endswith(".total_cost") and key.startswith("parents.") for key in page.cells) == 100
    assert max(len(order["quotes"]["times"]) for order in orders) <= 2_001
