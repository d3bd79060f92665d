"""Files that go by the name of an old one or of a test, and that the running code imports all the same."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sophia_cli.migrate.category import categorize
from sophia_cli.migrate.modules import Modules, Parsed, stem_of, target_parts
from sophia_cli.migrate.readers import importers
from sophia_cli.migrate.site import Category

_ASIDE = (Category.ARCHIVED, Category.TEST)
_RUNS = (Category.SOURCE, Category.GENERATED)


Name = tuple[tuple[str, ...], bool]


def with_live(
    modules: Modules, categories: Mapping[str, Category], *, keep: bool = True
) -> Mapping[str, Category]:
    """The same categories, but source for what source imports, also by way of other such files.

    Unless told to `keep` them, no files that are parsed for it stay in memory.
    """
    imports = _Imports(modules, keep)
    live = [
        path
        for path, category in categories.items()
        if category in _ASIDE and path in modules.paths and _is_live(imports, path)
    ]
    return {**categories, **dict.fromkeys(live, Category.SOURCE)} if live else categories


@dataclass(eq=False)
class _Imports:
    """What files import; each is parsed once."""

    modules: Modules
    keep: bool
    known: dict[str, tuple[Name, ...]] = field(default_factory=dict)

    def of(self, path: str) -> tuple[Name, ...]:
        if path not in self.known:
            file = self.modules.get(path)
            self.known[path] = tuple(_named(file)) if file is not None else ()
            if file is not None and not self.keep:
                del self.modules.parsed[path]
                file.table.release()
        return self.known[path]


def _is_live(imports: _Imports, path: str) -> bool:
    modules = imports.modules
    seen, todo = {path}, [path]
    while todo:
        at = todo.pop()
        for other in importers(modules, stem_of(at)):
            if other in seen:
                continue
            category = categorize(other, modules.read(other) or b"")
            between = category in _ASIDE and bool(importers(modules, stem_of(other)))
            if (between or category in _RUNS) and _imports(imports, other, at):
                if not between:
                    return True
                seen.add(other)
                todo.append(other)
    return False


def _imports(imports: _Imports, importer: str, path: str) -> bool:
    """Whether a file imports a module, or something below the package that it is."""
    stem = stem_of(path)
    return any(
        parts[-1] == stem
        and imports.modules.find(parts, importer, anchored) == path
        and (anchored or _in_reach(parts, importer, path))
        for parts, anchored in imports.of(importer)
    )


def _named(file: Parsed) -> Iterator[Name]:
    """Every module that a file may import, and whether its name starts at the tree's root."""
    for node in file.table.imports:
        front: tuple[str, ...] = ()
        anchored = False
        if isinstance(node, ast.ImportFrom):
            front, anchored = target_parts(node, file.path)
        for alias in node.names:
            whole = (*front, *alias.name.split("."))
            yield from ((whole[:end], anchored) for end in range(1, len(whole) + 1))


def _in_reach(parts: tuple[str, ...], importer: str, path: str) -> bool:
    """Whether the folder that a name starts at is one that the importer is likely to look in.

    Tests and archives put their own on the path for themselves: `import client` means another.
    """
    own = path.removesuffix("/__init__.py").removesuffix(".py").split("/")
    outer = "/".join(own[: -len(parts)])
    if not outer or importer.startswith(f"{outer}/"):
        return True
    return categorize(f"{outer}/module.py", b"") is Category.SOURCE
