"""The plan as a patch over bytes that `git apply` takes."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from sophia_cli.migrate.change import Change
from sophia_cli.migrate.git import quote


def make_patch(changes: Iterable[Change]) -> bytes:
    """A unified diff of all changes; the same changes give the same bytes."""
    return b"".join(part for change in changes for part in _file(change))


def _file(change: Change) -> Iterator[bytes]:
    old, new = quote(f"a/{change.path}"), quote(f"b/{change.path}")
    yield f"diff --git {old} {new}\n".encode()
    before, after = _lines(change.before), _lines(change.after)
    if change.removed:
        yield b"deleted file mode 100644\n"
    # a tab ends a name that holds a space
    tails = ["\t" if " " in name else "" for name in (old, new)]
    lines = difflib.diff_bytes(
        difflib.unified_diff,
        before,
        after,
        f"{old}{tails[0]}".encode(),
        b"/dev/null" if change.removed else f"{new}{tails[1]}".encode(),
        lineterm=b"\n",
    )
    for line in lines:
        yield line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n"


def _lines(data: bytes) -> list[bytes]:
    """Lines as git counts them: only a newline ends one."""
    parts = data.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
