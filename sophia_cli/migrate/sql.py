"""Which parts of a text of SQL are statements, and which only stand beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator

Span = tuple[int, int]

_PART = re.compile(
    r"(?P<comment>--[^\n]*|//[^\n]*|/\*.*?(?:\*/|\Z)|\{#.*?(?:#\}|\Z))"
    r"|'(?P<string>(?:[^'\\]|''|\\.)*)'?"
    r'|(?P<name>"(?:[^"]|"")*"?)'
    r"|\$\$(?P<body>.*?)(?:\$\$|\Z)",
    re.DOTALL,
)
_RUN = re.compile(r"\bexecute\s+immediate\s*$", re.IGNORECASE)
_ROUTINE = re.compile(r"\bcreate\b.*\b(?:function|procedure)\b", re.IGNORECASE | re.DOTALL)
_BEGINS = re.compile(r"\bas\s*$", re.IGNORECASE)
# Such a body holds its statements in strings.
_PROGRAM = re.compile(r"\blanguage\s+(?:python|javascript|java|scala)\b", re.IGNORECASE)
_REMARK = re.compile(r"^[ \t]*(?:#|//)[^\n]*", re.MULTILINE)


def aside(sql: str) -> tuple[Span, ...]:
    """The comments, strings and quoted names, but not the strings that are run as statements."""
    return tuple(_aside(sql, 0))


def _aside(sql: str, shift: int) -> Iterator[Span]:
    begun = 0  # where the statement began that a part stands in
    for part in _PART.finditer(sql):
        kind = part.lastgroup
        front = sql[begun : part.start()]
        if ";" in front:
            begun += front.rindex(";") + 1
            front = sql[begun : part.start()]
        if kind == "body":
            yield from _body(part["body"], front, shift + part.start("body"))
        elif kind != "string" or not _is_run(front):
            yield shift + part.start(), shift + part.end()


def _body(body: str, front: str, shift: int) -> Iterator[Span]:
    """A body in dollars: SQL, or the program of another language that says it in strings."""
    if _PROGRAM.search(front):
        yield from ((shift + it.start(), shift + it.end()) for it in _REMARK.finditer(body))
    else:
        yield from _aside(body, shift)


def _is_run(front: str) -> bool:
    """Whether a string is a statement: one to execute, or the body of a routine."""
    return bool(_RUN.search(front) or (_BEGINS.search(front) and _ROUTINE.search(front)))
