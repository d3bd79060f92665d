"""A key that does not show itself."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NOT_OF_A_KEY = re.compile(r"[^\x21-\x7e]")
_LONG = 12  # characters; anything shorter may be a plain word
_known: set[str] = set()


@dataclass(frozen=True)
class Secret:
    """A secret value and where it came from; `str` and `repr` show only its last characters."""

    value: str
    source: str

    def __post_init__(self) -> None:
        if len(self.value) >= _LONG:
            _known.add(self.value)

    @property
    def masked(self) -> str:
        """`..f3a1`: enough to tell two keys apart, too little to use."""
        return f"..{self.value[-4:]}" if len(self.value) >= _LONG else "..."

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"Secret({self.masked}, from {self.source})"


def is_key(text: str) -> bool:
    """Whether a header can carry it: plain ASCII without spaces."""
    return bool(text) and not _NOT_OF_A_KEY.search(text)


def hide_known(text: str) -> str:
    """The text without any key that this process has read, whatever its shape."""
    for value in sorted(
        tuple(_known), key=len, reverse=True
    ):  # one may be the beginning of another
        text = text.replace(value, "[api_key]")
    return text
