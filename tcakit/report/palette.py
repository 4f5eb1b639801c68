"""The colours of a report, light and dark; charts carry the light ones and the page exchanges them."""

from __future__ import annotations

LIGHT = {
    "page": "#f5f6f8",
    "card": "#ffffff",
    "ink": "#18212d",
    "muted": "#566273",
    "line": "#dde2e8",
    "accent": "#1d5c9f",
    "accent_soft": "#e6eef8",
    "cost": "#b04a2a",
    "gain": "#17756a",
    "cost_soft": "#d49b8b",
    "gain_soft": "#7fb3ad",
    "total": "#42526a",
    "mid": "#2a6ebb",
    "vwap": "#7647a2",
    "twap": "#856611",
    "limit": "#a8284f",
}
DARK = {
    "page": "#11151b",
    "card": "#19202a",
    "ink": "#e7ebf1",
    "muted": "#a0acbb",
    "line": "#2d3743",
    "accent": "#86b6ee",
    "accent_soft": "#22304a",
    "cost": "#ea8f6c",
    "gain": "#58c4b2",
    "cost_soft": "#6c4c44",
    "gain_soft": "#326260",
    "total": "#aab8cb",
    "mid": "#7ab2f2",
    "vwap": "#c8a2ec",
    "twap": "#dcb95c",
    "limit": "#f28fa9",
}


def css_variables(colours: dict[str, str]) -> str:
    """The palette as CSS custom properties, e.g. `--accent-soft:#e6eef8;`."""
    return "".join(f"--{name.replace('_', '-')}:{colour};" for name, colour in colours.items())


def light_to_dark() -> dict[str, str]:
    """Each light colour's dark counterpart, for the charts."""
    return {LIGHT[name]: DARK[name] for name in LIGHT}
