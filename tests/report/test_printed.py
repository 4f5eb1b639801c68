"""Numbers that are written column by column are those that the verifier finds one by one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tcakit.report.printed import printed_texts
from tcakit.report.verifier import printed_together

MANY: list[dict[str, Any]] = [
    {"parent_id": f'P"{place}', "n": place, "bps": place / 7 if place % 3 else None, "left": None, "sure": place > 5,
     "note": "not a name"}
    for place in range(150)
]  # fmt: skip
SUMMARIES: dict[str, dict[str, Any]] = {
    "many": {"order_benchmarks": MANY, "n": 2},
    "within": {"estimates": [{"model": "a", "points": MANY, "slope": {"value": 1.5}}, {"model": "b", "points": []}]},
    "of several kinds": {"order_benchmarks": [*MANY, MANY[0] | {"bps": "few"}]},
    "whole and broken": {
        "order_benchmarks": [row | {"bps": 1 if place % 2 else 0.5} for place, row in enumerate(MANY)]
    },
    "with more in them": {"estimates": [row | {"more": [1, 2]} for row in MANY]},
    "of other names": {"estimates": [*MANY, {"parent_id": "x", "bps": 1.0}]},
    "beyond 64 bits": {"estimates": [row | {"n": 2**70} for row in MANY]},
    "without numbers": {"estimates": [{"note": "none"} for _ in MANY]},
}


@pytest.mark.parametrize("name", SUMMARIES)
def test_what_is_written_is_what_is_printed(name: str) -> None:
    summary = SUMMARIES[name]
    written = [json.loads(f"[{text}]") for texts in printed_texts(summary) for text in texts]
    assert written == [[list(path), names, values] for path, names, values in printed_together(summary)]
