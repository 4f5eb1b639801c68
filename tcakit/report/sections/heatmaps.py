"""Heat maps: where in the day, and with what size, orders are dear."""

from __future__ import annotations

from typing import Any

from tcakit.report.figures import Figure
from tcakit.report.palette import LIGHT
from tcakit.report.sections import Section, blocks_of, template_of
from tcakit.report.wording import interval, number


def heatmaps(summary: dict[str, Any]) -> Section | None:
    """A heat map and its table for every grid of the blocks; None where there is none."""
    grids = [
        (f"{place}-grid-{number_of_grid}", block, grid)
        for place, block in blocks_of(summary)
        for number_of_grid, grid in enumerate(block.get("heatmaps") or [], start=1)
    ]
    if not grids:
        return None
    figures = {name: grid_figure(grid) for name, _, grid in grids}
    return Section("heatmaps", "By size and time", template_of("heatmaps"), {"grids": grids}, figures)


def grid_figure(grid: dict[str, Any]) -> Figure:
    """Cost of each cell by colour, written in it with the number of orders; colours end alike on both sides of zero."""
    values = [[cell and cell["value"] for cell in row] for row in grid["cells"]]
    reach = max((abs(value) for row in values for value in row if value is not None), default=1.0) or 1.0
    told = [
        ["" if cell is None else f"{number(cell['value'], 1)}<br>n {cell['n']}" for cell in row]
        for row in grid["cells"]
    ]
    hover = [
        [
            "" if cell is None else f"{number(cell['value'])} bps, 95 % {interval(cell)}, {cell['n']} orders"
            for cell in row
        ]
        for row in grid["cells"]
    ]
    return {
        "data": [
            {
                "type": "heatmap",
                "x": grid["columns"],
                "y": grid["rows"],
                "z": values,
                "text": told,
                "customdata": hover,
                "texttemplate": "%{text}",
                "textfont": {"size": 11, "color": LIGHT["ink"]},
                "hovertemplate": "<b>%{y}, %{x}</b><br>%{customdata}<extra></extra>",
                "hoverongaps": False,
                # Soft enough that the words in a cell can be read whatever its colour.
                "colorscale": [[0.0, LIGHT["gain_soft"]], [0.5, LIGHT["card"]], [1.0, LIGHT["cost_soft"]]],
                "zmin": -reach,
                "zmax": reach,
                "xgap": 2,
                "ygap": 2,
                "showscale": False,
            }
        ],
        "layout": {
            "height": 150 + 54 * len(grid["rows"]),
            "xaxis": {
                "title": {"text": grid["name"].split(" by ")[-1].capitalize()},
                "type": "category",
                "showgrid": False,
            },
            "yaxis": {"type": "category", "automargin": True, "showgrid": False, "title": {"text": ""}},
        },
    }
