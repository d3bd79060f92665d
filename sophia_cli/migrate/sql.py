"""Which parts of a text of SQL are statements, and which only stand beside them."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

Span = tuple[int, int]

_PART = re.compile(
    r"(?P<comment>--[^\n]*|(?<![:/])//[^\n]*|/\*.*?(?:\*/|\Z)|\{#.*?(?:#\}|\Z))"
    r"|(?P<template>\{\{.*?\}\}|\{%.*?%\})"
    r"|'(?P<string>(?:[^'\\]|''|\\.)*)'?"
    r'|(?P<name>"(?:[^"]|"")*"?)'
    r"|\$\$(?P<body>.*?)(?:\$\$|\Z)",
    re.DOTALL,
)
_PLAIN = re.compile(r'"[\w$]+"')
# The strings of a template, of which those are statements that begin as one does.
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_BEGUN = re.compile(
    r"\W*(?:select|with|insert|merge|update|create|call|execute|begin)\s", re.IGNORECASE
)
_RUN = re.compile(r"\bexecute\s+immediate\b", re.IGNORECASE)
_ALL_RUN = re.compile(r"\bexecute\s+immediate\b((?:'[^']*'|[^';])*)", re.IGNORECASE)
_WORD = re.compile(r"'[^']*'|([A-Za-z_]\w*)")
# `LET q VARCHAR := `, `SET q = `, `q VARCHAR DEFAULT `, and what follows of the same value.
_GIVEN = re.compile(
    r"([A-Za-z_]\w*)\s*(?:\s(\w+)(?:\([\d, ]*\))?\s*)?(?::=|=|\sdefault\b)[^;=]*$", re.IGNORECASE
)
_ROUTINE = re.compile(r"\bcreate\b.*\b(?:function|procedure)\b", re.IGNORECASE | re.DOTALL)
_BEGINS = re.compile(r"\bas\s*$", re.IGNORECASE)
# Such a body holds its statements in strings.
_PROGRAM = re.compile(r"\blanguage\s+(?:python|javascript|java|scala)\b", re.IGNORECASE)
_REMARK = re.compile(r"^[ \t]*(?:#|//)[^\n]*", re.MULTILINE)
_FRONT = 500  # of a long statement its head and its end say what a part is


def decoded(data: bytes) -> str:
    """The text of a file: UTF-8, or UTF-16 that says so in its first bytes."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    return data.decode("utf-8-sig", "replace")


def statements(sql: str) -> str:
    """The same text with blanks for comments, odd names, and the strings that are not run."""
    run = {
        word[1].lower()
        for found in _ALL_RUN.finditer(sql)
        for word in _WORD.finditer(found[1])
        if word[1]
    }
    parts, last = [], 0
    for start, end in _aside(sql, 0, run):
        parts += [sql[last:start], re.sub(r"[^\n]", " ", sql[start:end])]
        last = end
    return "".join([*parts, sql[last:]])


def _aside(sql: str, shift: int, run: set[str]) -> Iterator[Span]:
    """What is no statement; `run` are the names whose values are run as some."""
    front, last = "", 0  # what stands before a part in its statement, with a mark for each part
    for part in _PART.finditer(sql):
        kind = part.lastgroup
        front = (front + sql[last : part.start()]).rpartition(";")[2]
        if len(front) > 2 * _FRONT:
            front = front[:_FRONT] + front[-_FRONT:]
        last = part.end()
        if kind == "body":
            yield from _body(part["body"], front, shift + part.start("body"), run)
        elif kind == "template":
            for quoted in _QUOTED.finditer(part[0]):
                if not _BEGUN.match(quoted[0]):
                    at = shift + part.start()
                    yield at + quoted.start(), at + quoted.end()
        elif kind == "string" and _is_run(front, run):
            inner = part["string"].replace("''", " '")
            if inner.count("'") % 2 == 0:  # half of a string may go on in the next part
                yield from _body(inner, front, shift + part.start("string"), run)
        elif kind != "name" or not _PLAIN.fullmatch(part[0]):
            yield shift + part.start(), shift + part.end()
        front += " " if kind in ("comment", "template") else "'"


def _body(body: str, front: str, shift: int, run: set[str]) -> Iterator[Span]:
    """What is run: SQL, or the program of another language that says it in strings."""
    if _PROGRAM.search(front):
        yield from ((shift + it.start(), shift + it.end()) for it in _REMARK.finditer(body))
    else:
        yield from _aside(body, shift, run)


def _is_run(front: str, run: set[str]) -> bool:
    """Whether a string is a statement: one to execute, or the body of a routine."""
    if _RUN.search(front) or (_BEGINS.search(front) and _ROUTINE.search(front)):
        return True
    given = _GIVEN.search(front) if run else None
    return given is not None and any(word and word.lower() in run for word in given.groups())
