"""The findings that are allowed to stay, as a file that is committed: there can only be fewer.

A finding is known by its tool, its rule, its file and its line's text, not by its place; one that
Black has, by its file alone.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sophia_cli import __version__
from sophia_cli.errors import SophiaError
from sophia_cli.files import put
from sophia_cli.hooks.compare import Allowed, Compared, told
from sophia_cli.hooks.finding import FORMAT, Finding, Fingerprint
from sophia_cli.migrate.baseline import Newer, is_count, newer, read_json, unreadable

NAME = "sophia-hooks-baseline.json"
VERSION = 1
_KEYS = ("version", "written_by", "findings")
_MEND = "put it right or back from git, or remove it and run:  sophia hooks baseline"


@dataclass(frozen=True)
class Baseline:
    """What is allowed, by fingerprint; `path` is None where there is no such file yet."""

    path: Path | None = None
    allowed: Allowed = field(default_factory=dict)
    written_by: str = ""

    @property
    def total(self) -> int:
        return sum(self.allowed.values())


def read_baseline(path: Path) -> Baseline:
    """The baseline of a file, an empty one where it does not exist. Raises SophiaError."""
    data = read_json(path, _MEND)
    if data is None:
        return Baseline()
    try:
        return Baseline(path, dict(_checked(data)), data["written_by"])
    except Newer as error:
        raise newer(path, error, VERSION) from None
    except ValueError as error:
        raise unreadable(path, str(error), _MEND) from None


def write_baseline(path: Path, allowed: Allowed) -> None:
    """Replace the file. Sorted, one rule of one file a line, so that merges are easy. Raises SophiaError."""
    files: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for (tool, rule, name, digest), count in sorted(allowed.items(), key=_in_file):
        if count > 0:
            files[name][f"{tool} {rule}"].append(digest if count == 1 else f"{digest}*{count}")
    findings = {
        name: {rule: " ".join(digests) for rule, digests in rules.items()}
        for name, rules in files.items()
    }
    data = {"version": VERSION, "written_by": __version__, "findings": findings}
    try:
        put(path, json.dumps(data, indent=1).encode() + b"\n")
    except OSError as error:
        words = f"{path} cannot be written: {error.strerror}"
        raise SophiaError(words, "free or unlock it, or name one with --baseline") from error


def _in_file(item: tuple[Fingerprint, int]) -> tuple[str, ...]:
    tool, rule, path, digest = item[0]
    return (path, tool, rule, digest)


def flat(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings as a baseline knows them."""
    return tuple(replace(one, text="") if one.rule == FORMAT else one for one in told(findings))


def against(findings: Iterable[Finding], old: Allowed, exists: Callable[[str], bool]) -> Compared:
    """Hold all findings of some files against a baseline.

    A file that is gone lends what it was allowed to a new one whose findings are those.
    """
    found = flat(findings)
    left = Counter(_moved(found, old, exists))
    new, stay = [], []
    for finding in found:
        if left[finding.fingerprint] > 0:
            left[finding.fingerprint] -= 1
            stay.append(finding)
        else:
            new.append(finding)
    return Compared(tuple(new), tuple(stay), sum(left.values()))


def counted(findings: Iterable[Finding]) -> Allowed:
    """What a baseline of these findings allows."""
    return Counter(finding.fingerprint for finding in flat(findings))


def _moved(found: Iterable[Finding], old: Allowed, exists: Callable[[str], bool]) -> Allowed:
    """The baseline with the names that files have now: a new one takes the place of one that is gone
    where at least half of what was found in it was allowed there."""
    paths = {path for _, _, path, _ in old}
    here: dict[str, Counter[tuple[str, str, str]]] = defaultdict(Counter)
    for finding in found:
        tool, rule, path, digest = finding.fingerprint
        if path not in paths:
            here[path][tool, rule, digest] += 1
    gone: dict[str, Counter[tuple[str, str, str]]] = defaultdict(Counter)
    for (tool, rule, path, digest), count in old.items():
        if here and not exists(path):
            gone[path][tool, rule, digest] += count
    pairs = sorted(
        (-common, before, after)
        for before, allowed in gone.items()
        for after, now in here.items()
        if (common := (allowed & now).total()) * 2 >= now.total()
    )
    names: dict[str, str] = {}
    for _, before, after in pairs:
        if before not in names and after not in names.values():
            names[before] = after
    return {
        (tool, rule, names.get(path, path), digest): count
        for (tool, rule, path, digest), count in old.items()
    }


def allowed_in(data: Any) -> Allowed:
    """What the parsed text of a baseline allows. Raises ValueError where it is none."""
    try:
        return dict(_checked(data))
    except Newer as error:
        raise ValueError(f"it is of version {error}") from None


def _checked(data: Any) -> Iterator[tuple[Fingerprint, int]]:
    """What a file allows. Raises ValueError with what is wrong, Newer for a file of a later version."""
    if not isinstance(data, dict) or "version" not in data:
        raise ValueError("it is no baseline")
    if not is_count(data["version"]):
        raise ValueError(f"its version is {data['version']!r}")
    if data["version"] > VERSION:
        raise Newer(data["version"])
    for key in (*data, *_KEYS):
        if key not in _KEYS:
            raise ValueError(f"it has a key {key!r} that nobody knows")
        if key not in data:
            raise ValueError(f"it has no {key}")
    if not isinstance(data["written_by"], str) or not isinstance(data["findings"], dict):
        raise ValueError("its findings are no object, or written_by is no string")
    for path, rules in data["findings"].items():
        yield from _rules(path, rules)


def _rules(path: str, rules: object) -> Iterator[tuple[Fingerprint, int]]:
    if not isinstance(rules, Mapping):
        raise ValueError(f"the findings of {path} are no object")
    for name, digests in rules.items():
        tool, _, rule = name.partition(" ")
        for word in digests.split() if isinstance(digests, str) else [""]:
            digest, times, count = word.partition("*")
            if not digest.isalnum() or (times and not count.isdigit()):
                raise ValueError(f"{path} has {digests!r} of {name}, which are no findings")
            yield (tool, rule, path, digest), int(count or 1)
