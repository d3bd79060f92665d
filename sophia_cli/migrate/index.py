"""Which files were read before: an unchanged one need not be read again to know what is in it."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sophia_cli.migrate.site import Category

# A change this soon after another may bear the same time stamps, on the coarsest of file systems.
_SETTLED = 2_000_000_000

Stamp = tuple[int, int, int, int]


def digest(data: bytes) -> str:
    """The name of a file's content."""
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class Known:
    """What reading a file showed: the digest of its bytes, and its category where it holds a word."""

    stamp: Stamp
    digest: str
    category: Category | None


@dataclass(eq=False)
class Index:
    """Files by their paths. `now` is when the look began, in nanoseconds: what changed later is unsettled."""

    files: Mapping[str, Known] = field(default_factory=dict)
    now: int = field(default_factory=time.time_ns)

    def find(self, path: str, status: os.stat_result) -> Known | None:
        """What is known of a file that is as it was."""
        known = self.files.get(path)
        return known if known is not None and known.stamp == stamp_of(status) else None

    def settled(self, known: Known) -> bool:
        """Whether a later change is sure to show in the stamp."""
        return max(known.stamp[1:3]) < self.now - _SETTLED


def stamp_of(status: os.stat_result) -> Stamp:
    """Size, times of the last change of content and of anything, inode: a change alters one of them."""
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def to_data(files: Mapping[str, Known]) -> Any:
    """An index as data for the cache."""
    return {path: [*known.stamp, known.digest, known.category] for path, known in files.items()}


def from_data(data: Any) -> Index:
    """An index from the cache; an empty one where the data is none."""
    try:
        return Index(
            {
                path: Known((size, changed, touched, inode), name, category and Category(category))
                for path, (size, changed, touched, inode, name, category) in data.items()
            }
        )
    except (AttributeError, TypeError, ValueError):
        return Index()
