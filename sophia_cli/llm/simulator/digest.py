"""Names, numbers and choices drawn from a hash: the same request always gets the same ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_EPOCH = 1_700_000_000
_SPAN = 30 * 24 * 3600
# Streamed or not, a request is the same question and gets the same answer.
_NOT_THE_QUESTION = ("stream", "stream_options")


@dataclass(frozen=True)
class Digest:
    """A hash that everything of one answer is derived from."""

    key: bytes

    @classmethod
    def of(cls, *parts: object) -> Digest:
        """The digest of some plain values."""
        text = "\0".join(str(part) for part in parts)
        return cls(hashlib.sha256(text.encode("utf-8", "backslashreplace")).digest())

    def raw(self, what: str) -> bytes:
        """32 bytes for a purpose."""
        return hashlib.sha256(self.key + what.encode("utf-8", "backslashreplace")).digest()

    def hex(self, what: str, length: int = 24) -> str:
        """Up to 64 hexadecimal digits for a purpose."""
        return self.raw(what).hex()[:length]

    def number(self, what: str, below: int) -> int:
        """A whole number from 0 up to, not including, `below`."""
        return int.from_bytes(self.raw(what)[:8], "big") % below

    def uuid(self, what: str) -> str:
        """A name in the form of a UUID."""
        text = self.hex(what, 32)
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    @property
    def created(self) -> int:
        """A time of creation in seconds since 1970, from the hash and not from the clock."""
        return _EPOCH + self.number("created", _SPAN)


def canonical(body: Mapping[str, Any]) -> str:
    """JSON that is equal for equal questions, whatever the order of keys or the spacing."""
    question = {key: value for key, value in body.items() if key not in _NOT_THE_QUESTION}
    return json.dumps(question, sort_keys=True, separators=(",", ":"))
