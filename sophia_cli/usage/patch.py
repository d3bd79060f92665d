"""A change of one route as a unified diff of `sophia.toml`, which `git apply` and `patch -p1` take."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from difflib import unified_diff
from typing import Any

from sophia_cli.llm.configfile import NAME

_HEADER = re.compile(r"\s*\[\s*routes\s*\]\s*(#.*)?$")
_ANY_HEADER = re.compile(r"\s*\[")


def patch_of(text: str | None, task: str, chain: Sequence[str]) -> str:
    """The diff that gives a task this chain; empty where the file says its routes in a way that is not plain.

    `text` is the file as it is, None where there is none yet.
    """
    before = text or ""
    after = _edited(before, task, chain)
    if after is None:
        return ""
    old = f"a/{NAME}" if text is not None else "/dev/null"
    lines = unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), old, f"b/{NAME}"
    )
    return "".join(line if line.endswith("\n") else f"{line}\n{_NO_END}" for line in lines)


_NO_END = "\\ No newline at end of file\n"


def _edited(text: str, task: str, chain: Sequence[str]) -> str | None:
    """The text with that route and nothing else changed; None where that cannot be done for sure."""
    before = _parsed(text)
    if before is None:
        return None
    eol = "\r\n" if "\r\n" in text else "\n"
    line = f"{task} = [{', '.join(map(_quoted, chain))}]{eol}"
    lines = text.splitlines(keepends=True)
    start = next((n for n, one in enumerate(lines) if _HEADER.match(one.rstrip())), None)
    if start is None:
        if lines and not lines[-1].endswith("\n"):
            lines[-1] += eol
        lines += [*([eol] if lines else []), f"[routes]{eol}", line]
    else:
        _put(lines, start, task, line)
    after = "".join(lines)
    expected: dict[str, Any] = {**before, "routes": {**before.get("routes", {}), task: [*chain]}}
    return after if _parsed(after) == expected else None


def _put(lines: list[str], start: int, task: str, line: str) -> None:
    """Put the line in the place of the task's own, or at the end of the table."""
    key = re.compile(rf"\s*{re.escape(task)}\s*=")
    number, last = start + 1, start
    while number < len(lines) and not _ANY_HEADER.match(lines[number]):
        end = _value_end(lines, number)
        if key.match(lines[number]):
            lines[number:end] = [line]
            return
        if lines[number].strip() and not lines[number].lstrip().startswith("#"):
            last = end - 1
        number = end
    if not lines[last].endswith("\n"):
        lines[last] += "\n"
    lines.insert(last + 1, line)


def _value_end(lines: list[str], start: int) -> int:
    """Where what begins on a line ends: a list may go over several."""
    for end in range(start + 1, len(lines) + 1):
        if _parsed("".join(lines[start:end])) is not None:
            return end
    return start + 1


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError:
        return None


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
