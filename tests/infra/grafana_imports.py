"""A board that somebody brings into the stand-in by hand, by Grafana's page "Import dashboard".

Until 12 the page sends the board and what was chosen for its `__inputs`, and the server fills that in
wherever `${NAME}` stands; since 13 it fills it in itself, where a data source or a constant stands, and saves.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from grafana_boards import save_board
from grafana_state import Asked, Grafana, Refusal, held_to

_IMPORT: dict[str, type] = {
    "dashboard*": dict,
    "inputs": list,
    "overwrite": bool,
    "folderUid": str,
    "folderId": int,
    "pluginId": str,
    "path": str,
}
_INPUT: dict[str, type] = {"name*": str, "type*": str, "value*": str, "pluginId": str}
_EXPRESSION = "__expr__"
_OF_PAGE = ("__inputs", "__requires", "__elements")


def import_board(asked: Asked, body: Any) -> object:
    if isinstance(body, dict) and body.get("dashboard") is None:
        raise Refusal(422, "Dashboard must be set")
    held = held_to(asked, _IMPORT, body)
    made, chosen = dict(held["dashboard"]), [
        held_to(asked, _INPUT, one) for one in held.get("inputs", [])
    ]
    values = {}
    for one in made.get("__inputs", []):
        found = [x["value"] for x in chosen if x["type"] == one["type"] and x["name"] in (one["name"], "*")]  # fmt: skip
        if one.get("pluginId") == _EXPRESSION:
            found = [_EXPRESSION]
        if not found:
            raise Refusal(
                500, f"Dashboard input variable: {one['name']} missing from import command"
            )
        values[f"${{{one['name']}}}"] = found[0]
    made = {key: _filled(value, values) for key, value in made.items() if key not in _OF_PAGE}
    told = {"dashboard": made, "folderUid": held.get("folderUid", "")}
    saved = save_board(asked, {**told, "overwrite": held.get("overwrite", False)})
    return {
        "uid": saved["uid"],
        "title": made["title"],
        "imported": True,
        "dashboardId": saved["id"],
    }


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return re.sub(r"\$\{.+?\}", lambda found: values.get(found[0], found[0]), value)
    if isinstance(value, list):
        return [_filled(one, values) for one in value]
    if isinstance(value, dict):
        return {key: _filled(one, values) for key, one in value.items()}
    return value


def filled_by_page(board: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """What the page of Grafana 13 saves, `values` being what was chosen by the names of `__inputs`."""
    made: dict[str, Any] = copy.deepcopy({k: v for k, v in board.items() if k not in _OF_PAGE})
    declared = {one["name"]: one for one in board.get("__inputs", [])}

    def chosen(word: object) -> str | None:
        name = re.sub(r"\$\{(.*)\}", r"\1", str(word))
        known = declared.get(name, {}).get("type") == "datasource"
        return values[name] if known and str(word).startswith("$") else None

    for part in _asking(made):
        found = part.get("datasource")
        uid = chosen(found.get("uid") if isinstance(found, dict) else found)
        if uid is not None:
            part["datasource"] = {"uid": uid, "type": "prometheus"}
    for one in made.get("templating", {}).get("list", []):
        current = one.get("current") or {}
        if one["type"] == "datasource" and (uid := chosen(current.get("value"))) is not None:
            one["current"] = {"text": uid, "value": uid}
        for name, asked in declared.items():
            both = one["type"] == asked["type"] == "constant"
            if both and one.get("query") == f"${{{name}}}":
                one |= {"query": values[name], "current": {"value": values[name]}}
    return made


def _asking(board: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Whatever of a board names a data source."""
    for panel in board.get("panels", []):
        for one in (panel, *panel.get("panels", [])):
            yield one
            yield from one.get("targets", [])
    yield from board.get("annotations", {}).get("list", [])
    yield from (
        one for one in board.get("templating", {}).get("list", []) if one["type"] == "query"
    )


def opened(grafana: Grafana, uid: str, tell: Callable[[str], None] = lambda _: None) -> set[str]:
    """Open a board: the uids of the data sources that its parts ask; `tell` hears of what has none."""
    board = grafana.boards[uid]["dashboard"]
    variables = {one["name"]: one for one in board.get("templating", {}).get("list", [])}
    found = set()
    for part in _asking(board):
        source = part.get("datasource")
        if source is None and "targets" not in part and "expr" not in part:
            continue  # a row, a text
        name = part.get("title") or part.get("name") or part.get("refId") or "?"
        if not isinstance(source, dict):
            tell(f"{name}: {source!r} is no data source")
            continue
        word = str(source.get("uid"))
        if word.startswith("$"):
            variable = variables.get(re.sub(r"^\$\{?|\}$", "", word), {})
            word = _value(grafana, variable) if variable.get("type") == "datasource" else word
        if word not in grafana.sources or grafana.sources[word]["type"] != source.get("type"):
            tell(f"{name}: Datasource {word} was not found")
            continue
        found.add(word)
    return found


def _value(grafana: Grafana, variable: Mapping[str, Any]) -> str:
    """What a variable of data sources has: its value where that is one of them, else the default, else the first."""
    fitting = [one for one in grafana.sources.values() if one["type"] == variable["query"]]
    for one in fitting:
        if variable.get("current", {}).get("value") in (one["uid"], one["name"]):
            return str(one["uid"])
    by_default = [one for one in fitting if one.get("isDefault")]
    return str((by_default or fitting or [{"uid": "none"}])[0]["uid"])
