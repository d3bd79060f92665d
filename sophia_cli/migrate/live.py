"""Files that go by the name of an old one or of a test, and that the running code imports all the same."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from sophia_cli.migrate.category import categorize
from sophia_cli.migrate.modules import Modules, Parsed, stem_of, target_parts
from sophia_cli.migrate.readers import importers
from sophia_cli.migrate.site import Category

_ASIDE = (Category.ARCHIVED, Category.TEST)
_RUNS = (Category.SOURCE, Category.GENERATED)


def with_live(modules: Modules, categories: Mapping[str, Category]) -> Mapping[str, Category]:
    """The same categories, but source for what source imports, also by way of other such files."""
    live = [
        path
        for path, category in categories.items()
        if category in _ASIDE and path in modules.paths and _is_live(modules, path)
    ]
    return {**categories, **dict.fromkeys(live, Category.SOURCE)} if live else categories


def _is_live(modules: Modules, path: str) -> bool:
    seen, todo = {path}, [path]
    while todo:
        at = todo.pop()
        for other in importers(modules, stem_of(at)):
            if other in seen:
                continue
            category = categorize(other, modules.read(other) or b"")
            between = category in _ASIDE and bool(importers(modules, stem_of(other)))
            if (between or category in _RUNS) and _imports(modules, other, at):
                if not between:
                    return True
                seen.add(other)
                todo.append(other)
    return False


def _imports(modules: Modules, importer: str, path: str) -> bool:
    """Whether a file imports a module, or something below the package that it is."""
    file = modules.get(importer)
    if file is None:
        return False
    stem = stem_of(path)
    return any(
        parts[-1] == stem
        and modules.find(parts, importer, anchored) == path
        and (anchored or _in_reach(parts, importer, path))
        for parts, anchored in _named(file)
    )


def _named(file: Parsed) -> Iterator[tuple[tuple[str, ...], bool]]:
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
