"""Dashboards of the stand-in: {"dashboard", "folderUid", "provisioned", "versions"} by their uid."""

from __future__ import annotations

import secrets
from typing import Any

from grafana_state import BEGAN, Asked, Refusal, check_uid, held_to, page_of

_BOARD: dict[str, type] = {
    "dashboard*": dict,
    "folderUid": str,
    "folderId": int,
    "overwrite": bool,
    "message": str,
}


def board(asked: Asked, uid: str) -> Any:
    if uid not in asked.grafana.boards:
        raise Refusal(404, "Dashboard not found")
    found = asked.grafana.boards[uid]
    held = asked.grafana.folders.get(found["folderUid"], {"title": ""})
    meta = {
        "folderUid": found["folderUid"],
        "provisioned": found["provisioned"],
        "provisionedExternalId": found.get("file", ""),
        "type": "db",
        "url": f"/d/{uid}/{uid}",
        "folderTitle": held["title"] or "Dashboards",
        "created": BEGAN,
        "createdBy": "admin",
        "updated": BEGAN,
        "updatedBy": "admin",
        "version": found["dashboard"]["version"],
        "slug": uid,
    }
    return {"dashboard": found["dashboard"], "meta": meta}


def save_board(asked: Asked, body: Any, restored_from: int = 0) -> dict[str, Any]:
    held, known = held_to(asked, _BOARD, body), asked.grafana.boards
    made, folder = dict(held["dashboard"]), held.get("folderUid", "")
    if "folderUid" not in held:  # its number was what counted before, and is still taken
        numbers = {one["id"]: uid for uid, one in asked.grafana.folders.items()}
        folder = numbers.get(held.get("folderId"), "")
    uid = str(made.get("uid") or secrets.token_hex(5))
    _check(asked, made, uid, folder, bool(held.get("overwrite")))
    there = known.get(uid, {"versions": [], "provisioned": False})
    if there["provisioned"]:
        raise Refusal(400, "Cannot save provisioned dashboard")
    number = len(there["versions"]) + 1
    saved = {**made, "uid": uid, "version": number}
    saved["id"] = there["dashboard"]["id"] if there["versions"] else asked.grafana.next_id()
    version = {"data": saved, "message": held.get("message", ""), "restoredFrom": restored_from}
    # Without its folder's uid a board that is saved again goes to the root.
    known[uid] = {
        "dashboard": saved,
        "folderUid": folder,
        "provisioned": False,
        "versions": [*there["versions"], version],
    }
    told = {"status": "success", "uid": uid, "id": saved["id"], "version": number}
    return {**told, "url": f"/d/{uid}"}


def _check(asked: Asked, made: dict[str, Any], uid: str, folder: str, overwrite: bool) -> None:
    known = asked.grafana.boards
    if not str(made.get("title") or ""):
        raise Refusal(400, "Dashboard title cannot be empty", "empty-name")
    check_uid(uid)
    if folder and folder not in asked.grafana.folders:
        raise Refusal(400, "folder not found")
    there = known.get(uid)
    if made.get("id") and (there is None or there["dashboard"]["id"] != made["id"]):
        raise Refusal(404, "Dashboard not found", "not-found")
    if overwrite:
        return
    if there and there["dashboard"]["version"] != made.get("version"):
        words = "The dashboard has been changed by someone else"
        raise Refusal(412, words, "version-mismatch")
    wanted = (folder, made["title"])
    for other, one in known.items():
        if other != uid and (one["folderUid"], one["dashboard"]["title"]) == wanted:
            words = "A dashboard with the same name in the folder already exists"
            raise Refusal(412, words, "name-exists")


def delete_board(asked: Asked, uid: str) -> object:
    title = board(asked, uid)["dashboard"]["title"]
    del asked.grafana.boards[uid]
    return {"title": title, "message": f"Dashboard {title} deleted"}


def search(
    asked: Asked,
    type: str = "dash-db",
    limit: str = "1000",
    page: str = "1",
    query: str = "",
    tag: str = "",
) -> object:
    if int(limit) > 5000:
        words = (
            "Limit is above maximum allowed (5000), use page parameter to access hits beyond limit"
        )
        raise Refusal(422, words)
    if type == "dash-folder":
        folders = [
            {**one, "type": type, "url": f"/dashboards/f/{one['uid']}"}
            for one in asked.grafana.folders.values()
        ]
        return page_of(folders, int(limit), int(page))
    found = [
        _hit(uid, one)
        for uid, one in sorted(asked.grafana.boards.items())
        if type == "dash-db"
        and query.lower() in one["dashboard"]["title"].lower()
        and (not tag or tag in one["dashboard"].get("tags", []))
    ]
    return page_of(found, int(limit), int(page))


def _hit(uid: str, one: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": one["dashboard"].get("id", 0),
        "uid": uid,
        "title": one["dashboard"]["title"],
        "uri": f"db/{uid}",
        "url": f"/d/{uid}/{uid}",
        "type": "dash-db",
        "tags": one["dashboard"].get("tags", []),
        "folderUid": one["folderUid"],
    }
