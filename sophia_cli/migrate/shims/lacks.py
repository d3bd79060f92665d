"""A shim that cannot be made."""

from __future__ import annotations

from sophia_cli.migrate.site import Reason


class Lacks(Exception):
    """What a shim cannot offer; the reason says why."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.reason = Reason(code, words)
