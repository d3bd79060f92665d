"""The parts of a board's JSON model, whoever wrote it: what is missing or of another type is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]

# `$name`, `${name}`, `${name:format}` and the old `[[name]]`.
VARIABLE = re.compile(r"\$(\w+)|\$\{(\w+)(?:[.:][^}]*)?\}|\[\[(\w+)(?::\w+)?\]\]")


def items(value: object) -> list[Json]:
    """The objects of a list; none for anything else."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def table(value: object) -> Json:
    """An object; an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def number(value: object, default: float) -> float:
    """A number; the default for anything else."""
    is_one = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_one else default  # type: ignore[arg-type]


def all_panels(board: Json) -> Iterator[Json]:
    """Every panel and every row, also those inside collapsed rows and in the rows of old models."""
    for panel in items(board.get("panels")):
        yield panel
        yield from items(panel.get("panels"))
    for row in items(board.get("rows")):
        yield from items(row.get("panels"))


def kind_of(panel: Json) -> str:
    """The type of a panel; empty where it has none."""
    kind = panel.get("type")
    return kind if isinstance(kind, str) else ""


def panels(board: Json) -> Iterator[Json]:
    """Every panel that shows something; rows are headings."""
    return (panel for panel in all_panels(board) if kind_of(panel) != "row")


def targets(panel: Json) -> list[Json]:
    """A panel's queries."""
    return items(panel.get("targets"))


def variables(board: Json) -> list[Json]:
    """A board's variables."""
    return items(table(board.get("templating")).get("list"))


def marks(board: Json) -> list[Json]:
    """A board's annotations, without the one that Grafana builds in."""
    found = items(table(board.get("annotations")).get("list"))
    return [one for one in found if not one.get("builtIn")]


def name_of(panel: Json) -> str:
    """What a person calls a panel."""
    return str(panel.get("title") or f"panel {panel.get('id', '?')}")


def names_in(text: str) -> set[str]:
    """The variables that a text names; Grafana's own begin with two underscores."""
    return {next(filter(None, found)) for found in VARIABLE.findall(text)}


def strings(value: object) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)
