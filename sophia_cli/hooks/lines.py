"""The lines of a file that a change brings, and the language it is written in."""

from __future__ import annotations

from difflib import SequenceMatcher
from functools import cache

from sophia_cli.hooks.changes import Change, Changes, contents
from sophia_cli.hooks.compare import Lines
from sophia_cli.hooks.tools.tool import Folder, language_of, split

_MARGIN = 64  # equal lines at the end that may well be the new ones, where a part was repeated


def changed_lines(changes: Changes, new: Folder) -> Lines:
    """From a file to its lines that no earlier version has; all of them where there was none."""
    shown = {path: name for name, path in new.names.items()}
    files = {change.path: change for change in changes.files}

    @cache
    def lines(path: str) -> frozenset[int]:
        now = new.lines(shown.get(path, path))
        blobs = [blob for blob in files[path].olds if blob]
        held = contents(changes.root, blobs)
        sets = [_fresh(split(held[blob]), now) for blob in blobs]
        return frozenset.intersection(*sets) if sets else frozenset(range(1, len(now) + 1))

    return lines


def _fresh(old: list[str], new: list[str]) -> frozenset[int]:
    """The numbers of the lines that are not as they were."""
    start, most = 0, min(len(old), len(new))
    while start < most and old[start] == new[start]:
        start += 1
    end = 0
    while end < most - start and old[-1 - end] == new[-1 - end]:
        end += 1
    end = max(end - _MARGIN, 0)
    matcher = SequenceMatcher(
        None, old[start : len(old) - end], new[start : len(new) - end], autojunk=False
    )
    return frozenset(
        number + start + 1
        for what, _, _, first, last in matcher.get_opcodes()
        if what != "equal"
        for number in range(first, last)
    )


def language(changes: Changes, change: Change) -> str | None:
    """What a file is written in; one without an ending says so in its first line."""

    def first_line() -> bytes:
        if change.blob:
            content = contents(changes.root, [change.blob])[change.blob]
        else:
            try:
                with (changes.root / change.path).open("rb") as file:
                    content = file.read(128)
            except OSError:
                content = b""
        return content.partition(b"\n")[0]

    return language_of(change.path, first_line)
