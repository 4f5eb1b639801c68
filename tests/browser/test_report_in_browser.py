"""The report in a real browser: from a file, without a network, charts drawn, tables that filter, nothing executed."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import example
import pytest
from opened import DESKTOP, PHONE, SHOWN, UNDRAWN, Opened

from tcakit.report import render, summarise
from tcakit.report.data import ReportData
from tcakit.report.wording import number, percent

SCRIPT = "<script>alert(1)</script>"
COMMAS = 'Kite, "Sons" & Co <b>'
BROKERS = ("North Desk", COMMAS, "Hanse")
MARKS = ".point, .points path, .js-line, .bars path, .hm image, .fills path, .trace path, image"
Open = Callable[..., Opened]


def parents(count: int) -> list[dict[str, Any]]:
    chance = random.Random(3)
    start = example.OPEN_NS + 600 * example.SECOND
    return [
        example.parent(
            f"P-{place:04d}",
            ("ACME", "BORA")[place % 2],
            1 if place % 3 else -1,
            chance.choice([240, 1_200, 2_400, 24_000]),
            start + (place * 5 % 300) * 60 * example.SECOND,
            chance.choice([5, 20, 40]),
            algo=example.ALGOS[place % 4],
            broker=BROKERS[place % 3],
        )
        for place in range(count)
    ]


@pytest.fixture(scope="module")
def data() -> ReportData:
    return example.report_data(parents(150))


@pytest.fixture(scope="module")
def summary(data: ReportData) -> dict[str, Any]:
    return summarise(data)


@pytest.fixture(scope="module")
def text(data: ReportData, summary: dict[str, Any]) -> str:
    return render(data, summary)


@pytest.mark.parametrize(("name", "size", "scheme"), [("desktop", DESKTOP, "light"), ("phone", PHONE, "dark")])
def test_every_chart_is_drawn_without_a_network(
    open_page: Open, pictures: Path, text: str, name: str, size: tuple[int, int], scheme: str
) -> None:
    opened = open_page(text, size, color_scheme=scheme)
    opened.draw_all()
    assert opened.said == []
    assert [url for url in opened.asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert opened.page.evaluate(UNDRAWN) == []
    charts = opened.page.evaluate(SHOWN + ".map((chart) => chart.id)")
    assert len(charts) >= 12
    for chart in charts:
        assert opened.page.locator(f"#{chart} :is({MARKS})").count() > 0, chart
    # Nothing is wider than the screen, so that a phone need not be scrolled sideways.
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    opened.page.screenshot(path=pictures / f"report-{name}.png", full_page=True)


def test_the_numbers_shown_are_those_of_the_summary(open_page: Open, text: str, summary: dict[str, Any]) -> None:
    opened = open_page(text)
    block = summary["currencies"]["USD"]
    assert opened.texts('[data-key="currencies.USD.totals.total_cost"]') == [number(block["totals"]["total_cost"])]
    for step in block["waterfall"]:
        assert opened.texts(f'[data-key="currencies.USD.waterfall.{step["key"]}.cost"]') == [number(step["cost"])]
    drawn = opened.page.evaluate("() => tcakit.report.figures['1-waterfall'].data[0].y")
    assert drawn == pytest.approx([step["cost"] for step in block["waterfall"]], rel=1e-12)
    shown = opened.texts("#order-table tbody th")
    assert shown == [row["parent_id"] for row in summary["parents"][:100]]
    for row in summary["parents"][:100:9]:
        place = f'[data-key="parents.{row["parent_id"]}.'
        assert opened.texts(f'{place}total_cost"]') == [number(row["total_cost"])]
        assert opened.texts(f'{place}participation"]') == [percent(row["participation"])]


def test_orders_filter_sort_and_turn_pages(open_page: Open, text: str, summary: dict[str, Any]) -> None:
    page = open_page(text).page
    table = page.locator(".card:has(#order-table)")
    told, rows = table.locator("[role=status]"), table.locator("tbody tr")
    assert told.text_content() == "150 rows, 1 to 100 shown"
    table.get_by_role("button", name="Later").click()
    assert rows.count() == 50
    assert rows.first.locator("th").text_content() == summary["parents"][100]["parent_id"]
    table.get_by_role("searchbox").fill("bora p-00")
    wanted = [row for row in summary["parents"] if row["symbol"] == "BORA" and row["parent_id"].startswith("P-00")]
    assert told.text_content() == f"{len(wanted)} of 150 rows"
    table.get_by_label("Broker").select_option(label=COMMAS)
    wanted = [row for row in wanted if row["broker"] == COMMAS]
    assert rows.count() == len(wanted) > 3
    heading = table.locator("thead th", has_text="Participation")
    heading.press("Enter")
    assert heading.get_attribute("aria-sort") == "descending"
    shares = sorted((row["participation"] for row in wanted), reverse=True)
    assert table.locator('[data-key$=".participation"]').all_text_contents() == [percent(share) for share in shares]
    table.get_by_role("searchbox").fill("no such words")
    assert rows.count() == 0
    assert told.text_content() == "0 of 150 rows"


def test_an_order_opens_by_mouse_and_keyboard(open_page: Open, text: str, summary: dict[str, Any]) -> None:
    page = open_page(text).page
    page.wait_for_function("() => window.Plotly")
    second = summary["parents"][1]["parent_id"]
    page.locator("#order-table").get_by_role("button", name=second).click()
    assert (page.locator("#order-title").text_content() or "").startswith(second)
    page.wait_for_selector("#order-chart .main-svg")
    page.locator(".order").nth(1).press("ArrowDown")
    assert (page.locator("#order-title").text_content() or "").startswith(summary["parents"][2]["parent_id"])
    assert page.locator("#order-events tbody tr").count() > 0


def test_a_closed_chart_waits_until_it_is_opened(open_page: Open, text: str) -> None:
    page = open_page(text).page
    page.wait_for_function("() => window.Plotly")
    page.wait_for_timeout(200)
    assert "chart-1-raw" in page.evaluate(UNDRAWN)
    page.locator("#chart-1-raw").scroll_into_view_if_needed()
    page.wait_for_selector("#chart-1-raw .main-svg")


def test_names_of_others_are_only_text(open_page: Open) -> None:
    rows = parents(12)
    day = example.market_day("ACME", 84.0, 1)
    for row in rows:
        row |= {"broker": COMMAS, "trader": SCRIPT, "algo": SCRIPT, "notes": SCRIPT}
        if row["symbol"] == "BORA":
            row |= {"symbol": SCRIPT, "raw_symbol": SCRIPT, "parent_id": f"{row['parent_id']}{SCRIPT}"}
    markets = {("ACME", example.DATE): day, (SCRIPT, example.DATE): example.market_day(SCRIPT, 23.5, 2)}
    hostile = example.report_data(rows, markets=markets, titles={"title": SCRIPT})
    opened = open_page(render(hostile, summarise(hostile)))
    opened.draw_all()
    assert opened.said == []
    assert opened.page.title() == SCRIPT
    # The four that the page has: data, packed library, its own script, and the library once unpacked.
    assert opened.page.locator("script").count() == 4
    assert SCRIPT in opened.texts("#order-table tbody td")
    assert COMMAS in opened.texts("#order-table tbody td")
    labels = opened.page.locator("#chart-1-forest .ytick text").all_text_contents()
    assert any(label.startswith(SCRIPT) for label in labels)


def test_print_draws_what_was_not_yet_seen(open_page: Open, text: str) -> None:
    page = open_page(text).page
    page.wait_for_function("() => window.Plotly")
    page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(UNDRAWN) == []
    assert len(page.pdf()) > 50_000
