"""Which versions of an SDK's package a project requires: what its manifests and locks say of it."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sophia_cli.migrate.pack import Pack

_MANIFEST = re.compile(
    r"(?:.*requirements.*|constraints.*)\.(?:txt|in)|pyproject\.toml|setup\.(?:py|cfg)"
    r"|Pipfile(?:\.lock)?|(?:poetry|uv|pdm|pylock)\.(?:lock|toml)|environment\.ya?ml"
)
_FOLDERS = ("requirements", "constraints")
_NEEDS = re.compile(r"([A-Za-z][\w.-]*)\s*>=\s*(\d+(?:\.\d+)*)")
_CLAUSE = re.compile(r"(===|==|~=|!=|<=|>=|[<>^~=])?\s*v?(\d[\w.*+-]*)")
_RELEASE = re.compile(r"(\d+(?:\.\d+)*)(?:[-_.]?(a|b|c|rc|alpha|beta|pre|preview|dev)\d*)?")
_LOWER = frozenset({"<", "<=", "!="})

Version = tuple[int, ...]


@dataclass(frozen=True)
class Least:
    """A package, and the version of it from which on something is there."""

    package: str
    version: str

    def __str__(self) -> str:
        return f"{self.package}>={self.version}"


@dataclass(frozen=True)
class Requirement:
    """What a manifest says of a package: `path` from the tree's root, `spec` such as ">=1,<2"."""

    path: str
    package: str
    spec: str

    def allows_older(self, least: Least) -> bool:
        """Whether a version before that may be installed; not where no version is named: the newest is."""
        return any(_admits(part, least.version) for part in self.spec.split("||"))


@dataclass(frozen=True)
class Requirements:
    """What all manifests say that stand above files of a tree."""

    found: tuple[Requirement, ...] = ()

    def older(self, path: str, least: Least) -> str:
        """Words for the first requirement above a file that allows an older version; else ""."""
        for one in self.found:
            above = _folder(one.path)
            mine = above in ("", "..") or above.startswith("../") or path.startswith(f"{above}/")
            if mine and one.package == _plain(least.package) and one.allows_older(least):
                return f"{one.path} has {least.package}{one.spec}"
        return ""


def read_least(text: str) -> Least | None:
    """`package>=1.2`; None for anything else."""
    match = _NEEDS.fullmatch(text.strip())
    return Least(match[1], match[2]) if match else None


def read_requirements(root: Path, paths: Iterable[str], packages: Iterable[str]) -> Requirements:
    """What the manifests in the folders above the files say of the packages, up to the repository's top."""
    wanted = sorted({_plain(package) for package in packages})
    found: list[Requirement] = []
    for folder in _folders(root, paths) if wanted else ():
        for path in _manifests(root / folder):
            name = os.path.relpath(path, root).replace(os.sep, "/")
            text = _read(path)
            for package in wanted:
                specs = dict.fromkeys(_specs(path.name, text, package))
                found += [Requirement(name, package, spec) for spec in specs]
    return Requirements(tuple(found))


def _folders(root: Path, paths: Iterable[str]) -> list[str]:
    """The root, the folders above it in its repository, and those between it and the files."""
    found = {""}
    for path in paths:
        steps = path.split("/")[:-1]
        found |= {"/".join(steps[:count]) for count in range(1, len(steps) + 1)}
    full = root.resolve()
    tops = [full, *full.parents]
    top = next((index for index, folder in enumerate(tops) if (folder / ".git").exists()), 0)
    return [*sorted(found), *("/".join([".."] * count) for count in range(1, top + 1))]


def _manifests(folder: Path) -> Iterator[Path]:
    for place in (folder, *(folder / name for name in _FOLDERS)):
        try:
            names = sorted(path.name for path in place.iterdir())
        except OSError:
            continue
        for name in names:
            inside = place != folder and name.endswith((".txt", ".in"))
            if inside or _MANIFEST.fullmatch(name):
                yield place / name


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig", "replace")
    except OSError:
        return ""


def _folder(path: str) -> str:
    """The folder that a manifest speaks for."""
    folder = path.rpartition("/")[0]
    above, _, last = folder.rpartition("/")
    return above if last in _FOLDERS else folder


def _specs(name: str, text: str, package: str) -> Iterator[str]:
    """What a manifest says of a package, once for each time that it is named."""
    if package not in _plain(text):
        return
    try:
        if name.endswith(".toml") or name in ("Pipfile", "poetry.lock", "uv.lock", "pdm.lock"):
            yield from _in_table(tomllib.loads(text), package)
            return
        if name == "Pipfile.lock":
            yield from _in_table(json.loads(text), package)
            return
    except ValueError:
        pass
    yield from _in_text(text, package)


def _in_text(text: str, package: str) -> Iterator[str]:
    """A requirement on a line of its own, or in quotes."""
    name = r"[-_.]+".join(map(re.escape, package.split("-")))
    pattern = (
        rf"(?:^|[\"'])[ \t]*(?:-[ \t]+)?{name}(?![\w.-])[ \t]*(?:\[[^\]\n]*\])?([^\"'\n#;\\]*)"
    )
    for match in re.finditer(pattern, text, re.MULTILINE | re.IGNORECASE):
        yield match[1].partition(" --")[0].strip().strip("()")


def _in_table(value: Any, package: str) -> Iterator[str]:
    """A requirement as a text of a list, as a key with its version, or as an entry of a lock."""
    if isinstance(value, list):
        for item in value:
            yield from (
                _in_text(item, package) if isinstance(item, str) else _in_table(item, package)
            )
        return
    if not isinstance(value, dict):
        return
    named, version = value.get("name"), value.get("version")
    if isinstance(named, str) and _plain(named) == package and isinstance(version, str):
        yield f"=={version}"
    for key, item in value.items():
        if _plain(key) == package:
            for one in item if isinstance(item, list) else [item]:
                said = one.get("version", "") if isinstance(one, dict) else one
                if isinstance(said, str):
                    yield f"=={said}" if said[:1].isdigit() else said
        else:
            yield from _in_table(item, package)


def _admits(spec: str, least: str) -> bool:
    """Whether a list of clauses allows a version before `least`; one that is not understood does."""
    clauses = _CLAUSE.findall(spec)
    if not clauses:
        return bool(spec.strip(" *"))
    if all(operator == "!=" for operator, _ in clauses):
        return False
    lows = [version for operator, version in clauses if operator not in _LOWER]
    return not any(_reaches(version, least) for version in lows)


def _reaches(version: str, least: str) -> bool:
    match = _RELEASE.match(version)
    assert match is not None
    pairs = list(zip_longest(_numbers(match[1]), _numbers(least), fillvalue=0))
    ours, theirs = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return ours > theirs or (ours == theirs and match[2] is None)


def _numbers(text: str) -> Version:
    return tuple(int(part) for part in text.split("."))


def _plain(name: str) -> str:
    """A package's name as it is compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def needed(packs: Iterable[Pack]) -> frozenset[str]:
    """The packages of which a version is needed."""
    return frozenset(c.needs.package for pack in packs for c in pack.clients if c.needs)
