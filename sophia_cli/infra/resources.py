"""Grafana's newer API, `/apis`, for boards and folders: the same questions as to `/api`.

It is written by the documentation of Grafana 13, tried on a stand-in alone. `/api` is answered by 10 to 13.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sophia_cli.client import Refused
from sophia_cli.dashboards.server import Known, Version
from sophia_cli.errors import SophiaError
from sophia_cli.infra.grafana import PAGE, Grafana

_BOARDS = "/apis/dashboard.grafana.app/v1/namespaces/default/dashboards"
_FOLDERS = "/apis/folder.grafana.app/v1/namespaces/default/folders"
_FOLDER, _MESSAGE = "grafana.app/folder", "grafana.app/message"
_BY, _AT = "grafana.app/updatedBy", "grafana.app/updatedTimestamp"
_MANAGED, _PATH = "grafana.app/managedBy", "grafana.app/sourcePath"


class Resources(Grafana):
    """The same server, asked by its newer API for boards and folders, by the older one for the rest."""

    def folder(self, uid: str) -> Mapping[str, Any] | None:
        found = self._resource(f"{_FOLDERS}/{uid}")
        return None if found is None else {"uid": uid, "title": found["spec"].get("title", "")}

    def create_folder(self, uid: str, title: str) -> None:
        self._send("POST", _FOLDERS, json={"metadata": {"name": uid}, "spec": {"title": title}})

    def board(self, uid: str) -> Mapping[str, Any] | None:
        """A dashboard as `/api` gives it: its version is the resource's generation."""
        found = self._resource(f"{_BOARDS}/{uid}")
        if found is None:
            return None
        said = _annotations(found)
        meta = {
            "folderUid": said.get(_FOLDER, ""),
            "provisioned": bool(said.get(_MANAGED)),
            "provisionedExternalId": said.get(_PATH, ""),
        }
        return {"dashboard": _model(found), "meta": meta}

    def save_board(
        self, board: Mapping[str, Any], folder: str, version: int | None, message: str
    ) -> None:
        """Save a dashboard into a folder, over that `version` of it: a newer one is not overwritten."""
        uid = str(board["uid"])
        said = {_MESSAGE: message, **({_FOLDER: folder} if folder else {})}
        body: dict[str, Any] = {
            "metadata": {"name": uid, "annotations": said},
            "spec": {
                key: value for key, value in board.items() if key not in ("id", "uid", "version")
            },
        }
        try:
            if version is None:
                self._send("POST", _BOARDS, json=body)
                return
            there = self._resource(f"{_BOARDS}/{uid}")
            if there is None or there["metadata"]["generation"] != version:
                raise self._outrun(uid)
            body["metadata"]["resourceVersion"] = there["metadata"]["resourceVersion"]
            self._send("PUT", f"{_BOARDS}/{uid}", json=body)
        except Refused as error:
            if error.status != 409:
                raise
            raise self._outrun(uid) from error

    def _outrun(self, uid: str) -> SophiaError:
        words = f"the board `{uid}` of Grafana at {self.url} was changed by somebody else at this moment"
        return SophiaError(words, f"sophia dashboards diff {uid}   , then once more")

    def versions(self, uid: str) -> tuple[Version, ...]:
        made = []
        for one in self._history(uid):
            said = _annotations(one)
            number = int(one["metadata"]["generation"])
            made.append(
                Version(number, said.get(_MESSAGE, ""), said.get(_BY, ""), said.get(_AT, ""))
            )
        return tuple(sorted(made, key=lambda one: -one.number))

    def version(self, uid: str, number: int) -> Mapping[str, Any]:
        for one in self._history(uid):
            if one["metadata"]["generation"] == number:
                return _model(one)
        raise SophiaError(f"`{uid}` has no version {number}", "it is kept no more")

    def restore(self, uid: str, number: int) -> None:
        """The newer API has no such request: what was is saved again."""
        self._save_again(uid, number)

    def boards(self, tag: str = "") -> tuple[Known, ...]:
        found = (
            (one["metadata"]["name"], one["spec"], _annotations(one))
            for one in self._list(_BOARDS, {})
        )
        return tuple(
            Known(str(name), str(spec.get("title", "")), said.get(_FOLDER, ""))
            for name, spec, said in found
            if not tag or tag in spec.get("tags", [])
        )

    def _history(self, uid: str) -> Iterator[Mapping[str, Any]]:
        labels = "grafana.app/get-history=true"
        return self._list(
            _BOARDS, {"labelSelector": labels, "fieldSelector": f"metadata.name={uid}"}
        )

    def _list(self, path: str, asked: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        """Every item, page after page."""
        more = ""
        while True:
            params = {**asked, "limit": str(PAGE), **({"continue": more} if more else {})}
            found = self._send("GET", path, params=params).json()
            yield from found["items"]
            more = found["metadata"].get("continue", "")
            if not more:
                return

    def _resource(self, path: str) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = self._send("GET", path).json()
        except Refused as error:
            if error.status == 404:
                return None
            raise
        return found


def _annotations(found: Mapping[str, Any]) -> dict[str, str]:
    return dict(found["metadata"].get("annotations") or {})


def _model(found: Mapping[str, Any]) -> dict[str, Any]:
    own = found["metadata"]
    return {**found["spec"], "uid": own["name"], "id": None, "version": own["generation"]}
