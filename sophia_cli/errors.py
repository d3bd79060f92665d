"""What goes wrong for a known reason: one line that says what, one that mends it."""

from __future__ import annotations


class SophiaError(Exception):
    """A known error of the command line: exit code 1, no traceback.

    `message` says what is wrong; `mend` is the command or edit that puts it right.
    """

    exit_code = 1

    def __init__(self, message: str, mend: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend


class UsageError(SophiaError):
    """The words of the command line do not fit together: exit code 2."""

    exit_code = 2


class Interrupted(SophiaError):
    """Ctrl-C, where there is more to say than that: exit code 130."""

    exit_code = 130

    def __init__(self, message: str, mend: str = "", *, call_id: str = "") -> None:
        super().__init__(message, mend)
        self.call_id = call_id
