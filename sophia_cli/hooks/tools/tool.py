"""What the tools have in common: how one is called, and how its answer is read."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from sophia_cli.errors import SophiaError
from sophia_cli.hooks.finding import UNPARSED, Finding
from sophia_cli.process import Answer

PYTHON, JAVASCRIPT = "python", "javascript"
_SUFFIXES = {
    PYTHON: (".py", ".pyi", ".pyw"),
    JAVASCRIPT: (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts"),
}


@dataclass(frozen=True)
class Setup:
    """How the tools are called: what the arguments of the hook say.

    `node` are packages of npm that are installed where the project has no ESLint of its own.
    Findings of Bandit below `severity` or `confidence` (low, medium, high) are none. Programs in the
    folder `programs` go before all others of their name.
    """

    node: tuple[str, ...] = ()
    severity: str = "medium"
    confidence: str = "medium"
    programs: Path | None = None


@dataclass(frozen=True)
class Folder:
    """A tree in which files are judged: the working tree `real`, or one that is laid out like it.

    `names` are the files that have another name here, with the one that they have there.
    """

    path: Path
    real: Path
    names: Mapping[str, str] = field(default_factory=dict)
    _lines: dict[str, list[str]] = field(default_factory=dict, compare=False, repr=False)

    def line(self, path: str, number: int) -> str:
        """A line of a file, nothing where it has no such line."""
        lines = self.lines(path)
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def lines(self, path: str) -> list[str]:
        """All lines of a file, none of one that cannot be read."""
        if path not in self._lines:
            try:
                self._lines[path] = split((self.path / path).read_bytes())
            except OSError:
                self._lines[path] = []
        return self._lines[path]


def split(content: bytes) -> list[str]:
    """The lines of a text as tools count them."""
    text = content.decode("utf-8", "surrogateescape")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines if lines[-1] else lines[:-1]


@dataclass(frozen=True)
class Call:
    """One run of a program over some files, from the top of a folder."""

    command: Sequence[str]
    files: tuple[str, ...]
    env: Mapping[str, str] | None = None
    given: bytes = b""


@dataclass(frozen=True)
class Tool:
    """A program that finds something in files of one language.

    `calls` are its runs over some files of a folder; `read` makes findings of what one of them
    said, and raises ToolFailed where that is no answer.
    """

    name: str
    language: str
    calls: Callable[[Folder, tuple[str, ...], Setup], Sequence[Call]]
    read: Callable[[Answer, Call, Folder], list[Finding]]


class ToolFailed(SophiaError):
    """A tool did not judge the files it was given."""


def language_of(path: str, first_line: Callable[[], bytes] = lambda: b"") -> str | None:
    """The language of a file by its name, else by the interpreter that its first line names."""
    _, dot, suffix = PurePosixPath(path).name.rpartition(".")
    if dot:
        for language, suffixes in _SUFFIXES.items():
            if f".{suffix.lower()}" in suffixes:
                return language
        return None
    line = first_line()
    if line.startswith(b"#!"):
        interpreter = line.split()[-1].rpartition(b"/")[2]
        if interpreter.startswith(b"python"):
            return PYTHON
        if interpreter == b"node":
            return JAVASCRIPT
    return None


def program(name: str, setup: Setup) -> str:
    """A program: the one beside this Python, else the first on PATH. Raises ToolFailed."""
    place = found(name, setup)
    if place is None:
        mend = f"install {name}, or leave it out: SKIP={name}"
        raise ToolFailed(f"{name} is not installed", mend)
    return place


def found(name: str, setup: Setup) -> str | None:
    """Where that program is; None where it is not."""
    beside = Path(sys.executable).parent
    first = [setup.programs, beside] if setup.programs else [beside]
    for folder in (*first, *map(Path, os.get_exec_path())):
        place = folder / name
        if folder.is_absolute() and os.access(place, os.X_OK) and place.is_file():
            return str(place)
    return None


def failed(name: str, answer: Answer) -> ToolFailed:
    """The error of a tool that gave no answer: the last line that it said."""
    said = [
        line.strip() for line in answer.stderr.decode(errors="replace").splitlines() if line.strip()
    ]
    words = said[-1] if said else f"exit code {answer.code}"
    return ToolFailed(
        f"{name} failed: {words}", f"run {name} by hand, or leave it out: SKIP={name}"
    )


def unparsed(tool: str, path: str, message: str, line: int = 1, column: int = 1) -> Finding:
    """A file that a tool cannot parse: there is one such finding in a file."""
    return Finding(tool, UNPARSED, path, line, column, message)
