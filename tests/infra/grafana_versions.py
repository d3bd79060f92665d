"""Versions of the stand-in's dashboards, as Grafana 10 to 13 tell of them.

Until 11.5 a list comes bare, since 11.6 in an object with a token for what follows. Requests by a board's
number ended with 12. In a list the first version has a message of Grafana's own, whatever it was saved with.
"""

from __future__ import annotations

from typing import Any

from grafana_boards import board, save_board
from grafana_state import BEGAN, Asked, Refusal, held_to

_RESTORE: dict[str, type] = {"version*": int}


def versions(
    asked: Asked, uid: str, limit: str = "1000", start: str = "0", continueToken: str = ""
) -> object:
    board(asked, uid)
    count = len(asked.grafana.boards[uid]["versions"])
    if not count:
        raise Refusal(404, "No versions found for dashboardId 0")
    found = [_told(asked, uid, number) for number in range(count, 0, -1)]
    for one in found:
        if one["restoredFrom"]:
            one["message"] = f"Restored from version {one['restoredFrom']}"
        if not one["parentVersion"]:
            one["message"] = "Initial save"
    if not asked.grafana.is_since(11, 6):
        return found[int(start) :][: int(limit)]
    at = int(continueToken or "0")
    end = at + min(int(limit) or 1000, asked.grafana.page)
    return {"versions": found[at:end], "continueToken": str(end) if end < count else ""}


def version(asked: Asked, uid: str, number: str) -> object:
    board(asked, uid)
    count = 0 if asked.grafana.lost else len(asked.grafana.boards[uid]["versions"])
    if not number.isdigit() or not 1 <= int(number) <= count:
        raise Refusal(500, f"Dashboard version {number} not found for dashboardId 0")
    return _told(asked, uid, int(number))


def _told(asked: Asked, uid: str, number: int) -> dict[str, Any]:
    one = asked.grafana.boards[uid]["versions"][number - 1]
    return {
        "id": number,
        "dashboardId": asked.grafana.boards[uid]["dashboard"].get("id", 0),
        "uid": uid,
        "parentVersion": number - 1,
        "restoredFrom": one.get("restoredFrom", 0),
        "version": number,
        "created": BEGAN,
        "createdBy": "admin",
        "message": one["message"],
        "data": one.get("data", {}),
    }


def versions_of_number(asked: Asked, number: str, **asked_for: str) -> object:
    return versions(asked, _uid_of(asked, number), **asked_for)


def version_of_number(asked: Asked, number: str, which: str) -> object:
    return version(asked, _uid_of(asked, number), which)


def _uid_of(asked: Asked, number: str) -> str:
    if asked.grafana.is_since(13):
        raise Refusal(404, "Not found")
    for uid, one in asked.grafana.boards.items():
        if str(one["dashboard"].get("id")) == number:
            return uid
    raise Refusal(404, "Dashboard not found")


def restore(asked: Asked, uid: str, body: Any) -> object:
    if not asked.grafana.restores:
        raise Refusal(404, "Not found")
    wanted = held_to(asked, _RESTORE, body)["version"]
    current = board(asked, uid)["dashboard"]
    held = asked.grafana.boards[uid]
    if not 1 <= wanted <= len(held["versions"]):
        raise Refusal(404, "Dashboard version not found")
    if wanted == current["version"]:
        raise Refusal(400, "Current dashboard is identical to the specified version")
    was = {**held["versions"][wanted - 1]["data"], "version": current["version"]}
    words = f"Restored from version {wanted}"
    return save_board(
        asked, {"dashboard": was, "folderUid": held["folderUid"], "message": words}, wanted
    )
