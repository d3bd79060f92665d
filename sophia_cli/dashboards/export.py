"""Boards of a Grafana as files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sophia_cli.dashboards.server import Server
from sophia_cli.errors import SophiaError
from sophia_cli.files import put


def fetch(server: Server, uid: str) -> dict[str, Any]:
    """A board without the numbers that the server gave it. Raises SophiaError where there is none."""
    found = server.board(uid)
    if found is None:
        raise SophiaError(
            f"Grafana at {server.url} has no board `{uid}`", "sophia dashboards export --list"
        )
    board = {key: value for key, value in found["dashboard"].items() if key != "version"}
    return {**board, "id": None}


def write(boards: Mapping[str, Mapping[str, Any]], folder: Path) -> tuple[str, ...]:
    """Write each into `UID.json` of a folder; gives those whose file was not the same before."""
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for uid, board in boards.items():
            data = (json.dumps(board, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
            path = folder / f"{uid}.json"
            if not path.is_file() or path.read_bytes() != data:
                put(path, data)
                written.append(uid)
    except OSError as error:
        raise SophiaError(f"{folder} cannot be written: {error.strerror}") from error
    return tuple(written)
