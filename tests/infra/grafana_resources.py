"""The stand-in's dashboards and folders as resources, by Grafana 13's documentation."""

from __future__ import annotations

from typing import Any

from grafana_boards import board, save_board
from grafana_folders import add_folder, folder
from grafana_state import Asked, Refusal


def folder_resource(asked: Asked, uid: str) -> object:
    return {"metadata": {"name": uid}, "spec": {"title": folder(asked, uid)["title"]}}


def add_folder_resource(asked: Asked, body: Any) -> object:
    made = add_folder(asked, {"uid": body["metadata"]["name"], "title": body["spec"]["title"]})
    return 201, {"metadata": {"name": made["uid"]}, "spec": {"title": made["title"]}}


def _resource(asked: Asked, uid: str, number: int = 0) -> dict[str, Any]:
    held = asked.grafana.boards[uid]
    one = held["versions"][number - 1] if number else held["versions"][-1]
    found = held["dashboard"] if not number else one["data"]
    said = {"grafana.app/folder": held["folderUid"], "grafana.app/message": one["message"]}
    if held["provisioned"]:
        said["grafana.app/managedBy"] = "classic-file-provisioning"
        said["grafana.app/sourcePath"] = held.get("file", "")
    generation = number or found["version"]
    return {
        "kind": "Dashboard",
        "apiVersion": "dashboard.grafana.app/v1",
        "metadata": {
            "name": uid,
            "namespace": "default",
            "generation": generation,
            "resourceVersion": str(1000 + generation),
            "annotations": said,
        },
        "spec": {key: value for key, value in found.items() if key not in ("id", "uid", "version")},
    }


def board_resource(asked: Asked, uid: str) -> object:
    board(asked, uid)
    return _resource(asked, uid)


def board_resources(
    asked: Asked, limit: str = "100", labelSelector: str = "", fieldSelector: str = "", **more: str
) -> object:
    if labelSelector:
        uid = fieldSelector.removeprefix("metadata.name=")
        numbers = range(len(asked.grafana.boards[uid]["versions"]), 0, -1)
        found = [_resource(asked, uid, number) for number in numbers]
    else:
        found = [_resource(asked, uid) for uid in sorted(asked.grafana.boards)]
    start = int(more.get("continue", "0"))
    end = start + int(limit)
    token = str(end) if end < len(found) else ""
    return {"kind": "DashboardList", "metadata": {"continue": token}, "items": found[start:end]}


def _save(asked: Asked, uid: str, body: Any, version: int | None) -> object:
    metadata, spec = body["metadata"], body["spec"]
    for key in ("id", "uid", "version"):
        if key in spec:
            raise Refusal(422, f"spec.{key} is not of the resource")
    said = metadata.get("annotations", {})
    made = {
        "dashboard": {**spec, "uid": uid, "version": version},
        "folderUid": said.get("grafana.app/folder", ""),
        "message": said.get("grafana.app/message", ""),
        "overwrite": True,  # the lock is the resource's; titles are not compared here
    }
    save_board(asked, made)
    return _resource(asked, uid)


def add_board_resource(asked: Asked, body: Any) -> object:
    uid = body["metadata"]["name"]
    if uid in asked.grafana.boards:
        raise Refusal(409, f"dashboards.dashboard.grafana.app {uid} already exists")
    return 201, _save(asked, uid, body, None)


def put_board_resource(asked: Asked, uid: str, body: Any) -> object:
    board(asked, uid)
    there = _resource(asked, uid)["metadata"]
    if body["metadata"].get("resourceVersion") != there["resourceVersion"]:
        raise Refusal(
            409, "the object has been modified; please apply your changes to the latest version"
        )
    return _save(asked, uid, body, there["generation"])
