"""What a tool has to say about a line, and how it is known again when the line has moved."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from hashlib import sha1
from typing import Any

UNPARSED = "syntax"  # the rule of a file that a tool cannot parse
FORMAT = "format"  # the rule of lines that Black would write otherwise

Fingerprint = tuple[str, str, str, str]


@dataclass(frozen=True)
class Finding:
    """One finding of one tool; `line` and `column` begin at 1.

    `text` is what the finding is known by besides its rule and its file: the line that it is on,
    or nothing where there can be only one of its kind in a file. `end` is its last line.
    """

    tool: str
    rule: str
    path: str
    line: int
    column: int
    message: str
    text: str = ""
    fixable: bool = False
    end: int = 0

    @property
    def fingerprint(self) -> Fingerprint:
        """The same for the same finding on a line that moved or was indented."""
        text = " ".join(self.text.split())
        digest = sha1(text.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()
        return (self.tool, self.rule, self.path, digest[:12])

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}"

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        return (self.path, self.line, self.column, self.tool, self.rule)

    def data(self) -> dict[str, Any]:
        return asdict(self)
