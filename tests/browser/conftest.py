"""A real browser, headless and without a network, and the folder its pictures are kept in."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "report"))

from opened import BROWSERS, DESKTOP, Opened  # noqa: E402


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The machine's Chromium. Where there is none the test is skipped; under CI=true it fails."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        message = "no Chromium on this machine: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Open a page's text from a file, with the network off; the keyword arguments are those of a browser context."""
    contexts = []

    def opened(text: str, size: tuple[int, int] = DESKTOP, **options: Any) -> Opened:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **options)
        context.set_offline(True)
        contexts.append(context)
        held = Opened(context.new_page())
        held.page.set_default_timeout(90_000)
        held.page.on("console", lambda message: held.said.append(f"{message.type}: {message.text}"))
        held.page.on("pageerror", lambda error: held.said.append(f"error: {error}"))
        held.page.on("dialog", lambda dialog: (held.said.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        held.page.on("request", lambda request: held.asked.append(request.url))
        file = tmp_path / f"page-{len(contexts)}.html"
        file.write_text(text, encoding="utf-8")
        held.page.goto(file.as_uri())
        return held

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where pictures of pages are kept for people to look at."""
    folder = ROOT / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
