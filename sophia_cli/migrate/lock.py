"""One migration at a time in one tree."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from sophia_cli import lock
from sophia_cli.errors import SophiaError


def locked(folder: Path) -> AbstractContextManager[None]:
    """Hold `folder`'s lock; it goes with the process, also a killed one. Raises SophiaError."""
    busy = SophiaError(
        "another migration is running here", "wait for it, then:  sophia migrate status"
    )
    return lock.locked(folder / "lock", busy)
