"""Links on the way from a tree's root to one of its files: nothing is written through one."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath


def link_on(root: Path, path: str) -> str | None:
    """The first part of `path`, a folder or the file itself, that is a link; None without one."""
    parts = PurePosixPath(path)
    for part in (*reversed(parts.parents[:-1]), parts):
        try:
            if stat.S_ISLNK((root / part).lstat().st_mode):
                return part.as_posix()
        except OSError:  # what is not there leads nowhere
            return None
    return None


def refused(root: Path, link: str) -> str:
    """Why nothing is looked at or written behind a link."""
    target, top = Path(os.path.realpath(root / link)), Path(os.path.realpath(root))
    inside = target == top or top in target.parents
    return "behind a link" if inside else "a link that leads out of the tree"
