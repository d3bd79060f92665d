"""The modules of a tree by the names that imports give them; parsed when they are asked for."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import PurePosixPath

from sophia_cli.migrate.binder import build
from sophia_cli.migrate.notebook import SUFFIX, parse_notebook
from sophia_cli.migrate.scope import Table
from sophia_cli.migrate.source import Source, Unreadable, parse

# Packages that never stand for a file deep in the tree: `providers/openai.py` is not `import openai`.
FOREIGN = frozenset({"openai", "anthropic", "sophia_cli"})
# The same, but for a file beside the importer: `import groq` in a script may well mean it.
_ALIKE = frozenset({"langchain", "litellm", "portkey_ai", "groq", "mistralai", "cohere", "google"})
_ALIKE |= {"ollama", "replicate", "huggingface_hub", "crewai", "llama_index"}
_ALIKE |= {"instructor", "dspy", "pydantic_ai", "azure"}
_ALIKE |= {"vertexai", "boto3", "snowflake", "requests", "httpx", "aiohttp", "urllib"}
_OUTER = ("", "src")


@dataclass(frozen=True, eq=False)
class Parsed:
    """A file with its scopes."""

    source: Source
    table: Table

    @property
    def path(self) -> str:
        return self.source.path


def load(path: str, data: bytes) -> Parsed:
    """Parse one file, or a notebook as if it were one. Raises Unreadable."""
    source = parse_notebook(path, data) if path.lower().endswith(SUFFIX) else parse(path, data)
    return Parsed(source, build(source.tree))


@dataclass(eq=False)
class Modules:
    """All Python files of a tree. `read` gives a file's bytes, or None where it cannot be read.

    `hits` are those that names are always followed into, `asked` those that anybody asked for. `notebooks` import the files, and are imported by nobody.
    """

    paths: frozenset[str]
    read: Callable[[str], bytes | None]
    parsed: dict[str, Parsed] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    by_name: dict[str, list[str]] = field(default_factory=dict)
    importing: dict[bytes, list[str]] = field(default_factory=dict)
    candidates: dict[tuple[str, ...], list[tuple[str, str]]] = field(default_factory=dict)
    notebooks: frozenset[str] = frozenset()
    hits: frozenset[str] = frozenset()
    asked: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for path in sorted(self.paths):
            self.by_name.setdefault(_parts(path)[-1] if _parts(path) else "", []).append(path)

    @cached_property
    def places(self) -> frozenset[str]:
        """All names on the ways to the files: an absolute import of one begins with some of them."""
        return frozenset(part.partition(".")[0] for path in self.paths for part in path.split("/"))

    def get(self, path: str) -> Parsed | None:
        """The parsed file; None when it cannot be read or does not parse (see `broken`)."""
        self.asked.add(path)
        if path in self.parsed:
            return self.parsed[path]
        if path in self.broken:
            return None
        data = self.read(path)
        if data is None:
            return None
        try:
            self.parsed[path] = load(path, data)
        except Unreadable as error:
            self.broken[path] = str(error)
        return self.parsed.get(path)

    def near(self, path: str) -> Parsed | None:
        """The parsed file where it is a hit, or was asked for before."""
        return self.get(path) if path in self.hits else self.parsed.get(path)

    def find(self, parts: tuple[str, ...], importer: str, anchored: bool) -> str | None:
        """The file of a module. `anchored` names start at the tree's root, others where Python may look."""
        if not parts:
            return None
        if anchored:
            stem = "/".join(parts)
            return next((p for p in (f"{stem}.py", f"{stem}/__init__.py") if p in self.paths), None)
        if parts not in self.candidates:
            self.candidates[parts] = self._candidates(parts)
        found = self.candidates[parts]
        if parts[0] in _ALIKE and found:
            beside = (*_OUTER, importer.rpartition("/")[0])
            found = [(path, outer) for path, outer in found if outer in beside and path != importer]
        return _nearest(found, importer)

    def _candidates(self, parts: tuple[str, ...]) -> list[tuple[str, str]]:
        """The files that `parts` can mean to an importer, each with the folder on the path."""
        found = [
            (path, outer)
            for path in self.by_name.get(parts[-1], ())
            if (outer := self._outer(path, parts)) is not None
        ]
        if parts[0] in FOREIGN:
            found = [(path, outer) for path, outer in found if outer in _OUTER]
        return found

    def _outer(self, path: str, parts: tuple[str, ...]) -> str | None:
        """The folder that must be on the path for `parts` to mean this file."""
        own = _parts(path)
        if own[-len(parts) :] != parts:
            return None
        outer = "/".join(own[: -len(parts)])
        return None if outer and f"{outer}/__init__.py" in self.paths else outer

    def folder(self, parts: tuple[str, ...], importer: str) -> bool:
        """Whether `parts` name a package of this tree, also one without `__init__`."""
        return any(_parts(path)[: len(parts)] == parts for path in self.paths)


@cache
def _parts(path: str) -> tuple[str, ...]:
    parts = PurePosixPath(path).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


def _nearest(found: list[tuple[str, str]], importer: str) -> str | None:
    """The one whose root is nearest to the importer; None where two are equally near."""

    def distance(outer: str) -> tuple[bool, int]:
        above = outer == "" or importer.startswith(outer + "/")
        return (not above, -len(outer) if above else len(outer))

    ranked = sorted(found, key=lambda item: (distance(item[1]), item[0]))
    if len(ranked) > 1 and distance(ranked[0][1]) == distance(ranked[1][1]):
        return None
    return ranked[0][0] if ranked else None


def target_parts(node: ast.ImportFrom, importer: str) -> tuple[tuple[str, ...], bool]:
    """What a `from X import` names: the parts of X, and whether they start at the tree's root."""
    own = tuple(node.module.split(".")) if node.module else ()
    if not node.level:
        return own, False
    folder = PurePosixPath(importer).parent.parts
    up = len(folder) - (node.level - 1)
    return (*folder[: max(up, 0)], *own), True


def stem_of(path: str) -> str:
    """The last name of a file's module."""
    return (_parts(path) or ("",))[-1]


def stems(mapping: Mapping[str, object]) -> frozenset[str]:
    """The last names of the modules in `mapping`, for a search by text."""
    return frozenset(stem_of(path) for path in mapping)
