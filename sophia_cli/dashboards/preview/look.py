"""How a panel wants its figures: unit, decimals, thresholds, colours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sophia_cli.dashboards.model import Json, items, number, table

_IS_COLOR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-z]+|rgba?\([\d., %]+\)")
PALETTE = (
    "#5794F2", "#73BF69", "#FF9830", "#B877D9", "#F2495C", "#37872D", "#FADE2A", "#1F60C4",
    "#8F3BB8", "#FF7383", "#8AB8FF", "#C4162A",
)  # fmt: skip
COLORS = {
    "green": "#37872D",
    "yellow": "#CC9D00",
    "orange": "#E0752D",
    "red": "#C4162A",
    "blue": "#1F60C4",
}
# Outcomes have the same colour wherever they are drawn.
_OF_NAMES = {
    "ok": "#73BF69", "cached": "#8AB8FF", "error": "#F2495C", "cancelled": "#A7A9AC", "unknown": "#FADE2A",
    "hit": "#73BF69", "miss": "#FF9830",
}  # fmt: skip


def defaults(panel: Json) -> Mapping[str, Any]:
    return table(table(panel.get("fieldConfig")).get("defaults"))


def custom(panel: Json) -> Mapping[str, Any]:
    return table(defaults(panel).get("custom"))


def unit_of(panel: Json, column: str = "") -> tuple[str, int | None]:
    """The unit and the decimals of a panel, or of one of its columns."""
    found = dict(defaults(panel))
    for one in items(table(panel.get("fieldConfig")).get("overrides")):
        matcher = table(one.get("matcher"))
        if matcher.get("id") == "byName" and matcher.get("options") == column:
            found |= {
                str(each.get("id")): each.get("value") for each in items(one.get("properties"))
            }
            found.setdefault("decimals", None)
    decimals = found.get("decimals")
    return str(found.get("unit") or ""), decimals if isinstance(decimals, int) else None


def steps_of(panel: Json) -> list[tuple[float, str]]:
    """A panel's thresholds: from this value on, that colour."""
    steps = items(table(defaults(panel).get("thresholds")).get("steps"))
    return [
        (
            number(one.get("value"), float("-inf")),
            _color(one.get("color")),
        )
        for one in steps
    ]


def color_at(panel: Json, value: float) -> str:
    """The colour of a figure by the panel's thresholds."""
    return (
        [color for bound, color in steps_of(panel) if value >= bound][-1:][0]
        if steps_of(panel)
        else COLORS["green"]
    )


def color_of(name: str, place: int) -> str:
    """The colour of a curve."""
    return _OF_NAMES.get(name) or PALETTE[place % len(PALETTE)]


def _color(name: object) -> str:
    """A colour as CSS has it; grey for what is none, since a board of others goes into a page."""
    text = COLORS.get(str(name), str(name))
    return text if _IS_COLOR.fullmatch(text) else "#767b80"
