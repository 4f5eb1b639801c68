"""The pages of a report: each section is one file, one template and one entry here; a desk may name its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tcakit.errors import UsageError
from tcakit.registry import find, own_code
from tcakit.report.figures import Figure

_NAME = re.compile(r"[a-z][a-z0-9-]*")


@dataclass(frozen=True, slots=True)
class Section:
    """One section of the page: its heading, the template of its body, what the template is given, and its charts.

    `name` is its anchor (small letters, digits and hyphens). `template` is Jinja text; everything it shows is escaped,
    and it may use the filters of `wording` (number, count, percent, price, interval, horizon) and the macros of
    `cells.html`. `figures` are plotly figures as plain dicts by name; a chart stands where the template puts
    `chart(name, figures, label)`.
    """

    name: str
    title: str
    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)


SECTIONS = {
    "control": "tcakit.report.sections.control:control",
    "cost": "tcakit.report.sections.cost:cost",
    "waterfall": "tcakit.report.sections.waterfall:waterfall",
    "benchmarks": "tcakit.report.sections.benchmarks:benchmarks",
    "attribution": "tcakit.report.sections.attribution:attribution",
    "algorithms": "tcakit.report.sections.algorithms:algorithms",
    "groups": "tcakit.report.sections.groups:groups",
    "tests": "tcakit.report.sections.tests:tests",
    "venues": "tcakit.report.sections.venues:venues",
    "heatmaps": "tcakit.report.sections.heatmaps:heatmaps",
    "participation": "tcakit.report.sections.participation:participation",
    "estimates": "tcakit.report.sections.estimates:estimates",
    "intraday": "tcakit.report.sections.intraday:intraday",
    "markouts": "tcakit.report.sections.markouts:markouts",
    "distribution": "tcakit.report.sections.distribution:distribution",
    "control-limits": "tcakit.report.sections.control_limits:control_limits",
    "orders": "tcakit.report.sections.orders:orders",
    "outliers": "tcakit.report.sections.outliers:outliers",
    "monitoring": "tcakit.report.sections.monitoring:monitoring",
    "quality": "tcakit.report.sections.quality:quality",
    "method": "tcakit.report.sections.method:method",
}
"""Every section of the house by its name."""

TEMPLATES: dict[str, tuple[str, ...]] = {
    "tca": tuple(SECTIONS),
    "best-execution": (
        "control", "cost", "monitoring", "benchmarks", "venues", "groups", "tests", "control-limits", "orders",
        "outliers", "quality", "method",
    ),
}  # fmt: skip
"""Which sections a page has, in what order, by the template's name."""


def template_of(name: str) -> str:
    """The text of a section's own template file."""
    return (Path(__file__).parent / f"{name}.html").read_text(encoding="utf-8")


def section_names(template: str, more: Sequence[str] = ()) -> tuple[str, ...]:
    """The sections of a template, the desk's own ones last; UsageError where a name is not known.

    A template is a name of `TEMPLATES` or "package.module:NAME" of a sequence of section names.

    >>> section_names("tca")[:3]
    ('control', 'cost', 'waterfall')
    """
    known = {name: f"{__name__}:TEMPLATES" for name in TEMPLATES}
    found = TEMPLATES[template] if template in TEMPLATES else find(template, known, "template", "--template")
    if isinstance(found, str) or not isinstance(found, Sequence) or not all(isinstance(name, str) for name in found):
        raise UsageError(
            f"{template} is no sequence of names of sections",
            place="--template",
            remedy='make it a tuple such as ("cost", "venues", "my_desk.pages:Desk")',
        )
    return (*found, *more)


def sections_of(summary: dict[str, Any], names: Sequence[str]) -> list[Section]:
    """The sections that have something to say of this summary, in that order.

    A section whose numbers are not there gives None and is left out. Raises UsageError for an unknown section, for one
    that is no `Section`, and for names of sections or charts that are used twice or are not made of small letters,
    digits and hyphens.
    """
    made: list[Section] = []
    charts: set[str] = set()
    for name in names:
        builder = find(name, SECTIONS, "section", "--section")
        with own_code([name]):
            section = builder(summary)
        if section is None:
            continue
        if not isinstance(section, Section):
            raise UsageError(
                f"section {name} gives a {type(section).__name__}",
                place="--section",
                remedy="let it return a tcakit.report.sections.Section, or None where it has nothing to say",
            )
        for word in (section.name, *section.figures):
            if not _NAME.fullmatch(word) and not re.fullmatch(r"[0-9]+-[a-z0-9-]+", word):
                raise UsageError(
                    f"{word!r} cannot be the name of a section or chart",
                    place=name,
                    remedy="use small letters, digits and hyphens",
                )
        twice = charts & set(section.figures) or {section.name} & {other.name for other in made}
        if twice:
            raise UsageError(f"{sorted(twice)[0]!r} is there already", place=name, remedy="give it another name")
        charts |= set(section.figures)
        made.append(section)
    return made


def blocks_of(summary: dict[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    """The blocks of a summary's currencies with their numbers from 1, as charts are named."""
    return list(enumerate(summary["currencies"].values(), start=1))
