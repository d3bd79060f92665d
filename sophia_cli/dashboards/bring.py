"""Bringing boards in: what would change is known before anything is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sophia_cli.dashboards.content import content, holds, is_ours, message_of
from sophia_cli.dashboards.server import Server, Version

FOLDER = "sophia"
COMMAND = "sophia dashboards import"
NEW, SAME, UPDATE, THEIRS, PROVISIONED = (
    "new",
    "as it was",
    "update",
    "changed there",
    "provisioned",
)


@dataclass(frozen=True)
class Standing:
    """How a board of a file stands to what a server has of it.

    `base` is the newest version there that came from a file, `latest` the newest of all.
    """

    board: Mapping[str, Any]
    state: str
    folder: str
    there: Mapping[str, Any] | None = None
    latest: Version | None = None
    base: Version | None = None
    file: str = ""

    @property
    def uid(self) -> str:
        return str(self.board["uid"])

    @property
    def number(self) -> int | None:
        """The version that is there; None where there is none."""
        return int(self.there["version"]) if self.there else None


def standing(server: Server, board: Mapping[str, Any], folder: str) -> Standing:
    """Ask how a board stands; `folder` is the uid that is wanted, empty to leave it where it is."""
    found = server.board(str(board["uid"]))
    if found is None:
        return Standing(board, NEW, folder or FOLDER)
    there, meta = found["dashboard"], found["meta"]
    now = _folder_of(meta)
    place = folder or now
    if holds(there, content(board)) and place == now:
        return Standing(board, SAME, place, there)
    if meta.get("provisioned"):
        file = str(meta.get("provisionedExternalId") or "")
        return Standing(board, PROVISIONED, place, there, file=file)
    versions = server.versions(str(board["uid"]))
    latest = versions[0] if versions else None
    base = next((one for one in versions if is_ours(one.message)), None)
    state = UPDATE if latest is not None and latest == base else THEIRS
    return Standing(board, state, place, there, latest, base)


def _folder_of(meta: Mapping[str, Any]) -> str:
    uid = str(meta.get("folderUid") or "")
    return "" if uid == "general" else uid


def why_left(found: Standing) -> str:
    """Why a board stays as it is there unless somebody says otherwise; empty where the file goes over it."""
    if found.state == PROVISIONED:
        return "comes from a file on the server, and differs: left as it is"
    if found.state != THEIRS:
        return ""
    who = f" by {found.latest.by}" if found.latest and found.latest.by else ""
    if found.base is None:
        # Grafana keeps the newest twenty.
        said = f"there already, at version {found.number}{who}, and none that is kept is from here"
        return f"{said}: left as it is"
    return f"changed in Grafana{who}, version {found.number}: left as it is"


def way_out(found: Standing) -> str:
    """What to type to have the file's instead, or where to put it."""
    if found.state == PROVISIONED:
        return f"change it there:  {found.file or 'in the folder of its provider'}"
    return f"the file's instead:  {COMMAND} {found.uid} --force"


def bring(server: Server, found: Standing, command: str = COMMAND) -> None:
    """Save the board over the version that was seen. Raises SophiaError, also where another was faster."""
    if found.folder and server.folder(found.folder) is None:
        server.create_folder(found.folder, found.folder)
    server.save_board(found.board, found.folder, found.number, message_of(found.board, command))
