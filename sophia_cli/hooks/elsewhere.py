"""The other files of a project that hold a tool to a version: manifests, lock files, CI."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PYPI, NPM = "pypi", "npm"
EXACT, RANGE, LOCKED = "exact", "range", "locked"
_SIZE = 20_000_000  # bytes; what is larger is no manifest
_CI = (".github/workflows/*.yml", ".github/workflows/*.yaml", ".gitlab-ci.yml", "azure-pipelines.yml",
       ".circleci/config.yml", "tox.ini", "noxfile.py")  # fmt: skip
_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")
_NPM_LOCKS = ("package-lock.json", "npm-shrinkwrap.json")
_REMEDY = {
    "uv.lock": "uv lock --upgrade-package {name}",
    "poetry.lock": "poetry update {name}",
    "pdm.lock": "pdm update {name}",
    "pylock.toml": "make {path} anew",
    "package-lock.json": "npm install --package-lock-only",
    "npm-shrinkwrap.json": "npm install --package-lock-only",
}


@dataclass(frozen=True)
class Place:
    """A file that names a package: `version` is what it says of it, at `text[start:end]` of the file.

    `how` is `exact`, `range` or `locked`. Where it is exact it can be moved; `mend` brings a lock up.
    """

    path: str
    line: int
    kind: str
    name: str
    version: str
    how: str
    start: int = 0
    end: int = 0
    mend: str = ""

    @property
    def where(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


def places(root: Path, packages: Iterable[tuple[str, str]]) -> list[Place]:
    """Where the project names these packages besides its hooks, by file. Files that cannot be read say nothing."""
    python = {plain(name) for kind, name in packages if kind == PYPI}
    node = {name for kind, name in packages if kind == NPM}
    found: list[Place] = []
    if python:
        found += _quoted(root, "pyproject.toml", python)
        for path in sorted({*root.glob("requirements*.txt"), *root.glob("requirements/*.txt")}):
            found += _lines(root, path, python)
        for name in _LOCKS:
            found += _toml_lock(root, name, python)
        found += _ci(root, python, PYPI, _PYPI_WORD)
    if node:
        found += _package_json(root, node)
        for name in _NPM_LOCKS:
            found += _npm_lock(root, name, node)
        found += _ci(root, node, NPM, _NPM_WORD)
    return found


def plain(name: str) -> str:
    """A Python package's name as every index spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


_REQUIREMENT = (
    r"(?P<name>[A-Za-z0-9][\w.-]*)(?:\s*\[[^\]\n]*\])?\s*"
    r"(?:(?P<exact>===?)\s*(?P<version>[\w.!+]+(?<![.*]))(?!\.\*)|(?P<range>[<>~!][=]?[^\s\"';#]+))"
)
_IN_QUOTES = re.compile(
    rf"""(?P<quote>["']){_REQUIREMENT}(?P<rest>(?:(?!(?P=quote)).)*)(?P=quote)"""
)
_OF_LINE = re.compile(rf"^[ \t]*{_REQUIREMENT}", re.MULTILINE)
_PYPI_WORD = re.compile(
    r"(?<![\w./@-])(?P<name>[A-Za-z0-9][\w.-]*)(?:\[[^\]\s]*\])?(?:==|@)(?P<version>\d[\w.!+]*)"
)
_NPM_WORD = re.compile(
    r"(?<![\w./-])(?P<name>(?:@[\w.-]+/)?[\w.-]+)@(?P<version>\d+\.\d+\.\d+[\w.+-]*)"
)


def _quoted(root: Path, path: str, names: set[str]) -> Iterator[Place]:
    """Requirements in quotes, where TOML has them: what another word changes nothing at is a comment."""
    text = _text(root / path)
    data = _toml(text)
    if data is None:
        return
    for found in _IN_QUOTES.finditer(text):
        start, end = found.span("name")
        if plain(found["name"]) in names and _toml(f"{text[:start]}other{text[end:]}") != data:
            yield from _requirement(path, text, found, names)


def _lines(root: Path, path: Path, names: set[str]) -> Iterator[Place]:
    text = _text(path)
    shown = path.relative_to(root).as_posix()
    for found in _OF_LINE.finditer(text):
        yield from _requirement(shown, text, found, names)


def _requirement(path: str, text: str, found: re.Match[str], names: set[str]) -> Iterator[Place]:
    name = plain(found["name"])
    if name not in names:
        return
    line = _line(text, found.start("name"))
    if found["exact"]:
        yield Place(path, line, PYPI, name, found["version"], EXACT, *found.span("version"))
    else:
        words = found["range"]
        if "rest" in found.groupdict():
            words = (words + found["rest"]).partition(";")[0].strip()
        yield Place(path, line, PYPI, name, words, RANGE)


def _toml_lock(root: Path, path: str, names: set[str]) -> Iterator[Place]:
    data = _toml(_text(root / path)) or {}
    listed = data.get("package", data.get("packages", []))
    for one in listed if isinstance(listed, list) else ():
        name = plain(str(one.get("name", ""))) if isinstance(one, dict) else ""
        if name in names and one.get("version"):
            mend = _REMEDY[path].format(name=name, path=path)
            yield Place(path, 0, PYPI, name, str(one["version"]), LOCKED, mend=mend)


def _package_json(root: Path, names: set[str]) -> Iterator[Place]:
    text = _text(root / "package.json")
    data = _json(text)
    for table in ("dependencies", "devDependencies", "optionalDependencies"):
        listed = data.get(table)
        for name, words in listed.items() if isinstance(listed, dict) else ():
            found = re.search(rf'"{re.escape(name)}"\s*:\s*"(?P<version>[^"]*)"', text)
            if name in names and isinstance(words, str) and found and found["version"] == words:
                exact = re.fullmatch(r"\d+\.\d+\.\d+[\w.+-]*", words)
                how = EXACT if exact else RANGE
                line = _line(text, found.start())
                yield Place("package.json", line, NPM, name, words, how, *found.span("version"))


def _npm_lock(root: Path, path: str, names: set[str]) -> Iterator[Place]:
    packages = _json(_text(root / path)).get("packages")
    for where, one in packages.items() if isinstance(packages, dict) else ():
        name = where.removeprefix("node_modules/")
        if where != name and name in names and isinstance(one, dict) and one.get("version"):
            yield Place(path, 0, NPM, name, str(one["version"]), LOCKED, mend=_REMEDY[path])


def _ci(root: Path, names: set[str], kind: str, word: re.Pattern[str]) -> Iterator[Place]:
    spelled: Callable[[str], str] = plain if kind == PYPI else str
    for pattern in _CI:
        for file in sorted(root.glob(pattern)):
            text = _text(file)
            path = file.relative_to(root).as_posix()
            for found in word.finditer(text):
                name = spelled(found["name"])
                if name in names and not _is_comment(text, found.start()):
                    line = _line(text, found.start())
                    span = found.span("version")
                    yield Place(path, line, kind, name, found["version"], EXACT, *span)


def _is_comment(text: str, at: int) -> bool:
    return text[text.rfind("\n", 0, at) + 1 : at].lstrip().startswith("#")


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _text(path: Path) -> str:
    """What a file holds; nothing where there is none, or no text."""
    try:
        if path.stat().st_size > _SIZE:
            return ""
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _toml(text: str) -> Mapping[str, Any] | None:
    try:
        return tomllib.loads(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError:
        return None


def _json(text: str) -> Mapping[str, Any]:
    try:
        data = json.loads(text.removeprefix("\ufeff"))
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
