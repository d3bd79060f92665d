"""Files that something is written to for people to keep."""

from __future__ import annotations

from pathlib import Path

from sophia_cli.errors import SophiaError
from sophia_cli.files import put


def write_over(path: Path, text: str, mark: str, what: str = "report") -> int:
    """Write it, and say how many bytes; a file that is there must carry the mark of one of its kind.

    Raises SophiaError: a slip of the pen must not cost a source file.
    """
    try:
        if path.exists():
            with path.open("rb") as there:
                head = there.read(4096)
            if head and mark.encode() not in head:
                words = f"{path} is there, and no {what} of sophia's"
                raise SophiaError(words, "name another, or remove it")
        data = text.encode("utf-8", "replace")
        put(path, data)
    except OSError as error:
        raise SophiaError(
            f"{path} cannot be written: {error.strerror}", "name another file"
        ) from error
    return len(data)
