"""Venues side by side: spreads at the horizons of Rule 605 and markout curves, against plain loops over fills."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from benchmarked import benchmarked_data

from tcakit.market.schema import REALISED_HORIZONS_S
from tcakit.report.data import ReportData
from tcakit.report.page import render
from tcakit.report.summary import summarise


@pytest.fixture(scope="module")
def data() -> ReportData:
    held = benchmarked_data()
    venues = pl.Series([("XNAS", "ARCX", None)[place % 3] for place in range(held.fills.height)])
    received = pl.col("ts_ns") - 2_000_000
    return replace(held, fills=held.fills.with_columns(venue=venues, received_ns=received))


@pytest.fixture(scope="module")
def block(data: ReportData) -> dict[str, Any]:
    found: dict[str, Any] = summarise(data)["currencies"]["USD"]
    return found


def fills_of(data: ReportData, venue: str | None) -> list[dict[str, Any]]:
    joined = data.fills.join(data.tca_fills.drop("run_id", "parent_id"), on="fill_id", how="left")
    return joined.filter(pl.col("venue").eq_missing(pl.lit(venue, pl.String))).to_dicts()


def over_mid(fills: list[dict[str, Any]], spread: str, mid: str) -> tuple[float | None, int]:
    known = [fill for fill in fills if fill[spread] is not None and fill[mid] is not None]
    top = sum(fill[spread] * fill["quantity"] for fill in known)
    bottom = sum(fill[mid] * fill["quantity"] for fill in known)
    return (top / bottom * 1e4 if known else None), len(known)


def test_spreads_are_share_weighted_over_mid(data: ReportData, block: dict[str, Any]) -> None:
    assert {row["venue"] for row in block["venues"]} == {"XNAS", "ARCX", "not stated"}
    for row in block["venues"]:
        fills = fills_of(data, None if row["venue"] == "not stated" else row["venue"])
        for after, (name, seconds) in zip(row["spreads"], REALISED_HORIZONS_S.items(), strict=True):
            realised, count = over_mid(fills, f"realised_spread_{name}", "mid_at_fill")
            impact, _ = over_mid(fills, f"price_impact_{name}", "mid_at_fill")
            assert (after["horizon_s"], after["fills"]) == (seconds, count)
            assert after["realised_bps"] == pytest.approx(realised)
            assert after["impact_bps"] == pytest.approx(impact)
            if count == row["fills"]:  # what is effective is what was realised and what the market moved with us
                assert after["realised_bps"] + after["impact_bps"] == pytest.approx(row["effective_bps"])
        for told, spread, mid in (
            ("quoted", "quoted_spread", "mid_at_fill"),
            ("effective_at_receipt", "effective_spread_at_receipt", "mid_at_receipt"),
            ("improvement", "price_improvement", "mid_at_receipt"),
        ):
            value, count = over_mid(fills, spread, mid)
            assert row[f"{told}_fills"] == count
            assert row[f"{told}_bps"] == (None if value is None else pytest.approx(value))


def test_each_venue_has_its_curve(data: ReportData, block: dict[str, Any]) -> None:
    curves = {row["venue"]: row["points"] for row in block["venue_markouts"]}
    assert list(curves) == [row["venue"] for row in block["venues"]]
    marks = {
        (name, horizon): value
        for name, horizon, value in data.markouts.select("fill_id", "horizon_s", "markout_bps_of_price").iter_rows()
    }
    unit = dict(data.parents.select("parent_id", pl.col("multiplier").fill_null(1.0)).iter_rows())
    assert set(unit.values()) == {1.0, 50.0}
    for venue, points in curves.items():
        fills = fills_of(data, None if venue == "not stated" else venue)
        for point in points:
            known = [
                (marks[row["fill_id"], point["horizon_s"]], unit[row["parent_id"]] * row["price"] * row["quantity"])
                for row in fills
                if marks[row["fill_id"], point["horizon_s"]] is not None
            ]
            assert point["fills"] == len(known) > 0
            worth = sum(weight for _, weight in known)
            assert point["value"] == pytest.approx(sum(value * weight for value, weight in known) / worth)
            if point["n"] > 1:
                assert point["low"] <= point["value"] <= point["high"]


def test_the_page_draws_the_venues_and_shows_their_numbers(data: ReportData, block: dict[str, Any]) -> None:
    text = render(data, summarise(data))
    assert "1-venue-markouts" in text
    first = block["venues"][0]
    assert f'data-key="currencies.USD.venues.{first["venue"]}.spreads.4.realised_bps"' in text
    assert f'data-value="{first["spreads"][4]["realised_bps"]}"' in text
    point = block["venue_markouts"][1]["points"][5]
    assert f'data-key="currencies.USD.venue_markouts.1.{point["horizon_s"]}" data-value="{point["value"]}"' in text
