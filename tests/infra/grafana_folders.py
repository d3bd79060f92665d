"""Folders of the stand-in."""

from __future__ import annotations

import secrets
from typing import Any

from grafana_state import Asked, Refusal, check_uid, held_to, page_of

_FOLDER: dict[str, type] = {"title*": str, "uid": str, "parentUid": str}


def all_folders(asked: Asked, limit: str = "1000", page: str = "1") -> object:
    return page_of(list(asked.grafana.folders.values()), int(limit), int(page))


def folder(asked: Asked, uid: str) -> Any:
    if uid not in asked.grafana.folders:
        raise Refusal(404, "folder not found", "not-found")
    return asked.grafana.folders[uid]


def permissions(asked: Asked, uid: str) -> object:
    folder(asked, uid)
    return [
        {"role": role, "permission": number, "permissionName": name, "uid": uid, "isFolder": True}
        for role, number, name in (("Viewer", 1, "View"), ("Editor", 2, "Edit"))
    ]


def add_folder(asked: Asked, body: Any) -> dict[str, Any]:
    held, known = held_to(asked, _FOLDER, body), asked.grafana.folders
    check_uid(held.get("uid", ""))
    uid = held.get("uid") or secrets.token_hex(5)
    if any(one["title"] == held["title"] for one in known.values()):
        raise Refusal(409, "a folder with the same name already exists in the current location")
    if uid in known:
        raise Refusal(412, "The folder has been changed by someone else", "version-mismatch")
    made = {
        "id": asked.grafana.next_id(),
        "uid": uid,
        "title": held["title"],
        "version": 1,
    }
    known[uid] = made
    return made
