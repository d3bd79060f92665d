"""How a shim is told from the module whose place it took."""

from __future__ import annotations

MARK = "(sophia migrate --shim)"


def is_shim(data: bytes) -> bool:
    """Whether a file says of itself that it is one."""
    return MARK.encode() in data[:400]
