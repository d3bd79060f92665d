"""Files that are written whole or not at all, and are on the disk when the call returns."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def put(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write a file; another process sees what was there before, or all of it. Raises OSError."""
    with whole(path, mode) as temporary:
        temporary.write_bytes(data)


@contextmanager
def whole(path: Path, mode: int = 0o644) -> Iterator[Path]:
    """An empty file beside `path` for the block to write, which takes its place when the block ends.

    When the block raises, what was there before stays. Raises OSError.
    """
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(4)}.tmp")
    try:
        # The block may write to it even where nobody will be allowed to afterwards.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        os.close(os.open(temporary, flags, mode | 0o600))
        yield temporary
        temporary.chmod(temporary.stat().st_mode & mode)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def mode_of(path: Path) -> int:
    """The permissions of a file, the usual ones where there is none."""
    return path.stat().st_mode & 0o777 if path.exists() else 0o644


def sync_folder(folder: Path) -> None:
    """Make renames in a folder last."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
