"""A key that does not show itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Secret:
    """A secret value and where it came from; `str` and `repr` show only its last characters."""

    value: str
    source: str

    @property
    def masked(self) -> str:
        """`..f3a1`: enough to tell two keys apart, too little to use."""
        return f"..{self.value[-4:]}" if len(self.value) >= 12 else "..."

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"Secret({self.masked}, from {self.source})"
