"""Cost over all stored runs as one page, with links to the reports in its folder."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

from tcakit.errors import UsageError
from tcakit.jobs.report import write_whole
from tcakit.market.schema import RUNS, TCA_PARENTS
from tcakit.report.trend import render_trend, trend
from tcakit.store.bridge import frame
from tcakit.store.database import Store

_HEAD_BYTES = 4_096
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)


def trend_of_runs(folder: Path, out: Path | None = None, wait_s: float = 30.0) -> dict[str, Any]:
    """What `report.trend.trend` says of all runs of a store; writes the page to `out`, and says so, if it is given.

    The index names the pages of tcakit that lie in the folder of `out`. Raises UsageError where `out` is no .html.
    """
    if out is not None and out.suffix.lower() != ".html":
        raise UsageError(
            f"a trend is a page, not {out.suffix or 'a file without a suffix'}", place="--out", remedy="give FILE.html"
        )
    store = Store(folder, wait_s=wait_s)
    with store.read_results() as connection:
        runs = frame(connection, RUNS, "ORDER BY created_ns, run_id").to_dicts()
        parents = frame(connection, TCA_PARENTS)
    told = trend(runs, parents, [] if out is None else reports_beside(out))
    if out is not None:
        write_whole(out, render_trend(told))
        told |= {"out": str(out)}
    return told


def reports_beside(out: Path) -> list[dict[str, str]]:
    """File and title of every page of tcakit in the folder of `out`, itself left out, by name."""
    found = []
    for path in sorted(out.parent.glob("*.html")) if out.parent.is_dir() else []:
        if path.name == out.name or path.name.startswith("."):
            continue
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES).decode("utf-8", "replace")
        title = _TITLE.search(head)
        if title and '<meta name="generator" content="tcakit">' in head:
            found.append({"file": path.name, "title": unescape(title[1])})
    return found
