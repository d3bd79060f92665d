"""`.gitignore` where there is no git to ask: the patterns of one folder, as gitignore(5) has them."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NAME = ".gitignore"
_CLASS = re.compile(r"\[([!^]?)(\]?(?:\[:\w+:\]|\\.|[^\]])*)\]", re.DOTALL)
_POSIX = {
    "[:alpha:]": "a-zA-Z",
    "[:digit:]": "0-9",
    "[:alnum:]": "a-zA-Z0-9",
    "[:upper:]": "A-Z",
    "[:lower:]": "a-z",
    "[:space:]": r" \t\n\r\f\v",
}


@dataclass(frozen=True)
class Pattern:
    """One line: what it matches below its folder; `keeps` brings back what an earlier line left out."""

    path: re.Pattern[str]
    keeps: bool
    folders_only: bool


@dataclass(frozen=True)
class Ignored:
    """The patterns that hold in a folder, each with the folder that it counts from; later ones win."""

    patterns: tuple[tuple[str, Pattern], ...] = ()

    def below(self, root: Path, folder: str) -> Ignored:
        """The same with those of a folder's own file. `folder` is relative to `root`, "" the root."""
        try:
            data = (root / folder / NAME).read_bytes()
        except OSError:
            return self
        text = data.removeprefix(codecs.BOM_UTF8).decode("latin-1")
        return Ignored((*self.patterns, *((folder, each) for each in read_patterns(text))))

    def leaves_out(self, path: str, *, is_folder: bool) -> bool:
        """Whether a path below the folder is ignored, that of a folder with all that is in it."""
        for folder, pattern in reversed(self.patterns):
            inside = _bytes(path[len(folder) + 1 :] if folder else path)
            if (is_folder or not pattern.folders_only) and pattern.path.fullmatch(inside):
                return not pattern.keeps
        return False


def _bytes(path: str) -> str:
    """One character for each byte: `?` is a byte to git."""
    return os.fsencode(path).decode("latin-1")


def read_patterns(text: str) -> Iterator[Pattern]:
    """The patterns of a file in its order; `text` has a character for each byte."""
    for line in text.split("\n"):
        line = _stripped(line.removesuffix("\r"))
        if not line or line.startswith("#"):
            continue
        keeps = line.startswith("!")
        body = line[keeps:]
        folders_only = body.endswith("/")
        body = body[:-1] if folders_only else body
        expression = _expression(body) if body else None
        if expression is not None:
            yield Pattern(expression, keeps, folders_only)


def _stripped(line: str) -> str:
    """Without the spaces at its end, but one that is written with a backslash."""
    short = line.rstrip(" ")
    slashes = len(short) - len(short.rstrip("\\"))
    return line[: len(short) + 1] if slashes % 2 and short != line else short


def _expression(pattern: str) -> re.Pattern[str] | None:
    """A slash other than at the end ties a pattern to its folder; without one it fits at any depth."""
    front = "" if "/" in pattern else "(?:.*/)?"
    steps = _steps(pattern.removeprefix("/"))
    text = ""
    for number, step in enumerate(steps, start=1):
        last = number == len(steps)
        if step == "**" and len(steps) > 1:
            text += ".+" if last else "(?:.*/)?"
            continue
        found = _step(step)
        if found is None:
            return None
        text += found + ("" if last else "/")
    try:
        return re.compile(front + text, re.DOTALL)
    except re.error:  # a class that means nothing fits nothing
        return None


def _steps(pattern: str) -> list[str]:
    """The parts between slashes, but not those that a class lists."""
    steps, at = [""], 0
    while at < len(pattern):
        group = _CLASS.match(pattern, at) if pattern[at] == "[" else None
        size = len(group[0]) if group else 1 + (pattern[at] == "\\")
        piece = pattern[at : at + size]
        if piece in ("/", "\\/"):
            steps.append("")
        else:
            steps[-1] += piece
        at += size
    return steps


def _step(step: str) -> str | None:
    """The expression of one part of a path; None where nothing can fit it."""
    text, at = "", 0
    while at < len(step):
        char = step[at]
        group = _CLASS.match(step, at) if char == "[" else None
        if group is not None:
            text += _class(group[1], group[2])
            at = group.end()
            continue
        if char == "[" or (char == "\\" and at + 1 == len(step)):
            return None
        if char == "\\":
            at += 1
            char = step[at]
            text += re.escape(char)
        else:
            text += {"*": "[^/]*", "?": "[^/]"}.get(char, re.escape(char))
        at += 1
    return text


def _class(negation: str, body: str) -> str:
    parts = re.findall(r"\[:\w+:\]|\\.|.", body, re.DOTALL)
    inside = "".join(
        _POSIX.get(part) or (part if part in "-\\" or part[0] == "\\" else re.escape(part))
        for part in parts
    )
    return f"(?!/)[{'^' if negation else ''}{inside}]"
