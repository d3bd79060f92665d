"""A board as it was before."""

from __future__ import annotations

from collections.abc import Sequence

from sophia_cli.dashboards.server import Server, Version
from sophia_cli.errors import SophiaError


def versions_of(server: Server, uid: str) -> tuple[Version, ...]:
    """A board's versions, the newest first. Raises SophiaError where there is none, or it is provisioned."""
    found = server.board(uid)
    if found is None:
        raise SophiaError(
            f"Grafana at {server.url} has no board `{uid}`", "sophia dashboards export --list"
        )
    if found["meta"].get("provisioned"):
        file = found["meta"].get("provisionedExternalId") or "in the folder of its provider"
        words = f"the board `{uid}` of Grafana at {server.url} comes from a file there"
        raise SophiaError(words, f"put what it was into that file:  {file}")
    return server.versions(uid)


def go_back(server: Server, uid: str, to: int, versions: Sequence[Version]) -> int:
    """Restore one of its versions; gives the number of the version that this makes. Raises SophiaError."""
    numbers = [one.number for one in versions]
    if to not in numbers:
        listed = ", ".join(map(str, numbers[:10]))
        mend = f"there are: {listed}" if listed else "Grafana keeps none of it"
        raise SophiaError(f"`{uid}` has no version {to}", mend)
    if to == numbers[0]:
        raise SophiaError(f"`{uid}` is at version {to} already")
    server.restore(uid, to)
    return server.versions(uid)[0].number
