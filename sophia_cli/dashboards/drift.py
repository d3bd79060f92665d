"""In what two boards differ, in words: which panel, which query, which setting, and who changed it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sophia_cli.dashboards.content import content, holds
from sophia_cli.dashboards.model import all_panels, name_of, targets, variables

IN_FILE, IN_GRAFANA, IN_BOTH = "changed in the file", "changed in Grafana", "changed in both"

Key = tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """One thing that differs; `who` changed it is empty where nobody can tell."""

    what: str
    who: str


def differences(file: Any, there: Any, base: Any = None) -> tuple[Difference, ...]:
    """What differs, in the order of the board. `base` is the version that both came from, where it is known."""
    mine, theirs = _told(content(file)), _told(content(there))
    origin = _told(content(base)) if base is not None else None
    found = []
    for key in dict.fromkeys((*mine, *theirs)):
        one, other = mine.get(key), theirs.get(key)
        if _is_servers_own(key, other, origin) if one is None else holds(other, one):
            continue
        if len(key) == 3 and (key[:2] not in mine or key[:2] not in theirs):
            continue  # the whole panel is told of
        who = "" if origin is None else _who(one, other, origin.get(key))
        found.append(Difference(_words(key, one, other, {**theirs, **mine}), who))
    return tuple(found)


def _is_servers_own(key: Key, value: Any, origin: Mapping[Key, Any] | None) -> bool:
    """Whether a key that only the server has is what it adds by itself, to what is saved."""
    if key[0] == "variable" or len(key) == 2 and key[0] == "panel" or "query" in key[-1]:
        return False
    return origin is None or holds(value, origin.get(key))


def _who(mine: Any, theirs: Any, origin: Any) -> str:
    if holds(theirs, origin):
        return IN_FILE
    return IN_GRAFANA if holds(origin, mine) else IN_BOTH


def _told(board: Mapping[str, Any]) -> dict[Key, Any]:
    """A board as the parts that a person would name, each with its value."""
    told: dict[Key, Any] = {
        ("setting", key): value
        for key, value in board.items()
        if key not in ("panels", "templating")
    }
    for one in variables(board):
        told[("variable", str(one.get("name")))] = dict(one)
    for panel in all_panels(board):
        number = str(panel.get("id"))
        told[("panel", number)] = name_of(panel)
        for name, value in _settings(panel):
            told[("panel", number, name)] = value
    return told


def _settings(panel: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for target in targets(panel):
        yield f"query {target.get('refId')}", dict(target)
    for name, value in panel.items():
        if name not in ("id", "targets", "panels", "title", "pluginVersion"):
            yield name, value


_NAMES = {
    "gridPos": "its place",
    "fieldConfig": "its units, thresholds or colours",
    "options": "its looks",
    "type": "its kind",
    "datasource": "its data source",
    "transformations": "its transformations",
    "description": "its description",
}


def _words(key: Key, one: Any, other: Any, told: Mapping[Key, Any]) -> str:
    side = ", only in the file" if other is None else ", only in Grafana" if one is None else ""
    if key[0] == "setting":
        return f"`{key[1]}` of the board{side}"
    if key[0] == "variable":
        return f"variable ${key[1]}{side}"
    panel = f"panel `{told.get(key[:2], key[1])}`"
    if len(key) == 3:
        return f"{panel}: {_NAMES.get(key[2], key[2])}{side}"
    return f"{panel}{side}" if side else f"panel `{one}`: its title, `{other}` in Grafana"
