"""One command at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sophia_cli.errors import SophiaError


@contextmanager
def locked(path: Path, busy: SophiaError) -> Iterator[None]:
    """Hold the lock in that file; it goes with the process, also a killed one.

    Raises `busy` where another process holds it, SophiaError where it cannot be opened.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise SophiaError(
            f"{path} cannot be opened: {error.strerror}", "free or unlock it"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise busy from None
    try:
        yield
    finally:
        os.close(handle)
