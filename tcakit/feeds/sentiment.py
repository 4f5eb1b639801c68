"""Headlines as numbers between -1 (bad) and 1 (good), by the VADER lexicon (Hutto and Gilbert, 2014)."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata

from tcakit.errors import UsageError

_PACKAGE = "vaderSentiment"


def lexicon() -> str:
    """Name and version of what scores headlines; UsageError where it is not installed."""
    try:
        return f"{_PACKAGE} {metadata.version(_PACKAGE)}"
    except metadata.PackageNotFoundError:
        raise UsageError(
            f"scoring headlines needs the {_PACKAGE} library", place="--sentiment", remedy='pip install "tcakit[news]"'
        ) from None


def scores(headlines: Sequence[str]) -> list[float | None]:
    """VADER's compound score of each headline, None where the lexicon knows none of its words.

    Its words are those of everyday English: `plunge` and `soar` are not among them. UsageError where it is not
    installed.

    >>> scores(["Bank fined for fraud", "Minutes of the meeting"])
    [-0.5859, None]
    """
    lexicon()
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()
    found: dict[str, float | None] = {}
    for headline in headlines:
        if headline not in found:
            parts = analyzer.polarity_scores(headline)
            found[headline] = parts["compound"] if parts["pos"] or parts["neg"] else None
    return [found[headline] for headline in headlines]
