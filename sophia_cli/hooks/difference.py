"""Changes of files as a person reads them: a unified diff."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import unified_diff

from sophia_cli.hooks.record import Written


def difference(files: Sequence[Written]) -> Iterator[str]:
    """The lines of a diff of all files, without line ends."""
    for one in files:
        before = "/dev/null" if one.before is None else f"a/{one.path}"
        after = "/dev/null" if one.after is None else f"b/{one.path}"
        for line in unified_diff(_lines(one.before), _lines(one.after), before, after):
            yield line.rstrip("\r\n")


def _lines(data: bytes | None) -> list[str]:
    return (data or b"").decode("utf-8", "replace").splitlines(keepends=True)
