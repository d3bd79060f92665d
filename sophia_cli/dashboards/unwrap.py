"""Boards out of whatever they are kept in: the API's bodies and answers, resources, lists, maps by file name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sophia_cli.errors import SophiaError

_LONGEST = 40  # characters of a uid


def unwrap(found: object, name: str) -> Iterator[dict[str, Any]]:
    """Each board in what a file holds, with a uid. Raises SophiaError for what is none."""
    if isinstance(found, list):
        for one in found:
            yield from unwrap(one, name)
    elif not isinstance(found, Mapping):
        raise SophiaError(f"{name} is no dashboard: it holds no object")
    elif isinstance(found.get("dashboard"), Mapping):
        yield from unwrap(found["dashboard"], name)
    elif "kind" in found and isinstance(found.get("spec"), Mapping):
        yield _resource(found, name)
    elif "panels" in found or "rows" in found:
        yield _named(dict(found), name)
    elif inside := [one for one in found.values() if _is_board(one)]:
        for one in inside:
            yield from unwrap(one, name)
    elif isinstance(found.get("dashboards"), list):
        yield from unwrap(found["dashboards"], name)
    else:
        raise SophiaError(f"{name} is no dashboard: it has neither panels nor rows")


def _is_board(one: object) -> bool:
    return isinstance(one, Mapping) and ("panels" in one or "dashboard" in one)


def _resource(found: Mapping[str, Any], name: str) -> dict[str, Any]:
    spec, metadata = dict(found["spec"]), found.get("metadata") or {}
    if "elements" in spec:
        raise SophiaError(
            f"{name} is of the model that Grafana 13 begins with ({found.get('apiVersion')})",
            "save it there as Classic (v1) and take that",
        )
    uid = metadata.get("name", "") if isinstance(metadata, Mapping) else ""
    return _named({**spec, "uid": spec.get("uid") or uid}, name)


def _named(board: dict[str, Any], name: str) -> dict[str, Any]:
    for key in ("panels", "rows"):
        if not isinstance(board.get(key, []), list):
            raise SophiaError(f"{name} is no dashboard: its {key} are no list")
    title = board.get("title")
    if not isinstance(title, str) or not title.strip():
        raise SophiaError(f"{name} is no dashboard: it has no title", 'give it one: "title": "..."')
    uid = board.get("uid")
    if not isinstance(uid, str) or not uid:
        # The same each time, so that a second import finds the first.
        uid = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:_LONGEST] or "board"
    if not re.fullmatch(rf"[a-zA-Z0-9_-]{{1,{_LONGEST}}}", uid):
        words = f"{name}: the uid `{uid}` is not of 1 to {_LONGEST} letters, digits, - and _"
        raise SophiaError(words, "give it another")
    return {**board, "uid": uid, "id": None}
