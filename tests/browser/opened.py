"""What tests of pages in a browser share: sizes, what counts as drawn, an opened page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DESKTOP = (1280, 900)
PHONE = (360, 740)


@dataclass
class Opened:
    """A page in the browser, what its console said, and what it asked the network for."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def draw_all(self) -> None:
        """Go through the page as a reader would, so that every chart is drawn, and come back to the top."""
        self.page.wait_for_function("() => window.Plotly")
        top = 0
        # The page grows as its charts are drawn.
        while top <= self.page.evaluate("document.body.scrollHeight"):
            self.page.evaluate("(top) => window.scrollTo({top, behavior: 'instant'})", top)
            self.page.wait_for_timeout(40)
            top += 500
        self.page.wait_for_function("() => " + UNDRAWN + ".length === 0", timeout=90_000)
        self.page.evaluate("() => window.scrollTo(0, 0)")

    def texts(self, place: str) -> list[str]:
        """The text of every element that the selector finds."""
        return [text.strip() for text in self.page.locator(place).all_text_contents()]


SHOWN = "Array.from(document.querySelectorAll('.chart')).filter((chart) => chart.offsetParent !== null)"
UNDRAWN = SHOWN + ".filter((chart) => !chart.querySelector('.main-svg')).map((chart) => chart.id)"
