"""The words of import statements, found in bytes: what a file may import is known before it is parsed."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Tried on the lines alone that hold the word import, from the line end before.
_IMPORT = re.compile(
    rb"\n[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]*(\([^)]*\)|[^\n]*)|import[ \t]+([^\n]*))"
)
_WORD = re.compile(rb"\w+")


def import_words(path: str, data: bytes) -> set[bytes]:
    """The words of a file's import statements, or of a notebook's."""
    if path.lower().endswith(".ipynb"):
        data = data.replace(b"\\n", b"\n").replace(b'"', b"\n")
    statements = (part for match in _imports(b"\n" + data) for part in match.groups(b""))
    return set(_WORD.findall(b" ".join(statements)))


def _imports(data: bytes) -> Iterator[re.Match[bytes]]:
    end = 0
    while (place := data.find(b"import", end)) >= 0:
        line = data.rfind(b"\n", end, place)
        match = _IMPORT.match(data, line) if line >= 0 else None
        if match is not None:
            yield match
        end = match.end() if match is not None else place + len(b"import")
