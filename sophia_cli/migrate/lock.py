"""One migration at a time in one tree."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sophia_cli.errors import SophiaError


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold `folder`'s lock; it goes with the process, also a killed one. Raises SophiaError."""
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise SophiaError(
            "another migration is running here", "wait for it, then:  sophia migrate status"
        ) from None
    try:
        yield
    finally:
        os.close(handle)
