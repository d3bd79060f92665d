"""The line in the project's manifest that brings the target of the migration with it."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from sophia_cli.migrate.change import Change
from sophia_cli.migrate.links import link_on

REQUIREMENT = "sophia-cli>=0.1,<0.2"
_NAME = re.compile(r"^\s*sophia[-_.]+cli\b", re.IGNORECASE)
_MANIFESTS = (
    "pyproject.toml",
    "requirements.in",
    "requirements.txt",
    "setup.py",
    "setup.cfg",
    "Pipfile",
)
_ARRAY = re.compile(rb"^[ \t]*dependencies[ \t]*=[ \t]*\[", re.MULTILINE)
_HEADER = re.compile(rb"^[ \t]*\[[ \t]*project[ \t]*\][ \t]*(#[^\r\n]*)?\r?$", re.MULTILINE)
_NEXT = re.compile(rb"^[ \t]*\[", re.MULTILINE)
_TOKEN = re.compile(rb'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\r\n]*|\]|,')


@dataclass(frozen=True)
class Dependency:
    """What becomes of the manifest: a change, or the words that tell what to add where."""

    change: Change | None = None
    advice: str = ""

    def advice_after(self, skipped: Iterable[str]) -> str:
        """What is left to do by hand when a run left these files alone."""
        if self.change is None or self.change.path not in skipped:
            return self.advice
        return _by_hand(self.change.path)


def add_dependency(root: Path, edited: Iterable[str]) -> Dependency:
    """Find the manifest that owns the edited files and add the requirement to it."""
    owners = sorted({owners_of(root, path) for path in edited})
    if not owners:
        return Dependency()
    if len(owners) > 1 or len(owners[0]) != 1:
        names = sorted({name for owner in owners for name in owner})
        if names and all(_present(root / name) for name in names):
            return Dependency()
        where = f" ({', '.join(names[:4])})" if names else ""
        return Dependency(advice=f"add {REQUIREMENT} to the project's dependencies{where}")
    name = owners[0][0]
    if _present(root / name):
        return Dependency()
    before = _read(root / name) if link_on(root, name) is None else None
    after = _spliced(PurePosixPath(name).name, before) if before is not None else None
    if before is None or after is None:
        return Dependency(advice=_by_hand(name))
    return Dependency(Change(name, before, after, follows=True))


def _by_hand(name: str) -> str:
    return f"add {REQUIREMENT} to the dependencies in {name}"


def owners_of(root: Path, path: str) -> tuple[str, ...]:
    """The manifests in the nearest folder above a file that has any."""
    for folder in PurePosixPath(path).parents:
        found = [
            (folder / name).as_posix() for name in _MANIFESTS if _is_manifest(root / folder / name)
        ]
        if found:
            return tuple(found)
    return ()


def _is_manifest(path: Path) -> bool:
    """A pyproject or setup.cfg that only configures tools is none."""
    data = _read(path)
    if data is None:
        return False
    if path.name == "setup.cfg":
        return b"install_requires" in data
    if path.name != "pyproject.toml":
        return True
    table = _toml(data)
    return table is None or "project" in table or "poetry" in table.get("tool", {})


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.is_file() else None
    except OSError:
        return None


def _toml(data: bytes) -> dict[str, Any] | None:
    try:
        return tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return None


def _present(path: Path) -> bool:
    """Whether a manifest names the requirement, or is the package's own."""
    data = (_read(path) or b"").decode("utf-8", "replace")
    return any(
        _NAME.match(line.strip().strip("\"',[")) or _own_name(line) for line in _entries(data)
    )


def _entries(text: str) -> list[str]:
    return [part for line in text.splitlines() for part in re.split(r"[\[,](?=\s*[\"'])", line)]


def _own_name(line: str) -> bool:
    return re.match(r"""^\s*name\s*=\s*["']sophia[-_.]cli["']""", line) is not None


def _spliced(name: str, data: bytes) -> bytes | None:
    """The manifest with the requirement; None where only a person can add it."""
    if name == "pyproject.toml":
        return _in_pyproject(data)
    if name in ("requirements.txt", "requirements.in"):
        return _in_requirements(data)
    return None


def _in_requirements(data: bytes) -> bytes | None:
    if b"\0" in data or b"--hash" in data or data.rstrip(b"\r\n").endswith(b"\\"):
        return None
    eol = b"\r\n" if b"\r\n" in data else b"\n"
    gap = eol if data and not data.endswith(b"\n") else b""
    return data + gap + REQUIREMENT.encode() + eol


def _in_pyproject(data: bytes) -> bytes | None:
    table = _toml(data)
    project = table.get("project") if table else None
    if table is None or not isinstance(project, dict) or "poetry" in table.get("tool", {}):
        return None
    if not isinstance(project.get("dependencies"), list):
        return None
    after = _in_array(data)
    wanted = copy.deepcopy(table)
    wanted["project"]["dependencies"].append(REQUIREMENT)
    return after if after is not None and _toml(after) == wanted else None


def _in_array(data: bytes) -> bytes | None:
    """Add to the array by position: the rest of the file keeps every byte."""
    header = _HEADER.search(data)
    if header is None:
        return None
    following = _NEXT.search(data, header.end())
    opening = _ARRAY.search(data, header.end(), following.start() if following else len(data))
    if opening is None:
        return None
    start = last = opening.end()
    comma = True
    for token in _TOKEN.finditer(data, start):
        text = token.group()
        if text == b"]":
            return _join(data, start, last, token.start(), comma)
        if not text.startswith(b"#"):
            last, comma = token.end(), text == b","
    return None


def _join(data: bytes, start: int, last: int, closing: int, comma: bool) -> bytes:
    entry = f'"{REQUIREMENT}"'.encode()
    empty = last == start
    if b"\n" not in data[last:closing]:
        gap = b"" if empty else b" " if comma else b", "
        return data[:last] + gap + entry + data[last:]
    line = data.rfind(b"\n", 0, closing) + 1
    if data[line:closing].strip():
        line = closing
    first = data.rfind(b"\n", 0, last) + 1
    indent = (
        b"    "
        if empty
        else data[first : first + len(data[first:]) - len(data[first:].lstrip(b" \t"))]
    )
    if not empty and first <= start:
        indent = b"    "
    eol = b"\r\n" if data[line - 2 : line] == b"\r\n" else b"\n"
    return (
        data[:last]
        + (b"" if comma else b",")
        + data[last:line]
        + indent
        + entry
        + b","
        + eol
        + data[line:]
    )
