"""A call that is left as it is."""

from __future__ import annotations

from sophia_cli.migrate.site import Reason


class Left(Exception):
    """The call is left as it is; the reason says why."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.reason = Reason(code, words)
