"""What IPython adds to Python: lines of a cell that are commands, put out of Python's sight."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass

# Cell magics whose cell is Python all the same.
_PYTHON = frozenset({"time", "timeit", "capture", "prun", "memit", "mprun", "lprun"})
_CELL_MAGIC = re.compile(rb"\s*%%(\w*)")
# Line magics that run the rest of their line as Python, with what they are told first.
_TIMED = re.compile(
    rb"%(?:timeit|time|memit|prun)\b(?:[ \t]+-[a-zA-Z](?:[ \t]*\d+)?)*[ \t]+(?=[^-\s])"
)
_COMMAND = re.compile(rb"[ \t]*(?P<sign>[%!?])|.*\?\s*$")
_ASSIGNED = re.compile(rb"[^#'\"]*?[^=!<>%]=[ \t]*(?P<sign>[%!])")
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n|$)")


class NotPython(Exception):
    """The cell is not Python; the words say what it is."""


@dataclass(frozen=True)
class Plain:
    """A cell as Python, as long as the cell is, and the parts of it that are commands."""

    code: bytes
    commands: tuple[tuple[int, int], ...]


def without_magics(cell: bytes) -> Plain:
    """The cell with each command turned into a comment or a number. Raises NotPython.

    Only lines at which Python stumbles are taken for commands: `%` is an operator too.
    """
    commands: list[tuple[int, int]] = []
    code = cell
    found = _CELL_MAGIC.match(cell)
    if found is not None:
        name = found.group(1).decode()
        if name not in _PYTHON:
            raise NotPython(f"a %%{name} cell")
        start, end = _line_at(cell, found.end())
        code = _blank(code, start, end, b"#")
        commands.append((start, end))
    while (error := _stumble(code)) is not None:
        start, end = _line(code, error.lineno or 0)
        sign = _sign(code[start:end]) if start < end else None
        if sign is None or any(first <= start < last for first, last in commands):
            raise NotPython(f"its cell does not parse: line {error.lineno or 0}: {error.msg}")
        timed = _timed(code[start:end], sign)
        if timed is not None:
            code = code[:start] + timed.line + code[end:]
            commands.append((start, start + timed.end))
            continue
        end = _continued(cell, end)
        code = _blank(code, start + sign, end, b"0")
        commands.append((start, end))
    return Plain(code, tuple(commands))


def _stumble(code: bytes) -> SyntaxError | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(code.decode())
    except SyntaxError as error:
        return error
    except (ValueError, RecursionError, MemoryError) as error:
        raise NotPython(f"its cell does not parse: {error}") from None
    return None


def _sign(line: bytes) -> int | None:
    """Where in a line a command begins."""
    found = _COMMAND.match(line) or _ASSIGNED.match(line)
    if found is None:
        return None
    if found.group("sign"):
        return found.start("sign")
    return len(line) - len(line.lstrip())


@dataclass(frozen=True)
class _Timed:
    """A line whose magic, up to `end`, was put out of Python's sight."""

    line: bytes
    end: int


def _timed(line: bytes, sign: int) -> _Timed | None:
    """The line of a magic that runs Python; None for any other, and where the rest is none."""
    found = _TIMED.match(line, sign)
    if found is None:
        return None
    blank = b" " * (found.end() - sign)
    if line[:sign].strip():  # what it gives is given a name: the rest is a value
        plain = line[:sign] + blank + line[found.end() :]
    else:
        plain = line[:sign] + b"0;" + blank[2:] + line[found.end() :]
    try:
        return None if _stumble(plain.strip()) else _Timed(plain, found.end())
    except NotPython:
        return None


def _line(code: bytes, number: int) -> tuple[int, int]:
    """Where a line begins and ends, by its number from 1."""
    at = 0
    for _ in range(number - 1):
        at = _line_at(code, at)[1]
    return (at, _line_at(code, at)[1]) if number else (0, 0)


def _line_at(code: bytes, at: int) -> tuple[int, int]:
    """The beginning and the end of the line that `at` stands in."""
    start = max(code.rfind(b"\n", 0, at), code.rfind(b"\r", 0, at)) + 1
    found = _LINE.match(code, at)
    return start, found.end() if found else len(code)


def _continued(cell: bytes, end: int) -> int:
    """The end of a command that goes on after a backslash."""
    while end < len(cell) and cell[:end].rstrip(b"\r\n").endswith(b"\\"):
        end = _line_at(cell, end)[1]
    return end


def _blank(code: bytes, start: int, end: int, first: bytes) -> bytes:
    """The part as a comment behind `first`, line by line, of the same length."""
    lines, sign = [], first
    for line in _LINE.findall(code[start:end]):
        bare = line.rstrip(b"\r\n")
        lines.append((sign + b"#" * len(bare))[: len(bare)] + line[len(bare) :])
        sign = b"#"
    return code[:start] + b"".join(lines) + code[end:]
