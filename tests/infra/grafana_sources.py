"""Data sources of the stand-in."""

from __future__ import annotations

import secrets
from typing import Any

from grafana_state import Asked, Refusal, check_uid, held_to

_SOURCE: dict[str, type] = {
    "name*": str,
    "type*": str,
    "access*": str,
    "url": str,
    "uid": str,
    "isDefault": bool,
    "jsonData": dict,
    "secureJsonData": dict,
    "basicAuth": bool,
    "basicAuthUser": str,
    "user": str,
    "withCredentials": bool,
    "version": int,
}


def sources(asked: Asked) -> object:
    return list(asked.grafana.sources.values())


def source(asked: Asked, uid: str) -> Any:
    if uid not in asked.grafana.sources:
        raise Refusal(404, "Data source not found")
    return asked.grafana.sources[uid]


def add_source(asked: Asked, body: Any) -> object:
    held, known = held_to(asked, _SOURCE, body), asked.grafana.sources
    check_uid(held.get("uid", ""))
    uid = held.get("uid") or secrets.token_hex(5)
    if any(one["name"] == held["name"] for one in known.values()):
        raise Refusal(409, "data source with the same name already exists")
    if uid in known:
        raise Refusal(409, "data source with the same uid already exists")
    _take_default(asked, held)
    made = {**held, "uid": uid, "id": asked.grafana.next_id(), "version": 1, "readOnly": False}
    known[uid] = made
    words = {"message": "Datasource added", "id": made["id"], "name": made["name"]}
    return {**words, "datasource": made}


def put_source(asked: Asked, uid: str, body: Any) -> object:
    there, held = source(asked, uid), held_to(asked, _SOURCE, body)
    if there["readOnly"]:
        raise Refusal(403, "Cannot update read-only data source")
    if held.get("version", 0) not in (0, there["version"]):
        raise Refusal(
            409, "Datasource has already been updated by someone else. Please reload and try again"
        )
    _take_default(asked, held)
    # The whole of it is replaced: what is left out goes.
    kept = {key: there[key] for key in ("id", "uid", "readOnly")}
    made = {**held, **kept, "version": there["version"] + 1}
    asked.grafana.sources[uid] = made
    return {"message": "Datasource updated", "id": made["id"], "datasource": made}


def _take_default(asked: Asked, held: dict[str, Any]) -> None:
    if held.get("isDefault"):
        for one in asked.grafana.sources.values():
            one["isDefault"] = False
