"""What the stand-in of Grafana knows, and what each of its answers begins with."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

BEGAN = "2026-01-01T00:00:00Z"
_UID = re.compile(r"[a-zA-Z0-9_-]*")


@dataclass
class Account:
    """A service account and its tokens: id -> (name, key, expiration)."""

    name: str
    role: str
    tokens: dict[int, tuple[str, str, datetime | None]] = field(default_factory=dict)


@dataclass
class Grafana:
    """What the server knows. `states` are given one after the other; the last one stays.

    `prefix` is where it lies below its host. It answers as that `version` does, as far as they differ;
    `page` is how many versions of a board it lists at once, `restores` whether it still has the request
    to restore one, which Grafana means to take away, and `lost` whether it finds none that is asked for.
    Unless it is `strict` it passes over keys that it does not know, as the real one does.
    """

    states: list[str] = field(default_factory=lambda: ["ok"])
    password: str = "admin"
    prefix: str = ""
    folders: dict[str, dict[str, Any]] = field(default_factory=dict)
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    boards: dict[str, dict[str, Any]] = field(default_factory=dict)
    accounts: dict[int, Account] = field(default_factory=dict)
    seen: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""
    last_id: int = 0
    version: str = "13.2.0"
    page: int = 1000
    restores: bool = True
    lost: bool = False
    strict: bool = True

    def state(self) -> str:
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def is_since(self, *version: int) -> bool:
        return tuple(map(int, self.version.split("."))) >= version

    @property
    def written(self) -> list[str]:
        """The requests that changed something, or tried to."""
        return [f"{method} {path}" for method, path in self.seen if method != "GET"]


@dataclass(frozen=True)
class Asked:
    """Who asks, in which role, and whether by a token."""

    grafana: Grafana
    role: str
    by_token: bool


class Refusal(Exception):
    """What is answered instead; `word` is what Grafana calls `status`."""

    def __init__(self, status: int, message: str, word: str = "") -> None:
        self.status = status
        self.data = {"message": message, **({"status": word} if word else {})}


def held_to(asked: Asked, schema: dict[str, type], body: Any) -> dict[str, Any]:
    """The body, if it has what it must and nothing else: keys with a star must be there."""
    if not isinstance(body, dict):
        raise Refusal(400, "bad request data")
    keys = {key.rstrip("*"): kind for key, kind in schema.items()}
    for key in (key.rstrip("*") for key in schema if key.endswith("*")):
        if body.get(key) in (None, ""):
            raise Refusal(400, f"bad request data: {key} is required")
    for key, value in body.items():
        if key not in keys:
            if not asked.grafana.strict:
                continue
            raise Refusal(400, f"bad request data: {key} is unknown")
        if not isinstance(value, keys[key]) or (isinstance(value, bool) and keys[key] is int):
            raise Refusal(400, f"bad request data: {key} has the wrong type")
    return {key: value for key, value in body.items() if key in keys}


def check_uid(uid: str) -> None:
    if not _UID.fullmatch(uid):
        raise Refusal(400, "uid contains illegal characters")
    if len(uid) > 40:
        raise Refusal(400, "uid too long, max 40 characters")


def page_of(found: list[Any], limit: int, page: int) -> list[Any]:
    return found[(page - 1) * limit :][:limit]


def now() -> datetime:
    return datetime.now(UTC)
