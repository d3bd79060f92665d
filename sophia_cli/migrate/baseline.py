"""The baseline of the ratchet: how many direct calls each file may have, as a file that is committed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sophia_cli import __version__
from sophia_cli.errors import SophiaError
from sophia_cli.files import put

NAME = "llm-baseline.json"
VERSION = 1
_KEYS = ("version", "written_by", "counts")
MEND = "put it right or back from git, or remove it and run:  sophia migrate check --update"

Counts = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Baseline:
    """Direct calls by file and rule; `path` is None where there is no such file yet."""

    path: Path | None = None
    counts: Counts = field(default_factory=dict)
    written_by: str = ""


def read_baseline(path: Path) -> Baseline:
    """The baseline of a file, an empty one where it does not exist. Raises SophiaError."""
    data = read_json(path, MEND)
    if data is None:
        return Baseline()
    try:
        return Baseline(path, *_checked(data))
    except Newer as error:
        raise newer(path, error, VERSION) from None
    except ValueError as error:
        raise unreadable(path, str(error), MEND) from None


def read_json(path: Path, mend: str) -> Any:
    """What a committed file says, None where there is none. Raises SophiaError.

    It may have come out of a merge: a name that stands in it twice is refused.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SophiaError(f"{path} cannot be read: {error.strerror}", "free or unlock it") from None
    except UnicodeDecodeError:
        raise unreadable(path, "it is no text", mend) from None
    try:
        return json.loads(text, object_pairs_hook=_once)
    except RecursionError:
        raise unreadable(path, "it is nested too deeply", mend) from None
    except json.JSONDecodeError as error:
        words = f"line {error.lineno}: {error.msg}"
        if any(line.startswith("<<<<<<< ") for line in text.splitlines()):
            words = "it holds the marks of a merge"
        raise unreadable(path, words, mend) from None
    except ValueError as error:
        raise unreadable(path, str(error), mend) from None


def write_baseline(path: Path, counts: Counts) -> None:
    """Replace the file. Sorted, one count a line, so that merges are easy. Raises SophiaError."""
    kept = {name: dict(sorted(rules.items())) for name, rules in sorted(counts.items()) if rules}
    data = {"version": VERSION, "written_by": __version__, "counts": kept}
    try:
        put(path, json.dumps(data, indent=1).encode() + b"\n")
    except OSError as error:
        raise SophiaError(
            f"{path} cannot be written: {error.strerror}",
            "free or unlock it, or name one with --baseline",
        ) from error


class Newer(Exception):
    """The file is of a later version."""


def newer(path: Path, error: Newer, version: int) -> SophiaError:
    mend = "install the sophia that wrote it, or a newer one"
    return SophiaError(f"{path} is of version {error}, this sophia reads {version}", mend)


def _checked(data: Any) -> tuple[Counts, str]:
    """The counts and who wrote them. Raises ValueError with what is wrong, Newer for a file of a later version."""
    if not isinstance(data, dict) or "version" not in data:
        raise ValueError("it is no baseline")
    version = data["version"]
    if not is_count(version):
        raise ValueError(f"its version is {version!r}")
    if version > VERSION:
        raise Newer(version)
    for key in (*data, *_KEYS):
        if key not in _KEYS:
            raise ValueError(f"it has a key {key!r} that nobody knows")
        if key not in data:
            raise ValueError(f"it has no {key}")
    if not isinstance(data["written_by"], str):
        raise ValueError("its written_by is no string")
    if not isinstance(data["counts"], dict):
        raise ValueError("its counts are no object")
    for path, rules in data["counts"].items():
        if not isinstance(rules, dict):
            raise ValueError(f"the counts of {path} are no object")
        for rule, count in rules.items():
            if not is_count(count):
                raise ValueError(f"{path} has {count!r} of {rule}, which is no count")
    return data["counts"], data["written_by"]


def is_count(value: object) -> bool:
    """Whether it is a number of things of which there is one at least."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object each of whose names stands once: two of them are what a careless merge leaves."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name} stands in it twice")
        found[name] = value
    return found


def unreadable(path: Path, words: str, mend: str) -> SophiaError:
    return SophiaError(f"{path} cannot be read: {words}", mend)
