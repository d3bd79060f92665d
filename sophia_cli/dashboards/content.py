"""What of a board is its content: that which a person changes, not what a server keeps beside it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

# Numbers that each server gives itself, and what an importer asks for.
_SERVERS_OWN = (
    "id",
    "version",
    "iteration",
    "schemaVersion",
    "__inputs",
    "__requires",
    "__elements",
)
_OURS = re.compile(r"sophia (?:infra up|dashboards import)(?: ([0-9a-f]{12}))?")


def content(board: Mapping[str, Any]) -> dict[str, Any]:
    """A board without what differs from server to server."""
    return {key: value for key, value in board.items() if key not in _SERVERS_OWN}


def digest(board: Mapping[str, Any]) -> str:
    """Twelve hexadecimal digits that are the same for the same content, however it is written."""
    text = json.dumps(content(board), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def message_of(board: Mapping[str, Any], command: str) -> str:
    """What a version is saved with: by which a later run knows it as one that came from a file."""
    return f"{command} {digest(board)}"


def is_ours(message: str) -> bool:
    """Whether a version came from a file, and not from somebody's hand."""
    return _OURS.fullmatch(message.strip()) is not None


def holds(found: Any, wanted: Any) -> bool:
    """Whether all that is wanted is there: a server may add what was left out, but no item of a list."""
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(
            key in found and holds(found[key], value) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(found, list) and len(found) == len(wanted) and all(map(holds, found, wanted))
        )
    return bool(found == wanted)
