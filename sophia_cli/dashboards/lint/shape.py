"""Whether a board is a board: the keys and types of the JSON model that Grafana 10 to 13 read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sophia_cli.dashboards.lint.finding import Finding
from sophia_cli.dashboards.model import Json, all_panels, items, kind_of, name_of, panels, targets

NEWEST, OLDEST = 42, 13  # schema versions: the newest, and the oldest that Grafana still converts
_UID = re.compile(r"[a-zA-Z0-9_-]{1,40}")

Kinds = type | tuple[type, ...]
_OPTIONAL_TEXT = (str, type(None))
_BOARD: Mapping[str, Kinds] = {
    "id": (int, type(None)),
    "uid": str,
    "title": str,
    "description": str,
    "revision": int,
    "gnetId": (int, str, type(None)),
    "tags": list,
    "timezone": str,
    "editable": bool,
    "graphTooltip": int,
    "time": dict,
    "timepicker": dict,
    "fiscalYearStartMonth": int,
    "liveNow": bool,
    "weekStart": str,
    "refresh": (str, bool),
    "schemaVersion": int,
    "version": int,
    "panels": list,
    "templating": dict,
    "annotations": dict,
    "links": list,
    "snapshot": dict,
    "preload": bool,
    "style": str,
    "iteration": int,
    "rows": list,
    "__inputs": list,
    "__requires": list,
    "__elements": (dict, list),
}
_PANEL: Mapping[str, Kinds] = {
    "type": str,
    "id": int,
    "pluginVersion": str,
    "targets": list,
    "title": str,
    "description": str,
    "transparent": bool,
    "datasource": (dict, str, type(None)),
    "gridPos": dict,
    "links": list,
    "repeat": _OPTIONAL_TEXT,
    "repeatDirection": str,
    "maxPerRow": int,
    "maxDataPoints": (int, float, type(None)),
    "transformations": list,
    "interval": _OPTIONAL_TEXT,
    "timeFrom": _OPTIONAL_TEXT,
    "timeShift": _OPTIONAL_TEXT,
    "hideTimeOverride": bool,
    "timeCompare": str,
    "libraryPanel": dict,
    "cacheTimeout": _OPTIONAL_TEXT,
    "queryCachingTTL": (int, type(None)),
    "options": dict,
    "fieldConfig": dict,
    "collapsed": bool,
    "panels": list,
}
_TARGET: Mapping[str, Kinds] = {
    "refId": str,
    "hide": bool,
    "queryType": str,
    "datasource": (dict, str, type(None)),
    "expr": str,
    "instant": bool,
    "range": bool,
    "exemplar": bool,
    "editorMode": str,
    "format": str,
    "legendFormat": _OPTIONAL_TEXT,
    "interval": _OPTIONAL_TEXT,
    "intervalFactor": int,
    "intervalMs": (int, float),
    "maxDataPoints": int,
    "step": int,
    "scopes": list,
    "adhocFilters": list,
    "groupByKeys": list,
    "resultAssertions": dict,
    "timeRange": dict,
    "fullMetaSearch": bool,
    "includeNullMetadata": bool,
    "disableTextWrap": bool,
    "useBackend": bool,
}
_MUST_BOARD = ("title", "uid", "panels", "schemaVersion", "templating", "time")
_MUST_PANEL = ("type", "id", "gridPos")


def wrapper(found: object) -> Iterator[Finding]:
    """A board alone, not inside of something: file provisioning loads no wrapper."""
    if not isinstance(found, Mapping):
        yield Finding("wrapper", "", f"it is {_kind(found)}, not a board")
    elif "panels" not in found and "rows" not in found:
        inside = next((key for key in ("dashboard", "spec") if key in found), "")
        words = f"the board is inside `{inside}`" if inside else "it has no panels"
        yield Finding("wrapper", "", f"{words}: file provisioning loads a board alone")


def json_shape(board: Json) -> Iterator[Finding]:
    """Keys and types of the board, its panels and their queries."""
    yield from _held(board, _BOARD, _MUST_BOARD, "")
    for panel in all_panels(board):
        if kind_of(panel) == "row":
            yield from _held(panel, _PANEL, ("type", "gridPos"), name_of(panel))
            continue
        yield from _held(panel, _PANEL, _MUST_PANEL, name_of(panel))
        for target in targets(panel):
            yield from _held(target, _TARGET, ("refId",), name_of(panel))


def _held(
    found: Json, kinds: Mapping[str, Kinds], must: tuple[str, ...], where: str
) -> Iterator[Finding]:
    for key in must:
        if key not in found:
            yield Finding("json-shape", where, f"`{key}` is missing")
    for key, value in found.items():
        if key not in kinds:
            yield Finding("json-shape", where, f"`{key}` is no key of the model")
        elif not isinstance(value, kinds[key]) or (isinstance(value, bool) and kinds[key] is int):
            yield Finding("json-shape", where, f"`{key}` is {_kind(value)}")


def _kind(value: object) -> str:
    names = {str: "a text", dict: "an object", list: "a list", bool: "true or false"}
    return "null" if value is None else names.get(type(value), "a number")


def schema_version(board: Json) -> Iterator[Finding]:
    """A model that Grafana reads."""
    version = board.get("schemaVersion")
    if isinstance(version, int) and not OLDEST <= version <= NEWEST:
        yield Finding("schema-version", "", f"{version} is not from {OLDEST} to {NEWEST}")


def identity(board: Json) -> Iterator[Finding]:
    """A uid by which it is found again, and no number of another server's."""
    uid = board.get("uid")
    if isinstance(uid, str) and not _UID.fullmatch(uid):
        yield Finding("identity", "", f"uid `{uid}` is not of 1 to 40 letters, digits, - and _")
    if board.get("id") is not None:
        yield Finding("identity", "", f"`id` is {board['id']}: another server has another number")
    if board.get("title") == "":
        yield Finding("identity", "", "the title is empty")


def panel_ids(board: Json) -> Iterator[Finding]:
    """A number of its own for each panel: links and alerts name it."""
    seen: dict[str, str] = {}
    for panel in all_panels(board):
        if panel.get("id") is None:
            continue
        number = str(panel["id"])
        if number in seen:
            yield Finding("panel-id", name_of(panel), f"{number} is the id of `{seen[number]}` too")
        seen[number] = name_of(panel)


def grid(board: Json) -> Iterator[Finding]:
    """No panel upon another, none beyond the 24 columns."""
    placed: list[tuple[int, int, int, int, str]] = []
    for panel in items(board.get("panels")):
        place = panel.get("gridPos")
        if not isinstance(place, Mapping):
            continue
        x, y, w, h = (place.get(key, 0) for key in "xywh")
        if (
            not all(isinstance(one, int) for one in (x, y, w, h))
            or w < 1
            or h < 1
            or x < 0
            or x + w > 24
        ):
            yield Finding("grid", name_of(panel), "its place is not within the 24 columns")
            continue
        for x2, y2, w2, h2, name in placed:
            if x < x2 + w2 and x2 < x + w and y < y2 + h2 and y2 < y + h:
                yield Finding("grid", name_of(panel), f"it lies upon `{name}`")
        placed.append((x, y, w, h, name_of(panel)))


def ref_ids(board: Json) -> Iterator[Finding]:
    """A letter of its own for each query of a panel."""
    for panel in panels(board):
        seen = [str(target.get("refId")) for target in targets(panel)]
        for ref in sorted({one for one in seen if seen.count(one) > 1}):
            yield Finding("ref-id", name_of(panel), f"two queries are `{ref}`")
